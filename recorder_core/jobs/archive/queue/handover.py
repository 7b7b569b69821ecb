"""What the process of a job is told: which job, where to work, and as whom."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Final

from recorder_core.jobs.archive.access.identity import Handed
from recorder_core.jobs.archive.process.handover import Handover, read_handover, start_process

__all__ = ["JobHandover", "JobPlace", "read_job_handover", "start_job_process"]

_MODULE: Final = "recorder_core.jobs.worker"


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


def start_job_process(job: JobHandover) -> str:
    """Start the process of a job, and return its code; the keys stay the caller's.

    Raises
    ------
    ArchiveError
        If it does not start.
    """
    task = {"job": job.job_id, "work": str(job.place.work), "at_once": job.place.at_once}
    return start_process(_MODULE, Handover(job.path, job.handed, task), name="job")


def read_job_handover(source: IO[bytes]) -> JobHandover:
    """Return what `start_job_process` wrote.

    Raises
    ------
    ArchiveError
        If it is cut off, as when the other process ended.
    """
    given = read_handover(source)
    place = JobPlace(Path(given.task["work"]), given.task["at_once"])
    return JobHandover(given.path, given.task["job"], place, given.handed)
