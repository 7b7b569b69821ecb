"""JSON that anybody may have written ends in a value or in one ValueError."""

from __future__ import annotations

import pytest

from recorder_core.model.values.json_text import parse_json


def test_what_is_json_is_read() -> None:
    content = {"name": "Ångström \U0001f600", "list": [1, 2.5, None, True]}
    text = '{"name": "Ångström \\ud83d\\ude00", "list": [1, 2.5, null, true]}'
    assert parse_json(text) == parse_json(text.encode()) == content


@pytest.mark.parametrize(
    "text",
    ["", "{", "[" * 100_000, '{"a":' * 50_000, "1" * 5000, b"\xff\xfe\xfa"],
    ids=range(6),
)
def test_what_is_not_is_one_error(text: str | bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_json(text)


@pytest.mark.parametrize("text", ['["a\\ud800b"]', b'["a\\uDFFFb"]', '["a\udcffb"]'])
def test_half_of_a_surrogate_pair_is_refused_or_replaced(text: str | bytes) -> None:
    with pytest.raises(ValueError, match="half of a surrogate pair"):
        parse_json(text)
    assert parse_json(text, surrogates="replace") == ["a?b"]
