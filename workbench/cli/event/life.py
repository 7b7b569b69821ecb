"""The steps of an event's life: finalise, add a copy, review, release, archive, delete."""

from __future__ import annotations

import argparse
import dataclasses
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

from recorder_core.errors import SettingsError
from recorder_core.jobs import archive as jobs
from recorder_core.jobs.archive.words import DELETION_REASONS, Action, EventState
from workbench.cli.archive.sign_in import add_archive_arguments, complain_of_copies, opened
from workbench.cli.arguments.common import add_action, add_event_argument, add_quiet_argument
from workbench.cli.deidentify.copy_warnings import not_released, say_copy_warnings
from workbench.cli.terminal.console import complain, has_terminal
from workbench.cli.terminal.listing import format_count, show
from workbench.cli.terminal.progress import show_progress

__all__ = ["add_actions"]

Step = Callable[[jobs.Archive, str], jobs.ArchivedEvent]


def add_actions(actions: Any) -> None:
    """Add the actions to ``workbench event``."""
    _add_finalise(actions)
    _add_copy_action(actions)
    for name, act, what in (
        ("discard-copy", _discard, "discard an unreleased copy, for example before making another"),
        ("review", _review, "begin the review of the copy"),
        ("sign-off", _sign_off, "sign the de-identified copy off in your name, which releases it"),
        ("reopen", _reopen, "take a release back, and revoke the keys granted with it"),
    ):
        parser = add_action(actions, name, act, what)
        add_event_argument(parser)
        add_archive_arguments(parser)
    adopt = add_action(
        actions,
        "adopt",
        _adopt,
        "take in an event whose files are there but which the catalog lacks",
    )
    adopt.add_argument("event", metavar="EVENT", help="its whole id, as 'mirror repair' names it")
    add_archive_arguments(adopt)
    _add_archive(actions)
    _add_delete(actions)


def _adopt(options: argparse.Namespace) -> int:
    with opened(options) as archive:
        event = jobs.adopt_event(archive, options.event)
    text = (
        f"{event.event_id} is in the catalog, {event.row.state}; its names and codes are not known"
    )
    show(options, {"event": event.event_id, "state": event.row.state.value}, text)
    return 0


def _add_finalise(actions: Any) -> None:
    parser = add_action(
        actions,
        "finalise",
        _finalise,
        "save what a cut-off recording holds as a whole event",
        "Save what a cut-off recording holds: everything authentic goes into a seekable file, "
        "without encoding it again, sealed to the same people. A finished recording that is still "
        "fragmented MP4 becomes seekable in the same way. A reviewer who can open it does this, or "
        "an administrator with --recovery.",
    )
    add_event_argument(parser)
    add_quiet_argument(parser)
    add_archive_arguments(parser, recovery=True)


def _add_copy_action(actions: Any) -> None:
    parser = add_action(
        actions,
        "add-copy",
        _add_copy,
        "add what 'workbench deidentify' made, with its tables and report",
        "Add a de-identified copy to the event it was made from, with the tables and the "
        "report that lie beside it. It replaces an unreleased copy.",
    )
    add_event_argument(parser)
    parser.add_argument("copy", type=Path, metavar="COPY.mp4", help="its tables lie beside it")
    add_quiet_argument(parser)
    add_archive_arguments(parser)


def _add_archive(actions: Any) -> None:
    parser = add_action(
        actions,
        "archive",
        _archive,
        "put an event away: nothing more is to be done with it",
        "Put an event away: nothing more is to be done with it. It stays readable to those who "
        "could read it.",
    )
    add_event_argument(parser)
    parser.add_argument("--undo", action="store_true", help="take it back to what it was before")
    add_archive_arguments(parser)


def _add_delete(actions: Any) -> None:
    parser = add_action(
        actions,
        "delete",
        _delete,
        "destroy the keys of an event on every root",
        jobs.DELETION_NOTICE,
    )
    add_event_argument(parser)
    parser.add_argument(
        "--reason",
        required=True,
        choices=DELETION_REASONS,
        metavar="REASON",
        help=", ".join(DELETION_REASONS),
    )
    parser.add_argument("--yes", action="store_true", help="do not ask again")
    add_archive_arguments(parser)


