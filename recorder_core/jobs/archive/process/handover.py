"""Start a process that works for a person, and hand it the person's key: by a pipe, in memory.

Keys stand neither on its command line nor in its environment nor in a file. It gets them once it
has said that nobody can read its memory. It has a session of its own, so that it goes on when the
process that started it ends.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, Final

from recorder_core.archive import PrivateKey
from recorder_core.archive.secrets.secret import SecretBytes
from recorder_core.errors import ArchiveError
from recorder_core.jobs.archive.access.identity import Handed
from recorder_core.jobs.archive.process.child import READY
from recorder_core.jobs.archive.process.process_code import process_code

__all__ = ["Handover", "read_handover", "start_process"]

#: of the environment; nothing else is passed on
_KEPT: Final = ("HOME", "LANG", "LC_ALL", "PATH", "TMPDIR", "TZ")
_KEY_BYTES: Final = 32


@dataclass(frozen=True, slots=True)
class Handover:
    """What a process is given.

    Attributes
    ----------
    path : Path
        Of the archive.
    handed : Handed
        As whom it works.
    task : mapping
        What it is to do, as JSON can hold it; names of people may be in it.
    """

    path: Path
    handed: Handed = field(repr=False)
    task: Mapping[str, Any] = field(repr=False)


def start_process(module: str, handover: Handover, *, name: str) -> str:
    """Start a process, and return its code; the keys stay the caller's.

    Parameters
    ----------
    module : str
        That the process runs: it calls :func:`.child.say_ready`, then :func:`read_handover`.
    handover : Handover
        What it is given.
    name : str
        What people call its work.

    Raises
    ------
    ArchiveError
        If it does not start.
    """
    try:
        process = subprocess.Popen(  # noqa: S603 - this program, with fixed words
            [sys.executable, "-I", "-m", module],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd="/",
            env=_environment(os.environ),
            start_new_session=True,
        )
        # it would stay in the list of processes after its end
        threading.Thread(target=process.wait, name=name, daemon=True).start()
        assert process.stdin is not None
        assert process.stdout is not None
        with process.stdin, process.stdout:
            if process.stdout.read(len(READY)) != READY:
                raise ArchiveError(
                    f"the process of the {name} ended at once; start the {name} again"
                )
            _write(process.stdin, handover)
    except OSError as error:
        raise ArchiveError(
            f"the process of the {name} cannot be started ({error.strerror}); free memory or end "
            f"other programs, and start the {name} again"
        ) from error
    return process_code(process.pid)


def read_handover(source: IO[bytes]) -> Handover:
    """Return what `start_process` wrote.

    Raises
    ------
    ArchiveError
        If it is cut off, as when the other process ended.
    """
    line = source.readline()
    key = bytearray(source.read(_KEY_BYTES))
    if len(key) != _KEY_BYTES:
        raise ArchiveError("the process that started this one ended before it had said what to do")
    content = json.loads(line)
    handed = Handed(
        content["login"], PrivateKey(SecretBytes(key)), content["trust"], content["origin"]
    )
    return Handover(Path(content["path"]), handed, content["task"])


def _write(target: IO[bytes], handover: Handover) -> None:
    handed = handover.handed
    content = {
        "path": str(handover.path),
        "task": dict(handover.task),
        "login": handed.user_id,
        "trust": handed.trust_hash,
        "origin": handed.origin,
    }
    target.write(f"{json.dumps(content)}\n".encode())
    target.flush()
    with handed.key.secret.view() as raw:
        os.write(target.fileno(), raw)


def _environment(known: Mapping[str, str]) -> dict[str, str]:
    return {name: known[name] for name in _KEPT if name in known}
