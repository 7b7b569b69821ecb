"""The same schema checks what is sent, typed and stored."""

from __future__ import annotations

from typing import Any

import pytest

from recorder_core.errors import SettingsError
from recorder_core.model.values.schema import check_value, parse_text

ANYTHING = {"type": "object"}
CLOSED = {"type": "object", "properties": {"code": {"type": "string"}}, "required": ["code"]}


@pytest.mark.parametrize(
    ("value", "schema", "said"),
    [
        ("true", {"type": "boolean"}, "x must be of the type boolean"),
        (1, {"type": "boolean"}, "x must be of the type boolean"),
        (True, {"type": "integer"}, "x must be of the type integer"),
        (float("nan"), {"type": "number"}, "x must be of the type number"),
        (1 << 64, {"type": "integer"}, "x must be a number of at most 63 bits"),
        (b"text", {"type": "string"}, "x must be of the type string"),
        ("half \ud800", {"type": "string"}, "x must be text"),
        ({}, CLOSED, "x lacks code"),
        ({"code": "a", "Dr Quellmarker": 1}, CLOSED, "x has 1 unknown fields; known: code"),
        ({"code": 5}, CLOSED, r"x\.code must be of the type string"),
        ({"deep": {"er": {1, 2}}}, ANYTHING, "x must be what JSON can hold"),
        ({"no": float("inf")}, ANYTHING, "x must be what JSON can hold"),
        (None, {"type": "number"}, "x must be of the type number"),
        ("1", {"type": ["number", "null"]}, "x must be of the type number"),
    ],
)
def test_a_value_that_is_not_as_its_schema_says_is_refused(
    value: Any, schema: dict[str, Any], said: str
) -> None:
    with pytest.raises(SettingsError, match=f"^{said}$"):
        check_value("x", value, schema)


def test_what_is_as_its_schema_says_is_taken() -> None:
    check_value("x", {"code": "Ñandú"}, CLOSED)
    for value in (None, 1.5):
        check_value("x", value, {"type": ["number", "null"]})
    check_value("x", {"whatever": [None, 1, {"it": "is"}]}, ANYTHING)
    assert parse_text("x", "2.5", {"type": "number", "minimum": 0}) == 2.5
