"""``workbench train``: train a detector by a settings file."""

from __future__ import annotations

import argparse
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import recorder_core
from recorder_core.errors import Cancelled, SettingsError
from recorder_core.media import output_lock
from workbench.cli.progress import show_progress

if TYPE_CHECKING:
    from recorder_core.train import TrainingSettings

__all__ = ["EXAMPLES", "EXAMPLES_FOLDER", "add_parser", "run"]

#: settings files that come with the program
EXAMPLES: Final = (
    "default",
    "refine",
    "deepen",
    "polish",
    "paper",
    "published",
    "compact",
    "retinanet",
    "faster-rcnn",
)
EXAMPLES_FOLDER: Final = Path(recorder_core.__file__).parent / "train" / "configs"


def add_parser(commands: Any) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "train",
        help="train a detector by a settings file",
        description=(
            "Train a detector by a settings file (TOML). The folder that it names gets log.csv, "
            "a checkpoint from which the same command goes on after any interruption, and the "
            "weights. --example shows the settings files that come with the program: write one "
            "to a file beside your pictures and adapt it."
        ),
    )
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--config", type=Path, metavar="FILE", help="the settings (TOML)")
    what.add_argument("--example", choices=EXAMPLES, help="print the settings of this name and end")
    parser.add_argument(
        "-o", "--output", type=Path, metavar="FOLDER", help="in place of run.output of the settings"
    )
    parser.add_argument("--quiet", action="store_true", help="print errors only")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Train, or print an example."""
    if options.example:
        text = (EXAMPLES_FOLDER / f"{options.example}.toml").read_text(encoding="utf-8")
        print(text, end="")
        return 0
    # NumPy alone, but OpenCV too: only this command pays for it
    from recorder_core.train import read_settings

    settings = read_settings(options.config)
    if options.output is not None:
        settings = replace(settings, run=replace(settings.run, output=options.output))
    _refuse_file(settings.run.output)
    _train(settings, quiet=options.quiet)
    return 0


def _refuse_file(folder: Path) -> None:
    if folder.exists() and not folder.is_dir():
        raise SettingsError(f"the output {folder.name} is a file; give a folder (run.output or -o)")


def _train(settings: TrainingSettings, *, quiet: bool) -> None:
    from recorder_core.train import train

    folder, detector = settings.run.output, settings.run.detector
    if not quiet:
        print(f"reading the pictures of {settings.data.train}", file=sys.stderr)
    folder.parent.mkdir(parents=True, exist_ok=True)
    start = time.monotonic()
    try:
        with (
            output_lock(folder),
            show_progress(detector, quiet=quiet, unit="steps") as progress,
        ):
            weights = train(settings, progress)
    except KeyboardInterrupt:
        raise Cancelled(f"The same command goes on from the last checkpoint in {folder}.") from None
    if not quiet:
        print(_summary(settings, weights, time.monotonic() - start))


def _summary(settings: TrainingSettings, weights: Path, seconds: float) -> str:
    """Say where the weights are, how to use them and how to evaluate them."""
    name = settings.run.detector
    chosen = f"--detector {name} --weights {weights}"
    lines = [
        f"trained    {name}, {settings.run.steps} steps, {seconds / 60:.1f} minutes in this run",
        f"weights    {weights}",
        f"           {weights.with_suffix('.json').name} belongs to it: keep both together",
        f"log        {settings.run.output / 'log.csv'}",
        f"use        workbench deidentify VIDEO -o COPY {chosen}",
        f"evaluate   workbench evaluate --dataset LABELS {chosen}",
    ]
    return "\n".join(lines)
