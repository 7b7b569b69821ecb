"""``workbench dataset``: convert, check, divide and make data sets of labelled faces."""

from __future__ import annotations

import argparse
import dataclasses
from collections.abc import Sequence
from typing import Any, Final

from recorder_core.datasets import (
    FORMATS,
    Dataset,
    Findings,
    Summary,
    check_dataset,
    collect_box_faults,
    count_losses,
    label_faults,
    read_dataset,
    require_faces,
    summarise,
    write_dataset,
)
from recorder_core.errors import SettingsError
from workbench.cli.arguments.common import add_overwrite_argument, output_path
from workbench.cli.arguments.inputs import refuse_one_file_twice
from workbench.cli.dataset import pictures, split
from workbench.cli.dataset.inputs import (
    add_output_arguments,
    add_source,
    folder_of,
    measure_inputs,
    nest,
    read_source,
)
from workbench.cli.summaries import SUMMARIES
from workbench.cli.terminal.listing import format_table, print_json

__all__ = ["add_parser", "run"]

_READABLE: Final = ", ".join(FORMATS)
_WRITABLE: Final = [name for name, item in FORMATS.items() if item.write is not None]
#: the format that a file's name stands for when it is written
_BY_SUFFIX: Final = {".json": "coco", ".xml": "cvat"}
#: findings of a kind that are shown unless all are asked for
_SHOWN: Final = 20


def add_parser(commands: Any) -> None:
    """Add the commands to the parser."""
    parser = commands.add_parser(
        "dataset",
        help=SUMMARIES["dataset"],
        description="Convert, check and split data sets of labelled faces, and make new ones.",
    )
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    _add_convert(actions)
    _add_check(actions)
    split.add_actions(actions, run)
    pictures.add_actions(actions, run)


def run(options: argparse.Namespace) -> int:
    """Run one action."""
    return int(options.act(options))


def _add_convert(actions: Any) -> None:
    parser = actions.add_parser(
        "convert",
        help="write labels in another format",
        description=(
            "Write the labels of a data set in another format; pictures stay where they are. "
            "What was written is read again, and what the format cannot hold is named."
        ),
    )
    add_source(parser)
    parser.add_argument("output", type=output_path, metavar="OUT", help="file or folder to write")
    parser.add_argument(
        "--to",
        dest="output_format",
        choices=_WRITABLE,
        metavar="FORMAT",
        help=f"{', '.join(_WRITABLE)}; default: by the suffix, .json coco, .xml cvat",
    )
    add_overwrite_argument(parser, "the file OUT")
    add_output_arguments(parser)
    parser.set_defaults(run=run, act=_convert)


def _add_check(actions: Any) -> None:
    parser = actions.add_parser(
        "check",
        help="show what is in a data set and what is wrong with it",
        description=(
            "Count pictures, faces, sizes and masks, and look for what is wrong. The status is 1 "
            "if there are faults, and each is named: pictures that cannot be decoded or have "
            "another size, boxes that are empty, damaged or outside their picture, labels that "
            "are not known, no face at all."
        ),
    )
    add_source(parser)
    parser.add_argument("--labels-only", action="store_true", help="do not open the pictures")
    parser.add_argument("--all", action="store_true", help=f"show more than {_SHOWN} of a kind")
    add_output_arguments(parser)
    parser.set_defaults(run=run, act=_check)


def _convert(options: argparse.Namespace) -> int:
    name = options.output_format or _BY_SUFFIX.get(options.output.suffix.lower())
    if name is None:
        raise SettingsError(f"say with --to which format to write: {', '.join(_WRITABLE)}")
    refuse_one_file_twice([options.output], [options.source])
    if options.output.is_file() and not options.overwrite:
        raise SettingsError(f"{options.output} exists; give --overwrite to replace it")
    before = require_faces(read_source(options), options.labels, options.source)
    options.output.parent.mkdir(parents=True, exist_ok=True)
    write_dataset(before, options.output, name)
    # YOLO's labels mean nothing without the pictures' sizes
    images = folder_of(before) if name == "yolo" else None
    after = read_dataset(options.output, name=name, images=images)
    losses = count_losses(before, after)
    _say_conversion(options, before, losses)
    return 0


def _say_conversion(options: argparse.Namespace, dataset: Dataset, losses: dict[str, int]) -> None:
    if options.json:
        print_json({"pictures": len(dataset), "lost": losses, "remarks": dataset.remarks})
        return
    if options.quiet:
        return
    faces = sum(not face.outside for picture in dataset.pictures for face in picture.faces)
    print(f"{options.output}: {len(dataset)} pictures, {faces} boxes")
    for remark in dataset.remarks[:_SHOWN]:
        print(f"left out: {remark}")
    _say_more(len(dataset.remarks) - _SHOWN)
    for what, count in losses.items():
        print(f"the format does not hold: {what} ({count})")


def _say_more(count: int) -> None:
    if count > 0:
        print(f"... and {count} more")


def _check(options: argparse.Namespace) -> int:
    with collect_box_faults() as bad_boxes:
        dataset = read_source(options)
    measured = measure_inputs(options, dataset)
    measures, unreadable = measured if measured is not None else (None, [])
    unreadable = [*bad_boxes, *label_faults(dataset, options.labels), *unreadable]
    summary, findings = summarise(dataset, measures), check_dataset(dataset, measures, unreadable)
    if options.json:
        print_json(_check_content(summary, findings))
    elif not options.quiet:
        print(_summary_text(summary))
        if measures is None:
            print("\nthe pictures were not opened")
        _say_findings("fault", findings.faults, options.all)
        _say_findings("doubt", findings.doubts, options.all)
    return 1 if findings.faults else 0


def _check_content(summary: Summary, findings: Findings) -> dict[str, Any]:
    content = dataclasses.asdict(summary)
    content["facts"] = nest(summary.facts)
    return content | {"faults": findings.faults, "doubts": findings.doubts}


def _summary_text(summary: Summary) -> str:
    named = [
        (field.name.replace("_", " "), getattr(summary, field.name))
        for field in dataclasses.fields(summary)
        if field.name not in ("facts", "sizes_px")
    ]
    if summary.sizes_px is not None:
        smallest, median, largest = (f"{width}x{height}" for width, height in summary.sizes_px)
        named += [("smallest, median, largest picture", f"{smallest}, {median}, {largest}")]
    totals: dict[str, int] = {}
    for (fact, _), count in summary.facts.items():
        totals[fact] = totals.get(fact, 0) + count
    rows = [
        (fact, name, count, f"{100 * count / totals[fact]:.1f} %")
        for (fact, name), count in summary.facts.items()
    ]
    counts = format_table(("what", "number"), named)
    return f"{counts}\n\n{format_table(('of', 'class', 'number', 'share'), rows)}"


def _say_findings(kind: str, findings: Sequence[str], everything: bool) -> None:
    print(f"\n{len(findings)} {kind}s")
    shown = len(findings) if everything else _SHOWN
    for finding in findings[:shown]:
        print(f"  {finding}")
    _say_more(len(findings) - shown)
