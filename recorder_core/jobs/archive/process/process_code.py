"""Which process does a job, and whether it is still there."""

from __future__ import annotations

import os
import re
import socket
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Final

__all__ = ["has_ended", "process_code"]

_PROC: Final = Path("/proc")
_SHOWN: Final = 24
#: fields of /proc/PID/stat behind the name, proc(5): state, threads, start in ticks since boot
_STATE, _THREADS, _START = 0, 17, 19
_ENDED: Final = frozenset("ZXx")


def process_code(pid: int) -> str:
    """Return an identifier of a process that is unique across machines and reboots."""
    fields = _fields(pid)
    start = fields[_START] if fields else "0"
    return f"{_machine()}:{pid}:{start}"


def has_ended(code: str) -> bool | None:
    """Return whether a process is gone; None if that cannot be known here.

    Parameters
    ----------
    code : str
        From `process_code`.
    """
    machine, _, rest = code.partition(":")
    boot, _, process = rest.partition(":")
    pid, _, start = process.partition(":")
    here, _, booted = _machine().partition(":")
    if machine != here or not (pid.isdecimal() and start.isdecimal()):
        return None
    if boot != booted:
        return True  # the machine was started again
    fields = _fields(int(pid))
    if fields:
        # a killed process keeps its locks until its last thread is gone
        is_over = fields[_STATE] in _ENDED and int(fields[_THREADS]) <= 1
        return is_over or fields[_START] != start
    return True if _PROC.is_dir() else _is_unknown(int(pid))


def _fields(pid: int) -> list[str]:
    """Return what Linux says of a process; empty of one that is gone, and elsewhere."""
    with suppress(OSError):
        text = (_PROC / str(pid) / "stat").read_text(encoding="utf-8", errors="replace")
        return text.rpartition(")")[2].split()
    return []


def _is_unknown(pid: int) -> bool | None:
    """Return True where no process has a number; None where one has, which may be another."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    except OSError:
        return None
    return None


@cache
def _machine() -> str:
    """Return the machine's name and which of its runs this is."""
    name = re.sub(r"[^A-Za-z0-9.-]", "-", socket.gethostname()).strip("-.")[:_SHOWN] or "machine"
    boot = ""
    with suppress(OSError):
        boot = (_PROC / "sys/kernel/random/boot_id").read_text(encoding="utf-8")[:8]
    return f"{name}:{boot or '0'}"
