"""``workbench retention``: how long each site keeps its events."""

from __future__ import annotations

import argparse
import dataclasses
import textwrap
from datetime import date
from typing import Any, Final

from recorder_core.errors import SettingsError, WrongState
from recorder_core.jobs.archive import (
    DELETION_NOTICE,
    confirm_clock,
    delete_due,
    retention_due,
    retention_rules,
    set_retention_rule,
)
from recorder_core.jobs.archive.words import RetentionRule
from workbench.cli.archive.sign_in import add_archive_arguments, opened
from workbench.cli.arguments.common import add_action, add_group
from workbench.cli.arguments.numbers import whole_number
from workbench.cli.terminal.console import complain, has_terminal
from workbench.cli.terminal.listing import format_count, format_table, show

__all__ = ["add_parser"]

#: a hundred years
_MAX_DAYS: Final = 36_525
_NO_RULES = (
    "no site has a rule: every event is kept until someone deletes it, and nobody is reminded; "
    "set one with 'workbench retention set SITE'"
)


def add_parser(commands: Any) -> None:
    """Add the commands to the parser."""
    actions = add_group(
        commands,
        "retention",
        description=(
            "Set how long each site keeps its events, and show what is due. Nothing is ever "
            "deleted on "
            "its own."
        ),
    )
    rules = add_action(actions, "show", _show, "show the rules")
    setting = _add_set(actions)
    due = add_action(actions, "due", _due, "list the events that are due; deletes nothing")
    applying = add_action(
        actions,
        "apply",
        _apply,
        "delete what is due at the sites that chose that",
        f"Delete what is due at the sites whose rule says --delete. {DELETION_NOTICE}",
    )
    applying.add_argument("--yes", action="store_true", help="do not ask again")
    confirming = add_action(
        actions,
        "confirm-clock",
        _confirm_clock,
        "say that the clock of this computer is right",
        "Say that the clock of this computer is right, where the audit log was silent for so long "
        "that it may be ahead. Until then nothing is deleted for its age.",
    )
    confirming.add_argument(
        "today", type=_date, metavar="DATE", help="today, YYYY-MM-DD, from another clock"
    )
    for parser in (rules, setting, due, applying, confirming):
        add_archive_arguments(parser)


def _add_set(actions: Any) -> Any:
    setting = add_action(
        actions,
        "set",
        _set,
        "set the rule of a site, in place of an earlier one",
        "Set the rule of a site. Events that are due are listed by 'retention due' and "
        "'archive status'; they are deleted only by hand, or by 'retention apply' with --delete.",
    )
    setting.add_argument(
        "site",
        metavar="SITE",
        help="code of the site, or the word default for all sites without a rule of their own",
    )
    setting.add_argument(
        "--keep-days",
        type=whole_number(0, _MAX_DAYS),
        default=0,
        metavar="N",
        help="an event is not deleted for its age before that; default: 0",
    )
    setting.add_argument(
        "--warn-days",
        type=whole_number(0, _MAX_DAYS),
        metavar="N",
        help="an event is due after that; default: never",
    )
    setting.add_argument(
        "--delete", action="store_true", help="'retention apply' may delete what is due"
    )
    return setting


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text[:40]!r} is not a date, YYYY-MM-DD") from None


def _show(options: argparse.Namespace) -> int:
    with opened(options) as archive:
        rules = retention_rules(archive)
    headings = ("site", "kept at least", "due after", "when due")
    rows = [
        (
            rule.site_code,
            format_count(rule.minimum_days, "day"),
            "never" if rule.warn_after_days is None else format_count(rule.warn_after_days, "day"),
            _when_due(rule),
        )
        for rule in rules
    ]
    content = [dataclasses.asdict(rule) for rule in rules]
    show(options, content, format_table(headings, rows) if rules else _NO_RULES)
    return 0


def _when_due(rule: RetentionRule) -> str:
    if rule.warn_after_days is None:
        return "-"
    return "deleted by 'retention apply'" if rule.deletes_itself else "somebody is told"


def _set(options: argparse.Namespace) -> int:
    rule = RetentionRule(
        site_code=options.site,
        minimum_days=options.keep_days,
        warn_after_days=options.warn_days,
        deletes_itself=options.delete,
    )
    with opened(options) as archive:
        set_retention_rule(archive, rule)
    show(options, dataclasses.asdict(rule), f"the rule of {rule.site_code} is set")
    return 0


def _due(options: argparse.Namespace) -> int:
    with opened(options) as archive:
        notices = retention_due(archive)
    content = [
        {"event": notice.event_id, "age_days": notice.age_days, "site": notice.rule.site_code}
        for notice in notices
    ]
    sentences = [notice.sentence for notice in notices] or ["no event is due"]
    show(options, content, "\n".join(sentences))
    return 0


def _apply(options: argparse.Namespace) -> int:
    with opened(options) as archive:
        due = [notice for notice in retention_due(archive) if notice.rule.deletes_itself]
        if due and not options.yes:
            _confirm(len(due))
        left: list[WrongState] = []
        deleted = delete_due(archive, left.append) if due else []
    text = f"deleted: {', '.join(deleted)}"
    nothing = "nothing was deleted" if left else "nothing was due to be deleted"
    show(options, {"deleted": deleted}, text if deleted else nothing)
    for error in left:
        complain(error)
    return 1 if left else 0


def _confirm_clock(options: argparse.Namespace) -> int:
    with opened(options) as archive:
        confirm_clock(archive, options.today)
    content = {"today": options.today.isoformat()}
    show(options, content, f"the clock is right: it is {options.today}; ages count again")
    return 0


def _confirm(count: int) -> None:
    if not has_terminal():
        raise SettingsError("there is no terminal to ask whether you are sure; give --yes")
    print(textwrap.fill(DELETION_NOTICE, 88))
    if input(f"Type {count} to delete {format_count(count, 'event')}: ").strip() != str(count):
        raise SettingsError("that is not the number that was asked for; nothing was deleted")
