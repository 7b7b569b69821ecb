"""What the commands on data sets share: which labels and pictures, and how to print."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from recorder_core.datasets import FORMATS, Dataset, measure_looks, read_dataset
from recorder_core.datasets.likeness import Look
from recorder_core.errors import DataError
from workbench.cli.progress import show_progress

__all__ = [
    "add_output_arguments",
    "add_source",
    "folder_of",
    "look_at_pictures",
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


def add_output_arguments(parser: argparse.ArgumentParser) -> None:
    """Add how much is printed, and how."""
    parser.add_argument("--quiet", action="store_true", help="print errors only")
    parser.add_argument("--json", action="store_true", help="print JSON for a program to read")


def read_source(options: argparse.Namespace) -> Dataset:
    """Read the data set that `add_source` asked for."""
    return read_dataset(options.source, name=options.source_format, images=options.images)


def folder_of(dataset: Dataset) -> Path | None:
    """Return the folder of a data set's pictures, if it is known."""
    return dataset.pictures[0].folder if dataset.pictures else None


def look_at_pictures(
    options: argparse.Namespace, dataset: Dataset
) -> tuple[list[Look | None], list[str]] | None:
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
        return measure_looks(dataset, progress)


def nest(facts: Mapping[tuple[str, str], Any]) -> dict[str, dict[str, Any]]:
    """Return what is counted by (fact, class) as fact -> class -> number."""
    result: dict[str, dict[str, Any]] = {}
    for (fact, name), value in facts.items():
        result.setdefault(fact, {})[name] = value
    return result
