"""``workbench archive``: make an archive, and say how it is."""

from __future__ import annotations

import argparse
import dataclasses
import textwrap
from pathlib import Path
from typing import Any, Final

from recorder_core.errors import SettingsError
from recorder_core.jobs.archive import (
    ArchiveStatus,
    accept_place,
    archive_status,
    audit_head_at,
    backup_archive,
    check_new_archive,
    check_recovery,
    create_archive,
    find_archive,
    on_same_disk,
    recover_access,
    renew_recovery,
    restore_archive,
    set_password_cost,
    set_reviewers_needed,
)
from recorder_core.jobs.archive.words import DEFAULT_COST, Action, Argon2Settings, Password
from workbench.cli.archive.mirror import warn_of_same_disk
from workbench.cli.archive.recovery_words import refuse_existing_svg, show_words
from workbench.cli.archive.sign_in import (
    add_archive_arguments,
    opened,
    read_password,
    read_recovery_words,
)
from workbench.cli.arguments.common import add_action, add_group, add_quiet_argument, output_path
from workbench.cli.arguments.numbers import whole_number
from workbench.cli.terminal.console import complain
from workbench.cli.terminal.listing import format_count, format_size, format_table, show
from workbench.cli.terminal.progress import show_progress

__all__ = ["add_parser"]

_HEAD_NOTICE = textwrap.fill(
    "Keep it where nobody with the archive's disks can write: 'workbench audit verify --head "
    "ROW:HASH' tells a log that was cut back or rewritten since, and 'workbench audit verify "
    "--anchor FILE' keeps the newest head on another medium.",
    88,
)

#: what `Argon2Settings` takes
_MAX_MEMORY_MIB: Final = 4096
_MAX_PASSES: Final = 64
_MAX_LANES: Final = 64


def add_parser(commands: Any) -> None:
    """Add the commands to the parser."""
    actions = add_group(
        commands,
        "archive",
        description="Make an encrypted archive of events, and look after it.",
    )
    _add_init(actions)
    status = add_action(actions, "status", _status, "show what is there and what needs attention")
    add_archive_arguments(status)
    _add_unlock(actions)
    _add_backup(actions)
    _add_recovery(actions)
    moved = add_action(
        actions, "moved", _moved, "declare that the archive was moved to where --archive names it"
    )
    moved.add_argument("--mirror", type=Path, metavar="FOLDER", help="where the mirror is now")
    add_archive_arguments(moved)
    _add_password_cost(actions)
    _add_reviewers(actions)


def _add_init(actions: Any) -> None:
    init = add_action(actions, "init", _init, "make an archive with its first administrator")
    init.add_argument("folder", type=Path, metavar="FOLDER", help="an empty folder")
    init.add_argument("--mirror", type=Path, metavar="FOLDER", help="on another disk")
    init.add_argument("--site", default="site1", metavar="CODE", help="default: site1")
    init.add_argument("--user", default="admin", metavar="LOGIN", help="default: admin")
    init.add_argument(
        "--password-file", type=Path, metavar="FILE", help="of the administrator; else asked for"
    )
    init.add_argument(
        "--recovery-svg",
        type=output_path,
        metavar="FILE",
        help="write the QR code to print, as SVG",
    )


def _add_unlock(actions: Any) -> None:
    unlock = add_action(
        actions,
        "unlock",
        _unlock,
        "add an administrator with the recovery words, when no administrator's password is known",
    )
    unlock.add_argument("folder", type=Path, metavar="FOLDER", help="of the archive")
    unlock.add_argument("--user", required=True, metavar="LOGIN", help="of the new administrator")
    unlock.add_argument(
        "--password-file", type=Path, metavar="FILE", help="of the new one; else asked for"
    )
    unlock.add_argument("--recovery-file", type=Path, metavar="FILE", help="holds the words")
    unlock.add_argument(
        "--unproven",
        action="store_true",
        help="believe a log that the recovery key does not vouch for, as of an earlier version; "
        "compare it with a head that was kept elsewhere first",
    )


def _add_recovery(actions: Any) -> None:
    recovery = add_action(
        actions, "check-recovery", _check_recovery, "check that the recovery words open everything"
    )
    add_archive_arguments(recovery, recovery=True)
    renew = add_action(
        actions,
        "renew-recovery",
        _renew_recovery,
        "make new recovery words, and end the old ones",
        "Make new recovery words: with the old ones, everything is sealed to the new key, which is "
        "shown once. If it is cut off, one set of words opens everything: repeat it with that.",
    )
    renew.add_argument(
        "--recovery-svg",
        type=output_path,
        metavar="FILE",
        help="write the QR code to print, as SVG",
    )
    add_quiet_argument(renew)
    add_archive_arguments(renew, recovery=True)


