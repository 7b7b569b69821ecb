"""What a sealed file is: the names that its encryption is bound to."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from recorder_core.errors import SettingsError

__all__ = ["FORMAT_LINE", "FileIdentity", "check_event_id"]

#: first line of every key file; a change of format changes the number
FORMAT_LINE: Final = "surgery-workbench key file 1"

MAX_GENERATION: Final = 2**31 - 1
_EVENT_ID: Final = re.compile(r"[A-Za-z0-9-]{1,64}")
_ROLE: Final = re.compile(r"[a-z0-9-]{1,32}")


def check_event_id(event_id: str) -> None:
    """Raise a SettingsError unless a text can be an event's id, and so a folder's name."""
    if not _EVENT_ID.fullmatch(event_id):
        raise SettingsError("an event id has 1 to 64 letters, digits and hyphens")


@dataclass(frozen=True, slots=True)
class FileIdentity:
    """Which file of which event this is, and which making of it.

    Attributes
    ----------
    event_id : str
        1 to 64 letters, digits and hyphens; an id, never a person's name.
    role : str
        What the file is in its event, such as ``original`` or ``deidentified``:
        1 to 32 lower-case letters, digits and hyphens.
    generation : int
        1 for the first making; one more each time the file is made anew.
    """

    event_id: str
    role: str
    generation: int = 1

    def __post_init__(self) -> None:
        check_event_id(self.event_id)
        if not _ROLE.fullmatch(self.role):
            raise SettingsError("a file's role has 1 to 32 lower-case letters, digits and hyphens")
        if not 1 <= self.generation <= MAX_GENERATION:
            raise SettingsError(f"a generation is 1 to {MAX_GENERATION}, not {self.generation}")

    def __str__(self) -> str:
        return f"event {self.event_id}, {self.role}, generation {self.generation}"

    def associated_data(self) -> bytes:
        """Return the bytes that the stream's key is bound to.

        They are the first four lines of the key file: format, event, role, generation.
        """
        return (
            f"{FORMAT_LINE}\nevent {self.event_id}\nrole {self.role}\n"
            f"generation {self.generation}\n"
        ).encode("ascii")
