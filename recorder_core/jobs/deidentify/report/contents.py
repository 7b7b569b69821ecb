"""The report beside a de-identified copy: what was done and measured; ``docs/copies.md``.

It names no file, person or place. Reports of earlier versions are read, too: what they do not
say has the default of its field.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, Final

from recorder_core.errors import DataError
from recorder_core.jobs.deidentify.sidecars import sidecar
from recorder_core.jobs.inputs.fingerprints import fingerprint_of, seen_sha256
from recorder_core.jobs.verification.seen_faces import SecondLook
from recorder_core.model.values.json_fields import read_fields
from recorder_core.model.values.json_text import parse_json
from recorder_core.review.moments import DoubtReason

__all__ = [
    "REPORT_VERSION",
    "DeidentifyReport",
    "PsnrDb",
    "RedactionCounts",
    "ReportedCopy",
    "ReportedSource",
    "TrackStretch",
    "known",
]


#: of the reports that this program writes; 1: a report that says no version
REPORT_VERSION: Final = 3
#: up to this version a frame was called a picture
_PICTURES_VERSION: Final = 2
#: so it is still written beside `frames` in these parts, for programs that read such reports
_EARLIER_NAME: Final = "pictures"
_PARTS: Final = ("source", "copy", "redactions")
#: what is said as null; everything else that is not known is left out
_NULL: Final = {"is_null": True}


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportedSource:
    """The file that a copy was made from; a picture has a format, a video the rest."""

    sha256: str
    size_bytes: int | None = None
    format: str | None = None
    codec: str | None = None
    pixel_format: str | None = None
    video_stream: int | None = None
    width: int | None = None
    height: int | None = None
    frames: int | None = None
    #: of the view of the room as it was seen, which was put back before faces were searched
    room_sha256: str | None = None
    #: sentences
    not_carried_over: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        _check_counts(self)

    @property
    def seen_sha256(self) -> str:
        """Of what the job saw."""
        return seen_sha256(self.sha256, self.room_sha256)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportedCopy:
    """The copy."""

    sha256: str
    size_bytes: int | None = None
    codec: str | None = None
    frames: int | None = None
    #: frames that were encoded and not copied
    encoded_frames: int | None = None

    def __post_init__(self) -> None:
        _check_counts(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class RedactionCounts:
    """How much was redacted."""

    regions: int
    #: frames with a region
    frames: int | None = None
    tracks: int | None = None
    #: why -> regions
    by_origin: Mapping[str, int] | None = None
    #: regions
    lifted_by_corrections: int | None = None
    #: ids of corrections that were to lift something and found nothing
    idle_removals: tuple[str, ...] = ()
    #: frames with a region and without a face that a correction left visible
    frames_without_lifted_faces: int | None = None

    def __post_init__(self) -> None:
        _check_counts(self)
        if min((self.by_origin or {}).values(), default=0) < 0:
            raise DataError("redactions.by_origin holds a negative count")


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackStretch:
    """A stretch of time in which one track needs a look."""

    track: int
    #: after the first frame of the copy
    start_seconds: float
    stop_seconds: float
    #: why the track is in doubt
    reason: DoubtReason | None = None
    best_score: float | None = None


@dataclass(frozen=True, slots=True)
class PsnrDb:
    """PSNR-Y outside the redactions."""

    #: of the mean squared error of every frame that was encoded
    mean: float
    #: of the worst of them
    min: float


@dataclass(frozen=True, slots=True, kw_only=True)
class DeidentifyReport:
    """What was done to a video or picture; frames are counted from 0 in presentation order."""

    version: int = 1
    #: name and version of the program
    program: str = ""
    #: fingerprint of source, settings and weights; see `fingerprint_of`
    job: str = ""
    source: ReportedSource
    copy: ReportedCopy
    qp: int | None = field(default=None, metadata=_NULL)
    preset: str | None = field(default=None, metadata=_NULL)
    #: every option; of a video with `view_px` and `frame_span`
    settings: Mapping[str, Any] = field(repr=False)
    #: sentences on options that hide less than usual
    lowered_safety: tuple[str, ...] = ()
    detector: str = ""
    #: SHA-256 of the weights, or the name of a detector that has none
    weights: str | None = None
    #: how many frames the detector ran on
    detection_frames: int | None = None
    redactions: RedactionCounts
    #: ids of the corrections that were applied, in their order
    corrections: tuple[str, ...] = ()
    lifted_faces: tuple[TrackStretch, ...] = ()
    longest_repaired_gap_frames: int | None = None
    longest_repaired_gap_seconds: float | None = None
    repaired_stretches_seconds: tuple[tuple[float, float], ...] = ()
    stretches_without_faces_seconds: tuple[tuple[float, float], ...] = ()
    doubtful_tracks: tuple[TrackStretch, ...] = ()
    second_look: SecondLook = field(default_factory=lambda: SecondLook(0))
    #: spans ``[first, stop)`` that did not decode
    unreadable_frames: tuple[tuple[int, int], ...] = ()
    #: stream, start and stop
    without_audio_seconds: tuple[tuple[int, float, float], ...] = ()
    cut_off: bool = False
    #: frames of the source before the first that can be decoded in full; the copy lacks them
    left_out_frames: int = 0
    #: of a picture one number
    psnr_y_outside_redactions_db: PsnrDb | float | None = field(default=None, metadata=_NULL)
    verified: tuple[str, ...] = ()
    #: what became of each audio stream
    audio: tuple[str, ...] = ()
    times: Mapping[str, Any] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        _check_counts(self)
        if self.version > REPORT_VERSION:
            raise DataError(
                f"the report has version {self.version}, this program reads up to "
                f"{REPORT_VERSION}: update the program"
            )

    @classmethod
    def from_dict(cls, content: object) -> DeidentifyReport:
        """Read the value of a report's JSON.

        Raises
        ------
        DataError
            If it is no report, or of a later version.
        """
        return read_fields(cls, _in_todays_words(content))

    @classmethod
    def from_json(cls, text: str | bytes) -> DeidentifyReport:
        """Read a report's JSON.

        Raises
        ------
        DataError
            If it is no report, or of a later version.
        """
        try:
            return cls.from_dict(parse_json(text))
        except DataError:
            raise
        except ValueError as error:
            # the original error carries the text
            raise DataError("the report is not JSON") from error

    @classmethod
    def of_copy(cls, copy: Path) -> DeidentifyReport:
        """Read the report beside a copy.

        Raises
        ------
        DataError
            If there is none, it is no report, or it is of a later version.
        """
        beside = sidecar(copy, "report")
        try:
            return cls.from_json(beside.read_bytes())
        except OSError as error:
            raise DataError(f"{beside.name} cannot be read ({error.strerror})") from error

    def to_dict(self) -> dict[str, Any]:
        """Return what the report's JSON holds, in the words of today's version."""
        content = _plain(self) | {"version": REPORT_VERSION}
        for part in (content.get(name, {}) for name in _PARTS):
            if "frames" in part:
                part[_EARLIER_NAME] = part["frames"]
        return content

    @property
    def view(self) -> str:
        """X, y, width and height of the view, as a player shows it."""
        return _text(self.settings, "view_px")

    @property
    def frame_span(self) -> range:
        """The frames of the source that the copy has."""
        span = self.settings.get("frame_span")
        if not (isinstance(span, list | tuple) and len(span) == 2):
            raise DataError("settings.frame_span is not two frame indices")
        if not all(type(each) is int and 0 <= each < 2**63 for each in span):
            raise DataError("settings.frame_span is not two frame indices")
        return range(*span)

    @property
    def detector_name(self) -> str:
        """Which detector found the faces."""
        return _text(self.settings, "detector", "name")

    @property
    def method(self) -> str:
        """How faces were redacted."""
        return _text(self.settings, "redaction", "method")

    @property
    def proven_weights_sha256(self) -> str | None:
        """SHA-256 of the weights, where the job's fingerprint proves it, else None."""
        weights = self.weights
        if weights is None or len(weights) != 64:
            return None
        options = {
            name: value
            for name, value in self.settings.items()
            if name not in ("view_px", "frame_span")
        }
        version = self.program.rpartition(" ")[2]
        made = fingerprint_of(options, version, self.source.seen_sha256, weights)
        return weights if made == self.job else None


