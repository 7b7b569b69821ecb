"""Did any face get through? Suspicious moments of a de-identified video, ranked by risk."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from recorder_core.review.bare_hints import SeenBoxes
    from recorder_core.review.doubtful_tracks import DoubtfulTrack, DoubtSettings, find_doubts
    from recorder_core.review.moments import DoubtReason, Hint, Moment, Reason, ReasonKind
    from recorder_core.review.ranking import Evidence, RankingSettings, rank_evidence
    from recorder_core.review.skin_hints import CellMeans, cell_means
    from recorder_core.review.stretches import (
        LONG_GAP_SECONDS,
        LONG_REPAIR_SECONDS,
        frame_runs,
        gaps_between_faces,
        repaired_runs,
    )
    from recorder_core.review.track_hints import Timeline

__all__ = [
    "LONG_GAP_SECONDS",
    "LONG_REPAIR_SECONDS",
    "CellMeans",
    "DoubtReason",
    "DoubtSettings",
    "DoubtfulTrack",
    "Evidence",
    "Hint",
    "Moment",
    "RankingSettings",
    "Reason",
    "ReasonKind",
    "SeenBoxes",
    "Timeline",
    "cell_means",
    "find_doubts",
    "frame_runs",
    "gaps_between_faces",
    "rank_evidence",
    "repaired_runs",
]

#: the module of each: who reads the reasons in a report does not load what finds the moments
_MODULES: Final = {
    "CellMeans": "skin_hints",
    "DoubtReason": "moments",
    "DoubtSettings": "doubtful_tracks",
    "DoubtfulTrack": "doubtful_tracks",
    "Evidence": "ranking",
    "Hint": "moments",
    "LONG_GAP_SECONDS": "stretches",
    "LONG_REPAIR_SECONDS": "stretches",
    "Moment": "moments",
    "RankingSettings": "ranking",
    "Reason": "moments",
    "ReasonKind": "moments",
    "SeenBoxes": "bare_hints",
    "Timeline": "track_hints",
    "cell_means": "skin_hints",
    "find_doubts": "doubtful_tracks",
    "frame_runs": "stretches",
    "gaps_between_faces": "stretches",
    "rank_evidence": "ranking",
    "repaired_runs": "stretches",
}


def __getattr__(name: str) -> Any:
    """Import the module that a name is from."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_MODULES[name]}"), name)
