"""Command a running job from any process of the archive, as anyone whose profile permits it.

The job notes the moment of the call. A command that waited, as at a server, says since when; the
job believes that within bounds.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from recorder_core.catalog import Actor, Job
from recorder_core.errors import WrongState
from recorder_core.jobs.archive.queue.calling import JobConnection

__all__ = ["STOP", "JobCall", "JobCommand"]

#: said to a job that hears it; people cancel a job, and no kind has a command of this name
STOP: Final = "stop"


@dataclass(frozen=True, slots=True)
class JobCommand:
    """A command of a person to a running job.

    Attributes
    ----------
    name : str
        One of the commands of its kind.
    arguments : mapping
        As its schema says; names of people may be in it.
    by : str
        User id of who gives it; the profile was asked.
    arrived_seconds : float
        When a person's request arrived, on the monotonic clock of this machine: at the job, or
        up to ten seconds before at a process that passed it on.
    """

    name: str
    arguments: Mapping[str, Any] = field(repr=False)
    by: str
    arrived_seconds: float


class JobCall(JobConnection):
    """A running job that was called, and has noted the moment; a context manager.

    Parameters
    ----------
    job : Job
        Whose kind takes commands.

    Raises
    ------
    WrongState
        If it does not run, or does not answer.
    """

    def __init__(self, job: Job) -> None:
        if job.state != "running":
            raise WrongState(f"job {job.job_id} is {job.state}: it takes commands while it runs")
        super().__init__(job, "command")

    def prepare_command(
        self,
        actor: Actor,
        command: str,
        arguments: Mapping[str, Any],
        asked_seconds: float | None = None,
    ) -> Callable[[], Any]:
        """Sign a command; return what sends it, waits, and returns what the job answers.

        Parameters
        ----------
        actor : Actor
            Who gives it, able to sign.
        command : str
            One of those of the kind.
        arguments : mapping
            As its schema says.
        asked_seconds : float, optional
            When a person asked for it, on the monotonic clock; unless given, at the call.

        Raises
        ------
        SettingsError
            If the arguments are too long.
        """
        content = {
            "command": command,
            "arguments": dict(arguments),
            "asked_seconds": asked_seconds,
        }
        return self.prepare(actor, command, content)
