"""``workbench mirror``: two copies of everything, compared and repaired."""

from __future__ import annotations

import argparse
import dataclasses
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from recorder_core.jobs import Progress
from recorder_core.jobs.archive import (
    Archive,
    MirrorReport,
    check_copies,
    on_same_disk,
    repair_copies,
    set_mirror,
)
from workbench.cli.archive.sign_in import add_archive_arguments, opened
from workbench.cli.arguments.common import Act, add_action, add_group
from workbench.cli.terminal.console import complain
from workbench.cli.terminal.listing import format_count, format_size, print_json
from workbench.cli.terminal.progress import show_progress

__all__ = ["add_parser", "warn_of_same_disk"]


def add_parser(commands: Any) -> None:
    """Add the commands to the parser."""
    actions = add_group(
        commands,
        "mirror",
        description="Compare and repair the two copies of an archive. No content is decrypted.",
    )
    parsers = {name: add_action(actions, name, act, what) for name, (act, what) in _ACTIONS.items()}
    parsers["repair"].add_argument(
        "--from",
        dest="backup",
        type=Path,
        metavar="FOLDER",
        help="take what both copies lost from sealed copies that 'workbench event copy' wrote",
    )
    parsers["set"].add_argument("folder", type=Path, metavar="FOLDER", help="on another disk")
    for parser in parsers.values():
        parser.add_argument("--quiet", action="store_true", help="print what is wrong only")
        add_archive_arguments(parser)


def _verify(options: argparse.Namespace) -> int:
    return _run(options, check_copies)


def _scrub(options: argparse.Namespace) -> int:
    return _run(options, partial(check_copies, read_all=True))


def _repair(options: argparse.Namespace) -> int:
    return _run(options, partial(repair_copies, backup=options.backup), check_catalog=True)


def _set(options: argparse.Namespace) -> int:
    def take(archive: Archive, progress: Progress) -> MirrorReport:
        old = archive.folders.mirror
        warn_of_same_disk(archive.folders.primary, options.folder)
        set_mirror(archive, options.folder)
        if old is not None:
            complain(
                f"{old} is not the mirror any more; it keeps its copies and keys: destroy them"
            )
        return repair_copies(archive, progress)

    return _run(options, take)


def warn_of_same_disk(folder: Path, mirror: Path) -> None:
    """Warn if an archive and its mirror lie on one disk."""
    if on_same_disk(folder, mirror):
        complain(
            f"the mirror {mirror} lies on the same disk as {folder}: if that disk fails, both are "
            "lost; 'workbench mirror set FOLDER' takes one on another disk"
        )


_ACTIONS: dict[str, tuple[Act, str]] = {
    "verify": (_verify, "compare sizes and key files of both copies; fast"),
    "scrub": (_scrub, "read every byte of both copies and compare it with the catalog's hash"),
    "repair": (_repair, "scrub, and repair what is damaged or missing from the good copy"),
    "set": (_set, "take an empty folder as the mirror from now on, and fill it"),
}


def _run(
    options: argparse.Namespace, work: Callable[..., MirrorReport], *, check_catalog: bool = False
) -> int:
    """Check or repair; 0 when every copy is whole at the end."""
    with opened(options, check_catalog=check_catalog) as archive:
        with show_progress("copies", quiet=options.quiet, unit="files") as progress:
            report = work(archive, progress=progress)
        has_mirror = archive.folders.mirror is not None
    if options.json:
        print_json(dataclasses.asdict(report) | {"sound": report.is_sound})
    else:
        _print_report(report, quiet=options.quiet, has_mirror=has_mirror)
    return 0 if report.is_sound else 1


def _print_report(report: MirrorReport, *, quiet: bool, has_mirror: bool) -> None:
    for finding in report.findings:
        mark = "LOST" if finding.is_lost else "fixed" if finding.is_repaired else "!"
        print(f"{mark} {finding.what}: {finding.sentence}")
    lost = len({finding.what for finding in report.findings if finding.is_lost})
    if lost:
        print(
            f"{format_count(lost, 'file')} without a good copy; if there are sealed copies "
            "elsewhere, run 'workbench mirror repair --from FOLDER'"
        )
    if quiet:
        return
    if not has_mirror:
        print("there is no mirror, so nothing can be repaired; see 'workbench mirror set'")
    read = f", {format_size(report.read_bytes)} read" if report.read_bytes else ""
    verdict = "every copy is whole" if report.is_sound else "NOT every copy is whole"
    files = format_count(report.file_count, "file")
    print(f"{files} on {format_count(report.root_count, 'folder')}{read}: {verdict}")
