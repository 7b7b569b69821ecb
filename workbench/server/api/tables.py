"""Answers that are tables or pictures: signals, detections, redactions, frames."""

from __future__ import annotations

import io
from typing import Any, Final

import numpy as np

from recorder_core.errors import NotInCatalog
from recorder_core.media.frame_picture import encode_frame
from workbench.server.api.addresses import Answering, Asked, Content

__all__ = ["answer_frames", "answer_picture", "table_answer"]

PARQUET: Final = "application/vnd.apache.parquet"
INT64: Final = "application/octet-stream"
_PICTURES: Final = {"jpeg": "image/jpeg", "png": "image/png"}


def table_answer(role: str) -> Answering:
    """Return what answers with the table of a role: the file as it is, or JSON by columns."""

    def answer(asked: Asked) -> Any:
        event = asked.event()
        if asked["format"] == "parquet":
            with event.open_file(role) as file:
                return Content(file.readall(), PARQUET)
        return _by_columns(getattr(event, role)())

    return answer


def answer_frames(asked: Asked) -> Any:
    """Return when each frame of a video is shown."""
    event, role, form = asked.event(), asked["role"], asked["format"]
    if form == "parquet":
        stored = io.BytesIO()
        event.frames(role).to_parquet(stored)
        return Content(stored.getvalue(), PARQUET)
    index = event.pts_index(role)
    base = index.time_base
    if form == "int64":
        headers = {"Time-Base": f"{base.numerator}/{base.denominator}"}
        return Content(index.pts.astype("<i8").tobytes(), INT64, headers)
    return {"time_base": base, "pts": index.pts.tolist()}


def answer_picture(asked: Asked) -> Content:
    """Return one frame of a video as a picture."""
    opened = asked.open_files.video(asked.signed_in, asked["event"], asked["role"])
    frame, form = asked["frame"], asked["format"]
    with opened.lock:
        if frame >= len(opened.content):
            raise NotInCatalog(
                f"the {asked['role']} of event {opened.event.event_id} has frames 0 to "
                f"{len(opened.content) - 1}"
            )
        shown_rgb = opened.content.frame(frame).to_rgb()
    picture = encode_frame(shown_rgb, form, width_px=asked["width_px"])
    return Content(picture, _PICTURES[form])


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
