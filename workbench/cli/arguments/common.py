"""Arguments that many commands have, described once."""

from __future__ import annotations

import argparse
import re
import tempfile
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import Any, Final

from recorder_core.errors import SettingsError
from recorder_core.jobs import archive as jobs
from recorder_core.model.values.schema import parse_text
from workbench.cli.arguments.numbers import MAX_COUNT, whole_number
from workbench.cli.parser import Parser
from workbench.cli.summaries import SUMMARIES

__all__ = [
    "Act",
    "add_action",
    "add_allow_arguments",
    "add_event_argument",
    "add_group",
    "add_new_password_argument",
    "add_output_folder_argument",
    "add_overwrite_argument",
    "add_quiet_argument",
    "add_setting_arguments",
    "add_span_arguments",
    "add_video_stream_argument",
    "add_work_argument",
    "output_path",
    "parse_seconds",
]

#: runs a command and returns its exit status
Act = Callable[[argparse.Namespace], int]

_TIME: Final = re.compile(r"([0-9]+:){0,2}([0-9]+|[0-9]*\.[0-9]+)")


def parse_seconds(text: str) -> float:
    """Return seconds from a time such as 83.5, 1:23.5 or 0:01:23.5.

    Raises
    ------
    ArgumentTypeError
        If it is none.
    """
    parts = text.split(":")
    if not _TIME.fullmatch(text) or any(float(part) >= 60 for part in parts[1:]):
        raise argparse.ArgumentTypeError(
            f"{text!r} is not a time; write seconds, minutes:seconds or hours:minutes:seconds, "
            "such as 83.5, 1:23.5 or 0:01:23.5"
        )
    seconds = 0.0
    for part in parts:
        seconds = 60 * seconds + float(part)
    if seconds > MAX_COUNT:
        raise argparse.ArgumentTypeError(f"{text[:12]}... is later than any video ends")
    return seconds


def output_path(text: str) -> Path:
    """Return the path of what a command is to write.

    Raises
    ------
    ArgumentTypeError
        If it lies in the folder of an archive, of a mirror or of a backup.
    """
    path = Path(text)
    folder = jobs.enclosing_archive(path)
    if folder is not None:
        raise argparse.ArgumentTypeError(
            f"{path} lies in {folder}, the folder of an archive, of its mirror or of a backup: "
            "nothing else is written there; name a place outside"
        )
    return path


def add_group(commands: Any, name: str, *, description: str) -> Any:
    """Add a command that has actions, such as ``workbench user``; return where they are added.

    Parameters
    ----------
    commands : subparsers
        Of the program.
    name : str
        Of the command.
    description : str
        What its own help begins with.
    """
    parser = commands.add_parser(name, help=SUMMARIES[name], description=description)
    return parser.add_subparsers(dest="action", metavar="ACTION", required=True)


def add_action(
    actions: Any, name: str, act: Act, what: str, description: str | None = None
) -> Parser:
    """Add an action to a command.

    Parameters
    ----------
    actions : subparsers
        From `add_group`.
    name : str
        Of the action.
    act : callable
        Runs it.
    what : str
        Its line in the command's help.
    description : str, optional
        What its own help begins with; the same line as a sentence when not given.
    """
    sentence = what[0].upper() + what[1:] + "."
    parser: Parser = actions.add_parser(name, help=what, description=description or sentence)
    parser.set_defaults(run=act)
    return parser


def add_event_argument(parser: argparse.ArgumentParser, *, several: bool = False) -> None:
    """Add which event is meant, or which events."""
    if several:
        parser.add_argument("events", nargs="*", metavar="EVENT", help="ids, or how they begin")
        parser.add_argument("--all", action="store_true", help="every event")
    else:
        parser.add_argument("event", metavar="EVENT", help="its id, or how that begins")


def add_span_arguments(parser: Any) -> None:
    """Add which part of a video is meant, to a parser or a group of its arguments."""
    for name, what in (("start", "before"), ("stop", "after")):
        parser.add_argument(
            f"--{name}",
            type=parse_seconds,
            metavar="TIME",
            help=f"leave out what comes {what}: seconds, M:SS or H:MM:SS from the first frame",
        )


def add_video_stream_argument(parser: Any) -> None:
    """Add which stream of a video is meant, to a parser or a group of its arguments."""
    parser.add_argument(
        "--video-stream",
        type=whole_number(0),
        metavar="N",
        help="number of the stream in the file; default: the video that players show",
    )


def add_work_argument(parser: Any) -> None:
    """Add where a copy of an event lies until it is sealed."""
    parser.add_argument(
        "--work",
        type=output_path,
        metavar="FOLDER",
        default=Path(tempfile.gettempdir()),
        help="where the redacted parts lie until they are sealed, with space for twice the copy; "
        "in it a folder is made for you alone, and removed at the end; default: %(default)s",
    )


def add_allow_arguments(parser: Any) -> None:
    """Add what a copy may show nevertheless, to a parser or a group of its arguments."""
    add_setting_arguments(parser, jobs.JOB_KINDS["rerender"].settings)


def add_setting_arguments(parser: Any, settings: Iterable[jobs.JobSetting]) -> None:
    """Add an option for each of some settings of a kind of job: true or false, or one word."""
    for each in settings:
        kind = each.schema["type"]
        about = {"help": each.schema.get("description", "").replace("%", "%%"), "dest": each.name}
        option = f"--{each.name.replace('_', '-')}"
        if kind == "boolean":
            parser.add_argument(option, action="store_true", **about)
            continue
        parser.add_argument(option, type=partial(_parse, each), metavar=kind.upper(), **about)


def _parse(setting: jobs.JobSetting, text: str) -> Any:
    try:
        return parse_text(setting.name.replace("_", " "), text, setting.schema)
    except SettingsError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def add_quiet_argument(parser: argparse.ArgumentParser) -> None:
    """Add that only errors are printed."""
    parser.add_argument("--quiet", action="store_true", help="print errors only")


def add_output_folder_argument(parser: argparse.ArgumentParser) -> None:
    """Add where files are taken to."""
    parser.add_argument(
        "-o",
        "--output",
        required=True,
        type=output_path,
        metavar="FOLDER",
        help="made if not there",
    )


def add_overwrite_argument(parser: argparse.ArgumentParser, what: str) -> None:
    """Add that files to write may take the place of those that exist.

    Parameters
    ----------
    parser : ArgumentParser
        Of the command.
    what : str
        The files, as its help names them.
    """
    parser.add_argument("--overwrite", action="store_true", help=f"replace {what} where it exists")


def add_new_password_argument(parser: argparse.ArgumentParser, whose: str) -> None:
    """Add where a new password comes from; it is asked for otherwise."""
    parser.add_argument(
        "--new-password-file", type=Path, metavar="FILE", help=f"{whose}; else it is asked for"
    )
