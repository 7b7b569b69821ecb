"""Which jobs there are, who may ask for them, and how each kind is treated.

Queue, worker and supervisor read the policy of a kind here, and know no kind by its name.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from recorder_core.catalog import NEW_COPY_STATES, OPEN_COPY_STATES, Action, EventState
from recorder_core.errors import SettingsError
from recorder_core.jobs.archive.queue.job_kind import CommandKind, JobKind, JobSetting, Lane
from recorder_core.jobs.archive.queue.recording_state import RECORDING_STATE
from recorder_core.jobs.archive.queue.setting_schemas import (
    CODE,
    LOCAL_FILE,
    NAME,
    NAMES,
    SITE_CODE,
)
from recorder_core.model.values.schema import Schema

__all__ = ["JOB_KINDS", "find_kind", "lane_of"]

_ALLOWED: Final = (
    JobSetting(
        name="allow_no_faces",
        schema={
            "type": "boolean",
            "description": "finish a copy in which nothing was redacted though something resembles "
            "a face, or that shows faces outside the view",
        },
    ),
    JobSetting(
        name="allow_seen_faces",
        schema={
            "type": "boolean",
            "description": "finish a copy in which a second look still sees faces",
        },
    ),
)
_COPY_STAYS: Final = "an earlier copy is as it was"
_COPY_FAILURES: Final[Mapping[str, str]] = {
    "FacesInDoubt": (
        "faces may be left in the copy: look at the moments, correct, and {again}, or allow "
        "what it found (allow_no_faces, allow_seen_faces)"
    ),
    # of who may not read what was found
    "RecorderError": "it ended without a copy: who may review the event sees why",
}
_NAMES: Final = JobSetting(name="names", schema=NAMES, is_private=True)
_PROCEDURE: Final = JobSetting(
    name="procedure_code", schema=CODE | {"description": "code of what is done"}
)


_SALVAGE: Final = JobSetting(
    name="salvage",
    schema={"type": "boolean", "description": "take a damaged or cut-off video, too"},
)

_VIEW: Final = JobSetting(
    name="view",
    schema={**NAME, "description": "where the room lies: X,Y,WIDTH,HEIGHT or a layout's name"},
)
_STARTED: Final = JobSetting(
    name="started",
    schema={
        **NAME,
        "description": "when the video began, such as 2026-05-04T09:30Z; unless given, what the "
        "file's own tag says, else when the file was last written, less its length",
    },
)
_SITE: Final = JobSetting(
    name="site_code",
    schema={**SITE_CODE, "description": "code of the site; unless given, the archive's own"},
)
_VIDEO_STREAM: Final = JobSetting(
    name="video_stream",
    schema={
        "type": "integer",
        "minimum": 0,
        "description": "number of the stream in the file; unless given, the video that players "
        "show",
    },
)


def _local_file(name: str, *, is_required: bool = False) -> tuple[JobSetting, JobSetting]:
    """Return the settings that name a file of this machine, and pin the state that was chosen."""
    return (
        JobSetting(
            name=name, schema=LOCAL_FILE, is_private=True, is_local=True, is_required=is_required
        ),
        JobSetting(
            name=f"{name}_code",
            schema=CODE | {"description": "which file it is, and which state of it, without names"},
            is_local=True,
        ),
    )


#: a recording that is to be longer is a slip
_WEEK_SECONDS: Final = 7 * 24 * 3600


def _arguments(required: tuple[str, ...] = (), **properties: Schema) -> Schema:
    return {"type": "object", "properties": properties, "required": list(required)}


_RECORD: Final = JobKind(
    name="record",
    summary="record a room into a new event",
    action=Action.RECORD,
    settings=(
        JobSetting(
            name="room",
            schema={"type": "object", "description": "the room, as its TOML file says it"},
            is_private=True,
            is_local=True,
            is_required=True,
        ),
        JobSetting(
            name="room_name",
            schema=CODE | {"description": "how the room is called; one records it at a time"},
        ),
        _NAMES,
        _PROCEDURE,
        JobSetting(
            name="duration_seconds",
            schema={
                "type": "number",
                "minimum": 0.01,
                "maximum": _WEEK_SECONDS,
                "description": "how long is recorded; unless given, until it is stopped",
            },
        ),
        JobSetting(
            name="ready",
            schema={
                "type": "boolean",
                "description": "hold the last seconds, as the room says, until the command start",
            },
        ),
        JobSetting(
            name="preview",
            schema={
                "type": "boolean",
                "description": "show the room until the command start, and hold nothing of it",
            },
        ),
    ),
    lane="recording",
    niceness=0,
    stop="finish",
    ends_with_person=False,
    begins_event=True,
    commands={
        "start": CommandKind(
            action=Action.RECORD,
            arguments=_arguments(procedure_code=CODE, names=NAMES),
        ),
        "mark": CommandKind(
            action=Action.MARK, arguments=_arguments(("kind",), kind=CODE, note=NAME)
        ),
        "screenshot": CommandKind(action=Action.TAKE_SCREENSHOT, arguments=_arguments(note=NAME)),
        "pause": CommandKind(action=Action.RECORD, is_immediate=True),
        "resume": CommandKind(action=Action.RECORD),
        "describe": CommandKind(action=Action.WRITE_IDENTITY, arguments=NAMES),
    },
    state=RECORDING_STATE,
    may_queue_beside="all",
    one_per="room_name",
    failures={
        "SettingsError": (
            "the room or another setting is not as it must be: try it with 'workbench record', "
            "which says what is wrong, then {again}"
        ),
        "ArchiveError": (
            "there is no space on the disks of the archive, or they cannot be written: free up "
            "space, then {again}"
        ),
        "EncodeError": "the video cannot be encoded here: choose libx264 in the room's file",
        "RoomInUse": (
            "another recorder, such as one in a terminal, has the room or one of its devices: "
            "end that one, then {again}"
        ),
    },
    left="what is there is saved with 'workbench event finalise {event}'",
)
_IMPORT: Final = JobKind(
    name="import",
    summary="take a video file of this machine into the archive",
    action=Action.IMPORT_EVENT,
    settings=(
        *_local_file("video", is_required=True),
        *_local_file("signals"),
        _NAMES,
        _PROCEDURE,
        _SITE,
        _STARTED,
        _VIDEO_STREAM,
        _VIEW,
        _SALVAGE,
    ),
    lane="import",
    begins_event=True,
    may_queue_beside="all",
    one_per="video_code",
    failures={
        "DecodeError": (
            "the file is no video, is damaged, or was still being written: {again} when it is "
            "whole, or keep what is there of it (salvage)"
        ),
        "WrongState": "the file was changed after it was chosen: {again}",
        "SettingsError": (
            "the room view does not lie inside the frame of this video, the stream is no video "
            "that can be kept, or the time at which it began is none: {again} with the right ones"
        ),
        "DataError": (
            "the signals file is not as it must be, with the columns signal, unit, seconds and "
            "value: {again} with another, or without it"
        ),
    },
    left="nothing of it is in the archive",
)
#: name -> the kind of job; in the order in which people read them
JOB_KINDS: Final[Mapping[str, JobKind]] = {
    each.name: each
    for each in (
        _RECORD,
        _IMPORT,
        JobKind(
            name="deidentify",
            summary="make a de-identified copy of the original",
            action=Action.DEIDENTIFY,
            states=NEW_COPY_STATES,
            settings=(*_ALLOWED, _SALVAGE),
            resumes=True,
            makes_copy=True,
            failures=_COPY_FAILURES,
            left=_COPY_STAYS,
        ),
        JobKind(
            name="rerender",
            summary="render the copy again where corrections touch it",
            action=Action.DEIDENTIFY,
            states=OPEN_COPY_STATES,
            settings=_ALLOWED,
            may_queue_beside="running",
            makes_copy=True,
            failures={
                **_COPY_FAILURES,
                "SettingsError": (
                    "this program would not render the copy as it was made: make a new one with "
                    "deidentify"
                ),
            },
            left=_COPY_STAYS,
        ),
        JobKind(
            name="rank",
            summary="rank the suspicious moments of the copy, for a review",
            action=Action.REVIEW,
            states=OPEN_COPY_STATES,
        ),
        JobKind(
            name="report",
            summary="make the report with names and keep it",
            action=Action.REPORT_FULL,
            states=tuple(
                each
                for each in EventState
                if each not in (EventState.RECORDING, EventState.DELETED)
            ),
        ),
        JobKind(
            name="verify",
            summary="read every copy of every file and compare it with the catalog",
            action=Action.REPAIR_MIRROR,
        ),
        JobKind(
            name="repair",
            summary="read every copy of every file, and repair what is damaged from the good one",
            action=Action.REPAIR_MIRROR,
        ),
    )
}


def find_kind(name: str) -> JobKind:
    """Return a kind of job by its name; SettingsError if there is none."""
    try:
        return JOB_KINDS[name]
    except KeyError:
        raise SettingsError(
            f"there is no kind of job {name!r}; there are {', '.join(JOB_KINDS)}"
        ) from None


def lane_of(kind: str) -> Lane:
    """Return the lane of a kind of job; one of a newer program is work."""
    known = JOB_KINDS.get(kind)
    return "work" if known is None else known.lane
