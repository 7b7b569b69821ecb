"""A file played as if it were live: each frame and sample when it is due."""

from __future__ import annotations

import heapq
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import av
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.packet import Packet
from av.video.stream import VideoStream

from recorder_core.errors import SourceNotFound
from recorder_core.media.container.demux import read_packets
from recorder_core.media.container.probe import audio_streams, open_media, video_stream
from recorder_core.media.live.arrivals import (
    Arrival,
    ArrivedAudio,
    ArrivedFrame,
    Damaged,
    LiveInput,
)
from recorder_core.media.live.audio_stream import SampleStream
from recorder_core.media.live.frame_stream import FrameStream
from recorder_core.media.live.input_wait import InputWait
from recorder_core.media.live.live_errors import opening, receiving
from recorder_core.media.live.settings import SourceSettings

__all__ = ["open_file"]

#: files of audio alone, which `open_media` does not open
_AUDIO_FORMATS: Final = {".wav": "wav", ".flac": "flac", ".mp3": "mp3", ".aac": "aac"}
#: so far apart may packets of one moment lie in a file
_INTERLEAVE_SECONDS: Final = 1.0


@contextmanager
def open_file(
    settings: SourceSettings,
    *,
    frames: bool,
    audio: bool,
    pause: Callable[[float], object],
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[LiveInput]:
    """Open a file for as long as the block runs, and play it from the block's beginning on.

    Parameters
    ----------
    settings : SourceSettings
        Of the kind ``file``.
    frames, audio : bool
        What of it is wanted.
    pause : callable
        Waits so many seconds.
    clock : callable
        Whose time is `time.monotonic`.

    Raises
    ------
    SourceNotFound
        If it cannot be opened, or lacks what is wanted.
    """
    player = _Player(settings, frames=frames, audio=audio, pause=pause, clock=clock)
    with opening(settings):
        first = player.open()
    try:
        yield LiveInput(player.frame_rate, player.play(first), player.wait)
    finally:
        first.close()


class _Player:
    """Plays a file, again and again where that is wanted."""

    def __init__(
        self,
        settings: SourceSettings,
        *,
        frames: bool,
        audio: bool,
        pause: Callable[[float], object],
        clock: Callable[[], float],
    ) -> None:
        self._settings, self._wants_frames, self._wants_audio = settings, frames, audio
        self._pause, self._clock = pause, clock
        self.wait = InputWait(clock)
        self._video: FrameStream | None = None
        self._audio: SampleStream | None = None
        #: how far this round has come, from its beginning
        self._end_seconds = 0.0

    @property
    def frame_rate(self) -> float | None:
        """Frames per second, where the file says it."""
        return self._video.frame_rate if self._video is not None else None

    def open(self) -> InputContainer:
        """Return the file, opened; what is wanted of it is ready to be decoded.

        Raises
        ------
        SourceNotFound
            If it lacks what is wanted.
        """
        container = _open(Path(self._settings.address))
        name, index = self._settings.shown, self._video.next_index if self._video else 0
        video = video_stream(container) if self._wants_frames else None
        sound = next(iter(audio_streams(container)), None) if self._wants_audio else None
        if (video is None and self._wants_frames) or (sound is None and self._wants_audio):
            container.close()
            raise SourceNotFound(f"{name} holds no {'audio' if video else 'video'}; choose another")
        self._video = FrameStream(video, index) if video else None
        rate, channels = self._settings.sample_rate, self._settings.channels
        self._audio = SampleStream(sound, rate, channels) if sound else None
        return container

    def play(self, first: InputContainer) -> Iterator[Arrival]:
        """Yield each frame and sample when it is due, from now on.

        Raises
        ------
        SourceNotFound
            If the file cannot be opened again, or lasts no time.
        SourceLost
            If it cannot be read further.
        """
        zero = self._clock()
        yield from self._round(first, zero)
        while self._settings.loop:
            if self._end_seconds <= 0:
                raise SourceNotFound(
                    f"{self._settings.shown} holds nothing to be played; choose another"
                )
            zero += self._end_seconds
            with opening(self._settings):
                container = self.open()
            with container:
                yield from self._round(container, zero)

    def _round(self, container: InputContainer, zero: float) -> Iterator[Arrival]:
        """Play the file once, from a moment of the monotonic clock on."""
        self._end_seconds = 0.0
        start = (container.start_time or 0) / av.time_base
        for packet in self._packets(container):
            if isinstance(packet.stream, VideoStream):
                yield from self._frames(packet, zero, start)
            elif isinstance(packet.stream, AudioStream):
                yield from self._samples(packet, zero, start)

    def _packets(self, container: InputContainer) -> Iterator[Packet[Any]]:
        wanted = [each.stream for each in (self._video, self._audio) if each is not None]
        with receiving(self._settings, lambda: 0.0):
            yield from _in_time(read_packets(container, wanted))

    def _frames(self, packet: Packet[Any], zero: float, start: float) -> Iterator[Arrival]:
        if self._video is None:
            return
        for frame in self._video.decode(packet):
            if isinstance(frame, Damaged):
                yield frame
                continue
            lasts = frame.duration * float(self._video.time_base)
            due = self._wait_for(zero, frame.seconds - start, lasts)
            yield ArrivedFrame(frame, due)

    def _samples(self, packet: Packet[Any], zero: float, start: float) -> Iterator[Arrival]:
        if self._audio is None:
            return
        rate = self._settings.sample_rate
        for piece in self._audio.decode(packet):
            if isinstance(piece, Damaged):
                yield piece
                continue
            lasts = len(piece.samples) / rate
            at = self._end_seconds if piece.pts_seconds is None else piece.pts_seconds - start
            yield ArrivedAudio(
                piece.samples, rate, self._wait_for(zero, at, lasts), piece.is_joined
            )

    def _wait_for(self, zero: float, seconds: float, lasts: float) -> float:
        """Wait for what begins at a second of the file; return its moment."""
        self._end_seconds = max(self._end_seconds, seconds + lasts)
        due = zero + seconds
        wait = due - self._clock()
        if wait > 0:
            with self.wait.waiting():
                self._pause(wait)
        return due


def _open(path: Path) -> InputContainer:
    audio_format = _AUDIO_FORMATS.get(path.suffix.lower())
    if audio_format is None:
        return open_media(path)
    options = {"protocol_whitelist": "file"}
    return av.open(str(path), "r", format=audio_format, options=options, metadata_errors="ignore")


def _in_time(packets: Iterator[Packet[Any]]) -> Iterator[Packet[Any]]:
    """Yield packets in the order of their times, however they lie in a file; empty ones last."""
    waiting: list[tuple[float, int, Packet[Any]]] = []
    ends = []
    newest = float("-inf")
    for number, packet in enumerate(packets):
        if not packet.size:
            ends.append(packet)
            continue
        at = newest
        stamp = packet.pts if packet.dts is None else packet.dts
        if stamp is not None and packet.time_base is not None:
            at = float(stamp * packet.time_base)
        newest = max(newest, at)
        heapq.heappush(waiting, (at, number, packet))
        while waiting[0][0] < newest - _INTERLEAVE_SECONDS:
            yield heapq.heappop(waiting)[2]
    while waiting:
        yield heapq.heappop(waiting)[2]
    yield from ends
