"""``workbench event deidentify``: from the sealed original to a sealed copy, nothing in clear."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from recorder_core.errors import RecorderError
from recorder_core.jobs import archive as jobs
from workbench.cli.archive.sign_in import add_archive_arguments, complain_of_copies, opened
from workbench.cli.arguments.common import (
    add_action,
    add_event_argument,
    add_quiet_argument,
    add_work_argument,
)
from workbench.cli.deidentify.copy_warnings import not_released, say_copy_warnings
from workbench.cli.parser import Parser
from workbench.cli.terminal.console import complain
from workbench.cli.terminal.listing import show
from workbench.cli.terminal.progress import show_progress

__all__ = ["add_actions"]


def add_actions(actions: Any) -> None:
    """Add the action to ``workbench event``."""
    parser = add_action(
        actions,
        "deidentify",
        _deidentify,
        "make a de-identified copy of the original, without writing the original in clear",
        "De-identify the original of an event and put the copy, its tables and its report into "
        "the archive. The original is decrypted in memory only. Until the copy is sealed, what "
        "was redacted lies in clear in the work folder. It replaces an unreleased copy.",
    )
    add_event_argument(parser)
    add_work_argument(parser)
    parser.add_later(_add_copy_arguments)
    add_quiet_argument(parser)
    add_archive_arguments(parser)


def _add_copy_arguments(parser: Parser) -> None:
    from workbench.cli.arguments import copies as copy_arguments

    copy_arguments.add_detection_arguments(parser)
    copy_arguments.add_redaction_arguments(parser)
    copy_arguments.add_encoding_arguments(parser, container_of="of the copy; default: mp4")
    copy_arguments.add_audio_arguments(parser)
    copy_arguments.add_run_arguments(parser)


def _deidentify(options: argparse.Namespace) -> int:
    from recorder_core.jobs import Allowed, DeidentifyOptions, say_nothing

    is_silent = options.quiet or options.json
    request = jobs.EventDeidentifyRequest(
        options=DeidentifyOptions.from_arguments(vars(options)),
        work=options.work,
        suffix=f".{options.container or 'mp4'}",
        allowed=Allowed(options.allow_no_faces, options.allow_seen_faces),
        resume=options.resume,
        say=say_nothing if is_silent else print,
    )
    with opened(options) as archive:
        event_id = archive.event(options.event).event_id
        with (
            _saying_what_is_kept(options.work, event_id),
            show_progress(event_id, quiet=options.quiet) as progress,
        ):
            event = jobs.deidentify_event(archive, event_id, request, progress)
        say_copy_warnings(archive, event)
        faults = archive.copy_faults
    content = {"event": event_id, "state": event.row.state.value}
    show(
        options,
        content,
        f"event {event_id} has a de-identified copy; {not_released(event_id)}",
    )
    return complain_of_copies(faults)


@contextmanager
def _saying_what_is_kept(work: Path, event_id: str) -> Iterator[None]:
    try:
        yield
    except RecorderError:
        folder = jobs.kept_work_folder(work, event_id)
        if folder is not None:
            complain(
                f"{folder} keeps redacted parts in clear, which may still show faces: the same "
                "command with --resume continues from them, and removing the folder gives them up"
            )
        raise
