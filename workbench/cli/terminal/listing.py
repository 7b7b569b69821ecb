"""Tables that read well in a terminal and in a file, and the same as JSON."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from recorder_core.model.values.counts import format_count
from workbench.cli.terminal.console import escape_line

__all__ = [
    "format_count",
    "format_duration",
    "format_size",
    "format_table",
    "format_time",
    "print_json",
    "show",
    "write_json",
]

_UNITS = ("B", "KiB", "MiB", "GiB", "TiB")


def format_table(headings: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Return columns as wide as their widest cell, numbers to the right.

    Parameters
    ----------
    headings : sequence of str
        One for each column.
    rows : sequence of sequence
        Cells; None is shown as a dash.
    """
    cells = [[_text(cell) for cell in row] for row in rows]
    columns = range(len(headings))
    widths = [max(len(headings[c]), *(len(row[c]) for row in cells), 0) for c in columns]
    right = [bool(rows) and all(_is_number(row[c]) for row in rows) for c in columns]
    lines = [list(headings), ["-" * width for width in widths], *cells]
    return "\n".join(
        "  ".join(
            cell.rjust(widths[c]) if right[c] else cell.ljust(widths[c])
            for c, cell in enumerate(line)
        ).rstrip()
        for line in lines
    )


def print_json(content: object) -> None:
    """Print JSON for a program to read."""
    # ASCII: no control character reaches a terminal, and every encoding can show it
    print(json.dumps(content, indent=2, default=_plain).replace("\x7f", "\\u007f"))


def write_json(path: Path, content: object) -> None:
    """Write JSON to a file that appears when it is complete.

    Raises
    ------
    EncodeError
        If it cannot be written.
    """
    from recorder_core.media import finished_file

    text = json.dumps(content, indent=2, allow_nan=False)
    with finished_file(path) as temporary:
        temporary.write_text(text + "\n", encoding="utf-8")


def show(options: argparse.Namespace, content: object, text: str) -> None:
    """Print a result as JSON where that was asked for, as text otherwise; errors only if quiet."""
    if options.json:
        print_json(content)
    elif not getattr(options, "quiet", False):
        print(text)


def format_time(moment: datetime | None) -> str | None:
    """Return a time in UTC, to the second."""
    return moment.strftime("%Y-%m-%d %H:%M:%SZ") if moment else None


def format_duration(seconds: float | None) -> str | None:
    """Return hours, minutes and seconds."""
    if seconds is None:
        return None
    whole = round(seconds)
    return f"{whole // 3600}:{whole // 60 % 60:02d}:{whole % 60:02d}"


def format_size(size_bytes: int) -> str:
    """Return a size with a unit that keeps it short."""
    size, unit = float(size_bytes), 0
    while size >= 1024 and unit < len(_UNITS) - 1:
        size, unit = size / 1024, unit + 1
    return f"{size:.0f} {_UNITS[unit]}" if unit == 0 else f"{size:.1f} {_UNITS[unit]}"


def _text(cell: object) -> str:
    return "-" if cell is None or cell == "" else escape_line(str(cell))


def _is_number(cell: object) -> bool:
    return isinstance(cell, int | float) and not isinstance(cell, bool)


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else str(value)
