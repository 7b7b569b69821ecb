"""Boxes that some inference saw and no redaction hides, followed over time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from recorder_core.model.values.carriers import carrier_repr
from recorder_core.review.moments import Hint, Reason, ReasonKind
from recorder_core.review.track_hints import Timeline, grown, size_of, uncovered
from recorder_core.tables import ORIGINS, RedactionTable

__all__ = ["SeenBoxes", "bare_hints", "redactions_by_frame"]

#: boxes of the same face: so far apart in time, and in box sizes
_LINK_SECONDS: Final = 1.6
_LINK_BOXES: Final = 1.5
#: a box that overlaps a redaction by more is of the redacted face
_MAX_OVERLAP: Final = 0.3
#: a repaired box so near, in box sizes, may have missed the face
_NEAR_BOXES: Final = 2.5
_REPAIRED: Final = tuple(ORIGINS.index(each) for each in ("filled", "rescued", "padded"))


@dataclass(frozen=True, slots=True)
class SeenBoxes:
    """What one inference saw in one frame."""

    __repr__ = carrier_repr

    frame_index: int
    #: (N, 4), pixels of the source frame
    boxes_xyxy_px: NDArray[np.float64]
    #: (N,), in [0, 1]
    scores: NDArray[np.float64]


@dataclass(slots=True)
class _Chain:
    """Boxes that are likely of one face."""

    frames: list[int] = field(default_factory=list)
    boxes: list[NDArray[np.float64]] = field(default_factory=list)
    scores: list[float] = field(default_factory=list)
    is_near_repair: bool = False


def redactions_by_frame(table: RedactionTable) -> dict[int, NDArray[np.intp]]:
    """Return the rows of what is redacted in each frame that has any."""
    rows = np.flatnonzero(table.applied)
    frames, starts = np.unique(table.frame_index[rows], return_index=True)
    parts = np.split(rows, starts[1:])
    return dict(zip(frames.tolist(), parts, strict=False))


def bare_hints(
    looks: Sequence[SeenBoxes], table: RedactionTable, timeline: Timeline, kind: ReasonKind
) -> Iterator[Hint]:
    """Yield the faces that an inference may have seen and that are not redacted.

    Parameters
    ----------
    looks : sequence of SeenBoxes
        In order of frames; also those in which nothing was seen.
    table : RedactionTable
        All that was planned.
    timeline : Timeline
    kind : {"unconfirmed_boxes", "face_seen_again"}
        Whether it is the job's own inference, or another one.
    """
    own = redactions_by_frame(table)
    chains: list[_Chain] = []
    open_chains: list[_Chain] = []
    for look in looks:
        rows = own.get(look.frame_index, np.zeros(0, np.intp))
        redacted = table.boxes_xyxy_px[rows]
        bare = np.flatnonzero(uncovered(look.boxes_xyxy_px, redacted, _MAX_OVERLAP))
        now = timeline.seconds[look.frame_index]
        open_chains = [
            chain
            for chain in open_chains
            if now - timeline.seconds[chain.frames[-1]] <= _LINK_SECONDS
        ]
        repaired = redacted[np.isin(table.origins[rows], _REPAIRED)]
        for row in bare[np.argsort(-look.scores[bare])].tolist():
            chain = _fitting(open_chains, look.boxes_xyxy_px[row], look.frame_index)
            if chain is None:
                chain = _Chain()
                chains.append(chain)
                open_chains.append(chain)
            _extend(chain, look, row, repaired)
    return (_hint(chain, timeline, kind) for chain in chains)


def _fitting(chains: Sequence[_Chain], box: NDArray[np.float64], frame_index: int) -> _Chain | None:
    """Return the nearest chain that a box may continue."""
    best, least = None, _LINK_BOXES
    for chain in chains:
        if chain.frames[-1] == frame_index:
            continue
        last = chain.boxes[-1]
        shift = np.hypot(*((box[:2] + box[2:] - last[:2] - last[2:]) / 2))
        distance = float(shift) / max(size_of(box), size_of(last))
        if distance < least:
            best, least = chain, distance
    return best


def _extend(chain: _Chain, look: SeenBoxes, row: int, repaired: NDArray[np.float64]) -> None:
    box = look.boxes_xyxy_px[row].astype(np.float64)
    chain.frames.append(look.frame_index)
    chain.boxes.append(box)
    chain.scores.append(float(look.scores[row]))
    if len(repaired):
        shifts = np.hypot(*((repaired[:, :2] + repaired[:, 2:] - box[:2] - box[2:]) / 2).T)
        chain.is_near_repair |= bool(shifts.min() < _NEAR_BOXES * size_of(box))


def _hint(chain: _Chain, timeline: Timeline, kind: ReasonKind) -> Hint:
    first, stop = chain.frames[0], chain.frames[-1] + 1
    seconds = round(float(timeline.seconds[stop - 1] - timeline.seconds[first]), 3)
    boxes = np.array(chain.boxes)
    hull = np.array([*boxes[:, :2].min(axis=0), *boxes[:, 2:].max(axis=0)])
    best = max(chain.scores)
    # seen again and again it is a face more likely than seen once
    often = min(1.0, len(chain.scores) / 4)
    if kind == "face_seen_again":
        risk = min(0.97, best * (0.5 + 0.5 * often))
    else:
        risk = min(0.5, best * (0.2 + 0.6 * often))
    if chain.is_near_repair and kind == "face_seen_again":
        kind = "near_repair"
    return Hint(first, stop, timeline.clip(grown(hull, 0.6)), Reason(kind, risk, seconds))
