"""From JSON that anybody may have written to dataclasses, checked by their type hints."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from functools import cache
from types import NoneType, UnionType
from typing import Any, Final, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from recorder_core.errors import DataError

__all__ = ["read_fields"]

Kind = TypeVar("Kind")
#: what fits into a column of the catalog
_MAX_WHOLE: Final = 2**63 - 1
_CALLED: Final[Mapping[Any, str]] = {
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    str: "text",
    NoneType: "left out",
}


def read_fields(kind: type[Kind], content: object, place: str = "") -> Kind:
    """Build a dataclass from the value of a JSON text.

    Parameters
    ----------
    kind : type
        The dataclass. Its fields may be numbers, texts, `Literal`, tuples, mappings with keys of
        text, other dataclasses, and unions of these.
    content : object
        Keys that are no field are left alone; what is missing has the field's default.
    place : str, optional
        Where it stands, for messages.

    Raises
    ------
    DataError
        With the place of the first value that has another type; no value is repeated.
    """
    if not isinstance(content, Mapping):
        raise DataError(f"{place or 'the content'} is not a JSON object")
    hints = _hints(kind)  # type: ignore[arg-type]
    values = {}
    for each in fields(kind):  # type: ignore[arg-type]
        where = f"{place}.{each.name}" if place else each.name
        if each.name in content:
            values[each.name] = _value(hints[each.name], content[each.name], where)
        elif each.default is MISSING and each.default_factory is MISSING:
            choice = get_origin(hints[each.name]) is Literal
            raise DataError(
                f"{where} is missing"
                + (f"; it must be {_called(hints[each.name])}" if choice else "")
            )
    return kind(**values)


@cache
def _hints(kind: type[Any]) -> Mapping[str, Any]:
    return get_type_hints(kind)


def _value(hint: Any, value: Any, place: str) -> Any:
    """Return a value as the type hint wants it."""
    origin = get_origin(hint)
    if hint is Any:
        return value
    if origin in (Union, UnionType):
        return _one_of(get_args(hint), value, place)
    if origin is tuple:
        return _items(get_args(hint), value, place)
    if origin is not None and origin is not Literal:
        return _entries(get_args(hint), value, place)
    if is_dataclass(hint) and isinstance(hint, type):
        return read_fields(hint, value, place)
    if not _fits(hint, value):
        raise DataError(f"{place} must be {_called(hint)}")
    return float(value) if hint is float else value


def _fits(hint: Any, value: object) -> bool:
    if get_origin(hint) is Literal:
        return any(value == each and type(value) is type(each) for each in get_args(hint))
    if hint is NoneType:
        return value is None
    if hint in (int, float) and type(value) is int:
        return abs(value) <= _MAX_WHOLE
    return type(value) is hint


def _called(hint: Any) -> str:
    if get_origin(hint) is Literal:
        return f"one of {', '.join(map(str, get_args(hint)))}"
    return _CALLED.get(hint, "another type")


def _one_of(hints: tuple[Any, ...], value: object, place: str) -> Any:
    refused = []
    for hint in hints:
        try:
            return _value(hint, value, place)
        except DataError as error:
            refused.append(error)
    raise refused[0]


def _items(hints: tuple[Any, ...], value: object, place: str) -> tuple[Any, ...]:
    if not isinstance(value, list | tuple):
        raise DataError(f"{place} must be a list")
    wanted = hints[:1] * len(value) if hints[1:] == (...,) else hints
    if len(wanted) != len(value):
        raise DataError(f"{place} has {len(value)} values instead of {len(wanted)}")
    return tuple(
        _value(hint, each, f"{place}[{number}]")
        for number, (hint, each) in enumerate(zip(wanted, value, strict=True))
    )


def _entries(hints: tuple[Any, ...], value: object, place: str) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        raise DataError(f"{place} is not a JSON object")
    return {str(key): _value(hints[1], each, f"{place}.{key}") for key, each in value.items()}
