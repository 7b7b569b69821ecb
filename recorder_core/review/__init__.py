"""Did any face get through? Suspicious moments of a de-identified video, ranked by risk."""

from recorder_core.review.bare_hints import SeenBoxes
from recorder_core.review.moments import Hint, Moment, Reason, ReasonKind
from recorder_core.review.ranking import Evidence, RankingSettings, rank_evidence
from recorder_core.review.skin_hints import CellMeans, cell_means
from recorder_core.review.track_hints import Timeline

__all__ = [
    "CellMeans",
    "Evidence",
    "Hint",
    "Moment",
    "RankingSettings",
    "Reason",
    "ReasonKind",
    "SeenBoxes",
    "Timeline",
    "cell_means",
    "rank_evidence",
]