def known(count: int | None) -> int:
    """Return a number of a report.

    Raises
    ------
    DataError
        If the report does not have it.
    """
    if count is None:
        raise DataError("the report lacks a number that is needed")
    return count


def _in_todays_words(content: object) -> object:
    """Return the values of a report under the names that they have today."""
    if not isinstance(content, Mapping):
        return content
    version = content.get("version", 1)
    is_earlier = isinstance(version, int) and version <= _PICTURES_VERSION
    return {
        _todays_name(name) if is_earlier else name: _todays_part(name, value)
        for name, value in content.items()
    }


def _todays_part(name: object, part: object) -> object:
    if name == "psnr_y_outside_redactions_db" and isinstance(part, Mapping):
        return {"min" if key == "least" else key: value for key, value in part.items()}
    return _renamed(part) if name in _PARTS else part


def _renamed(part: object) -> object:
    if not isinstance(part, Mapping):
        return part
    has_both = "frames" in part
    return {
        _todays_name(name): value
        for name, value in part.items()
        if not (has_both and name == _EARLIER_NAME)
    }


def _todays_name(name: object) -> object:
    if name == "looked_at_pictures":
        return "detection_frames"
    return name.replace("pictures", "frames") if isinstance(name, str) else name


def _plain(report: Any) -> dict[str, Any]:
    """Return a dataclass as JSON types, without what is not known."""
    content = asdict(report)
    for each in fields(report):
        value = getattr(report, each.name)
        if value is None and "is_null" not in each.metadata:
            del content[each.name]
        elif isinstance(value, ReportedSource | ReportedCopy | RedactionCounts):
            content[each.name] = _plain(value)
        elif value and isinstance(value, tuple) and isinstance(value[0], TrackStretch):
            content[each.name] = [_plain(item) for item in value]
    return content


def _check_counts(report: Any) -> None:
    for each in fields(report):
        value = getattr(report, each.name)
        if type(value) is int and value < 0:
            raise DataError(f"{each.name} of the report is negative")


def _text(settings: Mapping[str, Any], *keys: str) -> str:
    value: Any = settings
    for key in keys:
        value = value.get(key) if isinstance(value, Mapping) else None
    if not isinstance(value, str):
        raise DataError(f"settings.{'.'.join(keys)} is not a text")
    return value
