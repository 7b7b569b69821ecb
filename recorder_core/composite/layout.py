"""Where a composite shows what: views of sources, panels of the recorder, and what stays black.

A layout is plain data. Rectangles are pixels of the composite, at even places and of even size, so
that the chroma of YUV 4:2:0 divides as the luma does; no two of them overlap. A zone is a part of
a source that nobody ever sees, such as the line of a monitor that names the patient.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations
from typing import Final, Literal, TypeAlias, get_args

from recorder_core.errors import SettingsError
from recorder_core.model import View
from recorder_core.model.values.argument_kinds import check_fields

__all__ = [
    "FITS",
    "MAX_SIDE_PX",
    "MIN_SIDE_PX",
    "PANEL_KINDS",
    "ROOM",
    "CompositeLayout",
    "Fit",
    "LayoutPanel",
    "LayoutView",
    "PanelKind",
    "StaticZone",
]

#: how a picture of another shape fills its rectangle: whole with black beside it, cut off at two
#: sides, or distorted
Fit: TypeAlias = Literal["contain", "cover", "stretch"]
#: what the recorder draws itself
PanelKind: TypeAlias = Literal["numbers", "trend", "event_strip", "clock"]
FITS: Final[tuple[Fit, ...]] = get_args(Fit)
PANEL_KINDS: Final[tuple[PanelKind, ...]] = get_args(PanelKind)
#: name of the view in which persons are
ROOM: Final = "room"
#: of a composite, a view or a panel; a smaller one shows nothing
MIN_SIDE_PX: Final = 16
#: of a composite; of H.264 level 6.2 (ITU-T H.264, table A-1) no side is longer
MAX_SIDE_PX: Final = 8192
_MAX_TEXT: Final = 64
_NEED_SIGNALS: Final = ("numbers", "trend")
#: pictures whose width / height differs by a larger share are of another shape
_SAME_SHAPE: Final = Fraction(1, 100)


def _check_name(what: str, name: str) -> None:
    if not 0 < len(name) <= _MAX_TEXT or not name.isprintable():
        raise SettingsError(f"{what} has 1 to {_MAX_TEXT} printable characters, not {name!r}")


def check_side(name: str, side_px: int) -> None:
    """Raise SettingsError unless a composite can have this `width` or `height`."""
    if side_px % 2 or not MIN_SIDE_PX <= side_px <= MAX_SIDE_PX:
        raise SettingsError(
            f"the {name} of a composite must be an even number from {MIN_SIDE_PX} to "
            f"{MAX_SIDE_PX}, not {side_px}"
        )


def _check_rectangle(what: str, rectangle: View) -> None:
    if any(value % 2 for value in (rectangle.x, rectangle.y, rectangle.width, rectangle.height)):
        raise SettingsError(
            f"{what} lies at {rectangle}; left, top, width and height must be even numbers"
        )
    if min(rectangle.width, rectangle.height) < MIN_SIDE_PX:
        raise SettingsError(
            f"{what} is {rectangle.width}x{rectangle.height}; it must have at least "
            f"{MIN_SIDE_PX} pixels across and down"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class LayoutView:
    """The part of a composite that a source fills.

    Attributes
    ----------
    name : str
        Of the view; the one named `room` is the view in which persons are.
    source : str
        Name of the source that it shows.
    rectangle : View
        Even pixels of the composite, border included.
    fit : {"contain", "cover", "stretch"}
        How a picture of another shape fills it.
    border_px : int
        Even; drawn inside the rectangle.
    label : str
        Written into its upper left corner; empty for none.

    Raises
    ------
    SettingsError
        If the rectangle is odd or too small, or the border leaves no picture.
    """

    name: str
    source: str
    rectangle: View
    fit: Fit = "contain"
    border_px: int = 0
    label: str = ""

    def __post_init__(self) -> None:
        check_fields(self)
        _check_name("the name of a view", self.name)
        _check_name(f"the source of the view {self.name}", self.source)
        _check_rectangle(f"the view {self.name}", self.rectangle)
        if self.fit not in FITS:
            raise SettingsError(
                f"the view {self.name} has the fit {self.fit!r}; choose one of {', '.join(FITS)}"
            )
        left_px = min(self.rectangle.width, self.rectangle.height) - 2 * self.border_px
        if self.border_px < 0 or self.border_px % 2 or left_px < MIN_SIDE_PX:
            raise SettingsError(
                f"the border of the view {self.name} is {self.border_px} px; it must be even and "
                f"leave at least {MIN_SIDE_PX} pixels"
            )
        if len(self.label) > _MAX_TEXT or not self.label.isprintable():
            raise SettingsError(
                f"the label of the view {self.name} must have at most {_MAX_TEXT} printable "
                "characters"
            )

    @property
    def inside(self) -> View:
        """What the border leaves for the picture."""
        border = self.border_px
        return View(
            self.rectangle.x + border,
            self.rectangle.y + border,
            self.rectangle.width - 2 * border,
            self.rectangle.height - 2 * border,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class LayoutPanel:
    """A part of a composite that the recorder draws itself.

    Attributes
    ----------
    name : str
        Of the panel.
    kind : {"numbers", "trend", "event_strip", "clock"}
        What it shows.
    rectangle : View
        Even pixels of the composite.
    signals : tuple of str
        What numbers and trends show, the main one first; a trend shows that one alone.
    quality : str
        Signal that says how good the main one is, 0 to 100 %; empty for none.
    span_seconds : float
        How far a trend goes back.
    stale_seconds : float
        A number that is older is a dash; two periods of its device.

    Raises
    ------
    SettingsError
        If the rectangle is odd or too small, or there is nothing to show.
    """

    name: str
    kind: PanelKind
    rectangle: View
    signals: tuple[str, ...] = ()
    quality: str = ""
    span_seconds: float = 600.0
    stale_seconds: float = 10.0

    def __post_init__(self) -> None:
        check_fields(self)
        _check_name("the name of a panel", self.name)
        _check_rectangle(f"the panel {self.name}", self.rectangle)
        if self.kind not in PANEL_KINDS:
            raise SettingsError(
                f"the panel {self.name} is of the kind {self.kind!r}; choose one of "
                f"{', '.join(PANEL_KINDS)}"
            )
        if self.kind in _NEED_SIGNALS and not self.signals:
            raise SettingsError(f"the panel {self.name} shows no signal; name one in its signals")
        for name in ("span_seconds", "stale_seconds"):
            if not 0 < getattr(self, name) < float("inf"):
                raise SettingsError(f"{name} of the panel {self.name} must be above 0")


@dataclass(frozen=True, slots=True, kw_only=True)
class StaticZone:
    """A part of a source that is always black.

    Attributes
    ----------
    source : str
        Name of the source.
    rectangle : View
        Pixels of its picture as shown: upright, with square pixels.
    picture_size_px : tuple of int
        Width and height of the picture in which the rectangle was found. In one of another size
        the zone grows and shrinks with it; one of another shape is hidden as a whole, because
        nobody knows where in it the text stands.

    Raises
    ------
    SettingsError
        If the rectangle does not lie inside the picture.
    """

    source: str
    rectangle: View
    picture_size_px: tuple[int, int]

    def __post_init__(self) -> None:
        check_fields(self)
        _check_name("the source of a zone", self.source)
        width, height = self.picture_size_px
        if not self.rectangle.fits(width, height):
            raise SettingsError(
                f"the zone {self.rectangle} of {self.source} does not lie inside its picture of "
                f"{width}x{height}; make it smaller or move it"
            )

    def is_for(self, width_px: int, height_px: int) -> bool:
        """Return whether a picture has the shape of that in which the zone was found."""
        width, height = self.picture_size_px
        return abs(Fraction(width_px * height, height_px * width) - 1) <= _SAME_SHAPE


@dataclass(frozen=True, slots=True, kw_only=True)
class CompositeLayout:
    """What a composite shows where.

    Attributes
    ----------
    width, height : int
        Of the composite, even pixels.
    views : tuple of LayoutView
        At least one.
    panels : tuple of LayoutPanel
        What the recorder draws itself.
    zones : tuple of StaticZone
        What stays black, whatever shows the source.

    Raises
    ------
    SettingsError
        If a rectangle lies outside or overlaps another, a name is there twice, or a zone is of a
        source that no view shows.
    """

    width: int
    height: int
    views: tuple[LayoutView, ...]
    panels: tuple[LayoutPanel, ...] = ()
    zones: tuple[StaticZone, ...] = ()

    def __post_init__(self) -> None:
        check_fields(self)
        for name in ("width", "height"):
            check_side(name, getattr(self, name))
        if not self.views:
            raise SettingsError("a layout has at least one view; give one a source and a rectangle")
        places = [(f"the view {view.name}", view.rectangle) for view in self.views]
        places += [(f"the panel {panel.name}", panel.rectangle) for panel in self.panels]
        _check_names([view.name for view in self.views] + [panel.name for panel in self.panels])
        for what, rectangle in places:
            if not rectangle.fits(self.width, self.height):
                raise SettingsError(
                    f"{what} at {rectangle} does not lie inside the composite of "
                    f"{self.width}x{self.height}; make it smaller or move it"
                )
        for what, other in _overlaps(places):
            raise SettingsError(f"{what} and {other} overlap; move one, or make it smaller")
        for zone in self.zones:
            if zone.source not in self.sources:
                raise SettingsError(
                    f"a zone is of the source {zone.source}, which no view shows; sources are "
                    f"{', '.join(self.sources)}"
                )

    @property
    def sources(self) -> tuple[str, ...]:
        """Names of the sources that it shows, each once."""
        return tuple(dict.fromkeys(view.source for view in self.views))

    @property
    def room_view(self) -> View | None:
        """Where persons are: what is stored with the event; None where no room is shown."""
        return next((view.rectangle for view in self.views if view.name == ROOM), None)

    def zones_of(self, source: str) -> tuple[StaticZone, ...]:
        """Return the zones of a source."""
        return tuple(zone for zone in self.zones if zone.source == source)


def _check_names(names: Sequence[str]) -> None:
    for name in names:
        if names.count(name) > 1:
            raise SettingsError(f"two views or panels are named {name}; give each its own name")


def _overlaps(places: Sequence[tuple[str, View]]) -> Iterator[tuple[str, str]]:
    for (what, one), (other, two) in combinations(places, 2):
        across = one.x < two.x + two.width and two.x < one.x + one.width
        down = one.y < two.y + two.height and two.y < one.y + one.height
        if across and down:
            yield what, other
