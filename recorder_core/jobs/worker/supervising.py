"""While a job runs: store its heartbeat and progress, and see whether it is to stop."""

from __future__ import annotations

import threading
import time
from types import TracebackType
from typing import Final, Self

from recorder_core.errors import Cancelled, CatalogError, NotAllowed, WrongState
from recorder_core.jobs.archive.access.session import Session
from recorder_core.jobs.archive.queue.job_kind import JobKind
from recorder_core.jobs.worker.stopping import Stopper

__all__ = ["Supervisor"]

_POLL_SECONDS: Final = 0.5
_PERSON_SECONDS: Final = 2.0
#: every row that is written goes to the mirror too
_REPORT_SECONDS: Final = 2.0
_BEAT_SECONDS: Final = 20.0


class Supervisor:
    """Watches over a job from a thread of its own; a context manager.

    Parameters
    ----------
    session : Session
        Of the archive, open as who asked for the job.
    job_id : str
        Which job.
    kind : JobKind
        What it does when it is to stop, and whether it goes on without its person.
    worker : str
        Code of this process.
    stopper : Stopper
        Stops the job when it was cancelled, or its person may not go on.
    """

    def __init__(
        self, session: Session, job_id: str, kind: JobKind, worker: str, stopper: Stopper
    ) -> None:
        self._session, self._kind = session, kind
        self._job_id, self._worker, self._stopper = job_id, worker, stopper
        self._progress, self._reported = 0.0, -1.0
        self._beat = self._checked = time.monotonic()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="supervisor", daemon=True)

    def progress(self, done: int, total: int) -> None:
        """Remember how far the job is; the thread writes it down."""
        self._progress = max(self._progress, done / max(total, 1))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._ended.set()
        self._thread.join()

    def _run(self) -> None:
        is_cancelled = self._kind.stop == "cancel"
        while not self._ended.wait(_POLL_SECONDS):
            try:
                self._check_stop()
                self._check_person()
                self._report()
            except (Cancelled, NotAllowed) as error:
                self._stopper.stop(error)
                if is_cancelled:
                    return
            except WrongState as error:
                # another machine took it for dead: what is finished in any case goes on
                if is_cancelled:
                    self._stopper.stop(error)
                    return
            except CatalogError:
                continue  # a disk that is full or busy for a moment; the job itself says more

    def _check_stop(self) -> None:
        """Raise Cancelled when somebody wants the job to stop."""
        if self._stopper.is_stop_requested:
            return
        if self._session.catalog.jobs.get(self._job_id).stopped_by is not None:
            raise Cancelled("Nothing was changed.")

    def _check_person(self) -> None:
        """Raise NotAllowed when the person may not go on, where that ends the job."""
        now = time.monotonic()
        if self._kind.ends_with_person and now - self._checked >= _PERSON_SECONDS:
            self._checked = now
            self._session.check_person()

    def _report(self) -> None:
        """Write down how far the job is."""
        now = time.monotonic()
        since = now - self._beat
        is_news = self._progress != self._reported and since >= _REPORT_SECONDS
        if is_news or since >= _BEAT_SECONDS:
            progress = self._progress
            self._session.catalog.jobs.report(self._job_id, self._worker, progress)
            self._beat, self._reported = now, progress
