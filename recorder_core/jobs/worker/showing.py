"""Show who watches a room how it is; what cannot be shown ends neither a hold nor a recording."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any, Final, Protocol

from recorder_core.errors import SettingsError
from recorder_core.jobs.worker.running_job import RunningJob

__all__ = ["Showing"]

_STATE_SECONDS: Final = 0.5


class _Shown(Protocol):
    """A room of which a picture is due now and then."""

    def preview(self) -> bytes | None:
        """Return a picture as JPEG, if one is due."""


class Showing:
    """Shows states twice a second and previews as they come; for one thread.

    Parameters
    ----------
    running : RunningJob
        Whose room it is.
    faults : list of str
        Gets a sentence, once, where something cannot be shown.
    """

    def __init__(self, running: RunningJob, faults: list[str]) -> None:
        self._running, self._faults = running, faults
        self._shown_seconds = float("-inf")

    def look(self, room: _Shown, state: Callable[[], Mapping[str, Any]]) -> bool:
        """Show what is due; return whether the state was."""
        preview = room.preview() if self._running.has_watchers else None
        now = time.monotonic()
        is_due = now - self._shown_seconds >= _STATE_SECONDS
        if is_due:
            self._shown_seconds = now
            self.show_state(state())
        if preview is not None:
            self._try(lambda: self._running.show(preview=preview))
        return is_due

    def show_state(self, state: Mapping[str, Any]) -> None:
        """Show a state at once."""
        self._try(lambda: self._running.show(state=state))

    def _try(self, show: Callable[[], None]) -> None:
        try:
            show()
        except SettingsError as error:
            fault = f"what this page shows may be old: {error}"
            if fault not in self._faults:
                self._faults.append(fault)
