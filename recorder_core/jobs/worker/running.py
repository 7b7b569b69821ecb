"""What each kind of job does, as a person who asks for it would."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any, Final

from recorder_core.catalog import Job
from recorder_core.catalog.model.codes import new_id
from recorder_core.errors import ArchiveError, Cancelled
from recorder_core.jobs.archive.access.session import Session
from recorder_core.jobs.archive.acting import session_of
from recorder_core.jobs.archive.place.private_work import event_work_folder
from recorder_core.jobs.progress import Progress
from recorder_core.jobs.verification.allowed import Allowed
from recorder_core.jobs.worker.running_job import RunningJob

__all__ = ["RUN", "run_job"]

#: of a copy's work the frames are so much; the rest is to check it and to seal it
_FRAMES_SHARE: Final = 0.9
_PARTS: Final = 10_000

_Run = Callable[[RunningJob], None]


def run_job(running: RunningJob) -> None:
    """Run a job; return once it is done.

    Raises
    ------
    RecorderError
        As the function that a person would call; an earlier copy is there still.
    """
    session, job = session_of(running.archive), running.job
    before = _newest_copy(session, job)
    try:
        RUN[running.kind.name](running)
    except (Cancelled, KeyboardInterrupt):
        # nobody goes on with what somebody stopped
        if job.event_id is not None:
            shutil.rmtree(event_work_folder(running.work, job.event_id), ignore_errors=True)
        if _newest_copy(session, job) == before:
            raise  # else it was stopped too late: the new copy is in the archive


def _newest_copy(session: Session, job: Job) -> str | None:
    if job.event_id is None:
        return None
    rows = session.catalog.contents.files(job.event_id, "deidentified")
    return rows[-1].file_id if rows else None


def _record(running: RunningJob) -> None:
    from recorder_core.jobs.worker.recording import record

    record(running)


def _import(running: RunningJob) -> None:
    from recorder_core.jobs.archive.events.importing import ImportRequest, import_video
    from recorder_core.jobs.archive.events.starting import parse_started
    from recorder_core.jobs.archive.names.event_names import EventNames

    given, private, event_id = json.loads(running.job.settings), running.private, new_id()
    started = given.get("started")
    try:
        with _chosen(running, "video") as video, _chosen(running, "signals") as signals:
            request = ImportRequest(
                source=video,
                source_name=Path(private["video"]).name,
                procedure_code=given.get("procedure_code", "unknown"),
                site_code=given.get("site_code"),
                started_utc=None if started is None else parse_started(started),
                signals=signals,
                video_stream=given.get("video_stream"),
                view=given.get("view"),
                names=EventNames.from_dict(private.get("names", {})),
                salvage=given.get("salvage", False),
                event_id=event_id,
            )
            result = import_video(running.archive, request, running.progress)
        running.stopper.disable_interrupts()
        folders = session_of(running.archive).folders
        faults = [folders.without_places(str(each)) for each in result.faults]
        running.keep_result(result.findings() | {"faults": faults})
    except (Cancelled, KeyboardInterrupt):
        running.stopper.disable_interrupts()
        if not session_of(running.archive).catalog.contents.files(event_id):
            raise  # else it was stopped too late: the event is in the archive
    running.name_event(event_id)


def _chosen(running: RunningJob, name: str) -> AbstractContextManager[Any]:
    """Hold a file of this machine that a setting names; None where there is none."""
    from recorder_core.jobs.archive.events.inbox import held_file

    path, code = running.private.get(name), json.loads(running.job.settings).get(f"{name}_code")
    # without a code it is the file of who asks on this machine, as in a terminal
    if path is None or code is None:
        return nullcontext(None if path is None else Path(path))
    return held_file(Path(path), code)


def _deidentify(running: RunningJob) -> None:
    from recorder_core.jobs.archive.copies.deidentifying import (
        EventDeidentifyRequest,
        deidentify_event,
    )
    from recorder_core.jobs.inputs.options import DeidentifyOptions

    request = EventDeidentifyRequest(
        options=DeidentifyOptions(salvage=json.loads(running.job.settings).get("salvage", False)),
        work=running.work,
        allowed=_allowed(running.job),
        resume=True,  # after a process that was killed; else there is nothing
    )
    deidentify_event(running.archive, _event_of(running), request, _most_of(running.progress))


def _rerender(running: RunningJob) -> None:
    from recorder_core.jobs.archive.corrections.rerendering import (
        EventRerenderRequest,
        rerender_event,
    )

    request = EventRerenderRequest(work=running.work, allowed=_allowed(running.job))
    rerender_event(running.archive, _event_of(running), request, _most_of(running.progress))


def _rank(running: RunningJob) -> None:
    from recorder_core.jobs.archive.review.reviewing import rank_event

    rank_event(running.archive, _event_of(running), progress=_most_of(running.progress))


def _report(running: RunningJob) -> None:
    from recorder_core.jobs.archive.reports.reporting import keep_report
    from recorder_core.report import ReportSettings

    keep_report(running.archive, _event_of(running), ReportSettings())


def _verify(running: RunningJob) -> None:
    from recorder_core.jobs.archive.care.mirror import check_copies

    found = check_copies(running.archive, read_all=True, progress=running.progress)
    if not found.is_sound:
        raise ArchiveError("something is not as it should be: run 'workbench mirror verify'")


def _repair(running: RunningJob) -> None:
    from recorder_core.jobs.archive.care.mirror_repair import repair_copies

    found = repair_copies(running.archive, running.progress)
    if not found.is_sound:
        raise ArchiveError("something could not be repaired: run 'workbench mirror repair'")


#: kind of job -> the function that does it, as a person who asks for it would
RUN: Final[Mapping[str, _Run]] = {
    "record": _record,
    "import": _import,
    "deidentify": _deidentify,
    "rerender": _rerender,
    "rank": _rank,
    "report": _report,
    "verify": _verify,
    "repair": _repair,
}


def _allowed(job: Job) -> Allowed:
    given = json.loads(job.settings)
    return Allowed(given.get("allow_no_faces", False), given.get("allow_seen_faces", False))


def _event_of(running: RunningJob) -> str:
    if running.job.event_id is None:
        raise ArchiveError(f"job {running.job.job_id} names no event; start another")
    return running.job.event_id


def _most_of(progress: Progress) -> Progress:
    """Return what counts frames as most of a job, not as all of it."""

    def report(done: int, total: int) -> None:
        progress(int(_PARTS * _FRAMES_SHARE * done / max(total, 1)), _PARTS)

    return report
