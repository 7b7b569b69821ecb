"""What the commands on data sets share: which labels and pictures, and how to print."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from recorder_core.datasets import FORMATS, Dataset, map_labels, measure_pictures, read_dataset
from recorder_core.datasets.splitting.likeness import PictureMeasure
from recorder_core.errors import DataError
from workbench.cli.terminal.progress import show_progress

__all__ = [
    "add_label_argument",
    "add_output_arguments",
    "add_source",
    "folder_of",
    "measure_inputs",
    "nest",
    "read_source",
]


def add_source(parser: argparse.ArgumentParser) -> None:
    """Add which labels are read, in which format, and where their pictures are."""
    parser.add_argument("source", type=Path, metavar="IN", help="file or folder of labels")
    parser.add_argument(
        "--from",
        dest="source_format",
        choices=FORMATS,
        metavar="FORMAT",
        help=f"{', '.join(FORMATS)}; default: recognised",
    )
    parser.add_argument(
        "--images",
        type=Path,
        metavar="DIR",
        help="the pictures; default: where the format has them",
    )
    add_label_argument(parser)


def add_label_argument(parser: Any) -> None:
    """Add what labels stand for."""
    parser.add_argument(
        "--label",
        dest="labels",
        action=_LabelAction,
        default={},
        metavar="NAME=CLASS",
        help="what boxes labelled NAME are: face, with_mask, without_mask, incorrect, or NAME "
        "again for what is not a face; may be given more than once",
    )


class _LabelAction(argparse.Action):
    """Collect NAME=CLASS into a mapping."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: Any,
        option_string: str | None = None,
    ) -> None:
        name, equals, known_as = str(values).partition("=")
        if not (name and equals and known_as):
            parser.error(f"{option_string} {values}: write it like {option_string} head=face")
        setattr(namespace, self.dest, getattr(namespace, self.dest) | {name: known_as})


def add_output_arguments(parser: argparse.ArgumentParser) -> None:
    """Add how much is printed, and how."""
    parser.add_argument("--quiet", action="store_true", help="print errors only")
    parser.add_argument("--json", action="store_true", help="print JSON for a program to read")


def read_source(options: argparse.Namespace) -> Dataset:
    """Read the data set that `add_source` asked for."""
    dataset = read_dataset(options.source, name=options.source_format, images=options.images)
    return map_labels(dataset, options.labels)


def folder_of(dataset: Dataset) -> Path | None:
    """Return the folder of a data set's pictures, if it is known."""
    return dataset.pictures[0].folder if dataset.pictures else None


def measure_inputs(
    options: argparse.Namespace, dataset: Dataset
) -> tuple[list[PictureMeasure | None], list[str]] | None:
    """Measure the pictures, if they are there and wanted."""
    folder = folder_of(dataset)
    if options.labels_only or folder is None:
        return None
    if not folder.is_dir():
        raise DataError(
            f"there is no folder {folder} with the pictures; name it with --images, or give "
            "--labels-only"
        )
    with show_progress(options.source.name, quiet=options.quiet, unit="pictures") as progress:
        return measure_pictures(dataset, progress)


def nest(facts: Mapping[tuple[str, str], Any]) -> dict[str, dict[str, Any]]:
    """Return what is counted by (fact, class) as fact -> class -> number."""
    result: dict[str, dict[str, Any]] = {}
    for (fact, name), value in facts.items():
        result.setdefault(fact, {})[name] = value
    return result
