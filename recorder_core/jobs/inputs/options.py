"""The settings of a de-identification, and the fingerprint that names them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from recorder_core.deidentify.redaction import RedactionSettings
from recorder_core.deidentify.tracking import SmoothingSettings
from recorder_core.detect.detector import DetectorSettings
from recorder_core.errors import SettingsError
from recorder_core.jobs.inputs.fingerprints import fingerprint_of
from recorder_core.jobs.inputs.stride import DetectionStride
from recorder_core.media import (
    AUDIO_CHOICES,
    USUAL_MIN_PSNR_Y_DB,
    AudioChoice,
    EncoderSettings,
    encoder_for,
)
from recorder_core.model.values.argument_kinds import check_fields
from recorder_core.model.values.json_fields import read_fields
from recorder_core.version import __version__

__all__ = ["DeidentifyOptions", "DetectOptions", "fingerprint", "plain_options"]


@dataclass(frozen=True, slots=True, kw_only=True)
class DetectOptions:
    """Where and how faces are found."""

    #: ``X,Y,WIDTH,HEIGHT`` or a layout's name; None: the event's room view, else the whole frame
    view: str | None = None
    #: number of the stream in the file; None: the video that a player shows
    video_stream: int | None = None
    detector: DetectorSettings = field(default_factory=DetectorSettings)
    smoothing: SmoothingSettings = field(default_factory=SmoothingSettings)
    stride: DetectionStride = field(default_factory=DetectionStride)
    #: seconds after the first frame; None: from the beginning
    start_seconds: float | None = None
    #: None: to the end
    stop_seconds: float | None = None
    #: take what decodes of a damaged video
    salvage: bool = False

    def __post_init__(self) -> None:
        check_fields(self)
        start, stop = self.start_seconds or 0.0, self.stop_seconds
        if start < 0 or (stop is not None and stop <= start):
            raise SettingsError(
                f"the span from second {start:g} to second {stop:g} is empty: --stop must be later "
                "than --start"
                if stop is not None
                else f"the start at second {start:g} lies before the video"
            )

    @property
    def searched_view(self) -> str:
        """The view, and ``full`` where none was given."""
        return "full" if self.view is None else self.view

    @classmethod
    def from_arguments(cls, arguments: Mapping[str, Any]) -> DetectOptions:
        """Make options from the parsed command line."""
        return cls(**_detect_fields(arguments))


@dataclass(frozen=True, slots=True, kw_only=True)
class DeidentifyOptions(DetectOptions):
    """Everything that decides what a de-identified copy looks like."""

    redaction: RedactionSettings = field(default_factory=RedactionSettings)
    encoder: EncoderSettings = field(default_factory=EncoderSettings)
    #: what becomes of the audio
    audio: AudioChoice = "auto"
    #: length of the pieces that a resumed job does not do again
    segment_seconds: float = 10.0

    def __post_init__(self) -> None:
        DetectOptions.__post_init__(self)
        if self.audio not in AUDIO_CHOICES:
            raise SettingsError(f"audio {self.audio!r} is not one of {', '.join(AUDIO_CHOICES)}")
        if self.encoder.is_limited and self.encoder.min_psnr_y_db != USUAL_MIN_PSNR_Y_DB:
            raise SettingsError(
                "the minimum PSNR-Y (--min-psnr) decides the quantizer and the bit rate; leave "
                "out --qp and --max-bit-rate, or leave out --min-psnr"
            )

    @classmethod
    def from_settings(cls, settings: Mapping[str, Any]) -> DeidentifyOptions:
        """Read the options back from the settings in a report; the place of the weights is none.

        Raises
        ------
        DataError
            If one has another type than it should have.
        SettingsError
            If one cannot be.
        """
        return read_fields(cls, settings, "settings")

    @classmethod
    def from_arguments(cls, arguments: Mapping[str, Any]) -> DeidentifyOptions:
        """Make options from the parsed command line."""
        return cls(
            **_detect_fields(arguments),
            audio=arguments["audio"],
            smoothing=SmoothingSettings.from_threshold(arguments["threshold"]),
            redaction=RedactionSettings.scaled(arguments["redaction_scale"], arguments["method"]),
            encoder=EncoderSettings(
                encoder=encoder_for(arguments["codec"], arguments["encoder"]),
                preset=arguments["preset"],
                threads=arguments["encoder_threads"],
                qp=arguments["qp"],
                max_bit_rate_bps=arguments["max_bit_rate"],
                min_psnr_y_db=arguments["min_psnr"],
            ),
        )


def _detect_fields(arguments: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "view": arguments["view"],
        "video_stream": arguments["video_stream"],
        "detector": DetectorSettings(
            name=arguments["detector"],
            weights=arguments["weights"],
            engine=arguments["engine"],
            long_side_px=arguments["scale"],
        ),
        "stride": DetectionStride(arguments["every"], arguments["batch_size"]),
        "start_seconds": arguments["start"],
        "stop_seconds": arguments["stop"],
        "salvage": arguments["salvage"],
    }


def plain_options(options: DeidentifyOptions) -> dict[str, Any]:
    """Return every option as JSON types, but for the place of the weights."""
    settings = asdict(options) | {"view": options.searched_view}
    settings["detector"].pop("weights")
    return settings


def fingerprint(options: DeidentifyOptions, seen_sha256: str, weights: str) -> str:
    """Return the fingerprint of a job of this program; see `fingerprint_of`.

    Two runs with the same fingerprint plan the same redactions and encode alike, so
    finished segments of one can be used by the other.
    """
    return fingerprint_of(plain_options(options), __version__, seen_sha256, weights)
