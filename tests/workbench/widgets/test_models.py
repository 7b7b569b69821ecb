"""The models of the widgets, which are JavaScript without a page, are tested by Node.js."""

from __future__ import annotations

import importlib
import subprocess
from pathlib import Path
from typing import get_args

import pytest

from recorder_core.review import ReasonKind

ROOT = Path(__file__).resolve().parents[3]


def test_models_of_the_widgets_pass_their_own_tests(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(ROOT / "tools")
    node, _ = importlib.import_module("bundle_widgets").commands()
    scripts = sorted(Path(__file__).parent.glob("*.test.mjs"))
    result = subprocess.run(
        [*node, "--test", *map(str, scripts)], check=False, capture_output=True, text=True
    )
    assert result.returncode == 0, result.stdout[-3000:]
    assert "# fail 0" in result.stdout or "fail 0" in result.stdout


def test_the_review_page_has_words_for_every_reason() -> None:
    words = ROOT / "workbench" / "widgets" / "js" / "src" / "model" / "words_en.js"
    text = words.read_text(encoding="utf-8")
    assert [each for each in get_args(ReasonKind) if f"  why_{each}: " not in text] == []
