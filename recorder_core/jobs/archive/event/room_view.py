"""What is said of where the room lies in the frames of an event."""

from __future__ import annotations

from typing import Final

__all__ = ["WIDE_FRAME_PX", "no_view_sentence"]

#: a wider frame is likely one of several views, and is shrunk before faces are searched in it
WIDE_FRAME_PX: Final = 1280


def no_view_sentence(event_id: str) -> str:
    """Return what to do where nobody said where the room lies."""
    return (
        f"event {event_id} has no room view, so faces are searched in the whole frame: if the room "
        "is only a part of it, small faces may be missed; store that part with 'workbench event "
        f"view {event_id} --set X,Y,W,H', or 'full' if the room fills the frame"
    )
