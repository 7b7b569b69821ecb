"""JSON Schema, as far as the interface uses it: the same schema checks a request and describes it.

Known are `type`, `enum`, `minimum`, `maximum`, `minLength`, `maxLength`, `pattern`, `minItems`,
`maxItems`, `items`, `properties` and `required`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any, Final, TypeAlias

from recorder_core.errors import SettingsError

__all__ = ["Schema", "check_value", "parse_text"]

Schema: TypeAlias = Mapping[str, Any]
_KINDS: Final[Mapping[str, tuple[type, ...]]] = {
    "array": (list,),
    "boolean": (bool,),
    "integer": (int,),
    "number": (int, float),
    "object": (dict,),
    "string": (str,),
}
_BOOLEANS: Final = {"true": True, "false": False}


def parse_text(name: str, text: str, schema: Schema) -> Any:
    """Return what a text of an address stands for, checked.

    Parameters
    ----------
    name : str
        Of the parameter, for messages.
    text : str
        As it was sent.
    schema : mapping
        Of the value.

    Raises
    ------
    SettingsError
        If it is no such value; the message does not repeat it.
    """
    value: Any = text
    try:
        if schema["type"] == "integer":
            value = int(text)
        elif schema["type"] == "number":
            value = float(text)
        elif schema["type"] == "boolean":
            value = _BOOLEANS[text]
    except (ValueError, KeyError):
        raise SettingsError(f"{name} must be of the type {schema['type']}") from None
    check_value(name, value, schema)
    return value


def check_value(name: str, value: Any, schema: Schema) -> None:
    """Raise SettingsError unless a value is as its schema says."""
    kind = schema["type"]
    is_kind = isinstance(value, _KINDS[kind]) and (kind == "boolean" or not isinstance(value, bool))
    if not is_kind or (isinstance(value, float) and not math.isfinite(value)):
        raise SettingsError(f"{name} must be of the type {kind}")
    if "enum" in schema and value not in schema["enum"]:
        raise SettingsError(f"{name} must be one of {', '.join(map(str, schema['enum']))}")
    _CHECKS.get(kind, _check_nothing)(name, value, schema)


def _check_nothing(name: str, value: Any, schema: Schema) -> None:
    """Accept a value of which its type says all."""


def _check_size(name: str, size: float, schema: Schema, limits: tuple[str, str, str]) -> None:
    low, high, what = limits
    if low in schema and size < schema[low]:
        raise SettingsError(f"{name} must {what} at least {schema[low]}")
    if high in schema and size > schema[high]:
        raise SettingsError(f"{name} must {what} at most {schema[high]}")


def _check_number(name: str, value: float, schema: Schema) -> None:
    _check_size(name, value, schema, ("minimum", "maximum", "be"))


def _check_string(name: str, value: str, schema: Schema) -> None:
    _check_size(name, len(value), schema, ("minLength", "maxLength", "have a length of"))
    if "pattern" in schema and not re.fullmatch(schema["pattern"].strip("^$"), value):
        raise SettingsError(f"{name} must have the form {schema['pattern']}")
    if any("\ud800" <= letter <= "\udfff" or letter == "\0" for letter in value):
        raise SettingsError(f"{name} must be text")


def _check_array(name: str, value: list[Any], schema: Schema) -> None:
    _check_size(name, len(value), schema, ("minItems", "maxItems", "have a length of"))
    for place, each in enumerate(value):
        check_value(f"{name}[{place}]", each, schema["items"])


def _check_object(name: str, value: Mapping[str, Any], schema: Schema) -> None:
    known = schema["properties"]
    if unknown := sorted(set(value) - set(known)):
        raise SettingsError(f"{name} has {len(unknown)} unknown fields; known: {', '.join(known)}")
    if missing := [each for each in schema.get("required", ()) if each not in value]:
        raise SettingsError(f"{name} lacks {', '.join(missing)}")
    for key, each in value.items():
        check_value(f"{name}.{key}", each, known[key])


_CHECKS: Final[Mapping[str, Any]] = {
    "array": _check_array,
    "integer": _check_number,
    "number": _check_number,
    "object": _check_object,
    "string": _check_string,
}
