"""The strip of event data: a heading, and two lines in each of two columns."""

from __future__ import annotations

from typing import Final

from PIL import Image

from recorder_core.composite.layout import LayoutPanel
from recorder_core.composite.lettering import blank_picture, text_width, write_text
from recorder_core.composite.panels.panel import BACK, QUIET, TEXT, PanelContent

__all__ = ["EventStripPanel"]

#: a long heading is written smaller, down to this share
_MIN_HEADING: Final = 0.7


class EventStripPanel:
    """Draws event data.

    Parameters
    ----------
    panel : LayoutPanel
        Of the layout.
    """

    def __init__(self, panel: LayoutPanel) -> None:
        self._width, self._height = panel.rectangle.width, panel.rectangle.height

    def state(self, content: PanelContent, seconds: float) -> tuple[str, ...]:  # noqa: ARG002
        """Return the lines."""
        return content.event_lines

    def draw(self, content: PanelContent, seconds: float) -> Image.Image:  # noqa: ARG002
        """Return the picture."""
        picture = blank_picture(self._width, self._height, BACK)
        if not content.event_lines:
            return picture
        heading, *lines = content.event_lines
        unit = self._height / 120
        left, width = 24 * unit, self._width - 48 * unit
        large = _fitting(heading, 31 * unit, width)
        write_text(
            picture, heading, (left, 42 * unit), large, TEXT, is_bold=True, max_width_px=width
        )
        size, gap = 22 * unit, 30 * unit
        first, second = lines[:2], lines[2:]
        wanted = max((text_width(line, size) for line in first), default=0.0)
        # the second column begins where the first ends, at the middle at most
        most = (width - gap) / 2 if second else width
        column = min(wanted, most)
        for lines_of, x, room in (
            (first, left, most),
            (second, left + column + gap, width - column - gap),
        ):
            for number, line in enumerate(lines_of):
                place = (x, (74 + 30 * number) * unit)
                write_text(picture, line, place, size, QUIET, max_width_px=room)
        return picture


def _fitting(heading: str, size: float, width: float) -> float:
    """Return the size in which a heading fits, but not a much smaller one."""
    wanted = text_width(heading, size, is_bold=True)
    return size * min(1.0, max(_MIN_HEADING, 0.99 * width / wanted))
