"""Copy audio streams as they are, without what they say about their origin."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any, Final

import av.error
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.packet import Packet

from recorder_core.errors import EncodeError
from recorder_core.media.audio.frame_bytes import only_frames
from recorder_core.media.audio.whole_frames import is_whole_frame
from recorder_core.media.container.codec_delay import RunIn
from recorder_core.media.container.demux import read_packets
from recorder_core.media.container.source_clock import FILE_CLOCK, SourceClock

__all__ = ["audio_packets", "run_in_of", "strip_extradata_comments"]

#: an empty Vorbis comment header: type 3, no vendor, no comments, framing bit
_NO_COMMENTS: Final = b"\x03vorbis" + bytes(8) + b"\x01"
_XIPH_HEADERS: Final = 3
_LACING: Final = 255


def audio_packets(
    source: InputContainer,
    tracks: list[AudioStream],
    *,
    tolerant: bool = False,
    from_zero: bool = False,
    span_seconds: tuple[Fraction | None, Fraction] | None = None,
    shift_seconds: Fraction = Fraction(0),
    clock: SourceClock = FILE_CLOCK,
) -> Iterator[Packet[Any]]:
    """Yield the packets of the audio streams as they lie in the file.

    What is no frame of its codec, as damage or an ID3 tag, is left out.

    Parameters
    ----------
    source, tracks : InputContainer, list of AudioStream
        An opened file and the tracks in it that are wanted.
    tolerant : bool
        End at a place that cannot be read, instead of raising.
    from_zero : bool
        Leave out packets that begin before time zero, for MKV, which holds none but a
        decoder's run-in, as its CodecDelay.
    span_seconds : pair of Fraction, optional
        Only packets that begin in ``[start, stop)``; without a start all before the stop.
    shift_seconds : Fraction
        What is taken from the time of each packet.
    clock : SourceClock
        Of the source's index.
    """
    if not tracks:
        return
    rates_hz = {track.index: track.rate for track in tracks}
    codecs = {track.index: track.codec.canonical_name for track in tracks}
    run_ins = {track.index: RunIn(track.rate) for track in tracks}
    latest: dict[int, int] = {}
    try:
        for whole in clock.correct(read_packets(source, tracks)):
            if not whole.size or (span_seconds and not _begins_in(whole, *span_seconds)):
                continue
            codec = codecs[whole.stream_index]
            packet = only_frames(whole, codec)
            if packet is None or not is_whole_frame(packet, codec, source.format.name):
                continue
            _move(packet, shift_seconds)
            _count_samples(packet, rates_hz[packet.stream_index])
            _put_in_order(packet, latest)
            if run_ins[packet.stream_index].holds(packet) or not from_zero:
                yield packet
    except av.error.InvalidDataError:
        if not tolerant:
            raise


def run_in_of(source: InputContainer, track: AudioStream) -> int:
    """Return the samples before time zero that a copy in MKV holds of a track.

    Parameters
    ----------
    source, track : InputContainer, AudioStream
        An opened file, and the track in it.
    """
    run_in = RunIn(track.rate)
    for packet in audio_packets(source, [track], tolerant=True):
        if run_in.holds(packet):
            return run_in.samples or 0
    return 0


def _begins_in(packet: Packet[Any], start_seconds: Fraction | None, stop_seconds: Fraction) -> bool:
    if packet.pts is None or packet.time_base is None:
        return False
    begins = packet.pts * packet.time_base
    return begins < stop_seconds and (start_seconds is None or begins >= start_seconds)


def _move(packet: Packet[Any], shift_seconds: Fraction) -> None:
    if not shift_seconds or packet.pts is None or packet.time_base is None:
        return
    packet.dts = packet.pts = packet.pts - round(shift_seconds / packet.time_base)


def _count_samples(packet: Packet[Any], rate_hz: int) -> None:
    """Count the times of a packet in samples: shorter packets share a millisecond of Matroska."""
    if packet.pts is None or packet.time_base is None or not rate_hz:
        return
    samples = packet.time_base * rate_hz
    packet.dts = packet.pts = round(packet.pts * samples)
    packet.duration = round((packet.duration or 0) * samples)
    packet.time_base = Fraction(1, rate_hz)


def _put_in_order(packet: Packet[Any], latest: dict[int, int]) -> None:
    """Move a packet behind the one before, by a sample; joined files let some overlap."""
    if packet.dts is None:
        return
    before = latest.get(packet.stream_index)
    if before is not None and packet.dts <= before:
        packet.dts = packet.pts = before + 1
    latest[packet.stream_index] = packet.dts


def strip_extradata_comments(codec: str, extradata: bytes) -> bytes:
    """Return a codec's headers without comments, which may name people and places.

    Only Vorbis keeps comments there (Vorbis I specification, section 5): three
    headers, the sizes of the first two in Xiph lacing.
    """
    if codec != "vorbis":
        return extradata
    if not extradata or extradata[0] != _XIPH_HEADERS - 1:
        raise EncodeError("the Vorbis audio has headers of an unknown kind; convert it first")
    first, offset = _laced_size(extradata, 1)
    second, offset = _laced_size(extradata, offset)
    head = extradata[offset : offset + first]
    setup = extradata[offset + first + second :]
    sizes = bytes([_XIPH_HEADERS - 1]) + _lacing(len(head)) + _lacing(len(_NO_COMMENTS))
    return sizes + head + _NO_COMMENTS + setup


def _laced_size(data: bytes, offset: int) -> tuple[int, int]:
    size = 0
    while data[offset] == _LACING:
        size += _LACING
        offset += 1
    return size + data[offset], offset + 1


def _lacing(size: int) -> bytes:
    return bytes([_LACING] * (size // _LACING) + [size % _LACING])
