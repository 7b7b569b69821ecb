"""``workbench view``: see where the views of a video lie before it is de-identified."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from recorder_core.errors import SettingsError
from recorder_core.jobs import DeidentifyOptions
from recorder_core.media import finished_file
from workbench.cli.arguments.common import (
    add_overwrite_argument,
    add_span_arguments,
    add_video_stream_argument,
    output_path,
)
from workbench.cli.arguments.inputs import check_outputs
from workbench.cli.summaries import SUMMARIES
from workbench.cli.terminal.console import complain
from workbench.cli.terminal.progress import show_progress

if TYPE_CHECKING:
    from recorder_core.jobs.detection.view_proposal import ViewProposal

__all__ = ["add_parser", "run"]

_SUFFIX: Final = ".view.png"


def add_parser(commands: Any) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "view",
        help=SUMMARIES["view"],
        description=(
            "Look at twelve frames of a video, and write one of them as a picture (PNG) with its "
            "faces hidden, coarse where anything like a face was seen, and the named layouts and a "
            "proposed view drawn in: the parts between borders of the frame in which faces are. "
            "Look at it: a proposal may be wrong."
        ),
    )
    parser.add_argument("input", type=Path, metavar="VIDEO", help="the video")
    parser.add_argument(
        "-o",
        "--output",
        type=output_path,
        help="the picture to write; default: VIDEO's name + .view.png",
    )
    add_span_arguments(parser)
    add_video_stream_argument(parser)
    add_overwrite_argument(parser, "OUTPUT")
    parser.add_argument("--json", action="store_true", help="print JSON for a program to read")
    parser.add_argument("--quiet", action="store_true", help="print the proposed view only")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Write the picture, and print the view that is proposed; status 1 where there is none."""
    from recorder_core.jobs.detection.view_proposal import draw_proposal, propose_view

    source: Path = options.input
    output = options.output or Path(source.stem + _SUFFIX)
    if output.suffix.lower() != ".png":
        raise SettingsError(f"{output.name} must end in .png")
    check_outputs([output], [source], overwrite=options.overwrite)
    settings = DeidentifyOptions(
        start_seconds=options.start,
        stop_seconds=options.stop,
        video_stream=options.video_stream,
    )
    with show_progress(source.name, quiet=options.quiet) as progress:
        proposal = propose_view(source, settings, progress)
    with finished_file(output) as temporary:
        draw_proposal(proposal, temporary)
    if options.json:
        print(json.dumps(proposal.to_dict(), indent=2))
    elif not options.quiet:
        print(_summary(proposal, output))
    if proposal.view is None:
        complain(
            "no face was found with certainty, so no view is proposed; look at the picture "
            "and name one"
        )
        return 1
    if not options.json:
        print(f"--view {proposal.view}")
    return 0


def _summary(proposal: ViewProposal, output: Path) -> str:
    """Return where faces are: in the parts that were seen, and in the named layouts."""
    lines = [
        f"frame      {proposal.width_px}x{proposal.height_px}, {len(proposal.panes)} parts; "
        f"{proposal.frames} frames were searched for faces"
    ]
    lines += [f"part       {pane}: {faces} faces" for pane, faces in proposal.faces.items()]
    lines += [f"layout     {name}: {faces} faces" for name, faces in proposal.layout_faces.items()]
    if proposal.layout is not None:
        lines.append(f"proposed   the layout {proposal.layout}")
    return "\n".join([*lines, f"picture    {output}"])
