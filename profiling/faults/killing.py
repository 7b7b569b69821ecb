"""What the fault scripts share: processes that say what is done, and end by ``kill -9``.

A worker is forked, says over a pipe, one line at a time, what it was told is stored, and is
killed at a random moment: mostly counted from its first word, so that kills fall on its work
however slow the machine is, and now and then from its birth.

SIGKILL is not a power cut: what the kernel had not written yet survives it.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import select
import signal
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final, Protocol

__all__ = [
    "CountedFaults",
    "FaultError",
    "Say",
    "fault_parser",
    "finish",
    "fork",
    "kill_workers",
    "numbers",
]

Say = Callable[[str], None]
#: how often a worker is killed counting from its birth: one time in so many
_BIRTHS: Final = 5
#: a worker that has said nothing for so long does not work at all
_FIRST_WORD_SECONDS: Final = 120.0
#: a thread that ends has ended by then
_ENDING_SECONDS: Final = 0.05


class FaultError(Exception):
    """Something that was promised did not survive, or a worker ended by itself."""


class CountedFaults(Protocol):
    """What a script counts."""

    @property
    def is_clean(self) -> bool:
        """Whether nothing was lost or wrong."""


def numbers(seed: int) -> random.Random:
    """Return repeatable numbers; nothing secret is made of them."""
    return random.Random(seed)  # noqa: S311


def kill_workers(
    works: Sequence[Callable[[Say], None]],
    chance: random.Random,
    longest_seconds: float,
    *,
    may_end: bool = False,
) -> list[str]:
    """Run workers for a random while, kill them, and return what they said.

    Parameters
    ----------
    works : sequence of callable
        What each process does; it is given a function that says one line.
    chance : Random
        Decides how long they live.
    longest_seconds : float
        At most so long after their first word.
    may_end : bool
        Whether a worker may come to its end before it is killed.

    Raises
    ------
    FaultError
        If a worker ended by itself and must not, or failed.
    """
    reading, writing = os.pipe()
    children = [_fork(work, reading, writing) for work in works]
    os.close(writing)
    said = b""
    if chance.randrange(_BIRTHS):
        said += _listen(reading, _FIRST_WORD_SECONDS, one_word=True)
    said += _listen(reading, chance.uniform(0.0, longest_seconds))
    for child in children:
        os.kill(child, signal.SIGKILL)
    statuses = [os.waitpid(child, 0)[1] for child in children]
    while block := os.read(reading, 1 << 16):
        said += block
    os.close(reading)
    for status in statuses:
        is_done = may_end and os.WIFEXITED(status) and os.WEXITSTATUS(status) == 0
        if not (is_done or os.WIFSIGNALED(status)):
            raise FaultError("a worker ended by itself; run one alone to see its error")
    return said.decode("ascii").splitlines()


def fault_parser(description: str | None, kills: int) -> argparse.ArgumentParser:
    """Return the parser that every fault script has: how many kills, which, and the file."""
    parser = argparse.ArgumentParser(description=(description or "").splitlines()[0])
    parser.add_argument("--kills", type=int, default=kills, help=f"default: {kills}")
    parser.add_argument("--seed", type=int, default=1, help="of the moments; default: 1")
    parser.add_argument("--out", type=Path, metavar="FILE.json", help="write the counts there too")
    return parser


def finish(counts: CountedFaults, content: dict[str, Any], out: Path | None) -> int:
    """Print and write the counts; return the exit status, 0 if nothing was lost or wrong."""
    text = json.dumps(content | {"is_clean": counts.is_clean}, indent=2)
    print(text)
    if out is not None:
        out.write_text(text + "\n", encoding="utf-8")
    return 0 if counts.is_clean else 1


def fork() -> int:
    """Fork while no thread is ending; return the child's number, or 0 in the child.

    A thread that Python has joined may still be ending. It holds a lock of OpenSSL meanwhile, which
    nobody would open in the child.
    """
    sys.stdout.flush()
    tasks, before = _tasks(), None
    while tasks != before:
        time.sleep(_ENDING_SECONDS)
        tasks, before = _tasks(), tasks
    return os.fork()


def _tasks() -> set[str]:
    """Return the kernel's numbers of the threads of this process, those that end among them."""
    return {each.name for each in Path("/proc/self/task").iterdir()}


def _fork(work: Callable[[Say], None], reading: int, writing: int) -> int:
    child = fork()
    if child:
        return child
    status = 3
    try:
        os.close(reading)
        # one write each: lines of several workers are not torn
        work(lambda line: _say(writing, line))
        status = 0
    finally:
        os._exit(status)


def _say(writing: int, line: str) -> None:
    os.write(writing, f"{line}\n".encode("ascii"))


def _listen(reading: int, seconds: float, *, one_word: bool = False) -> bytes:
    """Read what is said for so long, or until something is; a full pipe would stop the worker."""
    said, until = b"", time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0:
        if not select.select([reading], [], [], left)[0]:
            break
        block = os.read(reading, 1 << 16)
        said += block
        if not block or one_word:
            break
    return said
