"""``workbench grant``: give or take back the keys of events."""

from __future__ import annotations

import argparse
import textwrap
from typing import Any

from recorder_core.errors import RecorderError, SettingsError
from recorder_core.jobs.archive import Archive, grant, revoke
from recorder_core.jobs.archive.words import IDENTITY, REVOCATION_NOTICE, Action
from workbench.cli.archive.sign_in import add_archive_arguments, opened
from workbench.cli.arguments.common import add_event_argument
from workbench.cli.summaries import SUMMARIES
from workbench.cli.terminal.console import complain
from workbench.cli.terminal.listing import format_count, format_table, show

__all__ = ["add_parser", "run"]


def add_parser(commands: Any) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "grant",
        help=SUMMARIES["grant"],
        description=(
            "Seal the keys of an event to one more user, as far as the user's profile permits. "
            "You must be able to open what you grant: as a reviewer, or with --recovery."
        ),
    )
    parser.add_argument("login", metavar="LOGIN", help="who receives them")
    add_event_argument(parser, several=True)
    parser.add_argument(
        "--kind",
        action="append",
        metavar="KIND",
        help="original, deidentified, signals, identity, ...; default: all that is permitted",
    )
    parser.add_argument("--revoke", action="store_true", help="revoke them instead")
    add_archive_arguments(parser, recovery=True)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Grant or revoke, event by event; the others go on when one fails."""
    if bool(options.events) == options.all:
        raise SettingsError("name the events, or say --all")
    results, failed = [], 0
    with opened(options, words_for=Action.GRANT) as archive:
        for event_id in _event_ids(archive, options):
            try:
                results.append((event_id, _act(archive, event_id, options)))
            except RecorderError as error:
                if not options.all:
                    raise
                failed += 1
                complain(error)
    if results and not any(kinds for _, kinds in results):
        raise SettingsError(
            f"{options.login} was granted nothing: as these events are now, that profile may open "
            "none of their files or names"
        )
    _show(options, results)
    return 1 if failed else 0


def _event_ids(archive: Archive, options: argparse.Namespace) -> list[str]:
    if options.all:
        return [event.event_id for event in archive.events()]
    return [archive.event(begin).event_id for begin in options.events]


def _act(archive: Archive, event_id: str, options: argparse.Namespace) -> dict[str, int | None]:
    if options.revoke:
        return {**revoke(archive, event_id, options.login, options.kind)}
    return dict.fromkeys(grant(archive, event_id, options.login, options.kind))


def _show(options: argparse.Namespace, results: list[tuple[str, dict[str, int | None]]]) -> None:
    content: list[dict[str, object]] = [
        {"event": event_id, "kinds": list(kinds)} | ({"changed": kinds} if options.revoke else {})
        for event_id, kinds in results
    ]
    heading = f"revoked from {options.login}" if options.revoke else f"open to {options.login}"
    rows = [(event_id, ", ".join(map(_kind_text, kinds.items()))) for event_id, kinds in results]
    text = format_table(("event", heading), rows)
    if options.revoke:
        text += "\n\n" + textwrap.fill(REVOCATION_NOTICE, 88)
    show(options, content, text)


def _kind_text(item: tuple[str, int | None]) -> str:
    kind, changed = item
    if changed is None:
        return kind
    what = "sealed text" if kind == IDENTITY else "key file"
    return f"{kind} ({format_count(changed, what)})"
