"""``workbench audit``: check, show and export the log of who did what."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from recorder_core.catalog import AuditHead, AuditReport
from recorder_core.errors import AuditError, SettingsError
from recorder_core.jobs.archive import (
    accept_audit_break,
    export_audit,
    read_audit,
    verify_audit,
    verify_audit_at,
)
from workbench.cli.listing import format_table, format_time, print_json
from workbench.cli.sign_in import add_archive_arguments, given_credentials, opened

__all__ = ["add_parser", "run"]


def add_parser(commands: Any) -> None:
    """Add the commands to the parser."""
    parser = commands.add_parser(
        "audit",
        help="check, show and export the audit log",
        description="Check, show and export the log of who did what to which event.",
    )
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    verify = actions.add_parser("verify", help="find edited, deleted, moved and cut-off rows")
    verify.add_argument(
        "--head",
        action="append",
        default=[],
        metavar="ROW:HASH",
        help="a head that was printed or written down earlier",
    )
    add_archive_arguments(verify)
    verify.set_defaults(run=run, act=_verify)
    show = actions.add_parser("show", help="show the newest rows")
    show.add_argument("--event", metavar="EVENT", help="only rows about this event")
    show.add_argument("--newest", type=int, default=30, metavar="N", help="default: 30")
    add_archive_arguments(show)
    show.set_defaults(run=run, act=_show)
    export = actions.add_parser("export", help="write the whole log as JSON lines")
    export.add_argument("-o", "--output", required=True, type=Path, metavar="FILE")
    add_archive_arguments(export)
    export.set_defaults(run=run, act=_export)
    accept = actions.add_parser(
        "accept-break",
        help="go on with a log from which rows are missing",
        description=(
            "Go on after a catalog was restored from a copy that is older than the log. Keep the "
            "broken files first: a row will say what was missing and who accepted it."
        ),
    )
    add_archive_arguments(accept)
    accept.set_defaults(run=run, act=_accept)


def run(options: argparse.Namespace) -> int:
    """Run one action."""
    return int(options.act(options))


def _verify(options: argparse.Namespace) -> int:
    heads = [_head(text) for text in options.head]
    try:
        with opened(options) as archive:
            report = verify_audit(archive, heads)
    except AuditError as error:
        print(f"workbench: {error}", file=sys.stderr)
        report = verify_audit_at(Path(options.archive), heads)
    if options.json:
        print_json(_content(report))
    else:
        _print_report(report)
    return 0 if report.is_sound else 1


def _show(options: argparse.Namespace) -> int:
    with opened(options) as archive:
        event = archive.event(options.event).event_id if options.event else None
        rows = read_audit(archive, event_id=event, newest=options.newest)
    headings = ("row", "when", "who", "as", "what", "event", "outcome", "detail")
    table = [
        (
            row.seq,
            format_time(row.at_utc),
            row.who,
            row.profile,
            row.action,
            row.event_id,
            row.outcome,
            row.detail,
        )
        for row in rows
    ]
    if options.json:
        print_json([dict(zip(headings, row, strict=True)) for row in table])
    else:
        print(format_table(headings, table))
    return 0


def _export(options: argparse.Namespace) -> int:
    with opened(options) as archive:
        count = export_audit(archive, options.output)
    if options.json:
        print_json({"rows": count, "file": str(options.output)})
    else:
        print(f"{count} rows in {options.output}")
    return 0


def _accept(options: argparse.Namespace) -> int:
    path, credentials = given_credentials(options)
    try:
        row = accept_audit_break(path, credentials)
    finally:
        credentials.password.wipe()
    if options.json:
        print_json({"row": row.seq, "detail": row.detail})
    else:
        print(f"accepted; row {row.seq} says: {row.detail}")
    return 0


def _print_report(report: AuditReport) -> None:
    for finding in report.findings:
        print(f"! {finding.kind}: {finding.sentence}")
    for remark in report.remarks:
        print(f"  {remark}")
    verdict = "sound" if report.is_sound else f"NOT sound, {len(report.findings)} findings"
    print(f"{report.row_count} rows: {verdict}")
    print(f"head: {report.head.seq}:{report.head.hash}")


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
    if not row.isdigit() or len(digest) != 64:
        raise SettingsError("a head is written ROW:HASH, as 'audit verify' prints it")
    return AuditHead(int(row), digest)
