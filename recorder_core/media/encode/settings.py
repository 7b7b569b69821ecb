"""How a video is encoded."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import Final, Literal, get_args

from recorder_core.errors import SettingsError
from recorder_core.model import FrameFormat
from recorder_core.model.values.argument_kinds import check_fields

__all__ = [
    "CODEC_NAMES",
    "ENCODER_NAMES",
    "HIGHEST_MIN_PSNR_Y_DB",
    "MAX_QP",
    "MIN_CAP_BPS",
    "MIN_GOP_FRAMES",
    "PRESETS",
    "USUAL_MIN_PSNR_Y_DB",
    "Codec",
    "EncoderName",
    "EncoderSettings",
    "Preset",
    "encoder_for",
]

Codec = Literal["h264", "hevc"]
EncoderName = Literal["libx264", "libx265", "h264_nvenc", "h264_qsv", "h264_v4l2m2m"]
Preset = Literal[
    "auto",
    "compact",
    "live",
    "ultrafast",
    "superfast",
    "veryfast",
    "faster",
    "fast",
    "medium",
    "slow",
    "slower",
    "veryslow",
]
CODEC_NAMES: Final[tuple[Codec, ...]] = get_args(Codec)
ENCODER_NAMES: Final[tuple[EncoderName, ...]] = get_args(EncoderName)
PRESETS: Final[tuple[Preset, ...]] = get_args(Preset)
#: which encoder makes a codec where none is named
_USUAL_ENCODERS: Final[dict[Codec, EncoderName]] = {"h264": "libx264", "hevc": "libx265"}
MAX_QP: Final = 51
#: what every frame of a copy keeps outside the redactions; more than the highest that may be
#: asked for, 8 bits per sample and x264 hardly give
USUAL_MIN_PSNR_Y_DB: Final = 40.0
HIGHEST_MIN_PSNR_Y_DB: Final = 55.0
#: below this a cap would spoil even a still frame
MIN_CAP_BPS: Final = 100_000
#: a GOP has at least so many frames, however sparse they are: a keyframe takes many times
#: the bytes of a predicted frame
MIN_GOP_FRAMES: Final = 4
#: time stamps of Matroska are rounded to this
_ROUNDING_SECONDS: Final = Fraction(1, 1000)
#: what a frame takes at most in practice, for messages about a full disk
_BITS_PER_PIXEL: Final = 0.1


def encoder_for(codec: Codec | None, encoder: EncoderName | None) -> EncoderName:
    """Return the encoder for what a person asked for; libx264 where nothing.

    Raises
    ------
    SettingsError
        If the encoder makes another codec.
    """
    chosen = encoder or _USUAL_ENCODERS[codec or "h264"]
    made = EncoderSettings(encoder=chosen).codec
    if codec not in (None, made):
        raise SettingsError(
            f"the encoder {chosen} makes {made}, not {codec}; leave out --encoder or --codec"
        )
    return chosen


@dataclass(frozen=True, slots=True)
class EncoderSettings:
    """Settings of the encoder.

    The same settings and frames give the same bytes with one thread. With more, x264's
    buffer control reads how far its other threads have come, so that bytes differ from run
    to run wherever the cap on the bit rate acts; what is redacted does not.
    """

    encoder: EncoderName = "libx264"
    #: of libx264 and libx265, speed against size; ``compact`` decides by rate and distortion
    #: (libx264's superfast so changed, libx265's fast), ``auto`` is superfast or, where
    #: :func:`choose_quantizer` finds that it would need too many bits, compact; ``live`` is the
    #: quickest that keeps the entropy coding and the deblocking that ultrafast leaves out
    preset: Preset = "auto"
    #: quantizer of predicted frames, 1 best to 51 worst; None: measured, see `choose_quantizer`
    qp: int | None = None
    #: what the measured quantizer keeps in every frame outside the redactions
    min_psnr_y_db: float = USUAL_MIN_PSNR_Y_DB
    #: cap in bits per second, which may cost quality; None: no cap
    max_bit_rate_bps: int | None = None
    #: time from keyframe to keyframe, by the frames' own time stamps
    gop_seconds: float = 1.0
    #: fixed, because the bytes depend on it; 1 makes them reproducible under the cap, too
    threads: int = 4

    def __post_init__(self) -> None:
        check_fields(self)
        if self.encoder not in ENCODER_NAMES:
            raise SettingsError(
                f"there is no encoder {self.encoder!r}; choose one of {', '.join(ENCODER_NAMES)}"
            )
        if self.preset not in PRESETS:
            raise SettingsError(
                f"there is no preset {self.preset!r}; choose one of {', '.join(PRESETS)}"
            )
        if self.qp is not None and not 1 <= self.qp <= MAX_QP:
            raise SettingsError(f"the quantizer is {self.qp}, but must lie between 1 and {MAX_QP}")
        self._check_quality()
        if not 0 < self.gop_seconds < math.inf:
            raise SettingsError(
                f"the keyframe interval is {self.gop_seconds} s, but must be above 0"
            )
        if self.threads < 1:
            raise SettingsError(f"the number of threads is {self.threads}; it must be at least 1")
        if self.max_bit_rate_bps is not None and self.max_bit_rate_bps < MIN_CAP_BPS:
            raise SettingsError(
                f"a cap of {self.max_bit_rate_bps} bits per second is too low even for a still "
                f"frame; give at least {MIN_CAP_BPS}"
            )

    def _check_quality(self) -> None:
        if not USUAL_MIN_PSNR_Y_DB <= self.min_psnr_y_db <= HIGHEST_MIN_PSNR_Y_DB:
            raise SettingsError(
                f"the minimum PSNR-Y is {self.min_psnr_y_db:g} dB, but must lie between "
                f"{USUAL_MIN_PSNR_Y_DB:g} and {HIGHEST_MIN_PSNR_Y_DB:g}"
            )

    @property
    def used_preset(self) -> Preset:
        """What encodes: superfast where `auto` was not made compact."""
        return "superfast" if self.preset == "auto" else self.preset

    @property
    def has_presets(self) -> bool:
        """Whether the encoder works by one of these presets."""
        return self.encoder in ("libx264", "libx265")

    @property
    def holds_quantizer(self) -> bool:
        """Whether the encoder can be told a quantizer."""
        return self.encoder in ("libx264", "libx265", "h264_nvenc")

    @property
    def counts_errors(self) -> bool:
        """Whether the encoder says how far each frame is from its source."""
        return self.encoder == "libx264"

    @property
    def codec(self) -> Codec:
        """What the encoder makes, by FFmpeg's name."""
        return "hevc" if self.encoder == "libx265" else "h264"

    @property
    def is_limited(self) -> bool:
        """Whether the user decided about quality or bit rate."""
        return self.qp is not None or self.max_bit_rate_bps is not None

    def expected_bps(
        self, frame_format: FrameFormat, frame_rate: Fraction, source_bps: int = 0
    ) -> int:
        """Return about the bit rate of what is encoded, for encoders that must be told one.

        Parameters
        ----------
        frame_format : FrameFormat
            Of the frames.
        frame_rate : Fraction
            Frames per second.
        source_bps : int
            Bit rate of what they were decoded from; 0: not known.
        """
        pixels = frame_format.width * frame_format.height
        usual = pixels * float(frame_rate) * _BITS_PER_PIXEL
        return self.max_bit_rate_bps or max(source_bps, round(usual), MIN_CAP_BPS)

    def begins_gop(self, frames: int, seconds: Fraction) -> bool:
        """Return whether a frame begins a closed GOP, by its own time stamp.

        Parameters
        ----------
        frames : int
            How many frames the GOP before it has.
        seconds : Fraction
            From the first frame of that GOP to this one.
        """
        return frames >= MIN_GOP_FRAMES and seconds >= self._gop_time

    def gop_frames(self, frame_rate: Fraction) -> int:
        """Return how many frames a GOP has at a constant rate, frames per second."""
        return max(MIN_GOP_FRAMES, math.ceil(self._gop_time * frame_rate))

    @property
    def _gop_time(self) -> Fraction:
        return Fraction(self.gop_seconds) - _ROUNDING_SECONDS
