"""``workbench event moments``: where in a copy a face may have got through."""

from __future__ import annotations

import argparse
import csv
import io
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from recorder_core.jobs import archive as jobs
from workbench.cli.archive.sign_in import add_archive_arguments, opened
from workbench.cli.arguments.common import add_action, add_event_argument, add_quiet_argument
from workbench.cli.terminal.listing import format_duration, format_table, show
from workbench.cli.terminal.progress import show_progress

if TYPE_CHECKING:
    from recorder_core.review import Moment

__all__ = ["add_actions"]

_HEADINGS: Final = ("from", "to", "frames", "risk", "why")
_COLUMNS: Final = (
    "start_seconds",
    "stop_seconds",
    "first_frame",
    "stop_frame",
    "x0",
    "y0",
    "x1",
    "y1",
    "risk",
    "expected_seconds",
    "reasons",
)


def add_actions(actions: Any) -> None:
    """Add the action to ``workbench event``."""
    parser = add_action(
        actions,
        "moments",
        _moments,
        "list the moments of a copy in which a face may be seen",
        "List the moments of the de-identified copy of an event in which a face may be seen, the "
        "riskiest first, then random spot checks. The copy is decoded in memory, and the detector "
        "runs on two frames per second in another scale.",
    )
    add_event_argument(parser)
    parser.add_argument(
        "--tables-only",
        action="store_true",
        help="do not decode the copy: quick, but a person whom the detector never saw is not found",
    )
    parser.add_argument("--csv", action="store_true", help="print CSV")
    add_quiet_argument(parser)
    add_archive_arguments(parser)


def _moments(options: argparse.Namespace) -> int:
    with opened(options) as archive:
        event_id = archive.event(options.event).event_id
        with show_progress(event_id, quiet=options.quiet or options.tables_only) as progress:
            found = jobs.event_moments(
                archive, event_id, look=not options.tables_only, progress=progress
            )
    if options.csv:
        print(_csv(found), end="")
        return 0
    content = [
        each.to_dict() | {"sentence": each.sentence, "expected_seconds": each.expected_seconds}
        for each in found
    ]
    show(options, content, _text(found))
    return 0


def _text(moments: Sequence[Moment]) -> str:
    rows = [
        (
            f"{each.start_seconds:.1f} s",
            f"{each.stop_seconds:.1f} s",
            f"{each.first_frame}-{each.stop_frame - 1}",
            f"{each.risk:.0%}",
            each.sentence,
        )
        for each in moments
    ]
    seconds = sum(each.expected_seconds for each in moments)
    count = sum(each.is_spot_check for each in moments)
    return (
        f"{format_table(_HEADINGS, rows)}\n\n{len(moments)} moments, {count} of them spot checks: "
        f"about {format_duration(seconds)} to look at them"
    )


def _csv(moments: Sequence[Moment]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(_COLUMNS)
    for each in moments:
        frames = each.first_frame, each.stop_frame
        times = each.start_seconds, each.stop_seconds
        weight = each.risk, each.expected_seconds
        writer.writerow([*times, *frames, *each.region_xyxy_px, *weight, each.sentence])
    return text.getvalue()
