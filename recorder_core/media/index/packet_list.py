"""What the packets of a video say about its frames, read once without decoding."""

from __future__ import annotations

from array import array
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

import av
import av.error
from av.container import InputContainer
from av.packet import Packet
from av.stream import Stream

from recorder_core.errors import DecodeError
from recorder_core.media.audio.changes import AudioHeaders
from recorder_core.media.audio.gaps import AudioTimes
from recorder_core.media.audio.whole_frames import is_whole_frame
from recorder_core.media.container.chain.pieces import walk_pieces
from recorder_core.media.container.chain.walk import Walk
from recorder_core.media.container.demux import late_streams, read_packets
from recorder_core.media.container.info import MediaInfo
from recorder_core.media.container.probe import audio_streams, open_media, source_video
from recorder_core.media.container.source_clock import (
    BYTE_JOINED_CONTAINERS,
    JOINABLE_CONTAINERS,
    SourceClock,
)
from recorder_core.media.ffmpeg_errors import reading
from recorder_core.media.index.dv_blocks import DvBlocks
from recorder_core.media.index.frame_change import ChangeFinder
from recorder_core.media.index.gradual_refresh import RefreshFinder
from recorder_core.media.index.lost_blocks import has_lost_block
from recorder_core.media.index.mpeg_pictures import MpegPictures
from recorder_core.media.index.passed_breaks import PassedBreaks
from recorder_core.media.index.unit_lengths import length_bytes_of, units_fill
from recorder_core.media.joined.part_finder import PartFinder

__all__ = ["PacketList", "list_packets", "noted_packets", "refuse_step_back"]

#: times that go back by more, in the order of decoding, are of another clock
_STEP_BACK_SECONDS: Final = 0.5


@dataclass(slots=True)
class PacketList:
    """What reading the packets gave; time stamps are in the video's time base."""

    #: 64 bits each: hours have hundreds of thousands
    pts: array[int] = field(default_factory=lambda: array("q"))
    #: of all packets of the video that hold something
    dts: array[int] = field(default_factory=lambda: array("q"))
    durations: array[int] = field(default_factory=lambda: array("q"))
    #: 32 bits, as FFmpeg holds them
    sizes_bytes: array[int] = field(default_factory=lambda: array("i"))
    keyframe_pts: array[int] = field(default_factory=lambda: array("q"))
    damaged_pts: array[int] = field(default_factory=lambda: array("q"))
    packet_bytes: int = 0
    read_packets: int = 0
    #: what the container's index lists; 0 where it has none
    promised_packets: int = 0
    #: the same, of all packets of the video and audio of an AVI file
    promised_bytes: int = 0
    without_pts: int = 0
    #: packets that come before the first keyframe, which nothing can decode
    before_keyframe: int = 0
    has_keyframe: bool = False
    end_seconds: float = 0.0
    last_dts: int | None = None
    #: (frames before it, dts before it, dts after it) of the place at which the time goes
    #: back by most in the order of decoding
    step_back: tuple[int, int, int] | None = None
    broke_off: bool = False
    #: how long the file is as its container says
    promised_seconds: float = 0.0
    #: of the file's pieces
    chain: Walk = field(default_factory=Walk)
    #: where these say that something is missing or damaged
    breaks: PassedBreaks = field(default_factory=PassedBreaks)
    #: of the frames before and behind each
    broken_pts: array[int] = field(default_factory=lambda: array("q"))
    #: of DV
    blocks: DvBlocks = field(default_factory=lambda: DvBlocks(""))
    #: of a program stream
    pictures: MpegPictures = field(default_factory=lambda: MpegPictures("", ""))
    #: bytes of the length before each unit of H.264 or HEVC; 0 where there is none
    length_bytes: int = 0
    #: of files that may have been joined
    parts: PartFinder | None = None
    #: where frames change their size or format
    changes: ChangeFinder | None = None
    #: keyframes after which frames are not whole at once
    refreshes: RefreshFinder = field(default_factory=RefreshFinder)
    #: of a transport stream: PID -> stream, of its video and audio
    pids: dict[int, int] = field(default_factory=dict)
    #: seconds of the first packet of audio that is damaged
    damaged_audio_seconds: float | None = None
    #: by stream
    audio: dict[int, AudioTimes] = field(default_factory=dict)
    #: stream -> seconds of its first packet that is no frame of its codec, though one came before
    broken_audio_seconds: dict[int, float] = field(default_factory=dict)
    #: where audio changes its codec, rate or channels
    headers: AudioHeaders = field(default_factory=lambda: AudioHeaders({}))

    def damaged_audio(self, of_two_codecs: Collection[int]) -> list[float]:
        """Return the seconds of the first damage of each kind; of two codecs, one looks broken."""
        broken = self.broken_audio_seconds
        seconds = [broken[stream] for stream in broken if stream not in of_two_codecs]
        return seconds + [each for each in (self.damaged_audio_seconds,) if each is not None]


