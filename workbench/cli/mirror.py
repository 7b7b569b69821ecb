"""``workbench mirror``: two copies of everything, compared and repaired."""

from __future__ import annotations

import argparse
import dataclasses
from pathlib import Path
from typing import Any

from recorder_core.jobs.archive import MirrorReport, check_copies, repair_copies
from workbench.cli.listing import format_size, print_json
from workbench.cli.progress import show_progress
from workbench.cli.sign_in import add_archive_arguments, opened

__all__ = ["add_parser", "run"]

_ACTIONS = {
    "verify": "compare sizes and key files of both copies; fast",
    "scrub": "read every byte of both copies and compare it with the catalog's hash",
    "repair": "scrub, and repair what is damaged or missing from the good copy",
}


def add_parser(commands: Any) -> None:
    """Add the commands to the parser."""
    parser = commands.add_parser(
        "mirror",
        help="compare and repair the two copies of an archive",
        description="Compare and repair the two copies of an archive. No content is decrypted.",
    )
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    for name, what in _ACTIONS.items():
        action = actions.add_parser(name, help=what, description=what.capitalize() + ".")
        action.add_argument("--quiet", action="store_true", help="print what is wrong only")
        add_archive_arguments(action)
        action.set_defaults(run=run)
    place = actions.add_parser("set", help="take an empty folder as the mirror from now on")
    place.add_argument("folder", type=Path, metavar="FOLDER", help="empty, on another disk")
    place.add_argument("--quiet", action="store_true", help="print what is wrong only")
    add_archive_arguments(place)
    place.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Check or repair; 0 when every copy is whole at the end."""
    with opened(options) as archive:
        if options.action == "set":
            archive.set_mirror(options.folder)
        with show_progress("copies", quiet=options.quiet, unit="files") as progress:
            if options.action in ("repair", "set"):
                report = repair_copies(archive, progress)
            else:
                read_all = options.action == "scrub"
                report = check_copies(archive, read_all=read_all, progress=progress)
    if options.json:
        print_json(dataclasses.asdict(report) | {"sound": report.is_sound})
    else:
        _print_report(report, quiet=options.quiet)
    return 0 if report.is_sound else 1


def _print_report(report: MirrorReport, *, quiet: bool) -> None:
    for finding in report.findings:
        mark = "LOST" if finding.is_lost else "fixed" if finding.is_repaired else "!"
        print(f"{mark} {finding.what}: {finding.sentence}")
    lost = len({finding.what for finding in report.findings if finding.is_lost})
    if lost:
        print(f"{lost} files have no good copy left; restore them from a backup")
    if not quiet:
        read = f", {format_size(report.read_bytes)} read" if report.read_bytes else ""
        verdict = "every copy is whole" if report.is_sound else "NOT every copy is whole"
        print(f"{report.file_count} files on {report.root_count} folders{read}: {verdict}")
