"""Did any face get through? Suspicious moments of a de-identified video, ranked by risk."""

from recorder_core.review.bare_hints import SeenBoxes
from recorder_core.review.moments import Hint, Moment, Reason, ReasonKind
from recorder_core.review.ranking import Evidence, RankingSettings, rank_evidence
from recorder_core.review.skin_hints import CellPicture, cell_picture
from recorder_core.review.track_hints import Timeline

__all__ = [
    "CellPicture",
    "Evidence",
    "Hint",
    "Moment",
    "RankingSettings",
    "Reason",
    "ReasonKind",
    "SeenBoxes",
    "Timeline",
    "cell_picture",
    "rank_evidence",
]