def list_packets(info: MediaInfo, clock: SourceClock) -> PacketList:
    """Read all packets of a file, with the times that a clock gives them.

    Raises
    ------
    DecodeError
        If the file cannot be opened, or streams of video or audio begin only within it.
    """
    found = PacketList()
    with reading(info.file), open_media(info.file) as container:
        for _ in noted_packets(found, container, info, clock):
            pass
    return found


def noted_packets(
    found: PacketList, container: InputContainer, info: MediaInfo, clock: SourceClock
) -> Iterator[Packet[Any]]:
    """Yield the packets of all streams that hold something, each once it is listed.

    Parameters
    ----------
    found : PacketList
        An empty list, which is complete when the packets are over.
    container : InputContainer
        The file, just opened.
    info : MediaInfo
        Of the file.
    clock : SourceClock
        What gives the packets their times.

    Raises
    ------
    DecodeError
        If streams of video or audio begin only within the file.
    """
    _begin_list(found, container, info)
    yield from _read_packets(found, container, info, clock)
    # where a file is broken, what comes later may look like another stream
    for kind in late_streams(container) if found.chain.is_whole else ():
        raise DecodeError(
            f"{info.name} has a stream of {kind} that begins partway through, as where "
            "recordings were joined that number their streams differently; pass its parts as "
            "separate files"
        )
    found.promised_seconds = float(container.duration or 0) / av.time_base


def _begin_list(found: PacketList, container: InputContainer, info: MediaInfo) -> None:
    index = info.video.stream_index
    found.chain = walk_pieces(info.file, info.container)
    found.breaks = PassedBreaks(found.chain.breaks)
    found.blocks = DvBlocks(info.video.codec)
    found.pictures = MpegPictures(info.video.codec, info.container)
    if info.container in JOINABLE_CONTAINERS:
        found.parts = PartFinder(index, info.container)
    video = source_video(container, info)
    found.changes, found.length_bytes = ChangeFinder(video, info), length_bytes_of(video)
    found.refreshes = RefreshFinder(info.video.codec, found.length_bytes)
    if info.container in BYTE_JOINED_CONTAINERS:
        found.headers = AudioHeaders({each.stream_index: each.codec for each in info.audio})
    is_counted = info.container == "mpegts"
    found.audio = {each.stream_index: AudioTimes(each.codec, is_counted) for each in info.audio}
    entries = container.streams[index].index_entries
    found.promised_packets = len(entries)
    if info.container == "avi":
        # an empty chunk repeats a frame, and not every one comes as a packet
        found.promised_packets = sum(entry.size > 0 for entry in entries)
        listed = [container.streams[each].index_entries for each in (index, *found.audio)]
        found.promised_bytes = sum(entry.size for each in listed for entry in each)


def _read_packets(
    found: PacketList, container: InputContainer, info: MediaInfo, clock: SourceClock
) -> Iterator[Packet[Any]]:
    index = info.video.stream_index
    wanted = {*found.audio, index}
    if info.container == "mpegts":
        found.pids = {each.id: each.index for each in container.streams if each.index in wanted}
    known = {index, *(each.index for each in audio_streams(container))}
    unit_seconds = {each.index: float(each.time_base or 0) for each in container.streams}
    try:
        for packet in clock.correct(read_packets(container, container.streams)):
            if packet.size == 0:
                # frames that repeat the one before; the last, without a time, ends the stream
                found.read_packets += packet.stream_index == index and packet.dts is not None
                continue
            number = packet.stream_index
            if number not in known and found.chain.is_whole:
                _refuse_late_audio(packet, info)
            unit = unit_seconds.get(number, 0.0)
            if number in wanted:
                _note_any(found, packet, unit, info)
            _note_end(found, packet, unit)
            if number == index:
                _note_packet(found, packet, info.video.codec)
            yield packet
    except av.error.InvalidDataError:
        found.broke_off = True
    found.broken_pts.extend(found.breaks.at_end())
    found.damaged_pts.extend(found.pictures.damaged_pts())


