"""What the report of an event says, read from the catalog and the sealed files.

For the report without names nothing is opened that only those may see who see names: not
the names and notes, not the pictures of the original.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from recorder_core.catalog import EventFile, Marker, Signal
from recorder_core.catalog.events.contents import UNKNOWN_HASH
from recorder_core.catalog.events.views import ROOM
from recorder_core.errors import ArchiveTruncated, DataError, HeaderDamaged, NotInCatalog
from recorder_core.jobs.archive.access.session import Session
from recorder_core.jobs.archive.copies.copy_report import warnings_of_copy
from recorder_core.jobs.archive.event.event import ArchivedEvent
from recorder_core.jobs.archive.events.screenshots import released_pictures
from recorder_core.jobs.archive.files.notes import open_note
from recorder_core.jobs.archive.marker_kinds import (
    ROOM_HIDDEN,
    source_of_lost_signal,
    source_of_too_busy,
)
from recorder_core.jobs.archive.names.event_names import EventNames
from recorder_core.jobs.archive.place.roles import COPY_ROLES
from recorder_core.jobs.archive.review.second_review import signers
from recorder_core.jobs.archive.review.statement import count_moments
from recorder_core.jobs.deidentify.report.contents import DeidentifyReport, known
from recorder_core.model import FrameTimes
from recorder_core.report import (
    RECORDING,
    DeidentificationSummary,
    Device,
    EventReport,
    FrameCounts,
    Gap,
    Interruption,
    InterruptionCause,
    MomentReview,
    ReportFile,
    ReportIdentity,
    ReportMarker,
    ReportScreenshot,
    SignalSummary,
    Trend,
)
from recorder_core.signals import find_gaps

__all__ = ["missing_frames", "read_report_content"]

#: the signal that is drawn, and the values that it can have
_TREND_SIGNAL: Final = "bis"
_TREND_RANGE: Final = (0.0, 100.0)
#: how far a frame may lie beside a grid of equal steps, share of the step: containers round times
_GRID_TOLERANCE: Final = 0.1


def read_report_content(session: Session, event: ArchivedEvent, *, is_full: bool) -> EventReport:
    """Return what the report of an event says; the caller has asked.

    Parameters
    ----------
    session : Session
        Of the open archive, for somebody who may have this report.
    event : ArchivedEvent
        Of this archive.
    is_full : bool
        With names, notes, serial numbers and pictures of the original.

    Raises
    ------
    NoKeyMatches
        If something that the report needs is not sealed to this person.
    """
    row, contents = event.row, session.catalog.contents
    names = event.names() if is_full else EventNames()
    signals = contents.signals(row.event_id)
    table = event.signals() if signals else None
    index = _original_index(session, event)
    return EventReport(
        event_id=row.event_id,
        procedure_code=row.procedure_code,
        procedure_name=names.procedure_name,
        identity=_identity(names, row.site_code) if is_full else None,
        started_utc=row.started_utc,
        stopped_utc=row.stopped_utc,
        duration_seconds=row.duration_seconds,
        is_complete=row.is_complete,
        devices=_devices(session, event, is_full=is_full),
        frames=_frames(session, event, index),
        interruptions=_interruptions(contents.markers(row.event_id)),
        signals=tuple(_signal(signal, table, row.duration_seconds) for signal in signals),
        trend=_trend(signals, table),
        markers=_markers(session, event, is_full=is_full),
        screenshots=_screenshots(session, event, is_full=is_full),
        files=_files(session, event),
        deidentification=_deidentification(session, event, index),
        audit_head=_audit_head(session),
        generated_utc=session.clock(),
    )


def _identity(names: EventNames, site_code: str) -> ReportIdentity:
    return ReportIdentity(
        patient_name=names.patient_name,
        medical_record=names.medical_record,
        physician_names=names.physician_names,
        place=names.place,
        site_code=site_code,
        notes=names.notes,
        source_name=names.source_name,
        source_sha256=names.source_sha256,
    )


def _note(session: Session, event: ArchivedEvent, record_name: str, field: str) -> str | None:
    value = open_note(session, event.event_id, record_name).get(field)
    return None if value is None else str(value)


def _devices(session: Session, event: ArchivedEvent, *, is_full: bool) -> tuple[Device, ...]:
    return tuple(
        Device(
            kind=device.kind,
            model=device.model,
            serial_number=_note(session, event, f"device:{device.device_id}", "serial_number")
            if is_full
            else None,
        )
        for device in session.catalog.contents.devices(event.event_id)
    )


def _markers(session: Session, event: ArchivedEvent, *, is_full: bool) -> tuple[ReportMarker, ...]:
    return tuple(
        ReportMarker(
            kind=marker.kind,
            start_seconds=marker.start_seconds,
            stop_seconds=marker.stop_seconds,
            label=_note(session, event, f"marker:{marker.marker_id}", "note") if is_full else None,
        )
        for marker in session.catalog.contents.markers(event.event_id)
        if _interrupted(marker) is None
    )


def _interrupted(marker: Marker) -> tuple[str, InterruptionCause] | None:
    """Return what was interrupted, and by what; None of other markers."""
    if marker.stop_seconds is None:
        return None
    found: dict[InterruptionCause, str | None] = {
        "hidden": ROOM if marker.kind == ROOM_HIDDEN else None,
        "no_signal": source_of_lost_signal(marker.kind),
        "too_busy": source_of_too_busy(marker.kind),
    }
    return next(((source, cause) for cause, source in found.items() if source is not None), None)


def _interruptions(markers: Sequence[Marker]) -> tuple[Interruption, ...]:
    """Return when each source gave nothing or was hidden, as the recorder marked it."""
    gaps: dict[tuple[str, InterruptionCause], list[Gap]] = {}
    for marker in markers:
        found = _interrupted(marker)
        if found is not None and marker.stop_seconds is not None:
            gap = Gap(marker.start_seconds, marker.stop_seconds)
            gaps.setdefault(found, []).append(gap)
    return tuple(
        Interruption(source=source, cause=cause, gaps=tuple(each))
        for (source, cause), each in gaps.items()
    )


def _screenshots(
    session: Session, event: ArchivedEvent, *, is_full: bool
) -> tuple[ReportScreenshot, ...]:
    """Return the still pictures: of the original, or the same frames of the released copy."""
    shots = session.catalog.contents.screenshots(event.event_id)
    if not is_full:
        released = released_pictures(event, shots)
        pictures = [released.get(shot.screenshot_id) for shot in shots]
        return tuple(
            ReportScreenshot(
                at_seconds=shot.at_seconds,
                frame_index=shot.frame_index,
                picture=picture,
                is_deidentified=picture is not None,
            )
            for shot, picture in zip(shots, pictures, strict=True)
        )
    files = {row.file_id: row for row in event.files()}
    return tuple(
        ReportScreenshot(
            at_seconds=shot.at_seconds,
            frame_index=shot.frame_index,
            picture=_content(session, files[shot.file_id]),
            caption=_note(session, event, f"screenshot:{shot.screenshot_id}", "note"),
        )
        for shot in shots
    )


def _content(session: Session, row: EventFile) -> bytes:
    with session.open_sealed(session.stored(row)) as file:
        return file.readall()


def _original_index(session: Session, event: ArchivedEvent) -> FrameTimes | None:
    try:
        index = session.catalog.contents.pts_index(event.file("original").file_id)
    except (NotInCatalog, ArchiveTruncated):
        return None
    return index if len(index) > 1 else None


def _frames(
    session: Session, event: ArchivedEvent, index: FrameTimes | None
) -> tuple[FrameCounts, ...]:
    """Return what each device counted, and what the times of the recording's frames say."""
    counted = [
        FrameCounts(
            source=device.kind,
            recorded=device.frames_recorded,
            dropped=device.frames_dropped,
            repeated=device.frames_repeated,
        )
        for device in session.catalog.contents.devices(event.event_id)
        if device.frames_recorded is not None
    ]
    if index is not None:
        missing = missing_frames(index)
        counted.append(FrameCounts(source=RECORDING, recorded=len(index), dropped=missing))
    return tuple(counted)


