"""From the newest frame of each source to one frame of the composite."""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Mapping
from fractions import Fraction
from types import MappingProxyType
from typing import Final

import numpy as np
from numpy.typing import NDArray

from recorder_core.composite.canvas import (
    blank_planes,
    parts_around,
    paste_picture,
    paste_planes,
)
from recorder_core.composite.layout import CompositeLayout, LayoutPanel, PanelKind
from recorder_core.composite.panels.clock import ClockPanel
from recorder_core.composite.panels.event_strip import EventStripPanel
from recorder_core.composite.panels.numbers import NumbersPanel
from recorder_core.composite.panels.panel import PanelContent, PanelDrawing
from recorder_core.composite.panels.trend import TrendPanel
from recorder_core.composite.source_picture import picture_without_zones
from recorder_core.composite.view_painter import ViewPainter
from recorder_core.errors import SettingsError
from recorder_core.media import Frame, FramePool
from recorder_core.model import FrameFormat, Planes, View

__all__ = ["Compositor"]

#: ITU-T H.273: BT.709 in all three, and limited range
_BT709: Final = 1
_LIMITED: Final = 1
#: how often panels are asked what they show
_ASKED_HZ: Final = 10
_PANELS: Final[Mapping[PanelKind, Callable[[LayoutPanel], PanelDrawing]]] = MappingProxyType(
    {
        "numbers": NumbersPanel,
        "trend": TrendPanel,
        "event_strip": EventStripPanel,
        "clock": ClockPanel,
    }
)


class Compositor:
    """Composes frames: 8 bits, YUV 4:2:0, BT.709, limited range.

    For one thread. Views whose source gave no other frame are not scaled again, and panels are
    drawn when what they show changes. What a layout hides is black before anything leaves.

    Parameters
    ----------
    layout : CompositeLayout
        What is shown where.
    frame_rate : Fraction
        Frames per second; each frame lasts one tick of it.

    Raises
    ------
    SettingsError
        If the rate is not above 0.
    """

    def __init__(self, layout: CompositeLayout, frame_rate: Fraction) -> None:
        if frame_rate <= 0:
            raise SettingsError(f"the frame rate is {frame_rate}, but must be above 0")
        self._layout, self._frame_rate = layout, frame_rate
        self._canvas = blank_planes(layout.width, layout.height)
        self._painters = [
            (view.source, ViewPainter(self._canvas, view, layout.zones_of(view.source)))
            for view in layout.views
        ]
        self._panels = [(panel, _PANELS[panel.kind](panel)) for panel in layout.panels]
        self._panel_states: dict[str, Hashable] = {}
        self._asked: tuple[int, PanelContent] | None = None
        #: where pictures are painted, and what of the canvas is seen around them
        self._holes: tuple[View, ...] = ()
        self._around = parts_around(layout.width, layout.height, ())
        self._frames: Mapping[str, Frame | None] = {}
        self._frame_index, self._pts = 0, -1
        self._format = FrameFormat(
            width=layout.width,
            height=layout.height,
            pixel_format="yuv420p",
            time_base=1 / frame_rate,
            color_primaries=_BT709,
            color_transfer=_BT709,
            color_matrix=_BT709,
            color_range=_LIMITED,
        )
        self._pool = FramePool(self._format)

    @property
    def layout(self) -> CompositeLayout:
        """What is shown where."""
        return self._layout

    @property
    def format(self) -> FrameFormat:
        """What all composed frames have in common; an encoder is opened for it."""
        return self._format

    def compose(
        self,
        frames: Mapping[str, Frame | None],
        content: PanelContent,
        seconds: float,
        starved: Collection[str] = (),
    ) -> Frame:
        """Return the next frame of the composite.

        Parameters
        ----------
        frames : mapping
            Name of each source, and its frame of that moment: the same object as before where it
            gave no other; None, or none here, while its signal is lost.
        content : PanelContent
            What the panels show.
        seconds : float
            Of the composite; the frame lies on the nearest tick.
        starved : collection of str, optional
            Names of sources without a frame because this computer does not keep up with them.

        Returns
        -------
        Frame
            With planes of its own; `frame_index` counts the frames of this compositor, `pts` its
            ticks from second 0 of the event.

        Raises
        ------
        SettingsError
            If the frame before lies on this tick, or after it.
        """
        pts = round(seconds * self._frame_rate)
        if pts <= self._pts and self._frame_index:
            raise SettingsError(
                f"the frame of {seconds:g} s comes after one of tick {self._pts}; compose each "
                "tick once, in order"
            )
        start = content.start_seconds
        elapsed = None if start is None else seconds - start
        for source, painter in self._painters:
            painter.update(frames.get(source), elapsed, is_starved=source in starved)
        self._update_panels(content, seconds)
        frame = self._pool.painted(self._paint, frame_index=self._frame_index, pts=pts, duration=1)
        self._frames, self._pts = dict(frames), pts
        self._frame_index += 1
        return frame

    def source_picture(self, source: str) -> NDArray[np.uint8] | None:
        """Return what a source showed in the last composed frame, in its own size.

        Parameters
        ----------
        source : str
            Its name.

        Returns
        -------
        ndarray of uint8, shape (H, W, 3), or None
            Upright, with square pixels, its zones black; red, green and blue, full range. None
            where it gave nothing.

        Raises
        ------
        SettingsError
            If no view shows this source.
        """
        if source not in self._layout.sources:
            raise SettingsError(
                f"no view shows the source {source}; sources are {', '.join(self._layout.sources)}"
            )
        frame = self._frames.get(source)
        return (
            None if frame is None else picture_without_zones(frame, self._layout.zones_of(source))
        )

    def _paint(self, planes: Planes) -> None:
        """Paint every sample of a frame: pictures, and the canvas around them."""
        holes = tuple(painter.target for _, painter in self._painters if painter.target is not None)
        if holes != self._holes:
            self._holes = holes
            self._around = parts_around(self._layout.width, self._layout.height, holes)
        for part in self._around:
            paste_planes(planes, self._canvas, part, (part.x, part.y))
        for _, painter in self._painters:
            painter.paint(planes)

    def _update_panels(self, content: PanelContent, seconds: float) -> None:
        """Draw the panels that show something else; they are asked some times a second."""
        asked = int(seconds * _ASKED_HZ), content
        if asked == self._asked:
            return
        self._asked = asked
        for panel, drawing in self._panels:
            state = drawing.state(content, seconds)
            if self._panel_states.get(panel.name, self) != state:
                place = panel.rectangle.x, panel.rectangle.y
                paste_picture(self._canvas, drawing.draw(content, seconds), place)
                self._panel_states[panel.name] = state
