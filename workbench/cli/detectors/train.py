"""``workbench train``: train a detector from a settings file."""

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
from workbench.cli.arguments.common import output_path
from workbench.cli.arguments.inputs import refuse_one_file_twice
from workbench.cli.summaries import SUMMARIES
from workbench.cli.terminal.progress import show_progress

if TYPE_CHECKING:
    from recorder_core.detect import Weights
    from recorder_core.train import TrainingSettings, Validation, ValidationMeasures

__all__ = ["EXAMPLES", "EXAMPLES_FOLDER", "add_parser", "run"]

#: settings files that come with the program
EXAMPLES: Final = (
    "my-labels",
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
#: said where nothing is known of what training does to the detector
_NOT_MEASURED: Final = (
    "data.validation is not set: whether training makes the detector better or worse will not be "
    "known; name labelled pictures that are not trained on (workbench dataset split makes some)"
)
EXAMPLES_FOLDER: Final = Path(recorder_core.__file__).parent / "train" / "configs"


def add_parser(commands: Any) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "train",
        help=SUMMARIES["train"],
        description=(
            "Train a detector from a settings file (TOML). The folder that it names gets log.csv, "
            "a checkpoint from which the same command resumes after any interruption, and the "
            "weights. With data.validation, labelled pictures that are not trained on, it "
            "reports whether the detector became better. --example shows the settings files that "
            "come "
            "with the program: write one to a file beside your pictures and adapt it; my-labels "
            "needs nothing but your labels."
        ),
    )
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--config", type=Path, metavar="FILE", help="the settings (TOML)")
    what.add_argument(
        "--example", choices=EXAMPLES, help="print the settings of this name and exit"
    )
    parser.add_argument(
        "-o",
        "--output",
        type=output_path,
        metavar="FOLDER",
        help="in place of run.output of the settings",
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
    refuse_one_file_twice([settings.run.output], _inputs(options.config, settings))
    _train(settings, quiet=options.quiet)
    return 0


def _refuse_file(folder: Path) -> None:
    if folder.exists() and not folder.is_dir():
        raise SettingsError(f"the output {folder.name} is a file; give a folder (run.output or -o)")


def _inputs(config: Path, settings: TrainingSettings) -> list[Path | None]:
    """Return the files and folders that a run reads."""
    data, run = settings.data, settings.run
    pictures = [data.images, data.validation_images, data.rooms, data.empties]
    weights = [run.start, run.backbone, settings.teacher.weights]
    return [config, data.train, data.validation, *pictures, *weights]


def _train(settings: TrainingSettings, *, quiet: bool) -> None:
    folder, start = settings.run.output, time.monotonic()
    folder.parent.mkdir(parents=True, exist_ok=True)
    try:
        with output_lock(folder):
            weights, measured = _train_and_measure(settings, quiet=quiet)
    except KeyboardInterrupt:
        raise Cancelled(f"The same command resumes from the last checkpoint in {folder}.") from None
    if not quiet:
        print(_summary(settings, weights, time.monotonic() - start))
    _say_measures(settings, measured, quiet=quiet)


def _train_and_measure(
    settings: TrainingSettings, *, quiet: bool
) -> tuple[Path, tuple[ValidationMeasures, ValidationMeasures] | None]:
    """Train; measure what training starts from and ends with, if there is a validation set."""
    from recorder_core.detect import load_weights
    from recorder_core.train import load_start, read_validation, train

    validation = read_validation(settings)
    if validation is None:
        _say(f"warning: {_NOT_MEASURED}", quiet=quiet)
        before = None
    else:
        before = _measure(validation, load_start(settings), "starting", quiet=quiet)
    _say(f"reading the pictures of {settings.data.train}", quiet=quiet)
    with show_progress(settings.run.detector, quiet=quiet, unit="steps") as progress:
        weights = train(settings, progress)
    if validation is None or before is None:
        return weights, None
    return weights, (before, _measure(validation, load_weights(weights), "trained", quiet=quiet))


def _say(text: str, *, quiet: bool) -> None:
    if not quiet:
        print(text, file=sys.stderr)


def _measure(
    validation: Validation, weights: Weights, which: str, *, quiet: bool
) -> ValidationMeasures:
    count = len(validation.pictures)
    _say(f"measuring the {which} weights on {count} pictures of data.validation", quiet=quiet)
    return validation.measure(weights)


def _summary(settings: TrainingSettings, weights: Path, seconds: float) -> str:
    """Return where the weights are, how to use them and how to evaluate them."""
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


def _say_measures(
    settings: TrainingSettings,
    measured: tuple[ValidationMeasures, ValidationMeasures] | None,
    *,
    quiet: bool,
) -> None:
    if measured is None:
        return
    before, after = measured
    if not quiet:
        print(_comparison(before, after))
    if after.average_precision < before.average_precision:
        print(
            "warning: training made the detector worse on data.validation; go on using the "
            "weights that it started from, or train with a lower optimiser.learning_rate, fewer "
            f"steps or more pictures (other weights of this run: {settings.run.output})",
            file=sys.stderr,
        )


def _comparison(before: ValidationMeasures, after: ValidationMeasures) -> str:
    """Return what training changed on pictures that were not learnt from."""
    from recorder_core.train import VALIDATION_FPPI

    rows = [
        ("average precision", before.average_precision, after.average_precision),
        (f"recall at {VALIDATION_FPPI:g} FPPI", before.recall, after.recall),
    ]
    head = f"validation {'':18}  before  after"
    return "\n".join([head, *(f"           {n:18}  {b:6.3f} {a:6.3f}" for n, b, a in rows)])
