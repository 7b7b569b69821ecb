"""Tell Matroska how long a codec's run-in is, which PyAV has no name for.

A decoder of AAC or MP3 needs the packets before the first sample that is heard. MP4 keeps
them by an edit list, Matroska by the CodecDelay of a track (RFC 9559, 5.1.4.1.25), which
FFmpeg takes from the track that it is given as a template.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from typing import Any, Final

import av
from av.audio.stream import AudioStream
from av.packet import Packet

from recorder_core.media.container.crop import matroska_elements

__all__ = ["RunIn", "delayed_template", "run_in_samples", "start_exactly"]

_SEGMENT, _TRACKS, _TRACK, _CODEC_DELAY = 0x18538067, 0x1654AE6B, 0xAE, 0x56AA
_UNKNOWN_SIZE: Final = bytes([0x01]) + b"\xff" * 7
#: a cluster at time 0 without blocks: FFmpeg reads a header up to the first
_EMPTY_CLUSTER: Final = bytes.fromhex("1F43B67583E78100")
_NANOSECONDS: Final = 1_000_000_000
#: what begins longer before zero is no run-in; of a cut file with more, so much is kept
_MAX_SECONDS: Final = 0.2
#: Matroska counts milliseconds
_ROUNDING_SECONDS: Final = 0.001
#: bytes of AV_PKT_DATA_SKIP_SAMPLES (FFmpeg's packet.h) that say how many, little-endian
_SKIPPED: Final = slice(0, 4)


def run_in_samples(packet: Packet[Any], rate_hz: int) -> int:
    """Return how many samples before time zero a decoder needs, by the first packet of a track.

    Parameters
    ----------
    packet : Packet
        The first of a track.
    rate_hz : int
        Samples a second.

    Returns
    -------
    int
        0 where the track begins at zero or later, or long before.
    """
    if packet.pts is None or packet.time_base is None:
        return 0
    before = -packet.pts * packet.time_base
    stated = _skipped_samples(packet)
    if stated is None or not 0 < before <= _MAX_SECONDS:
        return 0
    counted = round(before * rate_hz)
    return stated if abs(stated - counted) <= _ROUNDING_SECONDS * rate_hz else counted


class RunIn:
    """Finds the packet with which a track begins in a container without times before zero.

    A file that was cut without encoding it anew has packets from the last keyframe on, and
    states that players leave out all of them up to the cut, which may be seconds.

    Parameters
    ----------
    rate_hz : int
        Samples a second.
    """

    def __init__(self, rate_hz: int) -> None:
        self._rate_hz = rate_hz
        #: whether more is stated than a decoder needs; None before the first packet
        self._is_long: bool | None = None
        #: samples before time zero with which the track begins; None before it does
        self.samples: int | None = None

    def holds(self, packet: Packet[Any]) -> bool:
        """Return whether a packet, the next of the track, is needed for what is heard.

        The first that is needed gets its exact place.
        """
        if self._is_long is None:
            stated = _skipped_samples(packet) or 0
            self._is_long = stated > _MAX_SECONDS * self._rate_hz
        if self.samples is None:
            if self._is_long and self._is_early(packet):
                return False
            self.samples = self._samples_of(packet)
            if self.samples:
                start_exactly(packet, self.samples, self._rate_hz)
        earliest = -Fraction(self.samples, self._rate_hz) - Fraction(_ROUNDING_SECONDS)
        return -_before_seconds(packet) >= earliest

    def _is_early(self, packet: Packet[Any]) -> bool:
        lasts = (packet.duration or 0) * (packet.time_base or Fraction(0))
        return _before_seconds(packet) > max(Fraction(_MAX_SECONDS), lasts)

    def _samples_of(self, packet: Packet[Any]) -> int:
        if not self._is_long:
            return run_in_samples(packet, self._rate_hz)
        return max(round(_before_seconds(packet) * self._rate_hz), 0)


def _before_seconds(packet: Packet[Any]) -> Fraction:
    """Return how long before zero a packet begins; zero where nothing says it."""
    return -(packet.pts or 0) * (packet.time_base or Fraction(0))


def _skipped_samples(packet: Packet[Any]) -> int | None:
    """Return how many samples players leave out at the start of a packet; None: nothing said."""
    for data in packet.iter_sidedata():
        if data.data_type == "skip_samples":
            return int.from_bytes(bytes(data)[_SKIPPED], "little")
    return None


def start_exactly(packet: Packet[Any], samples: int, rate_hz: int) -> None:
    """Start a packet an exact number of samples before zero; Matroska counts milliseconds."""
    unit, duration = packet.time_base or Fraction(1, rate_hz), packet.duration or 0
    packet.duration = round(duration * unit * rate_hz)
    packet.time_base = Fraction(1, rate_hz)
    packet.pts = packet.dts = -samples


@contextmanager
def delayed_template(track: AudioStream, delay_samples: int) -> Iterator[AudioStream]:
    """Yield a track like another, with the run-in that a copy in Matroska states.

    Parameters
    ----------
    track : AudioStream
        Of an opened file.
    delay_samples : int
        From :func:`run_in_samples`.
    """
    header = io.BytesIO()
    with av.open(header, "w", format="matroska") as container:
        container.add_stream_from_template(track)
        container.start_encoding()
    nanoseconds = round(delay_samples * _NANOSECONDS / track.rate)
    with av.open(io.BytesIO(_with_delay(header.getvalue(), nanoseconds))) as template:
        yield template.streams.audio[0]


def _with_delay(header: bytes, nanoseconds: int) -> bytes:
    """Return the header of a Matroska file of one track, with its delay and nothing else."""
    file, end = io.BytesIO(header), len(header)
    segment = next(part for part in matroska_elements(file, 0, end) if part.kind == _SEGMENT)
    inside = matroska_elements(file, segment.start, segment.stop)
    tracks = next(part for part in inside if part.kind == _TRACKS)
    entries = matroska_elements(file, tracks.start, tracks.stop)
    entry = next(part for part in entries if part.kind == _TRACK)
    delay = _element(_CODEC_DELAY, nanoseconds.to_bytes(8, "big"))
    # Opus and tracks of Matroska state one of their own
    kept = b"".join(
        _element(part.kind, header[part.start : part.stop])
        for part in matroska_elements(file, entry.start, entry.stop)
        if isinstance(part.kind, int) and part.kind != _CODEC_DELAY
    )
    track = _element(_TRACK, kept + delay)
    before = header[: header.index(_SEGMENT.to_bytes(4, "big"))]
    start = _SEGMENT.to_bytes(4, "big") + _UNKNOWN_SIZE
    return before + start + _element(_TRACKS, track) + _EMPTY_CLUSTER


def _element(kind: int, content: bytes) -> bytes:
    """Return an element of EBML; its size takes eight bytes."""
    size = (len(content) | 1 << 56).to_bytes(8, "big")
    return kind.to_bytes((kind.bit_length() + 7) // 8, "big") + size + content
