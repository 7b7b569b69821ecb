"""Where the views lie in a composite frame.

A view is a rectangle of whole pixels. A named layout says where each view of a composite
lies, the room view and others where they are known; it scales with the frame.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from recorder_core.errors import SettingsError

__all__ = ["LAYOUTS", "Layout", "View", "ViewName", "layout_view", "parse_view"]

#: what a view of a composite shows
ViewName: TypeAlias = Literal["room", "laparoscope", "vital_signs", "bis", "event_bar"]


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

    def covers(self, other: View) -> bool:
        """Return whether another view lies inside this one."""
        return (
            self.x <= other.x
            and self.y <= other.y
            and other.x + other.width <= self.x + self.width
            and other.y + other.height <= self.y + self.height
        )


@dataclass(frozen=True, slots=True)
class Layout:
    """Where the views of a composite lie, in frames of any size."""

    #: (left, top, width, height) of each view, as fractions of the frame
    places: Mapping[ViewName, tuple[float, float, float, float]]

    def view(self, name: ViewName, frame_width: int, frame_height: int) -> View:
        """Return one of the views, rounded to even pixels; views that touch go on touching.

        Raises
        ------
        KeyError
            If the layout does not have it.
        """
        x, y, width, height = self.places[name]
        left, top = round(x * frame_width / 2) * 2, round(y * frame_height / 2) * 2
        right = min(frame_width, round((x + width) * frame_width / 2) * 2)
        bottom = min(frame_height, round((y + height) * frame_height / 2) * 2)
        return View(left, top, right - left, bottom - top)


#: name -> where the room view lies, and other views where they are known
LAYOUTS: Final[dict[str, Layout]] = {
    "full": Layout({"room": (0.0, 0.0, 1.0, 1.0)}),
    # 1280 px of laparoscope; 640x360 panes stacked in the right-hand column
    "surgery-box": Layout(
        {
            "room": (2 / 3, 2 / 3, 1 / 3, 1 / 3),
            "laparoscope": (0.0, 0.0, 2 / 3, 8 / 9),
            "vital_signs": (2 / 3, 0.0, 1 / 3, 1 / 3),
            "bis": (2 / 3, 1 / 3, 1 / 3, 1 / 3),
            "event_bar": (0.0, 8 / 9, 2 / 3, 1 / 9),
        }
    ),
    "quad-top-left": Layout({"room": (0.0, 0.0, 0.5, 0.5)}),
    "quad-top-right": Layout({"room": (0.5, 0.0, 0.5, 0.5)}),
    "quad-bottom-left": Layout({"room": (0.0, 0.5, 0.5, 0.5)}),
    "quad-bottom-right": Layout({"room": (0.5, 0.5, 0.5, 0.5)}),
}


def layout_view(name: str, frame_width: int, frame_height: int) -> View:
    """Return the room view of a named layout, rounded to even pixels."""
    if name not in LAYOUTS:
        raise SettingsError(f"there is no layout {name!r}; choose one of {', '.join(LAYOUTS)}")
    return LAYOUTS[name].view("room", frame_width, frame_height)


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
