"""From the data of an event to a PDF file in memory."""

from __future__ import annotations

import io
from typing import Any

from recorder_core.report.content import EventReport, ReportSettings, deidentified
from recorder_core.report.fonts import REGULAR
from recorder_core.report.pictures import PreparedPicture, prepare_picture
from recorder_core.report.quantities import time_zone_of, wall_time_text
from recorder_core.report.sections import make_story
from recorder_core.report.sheet import ACCENT, MUTED, Sheet

__all__ = ["render_report"]

_MARGIN_PT = 51.0
_TOP_PT = 62.0
_BOTTOM_PT = 54.0
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
    left_out = len(report.screenshots) - len(shown.screenshots)
    pictures = [
        prepare_picture(shot.picture, number) for number, shot in enumerate(shown.screenshots, 1)
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
    from reportlab.lib.pagesizes import A4, LETTER
    from reportlab.platypus import SimpleDocTemplate

    stored = io.BytesIO()
    page_size = A4 if settings.page_size == "a4" else LETTER
    sheet = Sheet(settings, width_pt=page_size[0] - 2 * _MARGIN_PT)
    document = SimpleDocTemplate(
        stored,
        pagesize=page_size,
        leftMargin=_MARGIN_PT - 6,
        rightMargin=_MARGIN_PT - 6,
        topMargin=_TOP_PT - 6,
        bottomMargin=_BOTTOM_PT - 6,
        title=f"{sheet.word('title')} {report.event_id}",
        author="",
        subject="",
        creator="surgery-workbench",
        lang=_LANGUAGE_TAGS[settings.language],
        # no time and no random id in the file: the same event gives the same bytes
        invariant=1,
    )

    def draw_frame(canvas: Any, _: Any) -> None:
        _draw_page_frame(canvas, report, sheet, page_size, page_total)

    story = make_story(report, pictures, left_out, sheet)
    document.build(story, onFirstPage=draw_frame, onLaterPages=draw_frame)
    return stored.getvalue(), document.page


def _draw_page_frame(
    canvas: Any, report: EventReport, sheet: Sheet, page_size: tuple[float, float], total: int
) -> None:
    """Draw what every page has: event and warning above, time and number below."""
    from reportlab.lib.colors import HexColor

    width, height = page_size
    right = width - _MARGIN_PT
    canvas.saveState()
    canvas.setFont(REGULAR, 7.5)
    canvas.setFillColor(HexColor(MUTED))
    top = height - _TOP_PT + 22
    is_deidentified = sheet.settings.is_deidentified
    canvas.drawString(_MARGIN_PT, top, sheet.word("event") + " " + report.event_id)
    warning = sheet.word("not_anonymous" if is_deidentified else "confidential")
    canvas.drawRightString(right, top, warning)
    bottom = _BOTTOM_PT - 22
    if report.generated_utc is not None:
        moment = wall_time_text(report.generated_utc, time_zone_of(report.time_zone))
        canvas.drawString(_MARGIN_PT, bottom, sheet.word("generated", time=moment))
    number = sheet.word("page", page=canvas.getPageNumber(), total=total)
    canvas.drawRightString(right, bottom, number)
    canvas.setStrokeColor(HexColor(ACCENT))
    canvas.setLineWidth(0.8)
    canvas.line(_MARGIN_PT, top - 5, right, top - 5)
    canvas.setLineWidth(0.3)
    canvas.line(_MARGIN_PT, bottom + 10, right, bottom + 10)
    canvas.restoreState()
