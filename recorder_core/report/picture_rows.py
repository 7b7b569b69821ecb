"""The screenshots, in rows of three with their times."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

from recorder_core.report.content import EventReport, ReportScreenshot
from recorder_core.report.pictures import PreparedPicture
from recorder_core.report.quantities import clock_text
from recorder_core.report.sheet import Sheet

__all__ = ["screenshot_section"]

PICTURES_PER_ROW = 3
_PICTURE_GAP_PT = 8.0
#: a longer caption is shown whole below the pictures
_CAPTION_CHARACTERS = 300


def screenshot_section(
    report: EventReport, pictures: Sequence[PreparedPicture], left_out: int, sheet: Sheet
) -> list[Any]:
    """Return the section of the screenshots.

    Parameters
    ----------
    report : EventReport
        Whose screenshots are shown.
    pictures : sequence of PreparedPicture
        One per screenshot.
    left_out : int
        Screenshots that may not be shown; they are counted.
    sheet : Sheet
        The look.
    """
    notes = []
    if left_out:
        text = sheet.word("pictures_left_out", count=left_out)
        notes = [sheet.paragraph(text, "note")]
    if not pictures:
        return sheet.section("screenshots", sheet.paragraph(sheet.word("none"), "muted"), *notes)
    cells = [
        _cell(number, shot, picture, sheet)
        for number, (shot, picture) in enumerate(zip(report.screenshots, pictures, strict=True), 1)
    ]
    rows = [
        _row(cells[first : first + PICTURES_PER_ROW], sheet)
        for first in range(0, len(cells), PICTURES_PER_ROW)
    ]
    captions = [
        paragraph
        for number, shot in enumerate(report.screenshots, 1)
        if shot.caption and _is_long(shot.caption)
        for paragraph in sheet.paragraphs(f"{number} \u00b7 {shot.caption}", "caption")
    ]
    return [*sheet.section("screenshots", rows[0]), *rows[1:], *captions, *notes]


def _cell(number: int, shot: ReportScreenshot, picture: PreparedPicture, sheet: Sheet) -> list[Any]:
    from reportlab.platypus import Image

    width = _width_pt(sheet)
    # every cell has the shape of a 16:9 picture, so that rows stay level
    shrink = min(1.0, width * 9 / 16 / (width * picture.height_px / picture.width_px))
    image = Image(
        io.BytesIO(picture.jpeg),
        width=width * shrink,
        height=width * shrink * picture.height_px / picture.width_px,
    )
    image.hAlign = "LEFT"
    parts = [str(number), clock_text(shot.at_seconds)]
    if shot.frame_index is not None:
        parts.append(sheet.word("frame", number=shot.frame_index))
    if shot.caption:
        parts.append(_beginning(shot.caption) if _is_long(shot.caption) else shot.caption)
    return [image, sheet.paragraph(" \u00b7 ".join(parts), "caption")]


def _is_long(caption: str) -> bool:
    """Return whether a caption is shown whole below the pictures: a row goes over no page."""
    return len(caption) > _CAPTION_CHARACTERS or "\n" in caption


def _beginning(caption: str) -> str:
    return " ".join(caption[:_CAPTION_CHARACTERS].split()) + "\u2026"


def _row(cells: Sequence[list[Any]], sheet: Sheet) -> Any:
    from reportlab.platypus import Table, TableStyle

    width = _width_pt(sheet) + _PICTURE_GAP_PT
    padded = [*cells, *([""] * (PICTURES_PER_ROW - len(cells)))]
    commands = [
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ("LEFTPADDING", (0, 0), (-1, -1), 0),
        ("RIGHTPADDING", (0, 0), (-2, -1), _PICTURE_GAP_PT),
        ("RIGHTPADDING", (-1, 0), (-1, -1), 0),
        ("TOPPADDING", (0, 0), (-1, -1), 0),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 8),
    ]
    widths = [width] * (PICTURES_PER_ROW - 1) + [width - _PICTURE_GAP_PT]
    return Table([padded], colWidths=widths, style=TableStyle(commands), hAlign="LEFT")


def _width_pt(sheet: Sheet) -> float:
    return (sheet.width_pt - _PICTURE_GAP_PT * (PICTURES_PER_ROW - 1)) / PICTURES_PER_ROW
