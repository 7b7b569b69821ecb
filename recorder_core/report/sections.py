"""The sections of the report, each a function from data to things on the page."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

from recorder_core.report.chart import draw_trend
from recorder_core.report.content import (
    DeidentificationSummary,
    EventReport,
    Gap,
    ReportMarker,
    SignalSummary,
)
from recorder_core.report.pictures import PreparedPicture
from recorder_core.report.quantities import (
    clock_text,
    count_text,
    duration_text,
    number_text,
    size_text,
    time_zone_of,
    wall_time_text,
)
from recorder_core.report.sheet import Column, Sheet

__all__ = ["make_story"]

PICTURES_PER_ROW = 3
_PICTURE_GAP_PT = 8.0
#: a longer list may go over to the next page
MAX_ROWS_KEPT = 12
#: gaps that are listed one by one; the table has their sum
MAX_LISTED_GAPS = 12


def make_story(
    report: EventReport, pictures: Sequence[PreparedPicture], left_out: int, sheet: Sheet
) -> list[Any]:
    """Return everything on the pages, in order.

    Parameters
    ----------
    report : EventReport
        Already without names if the report is to be.
    pictures : sequence of PreparedPicture
        One per screenshot of the report.
    left_out : int
        Screenshots that the de-identified report may not show.
    sheet : Sheet
        The look.
    """
    story = [
        *_title(report, sheet),
        *_identification(report, sheet),
        *_recording(report, sheet),
        *_devices(report, sheet),
        *_trend(report, sheet),
        *_markers(report.markers, sheet),
        *_frames(report, sheet),
        *_signals(report, sheet),
        *_deidentification(report, sheet),
        *_files(report, sheet),
        *_screenshots(report, pictures, left_out, sheet),
    ]
    return [*story, *_font_notes(sheet)]


def _title(report: EventReport, sheet: Sheet) -> list[Any]:
    key = "title_deidentified" if sheet.settings.is_deidentified else "title"
    procedure = report.procedure_name or report.procedure_code
    return [sheet.paragraph(sheet.word(key), "title"), sheet.paragraph(procedure, "subtitle")]


def _identification(report: EventReport, sheet: Sheet) -> list[Any]:
    procedure = report.procedure_code
    if report.procedure_name:
        procedure = f"{report.procedure_name} ({report.procedure_code})"
    facts: list[tuple[str, str | None]] = [("event", report.event_id)]
    if not sheet.settings.is_deidentified:
        identity = report.identity
        facts += [
            ("patient", identity.patient_name if identity else None),
            ("medical_record", identity.medical_record if identity else None),
            ("physicians", "\n".join(identity.physician_names) if identity else None),
            ("place", identity.place if identity else None),
        ]
    facts.append(("procedure", procedure))
    if report.identity and report.identity.notes:
        facts.append(("notes", report.identity.notes))
    return sheet.section("identification", sheet.fact_table(facts), is_short=False)


def _recording(report: EventReport, sheet: Sheet) -> list[Any]:
    zone = time_zone_of(report.time_zone)
    duration = report.duration_seconds
    facts: list[tuple[str, str | None]] = []
    if sheet.settings.is_deidentified:
        facts.append(("year", str(report.year) if report.year else None))
    else:
        started, stopped = report.started_utc, report.stopped_utc
        facts += [
            ("start", wall_time_text(started, zone) if started else None),
            ("finish", wall_time_text(stopped, zone) if stopped else None),
        ]
    facts += [
        ("duration", None if duration is None else duration_text(duration)),
        ("completeness", sheet.word("complete" if report.is_complete else "incomplete")),
    ]
    return sheet.section("recording", sheet.fact_table(facts))


def _devices(report: EventReport, sheet: Sheet) -> list[Any]:
    columns = [Column("device", 0.3), Column("model", 0.4), Column("serial_number", 0.3)]
    rows = [(sheet.code(d.kind), d.model, d.serial_number) for d in report.devices]
    if sheet.settings.is_deidentified:
        columns = [Column("device", 0.4), Column("model", 0.6)]
        return _listing("devices", columns, [row[:2] for row in rows], sheet)
    return _listing("devices", columns, rows, sheet)


def _trend(report: EventReport, sheet: Sheet) -> list[Any]:
    if report.trend is None:
        return []
    trend = report.trend
    last = float(trend.times_seconds[-1]) if len(trend.times_seconds) else 0.0
    drawing = draw_trend(
        trend,
        report.markers,
        stop_seconds=report.duration_seconds or last,
        axis_label=sheet.word("time_axis"),
        width_pt=sheet.width_pt,
    )
    drawn: list[Any] = [drawing]
    if trend.target is not None:
        low, high = (f"{value:g}" for value in trend.target)
        drawn.append(sheet.paragraph(sheet.word("trend_note", low=low, high=high), "note"))
    return sheet.section("trend", *drawn)


def _markers(markers: Sequence[ReportMarker], sheet: Sheet) -> list[Any]:
    is_labelled = any(marker.label for marker in markers)
    columns = [Column("marker", 0.12), Column("time", 0.26), Column("kind", 0.24)]
    columns.append(Column("label", 0.38) if is_labelled else Column("duration", 0.38))
    rows = []
    for number, marker in enumerate(markers, 1):
        stop = marker.stop_seconds
        span = clock_text(marker.start_seconds)
        length = None if stop is None else duration_text(stop - marker.start_seconds)
        if stop is not None:
            span += f" \u2013 {clock_text(stop)}"
        last = marker.label if is_labelled else length
        rows.append((str(number), span, sheet.code(marker.kind), last))
    return _listing("markers", columns, rows, sheet)


def _frames(report: EventReport, sheet: Sheet) -> list[Any]:
    columns = [
        Column("source", 0.4),
        Column("recorded", 0.2, is_number=True),
        Column("dropped", 0.2, is_number=True),
        Column("repeated", 0.2, is_number=True),
    ]
    rows = [
        (
            sheet.code(row.source),
            count_text(row.recorded),
            count_text(row.dropped),
            count_text(row.repeated),
        )
        for row in report.frames
    ]
    return _listing("frames", columns, rows, sheet)


def _signals(report: EventReport, sheet: Sheet) -> list[Any]:
    columns = [
        Column("signal", 0.28),
        Column("unit", 0.14),
        Column("samples", 0.16, is_number=True),
        Column("gaps", 0.1, is_number=True),
        Column("missing_time", 0.16, is_number=True),
        Column("longest_gap", 0.16, is_number=True),
    ]
    rows = [_signal_row(signal) for signal in report.signals]
    listing = _listing("signals", columns, rows, sheet)
    for signal in report.signals:
        if signal.gaps:
            spans = _gap_spans(signal.gaps, sheet)
            text = sheet.word("gap_list", name=signal.name, spans=spans)
            listing.append(sheet.paragraph(text, "note"))
    return listing


def _signal_row(signal: SignalSummary) -> tuple[str, ...]:
    lengths = [gap.stop_seconds - gap.start_seconds for gap in signal.gaps]
    return (
        signal.name,
        signal.unit,
        count_text(signal.sample_count),
        count_text(len(lengths)),
        duration_text(sum(lengths)),
        duration_text(max(lengths, default=0.0)),
    )


def _gap_spans(gaps: Sequence[Gap], sheet: Sheet) -> str:
    listed = [
        f"{clock_text(gap.start_seconds)}\u2013{clock_text(gap.stop_seconds)}"
        for gap in gaps[:MAX_LISTED_GAPS]
    ]
    if len(gaps) > MAX_LISTED_GAPS:
        listed.append(sheet.word("and_more", count=len(gaps) - MAX_LISTED_GAPS))
    return ", ".join(listed)


def _deidentification(report: EventReport, sheet: Sheet) -> list[Any]:
    summary = report.deidentification
    if summary is None:
        said = sheet.paragraph(sheet.word("not_deidentified"), "muted")
        return sheet.section("deidentification", said)
    facts: list[tuple[str, str | None]] = [
        ("detector", summary.detector),
        ("weights", summary.weights_sha256),
        ("method", sheet.code(summary.method)),
        ("frames_checked", count_text(summary.frames_checked)),
        ("corrections", count_text(summary.correction_count)),
        ("longest_repair", _repair_text(summary, sheet)),
    ]
    is_signed = summary.is_signed_off or summary.signed_off_utc is not None
    facts.append(("sign_off", sheet.word("signed_off" if is_signed else "not_signed_off")))
    if summary.signed_off_utc is not None:
        moment = wall_time_text(summary.signed_off_utc, time_zone_of(report.time_zone))
        facts += [("signed_off_by", summary.signed_off_by), ("signed_off_at", moment)]
    return sheet.section("deidentification", sheet.fact_table(facts))


def _repair_text(summary: DeidentificationSummary, sheet: Sheet) -> str:
    frames = summary.longest_repaired_gap_frames
    count = count_text(frames)
    if not summary.frame_rate_hz:
        return sheet.word("frame_count", count=count)
    seconds = number_text(frames / summary.frame_rate_hz, sheet.language, 2)
    return sheet.word("frame_count_seconds", count=count, seconds=seconds)


def _files(report: EventReport, sheet: Sheet) -> list[Any]:
    columns = [Column("role", 0.2), Column("size", 0.14, is_number=True), Column("hash", 0.66)]
    rows = [
        (
            sheet.code(file.role),
            size_text(file.size_bytes, sheet.language),
            f"{file.file_id}\n{file.sha256}",
        )
        for file in report.files
    ]
    listing = _listing("files", columns, rows, sheet)
    if report.audit_head:
        text = f"{sheet.word('audit_head')}: {report.audit_head}"
        listing.append(sheet.paragraph(text, "note"))
    return listing


def _screenshots(
    report: EventReport, pictures: Sequence[PreparedPicture], left_out: int, sheet: Sheet
) -> list[Any]:
    notes = []
    if left_out:
        text = sheet.word("pictures_left_out", count=left_out)
        notes = [sheet.paragraph(text, "note")]
    if not pictures:
        return sheet.section("screenshots", sheet.paragraph(sheet.word("none"), "muted"), *notes)
    cells = [
        _picture_cell(number, shot.at_seconds, shot.caption, picture, sheet)
        for number, (shot, picture) in enumerate(zip(report.screenshots, pictures, strict=True), 1)
    ]
    rows = [
        _picture_row(cells[first : first + PICTURES_PER_ROW], sheet)
        for first in range(0, len(cells), PICTURES_PER_ROW)
    ]
    return [*sheet.section("screenshots", rows[0]), *rows[1:], *notes]


def _picture_cell(
    number: int, at_seconds: float, caption: str | None, picture: PreparedPicture, sheet: Sheet
) -> list[Any]:
    from reportlab.platypus import Image

    width = _picture_width_pt(sheet)
    # every cell has the shape of a 16:9 picture, so that rows stay level
    shrink = min(1.0, width * 9 / 16 / (width * picture.height_px / picture.width_px))
    image = Image(
        io.BytesIO(picture.jpeg),
        width=width * shrink,
        height=width * shrink * picture.height_px / picture.width_px,
    )
    image.hAlign = "LEFT"
    text = f"{number} \u00b7 {clock_text(at_seconds)}"
    if caption:
        text += f" \u00b7 {caption}"
    return [image, sheet.paragraph(text, "caption")]


def _picture_row(cells: Sequence[list[Any]], sheet: Sheet) -> Any:
    from reportlab.platypus import Table, TableStyle

    width = _picture_width_pt(sheet) + _PICTURE_GAP_PT
    padded = [*cells, *([""] * (PICTURES_PER_ROW - len(cells)))]
    commands = [
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ("LEFTPADDING", (0, 0), (-1, -1), 0),
        ("RIGHTPADDING", (0, 0), (-1, -1), 0),
        ("TOPPADDING", (0, 0), (-1, -1), 0),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 8),
    ]
    widths = [width] * (PICTURES_PER_ROW - 1) + [width - _PICTURE_GAP_PT]
    return Table([padded], colWidths=widths, style=TableStyle(commands), hAlign="LEFT")


def _picture_width_pt(sheet: Sheet) -> float:
    return (sheet.width_pt - _PICTURE_GAP_PT * (PICTURES_PER_ROW - 1)) / PICTURES_PER_ROW


def _listing(
    key: str, columns: Sequence[Column], rows: Sequence[Sequence[str | None]], sheet: Sheet
) -> list[Any]:
    if not rows:
        return sheet.section(key, sheet.paragraph(sheet.word("none"), "muted"))
    is_short = len(rows) <= MAX_ROWS_KEPT
    return sheet.section(key, sheet.list_table(columns, rows), is_short=is_short)


def _font_notes(sheet: Sheet) -> list[Any]:
    notes = []
    if sheet.typesetter.uses_reader_fonts:
        notes.append(sheet.paragraph(sheet.word("reader_fonts"), "note"))
    if sheet.typesetter.not_drawn_count:
        count = sheet.typesetter.not_drawn_count
        notes.append(sheet.paragraph(sheet.word("not_drawn", count=count), "note"))
    return notes
