"""Sentences that a page says in the language of its reader, and everything else in English."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Self

__all__ = ["Phrase", "error_text", "phrase", "said", "said_again"]


class Phrase(str):
    """An English sentence that knows what it is called and what stands in it.

    Log, command line and the interface take it as the text that it is.

    Parameters
    ----------
    text : str
        The sentence.
    name : str
        By which a page knows it in other languages.
    values : mapping
        What stands in it, by the names of the places.
    """

    __slots__ = ("name", "values")
    name: str
    values: Mapping[str, str]

    def __new__(cls, text: str, name: str, values: Mapping[str, str]) -> Self:  # noqa: D102
        made = super().__new__(cls, text)
        made.name, made.values = name, dict(values)
        return made

    def __getnewargs__(self) -> tuple[str, str, Mapping[str, str]]:  # type: ignore[override]
        return str(self), self.name, self.values

    def changed(self, change: Callable[[str], str]) -> Phrase:
        """Return the sentence with a change made in its text and in each of its values."""
        values = {key: change(value) for key, value in self.values.items()}
        return Phrase(change(str(self)), self.name, values)


def phrase(name: str, template: str, **values: object) -> Phrase:
    """Return a sentence with its values.

    Parameters
    ----------
    name : str
        By which a page knows it in other languages.
    template : str
        In English, with ``{place}`` where a value stands.
    **values
        What stands there.
    """
    texts = {key: str(value) for key, value in values.items()}
    return Phrase(template.format(**texts), name, texts)


def said(text: str) -> dict[str, Any] | None:
    """Return name and values of a sentence for a page; None of one that is English alone."""
    return {"name": text.name, "values": dict(text.values)} if isinstance(text, Phrase) else None


def said_again(text: str, named: object) -> str:
    """Return a sentence that came as JSON with what `said` returned of it."""
    if not isinstance(named, Mapping) or not isinstance(named.get("values"), Mapping):
        return text
    values = {str(key): str(value) for key, value in named["values"].items()}
    return Phrase(text, str(named.get("name")), values)


def error_text(error: BaseException) -> str:
    """Return the sentence of an error, a :class:`Phrase` where it was raised with one."""
    first = error.args[0] if error.args else None
    return first if isinstance(first, Phrase) else str(error)
