"""Where the views lie in a composite frame.

A view is a rectangle of whole pixels. Named layouts give the room view of the
composites that the recorder makes (1920x1080: laparoscope large, the other views
in the right-hand column); they scale with the frame.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from recorder_core.errors import SettingsError

__all__ = ["LAYOUTS", "View", "layout_view", "parse_view"]


@dataclass(frozen=True, slots=True)
class View:
    """The part of a frame that one source fills, in source-frame pixels."""

    x: int
    y: int
    width: int
    height: int

    def __post_init__(self) -> None:
        if self.x < 0 or self.y < 0 or self.width < 2 or self.height < 2:
            raise SettingsError(
                f"view {self}: x and y must not be negative and the size at least 2x2"
            )

    def __str__(self) -> str:
        return f"{self.x},{self.y},{self.width},{self.height}"

    def fits(self, frame_width: int, frame_height: int) -> bool:
        """Return whether the view lies inside a frame of this size."""
        return self.x + self.width <= frame_width and self.y + self.height <= frame_height


#: name -> (x, y, width, height) of the room view as fractions of the frame
LAYOUTS: Final[dict[str, tuple[float, float, float, float]]] = {
    "full": (0.0, 0.0, 1.0, 1.0),
    # 1280 px of laparoscope; 640x360 panes stacked in the right-hand column
    "surgery-box": (2 / 3, 2 / 3, 1 / 3, 1 / 3),
    "quad-top-left": (0.0, 0.0, 0.5, 0.5),
    "quad-top-right": (0.5, 0.0, 0.5, 0.5),
    "quad-bottom-left": (0.0, 0.5, 0.5, 0.5),
    "quad-bottom-right": (0.5, 0.5, 0.5, 0.5),
}


def layout_view(name: str, frame_width: int, frame_height: int) -> View:
    """Return the room view of a named layout, rounded to even pixels."""
    if name not in LAYOUTS:
        raise SettingsError(f"there is no layout {name!r}; choose one of {', '.join(LAYOUTS)}")
    x, y, width, height = LAYOUTS[name]
    left, top = round(x * frame_width / 2) * 2, round(y * frame_height / 2) * 2
    right = min(frame_width, round((x + width) * frame_width / 2) * 2)
    bottom = min(frame_height, round((y + height) * frame_height / 2) * 2)
    return View(left, top, right - left, bottom - top)


def parse_view(text: str, frame_width: int, frame_height: int) -> View:
    """Read ``X,Y,WIDTH,HEIGHT`` or a layout's name, and check it against the frame.

    Raises
    ------
    SettingsError
        If the text is neither, or the view does not lie inside the frame.
    """
    if text in LAYOUTS:
        return layout_view(text, frame_width, frame_height)
    try:
        x, y, width, height = (int(part) for part in text.split(","))
    except ValueError:
        raise SettingsError(
            f"view {text!r} is neither four whole numbers X,Y,WIDTH,HEIGHT nor one of "
            f"{', '.join(LAYOUTS)}"
        ) from None
    view = View(x, y, width, height)
    if not view.fits(frame_width, frame_height):
        raise SettingsError(
            f"view {view} does not lie inside the frame of {frame_width}x{frame_height}; "
            "make it smaller or move it"
        )
    return view
