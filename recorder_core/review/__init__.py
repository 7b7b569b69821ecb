"""Did any face get through? Suspicious moments of a de-identified video, ranked by risk."""

from __future__ import annotations

from typing import TYPE_CHECKING

from recorder_core.lazy_names import lazy_names

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

#: who reads the reasons in a report does not load what finds the moments
__getattr__ = lazy_names(
    __name__,
    {
        ".bare_hints": ("SeenBoxes",),
        ".doubtful_tracks": ("DoubtSettings", "DoubtfulTrack", "find_doubts"),
        ".moments": ("DoubtReason", "Hint", "Moment", "Reason", "ReasonKind"),
        ".ranking": ("Evidence", "RankingSettings", "rank_evidence"),
        ".skin_hints": ("CellMeans", "cell_means"),
        ".stretches": (
            "LONG_GAP_SECONDS",
            "LONG_REPAIR_SECONDS",
            "frame_runs",
            "gaps_between_faces",
            "repaired_runs",
        ),
        ".track_hints": ("Timeline",),
    },
)
