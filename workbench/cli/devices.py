"""``workbench devices``: what of this machine can be a source of a recording."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from typing import Any, Final

from recorder_core.capture.devices import Devices, VideoFormat, list_devices
from workbench.cli.summaries import SUMMARIES
from workbench.cli.terminal.listing import format_table, show

__all__ = ["add_parser", "run"]

_HEADINGS: Final = ("kind", "address", "steady address", "name", "may be opened")


def add_parser(commands: Any) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "devices",
        help=SUMMARIES["devices"],
        description=(
            "List cameras, sound cards, serial ports and input devices: the addresses that a "
            "source of a recording has, and what is missing on this machine."
        ),
    )
    parser.add_argument("--json", action="store_true", help="print JSON for a program to read")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Print what is found; 0, also where nothing is."""
    found = list_devices()
    show(options, found.to_dict(), "\n".join(_lines(found)))
    return 0


def _lines(found: Devices) -> Iterator[str]:
    rows: list[tuple[str, ...]] = []
    rows += [("v4l2", *_cells(each)) for each in found.video]
    rows += [
        ("alsa", each.address, "", each.name, "yes" if each.can_open else "no")
        for each in found.audio
    ]
    rows += [("serial port", *_cells(each)) for each in found.serial]
    rows += [("input device", *_cells(each)) for each in found.input]
    if rows:
        yield format_table(_HEADINGS, rows)
    for node in found.video:
        for code in dict.fromkeys(each.code for each in node.formats):
            sizes = [_size(each) for each in node.formats if each.code == code]
            yield f"{node.address} gives {code}: {', '.join(sizes)}"
    if found.missing:
        yield found.missing


def _cells(device: Any) -> tuple[str, str, str, str]:
    may = "yes" if device.can_open else "no"
    return device.address, device.steady_address, device.name, may


def _size(each: VideoFormat) -> str:
    rates = f" at {max(each.rates):g}" if each.rates else ""
    return f"{each.width}x{each.height}{rates}"
