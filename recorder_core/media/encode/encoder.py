"""Set up an encoder of H.264 or HEVC so that what it writes can be cut and joined.

It is told what its frames are like, never where they come from. No B frames (decoding order is
presentation order), closed GOPs that begin where they are asked for, no user data, headers that
depend on nothing but the settings and the format of the frames.
"""

from __future__ import annotations

import io
from fractions import Fraction
from typing import Final

import av
import av.error
from av.bitstream import BitStreamFilterContext
from av.codec.codec import UnknownCodecError
from av.codec.context import Flags
from av.container import OutputContainer
from av.video.codeccontext import VideoCodecContext
from av.video.stream import VideoStream

from recorder_core.errors import EncodeError
from recorder_core.media.encode.settings import EncoderSettings
from recorder_core.model import FrameFormat

__all__ = [
    "FINEST_DEFAULT_QP",
    "HEVC_TAG",
    "add_encoder",
    "check_encoder",
    "sei_filter",
    "video_time_base",
]

#: predicted frames of ordinary videos stay above 44 dB with it
FINEST_DEFAULT_QP: Final = 23

#: x264: no GOPs of its own, and parameter sets that do not depend on the frames; each segment
#: starts with a half-full buffer, so that many segments keep to the cap on average
_X264_PARAMS: Final = (
    "scenecut=0:open-gop=0:stitchable=1:nal-hrd=none:vbv-init=0.5"
    # what is promised is measured sample by sample
    ":psy=0"
)
#: preset of the settings -> x264's, and what is added to it (profiling/benches/bench_presets.py)
_X264_PRESETS: Final = {
    "compact": ("superfast", ":subme=6:trellis=1"),
    "live": ("ultrafast", ":cabac=1:deblock=0,0:subme=1"),
}
#: preset of the settings -> x265's
_X265_PRESETS: Final = {"compact": "fast", "live": "ultrafast"}
#: as for x264; what x265 looks ahead is of use under a cap only
_X265_PARAMS: Final = (
    "log-level=error:info=0:bframes=0:scenecut=0:open-gop=0:rc-lookahead=5"
    ":vbv-init=0.5:psy-rd=0:psy-rdoq=0"
)
#: each takes memory, and rows of one frame are encoded side by side, too
_X265_FRAMES_AT_ONCE: Final = 2
#: NAL units of supplemental enhancement information: type 6 of H.264 (ITU-T) table 7-1, types
#: 39 and 40 of H.265 table 7-1. x264 and x265 write their version and settings there; nothing
#: a player needs.
_REMOVE_SEI: Final = {
    "h264": "filter_units=remove_types=6",
    "hevc": "filter_units=remove_types=39-40",
}
#: MP4's name of HEVC whose parameter sets are in the header alone, as players demand it
HEVC_TAG: Final = "hvc1"
_MP4: Final = "mp4"
#: encoders that take no planar frames: PyAV converts to what they take
_TAKEN_FORMATS: Final = {"h264_qsv": "nv12"}
#: keyframes are asked for by the frames' time stamps long before; an encoder's own count of
#: frames decides nothing
_MAX_GOP_FRAMES: Final = 3000
_FULL_RANGE: Final = 2
_PROGRESSIVE: Final = 1


def video_time_base(frame_format: FrameFormat) -> Fraction:
    """Return the time base of segments and MP4 outputs: 1 / (the source's denominator)."""
    return Fraction(1, frame_format.time_base.denominator)


def add_encoder(
    container: OutputContainer,
    frame_format: FrameFormat,
    settings: EncoderSettings,
    *,
    frame_rate: Fraction,
    source_bps: int = 0,
    counts_errors: bool = False,
) -> VideoStream:
    """Add a video stream with an opened encoder to what is being written.

    Parameters
    ----------
    container : OutputContainer
        Of any format. Where it has no header for them, parameter sets lie before each keyframe.
    frame_format : FrameFormat
        Of the frames.
    settings : EncoderSettings
        How they are encoded.
    frame_rate : Fraction
        Nominal, frames per second; what is shown when never depends on it.
    source_bps : int
        Bit rate that an encoder is to keep to if it must be told one; 0: not known.
    counts_errors : bool
        Whether an encoder that can count them says how far each frame is from what it was given.

    Raises
    ------
    EncodeError
        If the encoder cannot be opened on this machine, or cannot hold such a video.
    """
    if settings.codec == "hevc" and frame_format.interlaced:
        raise EncodeError(
            "the video is interlaced, and copies in HEVC hold whole frames only; use --codec h264"
        )
    try:
        stream: VideoStream = container.add_stream(settings.encoder, rate=frame_rate)
        stream.time_base = video_time_base(frame_format)
        codec = stream.codec_context
        codec.time_base, codec.framerate = frame_format.time_base, frame_rate
        _configure(codec, frame_format, settings)
        if counts_errors:  # it takes time, and changes no byte
            codec.flags |= Flags.psnr
        bit_rate_bps = settings.expected_bps(frame_format, frame_rate, source_bps)
        has_header = bool(codec.flags & Flags.global_header)
        codec.options = _options(settings, bit_rate_bps, has_header)
        if settings.codec == "hevc" and container.format.name == _MP4:
            codec.codec_tag = HEVC_TAG
        codec.open()
    except (av.error.FFmpegError, UnknownCodecError) as exc:
        raise EncodeError(
            f"the encoder {settings.encoder} cannot be opened on this machine "
            f"({getattr(exc, 'strerror', None) or 'it is not built in'}); use libx264"
        ) from exc
    return stream


