"""Receive the commands of people for a running job, check who gives them, and answer."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from types import TracebackType
from typing import Any, Final, Self, TypeAlias

from recorder_core.catalog import require
from recorder_core.errors import (
    ArchiveError,
    Cancelled,
    RecorderError,
    SettingsError,
    WrongState,
)
from recorder_core.jobs.archive.access.session import Session
from recorder_core.jobs.archive.queue.calling import error_content
from recorder_core.jobs.archive.queue.commanding import STOP, JobCommand
from recorder_core.jobs.archive.queue.job_kind import CommandKind, JobKind
from recorder_core.jobs.worker.calls import Call, CallListener
from recorder_core.jobs.worker.stopping import Stopper
from recorder_core.model.values.phrase import phrase

__all__ = ["CommandListener"]

#: carries a command out; what it returns is the answer, as JSON can hold it, or waits for that and
#: returns it, while the next command is carried out
_Answer: TypeAlias = Callable[[JobCommand], Any]

#: how long before its call a command may have been asked for, as by a request that waited
_MAX_WAIT_SECONDS: Final = 10.0


class CommandListener:
    """Listens for commands where the kind of the job takes any; a context manager.

    Each call is stamped when it arrives, whatever the job does; of one that waited at another
    process of this machine the earlier moment counts, within bounds. Commands are carried out one
    at a time, in a thread that is not the job's own; those that are immediate beside the others.

    Parameters
    ----------
    session : Session
        Of the archive, open as who asked for the job.
    job_id : str
        Which job.
    kind : JobKind
        Which commands it takes, and what each asks of a profile.
    stopper : Stopper
        Stops the job when it is told to.
    """

    def __init__(self, session: Session, job_id: str, kind: JobKind, stopper: Stopper) -> None:
        self._session, self._job_id, self._kind = session, job_id, kind
        self._stopper = stopper
        #: of those that are immediate, and of the others
        self._lanes = {True: threading.Lock(), False: threading.Lock()}
        self._answer: _Answer | None = None
        self._listening = ExitStack()

    @contextmanager
    def answering(self, answer: _Answer) -> Iterator[None]:
        """Carry out the commands that arrive inside; those before and after are refused.

        Parameters
        ----------
        answer : callable
            Given a command, carries it out and returns the answer; a RecorderError refuses it.
        """
        self._answer = answer
        try:
            yield
        finally:
            # those that are being carried out are answered first
            with self._lanes[True], self._lanes[False]:
                self._answer = None

    def __enter__(self) -> Self:
        if self._kind.commands:
            listener = CallListener("command", self._job_id, self._serve)
            self._listening.enter_context(listener)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._listening.close()

    def _serve(self, call: Call) -> None:
        try:
            answer = self._carry_out(call)
            reply = {"answer": answer() if callable(answer) else answer}
        except RecorderError as error:
            reply = error_content(error)
        call.reply(reply)

    def _carry_out(self, call: Call) -> Any:
        command = self._checked(call)
        if command.name == STOP:
            self._stopper.stop(Cancelled("Nothing was changed."))
            return None
        with self._lanes[self._kind.commands[command.name].is_immediate]:
            if self._answer is None:
                raise WrongState(
                    phrase(
                        "job_begins",
                        "job {job} begins or ends just now: send {command} again",
                        job=self._job_id,
                        command=command.name,
                    )
                )
            return self._answer(command)

    def _checked(self, call: Call) -> JobCommand:
        """Return a command that somebody gives who may; NotAllowed if nobody does."""
        user, content = call.check(self._session)
        name, arguments = str(content.get("command")), content.get("arguments")
        if not isinstance(arguments, dict):
            raise ArchiveError("the message is not a command")
        known = dict(self._kind.commands)
        if self._kind.hears_stop:
            known[STOP] = CommandKind(action=self._kind.action)
        if name not in known:
            raise SettingsError(f"{self._kind.name} takes no command {name!r}")
        taken = known[name]
        require(user.profile, taken.action)
        taken.check(name, arguments)
        moment = _moment(content.get("asked_seconds"), call.arrived_seconds)
        return JobCommand(name, arguments, user.user_id, moment)


def _moment(asked: object, arrived: float) -> float:
    """Return when a command was asked for; when it arrived, unless that was shortly before."""
    if not isinstance(asked, float):
        return arrived
    return asked if arrived - _MAX_WAIT_SECONDS <= asked <= arrived else arrived
