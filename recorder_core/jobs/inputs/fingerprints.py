"""One fingerprint of everything that decides what a de-identified copy looks like."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

__all__ = ["fingerprint_of", "seen_sha256"]


def fingerprint_of(
    options: Mapping[str, Any], version: str, source_sha256: str, weights: str
) -> str:
    """Return a name for everything that decides the result, apart from corrections.

    Parameters
    ----------
    options : mapping
        Every option as JSON types, but for the place of the weights.
    version : str
        Of the program.
    source_sha256 : str
        Of what the job sees; see `seen_sha256`.
    weights : str
        SHA-256 of the weights, or the name of a detector that has none.
    """
    facts = {
        "version": version,
        "source": source_sha256,
        "weights": weights,
        "options": options,
    }
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()


def seen_sha256(source_sha256: str, room_sha256: str | None) -> str:
    """Return the SHA-256 of what a job sees: that of its file, unless a view was put back into it.

    Parameters
    ----------
    source_sha256 : str
        Of the source's file.
    room_sha256 : str or None
        Of the view of the room that was put back; None: the file is seen as it is.
    """
    if room_sha256 is None:
        return source_sha256
    return hashlib.sha256(f"{source_sha256}+{room_sha256}".encode()).hexdigest()
