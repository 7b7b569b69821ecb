"""Compare a finished copy with its source, without decoding all of it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import av.error
import numpy as np
from av.audio.codeccontext import AudioCodecContext
from av.audio.stream import AudioStream
from av.bitstream import BitStreamFilterContext
from av.container import InputContainer
from av.packet import Packet
from numpy.typing import NDArray

from recorder_core.errors import RedactionIncomplete
from recorder_core.media.audio.packets import audio_packets
from recorder_core.media.audio.plan import AudioChoice, AudioPlan, plan_audio
from recorder_core.media.container.info import MediaInfo, VideoInfo
from recorder_core.media.container.probe import audio_streams, open_media, probe, video_stream
from recorder_core.media.container.sample_depth import lost_bits
from recorder_core.media.encode.settings import Codec
from recorder_core.media.ffmpeg_errors import reading
from recorder_core.media.files.media_file import MediaFile
from recorder_core.media.index.frame_index import FrameIndex
from recorder_core.media.output.assemble import audio_options, audio_tracks
from recorder_core.model import FrameFormat

__all__ = ["verify_output"]

#: of copies of more than 8 bits per sample
_DEEP_FORMAT: Final = "yuv420p10le"
#: tags that a muxer writes by itself, and what they may say; None: anything
_OWN_TAGS: Final[dict[str, set[str] | None]] = {
    "major_brand": None,
    "minor_version": None,
    "compatible_brands": None,
    "duration": None,
    "language": {"und", "eng"},
    "handler_name": {"VideoHandler", "SoundHandler"},
    "vendor_id": {"[0][0][0][0]", "FFMP"},
    "encoder": {"Lavf"},
}
#: audio may start this much beside its place: MKV counts milliseconds
_AUDIO_START_SECONDS: Final = 0.001
#: converted audio may end so much beside its place, and begin so much early: one packet of
#: AAC at 8 kHz, which is silence there
_CONVERTED_EDGE_SECONDS: Final = 0.15


@dataclass(slots=True)
class _Track:
    """What one audio stream holds."""

    #: None: nothing was read yet
    start: Fraction | None = None
    stop: Fraction = Fraction(0)
    digest: hashlib._Hash = field(default_factory=hashlib.sha256)

    @property
    def start_seconds(self) -> float:
        """When it begins."""
        return float(self.start or 0)

    @property
    def stop_seconds(self) -> float:
        """When what is decoded of it ends."""
        return float(self.stop)

    def add(self, packet: Packet[Any], framing: BitStreamFilterContext) -> None:
        """Add the bytes of a packet as they are."""
        if self.start is None and packet.pts is not None and packet.time_base:
            self.start = packet.pts * packet.time_base
        for plain in framing.filter(packet):
            self.digest.update(plain)

    def hear(self, decoder: AudioCodecContext, packet: Packet[Any] | None) -> None:
        """Add the times of what a packet decodes to; one that cannot be decoded is skipped."""
        try:
            frames = decoder.decode(packet)
        except av.error.InvalidDataError:
            return
        for frame in frames:
            if frame.pts is None or frame.time_base is None:
                continue
            begins = frame.pts * frame.time_base
            self.start = begins if self.start is None else self.start
            self.stop = max(self.stop, begins + Fraction(frame.samples, frame.sample_rate))


def verify_output(
    output: Path,
    info: MediaInfo,
    index: FrameIndex,
    audio: AudioChoice = "auto",
    codec: Codec = "h264",
) -> None:
    """Check that a copy has the source's frames, times, tags and audio, and nothing else.

    Parameters
    ----------
    output : Path
        The file that :func:`~recorder_core.media.assemble` wrote.
    info, index : MediaInfo, FrameIndex
        Of the source.
    audio : str
        What became of the audio, as :func:`~recorder_core.media.assemble` was told.
    codec : str
        What the video was to become.

    Raises
    ------
    RedactionIncomplete
        At the first difference; the message names it.
    DecodeError
        If the output cannot be read.
    """
    copy = probe(output)
    if copy.video.codec != codec:
        raise _differs("codec", copy.video.codec, f"to become {codec}")
    pixel_format, sample_bits = copy.video.format.pixel_format, info.video.format.sample_bits
    if (pixel_format == _DEEP_FORMAT) != (sample_bits > 8):
        raise _differs("format", pixel_format, f"{sample_bits} bits per sample")
    _compare_formats(copy.video.format, info.video.format)
    _compare_times(output, copy.video, info.video, index)
    plans = plan_audio(output, info, audio, index.audio_changes)
    _compare_audio(output, info, index, plans)
    _refuse_metadata(copy)


def _differs(what: str, copy: object, source: object) -> RedactionIncomplete:
    return RedactionIncomplete(f"the copy's {what} is {copy}, the source's {source}")


def _compare_formats(copy: FrameFormat, source: FrameFormat) -> None:
    for name in (
        "width",
        "height",
        "display_matrix",
        "color_primaries",
        "color_transfer",
        "color_matrix",
        "full_range",
        "sample_aspect_ratio",
    ):
        if getattr(copy, name) != getattr(source, name):
            raise _differs(name.replace("_", " "), getattr(copy, name), getattr(source, name))


def _compare_times(output: Path, copy: VideoInfo, source: VideoInfo, index: FrameIndex) -> None:
    pts, end = _packet_times(output)
    if len(pts) != len(index):
        raise _differs("number of frames", len(pts), len(index))
    ratio = source.time_base / copy.time_base
    expected = index.pts - index.shift_pts
    wrong = _apart(pts, expected, ratio)
    if wrong.any():
        place = int(np.argmax(wrong))
        raise _differs(
            f"timestamp of frame {place}",
            f"{copy.seconds(int(pts[place])):.4f} s",
            f"{source.seconds(int(expected[place])):.4f} s",
        )
    last = int(expected[-1] + index.durations[-1])
    # where the copy's units are coarser, the last time stamp and duration are both rounded
    slack = Fraction(0) if ratio.denominator == 1 else copy.time_base
    if abs(end * copy.time_base - last * source.time_base) > slack:
        raise _differs("end", f"{copy.seconds(end):.4f} s", f"{source.seconds(last):.4f} s")


def _apart(
    pts: NDArray[np.int64], expected: NDArray[np.int64], ratio: Fraction
) -> NDArray[np.bool_]:
    """Return where `pts` is not `expected` in the coarser or finer units of the copy."""
    wrong: NDArray[np.bool_] = (
        2 * np.abs(pts * ratio.denominator - expected * ratio.numerator) > ratio.denominator
    )
    return wrong


def _packet_times(path: Path) -> tuple[NDArray[np.int64], int]:
    """Return the pts of every packet that a player shows, and the end of the last frame."""
    pts: list[int] = []
    end = 0
    with reading(path), open_media(path) as container:
        for packet in container.demux(video_stream(container)):
            if packet.size and not packet.is_discard:
                pts.append(packet.pts if packet.pts is not None else -1)
                end = pts[-1] + (packet.duration or 0)
    return np.asarray(pts, np.int64), end


def _compare_audio(
    output: Path, info: MediaInfo, index: FrameIndex, plans: Sequence[AudioPlan]
) -> None:
    options = audio_options(output, index)
    with reading(info.file), open_media(info.file) as source:
        tracks = audio_tracks(source, plans)
        read = zip(plans, _read_audio(source, tracks, plans, **options), strict=True)
    wanted = list(read)
    # MP4 has no stream of which no packet was written
    heard = [(plan, track) for plan, track in wanted if track.start is not None]
    with reading(output), open_media(output) as copy:
        kept = audio_streams(copy)
        expected = heard if len(kept) == len(heard) else wanted
        if len(kept) != len(expected):
            raise _differs("number of audio streams", len(kept), len(expected))
        found = _read_audio(copy, kept, [plan for plan, _ in expected])
    for (plan, theirs), ours in zip(expected, found, strict=True):
        _compare_track(plan, ours, theirs)


def _compare_track(plan: AudioPlan, copy: _Track, source: _Track) -> None:
    name = f"audio stream {plan.stream_index}"
    start, early = source.start_seconds, _AUDIO_START_SECONDS
    if plan.encoder is None:
        if copy.digest.digest() != source.digest.digest():
            raise RedactionIncomplete(f"{name} of the copy is not the source's")
    else:
        start, early = max(start, 0.0), _CONVERTED_EDGE_SECONDS
        if abs(copy.stop_seconds - source.stop_seconds) > _CONVERTED_EDGE_SECONDS:
            raise _differs(f"end of {name}", copy.stop_seconds, source.stop_seconds)
    if not -early <= round(copy.start_seconds - start, 6) <= _AUDIO_START_SECONDS:
        raise _differs(f"start of {name}", copy.start_seconds, source.start_seconds)


def _read_audio(
    container: InputContainer, tracks: list[AudioStream], plans: Sequence[AudioPlan], **options: Any
) -> list[_Track]:
    found = {track.index: _Track() for track in tracks}
    decoded = {
        track.index: track.codec_context
        for track, plan in zip(tracks, plans, strict=True)
        if plan.encoder is not None
    }
    framing = {track.index: BitStreamFilterContext(_framing(track), track) for track in tracks}
    for packet in audio_packets(container, tracks, **options):
        track, decoder = found[packet.stream_index], decoded.get(packet.stream_index)
        if decoder is None:
            track.add(packet, framing[packet.stream_index])
        else:
            track.hear(decoder, packet)
    for stream_index, decoder in decoded.items():
        found[stream_index].hear(decoder, None)
    return list(found.values())


def _framing(track: AudioStream) -> str:
    """Name the filter that removes what a container adds to each packet."""
    # MPEG transport streams put an ADTS header before each AAC packet, files do not
    return "aac_adtstoasc" if track.name == "aac" else "null"


def _refuse_metadata(copy: MediaInfo) -> None:
    depth = lost_bits(copy.video.format.pixel_format)  # compared before
    for what in copy.not_carried_over:
        if what not in depth:
            raise RedactionIncomplete(f"the copy holds more than video and audio: {what}")
    for name, value in _tags(copy.file):
        allowed = _OWN_TAGS.get(name.lower(), set())
        if allowed is not None and value not in allowed:
            raise RedactionIncomplete(f"the copy carries a tag {name!r} that is not ours")


def _tags(file: MediaFile) -> Iterator[tuple[str, str]]:
    with reading(file), open_media(file) as container:
        yield from container.metadata.items()
        for stream in container.streams:
            yield from stream.metadata.items()