def _finalise(options: argparse.Namespace) -> int:
    with opened(options, words_for=Action.FINALISE_EVENT) as archive:
        event_id = archive.event(options.event).event_id
        with show_progress(event_id, quiet=options.quiet, unit="MiB") as progress:
            result = jobs.finalise_event(archive, event_id, progress)
    status = complain_of_copies(result.faults)
    content = {
        "event": event_id,
        "state": result.event.row.state.value,
        "frames": result.frame_count,
        "seconds": result.seconds,
        "playable": result.is_playable,
        "files": [dataclasses.asdict(file) for file in result.files],
        "faults": [str(fault) for fault in result.faults],
    }
    sentences = [file.sentence for file in result.files] if len(result.files) > 1 else []
    show(options, content, "\n".join([f"event {event_id}: {_saved(result)}", *sentences]))
    damaged = [file.role for file in result.files if file.damage is not None]
    if damaged:
        complain(
            f"damaged on every disk and left as it was: {', '.join(damaged)}; when a disk with a "
            f"whole copy is back, repeat 'workbench event finalise {event_id}'"
        )
    return 1 if damaged else status


def _saved(result: jobs.FinaliseResult) -> str:
    """Return what became of the video of a recording."""
    video = [file for file in result.files if file.role == "original"]
    if not video:
        return "its video was saved before"
    if video[0].damage is not None:
        return "its video is damaged and was not saved; what there is of it plays up to the damage"
    if not result.is_playable:
        return "nothing in it can be played; what there is was kept byte for byte"
    return f"{format_count(result.frame_count, 'frame')}, {result.seconds:.1f} seconds were saved"


def _add_copy(options: argparse.Namespace) -> int:
    with opened(options, words_for=Action.FINALISE_EVENT) as archive:
        event_id = archive.event(options.event).event_id
        with show_progress(event_id, quiet=options.quiet, unit="MiB") as progress:
            event = jobs.add_copy(archive, event_id, options.copy, progress)
        say_copy_warnings(archive, event)
        faults = archive.copy_faults
    _say(options, event, f"has a de-identified copy; {not_released(event_id)}")
    return complain_of_copies(faults)


def _discard(options: argparse.Namespace) -> int:
    return _say(options, _step(options, jobs.discard_copy), "has no de-identified copy any more")


def _review(options: argparse.Namespace) -> int:
    return _say(options, _step(options, jobs.begin_review), "is in review")


def _sign_off(options: argparse.Namespace) -> int:
    with opened(options) as archive:
        event = jobs.sign_off(archive, options.event)
        say_copy_warnings(archive, event)
        if not event.is_released:
            return _say(options, event, "is signed off by you; a second reviewer releases it")
        readers = archive.reader_ids(event.event_id, "deidentified")
    return _say(options, event, f"is released; the copy can be opened by {', '.join(readers)}")


def _reopen(options: argparse.Namespace) -> int:
    what = "is in review again; what was exported meanwhile is not taken back by this"
    return _say(options, _step(options, jobs.reopen_review), what)


def _archive(options: argparse.Namespace) -> int:
    event = _step(options, jobs.unarchive_event if options.undo else jobs.archive_event)
    return _say(options, event, f"is {event.row.state}")


def _step(options: argparse.Namespace, step: Step) -> jobs.ArchivedEvent:
    with opened(options) as archive:
        return step(archive, options.event)


def _delete(options: argparse.Namespace) -> int:
    with opened(options) as archive:
        event = archive.event(options.event)
        event_id = event.event_id
        archive.refuse_unless(Action.DELETE_EVENT, event_id)
        if not options.yes and event.row.state is not EventState.DELETED:
            _confirm(event_id)
        result = jobs.delete_event(archive, event_id, options.reason)
    for link in result.links:
        complain(f"{link}; it was removed, and what it leads to was not touched")
    content = {
        "event": event_id,
        "state": "deleted",
        "links": [str(link) for link in result.links],
        "journal_is_empty": result.journal_is_empty,
    }
    what = (
        f"is deleted: the keys of {format_count(result.file_count, 'file')} were destroyed on "
        f"{format_count(result.root_count, 'folder')}"
    )
    if not result.journal_is_empty:
        what += "; another process reads the catalog, whose log is emptied when that ends"
    show(options, content, f"event {event_id} {what}")
    return 0


def _confirm(event_id: str) -> None:
    if not has_terminal():
        raise SettingsError("there is no terminal to ask whether you are sure; give --yes")
    print(textwrap.fill(jobs.DELETION_NOTICE, 88))
    if input(f"Type {event_id} to delete it: ").strip() != event_id:
        raise SettingsError("that is not what was asked for; nothing was deleted")


def _say(options: argparse.Namespace, event: jobs.ArchivedEvent, what: str) -> int:
    content = {"event": event.event_id, "state": event.row.state.value}
    show(options, content, f"event {event.event_id} {what}")
    return 0
