"""``workbench score``: how well a de-identified copy hides the true faces."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any, Final

from recorder_core.evaluation.video.exposure_report import format_report
from recorder_core.jobs import score_copy
from recorder_core.jobs.deidentify.sidecars import sidecars
from workbench.cli.arguments.common import add_overwrite_argument, output_path
from workbench.cli.arguments.inputs import check_outputs
from workbench.cli.summaries import SUMMARIES
from workbench.cli.terminal.listing import write_json

__all__ = ["add_parser", "run"]

_LEGEND: Final = (
    "before: each detection hides its own frame only. Frames that the detector skips, by its\n"
    "  interval, count as missed: for its recall, deidentify with --every 1.\n"
    "temporal_kernel: the same, with the boxes of neighbouring frames.\n"
    "after: what the copy really hides."
)


def add_parser(commands: Any) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "score",
        help=SUMMARIES["score"],
        description=(
            "Measure recall, exposure and false area of a de-identified copy against ground "
            "truth: as it is (after), and as it would be if each detection hid its own frame only "
            "(before), where frames that the detector skips count as missed."
        ),
    )
    parser.add_argument("copy", type=Path, metavar="COPY", help="the de-identified video")
    parser.add_argument(
        "--truth", type=Path, required=True, metavar="FILE", help="the true faces (Parquet)"
    )
    parser.add_argument(
        "--json", type=output_path, metavar="FILE", help="write the numbers as JSON too"
    )
    add_overwrite_argument(parser, "the JSON")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Print the measures before and after smoothing."""
    inputs = [options.copy, *sidecars(options.copy).values(), options.truth]
    check_outputs([options.json], inputs, overwrite=options.overwrite)
    reports = score_copy(options.copy, options.truth)
    print(f"{format_report(reports)}\n{_LEGEND}")
    if options.json:
        content = {name: report.to_dict() for name, report in reports.items()}
        write_json(options.json, content)
    return 0
