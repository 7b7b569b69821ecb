"""The PDF report of an event, from what the archive holds."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np

from recorder_core.catalog import Action, Signal
from recorder_core.errors import NotInCatalog, ReportError
from recorder_core.jobs.archive.archive import Archive
from recorder_core.jobs.archive.event import ArchivedEvent
from recorder_core.jobs.archive.event_names import EventNames
from recorder_core.jobs.archive.signals import find_gaps
from recorder_core.report import (
    DeidentificationSummary,
    EventReport,
    Gap,
    ReportFile,
    ReportIdentity,
    ReportMarker,
    ReportScreenshot,
    ReportSettings,
    SignalSummary,
    Trend,
    render_report,
)

__all__ = ["make_report", "write_report"]

#: roles that people who may not see the original may know of, once the copy is released
_RELEASED_ROLES = frozenset({"deidentified", "detections", "redactions", "deidentification"})


def make_report(archive: Archive, event: ArchivedEvent, settings: ReportSettings) -> bytes:
    """Return the report of an event as a PDF file.

    Parameters
    ----------
    archive : Archive
        Open, for somebody who may have this report.
    event : ArchivedEvent
        Of this archive.
    settings : ReportSettings
        Language, page size, and whether to leave out the names.

    Raises
    ------
    NotAllowed
        If the profile may not have it.
    NoKeyMatches
        If the names are not sealed to this person.
    """
    is_full = not settings.is_deidentified
    action = Action.REPORT_FULL if is_full else Action.REPORT_DEIDENTIFIED
    with archive.audited(action, event.event_id):
        names = event.names() if is_full else EventNames()
        return render_report(_content(archive, event, names), settings)


def write_report(
    archive: Archive, event: ArchivedEvent, settings: ReportSettings, target: Path
) -> None:
    """Write the report, in clear and readable by its owner only.

    Raises
    ------
    ReportError
        If the file exists or cannot be written.
    """
    if target.exists():
        raise ReportError(f"{target.name} exists already; give another name")
    pdf = make_report(archive, event, settings)
    try:
        descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(pdf)
    except OSError as error:
        target.unlink(missing_ok=True)
        raise ReportError(f"{target.name} cannot be written ({error.strerror})") from error


def _content(archive: Archive, event: ArchivedEvent, names: EventNames) -> EventReport:
    row, catalog = event.row, archive.catalog
    signals = catalog.contents.signals(row.event_id)
    table = event.signals() if signals else None
    return EventReport(
        event_id=row.event_id,
        procedure_code=row.procedure_code,
        procedure_name=names.procedure_name,
        identity=_identity(names),
        started_utc=row.started_utc,
        stopped_utc=row.stopped_utc,
        duration_seconds=row.duration_seconds,
        is_complete=row.is_complete,
        signals=tuple(_signal(signal, table) for signal in signals),
        trend=_trend(signals, table),
        markers=tuple(
            ReportMarker(
                kind=marker.kind,
                start_seconds=marker.start_seconds,
                stop_seconds=marker.stop_seconds,
            )
            for marker in catalog.contents.markers(row.event_id)
        ),
        screenshots=_screenshots(archive, event),
        files=_files(event),
        deidentification=_deidentification(archive, event),
        audit_head=catalog.audit.head().hash,
        generated_utc=archive.clock(),
    )


def _identity(names: EventNames) -> ReportIdentity:
    return ReportIdentity(
        patient_name=names.patient_name,
        medical_record=names.medical_record,
        physician_names=names.physician_names,
        place=names.place,
        notes=names.notes,
    )


def _rows(table: Any, name: str) -> Any:
    return table[table["signal"] == name]


def _signal(signal: Signal, table: Any) -> SignalSummary:
    seconds = _rows(table, signal.name)["seconds"].to_numpy()
    gaps = tuple(Gap(start, stop) for start, stop in find_gaps(seconds))
    return SignalSummary(
        name=signal.name, unit=signal.unit, sample_count=signal.sample_count, gaps=gaps
    )


def _trend(signals: list[Signal], table: Any) -> Trend | None:
    for signal in signals:
        if signal.name.lower() == "bis":
            rows = _rows(table, signal.name)
            return Trend(
                name="BIS",
                unit=signal.unit,
                times_seconds=rows["seconds"].to_numpy(np.float64),
                values=rows["value"].to_numpy(np.float64),
            )
    return None


def _screenshots(archive: Archive, event: ArchivedEvent) -> tuple[ReportScreenshot, ...]:
    """Return the still pictures that this person may see; none are left out in silence."""
    if not archive.may(Action.VIEW_ORIGINAL):
        return ()
    files = {row.file_id: row for row in event.files()}
    shots = []
    for shot in archive.catalog.contents.screenshots(event.event_id):
        with archive.open_sealed(archive.stored(files[shot.file_id])) as file:
            shots.append(ReportScreenshot(at_seconds=shot.at_seconds, picture=file.readall()))
    return tuple(shots)


def _files(event: ArchivedEvent) -> tuple[ReportFile, ...]:
    return tuple(
        ReportFile(
            file_id=row.file_id,
            role=row.role,
            size_bytes=row.size_bytes,
            sha256=row.sha256,
            is_released=event.is_released and row.role in _RELEASED_ROLES,
        )
        for row in event.files()
    )


def _deidentification(archive: Archive, event: ArchivedEvent) -> DeidentificationSummary | None:
    reviews = archive.catalog.reviews
    summaries = reviews.detections_summaries(event.event_id)
    if not summaries:
        return None
    found, review = summaries[-1], reviews.review(event.event_id)
    return DeidentificationSummary(
        detector=found.detector,
        weights_sha256=found.weights_sha256,
        method=found.method,
        frames_checked=found.frames_checked,
        correction_count=len(reviews.corrections(event.event_id)),
        longest_repaired_gap_frames=found.longest_repaired_gap_frames,
        frame_rate_hz=_frame_rate_hz(archive, event),
        signed_off_by=review.signed_off_by if review else None,
        signed_off_utc=review.signed_off_utc if review else None,
        is_signed_off=event.is_released,
    )


def _frame_rate_hz(archive: Archive, event: ArchivedEvent) -> float | None:
    try:
        index = archive.catalog.contents.pts_index(event.file("original").file_id)
    except NotInCatalog:
        return None
    if len(index) < 2:
        return None
    seconds = float(int(index.pts[-1] - index.pts[0]) * index.time_base)
    return (len(index) - 1) / seconds