def check_encoder(
    frame_format: FrameFormat,
    settings: EncoderSettings,
    *,
    frame_rate: Fraction,
    source_bps: int = 0,
) -> None:
    """Open the encoder once, before any work is done; parameters as of :func:`add_encoder`.

    Raises
    ------
    EncodeError
        As :func:`add_encoder`.
    """
    with av.open(io.BytesIO(), "w", format=_MP4) as container:
        add_encoder(container, frame_format, settings, frame_rate=frame_rate, source_bps=source_bps)


def _configure(
    codec: VideoCodecContext, frame_format: FrameFormat, settings: EncoderSettings
) -> None:
    codec.width, codec.height = frame_format.width, frame_format.height
    codec.pix_fmt = _TAKEN_FORMATS.get(settings.encoder, frame_format.working_format)
    codec.gop_size = _MAX_GOP_FRAMES
    codec.max_b_frames = 0
    codec.thread_count = settings.threads
    codec.flags |= Flags.closed_gop | Flags.bitexact
    _set_tags(codec, frame_format)


def _set_tags(codec: VideoCodecContext, frame_format: FrameFormat) -> None:
    codec.color_primaries = frame_format.color_primaries
    codec.color_trc = frame_format.color_transfer
    codec.colorspace = frame_format.color_matrix
    codec.color_range = _FULL_RANGE if frame_format.full_range else frame_format.color_range
    codec.sample_aspect_ratio = frame_format.sample_aspect_ratio
    if frame_format.interlaced:
        codec.flags |= Flags.interlaced_dct | Flags.interlaced_me
    else:
        codec.field_order = _PROGRESSIVE


def _options(settings: EncoderSettings, bit_rate_bps: int, has_header: bool) -> dict[str, str]:
    cap = settings.max_bit_rate_bps
    rate = {"maxrate": str(cap), "bufsize": str(cap)} if cap else {}
    qp = str(settings.qp or FINEST_DEFAULT_QP)
    if settings.encoder == "libx264":
        preset, more = _X264_PRESETS.get(settings.used_preset, (settings.used_preset, ""))
        return rate | {
            "preset": preset,
            "crf" if cap else "qp": qp,
            "a53cc": "0",
            "x264-params": _X264_PARAMS + more,
        }
    if settings.encoder == "libx265":
        return rate | {"crf" if cap else "qp": qp} | _x265_options(settings, has_header)
    if settings.encoder == "h264_nvenc":
        quality = {"rc": "vbr", "cq": qp} if cap else {"rc": "constqp", "qp": qp}
        fixed = {"no-scenecut": "1", "strict_gop": "1", "forced-idr": "1", "a53cc": "0"}
        return rate | quality | fixed
    # named by the hardware encoders that do not make every keyframe an IDR frame
    return rate | {"b": str(bit_rate_bps), "forced_idr": "1"}


def _x265_options(settings: EncoderSettings, has_header: bool) -> dict[str, str]:
    preset = _X265_PRESETS.get(settings.used_preset, settings.used_preset)
    threads = settings.threads
    at_once = min(threads, _X265_FRAMES_AT_ONCE)
    workers = f":pools={threads}:frame-threads={at_once}"
    headers = f":repeat-headers={int(not has_header)}"
    fixed = {"forced-idr": "1", "a53cc": "0", "udu_sei": "0"}
    return {"preset": preset, "x265-params": _X265_PARAMS + headers + workers} | fixed


def sei_filter(settings: EncoderSettings) -> BitStreamFilterContext:
    """Return a filter that removes everything but coded slices and parameter sets."""
    return BitStreamFilterContext(_REMOVE_SEI[settings.codec], settings.codec)
