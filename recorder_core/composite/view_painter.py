"""Paints a source into its view: placed, turned, its zones black, or what says that it is lost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from recorder_core.composite.canvas import fill_part, paste_picture, paste_planes
from recorder_core.composite.layout import LayoutView, StaticZone
from recorder_core.composite.lettering import Color, blank_picture, text_width, write_text
from recorder_core.composite.panels.lost_signal import LOST_BACK, notice_picture
from recorder_core.composite.panels.panel import BACK, LINE, TEXT, elapsed_text
from recorder_core.composite.placement import Placement, hidden_parts, place_picture
from recorder_core.media import Frame, FrameScaler, planes_of_picture
from recorder_core.model import Orientation, Planes, ShownGeometry, View

__all__ = ["ViewPainter"]

_LOST: Final = "SIGNAL LOST"
_NEVER: Final = "NO SIGNAL"
_BUSY: Final = "COMPUTER TOO BUSY"
_HIDDEN: Final = "HIDDEN"
_OTHER_SHAPE: Final = "its zones are for another picture shape"
#: of a label's font, by the height of its view
_LABEL_SHARE: Final = 1 / 24
_MIN_LABEL_PX, _MAX_LABEL_PX = 12, 28


@dataclass(frozen=True, slots=True)
class _Placed:
    """What is worked out once for frames of one geometry."""

    placement: Placement
    scaler: FrameScaler
    #: black parts of the composite
    hidden: Sequence[View]
    #: whether nothing of the picture may be shown
    is_hidden: bool


class ViewPainter:
    """Paints one view of a composite; what did not change is not worked out again.

    Pictures are painted into each frame; border and notices stand on the canvas, which is below.

    Parameters
    ----------
    canvas : Planes
        Of the composite; changed in place, in this view by nobody else.
    view : LayoutView
        Of the layout.
    zones : sequence of StaticZone
        Of its source.
    """

    def __init__(self, canvas: Planes, view: LayoutView, zones: Sequence[StaticZone]) -> None:
        self._canvas, self._view, self._zones = canvas, view, zones
        self._label = _label_planes(view)
        #: worked out for the last frame
        self._placed: _Placed | None = None
        #: for what the canvas around a picture is black now; None while a notice fills the view
        self._cleared: _Placed | None = None
        self._shown: Frame | None = None
        #: of the last frame, at the scale of the composite; None where it may not be shown
        self._picture: Planes | None = None
        #: what a notice says of the signal that is lost, and since when
        self._lost: tuple[str, str] | None = None
        fill_part(canvas, view.rectangle, _yuv(LINE))
        fill_part(canvas, view.inside)

    def update(self, frame: Frame | None, seconds: float | None, *, is_starved: bool) -> None:
        """Work out what the view shows; nothing, for the frame of the last time.

        Parameters
        ----------
        frame : Frame or None
            The same object as the last time where the source gave no other; None while its signal
            is lost.
        seconds : float or None
            Of the event; None: nobody has begun it yet.
        is_starved : bool
            Whether its signal is lost because this computer does not keep up.
        """
        if frame is None:
            self._lose(seconds, is_starved)
        elif frame is not self._shown:
            self._show(frame)
        self._shown = frame

    @property
    def target(self) -> View | None:
        """Which part of each frame is painted; None where the canvas has it all."""
        if self._picture is None or self._placed is None:
            return None
        return self._placed.placement.target

    def paint(self, planes: Planes) -> None:
        """Paint the picture into a frame, its zones black."""
        if self._picture is None or self._placed is None:
            return
        placement = self._placed.placement
        paste_planes(planes, self._picture, placement.target, placement.offset_px)
        for part in self._placed.hidden:
            fill_part(planes, part)
        self._paint_label(planes)

    def _lose(self, seconds: float | None, is_starved: bool) -> None:
        then = "before the start" if seconds is None else elapsed_text(seconds)
        heading = _BUSY if is_starved else _NEVER if self._placed is None else _LOST
        lost = heading, then if self._lost is None else self._lost[1]
        if lost != self._lost:
            self._paint_notice(heading, f"since {lost[1]}")
            self._lost = lost

    def _show(self, frame: Frame) -> None:
        placed = self._place(frame.format.geometry)
        if placed is not self._cleared:
            self._clear(placed)
        self._lost = None
        if not placed.is_hidden:
            self._picture = _upright(placed.scaler.scale(frame), frame.format.orientation)

    def _place(self, geometry: ShownGeometry) -> _Placed:
        if self._placed is None or self._placed.placement.geometry != geometry:
            self._placed = _placed(self._view, geometry, self._zones)
        return self._placed

    def _clear(self, placed: _Placed) -> None:
        if placed.is_hidden:
            self._paint_notice(_HIDDEN, _OTHER_SHAPE)
        else:
            fill_part(self._canvas, self._view.inside)
            self._paste_label()
        self._cleared = placed

    def _paste_label(self) -> None:
        """Paint the label onto the canvas, for what of it lies beside the picture."""
        if self._label is not None:
            inside = self._view.inside
            width = min(self._label.width, inside.width)
            height = min(self._label.height, inside.height)
            paste_planes(self._canvas, self._label, View(inside.x, inside.y, width, height), (0, 0))

    def _paint_notice(self, heading: str, line: str) -> None:
        inside = self._view.inside
        self._cleared = self._picture = None
        fill_part(self._canvas, inside, _yuv(LOST_BACK))
        picture = notice_picture(inside, self._view.label or self._view.name, heading, line)
        above = (inside.height - picture.height) // 4 * 2
        paste_picture(self._canvas, picture, (inside.x, inside.y + above))

    def _paint_label(self, planes: Planes) -> None:
        """Paint the label where the picture lies below it."""
        target = self.target
        if self._label is None or target is None:
            return
        inside = self._view.inside
        right = min(inside.x + self._label.width, target.x + target.width)
        bottom = min(inside.y + self._label.height, target.y + target.height)
        if right > target.x and bottom > target.y:
            part = View(target.x, target.y, right - target.x, bottom - target.y)
            offset = target.x - inside.x, target.y - inside.y
            paste_planes(planes, self._label, part, offset)


def _placed(view: LayoutView, geometry: ShownGeometry, zones: Sequence[StaticZone]) -> _Placed:
    placement = place_picture(view, geometry)
    width, height = placement.scaled_px
    if geometry.orientation.swaps_sides:
        width, height = height, width
    hidden = hidden_parts(placement, zones)
    is_hidden = placement.target in hidden
    return _Placed(placement, FrameScaler(width, height), hidden, is_hidden)


def _upright(planes: Planes, orientation: Orientation) -> Planes:
    if orientation.is_as_stored:
        return planes
    y, u, v = (orientation.show(plane) for plane in (planes.y, planes.u, planes.v))
    return Planes(y, u, v)


def _label_planes(view: LayoutView) -> Planes | None:
    """Return the label as it is pasted over the picture."""
    if not view.label:
        return None
    size = min(max(view.rectangle.height * _LABEL_SHARE, _MIN_LABEL_PX), _MAX_LABEL_PX)
    width = min(view.inside.width, text_width(view.label, size) + 2 * size)
    picture = blank_picture(_even(width), _even(1.7 * size), BACK)
    write_text(picture, view.label, (size, 1.2 * size), size, TEXT, max_width_px=width - 2 * size)
    return planes_of_picture(np.asarray(picture))


def _even(value: float) -> int:
    return round(value / 2) * 2


def _yuv(color: Color) -> tuple[int, int, int]:
    """Return a colour as the planes hold it."""
    planes = planes_of_picture(np.full((2, 2, 3), color, np.uint8))
    return int(planes.y[0, 0]), int(planes.u[0, 0]), int(planes.v[0, 0])
