"""The picture of a room in which the view of the room is de-identified.

A frame is composed when its sources' frames are there, but for the room, and waits for a second and
some; meanwhile faces are looked for in the view of the room. Then what is known is redacted, by the
code that redacts finished videos, and the view is pasted. Where it is not known in time, all of the
view is made unrecognisable: nobody ever gets a frame in which a face may be.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from recorder_core.composite.canvas import paste_planes
from recorder_core.deidentify import RedactionSettings, redact
from recorder_core.deidentify.redaction_check import writable_copy
from recorder_core.errors import RecorderError
from recorder_core.jobs.pipeline.frame_redactor import FrameRedactor
from recorder_core.jobs.record.gaps import Gap
from recorder_core.jobs.record.live.ahead import FramesAhead, PreparedFrame
from recorder_core.jobs.record.live.face_search import FaceFinder, FaceSearch
from recorder_core.jobs.record.live.hidden import HiddenSpans
from recorder_core.jobs.record.live.split import SplitCompositor
from recorder_core.jobs.record.pauses import Pauses
from recorder_core.jobs.record.room.deidentification import LiveSettings
from recorder_core.jobs.record.room_picture import RoomPicture
from recorder_core.jobs.record.ticks import Ticks
from recorder_core.media import Frame
from recorder_core.model import FrameDetections, FrameFormat, Planes, Redaction, View
from recorder_core.tables import SignalRow

__all__ = ["DeidentifiedPicture", "RoomFrame"]

_REDACTION: Final = RedactionSettings()


@dataclass(frozen=True, slots=True)
class RoomFrame:
    """The view of the room in the frame that was composed last.

    Attributes
    ----------
    frame : Frame
        As it was captured.
    detections : FrameDetections or None
        What was found in it, in its own pixels.
    """

    frame: Frame
    detections: FrameDetections | None


class DeidentifiedPicture:
    """What a recording shows, with the faces of the room redacted; composed in one thread.

    Parameters
    ----------
    picture : RoomPicture
        Of the compositor.
    compositor : SplitCompositor
        Which composes the view of the room apart.
    finder : FaceFinder
        Finds faces.
    settings : LiveSettings
        How they are looked for.
    ticks : Ticks
        Of the frames.
    pauses : Pauses
        In which they are black.
    delay_seconds : float
        How long after its tick the frames of the sources are there.
    kept_source : str or None
        Of which screenshots are; never that of the room. Frames of others are not kept.
    should_yield : callable
        See `FaceSearch`.
    """

    def __init__(
        self,
        picture: RoomPicture,
        compositor: SplitCompositor,
        finder: FaceFinder,
        settings: LiveSettings,
        *,
        ticks: Ticks,
        pauses: Pauses,
        delay_seconds: float,
        kept_source: str | None,
        should_yield: Callable[[], bool],
    ) -> None:
        self._picture, self._compositor = picture, compositor
        self._kept_source = None if kept_source == compositor.source else kept_source
        #: of the last frame: see `kept_source`
        self.shown: Mapping[str, Frame] = {}
        self._ticks, self._pauses = ticks, pauses
        self._view = View(0, 0, compositor.place.width, compositor.place.height)
        self._redactor = FrameRedactor(_REDACTION, self._view)
        self._search = FaceSearch(finder, settings, self._view, ticks.rate, should_yield)
        self._ahead = FramesAhead(
            self._prepare, self._search.add, ticks, delay_seconds, settings.hold_seconds
        )
        #: until somebody pops them
        self._composed: deque[RoomFrame] = deque()
        #: when all of the view was hidden
        self.hidden = HiddenSpans()

    @property
    def format(self) -> FrameFormat:
        """What all its frames have in common."""
        return self._compositor.format

    @property
    def error(self) -> BaseException | None:
        """Why no more faces are looked for: the view stays hidden."""
        return self._search.error

    def start(self) -> None:
        """Begin to prepare frames and to look for faces."""
        self._search.start()
        self._ahead.start()

    def close(self) -> None:
        """End both."""
        self._ahead.close()
        self._search.close()

    def begin(self, room_seconds: float, room_utc: datetime, event_lines: tuple[str, ...]) -> None:
        """Show the data of the event, and count what is hidden of it; as `RoomPicture.begin`."""
        self._picture.begin(room_seconds, room_utc, event_lines)
        self.hidden.begin(room_seconds)

    def add_signals(self, rows: Iterable[SignalRow]) -> None:
        """Show numbers from the frame of their moment on; any thread may call this."""
        self._picture.add_signals(rows)

    def compose(self, tick: int) -> Frame | None:
        """Return the frame of a tick, black in a pause; None where it was not made in time."""
        self._composed.clear()
        self.shown = {}
        prepared = self._ahead.take(tick)
        if prepared is None:
            return None
        room, seconds = prepared.room, self._ticks.room_seconds(tick)
        known = self._search.pop(room.frame_index)
        if self._pauses.covers(seconds):
            self.hidden.note(seconds, is_hidden=False)
            self._composed.append(RoomFrame(self._black(tick), None))
            return Frame.black(self.format, frame_index=0, pts=tick, duration=1)
        shown = self._redacted(room, known.redactions)
        self.hidden.note(seconds, is_hidden=shown is None)
        planes = self._unrecognisable(room) if shown is None else shown
        prepared.frame.paint_over(
            lambda canvas: paste_planes(canvas, planes, self._compositor.place, (0, 0))
        )
        self._composed.append(RoomFrame(room, known.detections))
        self.shown = prepared.shown
        return prepared.frame

    def pop_room(self) -> RoomFrame | None:
        """Return the view of the room of the frame that was composed last, once."""
        return self._composed.pop() if self._composed else None

    def gaps(self) -> list[Gap]:
        """Return the gaps that have ended."""
        return self._picture.gaps()

    def finish(self, room_seconds: float) -> list[Gap]:
        """End the gaps that go on; return all that began before the end."""
        self.hidden.finish(room_seconds)
        gaps = self._picture.finish(room_seconds)
        return [gap for gap in gaps if gap.start_seconds < room_seconds]

    def _prepare(self, tick: int) -> PreparedFrame:
        frame = self._picture.compose(tick)
        room = self._compositor.take_room() or self._black(tick)
        shown = self._picture.shown
        kept = {name: shown[name] for name in shown if name == self._kept_source}
        return PreparedFrame(frame, room, kept)

    def _black(self, tick: int) -> Frame:
        return Frame.black(self._compositor.room_format, frame_index=0, pts=tick, duration=1)

    def _redacted(self, room: Frame, redactions: Sequence[Redaction] | None) -> Planes | None:
        """Return the view without its faces; None where they are not known, or not redacted."""
        if redactions is None:
            return None
        try:
            return self._redactor.redact_copy(room.planes, redactions)
        except RecorderError:  # hidden, counted and marked
            return None

    def _unrecognisable(self, room: Frame) -> Planes:
        """Return the view as if all of it were one face."""
        planes = writable_copy(room.planes)
        box = (0.0, 0.0, float(self._view.width), float(self._view.height))
        whole = Redaction(room.frame_index, box, "padded", -1, float("nan"))
        redact(planes, [whole], _REDACTION, self._view)
        return planes
