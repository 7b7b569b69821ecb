"""The clock of a composite: how long the event lasts, and the wall time in UTC."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from PIL import Image

from recorder_core.composite.layout import LayoutPanel
from recorder_core.composite.lettering import blank_picture, write_text
from recorder_core.composite.panels.panel import BACK, QUIET, TEXT, PanelContent, elapsed_text

__all__ = ["ClockPanel"]

_NOT_BEGUN: Final = "--:--:--"


class ClockPanel:
    """Draws elapsed time above wall time.

    Parameters
    ----------
    panel : LayoutPanel
        Of the layout.
    """

    def __init__(self, panel: LayoutPanel) -> None:
        self._width, self._height = panel.rectangle.width, panel.rectangle.height

    def state(self, content: PanelContent, seconds: float) -> tuple[str, str]:
        """Return the two lines."""
        start = content.start_seconds
        elapsed = _NOT_BEGUN if start is None else elapsed_text(seconds - start)
        if content.zero_utc is None:
            return elapsed, ""
        now = content.zero_utc + timedelta(seconds=seconds)
        return elapsed, f"{now:%Y-%m-%d %H:%M:%S} UTC"

    def draw(self, content: PanelContent, seconds: float) -> Image.Image:
        """Return the picture."""
        elapsed, wall = self.state(content, seconds)
        picture = blank_picture(self._width, self._height, BACK)
        size = min(self._height / 120, self._width / 330)
        right = self._width - 20 * size
        middle = self._height / 2
        at = middle + (2 if wall else 18) * size
        write_text(picture, elapsed, (right, at), 50 * size, TEXT, is_bold=True, align="right")
        if wall:
            write_text(picture, wall, (right, middle + 40 * size), 23 * size, QUIET, align="right")
        return picture
