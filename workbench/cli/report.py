"""``workbench report``: the PDF report of an event."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any, get_args

from recorder_core.jobs.archive import write_report
from recorder_core.report import Language, PageSize, ReportSettings
from workbench.cli.listing import print_json
from workbench.cli.sign_in import add_archive_arguments, opened

__all__ = ["add_parser", "run"]


def add_parser(commands: Any) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "report",
        help="write the PDF report of an event",
        description=(
            "Write the PDF report of an event, in clear. With --deidentified it holds no names, "
            "exact dates, serial numbers or free text."
        ),
    )
    parser.add_argument("event", metavar="EVENT", help="its id, or how that begins")
    parser.add_argument("-o", "--output", required=True, type=Path, metavar="FILE.pdf")
    parser.add_argument("--deidentified", action="store_true", help="without names")
    parser.add_argument("--language", choices=get_args(Language), default="en")
    parser.add_argument("--page", choices=get_args(PageSize), default="a4")
    parser.add_argument(
        "--font",
        action="append",
        default=[],
        metavar="FILE.ttf",
        help="for scripts that the program's font does not draw",
    )
    add_archive_arguments(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Write the report."""
    settings = ReportSettings(
        language=options.language,
        page_size=options.page,
        is_deidentified=options.deidentified,
        extra_fonts=tuple(options.font),
    )
    with opened(options) as archive:
        event = archive.event(options.event)
        write_report(archive, event, settings, options.output)
    if options.json:
        print_json({"event": event.event_id, "file": str(options.output)})
    else:
        holds = "no names" if options.deidentified else "names: keep it like a medical record"
        print(f"{options.output}: holds {holds}")
    return 0
