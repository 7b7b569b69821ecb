"""The steps of an event's life: add a copy, release it, take that back, delete the event."""

from __future__ import annotations

import argparse
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

from recorder_core.catalog import DELETION_REASONS
from recorder_core.errors import SettingsError
from recorder_core.jobs.archive import (
    DELETION_NOTICE,
    add_copy,
    delete_event,
    reopen_review,
    sign_off,
)
from workbench.cli.listing import print_json
from workbench.cli.progress import show_progress
from workbench.cli.sign_in import add_archive_arguments, opened

__all__ = ["add_actions"]


def add_actions(actions: Any, run: Callable[[argparse.Namespace], int]) -> None:
    """Add the actions to ``workbench event``, which runs them."""
    _add_copy_action(actions)
    _add_step(actions, "sign-off", _sign_off, "release the de-identified copy in your name")
    _add_step(actions, "reopen", _reopen, "take a release back, and the keys given with it")
    _add_delete(actions)
    for name in ("add-copy", "sign-off", "reopen", "delete"):
        actions.choices[name].set_defaults(run=run)


def _add_copy_action(actions: Any) -> None:
    parser = actions.add_parser(
        "add-copy",
        help="add what 'workbench deidentify' made, with its tables and report",
        description=(
            "Add a de-identified copy to the event it was made from, with the tables and the "
            "report that lie beside it. An unreleased copy gives way to it."
        ),
    )
    parser.add_argument("event", metavar="EVENT")
    parser.add_argument("copy", type=Path, metavar="COPY.mp4")
    parser.add_argument("--quiet", action="store_true", help="print errors only")
    add_archive_arguments(parser)
    parser.set_defaults(act=_add_copy)


def _add_step(actions: Any, name: str, act: Any, what: str) -> None:
    parser = actions.add_parser(name, help=what, description=what.capitalize() + ".")
    parser.add_argument("event", metavar="EVENT")
    add_archive_arguments(parser)
    parser.set_defaults(act=act)


def _add_delete(actions: Any) -> None:
    parser = actions.add_parser(
        "delete", help="destroy the keys of an event on every root", description=DELETION_NOTICE
    )
    parser.add_argument("event", metavar="EVENT")
    parser.add_argument(
        "--reason",
        required=True,
        choices=DELETION_REASONS,
        metavar="REASON",
        help=", ".join(DELETION_REASONS),
    )
    parser.add_argument("--yes", action="store_true", help="do not ask again")
    add_archive_arguments(parser)
    parser.set_defaults(act=_delete)


def _add_copy(options: argparse.Namespace) -> int:
    with opened(options) as archive:
        event_id = archive.event(options.event).event_id
        with show_progress(event_id, quiet=options.quiet, unit="MiB") as progress:
            event = add_copy(archive, event_id, options.copy, progress)
    _say(options, event.event_id, event.row.state, "has a de-identified copy; it is not released")
    return 0


def _sign_off(options: argparse.Namespace) -> int:
    with opened(options) as archive:
        event = sign_off(archive, archive.event(options.event).event_id)
        readers = archive.reader_ids(event.event_id, "deidentified")
    what = f"is released; the copy can be opened by {', '.join(readers)}"
    _say(options, event.event_id, event.row.state, what)
    return 0


def _reopen(options: argparse.Namespace) -> int:
    with opened(options) as archive:
        event = reopen_review(archive, archive.event(options.event).event_id)
    what = "is in review again; what was exported meanwhile is not taken back by this"
    _say(options, event.event_id, event.row.state, what)
    return 0


def _delete(options: argparse.Namespace) -> int:
    with opened(options) as archive:
        event_id = archive.event(options.event).event_id
        if not options.yes:
            _confirm(event_id)
        result = delete_event(archive, event_id, options.reason)
    what = (
        f"is deleted: the keys of {result.file_count} files were destroyed on "
        f"{result.root_count} folders"
    )
    if not result.journal_is_empty:
        what += "; another process reads the catalog, whose log is emptied when that ends"
    _say(options, event_id, "deleted", what)
    return 0


def _confirm(event_id: str) -> None:
    if not sys.stdin.isatty():
        raise SettingsError("there is no terminal to ask whether you are sure; give --yes")
    print(textwrap.fill(DELETION_NOTICE, 88))
    if input(f"Type {event_id} to delete it: ").strip() != event_id:
        raise SettingsError("that is another text; nothing was deleted")


def _say(options: argparse.Namespace, event_id: str, state: str, what: str) -> None:
    if options.json:
        print_json({"event": event_id, "state": str(state)})
    elif not getattr(options, "quiet", False):
        print(f"event {event_id} {what}")
