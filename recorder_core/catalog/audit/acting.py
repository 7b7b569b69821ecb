"""What goes on at this moment, so that a change is stated in the name of who makes it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeAlias

from recorder_core.catalog.model.actor import Actor

__all__ = ["Acting", "Doing"]

#: who acts, which action, and with which event
Doing: TypeAlias = tuple[Actor, str, str | None]


class Acting:
    """The actions that are going on in this process, each in its thread."""

    def __init__(self) -> None:
        self._doing: list[tuple[int, Doing]] = []

    def __bool__(self) -> bool:
        return bool(self._doing)

    @contextmanager
    def doing(self, actor: Actor, action: str, event_id: str | None) -> Iterator[None]:
        """Yield while this person does something; changes inside are stated in that name."""
        entry = (threading.get_ident(), (actor, action, event_id))
        self._doing.append(entry)
        try:
            yield
        finally:
            self._doing.remove(entry)

    def innermost(self) -> Doing | None:
        """Return what this thread does; what another does where it does nothing itself."""
        entries = tuple(self._doing)
        own = [doing for thread, doing in entries if thread == threading.get_ident()]
        return next(reversed(own or [doing for _, doing in entries]), None)
