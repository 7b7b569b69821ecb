from __future__ import annotations

import importlib
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def tool(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(ROOT / "tools")
    return importlib.import_module("make_machine_tables")


def test_the_documents_say_what_the_scripts_wrote(tool: ModuleType) -> None:
    assert sorted(tool.tables()) == sorted(tool.DOCUMENTS)
    for name, path in tool.DOCUMENTS.items():
        document = path.read_text(encoding="utf-8")
        assert document == tool.document_text(name, document)


def test_a_table_is_renewed_and_the_text_around_it_stays(tool: ModuleType) -> None:
    path = tool.DOCUMENTS["segment-sizes"]
    document = path.read_text(encoding="utf-8")
    changed = document.replace("| 4 KiB | ", "| 4 KiB | 1", 1)
    assert changed != document
    assert tool.document_text("segment-sizes", changed) == document
