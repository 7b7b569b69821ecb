"""Numbers and attribute values as text, the same way in every text format."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Final

from recorder_core.datasets.model import AttributeValue
from recorder_core.errors import DataError

__all__ = ["format_number", "format_value", "parse_flag", "parse_value"]

#: how label tools write a checkbox as text
_FLAGS: Final[Mapping[str, bool]] = {
    **dict.fromkeys(("true", "yes", "1"), True),
    **dict.fromkeys(("false", "no", "0", ""), False),
}


def format_number(value: float) -> str:
    """Write a number so that reading it gives the same; whole ones without a point."""
    return str(int(value)) if float(value).is_integer() else repr(float(value))


def format_value(value: AttributeValue) -> str:
    """Write an attribute's value."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else format_number(value)


def parse_value(text: str) -> AttributeValue:
    """Read what `format_value` wrote; what is no number, true or false stays text."""
    if text in ("true", "false"):
        return text == "true"
    for kind in (int, float):
        try:
            value = kind(text)
            if math.isfinite(value) and format_value(value) == text:
                return value
        except (ValueError, OverflowError):
            continue
    return text


def parse_flag(value: AttributeValue) -> bool:
    """Read a checkbox: true or false, a number, or the text of one.

    Raises
    ------
    DataError
        If the text means neither.
    """
    if not isinstance(value, str):
        return bool(value)
    flag = _FLAGS.get(value.strip().casefold())
    if flag is None:
        raise DataError(f"{value!r} is neither true nor false")
    return flag
