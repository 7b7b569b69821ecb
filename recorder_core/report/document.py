"""From the data of an event to a PDF file in memory."""

from __future__ import annotations

import io
from dataclasses import replace
from typing import Any

from recorder_core.report.content import (
    EventReport,
    ReportSettings,
    deidentified,
)
from recorder_core.report.fonts import REGULAR
from recorder_core.report.pictures import PreparedPicture, prepare_picture
from recorder_core.report.sections import make_story
from recorder_core.report.sheet import ACCENT, MUTED, Sheet

__all__ = ["render_report"]

_MARGIN_PT = 51.0
_TOP_PT = 62.0
_BOTTOM_PT = 54.0
_HEADER_PT = 7.5
_HEADER_LEADING_PT = 11.0
_NAME_LETTERS = 120
_RECORD_LETTERS = 24
_CUT = "\u2026"
_LANGUAGE_TAGS = {"en": "en", "pt": "pt-BR", "es": "es"}


def render_report(report: EventReport, settings: ReportSettings | None = None) -> bytes:
    """Return the report of an event as a PDF file.

    Nothing touches the disk: the full report holds names and belongs into an encrypted
    file.

    Parameters
    ----------
    report : EventReport
        What to say; missing fields are shown as not recorded.
    settings : ReportSettings, optional
        Language, page size, and whether to leave out the names.

    Returns
    -------
    bytes
        A PDF 1.4 file.

    Raises
    ------
    ReportError
        If a picture, a font or the time zone cannot be used.
    """
    settings = settings or ReportSettings()
    shown = deidentified(report) if settings.is_deidentified else report
    visible = tuple(shot for shot in shown.screenshots if shot.picture is not None)
    left_out = len(report.screenshots) - len(visible)
    shown = replace(shown, screenshots=visible)
    pictures = [
        prepare_picture(shot.picture, number)
        for number, shot in enumerate(visible, 1)
        if shot.picture is not None
    ]
    _, total = _build(shown, pictures, left_out, settings, page_total=1)
    pdf, _ = _build(shown, pictures, left_out, settings, page_total=total)
    return pdf


def _build(
    report: EventReport,
    pictures: list[PreparedPicture],
    left_out: int,
    settings: ReportSettings,
    *,
    page_total: int,
) -> tuple[bytes, int]:
    """Lay the report out once; the first time only to learn how many pages it has."""
    from reportlab import rl_config
    from reportlab.lib.pagesizes import A4, LETTER

    # pictures as they are, not as text, which takes a quarter more space and most of the time
    rl_config.useA85 = 0
    stored = io.BytesIO()
    page_size = A4 if settings.page_size == "a4" else LETTER
    sheet = Sheet(settings, width_pt=page_size[0] - 2 * _MARGIN_PT)
    title = f"{sheet.word('title')} {report.event_id}"
    document = _make_document(stored, page_size, title, settings)
    story = make_story(report, pictures, left_out, sheet)
    header = _make_header(report, sheet)
    event = f"{sheet.word('event')} {report.event_id}"

    def draw_frame(canvas: Any, _: Any) -> None:
        generated = sheet.moment(report.generated_utc)
        _draw_page_frame(
            canvas,
            header,
            sheet,
            event=event,
            page_size=page_size,
            generated=generated,
            total=page_total,
        )

    document.build(story, onFirstPage=draw_frame, onLaterPages=draw_frame)
    return stored.getvalue(), document.page


def _make_document(
    stored: io.BytesIO, page_size: tuple[float, float], title: str, settings: ReportSettings
) -> Any:
    from reportlab.platypus import SimpleDocTemplate

    return SimpleDocTemplate(
        stored,
        pagesize=page_size,
        leftMargin=_MARGIN_PT - 6,
        rightMargin=_MARGIN_PT - 6,
        topMargin=_TOP_PT - 6,
        bottomMargin=_BOTTOM_PT - 6,
        title=title,
        author="",
        subject="",
        creator="surgery-workbench",
        lang=_LANGUAGE_TAGS[settings.language],
        # no time and no random id in the file: the same event gives the same bytes
        invariant=1,
    )


def _make_header(report: EventReport, sheet: Sheet) -> Any | None:
    """Return whose record every page belongs to, on one line; None for the report without names."""
    identity = report.identity
    if sheet.settings.is_deidentified or identity is None:
        return None
    # it begins with a word of the language, so that a name from the right leaves its order alone
    record = _cut(identity.medical_record or sheet.word("not_recorded"), _RECORD_LETTERS)
    known = f"{sheet.word('medical_record')} {record}"
    for letters in range(_NAME_LETTERS, 0, -1):
        name = _cut(identity.patient_name or "", letters)
        header = sheet.paragraph(" \u00b7 ".join(filter(None, (known, name))), "header")
        _, height = header.wrap(sheet.width_pt, 0)
        if height < 2 * header.style.fontSize:
            break
    return header


def _cut(text: str, letters: int) -> str:
    line = " ".join(text.split())
    return line if len(line) <= letters else line[:letters].rstrip() + _CUT


def _draw_page_frame(
    canvas: Any,
    header: Any | None,
    sheet: Sheet,
    *,
    event: str,
    page_size: tuple[float, float],
    generated: str | None,
    total: int,
) -> None:
    """Draw what every page has: whose it is and a warning above, time and number below."""
    from reportlab.lib.colors import HexColor

    width, height = page_size
    right = width - _MARGIN_PT
    canvas.saveState()
    top = height - _TOP_PT + 22
    if header is not None:
        header.drawOn(canvas, _MARGIN_PT, top - header.height + header.style.fontSize)
    canvas.setFont(REGULAR, _HEADER_PT)
    canvas.setFillColor(HexColor(MUTED))
    first = top if header is None else top + _HEADER_LEADING_PT
    canvas.drawString(_MARGIN_PT, first, event)
    warning = "not_anonymous" if sheet.settings.is_deidentified else "confidential"
    canvas.drawRightString(right, first, sheet.word(warning))
    bottom = _BOTTOM_PT - 22
    if generated is not None:
        canvas.drawString(_MARGIN_PT, bottom, sheet.word("generated", time=generated))
    number = sheet.word("page", page=canvas.getPageNumber(), total=total)
    canvas.drawRightString(right, bottom, number)
    canvas.setStrokeColor(HexColor(ACCENT))
    canvas.setLineWidth(0.8)
    canvas.line(_MARGIN_PT, top - 5, right, top - 5)
    canvas.setLineWidth(0.3)
    canvas.line(_MARGIN_PT, bottom + 10, right, bottom + 10)
    canvas.restoreState()
