"""Records of the catalog as JSON, and back."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import datetime
from enum import Enum
from fractions import Fraction
from typing import Any, TypeVar, get_args, get_type_hints

__all__ = ["from_json", "to_json"]

_Record = TypeVar("_Record")


def to_json(value: Any) -> Any:
    """Return plain JSON values of a record, or of anything that holds records.

    Numbers that are no numbers, which JSON does not have, become null.
    """
    if is_dataclass(value) and not isinstance(value, type):
        return {each.name: to_json(getattr(value, each.name)) for each in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): to_json(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [to_json(each) for each in value]
    return _scalar(value)


def _scalar(value: Any) -> Any:
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Fraction):
        return {"numerator": value.numerator, "denominator": value.denominator}
    return None if isinstance(value, float) and not math.isfinite(value) else value


def from_json(kind: type[_Record], content: Mapping[str, Any]) -> _Record:
    """Return the record that `to_json` wrote; fields that this program does not know are left out.

    Parameters
    ----------
    kind : type
        A dataclass of the catalog whose fields are texts, numbers, times or choices.
    content : mapping
        From JSON.
    """
    hints = get_type_hints(kind)
    known = {name: content[name] for name in hints if name in content}
    return kind(**{name: _typed(hints[name], value) for name, value in known.items()})


def _typed(hint: Any, value: Any) -> Any:
    if value is None:
        return None
    kinds = [each for each in (get_args(hint) or (hint,)) if isinstance(each, type)]
    for kind in kinds:
        if issubclass(kind, datetime):
            return datetime.fromisoformat(value)
        if issubclass(kind, Enum):
            return kind(value)
    return value
