"""A contact that opens and closes, whatever reads it."""

from __future__ import annotations

from typing import NamedTuple, Protocol

__all__ = ["Contact", "ContactChange"]


class ContactChange(NamedTuple):
    """The contact was closed, or opened."""

    is_down: bool
    #: by `time.monotonic`
    seconds: float


class Contact(Protocol):
    """A contact that can be waited for."""

    def wait(self, timeout_seconds: float) -> list[ContactChange]:
        """Return what changed since the last call, or what changes first within a time.

        Raises
        ------
        SourceLost
            If the device is gone.
        """
