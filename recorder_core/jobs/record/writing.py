"""Encode the composed frames and the audio, in a thread of its own, into what takes the bytes."""

from __future__ import annotations

import math
import threading
from fractions import Fraction
from typing import Final

from recorder_core.archive import SealedWriter
from recorder_core.errors import EncodeError
from recorder_core.jobs.record.event_audio import RecordedAudio
from recorder_core.jobs.record.frame_queue import FrameQueue
from recorder_core.media import FragmentWriter, Frame
from recorder_core.model import FrameTimes

__all__ = ["RecordingWriter"]

#: a start waits no longer until what was held is written
_MAX_WAIT_SECONDS: Final = 2.0


class RecordingWriter:
    """Writes a recording's video.

    Parameters
    ----------
    queue : FrameQueue
        From which frames come.
    writer : FragmentWriter
        Not entered yet; used by the thread alone.
    audio : RecordedAudio or None
        Taken as far as the frames go.
    frame_rate : Fraction
        Frames per second.
    """

    def __init__(
        self,
        queue: FrameQueue,
        writer: FragmentWriter,
        audio: RecordedAudio | None,
        frame_rate: Fraction,
    ) -> None:
        self._queue, self._writer, self._audio = queue, writer, audio
        self._tick_seconds = 1 / frame_rate
        self._times: FrameTimes | None = None
        #: what comes before is not encoded, and how many frames that were
        self._from_tick, self._skipped = 0.0, 0
        #: of what is held and not written yet
        self._begun: SealedWriter | None = None
        self._is_written = threading.Event()
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="recording writer", daemon=True)

    @property
    def error(self) -> BaseException | None:
        """Why it ended before the queue did."""
        return self._error

    @property
    def audio(self) -> RecordedAudio | None:
        """The audio that it writes, to be asked for its level; None: there is none."""
        return self._audio

    @property
    def held_gops(self) -> tuple[tuple[int, int], ...]:
        """Index and tick of the frame with which each GOP begins that is held, oldest first."""
        return tuple((self._skipped + index, tick) for index, tick in self._writer.held_gops)

    @property
    def held_seconds(self) -> float:
        """How much is held that is not written yet."""
        return self._writer.held_seconds

    def keep_from(self, tick: int) -> None:
        """Encode from a tick on, unless that is done already, and forget nothing from now on."""
        self._from_tick = min(self._from_tick, tick)
        self._writer.keep_held()

    def release_held(self) -> None:
        """Forget again what is older than is held."""
        self._writer.release_held()

    def begin(self, sink: SealedWriter, first_tick: int) -> None:
        """Write from a frame on, which is the first of the video, into a file of an event.

        Returns once what is held is written, or after a while where a disk is slow.
        """
        is_held = self._writer.held_seconds > 0
        self._writer.begin(sink, first_tick)
        self._begun = sink
        if is_held:
            self._is_written.wait(_MAX_WAIT_SECONDS)

    def start(self, *, encodes: bool = True) -> None:
        """Begin to take frames; nothing is written before `begin`.

        Parameters
        ----------
        encodes : bool
            Whether they are encoded and held, too, before `keep_from`.
        """
        self._from_tick = 0.0 if encodes else math.inf
        self._thread.start()

    def join(self) -> None:
        """Wait until all that was queued is written; the queue must have ended."""
        if self._thread.ident is not None:
            self._thread.join()

    def times(self) -> FrameTimes:
        """Return when each frame is shown, after `join`.

        Raises
        ------
        EncodeError
            If the video could not be written to its end.
        """
        if self._times is None:
            raise self._error or EncodeError("no frame of the recording was written")
        return self._times

    def _run(self) -> None:
        try:
            with self._writer:
                self._write_all()
                if self._writer.has_begun:
                    self._times = self._writer.finish()
        except Exception as error:  # who supervises the recording says it
            self._error = error
            self._is_written.set()

    def _write_all(self) -> None:
        while (frame := self._next()) is not None:
            is_encoded = frame.pts >= self._from_tick
            if is_encoded:
                self._writer.write_frame(frame)
            else:
                self._skipped += 1
            if self._audio is not None:
                stop = float((frame.pts + frame.duration) * self._tick_seconds)
                samples = self._audio.take_until(stop)
                if is_encoded:
                    self._writer.write_audio(samples)
                else:
                    self._writer.skip_audio(len(samples))

    def _next(self) -> Frame | None:
        """Return the next frame; write what was held while none waits, and have it durable."""
        if self._begun is not None and self._writer.write_held(lambda: self._queue.has_waiting):
            self._begun.request_sync()
            self._begun = None
            self._is_written.set()
        return self._queue.take()
