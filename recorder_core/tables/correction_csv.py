"""Corrections as a text table that a spreadsheet program opens."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from recorder_core.errors import DataError
from recorder_core.model import CorrectionKeyframe
from recorder_core.tables.correction_table import action_of

__all__ = ["corrections_csv", "read_corrections_csv"]

_NUMBERS: Final = ("frame", "x0", "y0", "x1", "y1", "track")
_TEXTS: Final = ("author", "created_utc", "note")
#: the names and order of the columns of the Parquet table
_COLUMNS: Final = ("correction", "action", *_NUMBERS, *_TEXTS)
#: those without which a row means nothing
_NEEDED: Final = ("correction", "action", "frame", "x0", "y0", "x1", "y1")


def corrections_csv(corrections: Sequence[CorrectionKeyframe]) -> str:
    """Return the keyframes of corrections as CSV, a heading first."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(_COLUMNS)
    for row in corrections:
        place = (row.frame_index, *row.box_xyxy_px, row.track)
        said = (row.author, row.created_utc, row.note)
        writer.writerow([row.correction_id, row.action, *place, *said])
    return text.getvalue()


def read_corrections_csv(path: Path) -> list[CorrectionKeyframe]:
    """Read the keyframes of corrections from CSV, with commas, semicolons or tabs.

    Parameters
    ----------
    path : Path
        A heading, then a row for each keyframe; ``track`` and the columns after it may
        be left out.

    Raises
    ------
    DataError
        If it cannot be read, a column is missing, or a row is wrong: the message names
        the line.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as exc:
        raise DataError(f"{path.name} cannot be read: {exc.strerror}") from exc
    except UnicodeDecodeError as exc:
        raise DataError(f"{path.name} cannot be read as UTF-8 text; save it as CSV UTF-8") from exc
    heading = text.partition("\n")[0]
    delimiter = max(",;\t", key=heading.count)
    reader = csv.DictReader(io.StringIO(text), delimiter=delimiter)
    missing = [name for name in _NEEDED if name not in (reader.fieldnames or ())]
    if missing:
        raise DataError(f"{path.name} has no column {', '.join(missing)}; see its first line")
    try:
        rows = [(reader.line_num, row) for row in reader]
    except csv.Error as exc:
        raise DataError(f"{path.name}, line {reader.line_num} is not CSV: {exc}") from exc
    keyframes: list[CorrectionKeyframe] = []
    before: dict[str, int] = {}
    for line, row in rows:
        place = f"{path.name}, line {line}"
        keyframe = _keyframe(row, place)
        last = before.get(keyframe.correction_id, -1)
        if keyframe.frame_index <= last:
            raise DataError(
                f"{place}: correction {keyframe.correction_id} has frame {keyframe.frame_index} "
                f"after frame {last}; sort the lines by the columns correction and frame, and "
                "name each frame of a correction once"
            )
        before[keyframe.correction_id] = keyframe.frame_index
        keyframes.append(keyframe)
    return keyframes


def _keyframe(row: dict[str | None, Any], place: str) -> CorrectionKeyframe:
    if None in row:
        raise DataError(
            f"{place} has more cells than the first line; write decimals with a point, or separate "
            "the columns by semicolons"
        )
    try:
        x0, y0, x1, y1 = (float(row[edge] or "") for edge in ("x0", "y0", "x1", "y1"))
        frame, track = _whole(row["frame"]), _whole(row.get("track") or -1)
    except ValueError as exc:
        raise DataError(
            f"{place} has a cell that is not a number, or not a whole one in frame or track"
        ) from exc
    try:
        action = action_of((row["action"] or "").strip().lower())
    except DataError as exc:
        raise DataError(f"{place}: {exc}") from exc
    if frame < 0:
        raise DataError(f"{place}: there is no frame {frame}; frames are counted from 0")
    author, created, note = (row.get(name) or "" for name in _TEXTS)
    key = row["correction"] or ""
    if not key.strip():
        raise DataError(f"{place}: the column correction is empty; give each correction a number")
    return CorrectionKeyframe(key, action, frame, (x0, y0, x1, y1), track, author, created, note)


def _whole(cell: object) -> int:
    """Return a whole number; a spreadsheet may write one as 10.0."""
    value = float(str(cell or ""))
    if not value.is_integer():
        raise ValueError
    return int(value)
