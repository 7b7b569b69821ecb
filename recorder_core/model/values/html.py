"""What a notebook shows of a value: small HTML tables in which all text is escaped."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from html import escape

__all__ = ["html_table", "html_text", "readable"]


def html_table(
    headings: Sequence[str], rows: Iterable[Sequence[object]], *, caption: str = ""
) -> str:
    """Return a table as HTML.

    Parameters
    ----------
    headings : sequence of str
        One for each column.
    rows : iterable of sequence
        Values of each row, shown as `readable` shows them.
    caption : str, optional
        Text above the table.
    """
    head = "".join(f"<th>{escape(heading)}</th>" for heading in headings)
    lines = [
        f"<tr>{''.join(f'<td>{escape(readable(value))}</td>' for value in row)}</tr>"
        for row in rows
    ]
    above = f"<caption>{escape(caption)}</caption>" if caption else ""
    return f"<table>{above}<thead><tr>{head}</tr></thead><tbody>{''.join(lines)}</tbody></table>"


def html_text(text: str) -> str:
    """Return lines of text as a console shows them."""
    return f"<pre>{escape(text)}</pre>"


def readable(value: object) -> str:
    """Return a value as a cell shows it: numbers with seven digits, a dash where there is none."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return "-"
    return f"{value:.7g}" if isinstance(value, float) else str(value)
