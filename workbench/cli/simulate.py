"""``workbench simulate``: a made surgery video and the true places of its faces."""

from __future__ import annotations

import argparse
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

from recorder_core.errors import SettingsError
from recorder_core.media import output_lock
from workbench.cli.arguments.common import add_overwrite_argument, add_quiet_argument, output_path
from workbench.cli.arguments.inputs import check_outputs
from workbench.cli.arguments.numbers import DAY_SECONDS, frame_rate, number, whole_number
from workbench.cli.summaries import SUMMARIES
from workbench.cli.terminal.progress import show_progress

__all__ = ["add_parser", "run", "truth_path"]

#: roles that the simulated staff has
_MAX_FACES: Final = 8


def add_parser(commands: Any) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "simulate",
        help=SUMMARIES["simulate"],
        description=(
            "Make a composite surgery video: laparoscope, vital signs, BIS and a room view in "
            "which faces move, turn, are covered, and wear masks and caps. The faces are mixtures "
            "of two public-domain portraits, so some resemble one of them. The true faces are "
            "written beside it (.truth.parquet)."
        ),
    )
    parser.add_argument("output", type=output_path, metavar="OUT.mp4")
    parser.add_argument(
        "--seconds",
        type=number(0, DAY_SECONDS, above=True),
        default=20.0,
        help="length; default: 20",
    )
    parser.add_argument("--size", default="1920x1080", metavar="WxH", help="default: 1920x1080")
    parser.add_argument(
        "--rate", type=frame_rate, default=Fraction(30), help="frames per second; default: 30"
    )
    parser.add_argument(
        "--faces",
        type=whole_number(0, _MAX_FACES),
        default=4,
        help="people in the room; default: 4",
    )
    parser.add_argument("--seed", type=whole_number(0), default=0)
    parser.add_argument(
        "--blend-only",
        action="store_true",
        help="mix both portraits evenly in every face, so that none is a real person's",
    )
    add_overwrite_argument(parser, "OUT.mp4, with its truth,")
    add_quiet_argument(parser)
    parser.set_defaults(run=run)


def truth_path(video: Path) -> Path:
    """Return where the true faces of a simulated video lie."""
    return video.with_name(video.stem + ".truth.parquet")


def run(options: argparse.Namespace) -> int:
    """Make the video."""
    from recorder_core.simulate import SimulationSettings, simulate

    width, height = _size(options.size)
    settings = SimulationSettings(
        duration_seconds=options.seconds,
        frame_rate=options.rate,
        width=width,
        height=height,
        seed=options.seed,
        faces=options.faces,
        blend_only=options.blend_only,
    )
    truth = truth_path(options.output)
    if truth.exists() and not options.output.exists():
        raise SettingsError(
            f"{truth.name} exists and is of another video; give {options.output.name} another name"
        )
    check_outputs([options.output, truth], [], overwrite=options.overwrite)
    with (
        output_lock(options.output),
        show_progress(options.output.name, quiet=options.quiet) as progress,
    ):
        result = simulate(options.output, settings, truth, progress)
    if not options.quiet:
        print(
            f"{result.video}: {result.frame_count} frames, {result.recognisable_count} "
            f"recognisable faces in them; the truth is {result.truth.name}"
        )
    return 0


def _size(text: str) -> tuple[int, int]:
    try:
        width, height = (int(part) for part in text.split("x"))
    except ValueError:
        raise SettingsError(f"size {text!r} is not two numbers like 1920x1080") from None
    return width, height
