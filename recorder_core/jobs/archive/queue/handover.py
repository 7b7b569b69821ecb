"""Start the process of a job, and hand it the keys of who asked: by a pipe, in memory alone.

Keys stand neither on its command line nor in its environment nor in a file. It gets them once it
has said that nobody can read its memory. It has a session of its own, so that it goes on when the
process that started it ends.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Final

from recorder_core.archive import PrivateKey
from recorder_core.archive.secrets.secret import SecretBytes
from recorder_core.errors import ArchiveError
from recorder_core.jobs.archive.access.identity import Handed
from recorder_core.jobs.archive.queue.processes import process_code
from recorder_core.jobs.archive.queue.ready import READY

__all__ = ["JobHandover", "JobPlace", "read_job_handover", "start_process"]

_MODULE: Final = "recorder_core.jobs.archive.worker"
#: of the environment; nothing else is passed on
_KEPT: Final = ("HOME", "LANG", "LC_ALL", "PATH", "TMPDIR", "TZ")
_KEY_BYTES: Final = 32


@dataclass(frozen=True, slots=True)
class JobPlace:
    """Where jobs work, and how many at once.

    Attributes
    ----------
    work : Path
        A folder with room for twice a copy; what was redacted lies in it until it is sealed.
    at_once : int
        How many jobs of an archive run at once; the others wait.
    """

    work: Path = field(default_factory=lambda: Path(tempfile.gettempdir()))
    at_once: int = 1


@dataclass(frozen=True, slots=True)
class JobHandover:
    """What the process of a job is given.

    Attributes
    ----------
    path : Path
        Of the archive.
    job_id : str
        Which job.
    place : JobPlace
        Where to work.
    handed : Handed
        As whom.
    """

    path: Path
    job_id: str
    place: JobPlace
    handed: Handed = field(repr=False)


def start_process(job: JobHandover) -> str:
    """Start the process of a job, and return its code; the keys stay the caller's.

    Raises
    ------
    ArchiveError
        If it does not start.
    """
    try:
        process = subprocess.Popen(  # noqa: S603 - this program, with fixed words
            [sys.executable, "-I", "-m", _MODULE],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd="/",
            env=_environment(os.environ),
            start_new_session=True,
        )
        # it would stay in the list of processes after its end
        threading.Thread(target=process.wait, name="job", daemon=True).start()
        assert process.stdin is not None
        assert process.stdout is not None
        with process.stdin, process.stdout:
            if process.stdout.read(len(READY)) != READY:
                raise ArchiveError("the process of the job ended at once; start the job again")
            _write(process.stdin, job)
    except OSError as error:
        raise ArchiveError(
            f"the process of the job cannot be started ({error.strerror}); free memory or end "
            "other programs, and start the job again"
        ) from error
    return process_code(process.pid)


def read_job_handover(source: IO[bytes]) -> JobHandover:
    """Return what `start_process` wrote.

    Raises
    ------
    ArchiveError
        If it is cut off, as when the other process ended.
    """
    line = source.readline()
    key = bytearray(source.read(_KEY_BYTES))
    if len(key) != _KEY_BYTES:
        raise ArchiveError("the process that started this job ended before it had said which")
    content = json.loads(line)
    handed = Handed(
        content["login"], PrivateKey(SecretBytes(key)), content["trust"], content["origin"]
    )
    place = JobPlace(Path(content["work"]), content["at_once"])
    return JobHandover(Path(content["path"]), content["job"], place, handed)


def _write(target: IO[bytes], job: JobHandover) -> None:
    content = {
        "path": str(job.path),
        "job": job.job_id,
        "work": str(job.place.work),
        "at_once": job.place.at_once,
        "login": job.handed.user_id,
        "trust": job.handed.trust_hash,
        "origin": job.handed.origin,
    }
    target.write(f"{json.dumps(content)}\n".encode())
    target.flush()
    with job.handed.key.secret.view() as raw:
        os.write(target.fileno(), raw)


def _environment(known: Mapping[str, str]) -> dict[str, str]:
    return {name: known[name] for name in _KEPT if name in known}
