"""Put a video into a seekable MP4 file without encoding it again, through a file object.

The file object may be one that encrypts: nothing in clear touches a disk.
"""

from __future__ import annotations

import io
import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from fractions import Fraction
from types import TracebackType
from typing import Any, Final, Self

import av
import av.error
from av.container import InputContainer
from av.packet import Packet
from av.stream import Stream

from recorder_core.errors import DecodeError, TimesUnfit
from recorder_core.media.audio.plan import is_played
from recorder_core.media.container.demux import read_packets
from recorder_core.media.container.info import MediaInfo
from recorder_core.media.container.mp4_boxes import top_level_boxes
from recorder_core.media.container.probe import audio_streams, open_media, video_stream
from recorder_core.media.container.source_clock import FILE_CLOCK, SourceClock
from recorder_core.media.ffmpeg_errors import reading
from recorder_core.media.files.byte_streams import ByteSink
from recorder_core.media.index.packet_list import PacketList, noted_packets
from recorder_core.media.output.index_apart import IndexApart

__all__ = ["StreamCopy", "can_remux", "indexed_bytes", "remux"]

#: of packets, handed over together; from 1 MiB on the memory would be mapped anew each time
_BUFFER_BYTES: Final = 1 << 19
#: FFmpeg holds it in a signed number of 32 bits
_MAX_TIME_SCALE: Final = 2**31 - 1


