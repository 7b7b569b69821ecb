from __future__ import annotations

import importlib
import json
import re
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


def test_every_goal_is_in_the_table_with_what_was_measured(tool: ModuleType) -> None:
    rows = [line for line in tool.tables()["goals"].splitlines() if ".py`" in line]
    goals, numbers = 0, {}
    for path in (ROOT / "profiling" / "results").glob("*.json"):
        result = json.loads(path.read_text(encoding="utf-8"))
        goals += sum(isinstance(limits, dict) for limits in result.get("goals", {}).values())
        numbers[path.stem] = result
    assert len(rows) == goals
    [bare] = [line for line in rows if "only decode and encode" in line]
    measured = numbers["bench_job"]["to_bare"]["wall"]
    assert f"| {measured:.3g} | {'missed' if measured > 1.35 else 'reached'} |" in bare
    for line in rows:
        _, _, goal, value, state, _, _ = (each.strip() for each in line.split("|"))
        limit, found = (float(re.findall(r"[\d.]+", text)[0]) for text in (goal, value))
        is_reached = found <= limit if "at most" in goal else found >= limit
        assert state == ("reached" if is_reached else "missed"), line
