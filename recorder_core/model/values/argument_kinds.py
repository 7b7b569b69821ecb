"""Whether what a caller gives is of the kind that is asked for, before anything is done with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from numbers import Integral, Real
from os import PathLike
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Final, Union, get_args, get_origin, get_type_hints

from recorder_core.errors import SettingsError

__all__ = ["check_callable", "check_fields", "check_kind", "file_path"]

#: type of a field -> types of the values that it takes, and what they are called
_TAKEN: Final[Mapping[Any, tuple[tuple[type, ...], str]]] = {
    NoneType: ((NoneType,), "None"),
    bool: ((bool,), "True or False"),
    int: ((Integral,), "a whole number"),
    float: ((Real,), "a number"),
    str: ((str,), "text"),
    Path: ((str, PathLike), "the name of a file"),
    tuple: ((tuple, list), "a tuple"),
}


def file_path(value: object, what: str = "a file or folder") -> Path:
    """Return a path, given as text or as a path.

    Raises
    ------
    SettingsError
        If it is something else.
    """
    if not isinstance(value, str | PathLike) or not isinstance(path := _text(value), str):
        raise SettingsError(f"{what} is {_kind_of(value)}; name it by text or a Path")
    if not path:
        raise SettingsError(f"the name of {what} is empty; name a file or folder")
    return Path(path)


def check_kind(value: object, kind: type | UnionType, what: str, example: str) -> None:
    """Raise SettingsError unless a value is of a class; `example` says how to make one."""
    if not isinstance(value, kind):
        raise SettingsError(f"{what} is {_kind_of(value)}; give {example}")


def check_callable(value: object, what: str, example: str) -> None:
    """Raise SettingsError unless a value can be called; `example` says with what."""
    if not callable(value):
        raise SettingsError(f"{what} is {_kind_of(value)}; give {example}")


def check_fields(settings: object) -> None:
    """Check that each value of a dataclass is of the kind of its field.

    Raises
    ------
    SettingsError
        With the name of the first that is not.
    """
    hints = get_type_hints(type(settings))
    for each in fields(settings):  # type: ignore[arg-type]
        value, kinds = getattr(settings, each.name), _kinds(hints[each.name])
        if kinds and not any(_fits(value, taken) for taken, _ in kinds):
            words = " or ".join(word for _, word in kinds)
            raise SettingsError(f"{each.name} is {_kind_of(value)}; give {words}")


def _kinds(hint: Any) -> list[tuple[tuple[type, ...], str]]:
    """Return the kinds that a type hint takes; none where it says more than a kind."""
    parts = get_args(hint) if get_origin(hint) in (Union, UnionType) else (hint,)
    kinds = []
    for part in parts:
        plain = get_origin(part) or part
        if plain not in _TAKEN and not isinstance(plain, type):
            return []  # a choice of texts is checked where it is used
        kinds.append(_TAKEN.get(plain, ((plain,), f"{getattr(plain, '__name__', plain)}(...)")))
    return kinds


def _fits(value: object, taken: tuple[type, ...]) -> bool:
    return isinstance(value, taken) and (not isinstance(value, bool) or bool in taken)


def _text(value: str | PathLike[Any]) -> object:
    return value if isinstance(value, str) else value.__fspath__()


def _kind_of(value: object) -> str:
    return "None" if value is None else f"of the type {type(value).__name__}"
