"""Did any face get through? Suspicious moments of a de-identified video, ranked by risk."""

from __future__ import annotations

from typing import TYPE_CHECKING

from recorder_core.lazy_names import lazy_names

if TYPE_CHECKING:
    from recorder_core.review.bare_hints import (
        SeenBoxes as SeenBoxes,
    )
    from recorder_core.review.doubtful_tracks import (
        DoubtfulTrack as DoubtfulTrack,
        DoubtSettings as DoubtSettings,
        find_doubts as find_doubts,
    )
    from recorder_core.review.moments import (
        DoubtReason as DoubtReason,
        Hint as Hint,
        Moment as Moment,
        Reason as Reason,
        ReasonKind as ReasonKind,
    )
    from recorder_core.review.ranking import (
        Evidence as Evidence,
        RankingSettings as RankingSettings,
        rank_evidence as rank_evidence,
    )
    from recorder_core.review.skin_hints import (
        CellMeans as CellMeans,
        cell_means as cell_means,
    )
    from recorder_core.review.stretches import (
        LONG_GAP_SECONDS as LONG_GAP_SECONDS,
        LONG_REPAIR_SECONDS as LONG_REPAIR_SECONDS,
        frame_runs as frame_runs,
        gaps_between_faces as gaps_between_faces,
        repaired_runs as repaired_runs,
    )
    from recorder_core.review.track_hints import (
        Timeline as Timeline,
    )


#: who reads the reasons in a report does not load what finds the moments
__getattr__, __all__ = lazy_names(__name__, __file__)
