"""The kinds of files that are recorded: one class each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from recorder_core.jobs.archive.place.roles import RecordingFormat, StoredFile, role_of
from recorder_core.jobs.archive.recording.detections import DetectionStream
from recorder_core.jobs.archive.recording.journal import JournalStream
from recorder_core.jobs.archive.recording.raw import RawStream
from recorder_core.jobs.archive.recording.signals import SignalStream
from recorder_core.jobs.archive.recording.streams import RecordedStream
from recorder_core.jobs.archive.recording.videos import VideoStream

__all__ = ["KINDS", "kind_of"]

_CLASSES: Final[tuple[type[RecordedStream], ...]] = (
    VideoStream,
    SignalStream,
    RawStream,
    DetectionStream,
    JournalStream,
)
#: what a file is while it is recorded -> the class that writes it, and saves what a crash left
KINDS: Final[Mapping[RecordingFormat, type[RecordedStream]]] = {
    kind.kind: kind for kind in _CLASSES
}


def kind_of(file: StoredFile) -> type[RecordedStream]:
    """Return the class of a file of an event that is recorded."""
    return KINDS[role_of(file.row.role).recorded_as or "video"]
