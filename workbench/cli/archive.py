"""``workbench archive``: make an archive, and say how it is."""

from __future__ import annotations

import argparse
import os
import sys
import textwrap
from pathlib import Path
from typing import Any

from recorder_core.archive import RECOVERY_NOTICE, recovery_qr_modules, recovery_qr_svg
from recorder_core.errors import SettingsError
from recorder_core.jobs.archive import (
    ArchiveStatus,
    archive_status,
    create_archive,
    recover_access,
)
from workbench.cli.listing import format_size, format_table, print_json
from workbench.cli.sign_in import (
    add_archive_arguments,
    opened,
    read_password,
    read_recovery_words,
)

__all__ = ["add_parser", "run"]


def add_parser(commands: Any) -> None:
    """Add the commands to the parser."""
    parser = commands.add_parser(
        "archive",
        help="make an encrypted archive, or say how it is",
        description="Make an encrypted archive of events, or say how it is.",
    )
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    init = actions.add_parser("init", help="make an archive with its first administrator")
    init.add_argument("folder", type=Path, metavar="FOLDER", help="an empty folder")
    init.add_argument("--mirror", type=Path, metavar="FOLDER", help="on another disk")
    init.add_argument("--site", default="site1", metavar="CODE", help="default: site1")
    init.add_argument("--user", default="admin", metavar="LOGIN", help="default: admin")
    init.add_argument("--password-file", type=Path, metavar="FILE")
    init.add_argument(
        "--recovery-svg", type=Path, metavar="FILE", help="write the QR code to print, as SVG"
    )
    init.set_defaults(run=run, act=_init)
    status = actions.add_parser("status", help="say what is there and what needs attention")
    add_archive_arguments(status)
    status.set_defaults(run=run, act=_status)
    unlock = actions.add_parser(
        "unlock", help="add an administrator with the recovery words, if passwords are lost"
    )
    unlock.add_argument("folder", type=Path, metavar="FOLDER")
    unlock.add_argument("--user", required=True, metavar="LOGIN", help="of the new administrator")
    unlock.add_argument("--password-file", type=Path, metavar="FILE", help="of the new one")
    unlock.add_argument("--recovery-file", type=Path, metavar="FILE", help="holds the words")
    unlock.set_defaults(run=run, act=_unlock)


def run(options: argparse.Namespace) -> int:
    """Run one action."""
    return int(options.act(options))


def _init(options: argparse.Namespace) -> int:
    if options.recovery_svg is not None and options.recovery_svg.exists():
        raise SettingsError(f"{options.recovery_svg.name} exists already; give another name")
    password = read_password(options.password_file, f"new password of {options.user}", repeat=True)
    words = create_archive(
        options.folder,
        site_code=options.site,
        administrator=options.user,
        password=password,
        mirror=options.mirror,
    )
    password.wipe()
    print(f"archive in {options.folder}" + (f", mirror in {options.mirror}" * bool(options.mirror)))
    print(f"administrator: {options.user}\n")
    print("The recovery key, shown this once:\n")
    parts = words.split()
    print("   " + " ".join(parts[:6]) + "\n   " + " ".join(parts[6:]) + "\n")
    if options.recovery_svg is not None:
        _write_private(options.recovery_svg, recovery_qr_svg(words))
        print(f"QR code: {options.recovery_svg}\n")
    else:
        print(_qr_text(words) + "\n")
    print(textwrap.fill(RECOVERY_NOTICE, 88))
    return 0


def _unlock(options: argparse.Namespace) -> int:
    words = read_recovery_words(options.recovery_file)
    password = read_password(options.password_file, f"new password of {options.user}", repeat=True)
    user = recover_access(options.folder, words, options.user, password)
    password.wipe()
    print(f"{user.user_id} is an administrator now; give keys to people with 'workbench grant'")
    return 0


def _status(options: argparse.Namespace) -> int:
    with opened(options) as archive:
        status = archive_status(archive)
    if options.json:
        print_json(status.to_dict())
    else:
        print(_status_text(status))
    return 0 if not status.faults else 1


def _status_text(status: ArchiveStatus) -> str:
    states = ", ".join(f"{count} {state}" for state, count in status.events_by_state.items())
    rows = [
        ("archive", status.archive_id),
        ("site", status.site_code),
        ("folder", status.folder),
        ("mirror", status.mirror or "none: a second disk keeps a second copy"),
        ("events", states or "none"),
        ("sealed files", f"{status.file_count}, {format_size(status.file_bytes)}"),
        ("free space", format_size(status.free_bytes)),
        ("users", status.user_count),
        ("audit rows", status.audit_rows),
    ]
    lines = [format_table(("what", "is"), rows)]
    lines += ["", *(f"! {fault}" for fault in status.faults)] if status.faults else []
    lines += ["", *(f"  {notice}" for notice in status.notices)] if status.notices else []
    return "\n".join(lines)


def _qr_text(words: str) -> str:
    """Draw two rows of modules with one row of half blocks, dark on light."""
    modules = recovery_qr_modules(words)
    modules += [[False] * len(modules[0])] * (len(modules) % 2)
    blocks = {(False, False): "█", (True, False): "▄", (False, True): "▀", (True, True): " "}
    # black on white whatever the terminal's colours are
    on, off = ("\x1b[97;40m", "\x1b[0m") if sys.stdout.isatty() else ("", "")
    return "\n".join(
        "   " + on + "".join(blocks[pair] for pair in zip(upper, lower, strict=True)) + off
        for upper, lower in zip(modules[::2], modules[1::2], strict=True)
    )


def _write_private(path: Path, text: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(text)
