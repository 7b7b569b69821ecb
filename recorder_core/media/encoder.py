"""Set up an H.264 encoder so that what it writes can be cut and joined.

No B pictures (decoding order is presentation order), closed GOPs that begin where they
are asked for, no user data, headers that depend on nothing but the settings and the video.
"""

from __future__ import annotations

import struct
from fractions import Fraction
from typing import Any, Final

import av
import av.error
from av.bitstream import BitStreamFilterContext
from av.codec.codec import UnknownCodecError
from av.codec.context import Flags
from av.container import OutputContainer
from av.packet import Packet
from av.video.codeccontext import VideoCodecContext
from av.video.stream import VideoStream

from recorder_core.errors import EncodeError
from recorder_core.media.info import VideoInfo
from recorder_core.media.settings import EncoderSettings

__all__ = ["FINEST_DEFAULT_QP", "add_encoder", "luma_error", "sei_filter", "video_time_base"]

#: predicted frames of ordinary videos stay above 44 dB with it
FINEST_DEFAULT_QP: Final = 23

#: x264: no GOPs of its own, and parameter sets that do not depend on the pictures; each segment
#: starts with a half-full buffer, so that many segments keep to the cap on average
_X264_PARAMS: Final = (
    "scenecut=0:open-gop=0:stitchable=1:nal-hrd=none:vbv-init=0.5"
    # what is promised is measured sample by sample
    ":psy=0"
)
#: preset of the settings -> x264's, and what is added to it (profiling/bench_presets.py)
_X264_PRESETS: Final = {
    "auto": ("superfast", ""),
    "compact": ("superfast", ":subme=6:trellis=1"),
}
#: NAL unit type 6, supplemental enhancement information: H.264 (ITU-T) table 7-1.
#: x264 writes its version and settings there; nothing a player needs.
_REMOVE_SEI: Final = "filter_units=remove_types=6"
#: keyframes are asked for by the frames' time stamps long before; an encoder's own count of
#: frames decides nothing
_MAX_GOP_FRAMES: Final = 3000
_FULL_RANGE: Final = 2
#: AV_PKT_DATA_QUALITY_STATS of FFmpeg's packet.h: u32le quality, u8 type, u8 number of
#: planes, 2 bytes reserved, then u64le sum of squared errors for each plane
_ERROR_COUNT_OFFSET: Final = 5
_ERRORS_OFFSET: Final = 8
_ERROR: Final = struct.Struct("<Q")
_PROGRESSIVE: Final = 1


def video_time_base(video: VideoInfo) -> Fraction:
    """Return the time base of segments and MP4 outputs: 1 / (the source's denominator)."""
    return Fraction(1, video.time_base.denominator)


def add_encoder(
    container: OutputContainer, video: VideoInfo, settings: EncoderSettings
) -> VideoStream:
    """Add a video stream with an opened encoder to a file that is being written.

    Raises
    ------
    EncodeError
        If the encoder cannot be opened on this machine.
    """
    try:
        stream: VideoStream = container.add_stream(settings.encoder, rate=video.average_frame_rate)
        stream.time_base = video_time_base(video)
        _configure(stream.codec_context, video, settings)
        stream.codec_context.open()
    except (av.error.FFmpegError, UnknownCodecError) as exc:
        raise EncodeError(
            f"the encoder {settings.encoder} cannot be opened on this machine "
            f"({getattr(exc, 'strerror', None) or 'it is not built in'}); use libx264"
        ) from exc
    return stream


def _configure(codec: VideoCodecContext, video: VideoInfo, settings: EncoderSettings) -> None:
    codec.width, codec.height = video.width, video.height
    codec.pix_fmt = video.working_format
    codec.time_base = video.time_base
    codec.framerate = video.average_frame_rate
    codec.gop_size = _MAX_GOP_FRAMES
    codec.max_b_frames = 0
    codec.thread_count = settings.threads
    codec.flags |= Flags.closed_gop | Flags.bitexact | Flags.psnr
    codec.options = _options(video, settings)
    _set_tags(codec, video)


def _set_tags(codec: VideoCodecContext, video: VideoInfo) -> None:
    codec.color_primaries = video.color_primaries
    codec.color_trc = video.color_transfer
    codec.colorspace = video.color_matrix
    codec.color_range = _FULL_RANGE if video.full_range else video.color_range
    codec.sample_aspect_ratio = video.sample_aspect_ratio
    if video.interlaced:
        codec.flags |= Flags.interlaced_dct | Flags.interlaced_me
    else:
        codec.field_order = _PROGRESSIVE


def _options(video: VideoInfo, settings: EncoderSettings) -> dict[str, str]:
    cap = settings.max_bit_rate_bps
    rate = {"maxrate": str(cap), "bufsize": str(cap)} if cap else {}
    qp = str(settings.qp or FINEST_DEFAULT_QP)
    if settings.encoder == "libx264":
        preset, more = _X264_PRESETS.get(settings.preset, (settings.preset, ""))
        return rate | {
            "preset": preset,
            "crf" if cap else "qp": qp,
            "a53cc": "0",
            "x264-params": _X264_PARAMS + more,
        }
    if settings.encoder == "h264_nvenc":
        quality = {"rc": "vbr", "cq": qp} if cap else {"rc": "constqp", "qp": qp}
        fixed = {"no-scenecut": "1", "strict_gop": "1", "forced-idr": "1", "a53cc": "0"}
        return rate | quality | fixed
    # named by the hardware encoders that do not make every keyframe an IDR frame
    return rate | {"b": str(settings.expected_bps(video)), "forced_idr": "1"}


def luma_error(packet: Packet[Any]) -> int | None:
    """Return the sum of squared luma errors of an encoded frame, as its encoder counts it.

    It is at most what a decoder finds, to some hundredths of a decibel; None where the
    encoder does not count.
    """
    for data in packet.iter_sidedata():
        if data.data_type == "quality_stats":
            content = bytes(data)
            planes = content[_ERROR_COUNT_OFFSET]
            return _ERROR.unpack_from(content, _ERRORS_OFFSET)[0] if planes else None
    return None


def sei_filter() -> BitStreamFilterContext:
    """Return a filter that removes everything but picture data and parameter sets."""
    return BitStreamFilterContext(_REMOVE_SEI, "h264")
