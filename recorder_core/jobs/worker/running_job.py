"""What the function that does a job is given."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from recorder_core.catalog import Job
from recorder_core.errors import WrongState
from recorder_core.jobs.archive.acting import session_of
from recorder_core.jobs.archive.archive import Archive
from recorder_core.jobs.archive.queue.job_kind import JobKind
from recorder_core.jobs.progress import Progress
from recorder_core.jobs.worker.commands import CommandListener
from recorder_core.jobs.worker.stopping import Stopper
from recorder_core.jobs.worker.watchers import Watchers
from recorder_core.model.values.schema import check_value

__all__ = ["RunningJob"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningJob:
    """A job that is being done.

    Attributes
    ----------
    archive : Archive
        Open as who asked for it.
    job : Job
        Its row when it began.
    kind : JobKind
        What it does, and how it is treated.
    work : Path
        A folder with space for twice a copy.
    progress : callable
        Told how far it is.
    private : mapping
        The settings that the catalog does not have.
    commands : CommandListener
        Has them carried out, where the kind takes any.
    watchers : Watchers
        Get what it shows, where the kind can be watched.
    stopper : Stopper
        Knows whether the job is to stop.
    """

    archive: Archive
    job: Job
    kind: JobKind
    work: Path
    progress: Progress
    private: Mapping[str, Any] = field(repr=False)
    commands: CommandListener
    watchers: Watchers
    stopper: Stopper

    @property
    def is_stop_requested(self) -> bool:
        """Whether a job that is not cancelled but finished was asked to stop; ask often."""
        return self.stopper.is_stop_requested

    @property
    def has_watchers(self) -> bool:
        """Whether anybody watches now, so that a preview is worth making."""
        return self.watchers.count > 0

    def show(self, *, state: Mapping[str, Any] | None = None, preview: bytes | None = None) -> None:
        """Show who watches a state, a preview, or both; this waits for nobody.

        Parameters
        ----------
        state : mapping, optional
            As the schema of its kind says, at most 64 KiB; without names of people. Who begins to
            watch gets the newest at once.
        preview : bytes, optional
            A picture as JPEG, at most 1 MiB. Who begins to watch gets the next.

        Raises
        ------
        WrongState
            If its kind is not one that can be watched.
        SettingsError
            If it is too long, or not as it must be.
        """
        if self.kind.state is None:
            raise WrongState(f"{self.kind.name} is no kind that can be watched: give it a state")
        if state is not None:
            check_value("state", dict(state), self.kind.state)
        self.watchers.show(state, preview)

    def keep_result(self, result: Mapping[str, Any]) -> None:
        """Store what the job found that a person should know, as JSON can hold it, without names.

        Raises
        ------
        WrongState
            If it does not run any more.
        """
        jobs = session_of(self.archive).catalog.jobs
        jobs.keep_result(self.job.job_id, str(self.job.worker), json.dumps(dict(result)))

    def name_event(self, event_id: str) -> None:
        """Store which event the job has begun, once the catalog has the event.

        Raises
        ------
        WrongState
            If its kind begins none, or it has named one.
        """
        if not self.kind.begins_event:
            raise WrongState(f"{self.kind.name} begins no event")
        jobs = session_of(self.archive).catalog.jobs
        jobs.name_event(self.job.job_id, str(self.job.worker), event_id)
