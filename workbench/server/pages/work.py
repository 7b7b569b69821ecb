"""The pages of the jobs (what waits and runs, how long it takes), imports and administration."""

from __future__ import annotations

from typing import Any, Final

from recorder_core.jobs.archive import JOB_KINDS, Archive, job_sentence
from recorder_core.jobs.archive.words import Job, Profile
from recorder_core.model import LAYOUTS
from workbench.server.entrance.access import ADMINISTRATION_PATH, IMPORT_PATH
from workbench.server.pages.page import PageHandler, clock_text
from workbench.server.web.handlers import INBOX

__all__ = ["BEGINNING_KINDS", "WORK_PAGES", "job_rows", "startable_kinds"]

_OPEN: Final = ("queued", "running")
#: kinds of jobs that are about an event which they begin, not about the whole archive
BEGINNING_KINDS: Final = [name for name, kind in JOB_KINDS.items() if kind.begins_event]


class _Jobs(PageHandler):
    async def get(self) -> None:
        """Show the jobs, the newest first."""
        archive = self.signed_in.archive
        starting = startable_kinds(archive)
        self.show(
            "jobs.html",
            jobs=await self.in_turn(job_rows, archive),
            starting=starting,
            beginning=BEGINNING_KINDS,
            only="",
            may_verify="verify" in starting,
        )


def job_rows(archive: Archive, event: str | None = None) -> list[dict[str, Any]]:
    """Return what a page shows of the jobs, of one event if given, the newest first."""
    return [_row(archive, job) for job in reversed(archive.jobs(event=event))]


def startable_kinds(archive: Archive) -> list[str]:
    """Return the kinds of jobs that a person may start."""
    return [name for name, kind in JOB_KINDS.items() if archive.may(kind.action)]


def _act(archive: Archive, job: Job) -> str:
    """Return what the person may do with a job; empty: nothing."""
    if job.state in _OPEN:
        return "cancel" if not job.stopped_by and archive.may_cancel_job(job) else ""
    kind = JOB_KINDS.get(job.kind)
    may_again = kind is not None and kind.can_start_again and archive.may(kind.action)
    return "again" if may_again and job.state != "done" else ""


def _row(archive: Archive, job: Job) -> dict[str, Any]:
    act = _act(archive, job)
    return {
        "job_id": job.job_id,
        "kind": job.kind,
        "event_id": job.event_id,
        "asked": job.created_utc.strftime("%Y-%m-%d %H:%M"),
        "created_by": job.created_by,
        "state": job.state,
        "sentence": job_sentence(job),
        "progress": job.progress,
        "percent": f"{int(100 * job.progress)} %",
        "left": "" if job.seconds_left is None else clock_text(job.seconds_left),
        "act": act,
        "act_name": {"cancel": "Cancel", "again": "Start again"}.get(act, ""),
    }


class _Import(PageHandler):
    def get(self) -> None:
        """Show the page; what is in the inbox is asked of the interface."""
        self.show("import.html", has_inbox=self.settings.get(INBOX) is not None, layouts=LAYOUTS)


class _Administration(PageHandler):
    def get(self) -> None:
        """Show the page; what is on it is asked of the interface."""
        self.show("administration.html", profiles=[each.value for each in Profile])


#: pattern and handler, as Tornado takes them
WORK_PAGES: Final[list[tuple[Any, ...]]] = [
    (r"/jobs", _Jobs),
    (IMPORT_PATH, _Import),
    (ADMINISTRATION_PATH, _Administration),
]
