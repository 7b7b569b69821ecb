"""Kinds of the markers that a recorder sets by itself."""

from __future__ import annotations

from typing import Final

from recorder_core.errors import SettingsError

__all__ = [
    "BROKEN_OFF",
    "PAUSE",
    "ROOM_HIDDEN",
    "is_kind_of_recorder",
    "lost_signal",
    "refuse_kind_of_recorder",
    "source_of_lost_signal",
    "source_of_too_busy",
    "too_busy",
]

#: in which nothing of the room is recorded, because somebody wanted it
PAUSE: Final = "pause"
#: in which the whole view of the room was made unrecognisable
ROOM_HIDDEN: Final = "room-hidden"
#: from which on nothing is recorded, because a part of the recorder failed, such as the encoder
BROKEN_OFF: Final = "broken-off"
#: before the name of a source that gave nothing, and of one with which the computer did not keep up
_LOST: Final = "signal-lost:"
_TOO_BUSY: Final = "too-busy:"


def lost_signal(source: str) -> str:
    """Return the kind of the marker of a span in which a source gave nothing."""
    return f"{_LOST}{source}"


def source_of_lost_signal(kind: str) -> str | None:
    """Return the name of the source that gave nothing; None of another kind of marker."""
    return kind.removeprefix(_LOST) if kind.startswith(_LOST) else None


def too_busy(source: str) -> str:
    """Return the kind of the marker of a span in which this computer did not keep up with it."""
    return f"{_TOO_BUSY}{source}"


def source_of_too_busy(kind: str) -> str | None:
    """Return the name of the source with which it did not; None of another kind of marker."""
    return kind.removeprefix(_TOO_BUSY) if kind.startswith(_TOO_BUSY) else None


def is_kind_of_recorder(kind: str) -> bool:
    """Return whether a marker of this kind is set by the recorder alone."""
    sources = source_of_lost_signal(kind), source_of_too_busy(kind)
    return kind in (BROKEN_OFF, ROOM_HIDDEN) or sources != (None, None)


def refuse_kind_of_recorder(kind: str) -> None:
    """Raise if a person's marker has a kind that says what became of a recording.

    Raises
    ------
    SettingsError
        If it has: the report would not list it among the markers.
    """
    if is_kind_of_recorder(kind):
        raise SettingsError(
            f"markers of the kind {kind} are set by the recorder alone: choose another kind, such "
            "as note"
        )
