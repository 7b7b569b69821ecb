"""JSON Schema, as far as the program uses it: the same schema checks a value and describes it.

Checked are `type`, `enum`, `minimum`, `maximum`, `minLength`, `maxLength`, `pattern`, `minItems`,
`maxItems`, `items`, `properties` and `required`; `description` and the like are for readers. An
object without `properties` has any fields that JSON can hold. A `type` is one, or a list of one and
of ``"null"``.
"""

from __future__ import annotations

import json
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
#: of a whole number: what reads JSON elsewhere takes no larger one
_MAX_BITS: Final = 63


def parse_text(name: str, text: str, schema: Schema) -> Any:
    """Return what a text of an address or a command stands for, checked.

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
    if isinstance(kind, list):
        if value is None:
            return
        kind = kind[0]
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
    if isinstance(value, int) and value.bit_length() > _MAX_BITS:
        raise SettingsError(f"{name} must be a number of at most {_MAX_BITS} bits")
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
    known = schema.get("properties")
    if known is None:
        _check_json(name, value)
        return
    if unknown := set(value) - set(known):
        raise SettingsError(f"{name} has {len(unknown)} unknown fields; known: {', '.join(known)}")
    if missing := [each for each in schema.get("required", ()) if each not in value]:
        raise SettingsError(f"{name} lacks {', '.join(missing)}")
    for key, each in value.items():
        check_value(f"{name}.{key}", each, known[key])


def _check_json(name: str, value: Mapping[str, Any]) -> None:
    try:
        json.dumps(value, allow_nan=False)
    except (TypeError, ValueError, RecursionError):  # not chained: it may hold a name
        raise SettingsError(f"{name} must be what JSON can hold") from None


_CHECKS: Final[Mapping[str, Any]] = {
    "array": _check_array,
    "integer": _check_number,
    "number": _check_number,
    "object": _check_object,
    "string": _check_string,
}
