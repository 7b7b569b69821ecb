"""``workbench event correct``, ``corrections`` and ``rerender``: the copy of an event mended."""

from __future__ import annotations

import argparse
from functools import partial
from pathlib import Path
from typing import Any, Final

from recorder_core.errors import SettingsError
from recorder_core.jobs import archive as jobs
from recorder_core.jobs.archive.words import Action
from recorder_core.model import CorrectionKeyframe
from workbench.cli.archive.sign_in import add_archive_arguments, complain_of_copies, opened
from workbench.cli.arguments.common import (
    add_action,
    add_allow_arguments,
    add_event_argument,
    add_quiet_argument,
    add_work_argument,
)
from workbench.cli.arguments.corrections import (
    CORRECTION_HEADINGS,
    add_correction_arguments,
    correction_line,
    given_correction,
)
from workbench.cli.arguments.numbers import whole_number
from workbench.cli.deidentify.copy_warnings import not_released, say_copy_warnings
from workbench.cli.terminal.console import complain
from workbench.cli.terminal.listing import format_count, format_table, show
from workbench.cli.terminal.progress import show_progress

__all__ = ["add_actions"]

_HEADINGS: Final = (*CORRECTION_HEADINGS, "state")


def add_actions(actions: Any) -> None:
    """Add the actions to ``workbench event``."""
    _add_correct(actions)
    _add_corrections(actions)
    _add_rerender(actions)


def _add_correct(actions: Any) -> None:
    parser = add_action(
        actions,
        "correct",
        _correct,
        "correct the de-identified copy: redact what was missed, lift what is not a face",
        "Correct the de-identified copy of an event, in your name: one correction, all of a file, "
        "or take one back. Frames are counted from 0, as in the tables. 'workbench event rerender' "
        "makes the copy that has them.",
    )
    add_event_argument(parser)
    add_correction_arguments(parser)
    parser.add_argument(
        "--from",
        dest="file",
        type=Path,
        metavar="FILE",
        help="in place of all of these: the corrections of a CSV file, or of one from 'workbench "
        "corrections new'",
    )
    parser.add_argument(
        "--undo",
        type=whole_number(1),
        metavar="NUMBER",
        help="take a correction back; the list keeps it",
    )
    add_quiet_argument(parser)
    add_archive_arguments(parser)


def _add_corrections(actions: Any) -> None:
    parser = add_action(
        actions,
        "corrections",
        _corrections,
        "list the corrections of an event",
        "List the corrections of an event, and whether the copy has them.",
    )
    add_event_argument(parser)
    parser.add_argument(
        "--csv",
        action="store_true",
        help="print those in force as CSV, which 'event correct --from' reads",
    )
    add_archive_arguments(parser)


def _add_rerender(actions: Any) -> None:
    parser = add_action(
        actions,
        "rerender",
        _rerender,
        "make the copy that has the corrections of an event",
        "Render the de-identified copy of an event again where corrections touch it, with the "
        "options that it was made with. The original is decrypted in memory only; the new copy "
        "replaces the unreleased one. Until it is sealed, it lies in clear in the work folder.",
    )
    add_event_argument(parser)
    add_work_argument(parser)
    parser.add_argument(
        "--weights",
        type=Path,
        metavar="FILE",
        help="of the detector, where the copy was made with others than the program's own",
    )
    add_allow_arguments(parser)
    add_quiet_argument(parser)
    add_archive_arguments(parser)


def _correct(options: argparse.Namespace) -> int:
    ways = {
        "--undo": options.undo is not None,
        "--from": options.file is not None,
        "--action": options.action is not None,
    }
    if sum(ways.values()) != 1:
        raise SettingsError(f"give one of {', '.join(ways)}: one correction, a file, or one back")
    with opened(options) as archive:
        event_id = archive.event(options.event).event_id
        if options.undo is not None:
            jobs.undo_correction(archive, event_id, options.undo)
            content, text = {"undone": options.undo}, f"correction {options.undo} is taken back"
        else:
            content, text = _enter(options, archive, event_id)
    again = f"'workbench event rerender {event_id}' makes the copy so"
    show(options, {"event": event_id} | content, f"event {event_id}: {text}; {again}")
    return 0


def _enter(
    options: argparse.Namespace, archive: jobs.Archive, event_id: str
) -> tuple[dict[str, Any], str]:
    archive.refuse_unless(Action.CORRECT, event_id)
    made_for = None
    if options.file is None:
        between = partial(jobs.event_frames_between, archive, event_id)
        rows = given_correction(options, "given", "", between)
    else:
        rows, made_for = _of_file(options.file)
    entered = jobs.correct_event(archive, event_id, rows, made_for=made_for)
    numbers = [row.correction_id for row in entered.corrections]
    for number in entered.idle_removals:
        complain(
            f"correction {number} lifts nothing: in its frames no redaction of the copy has its "
            "centre in the box"
        )
    what = format_count(len(numbers), "correction")
    named = f" ({', '.join(map(str, numbers))})" if numbers else ""
    return {"entered": numbers}, f"{what}{named} entered"


def _of_file(path: Path) -> tuple[list[CorrectionKeyframe], str | None]:
    """Return the corrections of a file, and the fingerprint of their video where it has one."""
    from recorder_core.tables import read_corrections, read_corrections_csv, read_metadata

    if path.suffix.lower() == ".parquet":
        return list(read_corrections(path)), read_metadata(path).source_fingerprint
    return read_corrections_csv(path), None


def _corrections(options: argparse.Namespace) -> int:
    from recorder_core.tables import corrections_csv

    with opened(options) as archive:
        found = jobs.event_corrections(archive, archive.event(options.event).event_id)
    if options.csv:
        rows = [row for each in found.in_force for row in each.signed().rows()]
        print(corrections_csv(rows), end="")
        return 0
    content = [each.to_dict() for each in found]
    lines = [(*correction_line(each.correction, each.made_by), each.state) for each in found]
    show(options, content, format_table(_HEADINGS, lines))
    return 0


def _rerender(options: argparse.Namespace) -> int:
    from recorder_core.jobs import Allowed

    request = jobs.EventRerenderRequest(
        work=options.work,
        weights=options.weights,
        allowed=Allowed(options.allow_no_faces, options.allow_seen_faces),
    )
    with opened(options) as archive:
        before = archive.event(options.event)
        event_id, earlier = before.event_id, before.files()
        with show_progress(event_id, quiet=options.quiet) as progress:
            event = jobs.rerender_event(archive, event_id, request, progress)
        is_new = event.files() != earlier
        if is_new:
            say_copy_warnings(archive, event)
        faults = archive.copy_faults
    content = {"event": event_id, "state": event.row.state.value, "rendered": is_new}
    done = f"has a copy with its corrections; {not_released(event_id)}"
    nothing = "has a copy with its corrections already; nothing was rendered"
    show(options, content, f"event {event_id} {done if is_new else nothing}")
    return complain_of_copies(faults)
