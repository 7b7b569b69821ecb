"""What de-identifies the view of a room, from what the room's file says."""

from __future__ import annotations

import numpy as np

from recorder_core.detect import DetectorSettings, load_detector
from recorder_core.jobs.record.frame_queue import FrameQueue
from recorder_core.jobs.record.live.face_search import FaceFinder
from recorder_core.jobs.record.live.picture import DeidentifiedPicture
from recorder_core.jobs.record.live.room import LiveRoom, room_encoder
from recorder_core.jobs.record.live.split import SplitCompositor
from recorder_core.jobs.record.pauses import Pauses
from recorder_core.jobs.record.room.config import RoomConfig
from recorder_core.jobs.record.room_picture import RoomPicture
from recorder_core.jobs.record.ticks import Ticks
from recorder_core.model import Planes, View

__all__ = ["live_room", "load_finder"]


def load_finder(place: View) -> FaceFinder:
    """Load the usual detector for the view of the room, by itself in its frames.

    Raises
    ------
    EngineUnavailable
        If it cannot run on this machine.
    """
    view = View(0, 0, place.width, place.height)
    detector = load_detector(DetectorSettings(), view)
    size = place.height // 2, place.width // 2
    detector.detect(  # the first time takes longer
        Planes(
            np.full((place.height, place.width), 16, np.uint8),
            np.full(size, 128, np.uint8),
            np.full(size, 128, np.uint8),
        )
    )
    return detector


def live_room(
    room: RoomConfig,
    picture: RoomPicture,
    compositor: SplitCompositor,
    finder: FaceFinder,
    *,
    ticks: Ticks,
    pauses: Pauses,
    queue: FrameQueue,
) -> LiveRoom:
    """Return what de-identifies a room, not started yet; `queue` is that of its composite."""
    shown = DeidentifiedPicture(
        picture,
        compositor,
        finder,
        room.live,
        ticks=ticks,
        pauses=pauses,
        delay_seconds=room.delay_seconds,
        kept_source=room.screenshot_of,
        should_yield=lambda: queue.is_behind,
    )
    live = LiveRoom(shown, compositor.place, room.live, room.rate, room.pre_record_seconds)
    if room.deidentify == "both":
        apart = compositor.room_format
        live.keep_untouched(apart, room_encoder(room.encoder, compositor.format, apart))
    return live
