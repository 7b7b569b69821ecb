"""``workbench event export`` and ``copy``: take events out, in clear or as they are sealed."""

from __future__ import annotations

import argparse
import textwrap
from typing import Any

from recorder_core.errors import SettingsError
from recorder_core.jobs import archive as jobs
from workbench.cli.archive.sign_in import add_archive_arguments, opened
from workbench.cli.arguments.common import (
    add_action,
    add_event_argument,
    add_output_folder_argument,
    add_overwrite_argument,
    add_quiet_argument,
)
from workbench.cli.deidentify.copy_warnings import say_copy_warnings
from workbench.cli.terminal.listing import format_size, format_table, show
from workbench.cli.terminal.progress import show_progress

__all__ = ["add_actions"]


def add_actions(actions: Any) -> None:
    """Add the actions to ``workbench event``."""
    parser = add_action(
        actions,
        "export",
        _export,
        "write files of an event, in clear, to a folder or USB disk",
        "Write files of an event in clear to a folder, read each back and compare it, and "
        "write a manifest. Without --role: everything released that you may take.",
    )
    parser.add_argument(
        "--role", action="append", metavar="ROLE", help="original, deidentified, signals, ..."
    )
    _add_clear_arguments(parser)
    parser = add_action(
        actions,
        "open-copy",
        _open_copy,
        "write the copy, in clear, to a folder for the person who is to release it",
        "Write the de-identified copy in clear to a folder, released or not, so that a reviewer "
        "can watch it. Only someone who has opened a copy can sign it off.",
    )
    _add_clear_arguments(parser)
    parser = add_action(
        actions,
        "copy",
        _copy,
        "write sealed copies of events, still encrypted, to a folder or USB disk",
        "Write sealed copies of events to a folder, for a backup or a second site: encrypted, "
        "with the keys as they are granted now. Each is read back and compared. "
        "'workbench mirror repair --from FOLDER' puts back what the archive lost.",
    )
    add_event_argument(parser, several=True)
    add_output_folder_argument(parser)
    add_quiet_argument(parser)
    add_archive_arguments(parser)


def _add_clear_arguments(parser: argparse.ArgumentParser) -> None:
    """Add which event is written in clear, and where."""
    add_event_argument(parser)
    add_output_folder_argument(parser)
    add_overwrite_argument(parser, "what is in FOLDER")
    add_quiet_argument(parser)
    add_archive_arguments(parser)


def _export(options: argparse.Namespace) -> int:
    with opened(options) as archive:
        event = archive.event(options.event)
        with show_progress(event.event_id, quiet=options.quiet, unit="MiB") as progress:
            result = jobs.export_event(
                archive,
                event.event_id,
                options.output,
                options.role,
                progress,
                overwrite=options.overwrite,
            )
        if any(file.role == "deidentified" for file in result.files):
            say_copy_warnings(archive, event)
    rows = [(file.name, format_size(file.size_bytes), file.sha256) for file in result.files]
    table = format_table(("file, in clear", "size", "SHA-256, read back"), rows)
    content = {"manifest": str(result.manifest), "files": list(result.files)}
    show(options, content, f"{table}\n\nmanifest: {result.manifest}")
    return 0


def _open_copy(options: argparse.Namespace) -> int:
    with opened(options) as archive:
        event = archive.event(options.event)
        with show_progress(event.event_id, quiet=options.quiet, unit="MiB") as progress:
            file = jobs.open_copy(
                archive, event.event_id, options.output, progress, overwrite=options.overwrite
            )
        say_copy_warnings(archive, event)
    text = (
        f"{options.output / file.name} is the copy in clear: watch it, delete it, and then "
        f"'workbench event sign-off {event.event_id}' releases it"
    )
    show(options, file, text)
    return 0


def _copy(options: argparse.Namespace) -> int:
    if bool(options.events) == options.all:
        raise SettingsError("name the events, or say --all")
    with opened(options) as archive:
        results = []
        for event in _events(archive, options):
            with show_progress(event.event_id, quiet=options.quiet, unit="MiB") as progress:
                results.append(jobs.copy_sealed(archive, event.event_id, options.output, progress))
    show(options, results, _copy_text(results))
    return 0


def _events(archive: jobs.Archive, options: argparse.Namespace) -> list[jobs.ArchivedEvent]:
    if options.all:
        return [event for event in archive.events() if event.files()]
    return [archive.event(begin) for begin in options.events]


def _copy_text(results: list[jobs.SealedCopyResult]) -> str:
    rows = [
        (file.name, format_size(file.size_bytes), ", ".join(file.readers) or "recovery key only")
        for result in results
        for file in result.files
    ]
    table = format_table(("file, sealed", "size", "who can open it"), rows)
    return f"{table}\n\n{textwrap.fill(jobs.SEALED_COPY_NOTICE, 88)}"
