"""What a recording runs on."""

from __future__ import annotations

from dataclasses import dataclass

from recorder_core.jobs.record.collector import Collector
from recorder_core.jobs.record.composer import Composer
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
    live: LiveRoom | None = None

    @property
    def running(self) -> list[RecordingWriter | Composer | Collector]:
        """The threads without which it cannot go on."""
        apart = None if self.live is None else self.live.writer
        found: list[RecordingWriter | Composer | Collector]
        found = [self.writer, self.composer, self.collector]
        return found if apart is None else [*found, apart]
