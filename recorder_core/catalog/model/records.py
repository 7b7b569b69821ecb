"""One frozen dataclass per table; field names are the column names.

All texts here are codes or ids (see :mod:`recorder_core.catalog.model.codes`). Sealed bytes
are opaque: they come from the archive's keys and are opened outside the catalog.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Literal

from recorder_core.catalog.model.codes import check_code, check_hash, check_user_id
from recorder_core.catalog.model.life import EventState
from recorder_core.catalog.model.profiles import Profile
from recorder_core.errors import CatalogError
from recorder_core.model import Correction, CorrectionAction, Keyframe

__all__ = [
    "CorrectionRecord",
    "DetectionsSummary",
    "Event",
    "EventDevice",
    "EventFile",
    "Grant",
    "Job",
    "JobState",
    "Marker",
    "RecipientKind",
    "RetentionRule",
    "Review",
    "Screenshot",
    "SealedKey",
    "SealedRecord",
    "Signal",
    "StateChange",
    "User",
]

JobState = Literal["queued", "running", "done", "failed", "cancelled", "interrupted"]
RecipientKind = Literal["user", "profile", "recovery"]
#: before so much is done, start-up weighs more than the work
_PROGRESS_TO_JUDGE: Final = 0.02


def _check_span(start_seconds: float, stop_seconds: float | None) -> None:
    stop = start_seconds if stop_seconds is None else stop_seconds
    if not 0 <= start_seconds <= stop < math.inf:
        raise CatalogError(f"the span [{start_seconds}, {stop_seconds}) s is not a time span")


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One recorded procedure, without any name."""

    event_id: str
    site_code: str
    procedure_code: str
    state: EventState
    #: wall clock at second 0 of the event
    started_utc: datetime
    #: start plus the monotonic duration, so it is right when the wall clock was set meanwhile
    stopped_utc: datetime | None = None
    #: from second 0 to the end, by the monotonic clock
    duration_seconds: float | None = None
    #: wall clock at the end minus `stopped_utc`: what somebody or NTP set it by between start and
    #: end; None: by nothing, or nobody looked at it at the end
    clock_step_seconds: float | None = None
    #: False while recording and after a crash that cut the recording off
    is_complete: bool = False

    def __post_init__(self) -> None:
        check_code(self.event_id, "event_id")
        check_code(self.site_code, "site_code")
        check_code(self.procedure_code, "procedure_code")


@dataclass(frozen=True, slots=True, kw_only=True)
class StateChange:
    """One step in the life of an event."""

    event_id: str
    state: EventState
    changed_utc: datetime
    changed_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EventFile:
    """One encrypted file of an event; its name on disk is `file_id`."""

    file_id: str
    event_id: str
    #: what it holds: original, deidentified, signals, screenshot, ...
    role: str
    size_bytes: int
    #: of the encrypted file
    sha256: str
    segment_count: int
    created_utc: datetime
    #: False while it is being recorded, and after a crash; size, hash and segments say nothing then
    is_complete: bool = True
    #: ids of the keys that open it, sorted, with spaces between; empty where nobody noted them
    readers: str = ""

    def __post_init__(self) -> None:
        check_code(self.file_id, "file_id")
        check_code(self.role, "role")
        check_hash(self.sha256, "sha256")
        if self.size_bytes < 0 or self.segment_count < 0:
            raise CatalogError("a file's size and segment count cannot be negative")


@dataclass(frozen=True, slots=True, kw_only=True)
class EventDevice:
    """One device that recorded an event; its serial number is in a sealed record."""

    device_id: str
    event_id: str
    #: what it is: laparoscope, monitor, room-camera, ...
    kind: str
    #: code of the model
    model: str | None = None
    #: None for a device without video, or where nobody counted
    frames_recorded: int | None = None
    #: frames that the device should have given and that never came
    frames_dropped: int | None = None
    #: frames that were shown again because no new one had come
    frames_repeated: int | None = None
    author: str
    created_utc: datetime

    def __post_init__(self) -> None:
        check_code(self.kind, "the kind of a device")
        if self.model is not None:
            check_code(self.model, "the model of a device")
        counts = (self.frames_recorded, self.frames_dropped, self.frames_repeated)
        if any(count is not None and count < 0 for count in counts):
            raise CatalogError("the number of frames of a device cannot be negative")


@dataclass(frozen=True, slots=True, kw_only=True)
class Marker:
    """A named moment (no stop) or time span inside an event."""

    marker_id: str
    event_id: str
    kind: str
    #: from the start of the event
    start_seconds: float
    stop_seconds: float | None = None
    author: str
    created_utc: datetime

    def __post_init__(self) -> None:
        check_code(self.kind, "kind")
        _check_span(self.start_seconds, self.stop_seconds)


@dataclass(frozen=True, slots=True, kw_only=True)
class Screenshot:
    """One still picture, and where in the recording it was taken."""

    screenshot_id: str
    event_id: str
    file_id: str
    frame_index: int
    #: in the time base of the recording's pts index
    pts: int
    at_seconds: float
    author: str
    created_utc: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal:
    """One signal of an event; its samples are in the file."""

    signal_id: str
    event_id: str
    file_id: str
    name: str
    unit: str
    #: None for samples at irregular times
    rate_hz: float | None
    sample_count: int
    start_seconds: float
    stop_seconds: float
    gap_count: int
    gap_seconds: float

    def __post_init__(self) -> None:
        check_code(self.name, "name")
        _check_span(self.start_seconds, self.stop_seconds)


