"""``workbench demo``: what ``make demo`` runs; a first look at everything."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from recorder_core.errors import SettingsError
from recorder_core.evaluation.video.exposure_report import format_report
from recorder_core.jobs import score_copy
from workbench.cli import simulate
from workbench.cli.arguments.common import output_path
from workbench.cli.arguments.numbers import DAY_SECONDS, number
from workbench.cli.deidentify import deidentify

__all__ = ["add_parser", "run"]


def add_parser(commands: Any) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "demo",
        help="make a simulated surgery, de-identify it, and show where to look",
        description="Make a simulated surgery (or take your video), de-identify it, score it.",
    )
    parser.add_argument("--video", type=Path, help="your own video instead of a simulated one")
    parser.add_argument("--view", help="the room view of your video: X,Y,W,H or a layout's name")
    parser.add_argument("--folder", type=output_path, default="demo", help="default: demo")
    parser.add_argument(
        "--seconds",
        type=number(0, DAY_SECONDS, above=True),
        default=20.0,
        help="length of the simulation",
    )
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Run the whole round once."""
    options.folder.mkdir(parents=True, exist_ok=True)
    if options.video is not None:
        return _deidentify(options.video, options.folder, options.view or "full")
    surgery = options.folder / "surgery.mp4"
    made_before = simulate.truth_path(surgery).exists()
    if surgery.exists() and not made_before:
        raise SettingsError(
            f"{surgery} was not made by this command; give another folder with --folder"
        )
    print(f"1. making a simulated surgery of {options.seconds:g} seconds", flush=True)
    again = ("--overwrite",) if made_before and surgery.exists() else ()
    _call(simulate, "simulate", str(surgery), "--seconds", str(options.seconds), *again)
    print("2. de-identifying it", flush=True)
    status = _deidentify(surgery, options.folder, options.view or "surgery-box")
    if status == 0:
        print("3. comparing the result with the true faces")
        copy = _copy_path(surgery, options.folder)
        hidden = score_copy(copy, simulate.truth_path(surgery))["after"]
        print(format_report({"as the copy hides them": hidden}))
        print(f"look at {surgery} and {copy}")
    return status


def _copy_path(video: Path, folder: Path) -> Path:
    return folder / f"{video.stem}.deidentified.mp4"


def _deidentify(video: Path, folder: Path, view: str) -> int:
    copy = _copy_path(video, folder)
    times = folder / f"{video.stem}.times.json"
    return _call(
        deidentify,
        *("deidentify", str(video), "-o", str(copy), "--overwrite"),
        *("--view", view, "--times-file", str(times), "--times"),
    )


def _call(module: Any, *arguments: str) -> int:
    """Run another command with these words."""
    parser = argparse.ArgumentParser()
    module.add_parser(parser.add_subparsers())
    parsed = parser.parse_args(arguments)
    return int(parsed.run(parsed))
