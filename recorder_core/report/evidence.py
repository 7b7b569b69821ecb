"""The sections that say how far the recording can be trusted: frames, gaps, copies, hashes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from recorder_core.report.content import (
    DeidentificationSummary,
    EventReport,
    Gap,
    Interruption,
    ReportFile,
    SignalSummary,
)
from recorder_core.report.quantities import (
    clock_text,
    count_text,
    duration_text,
    number_text,
    size_text,
)
from recorder_core.report.sheet import Column, Sheet

__all__ = ["evidence_sections"]

#: gaps that are listed one by one; the table has their sum
MAX_LISTED_GAPS = 12


def evidence_sections(report: EventReport, sheet: Sheet) -> list[Any]:
    """Return the sections on frames, interruptions, signals, de-identification and files.

    Parameters
    ----------
    report : EventReport
        Already without names if the report is to be.
    sheet : Sheet
        The look.
    """
    return [
        *_frames(report, sheet),
        *_interruptions(report.interruptions, sheet),
        *_signals(report.signals, sheet),
        *_deidentification(report, sheet),
        *_files(report, sheet),
    ]


def _frames(report: EventReport, sheet: Sheet) -> list[Any]:
    columns = [
        Column("source", 0.4),
        Column("recorded", 0.2, is_number=True),
        Column("dropped", 0.2, is_number=True),
        Column("repeated", 0.2, is_number=True),
    ]
    rows = [
        (sheet.code(row.source), *map(_count, (row.recorded, row.dropped, row.repeated)))
        for row in report.frames
    ]
    note = sheet.paragraph(sheet.word("frames_note"), "note")
    return sheet.listing("frames", columns, rows, note)


def _interruptions(interruptions: Sequence[Interruption], sheet: Sheet) -> list[Any]:
    """Return when sources were lost or hidden; nothing where the recorder noted nothing."""
    if not interruptions:
        return []
    columns = [
        Column("source", 0.34),
        Column("state", 0.24),
        Column("gaps", 0.1, is_number=True),
        Column("missing_time", 0.16, is_number=True),
        Column("longest_gap", 0.16, is_number=True),
    ]
    rows, notes = [], [sheet.paragraph(sheet.word("interruptions_note"), "note")]
    for each in interruptions:
        name = sheet.code(each.source)
        state = sheet.word(each.cause)
        rows.append((name, state, *_gap_numbers(each.gaps)))
        spans = _gap_spans(each.gaps, sheet)
        notes.append(sheet.paragraph(f"{name}, {state}: {spans}", "note"))
    return sheet.listing("interruptions", columns, rows, *notes)


def _gap_numbers(gaps: Sequence[Gap]) -> tuple[str, str, str]:
    """Return how many gaps there are, how long they are in all, and the longest."""
    lengths = [gap.stop_seconds - gap.start_seconds for gap in gaps]
    return (
        count_text(len(lengths)),
        duration_text(sum(lengths)),
        duration_text(max(lengths, default=0.0)),
    )


def _count(count: int | None) -> str | None:
    return None if count is None else count_text(count)


def _signals(signals: Sequence[SignalSummary], sheet: Sheet) -> list[Any]:
    columns = [
        Column("signal", 0.28),
        Column("unit", 0.14),
        Column("samples", 0.16, is_number=True),
        Column("gaps", 0.1, is_number=True),
        Column("missing_time", 0.16, is_number=True),
        Column("longest_gap", 0.16, is_number=True),
    ]
    rows = [_signal_row(signal, sheet) for signal in signals]
    notes = [sheet.paragraph(sheet.word("gaps_note"), "note")]
    for signal in signals:
        if signal.gaps:
            spans = _gap_spans(signal.gaps, sheet)
            text = sheet.word("gap_list", name=sheet.code(signal.name), spans=spans)
            notes.append(sheet.paragraph(text, "note"))
    return sheet.listing("signals", columns, rows, *notes)


def _signal_row(signal: SignalSummary, sheet: Sheet) -> tuple[str, ...]:
    return (
        sheet.code(signal.name),
        signal.unit,
        count_text(signal.sample_count),
        *_gap_numbers(signal.gaps),
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
    is_signed = summary.is_signed_off or summary.signed_off_utc is not None
    facts: list[tuple[str, str | None]] = [
        ("detector", summary.detector),
        ("weights", summary.weights_sha256 or sheet.word("no_weights")),
        ("method", sheet.code(summary.method)),
        ("frames_checked", _checked_text(summary, sheet)),
        ("corrections", count_text(summary.correction_count)),
        *_review_facts(summary, sheet),
        ("longest_repair", _repair_text(summary, sheet)),
        ("copy_warnings", _warnings_text(summary, sheet)),
    ]
    if summary.copy_sha256 is not None:
        facts.append(("copy_hash", summary.copy_sha256))
    is_half = not is_signed and summary.signed_off_by is not None
    state = "signed_off" if is_signed else "half_signed_off" if is_half else "not_signed_off"
    facts.append(("sign_off", sheet.word(state)))
    if summary.signed_off_by is not None:
        facts.append(("signed_off_by", summary.signed_off_by))
    if summary.signed_off_utc is not None:
        facts.append(("signed_off_at", sheet.moment(summary.signed_off_utc)))
    return sheet.section("deidentification", sheet.fact_table(facts))


def _review_facts(summary: DeidentificationSummary, sheet: Sheet) -> list[tuple[str, str | None]]:
    review = summary.review
    if review is None:
        return [("moments", sheet.word("moments_not_ranked"))]
    decided = sheet.word(
        "moments_of",
        done=count_text(review.decided_count),
        total=count_text(review.moment_count),
        corrected=count_text(review.corrected_count),
    )
    spots = count_text(review.spot_check_count)
    if review.missed_share_bound is not None:
        share = number_text(100 * review.missed_share_bound, sheet.language, 0)
        spots = sheet.word("spot_checks_bound", count=spots, share=share)
    return [("moments", decided), ("spot_checks", spots)]


def _checked_text(summary: DeidentificationSummary, sheet: Sheet) -> str:
    checked = count_text(summary.frames_checked)
    if summary.frame_count is None:
        return checked
    return sheet.word("frames_checked_of", checked=checked, total=count_text(summary.frame_count))


def _repair_text(summary: DeidentificationSummary, sheet: Sheet) -> str:
    count = count_text(summary.longest_repaired_gap_frames)
    if summary.longest_repaired_gap_seconds is None:
        return sheet.word("frame_count", count=count)
    seconds = number_text(summary.longest_repaired_gap_seconds, sheet.language, 2)
    return sheet.word("frame_count_seconds", count=count, seconds=seconds)


def _warnings_text(summary: DeidentificationSummary, sheet: Sheet) -> str | None:
    if summary.warnings is None:
        return None
    said = [sheet.word(kind, count=count_text(n)) for kind, n in summary.warnings.items()]
    return "\n".join(said) or sheet.word("none")


def _file_text(file: ReportFile, sheet: Sheet) -> str:
    number = "" if file.number is None else f" {file.number}"
    return f"{sheet.code(file.role)}{number} ({file.file_id.rpartition('/')[2]})"


def _files(report: EventReport, sheet: Sheet) -> list[Any]:
    columns = [Column("role", 0.32), Column("size", 0.11, is_number=True), Column("hash", 0.57)]
    rows = [
        (
            _file_text(file, sheet),
            size_text(file.size_bytes, sheet.language),
            file.sha256,
        )
        for file in report.files
    ]
    notes = []
    if report.audit_head:
        text = f"{sheet.word('audit_head')}: {report.audit_head}"
        notes.append(sheet.paragraph(text, "note"))
    return sheet.listing("files", columns, rows, *notes)
