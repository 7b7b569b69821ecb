"""``workbench audit``: check, show and export the log of who did what."""

from __future__ import annotations

import argparse
import re
from pathlib import Path
from typing import Any

from recorder_core.errors import AuditError, SettingsError
from recorder_core.jobs.archive import (
    SplitCatalogs,
    accept_audit_break,
    export_audit,
    read_audit,
    read_outside_anchor,
    renew_outside_anchor,
    verify_audit,
    verify_audit_at,
)
from recorder_core.jobs.archive.words import AuditHead, AuditReport, OtherRow, utc_text
from workbench.cli.archive.sign_in import add_archive_arguments, given_credentials, opened
from workbench.cli.arguments.common import (
    add_action,
    add_group,
    add_overwrite_argument,
    output_path,
)
from workbench.cli.arguments.inputs import check_outputs
from workbench.cli.arguments.numbers import whole_number
from workbench.cli.terminal.console import ask, complain, has_terminal
from workbench.cli.terminal.listing import format_count, format_table, format_time, show

__all__ = ["add_parser"]

#: the number of a row, and its SHA-256
_HEAD = re.compile("[0-9]{1,18}:[0-9a-f]{64}")
#: of one row of the log
_SHOWN_CHANGES = 4


def add_parser(commands: Any) -> None:
    """Add the commands to the parser."""
    actions = add_group(
        commands,
        "audit",
        description="Check, show and export the log of who did what to which event.",
    )
    parsers = (
        _add_verify(actions),
        _add_head(actions),
        _add_show(actions),
        _add_export(actions),
        _add_accept(actions),
    )
    for parser in parsers:
        add_archive_arguments(parser)


def _add_verify(actions: Any) -> Any:
    verify = add_action(actions, "verify", _verify, "find edited, deleted, moved and cut-off rows")
    verify.add_argument(
        "--head",
        action="append",
        default=[],
        metavar="ROW:HASH",
        help="a head that was printed or written down earlier",
    )
    verify.add_argument(
        "--anchor",
        type=Path,
        metavar="FILE",
        help="on another medium: the head in it must be in the log; if all is sound it takes the "
        "present one, and is made if it is not there",
    )
    return verify


def _add_head(actions: Any) -> Any:
    return add_action(
        actions,
        "head",
        _print_head,
        "print the newest row's number and hash, to be kept elsewhere",
        "Print the number, hash and time of the newest row. Keep them where nobody with this "
        "archive's disks can write; 'audit verify --head ROW:HASH' tells a log that was cut back "
        "or rewritten since.",
    )


def _add_show(actions: Any) -> Any:
    log = add_action(actions, "show", _show, "show the newest rows")
    log.add_argument("--event", metavar="EVENT", help="only rows about this event")
    log.add_argument("--newest", type=whole_number(1), default=30, metavar="N", help="default: 30")
    return log


def _add_export(actions: Any) -> Any:
    export = add_action(actions, "export", _export, "write the whole log as JSON lines")
    export.add_argument("-o", "--output", required=True, type=output_path, metavar="FILE")
    add_overwrite_argument(export, "FILE")
    return export


def _add_accept(actions: Any) -> Any:
    accept = add_action(
        actions,
        "accept-break",
        _accept,
        "continue a log from which rows are missing",
        "Continue after a catalog was restored from a copy that is older than the log. Keep the "
        "broken files first: a row will say what was missing and who accepted it. Where the "
        "catalogs of both folders were changed, that of the folder that is named counts; what was "
        "changed in one of them only is listed before, and the other is set aside.",
    )
    accept.add_argument("--yes", action="store_true", help="do not ask again")
    return accept


def _verify(options: argparse.Namespace) -> int:
    kept = _kept_anchor(options)
    heads = [_head(text) for text in options.head] + ([kept] if kept else [])
    try:
        with opened(options) as archive:
            report = verify_audit(archive, heads)
    except AuditError as error:
        complain(error)
        report = verify_audit_at(Path(options.archive), error, heads)
    content, text = _content(report), _report_text(report)
    if options.anchor:
        content["anchor"] = _renew(options, report, kept)
        text += f"\nanchor {options.anchor}: {content['anchor']}"
    show(options, content, text)
    return 0 if report.is_sound else 1


def _kept_anchor(options: argparse.Namespace) -> AuditHead | None:
    if options.anchor is None or options.archive is None:  # signing in says which is missing
        return None
    return read_outside_anchor(Path(options.archive), options.anchor)


def _renew(options: argparse.Namespace, report: AuditReport, kept: AuditHead | None) -> str:
    """Renew an anchor after a sound verification, and say in words what became of it."""
    if not report.is_sound:
        return "not renewed" if kept else "not made"
    renew_outside_anchor(Path(options.archive), options.anchor, report.head)
    if kept:
        return f"row {kept.seq} is in the log; holds row {report.head.seq} now"
    return "was not there, so nothing was compared with it; made"


