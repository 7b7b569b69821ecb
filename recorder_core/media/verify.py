"""Compare a finished copy with its source, without decoding all of it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import numpy as np
from av.audio.stream import AudioStream
from av.bitstream import BitStreamFilterContext
from numpy.typing import NDArray

from recorder_core.errors import RedactionIncomplete
from recorder_core.media.assemble import sound_options
from recorder_core.media.ffmpeg_errors import reading
from recorder_core.media.info import MediaInfo, VideoInfo
from recorder_core.media.picture_index import PictureIndex
from recorder_core.media.probe import open_media, probe, video_stream
from recorder_core.media.sound import sound_packets

__all__ = ["verify_output"]

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
#: sound may start this much beside its place: MKV counts milliseconds
_SOUND_START_SECONDS: Final = 0.001
#: an average is computed differently by each container
_FRAME_RATE_TOLERANCE: Final = 0.01


@dataclass(slots=True)
class _Track:
    """What one sound track holds."""

    packets: int = 0
    start_seconds: float = 0.0
    digest: hashlib._Hash = field(default_factory=hashlib.sha256)


def verify_output(output: Path, info: MediaInfo, index: PictureIndex) -> None:
    """Check that a copy has the source's pictures, times, tags and sound, and nothing else.

    Parameters
    ----------
    output : Path
        The file that :func:`~recorder_core.media.assemble` wrote.
    info, index : MediaInfo, PictureIndex
        Of the source.

    Raises
    ------
    RedactionIncomplete
        At the first difference; the message names it.
    DecodeError
        If the output cannot be read.
    """
    copy = probe(output)
    _compare_video(copy.video, info.video)
    _compare_times(output, copy.video, info.video, index)
    _compare_frame_rate(copy.video, info.video, index)
    _compare_sound(output, info, index)
    _refuse_metadata(copy)


def _differs(what: str, copy: object, source: object) -> RedactionIncomplete:
    return RedactionIncomplete(f"the copy's {what} is {copy}, the source's {source}")


def _compare_video(copy: VideoInfo, source: VideoInfo) -> None:
    if copy.codec != "h264":
        raise _differs("codec", copy.codec, "to become h264")
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


def _compare_times(output: Path, copy: VideoInfo, source: VideoInfo, index: PictureIndex) -> None:
    pts, end = _packet_times(output)
    if len(pts) != len(index):
        raise _differs("number of pictures", len(pts), len(index))
    ratio = source.time_base / copy.time_base
    expected = index.pts - index.shift_pts
    wrong = _apart(pts, expected, ratio)
    if wrong.any():
        place = int(np.argmax(wrong))
        raise _differs(
            f"time stamp of picture {place}",
            f"{copy.seconds(int(pts[place])):.4f} s",
            f"{source.seconds(int(expected[place])):.4f} s",
        )
    last = int(expected[-1] + index.durations[-1])
    # where the copy's units are coarser, the last time stamp and duration are both rounded
    slack = Fraction(0) if ratio.denominator == 1 else copy.time_base
    if abs(end * copy.time_base - last * source.time_base) > slack:
        raise _differs("end", f"{copy.seconds(end):.4f} s", f"{source.seconds(last):.4f} s")


def _compare_frame_rate(copy: VideoInfo, source: VideoInfo, index: PictureIndex) -> None:
    # containers say either the nominal rate or the one that follows from the time stamps
    counted = len(index) / (int(np.sum(index.durations)) * source.time_base)
    rates = (source.average_frame_rate, counted)
    if all(abs(copy.average_frame_rate / rate - 1) > _FRAME_RATE_TOLERANCE for rate in rates):
        raise _differs("frame rate", copy.average_frame_rate, source.average_frame_rate)


def _apart(
    pts: NDArray[np.int64], expected: NDArray[np.int64], ratio: Fraction
) -> NDArray[np.bool_]:
    """Say where `pts` is not `expected` in the coarser or finer units of the copy."""
    wrong: NDArray[np.bool_] = (
        2 * np.abs(pts * ratio.denominator - expected * ratio.numerator) > ratio.denominator
    )
    return wrong


def _packet_times(path: Path) -> tuple[NDArray[np.int64], int]:
    """Return every packet's pts, and the end of the last picture."""
    pts: list[int] = []
    end = 0
    with reading(path), open_media(path) as container:
        for packet in container.demux(video_stream(container)):
            if packet.size:
                pts.append(packet.pts if packet.pts is not None else -1)
                end = pts[-1] + (packet.duration or 0)
    return np.asarray(pts, np.int64), end


def _compare_sound(output: Path, info: MediaInfo, index: PictureIndex) -> None:
    wanted = _read_sound(info.path, **sound_options(output, index))
    found = _read_sound(output)
    if len(found) != len(wanted):
        raise _differs("number of sound tracks", len(found), len(wanted))
    for number, (copy, source) in enumerate(zip(found, wanted, strict=True)):
        if copy.packets != source.packets:
            raise _differs(f"packet count of sound track {number}", copy.packets, source.packets)
        if copy.digest.digest() != source.digest.digest():
            raise RedactionIncomplete(f"sound track {number} of the copy is not the source's")
        if abs(copy.start_seconds - source.start_seconds) > _SOUND_START_SECONDS:
            raise _differs(
                f"start of sound track {number}", copy.start_seconds, source.start_seconds
            )


def _read_sound(path: Path, **options: Any) -> list[_Track]:
    with reading(path), open_media(path) as container:
        tracks = [track for track in container.streams.audio if track.codec_context is not None]
        found = {track.index: _Track() for track in tracks}
        framing = {track.index: BitStreamFilterContext(_framing(track), track) for track in tracks}
        for packet in sound_packets(container, tracks, **options):
            track = found[packet.stream_index]
            if not track.packets and packet.pts is not None and packet.time_base:
                track.start_seconds = float(packet.pts * packet.time_base)
            track.packets += 1
            for plain in framing[packet.stream_index].filter(packet):
                track.digest.update(plain)
        return list(found.values())


def _framing(track: AudioStream) -> str:
    """Name the filter that removes what a container adds to each packet."""
    # MPEG transport streams put an ADTS header before each AAC packet, files do not
    return "aac_adtstoasc" if track.name == "aac" else "null"


def _refuse_metadata(copy: MediaInfo) -> None:
    if copy.dropped:
        raise RedactionIncomplete(f"the copy holds more than video and sound: {copy.dropped[0]}")
    for name, value in _tags(copy.path):
        allowed = _OWN_TAGS.get(name.lower(), set())
        if allowed is not None and value not in allowed:
            raise RedactionIncomplete(f"the copy carries a tag {name!r} that is not ours")


def _tags(path: Path) -> Iterator[tuple[str, str]]:
    with reading(path), open_media(path) as container:
        yield from container.metadata.items()
        for stream in container.streams:
            yield from stream.metadata.items()
