"""Press a pedal of the kernel's own, and unplug it.

    python profiling/faults/fault_switch.py [--presses 40] [--unpluggings 10] [--out FILE.json]

Needs Linux with `/dev/uinput`, and root. The kernel makes an input device with the vendor and
product of a common pedal; `SwitchSource` finds it by these, and reads it. Each press must be read
once, with a time between the moments before and after it was written, long if it was held, and
nobody else may read its key, nor may another key count. The device is destroyed and made again,
now and then while it is pressed.

Exit status 1 if anything was wrong.
"""

from __future__ import annotations

import argparse
import fcntl
import os
import struct
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Final

from killing import FaultError, finish, numbers

from recorder_core.capture.switch import SwitchSettings, SwitchSource

#: of linux/uinput.h
SET_EVENT_KIND, SET_KEY, SET_UP, CREATE, DESTROY = (
    0x40045564, 0x40045565, 0x405C5503, 0x5501, 0x5502,
)  # fmt: skip
SETUP: Final = struct.Struct("<HHHH80sI")
EVENT: Final = struct.Struct("llHHi")
#: a USB device, as pedals are delivered
USB, VENDOR, PRODUCT, NAME = 3, 0x3553, 0xB001, b"fault pedal"
SYNCHRONISED, KEY = 0, 1
#: KEY_B and KEY_A
PEDAL_KEY, OTHER_KEY = 48, 30
RELEASED, PRESSED, REPEATED = 0, 1, 2
#: what is waited for comes by then
PATIENCE_SECONDS: Final = 60.0
#: longer than what begins too soon to be a press of its own
APART_SECONDS: Final = 0.4


@dataclass
class Counts:
    """What became of the presses."""

    presses: int = 0
    long_presses: int = 0
    presses_cut_off: int = 0
    presses_of_another_key: int = 0
    unpluggings: int = 0
    connections: int = 0
    #: what another reader of the device got
    bytes_read_by_others: int = 0
    wrong: list[str] = field(default_factory=list)

    @property
    def is_clean(self) -> bool:
        """Whether nothing was wrong."""
        return not (self.wrong or self.bytes_read_by_others)


class Pedal:
    """An input device that the kernel makes."""

    def __init__(self) -> None:
        self._file = os.open("/dev/uinput", os.O_WRONLY)
        fcntl.ioctl(self._file, SET_EVENT_KIND, KEY)
        for key in (PEDAL_KEY, OTHER_KEY):
            fcntl.ioctl(self._file, SET_KEY, key)
        fcntl.ioctl(self._file, SET_UP, SETUP.pack(USB, VENDOR, PRODUCT, 1, NAME, 0))
        fcntl.ioctl(self._file, CREATE)

    def write(self, value: int, key: int = PEDAL_KEY) -> None:
        """Press, repeat or release a key."""
        events = EVENT.pack(0, 0, KEY, key, value) + EVENT.pack(0, 0, SYNCHRONISED, 0, 0)
        os.write(self._file, events)

    def destroy(self) -> None:
        """Remove the device, as unplugging does."""
        fcntl.ioctl(self._file, DESTROY)
        os.close(self._file)


def wait_until(condition: Callable[[], bool], source: SwitchSource) -> None:
    """Return once a condition holds; FaultError if it never does."""
    until = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        if time.monotonic() > until:
            raise FaultError(f"the switch is not read: {source.state}")
        time.sleep(0.005)


def press(pedal: Pedal, source: SwitchSource, counts: Counts, *, is_long: bool) -> None:
    """Press once, and compare what is read."""
    before = time.monotonic()
    pedal.write(PRESSED)
    after = time.monotonic()
    pedal.write(REPEATED)
    read = source.state.counters.received
    if is_long:
        wait_until(lambda: source.state.counters.received > read, source)
    pedal.write(RELEASED)
    wait_until(lambda: source.state.counters.received > read, source)
    time.sleep(APART_SECONDS)
    counts.presses += 1
    counts.long_presses += is_long
    check(source, counts, before, after, is_long=is_long)


def check(
    source: SwitchSource, counts: Counts, before: float, after: float, *, is_long: bool
) -> None:
    """Compare a press with when it was written, and how long it was held."""
    found = source.take()
    # the kernel's time has microseconds
    is_right = len(found) == 1 and before - 1e-6 <= found[0].seconds <= after + 1e-6
    if not is_right or found[0].is_long is not is_long:
        counts.wrong.append(f"press {counts.presses} between {before} and {after} is {found}")


def press_another(pedal: Pedal, source: SwitchSource, counts: Counts) -> None:
    """Press a key that does not count."""
    pedal.write(PRESSED, OTHER_KEY)
    pedal.write(RELEASED, OTHER_KEY)
    time.sleep(APART_SECONDS)
    counts.presses_of_another_key += 1
    if found := source.take():
        counts.wrong.append(f"another key is {found}")


def unplug(pedal: Pedal, source: SwitchSource, counts: Counts, *, is_pressed: bool) -> Pedal:
    """Unplug, while it is pressed or not; return the pedal that is plugged in again."""
    before = time.monotonic()
    if is_pressed:
        pedal.write(PRESSED)
    after = time.monotonic()
    time.sleep(APART_SECONDS / 2)
    pedal.destroy()
    counts.unpluggings += 1
    wait_until(lambda: not source.state.is_present, source)
    if is_pressed:
        counts.presses_cut_off += 1
        check(source, counts, before, after, is_long=False)
    pedal = Pedal()
    wait_until(lambda: source.state.is_present, source)
    return pedal


@contextmanager
def overhearing(counts: Counts) -> Iterator[None]:
    """Read the device beside the switch, as a desktop does."""
    names = Path("/sys/class/input").glob("event*/device/name")
    mine = [path.parts[-3] for path in names if path.read_bytes().strip() == NAME]
    file = os.open(f"/dev/input/{mine[0]}", os.O_RDONLY | os.O_NONBLOCK)
    try:
        yield
        counts.bytes_read_by_others += len(os.read(file, 65536))
    except BlockingIOError:
        pass
    finally:
        os.close(file)


def run(presses: int, unpluggings: int, seed: int) -> Counts:
    """Press and unplug so often."""
    chance, counts = numbers(seed), Counts()
    settings = SwitchSettings(
        kind="input", address=f"{VENDOR:04x}:{PRODUCT:04x}", key_code=PEDAL_KEY
    )
    source = SwitchSource("pedal", settings, retry_seconds=0.05)
    pedal = Pedal()
    source.start()
    wait_until(lambda: source.state.is_present, source)
    with overhearing(counts):
        for _ in range(presses):
            press(pedal, source, counts, is_long=chance.random() < 0.2)
            if chance.random() < 0.2:
                press_another(pedal, source, counts)
    for number in range(unpluggings):
        pedal = unplug(pedal, source, counts, is_pressed=number % 2 == 0)
        press(pedal, source, counts, is_long=False)
    source.close()
    pedal.destroy()
    counts.connections = source.state.connections
    return counts


def main() -> int:
    """Press and unplug; return 1 if anything was wrong."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--presses", type=int, default=40, help="default: 40")
    parser.add_argument("--unpluggings", type=int, default=10, help="default: 10")
    parser.add_argument("--seed", type=int, default=1, help="of what is done; default: 1")
    parser.add_argument("--out", type=Path, metavar="FILE.json", help="write the counts there too")
    options = parser.parse_args()
    counts = run(options.presses, options.unpluggings, options.seed)
    return finish(counts, asdict(counts), options.out)


if __name__ == "__main__":
    sys.exit(main())
