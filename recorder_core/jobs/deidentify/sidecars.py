"""The names of what lies beside a de-identified copy."""

from __future__ import annotations

from pathlib import Path
from typing import Final

__all__ = ["sidecar", "sidecars"]

_SIDECARS: Final = {
    "redactions": ".redactions.parquet",
    "detections": ".detections.parquet",
    "report": ".report.json",
    "view": ".view.jpg",
}


def sidecar(output: Path, kind: str) -> Path:
    """Return the name of a table, the report or the picture of the view beside an output."""
    return output.with_name(output.stem + _SIDECARS[kind])


def sidecars(output: Path) -> dict[str, Path]:
    """Return the names of all that can lie beside an output, by their kinds."""
    return {kind: sidecar(output, kind) for kind in _SIDECARS}
