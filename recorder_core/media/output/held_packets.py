"""Packets that were encoded and lie in memory: whole GOPs of the newest seconds, with their audio.

Until somebody says which frame is the first of a file, nothing of them is written anywhere, and
what is older than a site wants is forgotten, a GOP at a time. From then on they are taken out in
the order of their times, which count from that frame. The first is a keyframe in any case: where
that frame is none, or is not there, the video begins later.
"""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from av.packet import Packet

from recorder_core.errors import EncodeError

__all__ = ["HeldPackets"]


@dataclass(frozen=True, slots=True)
class _Timed:
    """A packet, and when it begins and ends."""

    packet: Packet[Any]
    pts: int
    start: Fraction
    stop: Fraction


class HeldPackets:
    """Holds the packets of one video; threads may share it.

    Parameters
    ----------
    hold_seconds : float
        How much of the newest is held at least, once there is so much; less than a GOP more is.
    """

    def __init__(self, hold_seconds: float) -> None:
        self._hold_seconds = hold_seconds
        self._lock = threading.Lock()
        self._video: deque[_Timed] = deque()
        self._audio: deque[_Timed] = deque()
        #: of the GOPs that are held: index and pts of the first frame
        self._gops: deque[tuple[int, int]] = deque()
        self._frame_count = 0
        self._first: tuple[int, Fraction] | None = None
        self._begun_pts: int | None = None
        self._is_kept = False

    @property
    def gops(self) -> tuple[tuple[int, int], ...]:
        """Index and pts of the frame with which each GOP begins that is held, oldest first."""
        with self._lock:
            return tuple(self._gops)

    @property
    def first_pts(self) -> int | None:
        """What is at 0 in the file; None where nobody has said it."""
        return None if self._first is None else self._first[0]

    @property
    def begun_pts(self) -> int | None:
        """The first frame of the file, a keyframe; None where it has none yet."""
        return self._begun_pts

    @property
    def seconds(self) -> float:
        """How much is held."""
        with self._lock:
            if not self._video:
                return 0.0
            return float(self._video[-1].stop - self._video[0].start)

    def keep(self) -> None:
        """Forget nothing from now on, whatever time it takes until somebody begins."""
        with self._lock:
            self._is_kept = True

    def release(self) -> None:
        """Forget again what is older than is wanted: nobody began after all."""
        with self._lock:
            self._is_kept = False

    def begin(self, first_pts: int, time_base: Fraction) -> None:
        """Keep all from the next keyframe on, which is the first of the file; forget the rest.

        Parameters
        ----------
        first_pts : int
            What is at 0 in the file; no packet before it is kept.
        time_base : Fraction
            Seconds per unit of it.
        """
        with self._lock:
            self._first = first_pts, first_pts * time_base
            held, self._video = self._video, deque()
            for timed in held:
                self._keep_decodable(timed)
            self._leave_audio(first_pts * time_base)

    def add(self, packet: Packet[Any]) -> None:
        """Add the next packet of the video, or of its audio; EncodeError if it has no time."""
        timed = _timed(packet)
        with self._lock:
            if packet.stream.type == "video":
                self._add_video(timed)
            else:
                self._audio.append(timed)
                self._leave_audio(self._oldest_seconds())

    def pop(self) -> Packet[Any] | None:
        """Return the packet that is due next, at its time in the file; None where there is none."""
        with self._lock:
            if self._first is None or not (self._video or self._audio):
                return None
            is_audio_first = not self._video or (
                bool(self._audio) and self._audio[0].start < self._video[0].start
            )
            timed = (self._audio if is_audio_first else self._video).popleft()
            packet, first = timed.packet, self._first[1]
        # no B frames: decoding order is presentation order
        packet.pts = packet.dts = timed.pts - round(first / packet.time_base)
        return packet

    def _add_video(self, timed: _Timed) -> None:
        self._keep_decodable(timed)
        if timed.packet.is_keyframe and self._first is None:
            self._gops.append((self._frame_count, timed.pts))
        self._frame_count += 1
        is_trimmed = self._first is None and not self._is_kept
        while is_trimmed and len(self._gops) > 1 and self._is_enough(timed):
            self._gops.popleft()
            while self._video[0].pts < self._gops[0][1]:
                self._video.popleft()

    def _keep_decodable(self, timed: _Timed) -> None:
        """Hold a packet unless it comes before the keyframe with which the file begins."""
        if self._first is not None and self._begun_pts is None:
            if timed.pts < self._first[0] or not timed.packet.is_keyframe:
                return
            self._begun_pts = timed.pts
        self._video.append(timed)

    def _is_enough(self, newest: _Timed) -> bool:
        """Return whether there is enough without the oldest GOP."""
        second = self._gops[1][1] * newest.packet.time_base
        return float(newest.stop - second) >= self._hold_seconds

    def _oldest_seconds(self) -> Fraction:
        if self._first is not None:
            return self._first[1]
        return self._video[0].start if self._video else Fraction(0)

    def _leave_audio(self, seconds: Fraction) -> None:
        """Forget audio before a moment but for a packet, from which a decoder begins to overlap."""
        while len(self._audio) > 2 and self._audio[2].start <= seconds:
            self._audio.popleft()


def _timed(packet: Packet[Any]) -> _Timed:
    if packet.pts is None:
        raise EncodeError("the encoder gave a packet without a timestamp")
    start = packet.pts * packet.time_base
    return _Timed(packet, packet.pts, start, start + (packet.duration or 0) * packet.time_base)