@dataclass(frozen=True, slots=True, kw_only=True)
class DetectionsSummary:
    """What one run of a detector found and how it was redacted."""

    summary_id: str
    event_id: str
    detector: str
    weights_sha256: str
    method: str
    frames_checked: int
    box_count: int
    track_count: int
    repaired_box_count: int
    longest_repaired_gap_frames: int
    created_utc: datetime

    def __post_init__(self) -> None:
        check_code(self.detector, "detector")
        check_code(self.method, "method")
        check_hash(self.weights_sha256, "weights_sha256")


@dataclass(frozen=True, slots=True, kw_only=True)
class CorrectionRecord:
    """A person's change to what is redacted; never changed, only undone by another row."""

    correction_id: int
    event_id: str
    action: CorrectionAction
    #: -1 when the correction is about a place, not a track
    track: int
    #: (frame_index, x0, y0, x1, y1), pixels of the source frame, right and bottom exclusive
    keyframes: tuple[tuple[int, float, float, float, float], ...]
    author: str
    created_utc: datetime
    #: id of the correction that this row takes back
    undoes: int | None = None

    def correction(self, notes: Sequence[str] = ()) -> Correction:
        """Return the correction, as the renderer and people's programs read it.

        Parameters
        ----------
        notes : sequence of str, optional
            What the person wrote to each keyframe, from the sealed record.
        """
        keyframes = tuple(
            Keyframe(frame, (x0, y0, x1, y1), note)
            for (frame, x0, y0, x1, y1), note in zip(
                self.keyframes, notes or [""] * len(self.keyframes), strict=True
            )
        )
        written = self.created_utc.isoformat()
        key = str(self.correction_id)
        return Correction(key, self.action, keyframes, self.track, self.author, written)


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """How far the review of an event has come, and who signed it off."""

    event_id: str
    reviewer: str
    #: frame at which the reviewer stopped
    position_frame: int
    frames_seen: int
    updated_utc: datetime
    signed_off_by: str | None = None
    signed_off_utc: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """A person who may log in; the person's name is in `sealed_name`."""

    user_id: str
    profile: Profile
    public_key: bytes
    #: private key wrapped under the password, with the parameters of that wrapping
    wrapped_private_key: bytes = field(repr=False)
    sealed_name: bytes = field(default=b"", repr=False)
    is_disabled: bool = False
    created_utc: datetime
    #: checks what the user signs; empty before the first sign-in with a program that signs
    verify_key: bytes = b""

    def __post_init__(self) -> None:
        check_user_id(self.user_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedKey:
    """The key of one kind of file of an event, sealed to one recipient."""

    event_id: str
    #: which files it opens: original, deidentified, identity, ...
    key_name: str
    recipient_kind: RecipientKind
    #: user id, profile or "recovery"
    recipient: str
    sealed: bytes = field(repr=False)

    def __post_init__(self) -> None:
        check_code(self.key_name, "key_name")
        check_code(self.recipient, "recipient")


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedRecord:
    """Encrypted text of an event: who it is about, or a note to a marker or correction."""

    event_id: str
    #: identity, or marker:ID, correction:ID, device:ID, screenshot:ID
    record_name: str
    sealed: bytes = field(repr=False)
    updated_utc: datetime

    def __post_init__(self) -> None:
        check_code(self.record_name, "record_name")


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """Who was given which key of an event, by whom, and when it was taken back."""

    grant_id: int
    event_id: str
    key_name: str
    recipient_kind: RecipientKind
    recipient: str
    granted_by: str
    granted_utc: datetime
    revoked_by: str | None = None
    revoked_utc: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One piece of background work."""

    job_id: str
    kind: str
    event_id: str | None
    #: interrupted: its process ended without saying how the job did
    state: JobState
    #: in [0, 1]
    progress: float
    #: process that runs it, or waits to: host:boot:pid:start
    worker: str | None
    #: class name of the error, never its message
    error_class: str | None
    #: what to do besides the kind: JSON of names and booleans
    settings: str = "{}"
    created_by: str
    created_utc: datetime
    started_utc: datetime | None = None
    heartbeat_utc: datetime | None = None
    finished_utc: datetime | None = None
    #: who wants it to stop; it does at its next step
    stopped_by: str | None = None
    #: JSON of what it found that a person should know, without names; each kind says its own
    result: str = "{}"

    def __post_init__(self) -> None:
        check_code(self.kind, "kind")

    @property
    def seconds_left(self) -> float | None:
        """How long a running job takes from its last sign of life on; None if not known yet."""
        if self.state != "running" or not (self.started_utc and self.heartbeat_utc):
            return None
        if self.progress < _PROGRESS_TO_JUDGE:
            return None
        so_far = (self.heartbeat_utc - self.started_utc).total_seconds()
        return so_far * (1.0 - self.progress) / self.progress


@dataclass(frozen=True, slots=True, kw_only=True)
class RetentionRule:
    """How long a site keeps its events. The default keeps everything and warns never."""

    #: site, or "default" for all without a rule of their own
    site_code: str = "default"
    #: deletion before this age needs a reason that overrides the rule
    minimum_days: int = 0
    #: age from which the event is listed as due; None: never
    warn_after_days: int | None = None
    #: whether a job may delete what is due without asking; a site must choose this
    deletes_itself: bool = False

    def __post_init__(self) -> None:
        check_code(self.site_code, "site_code")
        if self.minimum_days < 0 or (self.warn_after_days or 0) < 0:
            raise CatalogError("retention is given in days, 0 or more")
        due = self.warn_after_days
        if self.deletes_itself and (due is None or due < self.minimum_days):
            raise CatalogError(
                f"a rule that deletes must say after how many days, and not before the "
                f"{self.minimum_days} days for which events are kept"
            )
