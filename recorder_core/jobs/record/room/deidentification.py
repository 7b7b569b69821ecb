"""How the view of the room is de-identified while it is recorded."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Final, Literal, TypeAlias, get_args

from recorder_core.composite import CompositeLayout, LayoutView
from recorder_core.composite.layout import ROOM
from recorder_core.deidentify import SmoothingSettings
from recorder_core.errors import SettingsError
from recorder_core.model.values.argument_kinds import check_fields

__all__ = ["DEIDENTIFICATIONS", "Deidentification", "LiveSettings", "room_view_of"]

#: what becomes of the view of the room: it is recorded as it is; de-identified only; or
#: de-identified, and as it is in a video of its own
Deidentification: TypeAlias = Literal["none", "only", "both"]
DEIDENTIFICATIONS: Final[tuple[Deidentification, ...]] = get_args(Deidentification)
_MIN_LOOK_AHEAD_SECONDS: Final = 1.0
_MAX_LOOK_AHEAD_SECONDS: Final = 3.0
#: what the detector may be behind for as long as nothing has to be hidden
_SPARE_SECONDS: Final = 0.5
#: a tenth of a second is no sum of binary fractions
_ROUNDING_TICKS: Final = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveSettings:
    """How faces are looked for.

    Attributes
    ----------
    look_ahead_seconds : float
        How much of the future is known when a frame is decided; the composite is so much later.
    interval_seconds : float
        From one detection to the next where the machine keeps up.
    max_interval_seconds : float
        Where it is busy; of what was looked at more seldom, the whole view is hidden.

    Raises
    ------
    SettingsError
        If one of them is out of range.
    """

    look_ahead_seconds: float = _MIN_LOOK_AHEAD_SECONDS
    interval_seconds: float = 0.1
    max_interval_seconds: float = 0.2

    def __post_init__(self) -> None:
        check_fields(self)
        if not _MIN_LOOK_AHEAD_SECONDS <= self.look_ahead_seconds <= _MAX_LOOK_AHEAD_SECONDS:
            raise SettingsError(
                f"look_ahead_seconds must be {_MIN_LOOK_AHEAD_SECONDS:g} to "
                f"{_MAX_LOOK_AHEAD_SECONDS:g}, such as 1.0"
            )
        if not 0 < self.interval_seconds <= self.max_interval_seconds <= self._longest_seconds:
            raise SettingsError(
                "interval_seconds must be above 0, and max_interval_seconds at least as long and "
                f"at most {self._longest_seconds:g}, such as 0.1 and 0.2"
            )

    @property
    def hold_seconds(self) -> float:
        """How long a frame waits for its future and for the detector."""
        return self.look_ahead_seconds + self.max_interval_seconds + _SPARE_SECONDS

    @property
    def spare_seconds(self) -> float:
        """How far the detector may be behind."""
        return _SPARE_SECONDS

    def max_waiting_frames(self, rate: Fraction) -> int:
        """Return how many frames of a composite wait for the detector; older ones are shown."""
        return int((self.hold_seconds + self.spare_seconds) * rate) + 1

    @property
    def smoothing(self) -> SmoothingSettings:
        """How detections are repaired in time."""
        return SmoothingSettings(look_ahead_seconds=self.look_ahead_seconds)

    def interval_ticks(self, rate: Fraction) -> tuple[int, int]:
        """Return the usual and the longest interval in frames of a composite, at least one."""
        found = (self.interval_seconds, self.max_interval_seconds)
        usual, longest = (max(1, int(each * float(rate) + _ROUNDING_TICKS)) for each in found)
        return usual, longest

    @property
    def _longest_seconds(self) -> float:
        """A face is padded by as much as this where the detector did not look."""
        return SmoothingSettings().padding_seconds


def room_view_of(layout: CompositeLayout) -> LayoutView:
    """Return the view in which persons are.

    Raises
    ------
    SettingsError
        If there is none, or another view shows its source, too.
    """
    found = next((view for view in layout.views if view.name == ROOM), None)
    if found is None:
        raise SettingsError(
            "no view of the layout is named room, so that nothing can be de-identified; name the "
            'view so in which persons are, or write deidentify = "none"'
        )
    for view in layout.views:
        if view is not found and view.source == found.source:
            raise SettingsError(
                f"the view {view.name} shows the source {found.source}, too, where it would not be "
                'de-identified; take it out of the layout, or write deidentify = "none"'
            )
    return found
