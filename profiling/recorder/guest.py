"""Boot a guest whose kernel has cameras, sound cards and input devices, and run a command in it.

    python profiling/recorder/guest.py WORDS...

Needs Linux on x86-64, the packages qemu-system-x86, busybox-static and alsa-utils, and a kernel of
Debian with its modules: an unpacked package linux-image-*-amd64 that `--kernel FOLDER` names, or
what apt-get fetches (some 70 MB, into the folder `--kernels`). Where `/dev/kvm` works it is about
as fast as this machine; without, much slower.

The guest sees the file system of this machine, which it cannot write, so that the same Python runs
in it. Its own are a virtual camera (vivid), a sound card that plays into itself (snd-aloop), input
devices that a program makes (uinput), and disks, which are files of this machine. Killing it is a
power cut: what its kernel had not written, and what its disks had not been told to keep, is lost.

What a script in the guest has to say it prints, a JSON object a line; `Guest` hears it.
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Final, NamedTuple, Self

from guest_kernel import GuestError, GuestKernel, prepare_kernel

__all__ = ["ROOT", "Disk", "Guest", "Said", "accelerator_of", "guest_parser", "kernel_of"]

ROOT: Final = Path(__file__).resolve().parents[2]
_MEMORY_MIB: Final = 2048
#: what was said is heard by then
_HEARD_SECONDS: Final = 0.05
_PATIENCE_SECONDS: Final = 600.0
#: a guest that is fast boots by then
_BOOT_SECONDS: Final = 30.0


class Disk(NamedTuple):
    """A disk with ext4, and the folder, of both machines, at which the guest mounts it.

    Where there is a log, QEMU writes into it each write of the guest, and what was made durable.
    """

    image: Path
    place: Path
    log: Path | None = None


@dataclass(frozen=True, slots=True)
class Said:
    """What a script in the guest said.

    Attributes
    ----------
    seconds : float
        When it was heard, by `time.monotonic` of this machine.
    words : dict
        What it said.
    """

    seconds: float
    words: dict[str, Any] = field(repr=False)


class Guest:
    """A guest that runs a command; at the end of its block it is there no more.

    Parameters
    ----------
    kernel : GuestKernel
        What it boots.
    command : sequence of str
        Run from the root of this repository.
    shared : Path
        A folder that both may write.
    disks : sequence of Disk
        What is mounted before the command.
    accelerator : str, optional
        Of QEMU, `kvm` or `tcg`.
    has_slow_clock : bool
        Whether the clock of an emulated guest counts its instructions: it is then as slow as the
        guest, which is in time for everything however busy this machine is, and takes longer.
    """

    def __init__(
        self,
        kernel: GuestKernel,
        command: Sequence[str],
        shared: Path,
        disks: Sequence[Disk] = (),
        accelerator: str = "tcg",
        *,
        has_slow_clock: bool = False,
    ) -> None:
        (shared / "command").write_text(_command(command, disks), encoding="utf-8")
        words = [*_machine(kernel, shared, accelerator), *_disks(disks)]
        # an instruction is a nanosecond
        is_slow = has_slow_clock and accelerator == "tcg"
        words += ["-icount", "shift=0", "-smp", "1"] if is_slow else []
        self._changed = threading.Condition()
        self._said: list[Said] = []
        self._other_lines: list[str] = []
        self._is_over = False
        self._process = subprocess.Popen(
            words,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        )
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()

    @property
    def said(self) -> list[Said]:
        """All that its command has said so far."""
        with self._changed:
            return list(self._said)

    @property
    def other_lines(self) -> list[str]:
        """What stood on its console besides, such as a traceback."""
        with self._changed:
            return list(self._other_lines)

    def wait_for(self, key: str, seconds: float = _PATIENCE_SECONDS) -> Said:
        """Return the first that was said with a key; wait for it.

        Raises
        ------
        GuestError
            If it is not said in time, or never will be.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._is_over or self._find(key) is not None, seconds)
            found = self._find(key)
            if found is None:
                raise GuestError("\n".join(["the guest said nothing:", *self._other_lines[-40:]]))
            return found

    def cut_power(self) -> float:
        """Kill it, and return when, by `time.monotonic`; all that it said before was heard then."""
        self._process.kill()
        moment = time.monotonic()
        self._process.wait()
        self._listener.join()
        return moment

    @contextmanager
    def stopped(self) -> Iterator[float]:
        """Stop it as a whole for a short block, and lend the moment, by `time.monotonic`.

        What its disks and their logs hold then is what a power cut would leave.
        """
        self._process.send_signal(signal.SIGSTOP)
        moment = time.monotonic()
        time.sleep(_HEARD_SECONDS)
        try:
            yield moment
        finally:
            self._process.send_signal(signal.SIGCONT)

    def wait(self, seconds: float = _PATIENCE_SECONDS) -> None:
        """Wait until it has ended by itself.

        Raises
        ------
        GuestError
            If it does not in time.
        """
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise GuestError(
                "\n".join(["the guest does not end:", *self.other_lines[-40:]])
            ) from None
        self._listener.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.cut_power()

    def _find(self, key: str) -> Said | None:
        return next((each for each in self._said if key in each.words), None)

    def _listen(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            moment = time.monotonic()
            words = _words(line)
            with self._changed:
                if words is None:
                    self._other_lines.append(line.rstrip())
                else:
                    self._said.append(Said(moment, words))
                self._changed.notify_all()
        with self._changed:
            self._is_over = True
            self._changed.notify_all()


def _words(line: str) -> dict[str, Any] | None:
    """Return what a line says; None where it is none of the script's, or cut off."""
    try:
        words = json.loads(line)
    except ValueError:
        return None
    return words if isinstance(words, dict) else None


def _command(command: Sequence[str], disks: Sequence[Disk]) -> str:
    """Return a shell's script that runs in the guest."""
    python_path = [ROOT / "profiling" / room for room in ("recorder", "faults")]
    lines = [
        "export PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/run TMPDIR=/dev/shm LANG=C.UTF-8",
        f"export PYTHONDONTWRITEBYTECODE=1 PYTHONPATH={':'.join(map(str, python_path))}",
        *(
            f"mount -t ext4 /dev/vd{chr(ord('a') + number)} {shlex.quote(str(disk.place))}"
            for number, disk in enumerate(disks)
        ),
        f"cd {shlex.quote(str(ROOT))}",
        shlex.join(command),
        *(f"umount {shlex.quote(str(disk.place))}" for disk in disks),
    ]
    return "\n".join([*lines, ""])


def _machine(kernel: GuestKernel, shared: Path, accelerator: str) -> list[str]:
    # wide vectors take longer where they are emulated
    cpu = "host" if accelerator == "kvm" else "Westmere"
    append = f"console=ttyS0 quiet panic=-1 shared={shared}"
    folders = {"host": (Path("/"), ",readonly=on"), "shared": (shared, "")}
    words = ["qemu-system-x86_64", "-accel", accelerator, "-cpu", cpu, "-smp", "2"]
    words += ["-m", str(_MEMORY_MIB), "-nodefaults", "-no-reboot", "-display", "none"]
    words += ["-serial", "stdio", "-kernel", str(kernel.image), "-initrd", str(kernel.initrd)]
    words += ["-append", append]
    for name, (folder, more) in folders.items():
        shown = f"local,id={name},path={folder},security_model=none,multidevs=remap{more}"
        words += ["-fsdev", shown, "-device", f"virtio-9p-pci,fsdev={name},mount_tag={name}"]
    return words


def _disks(disks: Sequence[Disk]) -> list[str]:
    """Return words of QEMU for disks that, as real ones, keep writes in a cache until told."""
    words = []
    for number, disk in enumerate(disks):
        shown = {"driver": "raw", "file": {"driver": "file", "filename": str(disk.image)}}
        if disk.log is not None:
            log = {"driver": "file", "filename": str(disk.log)}
            shown = {"driver": "blklogwrites", "file": shown, "log": log}
        shown["node-name"] = f"disk{number}"
        words += ["-blockdev", json.dumps(shown)]
        words += ["-device", f"virtio-blk-pci,drive=disk{number}"]
    return words


# -- run by hand ----------------------------------------------------------------------------------


def guest_parser(description: str | None) -> argparse.ArgumentParser:
    """Return the parser of scripts that boot a guest."""
    parser = argparse.ArgumentParser(description=(description or "").splitlines()[0])
    parser.add_argument("--kernel", type=Path, help="an unpacked package of a kernel of Debian")
    parser.add_argument(
        "--kernels",
        type=Path,
        default=ROOT / "build" / "guest",
        help="where a kernel is kept that was fetched; default: build/guest",
    )
    parser.add_argument("--accelerator", choices=["kvm", "tcg"], help="default: what works")
    return parser


def accelerator_of(options: argparse.Namespace, kernel: GuestKernel) -> str:
    """Return what makes the guest fast where that works, or what works everywhere."""
    if options.accelerator is not None:
        return str(options.accelerator)
    if not os.access("/dev/kvm", os.R_OK | os.W_OK):
        return "tcg"
    with tempfile.TemporaryDirectory() as folder:
        try:
            with Guest(kernel, ["echo", '{"boots": true}'], Path(folder), (), "kvm") as guest:
                guest.wait_for("boots", _BOOT_SECONDS)
        except GuestError:
            return "tcg"
    return "kvm"


def kernel_of(options: argparse.Namespace) -> GuestKernel:
    """Return the kernel that a script was told to boot."""
    return prepare_kernel(options.kernels, options.kernel)


def main() -> int:
    """Run a command in the guest, and print what it does."""
    parser = guest_parser(__doc__)
    parser.add_argument("words", nargs="+", help="a command, run at the root of this repository")
    options = parser.parse_args()
    kernel = kernel_of(options)
    with tempfile.TemporaryDirectory() as folder:
        accelerator = accelerator_of(options, kernel)
        with Guest(kernel, options.words, Path(folder), (), accelerator) as guest:
            guest.wait()
        lines = [json.dumps(each.words) for each in guest.said]
    print("\n".join([*guest.other_lines, *lines]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
