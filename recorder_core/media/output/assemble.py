"""Join encoded pieces and the source's audio into one file, without re-encoding.

Nothing but frames, audio and what a player needs is written: no metadata of the
container or of its streams, no chapters, no subtitles, no data streams, no cover
frames.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from fractions import Fraction
from operator import itemgetter
from pathlib import Path
from typing import Any, Final, TypeAlias

import av
from av.audio.stream import AudioStream
from av.container import InputContainer, OutputContainer
from av.packet import Packet
from av.video.stream import VideoStream

from recorder_core.errors import DecodeError, EncodeError
from recorder_core.media.audio.conversion import (
    AudioConverter,
    AudioCopier,
    add_converted_audio,
)
from recorder_core.media.audio.packets import audio_packets
from recorder_core.media.audio.plan import (
    CONTAINERS,
    AudioChoice,
    AudioPlan,
    add_copied_audio,
    plan_audio,
)
from recorder_core.media.container.info import MediaInfo
from recorder_core.media.container.probe import open_media, video_stream
from recorder_core.media.encode.encoder import HEVC_TAG, video_time_base
from recorder_core.media.ffmpeg_errors import reading, writing
from recorder_core.media.index.frame_index import FrameIndex
from recorder_core.media.output.parameter_sets import parameter_sets

__all__ = ["Part", "assemble", "audio_options", "audio_tracks"]

_MAX_TIMESCALE: Final = (1 << 31) - 1
#: seconds at which a packet is decoded, and the packet
_Timed: TypeAlias = "tuple[float, Packet[Any]]"


@dataclass(frozen=True, slots=True)
class Part:
    """Consecutive GOPs of a segment or of an earlier output.

    Packets are counted from the file's first frame, ``[first, stop)``; ``first``
    is a keyframe.
    """

    path: Path = field(repr=False)
    first: int = 0
    #: None: to the end
    stop: int | None = None
    #: it is an earlier copy, with the copy's time stamps; segments have the source's
    is_copy: bool = False


def _starts_at_zero(output: Path) -> bool:
    """Return whether a container cannot hold time stamps before zero."""
    return CONTAINERS[output.suffix.lower()] == "matroska"


def audio_options(output: Path, index: FrameIndex) -> dict[str, Any]:
    """Return which packets of the source's audio a copy holds; see `audio_packets`."""
    return {
        "tolerant": index.cut_off,
        "from_zero": _starts_at_zero(output),
        "span_seconds": index.audio_seconds,
        "shift_seconds": index.shift_seconds,
        "clock": index.clock,
    }


def audio_tracks(source: InputContainer, plans: Sequence[AudioPlan]) -> list[AudioStream]:
    """Return the audio streams of an opened source that a plan is about."""
    wanted = {plan.stream_index for plan in plans}
    return [track for track in source.streams.audio if track.index in wanted]


def assemble(
    parts: Sequence[Part],
    info: MediaInfo,
    index: FrameIndex,
    output: Path,
    audio: AudioChoice = "auto",
) -> None:
    """Write one file from encoded parts and the audio streams of the source.

    Parameters
    ----------
    parts : sequence of Part
        In order; together one packet for each frame of `index`.
    info, index : MediaInfo, FrameIndex
        Of the source: its time stamps, tags and audio are kept.
    output : Path
        A temporary name (see :func:`~recorder_core.media.finished_file`) that ends
        in .mp4, .mov or .mkv; its time base is the source's, except in .mkv, which
        holds milliseconds.
    audio : str
        What becomes of the audio, as :func:`~recorder_core.media.plan_audio` says.

    Raises
    ------
    DecodeError
        If a part or the source's audio cannot be read.
    EncodeError
        If the parts do not belong together, frames are missing, or the file
        cannot be written; no file is left then.
    """
    plans = plan_audio(output, info, audio, index.audio_changes)
    needed = sum(path.stat().st_size for path in {part.path for part in parts})
    with writing(output, needed), ExitStack() as resources:
        source = resources.enter_context(open_media(info.file))
        template = resources.enter_context(open_media(parts[0].path))
        muxer = CONTAINERS[output.suffix.lower()]
        container = resources.enter_context(_open_output(output, info))
        video = _add_video(container, video_stream(template), info, muxer)
        options = audio_options(output, index)
        for _, packet in heapq.merge(
            _video_packets(parts, info, index, video),
            _audio_packets(source, info, container, plans, options),
            key=itemgetter(0),
        ):
            container.mux_one(packet)


def _open_output(output: Path, info: MediaInfo) -> OutputContainer:
    muxer = CONTAINERS[output.suffix.lower()]
    options = {"fflags": "+bitexact"}
    if muxer != "matroska":
        scale = video_time_base(info.video.format).denominator
        # the start of each track is counted in these units
        common = math.lcm(scale, *(track.sample_rate_hz for track in info.audio))
        options |= {
            "movflags": "+faststart",
            "video_track_timescale": str(scale),
            "movie_timescale": str(common if common <= _MAX_TIMESCALE else scale),
        }
    return av.open(f"file:{output}", "w", format=muxer, container_options=options)


