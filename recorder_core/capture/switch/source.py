"""A foot switch, read in a thread of its own."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Final

from recorder_core.capture.reconnecting import ReconnectingSource
from recorder_core.capture.retrying import RETRY_SECONDS
from recorder_core.capture.switch.contact import Contact
from recorder_core.capture.switch.input_device import open_input_device
from recorder_core.capture.switch.presses import PressDetector, SwitchPress
from recorder_core.capture.switch.serial_contact import open_serial_contact
from recorder_core.capture.switch.switch_settings import SwitchSettings

__all__ = ["SwitchSource"]

_WAIT_SECONDS: Final = 0.02


class SwitchSource(ReconnectingSource[Contact]):
    """A foot switch: keeps each press until it is taken, and connects again when it is gone.

    It is present while its device is there. A short press is there once the switch is released, a
    long one once it is long; the time of either is that at which the contact closed.

    Parameters
    ----------
    name : str
        A code of the site's, such as `pedal`.
    settings : SwitchSettings
        Where it is.
    open_contact : callable, optional
        Opens another contact than that of the settings, such as a simulated one.
    clock : callable, optional
        Gives `time.monotonic`.
    retry_seconds : float, optional
        The first pause before a device that is absent is looked for again.
    """

    def __init__(
        self,
        name: str,
        settings: SwitchSettings,
        *,
        open_contact: Callable[[], AbstractContextManager[Contact]] | None = None,
        clock: Callable[[], float] = time.monotonic,
        retry_seconds: float = RETRY_SECONDS,
    ) -> None:
        super().__init__(name, clock=clock, retry_seconds=retry_seconds)
        self._settings = settings
        self._pressed: list[SwitchPress] = []
        self._open_contact = open_contact or self._open_configured

    def take(self) -> list[SwitchPress]:
        """Return what was pressed since the last call."""
        with self._lock:
            taken, self._pressed = self._pressed, []
        self._count(used=len(taken))
        return taken

    def _open(self) -> AbstractContextManager[Contact]:
        return self._open_contact()

    def _open_configured(self) -> AbstractContextManager[Contact]:
        settings = self._settings
        if settings.kind == "input":
            return open_input_device(settings.address, settings.key_code)
        return open_serial_contact(settings.address, settings.line)

    def _read(self, device: Contact, stopping: threading.Event) -> None:
        detector = PressDetector(self._settings.debounce_seconds, self._settings.long_seconds)
        try:
            is_last = False
            while not is_last:
                # what was pressed before the end is kept
                is_last = stopping.is_set()
                self._set_present()
                # what changed before this moment is known when the wait is over
                now = self._clock()
                for change in device.wait(_WAIT_SECONDS):
                    self._keep(detector.change(change.is_down, change.seconds))
                self._keep(detector.tick(now))
        finally:
            self._keep(detector.end())

    def _keep(self, presses: Sequence[SwitchPress]) -> None:
        if presses:
            with self._lock:
                self._pressed += presses
            self._count(received=len(presses))
