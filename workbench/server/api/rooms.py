"""The endpoints of the rooms in which operators record: list them, and record one.

A room is a file that the administrator wrote. What it says of devices and addresses stays at the
server: a browser is told names, codes and where the layout shows what.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from recorder_core.errors import NotInCatalog, SettingsError
from recorder_core.jobs.archive import JOB_KINDS, Archive
from recorder_core.jobs.archive.words import Action, EventState, Job
from recorder_core.jobs.record import read_room, read_room_values
from workbench.server.api.endpoints import PATH_SCHEMAS, ApiRequest, Endpoint, Field
from workbench.server.api.jobs import job_content

__all__ = ["ROOM_ENDPOINTS"]

_RECORD: Final = JOB_KINDS["record"]
_NAME: Final = re.compile(PATH_SCHEMAS["room"]["pattern"])
#: of the job's settings those that a room does not say
_ASKED: Final = ("names", "procedure_code", "duration_seconds", "ready", "preview")


def _files(folder: Path | None) -> dict[str, Path]:
    """Return the files of the rooms by their names."""
    if folder is None:
        return {}
    try:
        found = sorted(folder.glob("*.toml"))
    except OSError as error:
        raise SettingsError("the folder of the rooms cannot be read") from error
    return {each.stem: each for each in found if _NAME.fullmatch(each.stem)}


def _described(name: str, path: Path) -> dict[str, Any]:
    try:
        room = read_room(path)
    except SettingsError as error:
        return {"name": name, "fault": str(error)}
    layout = room.layout
    return {
        "name": name,
        "fault": None,
        "procedure_code": room.procedure_code,
        "marker_kinds": list(room.marker_kinds),
        "pre_record_seconds": room.pre_record_seconds,
        "has_audio": room.audio is not None or room.audio_of is not None,
        "layout": {
            "width": layout.width,
            "height": layout.height,
            "views": [
                {"name": each.name, "source": each.source, "place": _place(each.rectangle)}
                for each in layout.views
            ],
            "panels": [
                {"name": each.name, "place": _place(each.rectangle)} for each in layout.panels
            ],
        },
    }


def _place(rectangle: Any) -> list[int]:
    return [rectangle.x, rectangle.y, rectangle.width, rectangle.height]


def _room_name(job: Job) -> str | None:
    """Return which room a recording is of; None where it was not started from here."""
    settings: Mapping[str, Any] = json.loads(job.settings)
    return settings.get("room_name")


def _recordings(archive: Archive) -> list[Job]:
    """Return the recordings that go on; one that is only sealed again is none of them."""
    found = [*archive.jobs(state="queued"), *archive.jobs(state="running")]
    return [each for each in found if each.kind == _RECORD.name and _goes_on(archive, each)]


def _goes_on(archive: Archive, job: Job) -> bool:
    if job.event_id is None:
        return True
    return archive.event(job.event_id).row.state is EventState.RECORDING


def _answer_rooms(request: ApiRequest) -> Any:
    archive = request.archive
    rooms = [_described(name, path) for name, path in _files(request.rooms).items()]
    recordings = [
        {"room": _room_name(each), "job": job_content(archive, each)}
        for each in _recordings(archive)
    ]
    return {"rooms": rooms, "recordings": recordings}


def _answer_record(request: ApiRequest) -> Any:
    name = request["room"]
    path = _files(request.rooms).get(name)
    if path is None:
        raise NotInCatalog(f"there is no room {name}: an administrator adds the file {name}.toml")
    read_room(path)  # says at once what is wrong in it
    values = read_room_values(path)
    asked = {each: request[each] for each in _ASKED if request[each] is not None}
    job = request.archive.start_job(
        _RECORD.name, settings={"room": values, "room_name": name} | asked
    )
    return {"job": job_content(request.archive, job)}


ROOM_ENDPOINTS: Final = (
    Endpoint(
        "GET",
        "/rooms",
        Action.RECORD,
        "Rooms in which operators record, and the recordings that go on",
        _answer_rooms,
    ),
    Endpoint(
        "POST",
        "/rooms/{room}/record",
        Action.RECORD,
        "Start to record a room, as its file says",
        _answer_record,
        body=tuple(
            Field(each.name, each.schema) for each in _RECORD.settings if each.name in _ASKED
        ),
    ),
)