def _print_head(options: argparse.Namespace) -> int:
    with opened(options) as archive:
        row = read_audit(archive, newest=1)[0]
    content = {"head": f"{row.seq}:{row.hash}", "at_utc": utc_text(row.at_utc)}
    show(options, content, f"{content['head']} of {format_time(row.at_utc)}")
    return 0


def _show(options: argparse.Namespace) -> int:
    with opened(options) as archive:
        rows = read_audit(archive, event=options.event, newest=options.newest)
    headings = ("row", "when", "who", "as", "from", "what", "event", "outcome", "detail")
    table = [
        (
            row.seq,
            format_time(row.at_utc),
            row.who,
            row.profile,
            row.origin,
            row.action,
            row.event_id,
            row.outcome,
            row.detail,
        )
        for row in rows
    ]
    content = [dict(zip(headings, row, strict=True)) for row in table]
    show(options, content, format_table(headings, table))
    return 0


def _export(options: argparse.Namespace) -> int:
    check_outputs([options.output], [], overwrite=options.overwrite)
    _refuse_inside(options.output, options.archive)
    with opened(options) as archive:
        count = export_audit(archive, options.output)
    content = {"rows": count, "file": str(options.output)}
    show(options, content, f"{format_count(count, 'row')} in {options.output}")
    return 0


def _refuse_inside(output: Path, archive: str | None) -> None:
    """Refuse to write over the archive's own files; signing in says where none is named."""
    if archive is not None and output.resolve().is_relative_to(Path(archive).resolve()):
        raise SettingsError(f"{output.name} lies in the archive; write it to another folder")


def _accept(options: argparse.Namespace) -> int:
    path, credentials = given_credentials(options)

    def confirm(split: SplitCatalogs) -> None:
        for line in _split_lines(split):
            complain(line)
        if not options.yes:
            _ask_to_keep(path)

    try:
        row = accept_audit_break(path, credentials, confirm)
    finally:
        credentials.password.wipe()
    content = {"row": row.seq, "detail": row.detail}
    show(options, content, f"accepted; row {row.seq} says: {row.detail}")
    return 0


def _split_lines(split: SplitCatalogs) -> list[str]:
    """Return what was changed in one folder only, by ids and codes."""
    count = format_count(len(split.only_given_up), "change")
    return [
        *(f"only in {split.kept}, {_change(found)}" for found in split.only_kept),
        *(f"only in {split.given_up}, {_change(found)}" for found in split.only_given_up),
        f"{format_count(len(split.only_kept), 'change')} in {split.kept} will count",
        f"{count} in {split.given_up} will not count: users who were disabled "
        "there can sign in, keys that were revoked there are granted again, and what was deleted "
        "or released there is as it was: repeat that; what was recorded there is taken in with "
        "'workbench event adopt EVENT'; to keep it instead, name that folder",
    ]


def _change(found: OtherRow) -> str:
    row, more = found.row, len(found.changed) - _SHOWN_CHANGES
    signed = "" if found.is_signed else ", not signed"
    changed = ", ".join(found.changed[:_SHOWN_CHANGES]) + (f" and {more} more" if more > 0 else "")
    return f"row {row.seq}{signed}: {format_time(row.at_utc)} {row.who} {row.action}: {changed}"


def _ask_to_keep(path: Path) -> None:
    if not has_terminal():
        raise SettingsError("there is no terminal to ask whether you are sure; give --yes")
    if ask(f"Type yes to keep the catalog in {path}").strip() != "yes":
        raise SettingsError("that is not what was asked for; nothing was changed")


def _report_text(report: AuditReport) -> str:
    verdict = (
        "sound"
        if report.is_sound
        else f"NOT sound, {format_count(len(report.findings), 'finding')}"
    )
    return "\n".join(
        [
            *(f"! {finding.kind}: {finding.sentence}" for finding in report.findings),
            *(f"  {remark}" for remark in report.remarks),
            f"{format_count(report.row_count, 'row')}: {verdict}",
            f"head: {report.head.seq}:{report.head.hash}",
        ]
    )


def _content(report: AuditReport) -> dict[str, Any]:
    return {
        "rows": report.row_count,
        "sound": report.is_sound,
        "findings": [finding.sentence for finding in report.findings],
        "remarks": list(report.remarks),
        "head": f"{report.head.seq}:{report.head.hash}",
    }


def _head(text: str) -> AuditHead:
    row, _, digest = text.partition(":")
    if _HEAD.fullmatch(text) is None:
        raise SettingsError("a head is written ROW:HASH, as 'audit verify' prints it")
    return AuditHead(int(row), digest)
