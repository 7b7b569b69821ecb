from __future__ import annotations

import importlib
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def tool(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(ROOT / "tools")
    return importlib.import_module("make_evaluation_tables")


def test_the_document_says_what_the_scripts_wrote(tool: ModuleType) -> None:
    document = tool.DOCUMENT.read_text(encoding="utf-8")
    assert document == tool.document_text(document)


def test_tables_are_renewed_and_the_text_around_them_stays(tool: ModuleType) -> None:
    document = tool.DOCUMENT.read_text(encoding="utf-8")
    for name, table in tool.tables().items():
        assert document.count(f"<!-- {name} -->") == document.count(f"<!-- /{name} -->") == 1
        rows = table.splitlines()
        assert len(rows) > 3
        assert len({row.count("|") for row in rows}) == 1
    changed = document.replace("no smoothing | ", "no smoothing | 1", 1)
    assert changed != document
    assert tool.document_text(changed) == document
