"""A simulated BIS monitor on a pseudo-terminal, which a reader opens like an adapter."""

from __future__ import annotations

import os
import queue
import random
import select
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from recorder_core.simulate.devices.bis_model import BisMonitorModel
from recorder_core.simulate.devices.sent import SentRecord, SentStream

__all__ = ["SimulatedBisMonitor"]

#: how long the monitor's thread sleeps at most
_WAIT_SECONDS: Final = 0.01
#: for a reader of a monitor that is faster than a real one
_MAX_WAIT_SECONDS: Final = 2.0
_READ_BYTES: Final = 4096


class SimulatedBisMonitor:
    """Speaks on a pseudo-terminal in a thread of its own, and fails on command.

    A block of it begins plugged in. What the reader does not fetch in time is lost, as on a wire;
    a monitor that is faster than a real one waits for its reader, up to 2 s.

    Parameters
    ----------
    port : Path
        Name under which the reader opens it: a link, there while it is plugged in.
    model : BisMonitorModel
        What it says.
    speed : float, optional
        How many times faster than a real one.
    drift : float, optional
        How much longer its seconds are, such as 1e-4.
    jitter_seconds : float, optional
        How late a record is, at most.
    damage : callable, optional
        Given each record's bytes, returns what is sent of it.
    seed : int, optional
        Of jitter and garbage.

    Attributes
    ----------
    sent : SentStream
        All that was sent, and what it meant.
    """

    def __init__(
        self,
        port: Path,
        model: BisMonitorModel,
        *,
        speed: float = 1.0,
        drift: float = 0.0,
        jitter_seconds: float = 0.0,
        damage: Callable[[bytes], bytes] | None = None,
        seed: int = 0,
    ) -> None:
        self.port = port
        self.model = model
        self.sent = SentStream()
        self._period_seconds = model.period_seconds * (1 + drift) / speed
        self._jitter_seconds = jitter_seconds
        self._waits_seconds = 0.0 if speed <= 1 else _MAX_WAIT_SECONDS
        self._damage = damage or bytes
        self._chance = random.Random(seed)  # noqa: S311 - nothing secret
        self._commands: queue.SimpleQueue[tuple[Callable[[], None], threading.Event]] = (
            queue.SimpleQueue()
        )
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="simulated BIS", daemon=True)
        self._ends: tuple[int, int] | None = None
        self._silent_until = 0.0

    def __enter__(self) -> Self:
        """Plug in, and begin to speak."""
        self._plug_in()
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop, and unplug."""
        self._stopping.set()
        self._thread.join()
        self._unplug()

    # -- faults on command ----------------------------------------------------------------------

    def unplug(self) -> None:
        """Unplug the adapter: the port vanishes, also from who has it open."""
        self._command(self._unplug)

    def plug_in(self) -> None:
        """Plug the adapter in again."""
        self._command(self._plug_in)

    def stall(self, seconds: float) -> None:
        """Fall silent for so long; what would have been said is lost."""

        def begin() -> None:
            self._silent_until = time.monotonic() + seconds

        self._command(begin)

    def send_garbage(self, count: int) -> None:
        """Send so many bytes that mean nothing."""
        self._command(lambda: self._send(SentRecord(b""), self._chance.randbytes(count)))

    def _command(self, act: Callable[[], None]) -> None:
        if not self._thread.is_alive():
            act()
            return
        done = threading.Event()
        self._commands.put((act, done))
        done.wait()

    # -- the thread -----------------------------------------------------------------------------

    def _run(self) -> None:
        start, number, late = time.monotonic(), 0, 0.0
        while not self._stopping.is_set():
            self._obey_commands()
            due = start + number * self._period_seconds + late
            if (now := time.monotonic()) >= due:
                for record in self.model.tick(number):
                    self._say(record, now)
                number, late = number + 1, self._chance.uniform(0, self._jitter_seconds)
            self._listen(min(_WAIT_SECONDS, max(0.0, due - now)))
        self._obey_commands()

    def _obey_commands(self) -> None:
        while not self._commands.empty():
            act, done = self._commands.get()
            act()
            done.set()

    def _listen(self, seconds: float) -> None:
        if self._ends is None:
            time.sleep(seconds)
        elif select.select([self._ends[0]], [], [], seconds)[0]:
            for record in self.model.hear(os.read(self._ends[0], _READ_BYTES)):
                self._say(record, time.monotonic())

    def _say(self, record: SentRecord, now: float) -> None:
        if self._ends is not None and now >= self._silent_until:
            self._send(record, self._damage(record.content))

    def _send(self, record: SentRecord, content: bytes) -> None:
        if self._ends is None:
            return
        # noted before it is sent: a reader may have it before the next line runs
        self.sent.append(record, content)
        count = 0
        while count < len(content) and self._is_taken():
            count += os.write(self._ends[0], content[count:])
        self.sent.cut_last(len(content) - count)

    def _is_taken(self) -> bool:
        """Return whether more can be sent; who is too fast to be real waits for the reader."""
        assert self._ends is not None
        return bool(select.select([], [self._ends[0]], [], self._waits_seconds)[1])

    def _plug_in(self) -> None:
        import tty  # not on every system

        if self._ends is not None:
            return
        device, reader = os.openpty()
        tty.setraw(reader)
        os.set_blocking(device, False)
        self.port.unlink(missing_ok=True)
        self.port.symlink_to(os.ttyname(reader))
        self._ends = device, reader

    def _unplug(self) -> None:
        if self._ends is None:
            return
        self.port.unlink(missing_ok=True)
        for end in self._ends:
            os.close(end)
        self._ends = None
