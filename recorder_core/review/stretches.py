"""Frames of a video in which its redactions are in doubt, as half-open spans."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from recorder_core.tables import ORIGINS, RedactionTable

__all__ = [
    "LONG_GAP_SECONDS",
    "LONG_REPAIR_SECONDS",
    "frame_runs",
    "gaps_between_faces",
    "repaired_runs",
]

#: a face that was not seen for so long is a moment to look at
LONG_REPAIR_SECONDS: Final = 1.0
#: frames without any face between frames with faces are named from this length on
LONG_GAP_SECONDS: Final = 10.0


def frame_runs(frames: Sequence[int] | NDArray[np.int64]) -> list[range]:
    """Return consecutive frames of a rising list as spans."""
    places = np.flatnonzero(np.diff(frames) != 1) + 1
    runs = np.split(np.asarray(frames, np.int64), places)
    return [range(int(run[0]), int(run[-1]) + 1) for run in runs if len(run)]


def repaired_runs(table: RedactionTable) -> Iterator[range]:
    """Yield each run of frames in which a track was filled or rescued, track by track."""
    repaired = np.isin(table.origins, [ORIGINS.index("filled"), ORIGINS.index("rescued")])
    for track in np.unique(table.tracks[repaired]):
        yield from frame_runs(table.frame_index[repaired & (table.tracks == track)])


def gaps_between_faces(table: RedactionTable) -> list[range]:
    """Return each span without a redaction between frames that have one."""
    frames = np.unique(table.frame_index[table.applied]).tolist()
    return [range(before + 1, after) for before, after in pairwise(frames) if after > before + 1]
