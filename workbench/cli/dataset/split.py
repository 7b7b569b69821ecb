"""``workbench dataset split``: split a data set into training, validation and test."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from recorder_core.datasets import (
    PARTS,
    Dataset,
    Split,
    SplitSettings,
    split_dataset,
    write_dataset,
)
from recorder_core.errors import DataError, SettingsError
from workbench.cli.arguments.common import output_path
from workbench.cli.arguments.inputs import check_new_folder
from workbench.cli.arguments.numbers import whole_number
from workbench.cli.dataset.inputs import (
    add_output_arguments,
    add_source,
    folder_of,
    measure_inputs,
    nest,
    read_source,
)
from workbench.cli.terminal.listing import format_table, print_json

__all__ = ["add_actions"]


def add_actions(actions: Any, run: Callable[[argparse.Namespace], int]) -> None:
    """Add the action to the parser of ``workbench dataset``."""
    parser = actions.add_parser(
        "split",
        help="split a data set into training, validation and test",
        description=(
            "Split a data set: whole segments, groups and near-duplicates go to one part, and "
            "the parts are balanced over people in a picture, light, patient visible, attire, "
            "set, face height and mask. Writes train.json, validation.json and test.json (COCO) "
            "with links to the pictures, and split.json with the balance that was reached."
        ),
    )
    add_source(parser)
    parser.add_argument(
        "-o", "--output", required=True, type=output_path, metavar="DIR", help="new folder"
    )
    parser.add_argument(
        "--ratio",
        default="31,12,14",
        metavar="A,B,C",
        help="training, validation, test; default: 31,12,14",
    )
    parser.add_argument("--seed", type=whole_number(0), default=1, help="default: 1")
    parser.add_argument(
        "--labels-only",
        action="store_true",
        help="do not open the pictures: light and near-duplicates are then not known",
    )
    add_output_arguments(parser)
    parser.set_defaults(run=run, act=_split)


def _split(options: argparse.Namespace) -> int:
    settings = SplitSettings(_parse_ratio(options.ratio), options.seed)
    check_new_folder(options.output, [options.source])
    dataset = read_source(options)
    measured = measure_inputs(options, dataset)
    if measured is not None and measured[1]:
        raise DataError(f"{measured[1][0]}; see all faults with 'workbench dataset check'")
    measures = (
        [measure for measure in measured[0] if measure is not None]
        if measured is not None
        else None
    )
    split = split_dataset(dataset, measures, settings)
    _write_split(options.output, dataset, split, settings)
    if options.json:
        print_json(_split_content(split, settings))
    elif not options.quiet:
        print(_split_text(split))
        print(f"\nwritten to {options.output}")
    return 0


def _parse_ratio(text: str) -> tuple[float, float, float]:
    try:
        first, second, third = (float(part) for part in text.split(","))
    except ValueError:
        raise SettingsError(f"the ratio {text!r} must be three numbers, such as 31,12,14") from None
    return first, second, third


def _write_split(output: Path, dataset: Dataset, split: Split, settings: SplitSettings) -> None:
    output.mkdir(parents=True)
    folder = folder_of(dataset)
    for name, part in zip(PARTS, split.parts, strict=True):
        write_dataset(part, output / f"{name}.json", "coco")
        if folder is not None:
            (output / name).symlink_to(folder.resolve(), target_is_directory=True)
    content = json.dumps(_split_content(split, settings), indent=1)
    (output / "split.json").write_text(content + "\n", encoding="utf-8")


def _split_content(split: Split, settings: SplitSettings) -> dict[str, Any]:
    return {
        "parts": PARTS,
        "shares": settings.shares,
        "seed": settings.seed,
        "counted": split.counted,
        "units": split.units,
        "near_duplicates_joined": split.joined_by_likeness,
        "imbalance": split.imbalance,
        "balance": nest(split.balance),
    }


def _split_text(split: Split) -> str:
    rows = [
        (fact, name, *numbers, *(f"{100 * n / sum(numbers):.1f} %" for n in numbers))
        for (fact, name), numbers in split.balance.items()
    ]
    heading = ("of", "class", *PARTS, *(f"{part}, share" for part in PARTS))
    units = ", ".join(f"{n} {part}" for n, part in zip(split.units, PARTS, strict=True))
    joined = split.joined_by_likeness
    return (
        f"{format_table(heading, rows)}\n\n"
        f"units that stay whole: {units}; near-duplicates that no group named: {joined}\n"
        f"imbalance (0 is exact): {split.imbalance:.5f}"
    )
