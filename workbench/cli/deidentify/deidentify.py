"""``workbench deidentify``: the same video with every face in the room view redacted."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from recorder_core.errors import (
    AlreadyFinished,
    Cancelled,
    EncodeError,
    RecorderError,
    SettingsError,
)
from recorder_core.jobs import (
    Allowed,
    DeidentifyOptions,
    DeidentifyRequest,
    deidentify_or_rerender,
    say_nothing,
    write_stage_times,
)
from recorder_core.jobs.deidentify.report.summary import describe_making, summarise
from recorder_core.jobs.deidentify.sidecars import sidecar, sidecars
from recorder_core.model import PICTURE_SUFFIXES, VIDEO_SUFFIXES
from recorder_core.tables import read_corrections, read_metadata
from workbench.cli.arguments.common import output_path
from workbench.cli.arguments.copies import (
    add_audio_arguments,
    add_detection_arguments,
    add_encoding_arguments,
    add_redaction_arguments,
    add_run_arguments,
)
from workbench.cli.arguments.inputs import FilePair, check_outputs, pair_with_outputs, say_left_out
from workbench.cli.deidentify.copy_warnings import warn_of, warn_of_finished
from workbench.cli.deidentify.picture import PictureCommand, beside_whole_copy, copy_detections
from workbench.cli.memory.memory_limit import memory_sentence
from workbench.cli.summaries import SUMMARIES
from workbench.cli.terminal.console import complain
from workbench.cli.terminal.progress import show_progress

__all__ = ["add_parser", "each_input", "run"]


def add_parser(commands: Any) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "deidentify",
        help=SUMMARIES["deidentify"],
        description=(
            "Write the same video or picture with every face in the room view made "
            "unrecognisable. Beside OUTPUT come its redactions and detections (Parquet), a "
            "report (JSON) and, of a video, a small picture of its view (JPEG). Of pictures "
            "nothing but upright pixels is kept, in their format."
        ),
    )
    parser.add_argument(
        "inputs", nargs="+", type=Path, metavar="INPUT", help="video, picture, or folder of them"
    )
    parser.add_argument(
        "-o",
        "--output",
        required=True,
        type=output_path,
        help="video or picture, or folder for several inputs",
    )
    add_detection_arguments(parser)
    add_redaction_arguments(parser)
    _add_table_arguments(parser)
    add_encoding_arguments(
        parser,
        container_of="of the videos in a folder; default: mp4; that of a single OUTPUT is in its "
        "name",
    )
    add_audio_arguments(parser)
    _add_run_arguments(parser)
    parser.set_defaults(run=run)


def _add_table_arguments(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("tables of faces")
    group.add_argument(
        "--corrections",
        type=Path,
        metavar="FILE",
        help="a reviewer's corrections (Parquet); only what they touch is rendered again",
    )
    group.add_argument(
        "--discard-corrections",
        action="store_true",
        help="undo corrections in OUTPUT that are not in FILE; without it that is refused",
    )
    group.add_argument(
        "--detections", type=output_path, metavar="FILE", help="write the detections (Parquet)"
    )


def _add_run_arguments(parser: argparse.ArgumentParser) -> None:
    group = add_run_arguments(parser)
    group.add_argument(
        "--times-file",
        type=output_path,
        metavar="FILE",
        help="write the times of the stages (JSON)",
    )
    group.add_argument(
        "--times",
        action="store_true",
        help="print how the copy was made: detector, quality, times of the stages",
    )
    group.add_argument(
        "--overwrite",
        action="store_true",
        help="replace what is written where it exists; with "
        "--corrections only what they touch, where OUTPUT was made with the same settings",
    )
    group.add_argument("--quiet", action="store_true", help="print errors and warnings only")


def run(options: argparse.Namespace) -> int:
    """De-identify each input; the others go on when one fails."""
    pairs = pair_with_outputs(options.inputs, options.output, options.container)
    say_left_out(options.inputs, VIDEO_SUFFIXES | PICTURE_SUFFIXES, quiet=options.quiet)
    if len(pairs) > 1 and (options.corrections or options.detections or options.times_file):
        raise SettingsError("--corrections, --detections and --times-file belong to one input")
    _check_files(pairs, options)
    settings = DeidentifyOptions.from_arguments(vars(options))
    leave_finished = options.resume or len(pairs) > 1 or options.inputs[0].is_dir()
    pictures = PictureCommand(settings, options)

    def work(pair: FilePair) -> None:
        try:
            if pair.is_picture:
                pictures.deidentify(pair)
            else:
                _deidentify_one(pair, settings, options)
        except AlreadyFinished as finished:
            if not leave_finished:
                raise
            _leave_finished(finished.output, options)

    return each_input(pictures.in_order(pairs), work)


def _check_files(pairs: Sequence[FilePair], options: argparse.Namespace) -> None:
    """Refuse names under which one file would be written twice, or what is read written over."""
    beside = [path for pair in pairs for path in (pair.output, *sidecars(pair.output).values())]
    # the table beside the copy has the detections anyway
    table = sidecar(pairs[0].output, "detections").absolute()
    is_table = options.detections is not None and options.detections.absolute() == table
    check_outputs(
        [None if is_table else options.detections, options.times_file],
        [*(pair.source for pair in pairs), options.corrections, options.weights],
        overwrite=options.overwrite or options.resume,
        beside=beside,
    )


def _leave_finished(output: Path, options: argparse.Namespace) -> None:
    """Leave a copy of the same job as it is, and write the detections that are asked for."""
    if options.times_file:
        raise SettingsError(
            f"{output.name} was finished before, so no stage was timed and "
            f"{options.times_file.name} is not written; leave out --times-file, or give "
            "--overwrite without --resume to do the work again"
        )
    with beside_whole_copy(output):
        copy_detections(output, options.detections)
    warn_of_finished(output)
    if not options.quiet:
        print(f"{output.name}: finished before, left as it is")


def each_input(pairs: list[FilePair], work: Callable[[FilePair], None]) -> int:
    """Process each input; one sentence and status 1 for those that fail."""
    failed = 0
    for pair in pairs:
        try:
            _make_folder(pair.output.parent)
            work(pair)
        except Cancelled:
            raise
        except RecorderError as error:
            if len(pairs) == 1:
                raise
            failed += 1
            complain(memory_sentence(error, in_batches=True) or error)
    if failed:
        complain(f"{failed} of {len(pairs)} inputs failed")
    return 1 if failed else 0


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as exc:
        raise EncodeError(
            f"the folder {folder.name} cannot be made ({exc.strerror}); choose another"
        ) from exc


def _deidentify_one(
    pair: FilePair, settings: DeidentifyOptions, options: argparse.Namespace
) -> None:
    corrections = options.corrections
    request = DeidentifyRequest(
        source=pair.source,
        output=pair.output,
        options=settings,
        corrections=None if corrections is None else tuple(read_corrections(corrections)),
        corrections_of=None
        if corrections is None
        else read_metadata(corrections).source_fingerprint,
        discard_corrections=options.discard_corrections,
        resume=options.resume,
        overwrite=options.overwrite,
        allowed=Allowed(options.allow_no_faces, options.allow_seen_faces),
        say=say_nothing if options.quiet else _say(pair),
    )
    with show_progress(pair.source.name, quiet=options.quiet) as progress:
        result = deidentify_or_rerender(request, progress)
    if options.quiet:
        warn_of(result.output, result.report)
    else:
        print(summarise(result))
    with beside_whole_copy(result.output):
        if options.times_file:
            write_stage_times(options.times_file, result)
        copy_detections(result.output, options.detections)
    if options.times:
        print(f"\n{describe_making(result)}")


def _say(pair: FilePair) -> Callable[[str], None]:
    return lambda sentence: print(f"{pair.source.name}: {sentence}")
