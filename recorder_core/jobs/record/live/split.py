"""The view of the room apart from the composite around it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from fractions import Fraction

from recorder_core.composite import CompositeLayout, Compositor, LayoutView, PanelContent
from recorder_core.jobs.record.room.deidentification import room_view_of
from recorder_core.media import Frame
from recorder_core.model import FrameFormat, View

__all__ = ["SplitCompositor"]


class SplitCompositor:
    """Composes the view of the room by itself, and a composite that is black in its place.

    Its frames are given to nobody before the view is pasted: see `paste`.

    Parameters
    ----------
    layout : CompositeLayout
        Of the whole composite.
    frame_rate : Fraction
        Frames per second.

    Raises
    ------
    SettingsError
        As `room_view_of`.
    """

    def __init__(self, layout: CompositeLayout, frame_rate: Fraction) -> None:
        view = room_view_of(layout)
        self._source, self._place = view.source, view.rectangle
        self._room = Compositor(_room_alone(layout, view), frame_rate)
        self._around = Compositor(_room_empty(layout, view), frame_rate)
        self._nothing = Frame.black(self._room.format, frame_index=0, pts=0, duration=1)
        self._newest: Frame | None = None

    @property
    def format(self) -> FrameFormat:
        """What all frames of the composite have in common."""
        return self._around.format

    @property
    def room_format(self) -> FrameFormat:
        """What all frames of the view of the room have in common."""
        return self._room.format

    @property
    def source(self) -> str:
        """Name of the source of the room."""
        return self._source

    @property
    def place(self) -> View:
        """Where in the composite the view of the room lies."""
        return self._place

    def compose(
        self,
        frames: Mapping[str, Frame | None],
        content: PanelContent,
        seconds: float,
        starved: Collection[str] = (),
    ) -> Frame:
        """Return the composite without the room; as `Compositor.compose` otherwise."""
        shown = {self._source: frames.get(self._source)}
        self._newest = self._room.compose(shown, content, seconds, starved)
        around = {**frames, self._source: self._nothing}
        return self._around.compose(around, content, seconds, starved)

    def take_room(self) -> Frame | None:
        """Return the view of the room of the last composed frame, once."""
        newest, self._newest = self._newest, None
        return newest


def _room_alone(layout: CompositeLayout, view: LayoutView) -> CompositeLayout:
    size = view.rectangle.width, view.rectangle.height
    return CompositeLayout(
        width=size[0],
        height=size[1],
        views=(replace(view, rectangle=View(0, 0, *size)),),
        zones=layout.zones_of(view.source),
    )


def _room_empty(layout: CompositeLayout, view: LayoutView) -> CompositeLayout:
    """Return the layout with the room as a picture of its own size: border and label are in it."""
    empty = replace(view, fit="stretch", border_px=0, label="")
    return replace(
        layout,
        views=tuple(empty if each is view else each for each in layout.views),
        zones=tuple(zone for zone in layout.zones if zone.source != view.source),
    )
