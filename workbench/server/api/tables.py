"""Answers that are tables or pictures: signals, detections, redactions, frames."""

from __future__ import annotations

import io
from typing import Any, Final

import numpy as np

from recorder_core.errors import NotInCatalog
from recorder_core.jobs.archive import read_screenshot
from recorder_core.jobs.archive.words import Action, FileRole
from recorder_core.media import Video
from recorder_core.media.frames.picture import PictureKind, encode_frame
from recorder_core.tables import TableContent, read_redactions
from workbench.server.api.endpoints import Answering, ApiRequest, Content, Endpoint, Field
from workbench.server.api.open_files import Opened
from workbench.widgets.player import pack_table

__all__ = ["TABLE_ENDPOINTS"]

_JSON: Final = "application/json"
_PARQUET: Final = "application/vnd.apache.parquet"
_NUMBERS: Final = "application/octet-stream"
_TABLE_FORMAT: Final = Field("format", {"type": "string", "enum": ["json", "parquet"]}, "json")
_FRAMES_FORMAT: Final = Field(
    "format", {"type": "string", "enum": ["json", "parquet", "int64", "float64"]}, "json"
)
_WIDTH: Final = {"type": "integer", "minimum": 16, "maximum": 8192}
_PICTURES: Final = {"jpeg": "image/jpeg", "png": "image/png"}


def _answer_table(role: FileRole) -> Answering:
    """Return what answers with the table of a role: the file as it is, or JSON by columns."""

    def answer(request: ApiRequest) -> Any:
        event = request.event()
        if request["format"] == "parquet":
            with event.open_file(role) as file:
                return Content(file.readall(), _PARQUET)
        return _by_columns(getattr(event, role)())

    return answer


def _answer_frames(request: ApiRequest) -> Any:
    """Return when each frame of a video is shown."""
    event, role, form = request.event(), request["role"], request["format"]
    if form == "parquet":
        stored = io.BytesIO()
        event.frames(role).to_parquet(stored)
        return Content(stored.getvalue(), _PARQUET)
    index = event.pts_index(role)
    base = index.time_base
    if form == "int64":
        headers = {"Time-Base": f"{base.numerator}/{base.denominator}"}
        return Content(index.pts.astype("<i8").tobytes(), _NUMBERS, headers)
    if form == "float64":
        seconds = (index.pts - index.pts[:1]) * float(base)
        return Content(seconds.astype("<f8").tobytes(), _NUMBERS)
    return {"time_base": base, "pts": index.pts.tolist()}


def _answer_boxes(request: ApiRequest) -> Any:
    """Return what the program redacted in a copy, as the player takes it; a browser keeps it."""
    event, first = request.event(), request["first_frame"]
    etag = f'"{event.file("redactions").sha256}/{first}"'
    headers = {"Etag": etag, "Cache-Control": "private, no-cache"}
    with event.open_file("redactions") as file:
        if request.known_etag == etag:
            return Content(b"", _NUMBERS, headers)
        table = read_redactions(TableContent("redactions", file.readall()))
    return Content(pack_table(table, automatic=True, first_frame=first), _NUMBERS, headers)


def _answer_picture(request: ApiRequest) -> Content:
    """Return one frame of a video as a picture; of a copy, a browser keeps it and asks again."""
    opened = request.open_files.video(request.signed_in, request["event"], request["role"])
    return _picture(request, opened, request["frame"], request["format"])


def _answer_thumbnail(request: ApiRequest) -> Content:
    """Return the frame in the middle of a copy: the first ones often show nothing yet."""
    opened = request.open_files.video(request.signed_in, request["event"], "deidentified")
    return _picture(request, opened, len(opened.content) // 2, "jpeg")


def _answer_screenshot(request: ApiRequest) -> Content:
    """Return a screenshot as it was stored."""
    picture = read_screenshot(request.archive, request["event"], request["screenshot"])
    return Content(picture, _PICTURES["jpeg"])


def _picture(request: ApiRequest, opened: Opened[Video], frame: int, form: PictureKind) -> Content:
    etag = f'"{opened.version}/{frame}/{request["width_px"] or ""}{form}"'
    kept = {"Etag": etag, "Cache-Control": "private, no-cache"}
    headers = kept if opened.role == "deidentified" else {}
    if headers and request.known_etag == etag:
        return Content(b"", _PICTURES[form], headers)
    with opened.lock:
        if frame >= len(opened.content):
            raise NotInCatalog(
                f"the {opened.role} of event {opened.event.event_id} has frames 0 to "
                f"{len(opened.content) - 1}"
            )
        shown_rgb = opened.content.frame(frame).to_rgb()
    picture = encode_frame(shown_rgb, form, width_px=request["width_px"])
    return Content(picture, _PICTURES[form], headers)


def _by_columns(table: Any) -> Any:
    """Return a table as JSON: name of a column -> values; what is no number is null."""
    columns = {}
    for name in table.columns:
        values = table[name]
        kept = values.astype(object).where(values.notna(), None).tolist()
        columns[str(name)] = [
            each.item() if isinstance(each, np.generic) else each for each in kept
        ]
    return {"rows": len(table), "columns": columns}


def _table(role: FileRole, action: Action, summary: str) -> Endpoint:
    return Endpoint(
        "GET",
        f"/events/{{event}}/{role}",
        action,
        summary,
        _answer_table(role),
        query=(_TABLE_FORMAT,),
        types=(_JSON, _PARQUET),
    )


TABLE_ENDPOINTS: Final = (
    Endpoint(
        "GET",
        "/events/{event}/frames/{role}",
        Action.READ_DETECTIONS,
        "When each frame of a video is shown",
        _answer_frames,
        query=(_FRAMES_FORMAT,),
        types=(_JSON, _PARQUET, _NUMBERS),
    ),
    Endpoint(
        "GET",
        "/events/{event}/boxes",
        Action.READ_DETECTIONS,
        "What was redacted, before corrections, as rows of eight float32",
        _answer_boxes,
        query=(Field("first_frame", {"type": "integer", "minimum": 0}, 0),),
        types=(_NUMBERS,),
    ),
    Endpoint(
        "GET",
        "/events/{event}/pictures/{role}/{frame}",
        None,
        "One exact frame of a video as a picture",
        _answer_picture,
        query=(
            Field("format", {"type": "string", "enum": ["jpeg", "png"]}, "jpeg"),
            Field("width_px", _WIDTH),
        ),
        types=("image/jpeg", "image/png"),
        threads="frames",
    ),
    Endpoint(
        "GET",
        "/events/{event}/thumbnail",
        Action.VIEW_RELEASED,
        "The frame in the middle of the copy, as JPEG",
        _answer_thumbnail,
        query=(Field("width_px", _WIDTH),),
        types=("image/jpeg",),
        threads="frames",
    ),
    Endpoint(
        "GET",
        "/events/{event}/screenshots/{screenshot}",
        Action.VIEW_ORIGINAL,
        "A screenshot of the original, as JPEG",
        _answer_screenshot,
        types=("image/jpeg",),
    ),
    _table("signals", Action.READ_SIGNALS, "Signals"),
    _table("detections", Action.READ_DETECTIONS, "What the detector saw"),
    _table("redactions", Action.READ_DETECTIONS, "What was redacted"),
)
