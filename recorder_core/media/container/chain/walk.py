"""What walking through a file from piece to piece gave."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

__all__ = ["Walk"]

#: where more of the pieces do not follow the one before, it is the way of the program that wrote
#: the file, and says nothing of damage
_MAX_BROKEN_SHARE: Final = 0.1


@dataclass(slots=True)
class Walk:
    """The pieces of a file, and where one does not follow the one before."""

    pieces: int = 0
    #: bytes of the file, rising
    broken: list[int] = field(default_factory=list)
    #: nothing follows the last break, or a piece is longer than what there is of it
    is_short: bool = False

    def note(self, place: int, following: int) -> None:
        """Note a place at which no piece begins, and where one follows; below 0: nowhere."""
        if following < 0:
            self.is_short = True
        else:
            self.broken.append(place)

    @property
    def is_whole(self) -> bool:
        """Whether each piece follows the one before, up to the file's end."""
        return not (self.broken or self.is_short)

    @property
    def breaks(self) -> tuple[int, ...]:
        """Bytes at which something is missing or damaged; none where pieces never follow."""
        is_usual = len(self.broken) > _MAX_BROKEN_SHARE * self.pieces
        return () if is_usual else tuple(self.broken)