def _add_backup(actions: Any) -> None:
    backup = add_action(
        actions,
        "backup",
        _backup,
        "copy everything to a folder on another disk, while recording goes on",
        "Copy the catalog and every sealed file with its keys as granted to a folder on another "
        "disk: users, grants, events, reviews, log, retention. Nothing is decrypted. Run "
        "again into the same folder, existing files are checked and only new or damaged ones are "
        "copied.",
    )
    backup.add_argument("folder", type=Path, metavar="FOLDER", help="empty, or an earlier backup")
    add_quiet_argument(backup)
    add_archive_arguments(backup)
    restore = add_action(
        actions, "restore", _restore, "make an archive from a backup, in an empty folder"
    )
    restore.add_argument("backup", type=Path, metavar="BACKUP", help="a finished backup")
    restore.add_argument("folder", type=Path, metavar="FOLDER", help="an empty folder")
    add_quiet_argument(restore)


def _check_recovery(options: argparse.Namespace) -> int:
    with opened(options, words_for=Action.MANAGE_SETTINGS) as archive:
        report = check_recovery(archive)
    lines = [
        f"the recovery words open {format_count(report.opened_count, 'sealed file')} and records",
        *(f"! {fault}" for fault in report.faults),
    ]
    show(options, dataclasses.asdict(report), "\n".join(lines))
    return 1 if report.faults else 0


def _renew_recovery(options: argparse.Namespace) -> int:
    refuse_existing_svg(options.recovery_svg)
    with (
        opened(options, words_for=Action.MANAGE_SETTINGS) as archive,
        show_progress("renewal", quiet=options.quiet or options.json, unit="files") as progress,
    ):
        report = renew_recovery(
            archive, lambda words: show_words(words, options.recovery_svg), progress
        )
    lines = [
        f"{format_count(report.file_count, 'file')} and "
        f"{format_count(report.record_count, 'sealed record')} of names and notes "
        "open with the new recovery words, and no longer with the old ones.",
        "Backups and sealed copies open with the old ones still: make new ones, and destroy those.",
    ]
    show(options, dataclasses.asdict(report), "\n".join(lines))
    return 0


def _backup(options: argparse.Namespace) -> int:
    with (
        opened(options) as archive,
        show_progress("backup", quiet=options.quiet, unit="MiB") as progress,
    ):
        is_on_same_disk = on_same_disk(archive.folders.primary, options.folder)
        report = backup_archive(archive, options.folder, progress)
    lines = [
        f"{format_count(report.file_count, 'file')} of {format_count(report.event_count, 'event')} "
        f"in {report.folder}; {report.copied_count} copied now, "
        f"{format_size(report.copied_bytes)}",
        *(f"repaired: {what}" for what in report.repaired),
        *(
            f"event {event_id} is being recorded; its video is in the next backup"
            for event_id in report.running
        ),
    ]
    if is_on_same_disk:
        complain(
            f"the backup {report.folder} lies on the same disk as the archive: if that disk fails, "
            "both are lost; 'workbench archive backup FOLDER' writes one to another disk"
        )
    for fault in report.faults:
        complain(fault)
    show(options, dataclasses.asdict(report) | {"folder": str(report.folder)}, "\n".join(lines))
    return 1 if report.faults else 0


def _restore(options: argparse.Namespace) -> int:
    with show_progress("restore", quiet=options.quiet, unit="MiB") as progress:
        report = restore_archive(options.backup, options.folder, progress)
    for fault in report.faults:
        complain(fault)
    if not options.quiet:
        print(
            f"{format_count(report.file_count, 'file')} restored to {report.folder}; it has no "
            "mirror: 'workbench mirror set FOLDER' gives it one"
        )
    return 1 if report.faults else 0


def _add_password_cost(actions: Any) -> None:
    parser = add_action(
        actions,
        "password-cost",
        _password_cost,
        "set how much work a guess at a password costs",
        "Set how much work a guess at a password costs (Argon2id, RFC 9106). Everybody's key "
        "is wrapped again at the next sign-in; a sign-in takes as long as one guess.",
    )
    parser.add_argument(
        "--memory-mib",
        type=whole_number(1, _MAX_MEMORY_MIB),
        default=DEFAULT_COST.memory_kib >> 10,
        metavar="N",
        help=f"default: {DEFAULT_COST.memory_kib >> 10}",
    )
    parser.add_argument(
        "--passes",
        type=whole_number(1, _MAX_PASSES),
        default=DEFAULT_COST.iterations,
        metavar="N",
        help=f"over that memory; default: {DEFAULT_COST.iterations}",
    )
    parser.add_argument(
        "--lanes",
        type=whole_number(1, _MAX_LANES),
        default=DEFAULT_COST.lanes,
        metavar="N",
        help=f"processors; default: {DEFAULT_COST.lanes}",
    )
    add_archive_arguments(parser)


