"""One fingerprint of everything that decides what a de-identified copy looks like."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

__all__ = ["fingerprint_of"]


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
        Of the source's file.
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
