"""One correction on the command line: what is done, when and where; and how one is listed."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final, get_args

from recorder_core.errors import SettingsError
from recorder_core.model import Correction, CorrectionAction, CorrectionKeyframe, Keyframe
from workbench.cli.arguments.common import parse_seconds
from workbench.cli.arguments.numbers import whole_number

__all__ = [
    "CORRECTION_HEADINGS",
    "add_correction_arguments",
    "correction_line",
    "given_correction",
]

#: of what `correction_line` returns
CORRECTION_HEADINGS: Final = (
    *("correction", "action", "frames", "first box", "last box", "track", "author", "note"),
)


def add_correction_arguments(parser: argparse.ArgumentParser, seconds_need: str = "") -> None:
    """Add what is done, when and where.

    Parameters
    ----------
    parser : ArgumentParser
        Of the command.
    seconds_need : str, default ""
        What else ``--seconds`` needs, for its help.
    """
    parser.add_argument("--action", choices=get_args(CorrectionAction), help="what is done")
    when = parser.add_mutually_exclusive_group()
    when.add_argument(
        "--frames", nargs=2, type=whole_number(0), metavar=("FIRST", "LAST"), help="both included"
    )
    when.add_argument(
        "--seconds",
        nargs=2,
        type=parse_seconds,
        metavar=("FROM", "TO"),
        help="in the copy, as a player shows them: seconds, M:SS or H:MM:SS" + seconds_need,
    )
    parser.add_argument("--box", metavar="X,Y,W,H", help="in pixels, in the first frame")
    parser.add_argument("--to-box", metavar="X,Y,W,H", help="in the last; it moves there evenly")
    parser.add_argument(
        "--track", type=whole_number(0), default=-1, metavar="N", help="lift this track"
    )
    parser.add_argument("--note", default="", help="why")


def given_correction(
    options: argparse.Namespace,
    key: str,
    author: str,
    frames_between: Callable[[float, float], tuple[int, int]],
) -> list[CorrectionKeyframe]:
    """Return the keyframes of the correction that the arguments say.

    Parameters
    ----------
    options : Namespace
        Parsed.
    key, author : str
        Its id, and who makes it.
    frames_between : callable
        Gives the first and last frame that the copy shows in a span of seconds.

    Raises
    ------
    SettingsError
        If they do not say what is done, when or where.
    """
    if options.action is None or (options.frames is None and options.seconds is None):
        raise SettingsError("say what is done, and when: --action and --frames (or --seconds)")
    if options.box is None and not (options.action == "remove" and options.track >= 0):
        raise SettingsError("say where: --box (or --track, where an action removes)")
    first, last = options.frames or frames_between(*options.seconds)
    if not 0 <= first <= last:
        raise SettingsError(f"frames {first} to {last} are not a span: the first is the later")
    if options.to_box and (options.box is None or first == last):
        raise SettingsError("--to-box moves --box to it from the first frame to a later one")
    # a removal by its track has no place
    box = _box(options.box or "0,0,1,1")
    ends = {first: box, last: _box(options.to_box) if options.to_box else box}
    now = datetime.now(UTC).isoformat(timespec="seconds")
    said = (options.track, author, now, options.note)
    return [
        CorrectionKeyframe(key, options.action, frame, place, *said)
        for frame, place in ends.items()
    ]


def correction_line(correction: Correction, made_by: str = "") -> tuple[object, ...]:
    """Return the cells of one correction in a list.

    Parameters
    ----------
    correction : Correction
    made_by : str, default ""
        Who made it, where its author entered it for another.
    """
    first, last = correction.keyframes[0], correction.keyframes[-1]
    notes = dict.fromkeys(filter(None, correction.notes))
    return (
        correction.correction_id,
        correction.action,
        f"{first.frame_index} to {last.frame_index}",
        *(_written(correction, each) for each in (first, last)),
        correction.track if correction.track >= 0 else None,
        correction.author,
        ": ".join(filter(None, (made_by, ", ".join(notes)))),
    )


def _box(text: str) -> tuple[float, float, float, float]:
    try:
        x, y, width, height = (float(part) for part in text.split(","))
    except ValueError:
        raise SettingsError(f"box {text!r} is not four numbers like 100,50,40,40") from None
    return x, y, x + width, y + height


def _written(correction: Correction, keyframe: Keyframe) -> str | None:
    """Return a box as --box takes it; None for a removal by its track, which has no place."""
    if correction.action == "remove" and correction.track >= 0:
        return None
    x0, y0, x1, y1 = keyframe.box_xyxy_px
    return f"{x0:g},{y0:g},{x1 - x0:g},{y1 - y0:g}"
