"""The endpoints of the inbox: videos and signals of a folder of the server, and to import them.

A name of a file may name a person: it travels in bodies, and is stored sealed with the event.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from recorder_core.errors import NotInCatalog, WrongState
from recorder_core.jobs.archive import JOB_KINDS, Inbox, InboxFile, list_inbox, parse_started
from recorder_core.jobs.archive.words import Action, Job
from recorder_core.model import parse_view
from recorder_core.model.values.phrase import phrase
from workbench.server.api.endpoints import ApiRequest, Endpoint, Field
from workbench.server.api.jobs import job_content

__all__ = ["INBOX_ENDPOINTS"]

_IMPORT: Final = JOB_KINDS["import"]
#: of the job's settings those that the chosen file does not say
_ASKED: Final = (
    "names",
    "procedure_code",
    "site_code",
    "started",
    "video_stream",
    "view",
    "salvage",
)
#: what no frame exceeds: whether a view lies in that of the video, its import sees
_MAX_FRAME_PX: Final = 1 << 16
_FILE: Final = {"type": "string", "minLength": 1, "maxLength": 4096}
_VERSION: Final = {"type": "string", "pattern": "^[0-9a-f]{64}$"}
_SIGNALS: Final = {
    "type": "object",
    "properties": {"file": _FILE, "version": _VERSION},
    "required": ["file", "version"],
    "description": "a table of signals of the inbox, and its version",
}


def _inbox(folder: Path | None) -> Inbox:
    return Inbox() if folder is None else list_inbox(folder)


def _version(file: InboxFile) -> str:
    """Return which file it is, and which state of it, without what its disk says of it."""
    return hashlib.sha256(file.code.encode()).hexdigest()


def _newest_jobs(imports: Sequence[Job]) -> Mapping[str, Job]:
    """Return the newest import of each file, by the code of the file."""
    return {json.loads(each.settings).get(_IMPORT.one_per, ""): each for each in imports}


def _file_content(file: InboxFile) -> dict[str, Any]:
    return {
        "name": file.name,
        "version": _version(file),
        "size_bytes": file.size_bytes,
        "modified_utc": file.modified_utc,
        "fault": file.fault,
        "fault_name": file.fault_name,
    }


def _answer_inbox(request: ApiRequest) -> Any:
    imports = [each for each in request.archive.jobs() if each.kind == _IMPORT.name]
    jobs, inbox = _newest_jobs(imports), _inbox(request.inbox)
    files = [
        _file_content(each)
        | {"job": job_content(request.archive, jobs[each.code]) if each.code in jobs else None}
        for each in inbox.files
    ]
    return {
        "is_set_up": request.inbox is not None,
        "files": files,
        "signals": [_file_content(each) for each in inbox.signals],
        "left_off": inbox.left_off,
        "open_imports": sum(each.state in ("queued", "running") for each in imports),
        "most_imports": _IMPORT.most_open,
        "opens_to_nobody": request.archive.seal_warning() is not None,
    }


def _answer_import(request: ApiRequest) -> Any:
    inbox, signals = _inbox(request.inbox), request["signals"]
    chosen = {"video": _choose(inbox.files, request["file"], request["version"])}
    if signals is not None:
        chosen["signals"] = _choose(inbox.signals, signals["file"], signals["version"])
    files = {name: str(file.path) for name, file in chosen.items()}
    codes = {f"{name}_code": file.code for name, file in chosen.items()}
    job = request.archive.start_job(_IMPORT.name, settings=files | codes | _asked(request))
    return {"job": job_content(request.archive, job)}


def _choose(files: Sequence[InboxFile], name: str, version: str) -> InboxFile:
    """Return one of the files that are there: no path is made of what was sent."""
    chosen = next((each for each in files if each.name == name), None)
    if chosen is None:
        raise NotInCatalog(
            phrase("inbox_gone", "this file is not in the inbox any more: look at the list again")
        )
    if _version(chosen) != version:
        raise WrongState(
            phrase(
                "inbox_changed",
                "this file was changed since it was listed: look at the list again",
            )
        )
    if chosen.fault:
        raise WrongState(f"the file {chosen.fault}")
    return chosen


def _asked(request: ApiRequest) -> dict[str, Any]:
    """Return the settings that were sent; SettingsError for a view or a time that is none."""
    asked = {each: request[each] for each in _ASKED if request[each] is not None}
    if "view" in asked:
        parse_view(asked["view"], _MAX_FRAME_PX, _MAX_FRAME_PX)
    if "started" in asked:
        # this machine's zone is not the person's
        asked["started"] = parse_started(asked["started"]).isoformat()
    return asked


INBOX_ENDPOINTS: Final = (
    Endpoint(
        "GET",
        "/inbox",
        Action.IMPORT_EVENT,
        "Videos and signals of the server's inbox, the newest first, and each video's import",
        _answer_inbox,
    ),
    Endpoint(
        "POST",
        "/inbox/import",
        Action.IMPORT_EVENT,
        "Import a video of the inbox; the file stays where it is",
        _answer_import,
        body=(
            Field("file", _FILE, is_required=True),
            Field("version", _VERSION, is_required=True),
            Field("signals", _SIGNALS),
            *(Field(each.name, each.schema) for each in _IMPORT.settings if each.name in _ASKED),
        ),
    ),
)