def _add_video(
    container: OutputContainer, template: VideoStream | None, info: MediaInfo, muxer: str
) -> VideoStream:
    if template is None:
        raise EncodeError("the first part holds no video")
    stream = container.add_stream_from_template(template, opaque=True)
    stream.time_base = video_time_base(info.video.format)
    if muxer != "matroska" and template.name == "hevc":
        # the muxer would take another tag, for parameter sets among the frames
        stream.codec_context.codec_tag = HEVC_TAG
    stream.codec_context.framerate = info.video.average_frame_rate
    if info.video.format.display_matrix is not None:
        stream.set_display_matrix(info.video.format.display_matrix)
    return stream


def _video_packets(
    parts: Sequence[Part], info: MediaInfo, index: FrameIndex, stream: VideoStream
) -> Iterator[_Timed]:
    base, place = info.video.time_base, 0
    unit_seconds = float(base)
    times, durations = index.pts.tolist(), index.durations.tolist()
    for packet, part, own in _copied(parts):
        if place < len(times):
            shift = index.shift_pts if part.is_copy else info.video.origin_pts
            if not _is_at(packet.pts, own, times[place] - shift, base):
                raise EncodeError(f"the part for frame {place} is out of place; encode it again")
            packet.stream, packet.time_base = stream, base
            packet.pts = packet.dts = times[place] - index.shift_pts
            packet.duration = durations[place]
            yield packet.dts * unit_seconds, packet
        place += 1
    if place != len(times):
        raise EncodeError(f"the parts hold {place} frames, but the source has {len(times)}")


def _is_at(pts: int | None, own: Fraction, wanted_pts: int, base: Fraction) -> bool:
    """Return whether a time in units of `own` is a time in units of `base`, to half a unit."""
    if pts is None:
        return False
    # whole numbers: fractions would cost more than all of the joining
    unit = own.numerator * base.denominator
    return 2 * abs(pts * unit - wanted_pts * base.numerator * own.denominator) <= unit


def _copied(parts: Sequence[Part]) -> Iterator[tuple[Packet[Any], Part, Fraction]]:
    """Yield each packet, the part that it is from, and the unit of its time stamps."""
    headers: bytes | None = None
    for part in parts:
        with reading(part.path), open_media(part.path) as container:
            stream = video_stream(container)
            if stream is None:
                raise DecodeError(f"{part.path.name} holds no video")
            headers = headers or parameter_sets(stream)
            if parameter_sets(stream) != headers:
                raise EncodeError(
                    f"{part.path.name} was encoded with other settings than the parts before it"
                )
            own = stream.time_base or Fraction(1)
            for packet in _selected(container, stream, part):
                yield packet, part, own


def _selected(container: InputContainer, stream: VideoStream, part: Part) -> Iterator[Packet[Any]]:
    count = 0
    for packet in container.demux(stream):
        if packet.size == 0 or (part.stop is not None and count >= part.stop):
            break
        if count == part.first and not packet.is_keyframe:
            raise EncodeError(f"frame {count} of {part.path.name} is not a keyframe")
        if count >= part.first:
            yield packet
        count += 1
    if part.stop is not None and count != part.stop:
        raise EncodeError(f"{part.path.name} holds {count} frames, not {part.stop}")


def _audio_packets(
    source: InputContainer,
    info: MediaInfo,
    container: OutputContainer,
    plans: Sequence[AudioPlan],
    options: dict[str, Any],
) -> Iterator[_Timed]:
    """Add the audio streams to the container, and return their packets, copied or converted."""
    tracks = audio_tracks(source, plans)
    span = options["span_seconds"]
    begins_later = span is not None and span[0] is not None
    writers = {
        track.index: _audio_writer(container, track, plan, has_run_in=not begins_later)
        for plan, track in zip(plans, tracks, strict=True)
    }

    def packets() -> Iterator[Packet[Any]]:
        for packet in audio_packets(source, tracks, **options):
            yield from writers[packet.stream_index].convert(packet)
        for writer in writers.values():
            yield from writer.finish()

    return _timed(packets(), info)


def _audio_writer(
    container: OutputContainer, track: AudioStream, plan: AudioPlan, *, has_run_in: bool
) -> AudioCopier | AudioConverter:
    if plan.encoder is None:
        delay_samples = plan.run_in_samples if has_run_in else 0
        return AudioCopier(add_copied_audio(container, track, delay_samples))
    return AudioConverter(track, add_converted_audio(container, track, plan.encoder))


def _timed(packets: Iterator[Packet[Any]], info: MediaInfo) -> Iterator[_Timed]:
    with reading(info.file):
        for packet in packets:
            yield float((packet.dts or 0) * (packet.time_base or Fraction(0))), packet
