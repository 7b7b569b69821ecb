"""A suspicious moment: when, where and why a face may have got through.

Spans of frames are half-open; seconds count from the first frame of the video.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final, Literal

from recorder_core.errors import DataError
from recorder_core.model.values.json_fields import read_fields

__all__ = ["Box", "DoubtReason", "Hint", "Moment", "Reason", "ReasonKind", "joined_risk"]

#: (x0, y0, x1, y1), pixels of the source frame, right and bottom exclusive
Box = tuple[float, float, float, float]
ReasonKind = Literal[
    "track_ends",
    "track_begins",
    "track_interrupted",
    "filled_gap",
    "low_score",
    "box_jumps",
    "box_resizes",
    "count_drops",
    "unconfirmed_boxes",
    "face_seen_again",
    "skin_moves",
    "near_repair",
    "rendered_again",
    "spot_check",
]
#: why a track is likely no face
DoubtReason = Literal["implausible_size", "weak_detection"]
_SENTENCES: Final[dict[ReasonKind, str]] = {
    "track_ends": "Track ends inside the frame",
    "track_begins": "Track begins inside the frame",
    "track_interrupted": "Track is interrupted",
    "filled_gap": "Gap is filled",
    "low_score": "Detector is unsure",
    "box_jumps": "Box jumps",
    "box_resizes": "Box changes its size",
    "count_drops": "Fewer people are redacted than before and after",
    "unconfirmed_boxes": "Weak boxes are not redacted",
    "face_seen_again": "Another inference sees a face that is not redacted",
    "skin_moves": "Skin-like area moves and is not redacted",
    "near_repair": "Unredacted face near a repaired span",
    "rendered_again": "Corrected and rendered again",
    "spot_check": "Random spot check",
}
#: a person finds the place, and watches at most so much of a longer moment
_FINDING_SECONDS: Final = 2.0
_MAX_WATCHED_SECONDS: Final = 4.0


@dataclass(frozen=True, slots=True)
class Reason:
    """One thing that speaks for a missed face."""

    kind: ReasonKind
    #: how likely a face is exposed, by this alone, in [0, 1]
    risk: float
    seconds: float
    #: of the person, -1 where there is none
    track: int = -1

    @property
    def sentence(self) -> str:
        """What a reviewer reads: ``Track ends inside the frame · 0.4 s · person 3``."""
        parts = [_SENTENCES[self.kind]]
        if self.seconds > 0:
            parts.append(f"{self.seconds:.1f} s")
        if self.track >= 0:
            parts.append(f"person {self.track}")
        return " · ".join(parts)


@dataclass(frozen=True, slots=True)
class Hint:
    """One piece of evidence, before hints of the same time and place are joined."""

    first_frame: int
    stop_frame: int
    region_xyxy_px: Box
    reason: Reason


@dataclass(frozen=True, slots=True)
class Moment:
    """A span and a region of the video that a person should watch, and why."""

    #: frames ``[first_frame, stop_frame)`` of the source
    first_frame: int
    stop_frame: int
    start_seconds: float
    stop_seconds: float
    region_xyxy_px: Box
    #: at least one, the likeliest first
    reasons: tuple[Reason, ...]
    #: how likely a face is exposed, in [0, 1]
    risk: float

    def __post_init__(self) -> None:
        if not 0 <= self.first_frame < self.stop_frame:
            raise DataError(f"frames {self.first_frame} to {self.stop_frame} are no span")
        if not self.reasons or not 0 <= self.risk <= 1:
            raise DataError("a moment has a reason, and a risk between 0 and 1")

    @property
    def moment_id(self) -> str:
        """The same for the same frames and place, in every ranking of the same video."""
        place = "-".join(str(round(edge)) for edge in self.region_xyxy_px)
        return f"{self.first_frame}-{self.stop_frame}-{place}"

    @property
    def is_spot_check(self) -> bool:
        """Whether chance alone chose it."""
        return all(reason.kind == "spot_check" for reason in self.reasons)

    @property
    def expected_seconds(self) -> float:
        """How long a person is expected to need."""
        length = self.stop_seconds - self.start_seconds
        return round(_FINDING_SECONDS + min(length, _MAX_WATCHED_SECONDS), 1)

    @property
    def sentence(self) -> str:
        """All reasons in plain words."""
        return "; ".join(reason.sentence for reason in self.reasons)

    def to_dict(self) -> dict[str, Any]:
        """Return what JSON can hold."""
        return asdict(self)

    @classmethod
    def from_dict(cls, content: object) -> Moment:
        """Read what `to_dict` gave; DataError if it is something else."""
        return read_fields(cls, content, "moment")


def joined_risk(reasons: Sequence[Reason]) -> float:
    """Return the risk of several reasons: that of each kind counts once, as independent."""
    highest: dict[str, float] = {}
    for reason in reasons:
        highest[reason.kind] = max(highest.get(reason.kind, 0.0), reason.risk)
    return 1.0 - math.prod(1.0 - risk for risk in highest.values())