class StreamCopy:
    """An MP4 file with the video and the audio of another, as they are; a context manager.

    Parameters
    ----------
    source : InputContainer
        Where the packets come from.
    sink : ByteSink
        Where the MP4 file goes; it is whole when the block ends without an error.
    name : str
        What the source is, for messages.
    display_matrix : tuple of int, optional
        How players turn the frames.
    video_index : int, optional
        The number of the stream of video; unless given, the one that a player shows.
    packet_bytes : int, optional
        Size of all packets that will be written; the file is then written forward only.

    Raises
    ------
    DecodeError
        If the source holds no video.
    EncodeError
        At the end, if the packets have another size in an MP4 file.
    TimesUnfit
        At the end, if a player would show other frames of the MP4 file than of the source.
    """

    def __init__(
        self,
        source: InputContainer,
        sink: ByteSink,
        name: str,
        display_matrix: tuple[int, ...] | None = None,
        *,
        video_index: int | None = None,
        packet_bytes: int | None = None,
    ) -> None:
        video = video_stream(source, video_index)
        if video is None:
            raise DecodeError(f"{name} holds no video")
        self._name = name
        self._video_index = video.index
        self._source_time_base = video.time_base or Fraction(1, av.time_base)
        options = {
            "fflags": "+bitexact",
            # packets are handed over a buffer at a time, not each by itself
            "flush_packets": "0",
            "video_track_timescale": str(self._source_time_base.denominator),
            "movie_timescale": str(_movie_time_scale(source, self._source_time_base)),
        }
        self._file = IndexApart(sink, packet_bytes)
        self._target = av.open(
            self._file, "w", format="mp4", container_options=options, buffer_size=_BUFFER_BYTES
        )
        self._streams = _add_streams(self._target, _wanted(source, video.index), display_matrix)
        self._audio_steps = {
            stream.index: _sample_ticks(stream) for stream in audio_streams(source)
        }
        self._latest_audio: dict[int, int] = {}
        self._shown_packets = 0
        #: bytes of packets so far
        self.written_bytes = 0

    @property
    def time_base(self) -> Fraction:
        """Seconds per unit of pts of the video in the new file, once a packet was written."""
        return self._streams[self._video_index].time_base or self._source_time_base

    def write(self, packet: Packet[Any]) -> None:
        """Write one packet of the source.

        Raises
        ------
        TimesUnfit
            If MP4 cannot hold its time stamps.
        """
        self.written_bytes += packet.size
        if packet.stream_index == self._video_index:
            # an edit list of the source hides the others
            self._shown_packets += not packet.is_discard
        self._put_audio_in_order(packet)
        packet.stream = self._streams[packet.stream_index]
        try:
            self._target.mux_one(packet)
        except av.error.ArgumentError as exc:
            raise TimesUnfit(
                f"{self._name} has timestamps that an MP4 file cannot hold; convert it first"
            ) from exc

    def _put_audio_in_order(self, packet: Packet[Any]) -> None:
        """Move a packet of audio that is not after the one before, as in VOB, by a sample."""
        number = packet.stream_index
        if number not in self._audio_steps or packet.dts is None:
            return
        before = self._latest_audio.get(number)
        if before is not None and packet.dts <= before:
            packet.dts = packet.pts = before + self._audio_steps[number]
        self._latest_audio[number] = packet.dts

    def _check_shown(self) -> None:
        """Read the finished index as a player does: an edit list hides what begins before zero."""
        shown = _shown_in(self._file.index(), self._streams[self._video_index].index)
        if shown != self._shown_packets:
            raise TimesUnfit(
                f"an MP4 file of {self._name} would show {shown} frames of {self._shown_packets}; "
                "convert it first"
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.begin_index()
        if kind is None:
            self._target.close()
            self._check_shown()
            self._file.finish()
            return
        # what went wrong first is said, such as a full disk, and not that the end failed too
        with suppress(av.error.FFmpegError):
            self._target.close()


def _shown_in(index: bytes, video_place: int) -> int:
    """Return how many packets of a video a player shows, by the index of an MP4 file alone."""
    with av.open(io.BytesIO(index), format="mov") as container:
        entries = container.streams[video_place].index_entries
        return sum(not entry.is_discard for entry in entries)


def can_remux(info: MediaInfo) -> bool:
    """Return whether players find in MP4 the video and every audio stream as they are.

    A crop that the container states would be lost, and what it hides would be shown.
    """
    if info.video.crop or not all(is_played("mp4", track.codec) for track in info.audio):
        return False
    with reading(info.file), open_media(info.file) as source:
        trial = av.open(io.BytesIO(), "w", format="mp4")
        try:
            wanted = _wanted(source, info.video.stream_index)
            _add_streams(trial, wanted, info.video.format.display_matrix)
            trial.start_encoding()
        except (ValueError, av.error.FFmpegError):
            return False
        finally:
            trial.close()
    return True


def remux(
    info: MediaInfo,
    sink: ByteSink,
    on_bytes: Callable[[int], None] | None = None,
    *,
    packet_bytes: int | None = None,
    clock: SourceClock = FILE_CLOCK,
    listed: PacketList | None = None,
) -> Fraction:
    """Write video and audio as they are; no metadata, chapters or other streams.

    Parameters
    ----------
    info : MediaInfo
        Of a file for which :func:`can_remux` is true.
    sink : ByteSink
        Where the MP4 file goes.
    on_bytes : callable, optional
        Told how many bytes of packets were written so far.
    packet_bytes : int, optional
        Size of all packets of video and audio; the file is then written forward only.
    clock : SourceClock
        Of the source's index.
    listed : PacketList, optional
        An empty list; the packets of the source are listed in it on their way.

    Returns
    -------
    Fraction
        Seconds per unit of pts of the video in the new file; the frames keep their times.

    Raises
    ------
    DecodeError
        If the source cannot be read.
    EncodeError
        If MP4 cannot hold it, or its packets have another size there.
    """
    name, matrix, number = info.name, info.video.format.display_matrix, info.video.stream_index
    with (
        reading(info.file),
        open_media(info.file) as source,
        StreamCopy(
            source, sink, name, matrix, video_index=number, packet_bytes=packet_bytes
        ) as target,
    ):
        for packet in _packets(source, info, clock, listed):
            target.write(packet)
            if on_bytes is not None:
                on_bytes(target.written_bytes)
        # FFmpeg's table of its packets and the index, written next, are then not held together
        source.close()
        return target.time_base


def indexed_bytes(info: MediaInfo) -> int | None:
    """Return the size of all packets of video and audio, where the file has a list of them.

    An MP4 file that is not in fragments has; elsewhere all has to be read to find out.
    """
    if not info.is_mp4:
        return None
    with info.file.open() as file:
        if any(box.kind == b"moof" for box in top_level_boxes(file)):
            return None
    with reading(info.file), open_media(info.file) as source:
        wanted = _wanted(source, info.video.stream_index)
        total: int = sum(entry.size for stream in wanted for entry in stream.index_entries)
        return total


def _packets(
    source: InputContainer, info: MediaInfo, clock: SourceClock, listed: PacketList | None
) -> Iterator[Packet[Any]]:
    """Yield the packets of video and audio that hold something, and list all of them on the way."""
    wanted = _wanted(source, info.video.stream_index)
    if listed is None:
        found = clock.correct(read_packets(source, wanted))
    else:
        found = noted_packets(listed, source, info, clock)
    numbers = {stream.index for stream in wanted}
    return (packet for packet in found if packet.size and packet.stream_index in numbers)


def _movie_time_scale(source: InputContainer, video_time_base: Fraction) -> int:
    """Return units a second in which the start of every stream is a whole number.

    An edit list says in them when a stream starts; the usual milliseconds would move it.
    """
    scale = video_time_base.denominator
    for track in source.streams.audio:
        common = math.lcm(scale, (track.time_base or video_time_base).denominator)
        scale = common if common <= _MAX_TIME_SCALE else scale
    return scale


def _sample_ticks(track: Any) -> int:
    """Return the fewest units of a track's time base that are one sample or more."""
    if not (track.time_base and track.rate):
        return 1
    return max(1, math.ceil(Fraction(1, track.rate) / Fraction(track.time_base)))


def _wanted(source: InputContainer, video_index: int) -> list[Any]:
    return [video_stream(source, video_index), *audio_streams(source)]


def _add_streams(
    target: Any, wanted: Sequence[Any], display_matrix: tuple[int, ...] | None
) -> dict[int, Stream]:
    streams: dict[int, Stream] = {}
    for stream in wanted:
        added = target.add_stream_from_template(stream, opaque=stream.type == "video")
        if stream.type == "video" and display_matrix is not None:
            added.set_display_matrix(display_matrix)
        streams[stream.index] = added
    return streams
