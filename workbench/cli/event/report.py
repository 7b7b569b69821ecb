"""``workbench report``: the PDF report of an event."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import Any, get_args

from recorder_core.errors import SettingsError
from recorder_core.jobs.archive import keep_report, write_kept_report, write_report
from recorder_core.report import Language, PageSize, ReportSettings
from workbench.cli.archive.sign_in import add_archive_arguments, complain_of_copies, opened
from workbench.cli.arguments.common import add_event_argument, add_overwrite_argument, output_path
from workbench.cli.arguments.inputs import check_outputs
from workbench.cli.arguments.numbers import whole_number
from workbench.cli.summaries import SUMMARIES
from workbench.cli.terminal.listing import show

__all__ = ["add_parser", "run"]

_LOCAL_TIME = Path("/etc/localtime")


def add_parser(commands: Any) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "report",
        help=SUMMARIES["report"],
        description=(
            "Write the PDF report of an event, in clear. With --deidentified it holds no names, "
            "exact dates, serial numbers or free text. With --keep it stays in the archive "
            "instead, sealed to those who can read the names."
        ),
    )
    add_event_argument(parser)
    parser.add_argument("-o", "--output", type=output_path, metavar="FILE.pdf")
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--deidentified", action="store_true", help="without names")
    what.add_argument("--keep", action="store_true", help="store it sealed with the event")
    what.add_argument(
        "--kept",
        type=whole_number(1),
        nargs="?",
        const=0,
        metavar="N",
        help="write the newest report that was kept, or number N of them, as it was",
    )
    parser.add_argument("--language", choices=get_args(Language), default="en")
    parser.add_argument("--page", choices=get_args(PageSize), default="a4")
    parser.add_argument(
        "--time-zone",
        metavar="NAME",
        help="for the times, such as America/Sao_Paulo; default: this computer's",
    )
    parser.add_argument(
        "--font",
        action="append",
        default=[],
        metavar="FILE.ttf",
        help="for scripts without a font on this computer; may be repeated",
    )
    add_overwrite_argument(parser, "FILE.pdf")
    add_archive_arguments(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Write, keep or open the report."""
    if options.keep == (options.output is not None):
        raise SettingsError("give -o FILE.pdf to write the report, or --keep to store it sealed")
    fonts = [Path(name) for name in options.font]
    check_outputs([options.output], [*fonts, options.password_file], overwrite=options.overwrite)
    settings = ReportSettings(
        language=options.language,
        page_size=options.page,
        is_deidentified=options.deidentified,
        time_zone=options.time_zone or _local_time_zone(),
        extra_fonts=tuple(options.font),
    )
    with opened(options) as archive:
        event = archive.event(options.event)
        if options.keep:
            where = keep_report(archive, event.event_id, settings).file_id
        elif options.kept is not None:
            where = str(options.output)
            number = options.kept or None
            write_kept_report(
                archive, event.event_id, options.output, number, overwrite=options.overwrite
            )
        else:
            where = str(options.output)
            write_report(
                archive, event.event_id, settings, options.output, overwrite=options.overwrite
            )
        faults = archive.copy_faults
    show(options, {"event": event.event_id, "file": where}, f"{where}: {_holds(options)}")
    return complain_of_copies(faults)


def _holds(options: argparse.Namespace) -> str:
    if options.keep:
        return "sealed to those who can read the names; write it out with --kept -o FILE.pdf"
    if options.deidentified:
        return "holds no names"
    return "holds names: keep it like a medical record"


def _local_time_zone() -> str | None:
    """Return the IANA name of this computer's time zone; None, for UTC, where it has none."""
    set_here = os.environ.get("TZ", "").removeprefix(":")
    if set_here:
        return set_here
    parts = _LOCAL_TIME.resolve().parts
    if "zoneinfo" not in parts:
        return None
    return "/".join(parts[parts.index("zoneinfo") + 1 :])
