"""What the process of a job is told: which job, where to work, and as whom."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, Final

from recorder_core.jobs.archive.access.identity import Handed
from recorder_core.jobs.archive.process.handover import Handover, read_handover, start_process
from recorder_core.jobs.archive.queue.job_kind import JobKind
from recorder_core.jobs.archive.queue.kinds import find_kind

__all__ = ["JobHandover", "JobPlace", "read_job_handover", "start_job_process"]

_MODULE: Final = "recorder_core.jobs.worker"


@dataclass(frozen=True, slots=True)
class JobPlace:
    """Where jobs work, and how many at once.

    Attributes
    ----------
    work : Path
        A folder with space for twice a copy; what was redacted lies in it until it is sealed.
    at_once : int
        How many jobs of a lane of an archive run at once; the others wait. Recordings are not
        counted and do not wait.
    """

    work: Path = field(default_factory=lambda: Path(tempfile.gettempdir()))
    at_once: int = 1

    def limit(self, kind: JobKind) -> int | None:
        """Return how many jobs of the lane of a kind run at once; None: all of them."""
        return None if kind.lane == "recording" else self.at_once


@dataclass(frozen=True, slots=True)
class JobHandover:
    """What the process of a job is given.

    Attributes
    ----------
    path : Path
        Of the archive.
    job_id : str
        Which job.
    kind : JobKind
        What it does, and how it is treated.
    place : JobPlace
        Where to work.
    handed : Handed
        As whom.
    private : mapping
        The settings that the catalog does not have.
    """

    path: Path
    job_id: str
    kind: JobKind
    place: JobPlace
    handed: Handed = field(repr=False)
    private: Mapping[str, Any] = field(repr=False)


def start_job_process(job: JobHandover) -> str:
    """Start the process of a job, and return its code; the keys stay the caller's.

    Raises
    ------
    ArchiveError
        If it does not start.
    """
    task = {
        "job": job.job_id,
        "kind": job.kind.name,
        "work": str(job.place.work),
        "at_once": job.place.at_once,
        "private": dict(job.private),
    }
    return start_process(_MODULE, Handover(job.path, job.handed, task), name="job")


def read_job_handover(source: IO[bytes]) -> JobHandover:
    """Return what `start_job_process` wrote.

    Raises
    ------
    ArchiveError
        If it is cut off, as when the other process ended.
    """
    given = read_handover(source)
    task = given.task
    place = JobPlace(Path(task["work"]), task["at_once"])
    kind = find_kind(task["kind"])
    return JobHandover(given.path, task["job"], kind, place, given.handed, task["private"])
