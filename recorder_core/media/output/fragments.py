"""Write frames and audio as they come into fragmented MP4, which needs no end.

``moov`` comes with the first fragment, then a ``moof`` and its ``mdat`` every half second, so that
whatever stops the writer, all before the last of them can be played (ISO/IEC 14496-12, 8.8). GOPs
are closed and begin on a grid of times, as far apart as the settings of the encoder say, or with
the next frame where the one there was left out. Where it is not known yet into what they
are written, their packets wait in memory: see :mod:`recorder_core.media.output.held_packets`.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from types import TracebackType
from typing import Any, Final, Self, TypeAlias

import av
import av.error
import numpy as np
from av.audio.frame import AudioFrame
from av.codec.context import Flags
from av.packet import Packet
from numpy.typing import NDArray

from recorder_core.errors import EncodeError, RecorderError, SettingsError
from recorder_core.media.encode.encoder import video_time_base
from recorder_core.media.encode.frame_encoder import FrameEncoder
from recorder_core.media.encode.settings import EncoderSettings
from recorder_core.media.ffmpeg_errors import encoding
from recorder_core.media.files.byte_streams import ByteSink
from recorder_core.media.frames.frame import Frame
from recorder_core.media.output.held_packets import HeldPackets
from recorder_core.model import FrameFormat, FrameTimes

__all__ = ["AudioFormat", "FragmentWriter"]

#: (n, channels), float32, -1 to 1
Samples: TypeAlias = NDArray[np.float32]

#: what a crash leaves ends with a fragment: a GOP may have several
_FRAGMENT_SECONDS: Final = 0.5
#: of the time between two frames at least: what was held is written beside what comes
_CATCH_UP_SECONDS: Final = 0.01
_MICROSECONDS: Final = 1_000_000
_LAYOUTS: Final = {1: "mono", 2: "stereo"}


@dataclass(frozen=True, slots=True)
class AudioFormat:
    """How the audio of a video is encoded: AAC.

    Attributes
    ----------
    channels : {1, 2}
        How many.
    sample_rate_hz : int
        Samples per second.
    bit_rate_bps : int
        Of one channel.
    """

    channels: int = 1
    sample_rate_hz: int = 48_000
    bit_rate_bps: int = 96_000

    def __post_init__(self) -> None:
        if self.channels not in _LAYOUTS:
            raise SettingsError(f"audio has 1 or 2 channels, not {self.channels}")


class FragmentWriter:
    """Encode frames and audio into fragmented MP4; a context manager, for one thread.

    Leaving it without :meth:`finish` leaves what was handed over until then.

    Parameters
    ----------
    sink : ByteSink or None
        Gets the bytes, forward only; None: nothing is written before `begin`.
    frame_format : FrameFormat
        Of the frames.
    settings : EncoderSettings
        How they are encoded.
    frame_rate : Fraction
        Nominal, frames per second; a frame that is left out leaves the one before for longer.
    audio : AudioFormat, optional
        Unless given, there is none.
    hold_seconds : float
        Of what is encoded before `begin` the newest seconds are held in memory, as whole GOPs.

    Raises
    ------
    EncodeError
        If the encoder cannot be opened on this machine.
    """

    def __init__(
        self,
        sink: ByteSink | None,
        frame_format: FrameFormat,
        settings: EncoderSettings,
        *,
        frame_rate: Fraction,
        audio: AudioFormat | None = None,
        hold_seconds: float = 0.0,
    ) -> None:
        self._sink, self._format = _LateSink(), frame_format
        self._settings, self._frame_rate, self._audio_format = settings, frame_rate, audio
        self._held = HeldPackets(hold_seconds)
        self._pts: deque[int] = deque()
        self._stop_pts = self._sample_count = 0
        if sink is not None:
            self.begin(sink)

    def __enter__(self) -> Self:
        scale = str(video_time_base(self._format).denominator)
        options = {
            "movflags": "frag_keyframe+delay_moov+default_base_moof",
            "frag_duration": str(round(_FRAGMENT_SECONDS * _MICROSECONDS)),
            "video_track_timescale": scale,
            "movie_timescale": scale,
            "fflags": "+bitexact",
            "flush_packets": "1",
        }
        with encoding():
            self._container = av.open(self._sink, "w", format="mp4", container_options=options)
        self._video = FrameEncoder(
            self._container,
            self._format,
            self._settings,
            frame_rate=self._frame_rate,
            has_gop_grid=True,
        )
        self._audio = self._add_audio()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            self._container.close()
        except (av.error.FFmpegError, OSError, RecorderError) as closing:
            if error is None:  # what went wrong first is said
                raise EncodeError("the end of the video cannot be written") from closing

    @property
    def frame_count(self) -> int:
        """How many frames were written, or are held."""
        return len(self._pts)

    @property
    def has_begun(self) -> bool:
        """Whether it is known into what they are written."""
        return self._held.first_pts is not None

    @property
    def held_gops(self) -> tuple[tuple[int, int], ...]:
        """Index and pts of the frame with which each GOP begins that is held, oldest first.

        Indices count from the first frame that was handed over.
        """
        return self._held.gops

    @property
    def held_seconds(self) -> float:
        """How much of the video is held."""
        return self._held.seconds

    def keep_held(self) -> None:
        """Forget nothing of what is held from now on; any thread may call this before `begin`."""
        self._held.keep()

    def release_held(self) -> None:
        """Forget again what is older than `hold_seconds`; any thread may call this."""
        self._held.release()

    def begin(self, sink: ByteSink, first_pts: int = 0) -> None:
        """Write into a sink from now on, what is held first; any thread may call this, once.

        Parameters
        ----------
        sink : ByteSink
            Gets the bytes, forward only.
        first_pts : int
            What is at 0 in the file. Its first frame is the next one with which a GOP begins: this
            one, where `held_gops` has it.
        """
        self._sink.sink = sink
        self._held.begin(first_pts, self._format.time_base)

    @property
    def sample_count(self) -> int:
        """How many samples of audio were written, or left out."""
        return self._sample_count

    def write_frame(self, frame: Frame) -> None:
        """Encode the next frame; its index must be one more than the last one's.

        Raises
        ------
        EncodeError
            If it is not the next, or cannot be encoded.
        ArchiveError
            As the sink.
        """
        self._write(self._video.encode(frame))
        self._pts.append(frame.pts)
        self._stop_pts = frame.pts + frame.duration
        if not self.has_begun and self.held_gops:
            self._forget_before(self.held_gops[0][1])

    def write_held(self, until: Callable[[], bool]) -> bool:
        """Write what was held before `begin`; return whether all of it is written.

        Parameters
        ----------
        until : callable
            Whether something else is to be done first.

        Raises
        ------
        EncodeError
            If it cannot be written.
        ArchiveError
            As the sink.
        """
        return self.has_begun and self._mux(until=until)

    def write_audio(self, samples: Samples) -> None:
        """Encode the next samples; the first one of all is heard when the first frame is shown.

        Parameters
        ----------
        samples : ndarray, (n, channels) float32
            Without a gap to those before; n may be 0.

        Raises
        ------
        SettingsError
            If they have another number of channels.
        EncodeError
            If they cannot be encoded.
        """
        if self._audio is None or self._audio_format is None or not len(samples):
            return
        if samples.ndim != 2 or samples.shape[1] != self._audio_format.channels:
            raise SettingsError(
                f"audio of {self._audio_format.channels} channels cannot hold {samples.shape}"
            )
        planes = np.ascontiguousarray(samples.T, np.float32)
        layout = _LAYOUTS[self._audio_format.channels]
        frame = AudioFrame.from_ndarray(planes, "fltp", layout)
        frame.sample_rate = self._audio_format.sample_rate_hz
        frame.time_base = Fraction(1, self._audio_format.sample_rate_hz)
        frame.pts = self._sample_count
        self._sample_count += len(samples)
        with encoding():
            packets = self._audio.encode(frame)
        self._write(packets)

    def skip_audio(self, count: int) -> None:
        """Leave out so many samples, which were heard before the first frame was shown."""
        self._sample_count += count

    def finish(self) -> FrameTimes:
        """Write what the encoders still hold, and the end; return when each frame is shown.

        Raises
        ------
        EncodeError
            If no frame was written, nothing was begun, or something cannot be written.
        """
        first = self._held.first_pts
        if first is None:
            raise EncodeError("what was encoded was never begun to be written")
        self._write(self._video.finish())
        if self._audio is not None:
            with encoding():
                packets = self._audio.encode(None)
            self._write(packets)
        self._mux(until=lambda: False)
        with encoding():
            self._container.close()
        begun = self._held.begun_pts
        if begun is None:
            raise EncodeError("the video ended before a frame of it could be written")
        self._forget_before(begun)
        base = video_time_base(self._format)
        times = np.asarray(self._pts, np.int64) - first
        return FrameTimes(base, times, self._stop_pts - first)

    def _add_audio(self) -> Any:
        wanted = self._audio_format
        if wanted is None:
            return None
        stream = self._container.add_stream(
            "aac",
            rate=wanted.sample_rate_hz,
            layout=_LAYOUTS[wanted.channels],
            options={"aac_coder": "fast"},
        )
        stream.codec_context.bit_rate = wanted.bit_rate_bps * wanted.channels
        stream.codec_context.flags |= Flags.bitexact
        return stream

    def _write(self, packets: Sequence[Packet[Any]]) -> None:
        """Write as many packets as come, and of those that were held what there is time for."""
        for packet in packets:
            self._held.add(packet)
        stop = time.monotonic() + _CATCH_UP_SECONDS
        self._mux(len(packets), until=lambda: time.monotonic() >= stop)

    def _mux(self, count: int = 0, *, until: Callable[[], bool]) -> bool:
        """Write so many packets that are due, and more until something; return whether none is."""
        while count > 0 or not until():
            packet = self._held.pop()
            if packet is None:
                return True
            with encoding():
                self._container.mux_one(packet)
            count -= 1
        return False

    def _forget_before(self, pts: int) -> None:
        while self._pts and self._pts[0] < pts:
            self._pts.popleft()


class _LateSink:
    """Passes on to a sink that is named before the first byte; nobody can go back in it."""

    def __init__(self) -> None:
        self.sink: ByteSink | None = None

    def write(self, data: bytes, /) -> int:
        if self.sink is None:
            raise EncodeError("nothing is written before it was begun")
        return self.sink.write(data)
