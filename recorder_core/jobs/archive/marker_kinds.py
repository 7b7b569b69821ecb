"""Kinds of the markers that a recorder sets by itself."""

from __future__ import annotations

from typing import Final

from recorder_core.errors import SettingsError

__all__ = [
    "PAUSE",
    "ROOM_HIDDEN",
    "is_kind_of_recorder",
    "lost_signal",
    "refuse_kind_of_recorder",
    "source_of_lost_signal",
]

#: in which nothing of the room is recorded, because somebody wanted it
PAUSE: Final = "pause"
#: in which the whole view of the room was made unrecognisable
ROOM_HIDDEN: Final = "room-hidden"
#: before the name of a source that gave nothing
_LOST: Final = "signal-lost:"


def lost_signal(source: str) -> str:
    """Return the kind of the marker of a span in which a source gave nothing."""
    return f"{_LOST}{source}"


def source_of_lost_signal(kind: str) -> str | None:
    """Return the name of the source that gave nothing; None of another kind of marker."""
    return kind.removeprefix(_LOST) if kind.startswith(_LOST) else None


def is_kind_of_recorder(kind: str) -> bool:
    """Return whether a marker of this kind is set by the recorder alone."""
    return kind == ROOM_HIDDEN or source_of_lost_signal(kind) is not None


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
