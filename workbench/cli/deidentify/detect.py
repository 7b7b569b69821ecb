"""``workbench detect``: only the table of detections, of videos or of pictures."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from recorder_core.errors import SettingsError
from recorder_core.jobs import DetectOptions, detect_in_pictures, detect_in_video
from recorder_core.model import PICTURE_SUFFIXES, VIDEO_SUFFIXES
from recorder_core.tables import TableMetadata, write_detections, write_picture_detections
from workbench.cli.arguments.common import add_overwrite_argument, output_path
from workbench.cli.arguments.copies import add_detection_arguments
from workbench.cli.arguments.inputs import check_outputs, find_files, say_left_out
from workbench.cli.summaries import SUMMARIES
from workbench.cli.terminal.progress import show_progress

__all__ = ["add_parser", "run"]


def add_parser(commands: Any) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "detect",
        help=SUMMARIES["detect"],
        description=(
            "Find faces in a video, or in pictures and folders of pictures, and write the table "
            "of detections (Parquet). Nothing is rendered, and nothing is repaired over time."
        ),
    )
    parser.add_argument(
        "inputs", nargs="+", type=Path, metavar="INPUT", help="video, picture or folder"
    )
    parser.add_argument(
        "-o", "--output", required=True, type=output_path, help="the table to write"
    )
    add_detection_arguments(parser, every=1)
    add_overwrite_argument(parser, "the table")
    parser.add_argument("--quiet", action="store_true", help="print errors only")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Write one table: of one video, or of any number of pictures."""
    files = find_files(options.inputs, PICTURE_SUFFIXES | VIDEO_SUFFIXES)
    check_outputs([options.output], [*files, options.weights], overwrite=options.overwrite)
    say_left_out(options.inputs, PICTURE_SUFFIXES | VIDEO_SUFFIXES, quiet=options.quiet)
    pictures = [path for path in files if path.suffix.lower() in PICTURE_SUFFIXES]
    settings = DetectOptions.from_arguments(vars(options))
    if not pictures and len(files) == 1:
        _detect_video(files[0], settings, options)
    elif len(pictures) == len(files):
        _detect_pictures(pictures, settings, options)
    else:
        raise SettingsError(
            "a table holds one video, or pictures only; give one video, or pictures, at a time"
        )
    return 0


def _detect_video(path: Path, settings: DetectOptions, options: argparse.Namespace) -> None:
    with show_progress(path.name, quiet=options.quiet) as progress:
        table, source = detect_in_video(path, settings, progress)
    metadata = TableMetadata(
        source.sha256,
        {"detector": settings.detector.name, "view_px": str(source.view)},
        source.video.time_base,
    )
    write_detections(options.output, table, metadata)
    _say(options, f"{len(table.to_frames())} frames searched")


def _detect_pictures(
    paths: list[Path], settings: DetectOptions, options: argparse.Namespace
) -> None:
    named = [(_name(path, options.inputs), path) for path in paths]
    with show_progress(f"{len(paths)} pictures", quiet=options.quiet) as progress:
        table = detect_in_pictures(named, settings, progress)
    metadata = TableMetadata("pictures", {"detector": settings.detector.name})
    write_picture_detections(options.output, table, metadata)
    _say(options, f"{len(named)} pictures searched")


def _name(path: Path, inputs: list[Path]) -> str:
    """Return a picture's name below the folder that was given, or its own name."""
    for folder in inputs:
        if folder.is_dir() and path.is_relative_to(folder):
            return path.relative_to(folder).as_posix()
    return path.name


def _say(options: argparse.Namespace, what: str) -> None:
    if not options.quiet:
        print(f"{what}; the table is {options.output}")