def _refuse_late_audio(packet: Packet[Any], info: MediaInfo) -> None:
    """Refuse a stream that can be decoded, but begins so late that nothing is known of it."""
    stream, name = packet.stream, info.name
    if stream.type != "audio" or stream.codec_context is None:
        return
    raise DecodeError(
        f"audio stream {stream.index} of {name} begins so late in the file that FFmpeg cannot "
        "tell what it holds; write that into a header first: ffmpeg -analyzeduration 2000M "
        f"-probesize 2000M -i {name} -map 0:v -map 0:a -c copy new.mkv"
    )


def _note_end(found: PacketList, packet: Packet[Stream], unit_seconds: float) -> None:
    if packet.pts is not None:
        end_seconds = (packet.pts + (packet.duration or 0)) * unit_seconds
        found.end_seconds = max(found.end_seconds, end_seconds)


def _note_any(
    found: PacketList, packet: Packet[Stream], unit_seconds: float, info: MediaInfo
) -> None:
    found.packet_bytes += packet.size
    if found.parts is not None:
        found.parts.note(packet)
    if packet.stream_index in found.audio:
        _note_audio(found, packet, unit_seconds, info.container)
    elif found.changes is not None:
        found.changes.look(packet)


def _note_audio(
    found: PacketList, packet: Packet[Stream], unit_seconds: float, container: str
) -> None:
    times, seconds = found.audio[packet.stream_index], (packet.pts or 0) * unit_seconds
    found.headers.note(packet)
    if is_whole_frame(packet, times.codec, container):
        times.note(packet, unit_seconds)
    elif len(times.starts_seconds):  # a stream may begin in the middle of a frame
        found.broken_audio_seconds.setdefault(packet.stream_index, seconds)
    if packet.is_corrupt and found.damaged_audio_seconds is None:
        found.damaged_audio_seconds = seconds


def _note_packet(found: PacketList, packet: Packet[Stream], codec: str) -> None:
    found.read_packets += 1
    found.refreshes.note(packet)
    found.broken_pts.extend(found.breaks.beside(packet))
    found.pictures.note(packet)
    if packet.dts is not None:
        back = 0 if found.last_dts is None else found.last_dts - packet.dts
        known = 0 if found.step_back is None else found.step_back[1] - found.step_back[2]
        if back > known:
            found.step_back = (found.read_packets - 1, packet.dts + back, packet.dts)
        found.last_dts = packet.dts
        found.dts.append(packet.dts)
    found.has_keyframe |= packet.is_keyframe
    found.before_keyframe += not found.has_keyframe
    if packet.pts is None:
        found.without_pts += 1
        found.sizes_bytes.append(packet.size)
        return
    # an edit list hides frames, but decoding may have to start at one of them
    if packet.is_keyframe:
        found.keyframe_pts.append(packet.pts)
    if packet.is_discard:
        return
    found.pts.append(packet.pts)
    found.durations.append(packet.duration or 0)
    found.sizes_bytes.append(packet.size)
    if packet.is_corrupt or not _is_whole(found, packet, codec):
        found.damaged_pts.append(packet.pts)


def _is_whole(found: PacketList, packet: Packet[Stream], codec: str) -> bool:
    """Return whether a frame may be as it was written, by all that is seen without decoding it."""
    length = found.length_bytes
    if length and not units_fill(packet, length):
        return False
    return found.blocks.is_whole(packet) and not has_lost_block(packet, codec, length)


def refuse_step_back(info: MediaInfo, packets: PacketList) -> None:
    """Refuse parts that were joined as they are, in a container that cannot be.

    Raises
    ------
    DecodeError
        If the time goes back.
    """
    if packets.step_back is None:
        return
    before, last, first = packets.step_back
    if (last - first) * info.video.time_base > _STEP_BACK_SECONDS:
        raise DecodeError(
            f"{info.name} was joined from parts whose clocks start again from the beginning: "
            f"after {before} "
            f"frames the time goes from second {info.video.shown_seconds(last):.1f} back to "
            f"{info.video.shown_seconds(first):.1f}; pass its parts as separate files"
        )
