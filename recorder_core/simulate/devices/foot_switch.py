"""A simulated foot switch, of which each interface is a pipe of what the kernel would say."""

from __future__ import annotations

import os
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from recorder_core.capture.switch.input_device import InputEvents
from recorder_core.errors import SourceNotFound

__all__ = ["SimulatedFootSwitch"]

#: struct input_event of Linux: time, type, code, value
_EVENT: Final = struct.Struct("llHHi")
_SYNCHRONISED, _KEY = 0, 1
#: KEY_B, as pedals are delivered
_CODE: Final = 48


class SimulatedFootSwitch:
    """A pedal that somebody presses by calling it; `open` opens it for a `SwitchSource`."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._is_plugged_in = True
        self._writing: list[int] = []

    @contextmanager
    def open(self) -> Iterator[InputEvents]:
        """Open the pedal, as `open_input_device` opens a real one.

        Raises
        ------
        SourceNotFound
            If it is unplugged.
        """
        with self._lock:
            if not self._is_plugged_in:
                raise SourceNotFound("the simulated foot switch is not there: plug it in")
            reading, writing = os.pipe()
            os.set_blocking(reading, False)
            self._writing.append(writing)
        try:
            yield InputEvents([reading])
        finally:
            os.close(reading)
            with self._lock:
                if writing in self._writing:
                    self._writing.remove(writing)
                    os.close(writing)

    def change(self, is_down: bool, seconds: float | None = None) -> float:
        """Close or open the contact, and return when.

        Parameters
        ----------
        is_down : bool
            Whether it is closed.
        seconds : float, optional
            By `time.monotonic`; now unless given.
        """
        at = time.monotonic() if seconds is None else seconds
        self._write(at, int(is_down))
        return at

    def press(self, hold_seconds: float = 0.1) -> float:
        """Press for some seconds; return when the contact was closed."""
        at = self.change(True)
        time.sleep(hold_seconds)
        self.change(False)
        return at

    def unplug(self) -> None:
        """Unplug it: who has it open loses it."""
        with self._lock:
            self._is_plugged_in = False
            while self._writing:
                os.close(self._writing.pop())

    def plug_in(self) -> None:
        """Plug it in again."""
        with self._lock:
            self._is_plugged_in = True

    def _write(self, seconds: float, value: int) -> None:
        whole, part = divmod(round(seconds * 1e6), 1_000_000)
        events = _EVENT.pack(whole, part, _KEY, _CODE, value)
        events += _EVENT.pack(whole, part, _SYNCHRONISED, 0, 0)
        with self._lock:
            for writing in self._writing:
                os.write(writing, events)
