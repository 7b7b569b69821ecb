"""What a recording runs on."""

from __future__ import annotations

from dataclasses import dataclass

from recorder_core.errors import RecorderError, WrongState
from recorder_core.jobs.archive import EventRecording
from recorder_core.jobs.archive.place.roles import FileRole
from recorder_core.jobs.record.collector import Collector
from recorder_core.jobs.record.composer import Composer
from recorder_core.jobs.record.event_time import EventTime
from recorder_core.jobs.record.gaps import Gap
from recorder_core.jobs.record.live.picture import DeidentifiedPicture
from recorder_core.jobs.record.live.room import LiveRoom
from recorder_core.jobs.record.pauses import Pauses
from recorder_core.jobs.record.room_picture import RoomPicture
from recorder_core.jobs.record.space import SpaceGuard
from recorder_core.jobs.record.ticks import Ticks
from recorder_core.jobs.record.writing import RecordingWriter

__all__ = ["RecorderParts"]


@dataclass(frozen=True, slots=True)
class RecorderParts:
    """What a recording runs on.

    Attributes
    ----------
    ticks : Ticks
        Of the composite.
    picture : RoomPicture or DeidentifiedPicture
        What is composed.
    composer : Composer
        Composes it.
    writer : RecordingWriter
        Encodes and writes it.
    collector : Collector
        Collects signals and presses.
    pauses : Pauses
        In which nothing of the room is recorded.
    guard : SpaceGuard
        Of the disks.
    encoder : str
        What encodes, and why, as a sentence.
    delay_seconds : float
        How long after its tick a frame is composed.
    live : LiveRoom or None
        What becomes known of the room, where it is de-identified.
    """

    ticks: Ticks
    picture: RoomPicture | DeidentifiedPicture
    composer: Composer
    writer: RecordingWriter
    collector: Collector
    pauses: Pauses
    guard: SpaceGuard
    encoder: str
    delay_seconds: float
    live: LiveRoom | None = None

    @property
    def running(self) -> list[RecordingWriter | Composer | Collector]:
        """The threads without which it cannot go on."""
        return [*self._writers, self.composer, self.collector]

    def start(self, *, encodes: bool = True) -> None:
        """Start the threads; nothing that they make is written before `begin`.

        Parameters
        ----------
        encodes : bool
            Whether frames are encoded and held, too, before `keep_from`.
        """
        self.writer.start(encodes=encodes)
        if self.live is not None:
            self.live.start(encodes=encodes)
        self.composer.start()
        self.collector.start()

    @property
    def roles(self) -> tuple[FileRole, ...]:
        """The files of an event that it writes beside video and journal."""
        return (*(() if self.live is None else self.live.roles), *self.collector.roles)

    def open(self, recording: EventRecording) -> None:
        """Open the files of an event, of which nothing is written before `begin`."""
        if self.live is not None:
            self.live.open(recording)
        self.collector.open(recording)

    def begin(
        self, recording: EventRecording, time: EventTime, event_lines: tuple[str, ...]
    ) -> None:
        """Enter everything into the event that is open from now on, and first what is held of it.

        Parameters
        ----------
        recording : EventRecording
            Of the event.
        time : EventTime
            Of the event.
        event_lines : tuple of str
            What the composite says of it.
        """
        room_utc = recording.clock.utc(-time.zero_seconds)
        self.picture.begin(time.zero_seconds, room_utc, event_lines)
        if self.live is not None:
            self.live.begin(recording, time)
        self.collector.begin(time)
        self.writer.begin(recording.sink, time.first_tick)

    def keep_from(self, tick: int) -> None:
        """Encode from a tick on, unless that is done already, and forget nothing from now on."""
        for writer in self._writers:
            writer.keep_from(tick)

    def release_held(self) -> None:
        """Forget again what is older than the room's file says."""
        for writer in self._writers:
            writer.release_held()

    def first_held(self, from_tick: int) -> tuple[int, int] | None:
        """Return index and tick of the first frame with which a video can begin that is held.

        None of those before a tick is meant; None where there is no other yet. Where the view of
        the room is a video of its own, a GOP of it begins there, too; where none of its GOPs begins
        with one of the composite, it has fewer frames, and begins later.
        """
        gops = [gop for gop in self.writer.held_gops if gop[1] >= from_tick]
        ticks = {tick for _, tick in self._writers[-1].held_gops}
        return next((gop for gop in gops if gop[1] in ticks), gops[0] if gops else None)

    def check(self, sentence: str) -> None:
        """Raise why a thread ended before it was asked to.

        Parameters
        ----------
        sentence : str
            What cannot go on, and what to do, where the error is no sentence.

        Raises
        ------
        RecorderError
            If one did.
        """
        for part in self.running:
            if isinstance(part.error, RecorderError):
                raise part.error
            if part.error is not None:
                name = type(part.error).__name__
                raise WrongState(f"{sentence} ({name})") from part.error

    def gaps(self) -> list[Gap]:
        """Return the gaps of all sources that have ended, by the room's clock."""
        return self.picture.gaps() + self.collector.gaps()

    def finish_gaps(self, room_seconds: float) -> list[Gap]:
        """End the gaps that go on; return all."""
        return self.picture.finish(room_seconds) + self.collector.finish(room_seconds)

    def end_at(self, moment: float) -> None:
        """Capture nothing from a moment of `time.monotonic` on, but one frame at least."""
        self.composer.end_before(max(1, self.ticks.tick_at(moment)))
        self.collector.end_at(self.ticks.clock.seconds(moment))

    def end_capture(self, moment: float) -> float:
        """End the threads but the one that writes; return when the room ended, by its clock.

        Parameters
        ----------
        moment : float
            Until when it captures, by `time.monotonic`.
        """
        # the composer is a delay behind: nothing of that time belongs to the event
        self.collector.end_at(self.ticks.room_seconds(self.ticks.tick_at(moment)))
        seconds = self.ticks.room_seconds(self.composer.stop(moment))
        if self.live is not None:
            self.live.close()
        # what was pressed until then has its screenshot
        self.collector.stop(seconds)
        return seconds

    @property
    def _writers(self) -> list[RecordingWriter]:
        """What writes the composite, and the view of the room where that is a video of its own."""
        apart = None if self.live is None else self.live.writer
        return [self.writer] if apart is None else [self.writer, apart]
