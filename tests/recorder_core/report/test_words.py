from __future__ import annotations

import re

import pytest

from recorder_core.report.code_words import CODES, code_text
from recorder_core.report.words import DECIMAL_MARK, WORDS


def test_every_language_has_the_same_keys() -> None:
    assert set(WORDS) == set(DECIMAL_MARK) == {"en", "pt", "es"}
    assert WORDS["en"].keys() == WORDS["pt"].keys() == WORDS["es"].keys()


@pytest.mark.parametrize("key", sorted(WORDS["en"]))
def test_every_language_fills_the_same_places(key: str) -> None:
    places = [set(re.findall(r"\{(\w+)\}", words[key])) for words in WORDS.values()]
    assert places[0] == places[1] == places[2]
    assert all(words[key] for words in WORDS.values())


def test_codes_are_told_in_each_language_and_unknown_ones_stay() -> None:
    assert all(all(words) for words in CODES.values())
    assert code_text("room-camera", "pt") == "câmera da sala"
    assert code_text("foot_switch", "es") == "pedal"
    assert code_text("bis", "en") == "BIS"
    assert code_text("third-port", "pt") == "third port"
