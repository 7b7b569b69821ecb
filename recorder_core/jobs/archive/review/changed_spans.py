"""Where a copy that was rendered again is not as it was before, and which moments that touches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from recorder_core.review import Moment, Reason
from recorder_core.tables import RedactionTable

__all__ = ["ChangedSpan", "changed_moments", "changed_spans"]

#: frames so far apart are of one span
_JOIN_SECONDS: Final = 0.5
#: of what a person has corrected and nobody has looked at: first in the queue
_RISK: Final = 0.9


@dataclass(frozen=True, slots=True)
class ChangedSpan:
    """A span of frames in which other regions are redacted than before."""

    first_frame: int
    stop_frame: int
    start_seconds: float
    stop_seconds: float
    #: encloses all regions that changed
    region_xyxy_px: tuple[float, float, float, float]

    @property
    def reason(self) -> Reason:
        """Why somebody should look at it."""
        return Reason("rendered_again", _RISK, round(self.stop_seconds - self.start_seconds, 3))

    @property
    def moment(self) -> Moment:
        """A moment of its own."""
        return Moment(
            first_frame=self.first_frame,
            stop_frame=self.stop_frame,
            start_seconds=self.start_seconds,
            stop_seconds=self.stop_seconds,
            region_xyxy_px=self.region_xyxy_px,
            reasons=(self.reason,),
            risk=_RISK,
        )

    def touches(self, moment: Moment) -> bool:
        """Return whether a moment shows a frame of it."""
        return self.first_frame < moment.stop_frame and moment.first_frame < self.stop_frame

    def lies_in(self, moment: Moment) -> bool:
        """Return whether a moment shows all of it."""
        return (
            moment.first_frame <= self.first_frame
            and self.stop_frame <= moment.stop_frame
            and moment.region_xyxy_px[0] <= self.region_xyxy_px[0]
            and moment.region_xyxy_px[1] <= self.region_xyxy_px[1]
            and self.region_xyxy_px[2] <= moment.region_xyxy_px[2]
            and self.region_xyxy_px[3] <= moment.region_xyxy_px[3]
        )


def changed_spans(
    before: RedactionTable, after: RedactionTable, seconds: NDArray[np.float64]
) -> list[ChangedSpan]:
    """Return where other regions are redacted than before.

    Parameters
    ----------
    before, after : RedactionTable
        Of two copies of the same video.
    seconds : ndarray, (N,) float64
        When each frame of the source is shown, from the first frame of the copy.
    """
    differing = sorted(_applied(before) ^ _applied(after))
    groups: list[list[tuple[float, ...]]] = []
    for row in differing:
        frame = int(row[0])
        last = int(groups[-1][-1][0]) if groups else None
        if last is not None and seconds[frame] - seconds[last] <= _JOIN_SECONDS:
            groups[-1].append(row)
        else:
            groups.append([row])
    return [_span(np.array(group), seconds) for group in groups]


def changed_moments(
    known: Sequence[Moment], changed: Sequence[ChangedSpan]
) -> tuple[list[Moment], list[Moment]]:
    """Return the moments to look at again, new ones first, and those that nothing touched."""
    touched, untouched = [], []
    for moment in known:
        spans = [each for each in changed if each.touches(moment)]
        if not spans:
            untouched.append(moment)
            continue
        others = [each for each in moment.reasons if each.kind != "rendered_again"]
        reasons = (spans[0].reason, *others)
        touched.append(replace(moment, reasons=reasons, risk=max(moment.risk, _RISK)))
    new = [span.moment for span in changed if not any(span.lies_in(moment) for moment in touched)]
    return [*new, *touched], untouched


def _applied(table: RedactionTable) -> set[tuple[float, ...]]:
    rows = np.flatnonzero(table.applied)
    columns = np.column_stack([table.frame_index[rows], table.boxes_xyxy_px[rows]])
    return {tuple(row) for row in columns.tolist()}


def _span(rows: NDArray[np.float64], seconds: NDArray[np.float64]) -> ChangedSpan:
    first, stop = int(rows[0, 0]), int(rows[-1, 0]) + 1
    left, top = rows[:, 1:3].min(axis=0).tolist()
    right, bottom = rows[:, 3:5].max(axis=0).tolist()
    end = seconds[stop] if stop < len(seconds) else seconds[stop - 1]
    return ChangedSpan(first, stop, float(seconds[first]), float(end), (left, top, right, bottom))