def missing_frames(index: FrameTimes) -> int:
    """Return how many frames would fit into the pauses between the frames of a recording.

    Where all frames lie on a grid, as the recorder's do, it is the grid that counts: of a
    recording that lost most of its frames the usual step is no step of the grid.
    """
    steps = np.diff(index.pts)
    length = int(index.pts[-1] - index.pts[0])
    step = length / max(round(length / max(int(steps.min()), 1)), 1)
    off_grid = (index.pts - index.pts[0]) / step
    if np.abs(off_grid - np.rint(off_grid)).max() > _GRID_TOLERANCE:
        step = float(np.median(steps))
    return int(np.maximum(np.rint(steps / step) - 1, 0).sum())


def _rows(table: Any, name: str) -> Any:
    return table[table["signal"] == name]


def _signal(signal: Signal, table: Any, duration_seconds: float | None) -> SignalSummary:
    """Describe a signal; it is missing where it has no valid value, from start to finish."""
    rows = _rows(table, signal.name)
    valid = rows["seconds"].to_numpy(np.float64)[rows["value"].notna().to_numpy()]
    stop = duration_seconds or signal.stop_seconds
    gaps = find_gaps(np.unique(np.concatenate([[0.0], valid, [max(stop, valid.max(initial=0.0))]])))
    return SignalSummary(
        name=signal.name,
        unit=signal.unit,
        sample_count=len(valid),
        gaps=tuple(Gap(start, stop) for start, stop in gaps) if len(valid) else (Gap(0.0, stop),),
    )


