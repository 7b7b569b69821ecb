"""Which jobs there are, who may ask for them, and how each kind is treated.

Queue, worker and supervisor read the policy of a kind here, and know no kind by its name.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from recorder_core.catalog import NEW_COPY_STATES, OPEN_COPY_STATES, Action, EventState, SameKind
from recorder_core.errors import SettingsError, WrongState
from recorder_core.jobs.archive.queue.setting_schemas import CODE, NAME, NAMES
from recorder_core.model.values.schema import Schema, check_value

__all__ = [
    "JOB_KINDS",
    "CommandKind",
    "JobKind",
    "JobSetting",
    "Lane",
    "find_kind",
    "lane_of",
]

#: jobs wait for those of their own lane alone; recordings for nobody
Lane = Literal["work", "recording"]

#: people at the server go first
_WORK_NICENESS: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class JobSetting:
    """One setting of a kind of job.

    Attributes
    ----------
    name : str
        In the body of a request and, with hyphens, on the command line; one name has one schema
        whatever the kind.
    schema : mapping
        JSON Schema of its value; what `description` says is shown to people.
    is_private : bool
        Whether the job's process alone is told, by the pipe with its key, and the catalog never,
        as of a patient's name or the address of a source.
    is_local : bool
        Whether it names files, devices or addresses of this machine: no request from elsewhere may
        bring it, and the kind is started over HTTP by what fills it in alone.
    is_required : bool
        Whether a job cannot do without it.
    """

    name: str
    schema: Schema
    is_private: bool = False
    is_local: bool = False
    is_required: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandKind:
    """One command that a kind of job takes while it runs, such as a marker.

    Attributes
    ----------
    action : Action
        What the profile is asked for of who gives it.
    arguments : mapping
        JSON Schema of an object; unless given, one without fields.
    """

    action: Action
    arguments: Schema = field(default_factory=lambda: {"type": "object", "properties": {}})

    def check(self, name: str, arguments: Mapping[str, Any]) -> None:
        """Raise SettingsError unless the arguments of the command are as its schema says."""
        check_value(name, dict(arguments), self.arguments)


@dataclass(frozen=True, slots=True, kw_only=True)
class JobKind:
    """One kind of job.

    Attributes
    ----------
    name : str
        In the catalog, in commands and in addresses.
    summary : str
        What it does, for people.
    action : Action
        What the profile is asked for, when the job is asked for and when it runs.
    states : tuple of EventState, or None
        In which an event may be; None: it is about the whole archive.
    settings : tuple of JobSetting
        What it may be told, when it is asked for.
    lane : {"work", "recording"}
        Jobs wait for those of their own lane alone, and all recordings run at once.
    niceness : int
        By how much its process makes way for others, from 0.
    stop : {"cancel", "finish"}
        What it does when it is asked to stop: it ends at its next step and leaves nothing, or it
        finishes what it has begun and is done.
    ends_with_person : bool
        Whether it ends when the person who started it is disabled, or may do less.
    begins_event : bool
        Whether it begins an event, which its row names from then on.
    commands : mapping of CommandKind
        What any process of the archive may send to it while it runs, by name.
    is_watched : bool
        Whether it can be watched while it runs: it shows its state, and previews.
    resumes : bool
        Whether a second start goes on after what the first had finished.
    may_queue_beside : {"none", "running", "all"}
        Which of the same kind and event another one may wait beside: running, where it does what
        was entered meanwhile.
    one_per : str
        Name of a setting that is no secret: one job at a time waits or runs with a value of it.
    makes_copy : bool
        Whether it makes a copy, in place of an earlier one if there is one.
    failures : mapping of str
        Class of an error -> what happened and what to do, for people, where that is of this kind
        alone. ``{again}`` stands for how the same is started once more.
    left : str
        Says in a sentence what one leaves that did not get to its end; ``{event}``: its event.
    """

    name: str
    summary: str
    action: Action
    states: tuple[EventState, ...] | None = None
    settings: tuple[JobSetting, ...] = ()
    lane: Lane = "work"
    niceness: int = _WORK_NICENESS
    stop: Literal["cancel", "finish"] = "cancel"
    ends_with_person: bool = True
    begins_event: bool = False
    commands: Mapping[str, CommandKind] = field(default_factory=dict)
    is_watched: bool = False
    resumes: bool = False
    may_queue_beside: SameKind = "none"
    one_per: str = ""
    makes_copy: bool = False
    failures: Mapping[str, str] = field(default_factory=dict)
    left: str = ""

    @property
    def can_start_again(self) -> bool:
        """Whether the catalog knows all that a second start needs."""
        return not any(each.is_private for each in self.settings)

    @property
    def tells_file(self) -> bool:
        """Whether its row says which file of this machine it is about."""
        return any(each.is_local and not each.is_private for each in self.settings)

    def check_state(self, event_id: str, state: EventState) -> None:
        """Raise WrongState if an event is not in a state in which this can be done."""
        states = self.states or ()
        if state not in states:
            raise WrongState(
                f"event {event_id} is {state}; {self.name} needs one that is {', '.join(states)}"
            )

    def split_settings(self, given: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
        """Return settings as the catalog stores them, and those that it must not have.

        Raises
        ------
        SettingsError
            If one is unknown, missing, or not as its schema says.
        """
        known = {each.name: each for each in self.settings}
        if unknown := sorted(given.keys() - known.keys()):
            names = ", ".join(known) or "none"
            raise SettingsError(f"{self.name} has no setting {', '.join(unknown)}; it has {names}")
        needed = [each.name for each in self.settings if each.is_required]
        if missing := [name for name in needed if name not in given]:
            raise SettingsError(f"{self.name} needs the setting {', '.join(missing)}: give it")
        for name, value in given.items():
            check_value(name, value, known[name].schema)
        private = {name: value for name, value in given.items() if known[name].is_private}
        stored = {name: given[name] for name in sorted(given.keys() - private.keys())}
        return json.dumps(stored), private


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
                "minimum": 0,
                "maximum": _WEEK_SECONDS,
                "description": "how long is recorded; unless given, until it is stopped",
            },
        ),
    ),
    lane="recording",
    niceness=0,
    stop="finish",
    ends_with_person=False,
    begins_event=True,
    commands={
        "mark": CommandKind(
            action=Action.MARK, arguments=_arguments(("kind",), kind=CODE, note=NAME)
        ),
        "screenshot": CommandKind(action=Action.TAKE_SCREENSHOT, arguments=_arguments(note=NAME)),
        "pause": CommandKind(action=Action.RECORD),
        "resume": CommandKind(action=Action.RECORD),
        "describe": CommandKind(action=Action.WRITE_IDENTITY, arguments=NAMES),
    },
    is_watched=True,
    may_queue_beside="all",
    one_per="room_name",
    failures={
        "SettingsError": (
            "the room or another setting is not as it must be: try it with 'workbench record', "
            "which says what is wrong, then {again}"
        ),
        "ArchiveError": (
            "there is no room on the disks of the archive, or they cannot be written: make room, "
            "then {again}"
        ),
        "EncodeError": "the video cannot be encoded here: choose libx264 in the room's file",
    },
    left="what is there is saved with 'workbench event finalise {event}'",
)
_IMPORT: Final = JobKind(
    name="import",
    summary="take a video file of this machine into the archive",
    action=Action.IMPORT_EVENT,
    settings=(
        JobSetting(
            name="video",
            schema={"type": "string", "pattern": "^/[^\\0]{1,4095}$"},
            is_private=True,
            is_local=True,
            is_required=True,
        ),
        JobSetting(
            name="video_code",
            schema=CODE | {"description": "which file it is, and which state of it, without names"},
            is_local=True,
        ),
        _NAMES,
        _PROCEDURE,
        JobSetting(
            name="salvage",
            schema={"type": "boolean", "description": "keep a damaged or cut-off video, too"},
        ),
    ),
    begins_event=True,
    may_queue_beside="all",
    one_per="video_code",
    failures={
        "DecodeError": (
            "the file is no video, is damaged, or was still being written: {again} when it is "
            "whole, or keep what is there of it (salvage)"
        ),
        "WrongState": "the file was changed after it was chosen: {again}",
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
            settings=_ALLOWED,
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
