"""Numbers and attribute values as text, the same way in every text format."""

from __future__ import annotations

import math

from recorder_core.datasets.model import AttributeValue

__all__ = ["format_number", "format_value", "parse_value"]


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
