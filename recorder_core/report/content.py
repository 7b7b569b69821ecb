"""What a report says, as data; nothing here reads a database or a file.

:func:`deidentified` makes the copy without names: the drawing code then never sees them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from recorder_core.errors import ReportError
from recorder_core.model.values.carriers import carrier_repr

__all__ = [
    "RECORDING",
    "DeidentificationSummary",
    "Device",
    "EventReport",
    "FrameCounts",
    "Gap",
    "Interruption",
    "InterruptionCause",
    "Language",
    "MomentReview",
    "PageSize",
    "ReportFile",
    "ReportIdentity",
    "ReportMarker",
    "ReportScreenshot",
    "ReportSettings",
    "SignalSummary",
    "Trend",
    "deidentified",
]

Language = Literal["en", "pt", "es"]
PageSize = Literal["a4", "letter"]


@dataclass(frozen=True, slots=True)
class ReportSettings:
    """How the report looks, and whether it holds names."""

    language: Language = "en"
    page_size: PageSize = "a4"
    #: leave out names, exact dates, serial numbers and free text
    is_deidentified: bool = False
    #: IANA name for the times, such as America/Sao_Paulo; None: UTC
    time_zone: str | None = None
    #: paths of TrueType fonts for scripts that DejaVu Sans does not draw
    extra_fonts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class ReportIdentity:
    """Who and where; None where it was not recorded."""

    patient_name: str | None = None
    medical_record: str | None = None
    physician_names: tuple[str, ...] = ()
    place: str | None = None
    #: code of the hospital or room
    site_code: str | None = None
    notes: str | None = None
    #: name and SHA-256 of the video that was imported
    source_name: str | None = None
    source_sha256: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """One device of the room."""

    #: code: laparoscope, monitor, room-camera, bis-monitor, ...
    kind: str
    model: str | None = None
    serial_number: str | None = field(default=None, repr=False)


#: source of the frames of the recorded file itself
RECORDING: Final = "recording"


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameCounts:
    """What became of the frames of one source; None where nobody counted."""

    #: code of a device, or `RECORDING`
    source: str
    recorded: int | None = None
    #: never came
    dropped: int | None = None
    #: shown again because no new one had come
    repeated: int | None = None


@dataclass(frozen=True, slots=True)
class Gap:
    """A span without samples, half-open, from the start of the event."""

    start_seconds: float
    stop_seconds: float


#: it gave nothing; the computer did not keep up with it; it was there, and was made unrecognisable
#: because its faces were not known in time
InterruptionCause = Literal["no_signal", "too_busy", "hidden"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Interruption:
    """When a source gave nothing, or nothing of it was shown."""

    #: code of a device, or of the view of the room
    source: str
    gaps: tuple[Gap, ...]
    cause: InterruptionCause


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalSummary:
    """One signal and where it is missing."""

    #: code
    name: str
    unit: str
    #: with a valid value
    sample_count: int
    gaps: tuple[Gap, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Trend:
    """A signal to draw over time; the BIS index is drawn from 0 to 100."""

    __repr__ = carrier_repr

    name: str
    unit: str
    #: (N,) float64, from the start of the event, rising
    times_seconds: NDArray[np.float64]
    #: (N,) float64; NaN where the device gave no valid value
    values: NDArray[np.float64]
    #: bottom and top of the drawing, in `unit`
    low: float = 0.0
    high: float = 100.0
    #: span of values that is shaded, in `unit`; for BIS 40 to 60 is general anaesthesia
    target: tuple[float, float] | None = (40.0, 60.0)

    def __post_init__(self) -> None:
        if self.times_seconds.shape != self.values.shape or self.values.ndim != 1:
            raise ReportError(
                f"a trend needs as many values {self.values.shape} as times "
                f"{self.times_seconds.shape}"
            )
        if not self.high > self.low:
            raise ReportError(f"a trend cannot be drawn from {self.low} to {self.high}")


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportMarker:
    """A named moment (no stop) or span."""

    #: code, such as incision
    kind: str
    start_seconds: float
    stop_seconds: float | None = None
    #: what a person wrote
    label: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportScreenshot:
    """One still picture."""

    at_seconds: float
    #: its place among the frames of the recording
    frame_index: int | None = None
    #: JPEG or PNG file; None for one that this reader may not see
    picture: bytes | None = field(repr=False)
    #: whether it was taken from the released copy; only then may it leave
    is_deidentified: bool = False
    caption: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportFile:
    """One file of the archive."""

    file_id: str
    role: str
    #: of the screenshot in this report
    number: int | None = None
    size_bytes: int
    #: of the encrypted file
    sha256: str
    #: whether people who may not see the original may know it
    is_released: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class MomentReview:
    """How the copy was reviewed, moment by moment."""

    moment_count: int
    decided_count: int
    corrected_count: int
    #: random ones among the decided
    spot_check_count: int
    #: share of spans with a face, at most, with 95 % confidence; None where it is not known
    missed_share_bound: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeidentificationSummary:
    """How the copy was made, what was checked, and who released it."""

    detector: str
    #: None for a detector without weights, or where they are not known
    weights_sha256: str | None
    method: str
    frames_checked: int
    #: of the original; None where they were not counted
    frame_count: int | None = None
    correction_count: int
    #: None where its moments were not ranked
    review: MomentReview | None = None
    longest_repaired_gap_frames: int
    #: by the frames' own time stamps; None where the copy's report does not say it
    longest_repaired_gap_seconds: float | None = None
    #: kind -> how many; kinds are the words of the report's languages. None: not known
    warnings: Mapping[str, int] | None = None
    #: of the copy in clear, as it is exported
    copy_sha256: str | None = None
    #: everybody who signed this copy off; before the release: a second reviewer has not yet
    signed_off_by: str | None = field(default=None, repr=False)
    signed_off_utc: datetime | None = None
    #: for the copy without exact dates
    is_signed_off: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class EventReport:
    """Everything that a report of one event says."""

    event_id: str
    procedure_code: str
    procedure_name: str | None = field(default=None, repr=False)
    #: None when there is no identity to show
    identity: ReportIdentity | None = field(default=None, repr=False)
    started_utc: datetime | None = None
    stopped_utc: datetime | None = None
    #: all of the date that the de-identified report gives
    year: int | None = None
    duration_seconds: float | None = None
    is_complete: bool = True
    devices: tuple[Device, ...] = ()
    frames: tuple[FrameCounts, ...] = ()
    #: as the recorder noted them; none of a video that was imported
    interruptions: tuple[Interruption, ...] = ()
    signals: tuple[SignalSummary, ...] = ()
    trend: Trend | None = None
    markers: tuple[ReportMarker, ...] = ()
    screenshots: tuple[ReportScreenshot, ...] = ()
    files: tuple[ReportFile, ...] = ()
    deidentification: DeidentificationSummary | None = None
    #: number and hash of the newest audit row: who keeps this page can later prove a cut log
    audit_head: str | None = None
    generated_utc: datetime | None = None


def deidentified(report: EventReport) -> EventReport:
    """Return a report without names, exact dates, serial numbers and free text.

    Parameters
    ----------
    report : EventReport
        With everything.

    Returns
    -------
    EventReport
        Times count from the start of the event; of the date the year is left. Pictures
        that were not taken from the de-identified copy are left out.

    References
    ----------
    .. [1] 45 CFR 164.514(b)(2)(i): names (A), places (B), dates but the year (C), record
       numbers (H), device serial numbers (M), full-face pictures (Q).
    """
    summary = report.deidentification
    return EventReport(
        event_id=report.event_id,
        procedure_code=report.procedure_code,
        year=report.started_utc.year if report.started_utc else report.year,
        duration_seconds=report.duration_seconds,
        is_complete=report.is_complete,
        devices=tuple(replace(device, serial_number=None) for device in report.devices),
        frames=report.frames,
        interruptions=report.interruptions,
        signals=report.signals,
        trend=report.trend,
        markers=tuple(replace(marker, label=None) for marker in report.markers),
        screenshots=tuple(
            replace(shot, caption=None) for shot in report.screenshots if shot.is_deidentified
        ),
        files=tuple(file for file in report.files if file.is_released),
        deidentification=_without_person(summary) if summary else None,
    )


def _without_person(summary: DeidentificationSummary) -> DeidentificationSummary:
    is_signed_off = summary.is_signed_off or summary.signed_off_utc is not None
    return replace(summary, signed_off_by=None, signed_off_utc=None, is_signed_off=is_signed_off)
