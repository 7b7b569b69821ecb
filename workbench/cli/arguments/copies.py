"""The options that decide what a de-identified copy is like: of a file's, and of an event's."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any, Final, get_args

from recorder_core.deidentify.redaction import RedactionMethod
from recorder_core.deidentify.tracking import SmoothingSettings
from recorder_core.detect.detector import DETECTOR_NAMES
from recorder_core.detect.engines import ENGINE_NAMES
from recorder_core.detect.view_input import INPUT_MULTIPLE_PX, MAX_INPUT_SIDE_PX
from recorder_core.media import (
    AUDIO_CHOICES,
    CODEC_NAMES,
    CONTAINERS,
    USUAL_MIN_PSNR_Y_DB,
    EncoderName,
    EncoderSettings,
    Preset,
)
from recorder_core.media.encode.settings import HIGHEST_MIN_PSNR_Y_DB, MAX_QP, MIN_CAP_BPS
from recorder_core.model import LAYOUTS
from workbench.cli.arguments.common import (
    add_allow_arguments,
    add_span_arguments,
    add_video_stream_argument,
)
from workbench.cli.arguments.numbers import number, whole_number

__all__ = [
    "FARTHEST_REDACTION",
    "add_audio_arguments",
    "add_detection_arguments",
    "add_encoding_arguments",
    "add_redaction_arguments",
    "add_run_arguments",
]

#: more frames at once are no faster, and take gigabytes
_MAX_BATCH: Final = 256
#: of libx264
_MAX_THREADS: Final = 128
#: times as far as usual, see `RedactionSettings`
FARTHEST_REDACTION: Final = 2.5


def add_detection_arguments(parser: argparse.ArgumentParser, *, every: int | None = None) -> None:
    """Add the options that ``detect`` has too."""
    group = parser.add_argument_group("where and how faces are found")
    group.add_argument(
        "--view",
        metavar="X,Y,W,H",
        help=f"the room view, in pixels or by name ({', '.join(LAYOUTS)}); default: that of the "
        "event, else full",
    )
    add_video_stream_argument(group)
    group.add_argument("--detector", choices=DETECTOR_NAMES, default=DETECTOR_NAMES[0])
    group.add_argument("--weights", type=Path, metavar="FILE", help="default: those of the program")
    group.add_argument("--engine", choices=("auto", *ENGINE_NAMES), default="auto")
    group.add_argument(
        "--scale",
        type=whole_number(INPUT_MULTIPLE_PX, MAX_INPUT_SIDE_PX),
        metavar="PX",
        help="long side of the room view as the detector sees it; a larger one finds smaller "
        "faces and takes longer; default: the view's own, from 832 to 960",
    )
    group.add_argument(
        "--batch-size",
        type=whole_number(1, _MAX_BATCH),
        default=1,
        metavar="N",
        help="frames that the detector takes at once",
    )
    group.add_argument(
        "--every",
        type=whole_number(1),
        default=every,
        metavar="N",
        help="look for faces in every Nth frame, and where the picture jumps; default: "
        + ("1" if every else "one at least every 0.1 s"),
    )
    add_span_arguments(group)
    group.add_argument(
        "--salvage",
        action="store_true",
        help="take what decodes of a damaged video and black out the rest",
    )


def add_redaction_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what is done to faces."""
    group = parser.add_argument_group("what is done to faces")
    group.add_argument(
        "--method",
        choices=get_args(RedactionMethod),
        default="cells",
        help="cells cannot be undone (default); blur is the paper's, and can be undone in part",
    )
    group.add_argument(
        "--threshold",
        type=number(SmoothingSettings().min_score, 1),
        metavar="SCORE",
        help="score from which a single detection counts as a face, 0.1 to 1; several close in "
        "time count from half of it, in pictures one from 0.6 of it; default: "
        f"{SmoothingSettings().birth_score:g}; a higher one leaves more faces visible",
    )
    group.add_argument(
        "--redaction-scale",
        type=number(0, FARTHEST_REDACTION),
        default=1.0,
        metavar="FACTOR",
        help="how far redactions reach beyond the box of a face, 0 to 2.5 times as far as usual; "
        "default: 1; less leaves more of hair, ears and chin visible",
    )


def add_encoding_arguments(parser: argparse.ArgumentParser, *, container_of: str) -> None:
    """Add how the copy is encoded; `container_of` says whose container is chosen."""
    group = parser.add_argument_group("how the copy is encoded")
    group.add_argument(
        "--container",
        choices=tuple(suffix[1:] for suffix in CONTAINERS),
        help=container_of,
    )
    group.add_argument(
        "--codec",
        choices=CODEC_NAMES,
        help="of the video; hevc keeps 10 bits per sample, takes fewer bits and several times the "
        "time to encode; default: h264",
    )
    group.add_argument(
        "--encoder",
        choices=get_args(EncoderName),
        help="default: libx264, or libx265 for --codec hevc",
    )
    group.add_argument(
        "--encoder-threads",
        type=whole_number(1, _MAX_THREADS),
        default=EncoderSettings().threads,
        metavar="N",
        help="default: %(default)s; with 1 the same run always writes the same bytes, more slowly",
    )
    group.add_argument(
        "--preset",
        choices=get_args(Preset),
        default=EncoderSettings().preset,
        help="speed against size: auto is superfast, or compact where the trial shows that "
        "superfast would need too many bits; compact saves up to 15 %% of them and takes up to 1.7 "
        "times the time to encode; default: auto",
    )
    _add_quality_arguments(group)


def _add_quality_arguments(group: Any) -> None:
    group.add_argument(
        "--qp",
        type=whole_number(1, MAX_QP),
        metavar="N",
        help="quantizer, 1 best to 51 worst; default: measured, so that every frame keeps a "
        "PSNR-Y of 40 dB (--min-psnr) outside the redactions, at about the source's bit rate",
    )
    group.add_argument(
        "--min-psnr",
        type=number(USUAL_MIN_PSNR_Y_DB, HIGHEST_MIN_PSNR_Y_DB),
        default=USUAL_MIN_PSNR_Y_DB,
        metavar="DB",
        help="PSNR-Y that every frame keeps outside the redactions where the quantizer is "
        "measured, 40 to 55; default: 40",
    )
    group.add_argument(
        "--max-bit-rate",
        type=whole_number(MIN_CAP_BPS),
        metavar="BITS",
        help="cap in bits per second, which may cost quality; default: none",
    )


def add_audio_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what becomes of the audio."""
    group = parser.add_argument_group("what becomes of the audio")
    choice = group.add_mutually_exclusive_group()
    choice.add_argument(
        "--audio",
        choices=AUDIO_CHOICES,
        default="auto",
        help="auto copies what the container of OUTPUT takes and converts the rest (default); "
        "copy refuses the rest; convert makes AAC, or FLAC in .mkv; none leaves audio out",
    )
    choice.add_argument(
        "--no-audio", dest="audio", action="store_const", const="none", help="as --audio none"
    )


def add_run_arguments(parser: argparse.ArgumentParser) -> Any:
    """Add how a run goes on, and what its copy may show; return the group, for more."""
    group = parser.add_argument_group("the run")
    group.add_argument(
        "--resume",
        action="store_true",
        help="continue a run that was stopped, or whose disk was full",
    )
    add_allow_arguments(group)
    return group
