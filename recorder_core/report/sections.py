"""The first sections of the report: who, what, when, with which devices, how it went."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from recorder_core.report.chart import draw_trend
from recorder_core.report.content import RECORDING, EventReport, ReportIdentity, ReportMarker
from recorder_core.report.evidence import evidence_sections
from recorder_core.report.picture_rows import screenshot_section
from recorder_core.report.pictures import PreparedPicture
from recorder_core.report.quantities import clock_text, duration_text
from recorder_core.report.sheet import Column, Sheet

__all__ = ["make_story"]


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
        Screenshots that the report may not show.
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
        *screenshot_section(report, pictures, left_out, sheet),
        *evidence_sections(report, sheet),
    ]
    return [*story, *_font_notes(sheet)]


def _title(report: EventReport, sheet: Sheet) -> list[Any]:
    key = "title_deidentified" if sheet.settings.is_deidentified else "title"
    procedure = report.procedure_name or report.procedure_code
    return [sheet.paragraph(sheet.word(key), "title"), *sheet.paragraphs(procedure, "subtitle")]


def _identification(report: EventReport, sheet: Sheet) -> list[Any]:
    procedure = report.procedure_code
    if report.procedure_name:
        procedure = f"{report.procedure_name} ({report.procedure_code})"
    identity = None if sheet.settings.is_deidentified else report.identity or ReportIdentity()
    facts: list[tuple[str, str | None]] = [("event", report.event_id)]
    if identity is not None:
        facts += [
            ("patient", identity.patient_name),
            ("medical_record", identity.medical_record),
            ("physicians", "\n".join(identity.physician_names)),
            ("place", identity.place),
            *_if_known(("site", identity.site_code)),
        ]
    facts.append(("procedure", procedure))
    if identity is not None:
        facts += _if_known(
            ("notes", identity.notes),
            ("source_video", identity.source_name),
            ("source_hash", identity.source_sha256),
        )
    return sheet.section("identification", sheet.fact_table(facts), is_short=False)


def _if_known(*facts: tuple[str, str | None]) -> list[tuple[str, str | None]]:
    return [(key, value) for key, value in facts if value]


def _recording(report: EventReport, sheet: Sheet) -> list[Any]:
    duration = report.duration_seconds
    facts: list[tuple[str, str | None]]
    if sheet.settings.is_deidentified:
        facts = [("year", str(report.year) if report.year else None)]
    else:
        facts = [
            ("start", sheet.moment(report.started_utc)),
            ("finish", sheet.moment(report.stopped_utc)),
        ]
    facts += [
        ("duration", None if duration is None else duration_text(duration)),
        ("completeness", _completeness(report, sheet)),
    ]
    return sheet.section("recording", sheet.fact_table(facts))


def _completeness(report: EventReport, sheet: Sheet) -> str:
    if not report.is_complete:
        return sheet.word("incomplete")
    for row in report.frames:
        if row.source == RECORDING and row.dropped:
            total = row.dropped + (row.recorded or 0)
            return sheet.word("frames_missing", missing=row.dropped, total=total)
    return sheet.word("complete")


def _devices(report: EventReport, sheet: Sheet) -> list[Any]:
    columns = [Column("device", 0.3), Column("model", 0.4), Column("serial_number", 0.3)]
    rows = [(sheet.code(d.kind), d.model, d.serial_number) for d in report.devices]
    if sheet.settings.is_deidentified:
        columns = [Column("device", 0.4), Column("model", 0.6)]
        return sheet.listing("devices", columns, [row[:2] for row in rows])
    return sheet.listing("devices", columns, rows)


def _trend(report: EventReport, sheet: Sheet) -> list[Any]:
    trend = report.trend
    if trend is None:
        return sheet.section("trend", sheet.paragraph(sheet.word("not_recorded"), "muted"))
    last = float(trend.times_seconds[-1]) if len(trend.times_seconds) else 0.0
    drawing = draw_trend(
        trend,
        report.markers,
        stop_seconds=max(report.duration_seconds or 0.0, last),
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
    rows = [
        (str(number), *_marker_row(marker, sheet, is_labelled=is_labelled))
        for number, marker in enumerate(markers, 1)
    ]
    return sheet.listing("markers", columns, rows)


def _marker_row(
    marker: ReportMarker, sheet: Sheet, *, is_labelled: bool
) -> tuple[str, str, str | None]:
    stop, kind = marker.stop_seconds, sheet.code(marker.kind)
    span = clock_text(marker.start_seconds)
    if stop is None:
        return span, kind, marker.label if is_labelled else None
    length = duration_text(stop - marker.start_seconds)
    return f"{span} \u2013 {clock_text(stop)}", kind, marker.label if is_labelled else length


def _font_notes(sheet: Sheet) -> list[Any]:
    count = sheet.typesetter.not_drawn_count
    return [sheet.paragraph(sheet.word("not_drawn", count=count), "note")] if count else []
