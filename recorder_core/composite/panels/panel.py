"""What every panel is given, and how each says whether it has to be drawn again."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final, Protocol

from PIL import Image

from recorder_core.composite.lettering import Color
from recorder_core.composite.signal_board import SignalBoard
from recorder_core.errors import SettingsError

__all__ = [
    "BACK",
    "DIM",
    "LINE",
    "MAX_EVENT_LINES",
    "QUIET",
    "SIGNAL_COLOR",
    "TEXT",
    "WARNING",
    "PanelContent",
    "PanelDrawing",
    "elapsed_text",
]

BACK: Final[Color] = (10, 15, 22)
LINE: Final[Color] = (44, 56, 70)
DIM: Final[Color] = (84, 96, 110)
QUIET: Final[Color] = (150, 160, 172)
TEXT: Final[Color] = (232, 236, 240)
SIGNAL_COLOR: Final[Color] = (120, 200, 255)
WARNING: Final[Color] = (255, 190, 70)
#: of an event strip: a heading and two lines in each of two columns
MAX_EVENT_LINES: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class PanelContent:
    """What the panels of a composite show.

    Attributes
    ----------
    signals : SignalBoard
        The values of the event's signals.
    event_lines : tuple of str
        Data of the event, a heading first. They become part of the video and cannot be taken out
        of it later: no name of a patient.
    zero_utc : datetime
        The wall time at second 0 of the composite, with its time zone; None shows none.
    start_seconds : float or None
        Second 0 of the event, in seconds of the composite; None: nobody has begun it yet.

    Raises
    ------
    SettingsError
        If there are more lines than a strip holds, one is not printable, or the wall time has no
        time zone.
    """

    signals: SignalBoard = field(default_factory=SignalBoard)
    event_lines: tuple[str, ...] = ()
    zero_utc: datetime | None = None
    start_seconds: float | None = 0.0

    def __post_init__(self) -> None:
        if len(self.event_lines) > MAX_EVENT_LINES:
            raise SettingsError(
                f"{len(self.event_lines)} lines of event data are too many; a strip holds "
                f"{MAX_EVENT_LINES}"
            )
        if not all(line.isprintable() for line in self.event_lines):
            raise SettingsError("a line of event data is not printable; write each line by itself")
        if self.zero_utc is not None and self.zero_utc.tzinfo is None:
            raise SettingsError("the start of the event has no time zone; give it in UTC")
        if self.zero_utc is not None:
            object.__setattr__(self, "zero_utc", self.zero_utc.astimezone(UTC))


class PanelDrawing(Protocol):
    """A panel of a layout."""

    def state(self, content: PanelContent, seconds: float) -> Hashable:
        """Return what it shows at a second of the event: drawn again when this is another."""

    def draw(self, content: PanelContent, seconds: float) -> Image.Image:
        """Return its picture, of the size of its rectangle."""


def elapsed_text(seconds: float) -> str:
    """Return a time of an event as hours, minutes and seconds."""
    whole = max(0, int(seconds))
    return f"{whole // 3600:02d}:{whole // 60 % 60:02d}:{whole % 60:02d}"
