"""``workbench job``: long work that goes on when the terminal is closed."""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import Any, Final, get_args

from recorder_core.errors import SettingsError
from recorder_core.jobs.archive import (
    JOB_KINDS,
    Archive,
    JobPlace,
    JobSetting,
    job_sentence,
)
from recorder_core.jobs.archive.words import Job, JobState
from recorder_core.model.values.json_text import parse_json
from workbench.cli.archive.sign_in import add_archive_arguments, opened
from workbench.cli.arguments.common import (
    add_action,
    add_group,
    add_quiet_argument,
    add_setting_arguments,
    add_work_argument,
)
from workbench.cli.terminal.console import complain
from workbench.cli.terminal.listing import format_duration, format_table, format_time, show
from workbench.cli.terminal.progress import show_progress

__all__ = ["add_parser"]

_POLL_SECONDS: Final = 0.5
_PARTS: Final = 1000
#: of a file; what is cut off there is no JSON
_MAX_SETTINGS_BYTES: Final = 1 << 20
_OPEN: Final = ("queued", "running")


def add_parser(commands: Any) -> None:
    """Add the commands to the parser."""
    actions = add_group(
        commands,
        "job",
        description=(
            "Start long work on an archive in a process of its own: it goes on when the terminal "
            "is closed, with the rights of the person who started it. Jobs of an archive wait for "
            "each other."
        ),
    )
    _add_list(actions)
    _add_start(actions)
    for name, act, what in (
        ("cancel", _cancel, "stop a job; what it has not finished is removed"),
        ("again", _again, "start what was interrupted, failed or cancelled once more"),
        ("wait", _wait, "show how far a job is until it ends; Ctrl-C leaves it going on"),
    ):
        parser = add_action(actions, name, act, what)
        parser.add_argument("job", metavar="JOB", help="its id, as 'job list' shows it")
        if name == "again":
            add_work_argument(parser)
        if name == "wait":
            add_quiet_argument(parser)
        add_archive_arguments(parser)


def _add_list(actions: Any) -> None:
    parser = add_action(actions, "list", _list, "list jobs, oldest first")
    parser.add_argument("--event", metavar="EVENT", help="only those of one event")
    parser.add_argument("--state", choices=get_args(JobState), help="only those in a state")
    add_archive_arguments(parser)


def _add_start(actions: Any) -> None:
    kinds = "; ".join(f"{each.name}: {each.summary}" for each in JOB_KINDS.values())
    parser = add_action(
        actions, "start", _start, "start a job", f"Start a job. The kinds are: {kinds}."
    )
    parser.add_argument("kind", choices=JOB_KINDS, metavar="KIND", help=", ".join(JOB_KINDS))
    parser.add_argument("event", nargs="?", metavar="EVENT", help="none for verify and repair")
    add_setting_arguments(parser, _settings().values())
    parser.add_argument(
        "--settings-file",
        type=Path,
        metavar="FILE",
        help="JSON with settings by name, such as those that must not stand in the shell's history",
    )
    add_work_argument(parser)
    add_archive_arguments(parser)


def _list(options: argparse.Namespace) -> int:
    with opened(options) as archive:
        found = archive.jobs(state=options.state, event=options.event)
    headings = ("job", "kind", "event", "by", "requested", "state", "done", "left")
    rows = [
        (
            each.job_id,
            each.kind,
            each.event_id,
            each.created_by,
            format_time(each.created_utc),
            each.state,
            f"{each.progress:.0%}",
            format_duration(each.seconds_left),
        )
        for each in found
    ]
    text = format_table(headings, rows) if found else "there is no such job"
    show(options, [_content(each) for each in found], text)
    return 0


def _start(options: argparse.Namespace) -> int:
    kind = JOB_KINDS[options.kind]
    settings = _given(options)
    with opened(options) as archive:
        archive.job_place = JobPlace(options.work)
        job = archive.start_job(kind.name, options.event, settings=settings)
        _say_notice(archive, job)
    return _say(options, job)


def _settings() -> dict[str, JobSetting]:
    """Return the settings of all kinds that have an option: one name has one schema.

    What is private must stand in no list of processes, and lists and mappings are no words.
    """
    return {
        each.name: each
        for kind in JOB_KINDS.values()
        for each in kind.settings
        if not each.is_private and each.schema["type"] not in ("array", "object")
    }


def _given(options: argparse.Namespace) -> dict[str, Any]:
    """Return the settings that were typed, and those of the file; the kind checks them."""
    typed = {name: getattr(options, name, None) for name in _settings()}
    given = {
        name: value for name, value in typed.items() if value is not None and value is not False
    }
    if options.settings_file is None:
        return given
    try:
        with options.settings_file.open("rb") as file:
            content = parse_json(file.read(_MAX_SETTINGS_BYTES))
    except (OSError, ValueError):  # not chained: it may hold a name
        content = None
    if not isinstance(content, dict):
        raise SettingsError(
            f"{options.settings_file} cannot be read as a JSON object of at most "
            f"{_MAX_SETTINGS_BYTES >> 10} KiB: write one, such as {{}}"
        )
    return content | given


def _say_notice(archive: Archive, job: Job) -> None:
    if notice := archive.job_notice(job):
        complain(notice)


def _cancel(options: argparse.Namespace) -> int:
    with opened(options) as archive:
        job = archive.cancel_job(options.job)
    return _say(options, job)


def _again(options: argparse.Namespace) -> int:
    with opened(options) as archive:
        archive.job_place = JobPlace(options.work)
        job = archive.start_job_again(options.job)
        _say_notice(archive, job)
    return _say(options, job)


def _wait(options: argparse.Namespace) -> int:
    with opened(options) as archive:
        job = _until_ended(archive, options)
    _say(options, job)
    return 0 if job.state == "done" else 1


def _until_ended(archive: Archive, options: argparse.Namespace) -> Job:
    job = archive.job(options.job)
    with show_progress(f"{job.kind} {job.job_id}", quiet=options.quiet) as progress:
        while job.state in _OPEN:
            progress(int(_PARTS * job.progress), _PARTS)
            time.sleep(_POLL_SECONDS)
            job = archive.job(options.job)
    return job


def _say(options: argparse.Namespace, job: Job) -> int:
    show(options, _content(job), f"job {job.job_id} ({job.kind}): {job_sentence(job)}")
    return 0


def _content(job: Job) -> dict[str, Any]:
    return {
        "job": job.job_id,
        "kind": job.kind,
        "event": job.event_id,
        "state": job.state,
        "progress": job.progress,
        "seconds_left": job.seconds_left,
        "by": job.created_by,
        "asked_utc": job.created_utc.isoformat(),
        "error_class": job.error_class,
        "result": json.loads(job.result),
        "sentence": job_sentence(job),
    }
