"""Every sentence that the page on troubleshooting quotes is one that the program prints."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.integration.documents.blocks import ROOT

PAGE = ROOT / "docs" / "troubleshooting.md"
TEXT = PAGE.read_text(encoding="utf-8")
QUOTED = re.findall(r"^\*\*`([^`]+)`\*\*$", TEXT, re.MULTILINE)
#: characters of a sentence that stand in the code as they are; the rest is filled in
MIN_FIXED = 12
_NAMED = re.compile(r"(\{[a-z_]+\})")


def _texts() -> Iterator[list[str | None]]:
    """Return each text in the code as its parts; None is what is filled in."""
    for folder in ("recorder_core", "workbench"):
        for path in (ROOT / folder).rglob("*.py"):
            yield from _texts_of(path)


def _texts_of(path: Path) -> Iterator[list[str | None]]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.JoinedStr):
            yield [part.value if isinstance(part, ast.Constant) else None for part in node.values]
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            # of a sentence that pages say in other languages, too, what is filled in has a name
            yield [None if _NAMED.fullmatch(part) else part for part in _NAMED.split(node.value)]


def _pattern(parts: list[str | None]) -> re.Pattern[str] | None:
    fixed = [part for part in parts if part]
    if sum(map(len, fixed)) < MIN_FIXED or not all(part in TEXT for part in fixed):
        return None
    return re.compile("".join("(.*)" if part is None else re.escape(part) for part in parts))


@cache
def _patterns() -> list[re.Pattern[str]]:
    return [pattern for parts in _texts() if (pattern := _pattern(parts))]


def _said(sentence: str) -> bool:
    """Return whether the code has this sentence, with capitals where it fills something in."""
    for pattern in _patterns():
        found = pattern.fullmatch(sentence)
        if found and all(map(_is_filled_in, found.groups())):
            return True
    return False


def _is_filled_in(text: str) -> bool:
    """Return whether a part of a quoted sentence is a word in capitals, or an instruction."""
    return re.fullmatch(r"[A-Z]*|finish the copy with --resume [-a-z ]+", text) is not None


def test_the_page_quotes_sentences() -> None:
    assert len(QUOTED) > 25
    assert len(set(QUOTED)) == len(QUOTED)
    assert sum(line.startswith("**`") for line in TEXT.splitlines()) == len(QUOTED)


@pytest.mark.parametrize("sentence", QUOTED)
def test_a_quoted_sentence_is_in_the_code(sentence: str) -> None:
    assert _said(sentence)


def test_a_sentence_that_nobody_says_is_noticed() -> None:
    assert not _said("NAME is on holiday; come back later")
    assert not _said("NAME exists; give --force to replace it")
    assert _said("NAME exists; give --overwrite to replace it")