def _add_reviewers(actions: Any) -> None:
    parser = add_action(
        actions,
        "reviewers",
        _reviewers,
        "set how many different reviewers sign a copy off before it is released",
    )
    parser.add_argument("count", type=int, choices=(1, 2), metavar="N", help="1 or 2")
    add_archive_arguments(parser)


def _init(options: argparse.Namespace) -> int:
    refuse_existing_svg(options.recovery_svg)
    if options.recovery_svg is not None:
        for folder in filter(None, (options.folder, options.mirror)):
            if options.recovery_svg.resolve().is_relative_to(folder.resolve()):
                raise SettingsError(
                    f"{options.recovery_svg} lies in {folder}, where the words would be beside "
                    "what they open; name a place outside, print it, and destroy it"
                )
    named = {"site_code": options.site, "administrator": options.user, "mirror": options.mirror}
    check_new_archive(options.folder, **named)
    password = _new_password(options)
    if options.mirror is not None:
        warn_of_same_disk(options.folder, options.mirror)
    create_archive(
        options.folder,
        **named,
        password=password,
        show=lambda words: show_words(words, options.recovery_svg),
    )
    password.wipe()
    place = f"archive in {options.folder}" + f", mirror in {options.mirror}" * bool(options.mirror)
    print(f"\n{place}\nadministrator: {options.user}")
    head = audit_head_at(options.folder)
    print(f"head of the audit log: {head.seq}:{head.hash}\n{_HEAD_NOTICE}")
    return 0


def _new_password(options: argparse.Namespace) -> Password:
    prompt = f"new password of {options.user}"
    return read_password(options.password_file, prompt, option="--password-file", repeat=True)


def _unlock(options: argparse.Namespace) -> int:
    find_archive(options.folder)
    words = read_recovery_words(options.recovery_file)
    password = _new_password(options)
    user = recover_access(options.folder, words, options.user, password, unproven=options.unproven)
    password.wipe()
    print(f"{user.user_id} is an administrator now; give keys to people with 'workbench grant'")
    return 0


def _status(options: argparse.Namespace) -> int:
    with opened(options) as archive:
        status = archive_status(archive)
    show(options, status.to_dict(), _status_text(status))
    return 1 if status.needs_attention else 0


def _moved(options: argparse.Namespace) -> int:
    with opened(options) as archive:
        accept_place(archive, mirror=options.mirror)
        folders = archive.folders
    places = {"folder": folders.info.folder, "mirror": folders.info.mirror}
    show(options, places, f"the archive lies in {folders.info.folder} now")
    return 0


def _password_cost(options: argparse.Namespace) -> int:
    cost = Argon2Settings(options.memory_mib << 10, options.passes, options.lanes)
    with opened(options) as archive:
        set_password_cost(archive, cost)
    text = f"a guess at a password costs {_cost_text(cost)} from each user's next sign-in on"
    show(options, {"password_cost": dataclasses.asdict(cost)}, text)
    return 0


def _reviewers(options: argparse.Namespace) -> int:
    with opened(options) as archive:
        set_reviewers_needed(archive, options.count)
    text = "one reviewer's sign-off releases a copy from now on"
    if options.count > 1:
        text = "a copy is released once two different reviewers have signed it off"
    show(options, {"reviewers_needed": options.count}, text)
    return 0


def _cost_text(cost: Argon2Settings) -> str:
    return (
        f"{cost.memory_kib / 1024:.0f} MiB, {cost.iterations} pass{'es' * (cost.iterations != 1)}, "
        f"{format_count(cost.lanes, 'lane')}"
    )


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
        ("reviewers for a release", status.reviewers_needed),
        ("cost of a guess", _cost_text(status.password_cost)),
        ("audit rows", status.audit_rows),
    ]
    lines = [format_table(("what", "is"), rows)]
    lines += ["", *(f"! {fault}" for fault in status.faults)] if status.faults else []
    told = (*status.reminders, *status.notices)
    lines += ["", *(f"  {sentence}" for sentence in told)] if told else []
    return "\n".join(lines)
