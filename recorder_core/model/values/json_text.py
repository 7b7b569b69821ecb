"""Read JSON that anybody may have written."""

from __future__ import annotations

import json
from typing import Any, Literal

__all__ = ["parse_json"]


def parse_json(
    text: str | bytes,
    *,
    surrogates: Literal["refuse", "replace"] = "refuse",
    doubled: Literal["refuse", "replace"] = "replace",
) -> Any:
    """Return the value of a JSON text.

    Parameters
    ----------
    text : str or bytes
        Bytes in UTF-8, UTF-16 or UTF-32.
    surrogates : str, default "refuse"
        What becomes of half a surrogate pair, which no text file, table or report can hold;
        "replace" shows a question mark in its place.
    doubled : str, default "replace"
        What becomes of a name that an object has twice; "replace" takes the last.

    Raises
    ------
    ValueError
        If it is not JSON, if it is nested too deeply to be read, or if a name is doubled.
    """
    try:
        value = json.loads(text, object_pairs_hook=_once if doubled == "refuse" else None)
        if _may_hold_surrogates(text):
            errors = "strict" if surrogates == "refuse" else "replace"
            return json.loads(json.dumps(value, ensure_ascii=False).encode("utf-8", errors))
    except UnicodeEncodeError:
        # the original error carries the text
        raise ValueError("it holds half of a surrogate pair") from None
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    return value


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    if len(values) < len(pairs):
        raise ValueError("it has a name twice")
    return values


def _may_hold_surrogates(text: str | bytes) -> bool:
    if isinstance(text, str):
        return "\\ud" in text.lower() or not text.isascii()
    return b"\\ud" in text.lower()
