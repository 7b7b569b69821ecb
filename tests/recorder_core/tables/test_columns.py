"""docs/tables.md and the columns in code say the same."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from recorder_core.tables.columns import TABLES, arrow_schema

DOCUMENT = Path(__file__).resolve().parents[3] / "docs" / "tables.md"


def documented(kind: str) -> list[tuple[str, ...]]:
    """Return the rows of the table under a heading."""
    text = DOCUMENT.read_text(encoding="utf-8")
    (section,) = re.findall(rf"^## {kind}\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    rows = [line for line in section.splitlines() if line.startswith("| `")]
    return [tuple(cell.strip() for cell in row.strip("|").split("|")) for row in rows]


@pytest.mark.parametrize("kind", TABLES)
def test_document_lists_every_column(kind):
    expected = []
    for column in TABLES[kind]:
        values = f": {', '.join(column.values)}" if column.values else ""
        null = "yes" if column.nullable else "no"
        expected.append((f"`{column.name}`", column.type, null, column.meaning + values))
    assert documented(kind) == expected


def test_document_describes_no_other_table():
    headings = re.findall(r"^## (\S+)$", DOCUMENT.read_text(encoding="utf-8"), re.MULTILINE)
    assert headings == ["Metadata", *TABLES]


@pytest.mark.parametrize("kind", TABLES)
def test_schema_carries_the_meanings(kind):
    schema = arrow_schema(kind)
    assert schema.names == [column.name for column in TABLES[kind]]
    for column in TABLES[kind]:
        assert schema.field(column.name).metadata[b"meaning"].decode() == column.meaning