def _trend(signals: list[Signal], table: Any) -> Trend | None:
    """Return the BIS index; a value that it cannot have is none."""
    found = next((signal for signal in signals if signal.name.lower() == _TREND_SIGNAL), None)
    if found is None:
        return None
    rows = _rows(table, found.name)
    values = rows["value"].to_numpy(np.float64)
    low, high = _TREND_RANGE
    return Trend(
        name="BIS",
        unit=found.unit,
        times_seconds=rows["seconds"].to_numpy(np.float64),
        values=np.where((values >= low) & (values <= high), values, np.nan),
        low=low,
        high=high,
    )


def _files(session: Session, event: ArchivedEvent) -> tuple[ReportFile, ...]:
    """Return the files, the screenshots last and in the order in which they are shown."""
    shots = session.catalog.contents.screenshots(event.event_id)
    numbers = {shot.file_id: number for number, shot in enumerate(shots, 1)}
    rows = sorted(event.files(), key=lambda row: numbers.get(row.file_id, 0))
    return tuple(
        ReportFile(
            file_id=row.file_id,
            role=row.role,
            number=numbers.get(row.file_id),
            size_bytes=row.size_bytes,
            sha256=row.sha256,
            is_released=event.is_released and row.role in COPY_ROLES,
        )
        for row in rows
    )


def _deidentification(
    session: Session, event: ArchivedEvent, index: FrameTimes | None
) -> DeidentificationSummary | None:
    if not session.may(session.read_needs(event.event_id, "deidentification")):
        return None  # of a copy that is not released, to who reads released ones
    reviews = session.catalog.reviews
    summaries = reviews.detections_summaries(event.event_id)
    if not summaries:
        return None
    found, review = summaries[-1], reviews.review(event.event_id)
    is_known = found.weights_sha256 != UNKNOWN_HASH
    copy_sha256, repaired_seconds, checked = _copy_facts(event)
    warnings = warnings_of_copy(session, event)
    return DeidentificationSummary(
        detector=found.detector,
        weights_sha256=found.weights_sha256 if is_known else None,
        method=found.method,
        frames_checked=found.frames_checked if checked is None else checked,
        frame_count=len(index) if index is not None else None,
        correction_count=_correction_count(session, event),
        review=_review(session, event),
        longest_repaired_gap_frames=found.longest_repaired_gap_frames,
        longest_repaired_gap_seconds=repaired_seconds,
        warnings=None if warnings is None else {each.kind: each.count for each in warnings},
        copy_sha256=copy_sha256,
        signed_off_by=", ".join(signers(session, event)) or None,
        signed_off_utc=review.signed_off_utc if review else None,
        is_signed_off=event.is_released,
    )


def _review(session: Session, event: ArchivedEvent) -> MomentReview | None:
    counts = count_moments(session, event)
    if counts is None:
        return None
    return MomentReview(
        moment_count=counts.moments,
        decided_count=counts.moments - counts.left - counts.flagged,
        corrected_count=counts.corrected,
        spot_check_count=counts.spot_checks_done,
        missed_share_bound=counts.missed_share_bound,
    )


def _correction_count(session: Session, event: ArchivedEvent) -> int:
    """Count the corrections in force and those that came with the copy, each once."""
    known = {str(row.correction_id) for row in session.catalog.reviews.corrections(event.event_id)}
    if any(row.role == "redactions" for row in event.files()):
        known |= set(event.redactions()["correction"].dropna())
    return len(known)


def _copy_facts(event: ArchivedEvent) -> tuple[str | None, float | None, int | None]:
    """Return what the copy's own report says: its hash, the longest repair, frames looked at.

    A report of an earlier program does not say how long the repair was; the catalog of one has
    all frames of the copy as those that were looked at.
    """
    if not any(row.role == "deidentification" for row in event.files()):
        return None, None, None
    with event.open_file("deidentification") as file:
        content = file.readall()
    try:
        report = DeidentifyReport.from_json(content)
        frames_checked = known(report.detection_frames)
    except DataError as error:
        raise HeaderDamaged(
            f"the de-identification report of event {event.event_id} does not name the copy's "
            "hash; add the copy again"
        ) from error
    return report.copy.sha256, report.longest_repaired_gap_seconds, frames_checked


def _audit_head(session: Session) -> str:
    """Return the newest row as ``workbench audit verify --head`` takes it."""
    head = session.catalog.audit.head()
    return f"{head.seq}:{head.hash}"
