"""``workbench dataset extract`` and ``sheet``: make training pictures, and look at them."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from recorder_core.errors import SettingsError
from workbench.cli.archive.sign_in import add_archive_arguments, opened
from workbench.cli.arguments.common import (
    add_overwrite_argument,
    add_video_stream_argument,
    output_path,
)
from workbench.cli.arguments.inputs import check_new_folder, check_outputs
from workbench.cli.arguments.numbers import DAY_SECONDS, number, whole_number
from workbench.cli.terminal.listing import print_json
from workbench.cli.terminal.progress import show_progress

__all__ = ["add_actions"]

#: rows, and columns, of one sheet
_MAX_SAMPLES: Final = 100
_NOTICE: Final = "the pictures show faces in clear: keep them like a medical record"


def add_actions(actions: Any, run: Callable[[argparse.Namespace], int]) -> None:
    """Add the actions to the parser of ``workbench dataset``."""
    _add_extract(actions, run)
    _add_sheet(actions, run)


def _add_extract(actions: Any, run: Callable[[argparse.Namespace], int]) -> None:
    parser = actions.add_parser(
        "extract",
        help="write frames of a reviewed recording as labelled pictures",
        description=(
            "Write frames of a recording, with the faces that detector and reviewers marked, as "
            "pictures and labels for training or for CVAT. More frames are taken where a "
            "correction lives. The pictures show faces in clear."
        ),
    )
    parser.add_argument(
        "video",
        nargs="?",
        type=Path,
        metavar="VIDEO",
        help="a plain video (not its de-identified copy); give one of its tables",
    )
    add_video_stream_argument(parser)
    parser.add_argument("--event", metavar="EVENT", help="an event of the archive instead")
    parser.add_argument(
        "-o", "--output", required=True, type=output_path, metavar="DIR", help="new folder"
    )
    parser.add_argument(
        "--to",
        dest="file_format",
        choices=("coco", "cvat"),
        default="coco",
        help="COCO for training (the default), or CVAT for video 1.1",
    )
    _add_extract_choices(parser)
    add_archive_arguments(parser)
    parser.set_defaults(run=run, act=_extract)


def _add_extract_choices(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--redactions", type=Path, metavar="FILE", help="table of the video's copy")
    parser.add_argument("--detections", type=Path, metavar="FILE", help="table of 'detect'")
    parser.add_argument("--corrections", type=Path, metavar="FILE", help="table of corrections")
    parser.add_argument(
        "--min-score", type=number(0, 1), metavar="S", help="of detections; default: 0.5"
    )
    parser.add_argument(
        "--every",
        type=number(0, DAY_SECONDS, above=True),
        default=2.0,
        metavar="SECONDS",
        help="between frames; default: 2",
    )
    parser.add_argument(
        "--every-corrected",
        type=number(0, DAY_SECONDS, above=True),
        default=0.4,
        metavar="SECONDS",
        help="between frames where a correction lives; default: 0.4",
    )
    parser.add_argument(
        "--most", type=whole_number(1), default=1000, metavar="N", help="frames; default: 1000"
    )
    parser.add_argument(
        "--unreviewed", action="store_true", help="take an event that is not signed off too"
    )
    parser.add_argument("--quiet", action="store_true", help="print errors only")


def _add_sheet(actions: Any, run: Callable[[argparse.Namespace], int]) -> None:
    parser = actions.add_parser(
        "sheet",
        help="draw what training sees",
        description=(
            "Draw samples of a training run, as its configuration makes them, on one sheet (PNG). "
            "Green boxes are learnt, grey ones are regions that are not judged, yellow points are "
            "landmarks."
        ),
    )
    parser.add_argument("config", type=Path, metavar="CONFIG", help="of 'train' (TOML)")
    parser.add_argument("-o", "--output", required=True, type=output_path, metavar="FILE.png")
    parser.add_argument("--rows", type=whole_number(1, _MAX_SAMPLES), default=4, help="default: 4")
    parser.add_argument(
        "--columns", type=whole_number(1, _MAX_SAMPLES), default=6, help="default: 6"
    )
    parser.add_argument(
        "--first",
        type=whole_number(0),
        default=0,
        metavar="N",
        help="number of the first sample; default: 0",
    )
    parser.add_argument(
        "--labels-only",
        action="store_true",
        help="do not ask the teacher, which takes time at the first run",
    )
    add_overwrite_argument(parser, "FILE.png")
    parser.add_argument("--quiet", action="store_true", help="print errors only")
    parser.set_defaults(run=run, act=_sheet)


def _extract(options: argparse.Namespace) -> int:
    from recorder_core.jobs.dataset.frames import ExtractSettings

    if (options.video is None) == (options.event is None):
        raise SettingsError("say what to extract from: a video, or --event with an event's id")
    tables = [options.redactions, options.detections, options.corrections]
    check_new_folder(options.output, [options.video, *tables, options.password_file])
    settings = ExtractSettings(
        every_seconds=options.every,
        corrected_every_seconds=options.every_corrected,
        max_pictures=options.most,
        file_format=options.file_format,
    )
    result = _from_event(options, settings) if options.event else _from_video(options, settings)
    if options.json:
        content = {"labels": str(result.labels), "pictures": result.pictures}
        content |= {"faces": result.faces, "corrected_pictures": result.corrected_pictures}
        print_json(content)
    elif not options.quiet:
        print(
            f"{result.labels}: {result.pictures} pictures, {result.corrected_pictures} of them "
            f"where a correction lives, {result.faces} faces"
        )
        print(_NOTICE)
    return 0


def _from_video(options: argparse.Namespace, settings: Any) -> Any:
    from recorder_core.jobs.dataset.extract import VideoTables, extract_video

    given = {} if options.min_score is None else {"min_score": options.min_score}
    tables = VideoTables(
        redactions=options.redactions,
        detections=options.detections,
        corrections=options.corrections,
        video_stream=options.video_stream,
        **given,
    )
    with show_progress(options.video.name, quiet=options.quiet, unit="pictures") as progress:
        return extract_video(options.video, tables, options.output, settings, progress)


def _from_event(options: argparse.Namespace, settings: Any) -> Any:
    from recorder_core.jobs.dataset.extract import extract_event

    if options.redactions or options.detections or options.corrections:
        raise SettingsError("an event brings its own tables; leave the others out")
    if options.video_stream is not None:
        raise SettingsError("an event has one video; leave --video-stream out")
    with opened(options) as archive:
        event = archive.event(options.event)
        with show_progress(event.event_id, quiet=options.quiet, unit="pictures") as progress:
            return extract_event(
                archive,
                event.event_id,
                options.output,
                settings,
                progress,
                unreviewed=options.unreviewed,
            )


def _sheet(options: argparse.Namespace) -> int:
    from recorder_core.jobs.dataset.sheet import draw_sheet
    from recorder_core.train import read_settings

    check_outputs([options.output], [options.config], overwrite=options.overwrite)
    settings = read_settings(options.config)
    with show_progress(options.config.name, quiet=options.quiet, unit="samples") as progress:
        learnt = draw_sheet(
            settings,
            options.output,
            rows=options.rows,
            columns=options.columns,
            first=options.first,
            ask_teacher=not options.labels_only,
            progress=progress,
        )
    if not options.quiet:
        print(
            f"{options.output}: {options.rows * options.columns} samples, {learnt} faces to learn"
        )
    return 0
