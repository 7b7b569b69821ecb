from __future__ import annotations

import re

import pytest

from recorder_core.report.words import CODES, DECIMAL_MARK, WORDS


def test_every_language_has_the_same_keys() -> None:
    assert set(WORDS) == set(CODES) == set(DECIMAL_MARK) == {"en", "pt", "es"}
    assert WORDS["en"].keys() == WORDS["pt"].keys() == WORDS["es"].keys()
    assert CODES["en"].keys() == CODES["pt"].keys() == CODES["es"].keys()


@pytest.mark.parametrize("key", sorted(WORDS["en"]))
def test_every_language_fills_the_same_places(key: str) -> None:
    places = [set(re.findall(r"\{(\w+)\}", words[key])) for words in WORDS.values()]
    assert places[0] == places[1] == places[2]
    assert all(words[key] for words in WORDS.values())
