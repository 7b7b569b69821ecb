from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from recorder_core.jobs import DetectOptions
from recorder_core.jobs.doubtful_stretches import longest_repair, stretches_without_faces
from recorder_core.jobs.source import open_source
from recorder_core.model import Redaction
from recorder_core.tables import RedactionTable


def _table(frames: list[int], origin: Any, track: int = 0) -> RedactionTable:
    rows = [Redaction(frame, (0.0, 0.0, 9.0, 9.0), origin, track, math.nan) for frame in frames]
    return RedactionTable.from_redactions(rows, {frame: frame for frame in frames})


@pytest.mark.parametrize(
    ("frames", "origin", "longest"),
    [([], "filled", 0), ([3, 4, 5, 9], "filled", 3), ([1, 3], "rescued", 1), ([1, 2], "padded", 0)],
)
def test_the_longest_repair_is_counted_in_pictures(
    frames: list[int], origin: str, longest: int
) -> None:
    assert longest_repair(_table(frames, origin)) == longest


def test_long_stretches_without_a_face_are_named(drawn_source: Path) -> None:
    source = open_source(drawn_source, DetectOptions())
    # half a second a frame
    slow = replace(source, index=replace(source.index, pts=source.index.pts * 10))
    first, last = _table([*range(3, 11)], "detected"), _table([40, 41], "detected")
    rows = [*first.to_redactions(), *last.to_redactions()]
    pts = dict(enumerate(slow.index.pts.tolist()))
    table = RedactionTable.from_redactions(rows, pts)
    assert stretches_without_faces(table, slow) == [(5.5, 20.0)]
    assert stretches_without_faces(table, source) == []
