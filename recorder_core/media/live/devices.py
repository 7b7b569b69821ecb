"""Open cameras, screens, streams and sound cards with FFmpeg."""

from __future__ import annotations

import errno
import time
from collections.abc import Generator, Iterator
from contextlib import ExitStack, closing, contextmanager
from typing import Any, Final

import av
import av.error
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.packet import Packet
from av.video.stream import VideoStream

from recorder_core.errors import SourceLost, SourceNotFound
from recorder_core.media.container.demux import read_packets
from recorder_core.media.container.probe import audio_streams, video_stream
from recorder_core.media.live.alsa import prepare_alsa
from recorder_core.media.live.arrival_clock import ArrivalClock
from recorder_core.media.live.arrivals import (
    Arrival,
    ArrivedAudio,
    ArrivedFrame,
    Damaged,
    LiveInput,
)
from recorder_core.media.live.audio_stream import SampleStream
from recorder_core.media.live.camera_fields import field_order
from recorder_core.media.live.display import DisplayWatch
from recorder_core.media.live.frame_stream import FrameStream
from recorder_core.media.live.input_wait import InputWait
from recorder_core.media.live.live_errors import opening, receiving
from recorder_core.media.live.settings import SourceSettings

__all__ = ["open_device"]

#: how long opening, and one packet, may take
_OPEN_SECONDS, _READ_SECONDS = 8.0, 2.5
#: the same for FFmpeg's own sockets, in microseconds
_SOCKET_TIMEOUT: Final = "2500000"
#: how long a stream is looked at before it begins, in microseconds
_ANALYZE: Final = "1000000"


@contextmanager
def open_device(settings: SourceSettings, *, frames: bool, audio: bool) -> Iterator[LiveInput]:
    """Open a device or a stream for as long as the block runs.

    Parameters
    ----------
    settings : SourceSettings
        Of a kind that FFmpeg opens.
    frames, audio : bool
        What of it is wanted.

    Raises
    ------
    SourceNotFound
        If it cannot be opened, or lacks what is wanted.
    """
    if settings.kind == "alsa":
        prepare_alsa()
    with opening(settings):
        container = _open(settings)
    with container, ExitStack() as stack:
        with opening(settings):
            video = _video_of(container, settings) if frames else None
            sound = _audio_of(container, settings) if audio else None
            reader = _Reader(settings, video, sound)
            if settings.kind == "x11grab":
                reader.display = stack.enter_context(DisplayWatch(settings.address))
        # drivers take back the memory of packets: none may be left when the input is closed
        with closing(reader.read(container)) as arrivals:
            yield LiveInput(reader.frame_rate, arrivals, reader.wait)


def _open(settings: SourceSettings) -> InputContainer:
    is_device = settings.kind != "rtsp"
    return av.open(
        settings.address,
        "r",
        format=settings.kind if is_device else "rtsp",
        options=_options(settings) | dict(settings.options),
        timeout=(_OPEN_SECONDS, _READ_SECONDS),
        metadata_errors="ignore",
    )


def _options(settings: SourceSettings) -> dict[str, str]:
    """Return FFmpeg's options for what the settings say."""
    if settings.kind == "rtsp":
        return {
            "rtsp_transport": settings.transport,
            "timeout": _SOCKET_TIMEOUT,
            "analyzeduration": _ANALYZE,
            "fflags": "nobuffer",
        }
    if settings.kind == "alsa":
        return {"sample_rate": str(settings.sample_rate), "channels": str(settings.channels)}
    options = {"draw_mouse": "0"} if settings.kind == "x11grab" else {}
    if settings.size is not None:
        options["video_size"] = "{}x{}".format(*settings.size)
    if settings.rate is not None:
        options["framerate"] = f"{settings.rate:g}"
    return options


def _video_of(container: InputContainer, settings: SourceSettings) -> FrameStream:
    stream = video_stream(container)
    if stream is None:
        raise SourceNotFound(f"{settings.shown} sends no video; check what it is set to send")
    if settings.kind != "v4l2":
        return FrameStream(stream)
    return FrameStream(stream, is_lent=True, order=field_order(settings.address))


def _audio_of(container: InputContainer, settings: SourceSettings) -> SampleStream:
    stream = next(iter(audio_streams(container)), None)
    if stream is None:
        raise SourceNotFound(f"{settings.shown} sends no audio; switch its audio on")
    return SampleStream(stream, settings.sample_rate, settings.channels)


class _Reader:
    """Reads the packets of an open input, and gives each frame and sample its moment."""

    def __init__(
        self, settings: SourceSettings, video: FrameStream | None, audio: SampleStream | None
    ) -> None:
        self._settings, self._video, self._audio = settings, video, audio
        # the streams of one connection may come by different ways
        self._video_clock, self._audio_clock = ArrivalClock(), ArrivalClock()
        # FFmpeg gives a frame of a stream of RTP when the next one begins: only then it is whole
        waits = settings.kind == "rtsp" and video is not None and video.frame_rate is not None
        self._completed_seconds = 1 / (video.frame_rate or 1) if waits and video else 0.0
        self.display: DisplayWatch | None = None
        self.wait = InputWait()

    @property
    def frame_rate(self) -> float | None:
        return self._video.frame_rate if self._video is not None else None

    def read(self, container: InputContainer) -> Generator[Arrival]:
        """Yield what arrives until the connection ends.

        Raises
        ------
        SourceLost
            When it does.
        """
        wanted = [each.stream for each in (self._video, self._audio) if each is not None]
        with receiving(self._settings, lambda: self.wait.last_seconds - _READ_SECONDS):
            for packet in self.wait.each(read_packets(container, wanted)):
                arrived = time.monotonic()
                if not packet.size:
                    break
                if self.display is not None and self.display.is_gone:
                    raise OSError(errno.ENODEV, "the server of the display has ended")
                if isinstance(packet.stream, VideoStream):
                    yield from self._frames(packet, arrived)
                elif isinstance(packet.stream, AudioStream):
                    yield from self._samples(packet, arrived)
                del packet
        raise SourceLost(f"{self._settings.shown} has ended; check the device")

    def _frames(self, packet: Packet[Any], arrived: float) -> Iterator[Arrival]:
        if self._video is None:
            return
        if packet.pts is not None and packet.time_base is not None:
            ended = float(packet.pts * packet.time_base) + self._completed_seconds
            self._video_clock.observe(ended, arrived)
        for frame in self._video.decode(packet):
            if isinstance(frame, Damaged):
                yield frame
            else:
                yield ArrivedFrame(frame, self._video_clock.stamp(frame.seconds, arrived))

    def _samples(self, packet: Packet[Any], arrived: float) -> Iterator[Arrival]:
        if self._audio is None:
            return
        rate = self._settings.sample_rate
        for piece in self._audio.decode(packet):
            if isinstance(piece, Damaged):
                yield piece
                continue
            lasts = len(piece.samples) / rate
            if piece.pts_seconds is not None:
                self._audio_clock.observe(piece.pts_seconds + lasts, arrived)
            stamp = self._audio_clock.stamp(piece.pts_seconds, arrived - lasts)
            yield ArrivedAudio(piece.samples, rate, stamp, piece.is_joined)
