"""How much of a face is seen after redaction: the numbers that privacy depends on.

A face is *exposed* in a frame if it is visible there and the union of the redactions'
shapes, without their soft edges, hides less than a given share of its box. An
*exposure* is a run of frames in which one face is exposed; a frame in which that face
is not visible ends it. Only frames in which a face is visible count as its life.

The same measure is used before repair (`redact_detections`) and after it (`Smoother`),
so that the columns of `format_report` can be compared.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final

import numpy as np

from recorder_core.deidentify.coverage import face_coverage, frame_shapes, redacted_grid
from recorder_core.deidentify.redaction_shape import FaceShape, RedactionSettings
from recorder_core.errors import DataError, SettingsError
from recorder_core.evaluation.video.exposure_report import ExposureReport
from recorder_core.model.faces.detections import Redaction, TruthFace
from recorder_core.model.faces.overlaps import box_overlaps
from recorder_core.model.frames.views import View

__all__ = [
    "RECOGNISABLE_SHARE",
    "ExposureSettings",
    "TruthFrame",
    "measure_exposure",
]

#: share of a face that must be seen so that a person could be recognised
RECOGNISABLE_SHARE: Final = 0.35
#: two durations closer than this are the same: timestamps are rounded to their time base
_SAME_SECONDS = 1e-3


@dataclass(frozen=True, slots=True)
class TruthFrame:
    """All faces of one frame."""

    frame_index: int
    #: presentation time
    seconds: float
    faces: tuple[TruthFace, ...]


@dataclass(frozen=True, slots=True)
class ExposureSettings:
    """What counts as hidden, and as an exposure."""

    #: method and enlargement; only the shape matters here, and of it only the core
    redaction: RedactionSettings = field(default_factory=RedactionSettings)
    #: a face is hidden if this share of its box is
    min_coverage: float = 0.9
    #: a face counts if at least this share of it is visible; 0 itself never counts
    min_visible: float = 0.1
    #: a track is counted once for each limit that one of its exposures exceeds
    limits_seconds: tuple[float, ...] = (0.1, 0.2)
    #: distance of the points at which the false area is measured
    area_grid_px: float = 4.0

    def __post_init__(self) -> None:
        if not self.area_grid_px > 0:
            raise SettingsError(f"area_grid_px is {self.area_grid_px}; it must be above 0")
        if not (0 < self.min_coverage <= 1 and 0 <= self.min_visible <= 1):
            raise SettingsError("min_coverage and min_visible must lie in 0..1")


def measure_exposure(
    truth: Sequence[TruthFrame],
    redactions: Mapping[int, Sequence[Redaction]],
    view: View,
    settings: ExposureSettings | None = None,
) -> ExposureReport:
    """Compare redactions with the true faces.

    Parameters
    ----------
    truth : sequence of TruthFrame
        In order of time; frames that are not listed are not measured.
    redactions : mapping
        Frame index -> redactions; a missing frame has none.
    view : View
        The part of the frame that is searched; the false area is a share of it.
    settings : ExposureSettings, optional
        What counts as hidden.

    Returns
    -------
    ExposureReport

    Raises
    ------
    DataError
        If the truth runs backwards in time or names a face twice in one frame.
    """
    settings = settings or ExposureSettings()
    durations = _frame_durations(truth)
    lives = _Lives(settings.min_coverage)
    matched = {0.5: 0, 0.3: 0}
    false_areas = 0.0
    for place, frame in enumerate(truth):
        present = redactions.get(frame.frame_index, ())
        shapes = frame_shapes(present, view, settings.redaction)
        shown = [face for face in frame.faces if _is_visible(face, settings)]
        lives.add_frame(place, durations[place], shown, shapes)
        for min_iou in matched:
            matched[min_iou] += _count_matches(shown, present, min_iou)
        false_areas += _false_area_share(frame, shapes, view, settings)
    return lives.report(
        frames=len(truth),
        recorded_seconds=sum(durations),
        recalls=(_share(matched[0.5], lives.faces), _share(matched[0.3], lives.faces)),
        false_area_share=_share(false_areas, len(truth)),
        limits_seconds=settings.limits_seconds,
    )


class _Lives:
    """Counts, face by face, when it is visible and when it is exposed."""

    def __init__(self, min_coverage: float) -> None:
        self.faces = 0
        self._min_coverage = min_coverage
        self._hidden = 0
        self._frames_with_faces = 0
        self._frames_hidden = 0
        self._visible_seconds = 0.0
        self._seen: set[int] = set()
        #: face id -> exposures as [last place, frames, seconds]
        self._exposures: dict[int, list[tuple[int, int, float]]] = {}

    def add_frame(
        self,
        place: int,
        duration_seconds: float,
        shown: Sequence[TruthFace],
        shapes: Sequence[FaceShape],
    ) -> None:
        """Count the visible faces of one frame."""
        exposed = [
            face for face in shown if face_coverage(face.box_xyxy_px, shapes) < self._min_coverage
        ]
        for face in exposed:
            self._expose(face.face_id, place, duration_seconds)
        self._seen.update(face.face_id for face in shown)
        self.faces += len(shown)
        self._hidden += len(shown) - len(exposed)
        self._frames_with_faces += bool(shown)
        self._frames_hidden += bool(shown) and not exposed
        self._visible_seconds += duration_seconds * len(shown)

    def _expose(self, face_id: int, place: int, duration_seconds: float) -> None:
        runs = self._exposures.setdefault(face_id, [])
        if runs and runs[-1][0] == place - 1:
            _, frames, seconds = runs.pop()
            runs.append((place, frames + 1, seconds + duration_seconds))
        else:
            runs.append((place, 1, duration_seconds))

    def report(
        self,
        frames: int,
        recorded_seconds: float,
        recalls: tuple[float, float],
        false_area_share: float,
        limits_seconds: tuple[float, ...],
    ) -> ExposureReport:
        """Sum up."""
        longest = [max(run[2] for run in runs) for runs in self._exposures.values()]
        lengths = sorted(
            (run[2] for runs in self._exposures.values() for run in runs), reverse=True
        )
        counts = (run[1] for runs in self._exposures.values() for run in runs)
        return ExposureReport(
            frames=frames,
            faces=self.faces,
            tracks=len(self._seen),
            recall_iou_50=recalls[0],
            recall_iou_30=recalls[1],
            hidden_share=_share(self._hidden, self.faces),
            frame_success=_share(self._frames_hidden, self._frames_with_faces),
            tracks_ever_exposed=len(self._exposures),
            tracks_exposed_over={
                limit: sum(seconds > limit + _SAME_SECONDS for seconds in longest)
                for limit in limits_seconds
            },
            longest_exposure_frames=max(counts, default=0),
            longest_exposure_seconds=max(longest, default=0.0),
            exposed_face_seconds=sum(lengths),
            visible_face_seconds=self._visible_seconds,
            recorded_seconds=recorded_seconds,
            exposed_face_seconds_per_hour=_share(3600 * sum(lengths), recorded_seconds),
            false_area_share=false_area_share,
            exposure_seconds=tuple(lengths),
        )


def _share(part: float, whole: float) -> float:
    return part / whole if whole else math.nan


def _is_visible(face: TruthFace, settings: ExposureSettings) -> bool:
    return face.visible > 0 and face.visible >= settings.min_visible


def _frame_durations(truth: Sequence[TruthFrame]) -> list[float]:
    """Return how long each frame is shown; the last one as long as the one before."""
    for frame in truth:
        if len({face.face_id for face in frame.faces}) < len(frame.faces):
            raise DataError(f"frame {frame.frame_index} names the same face twice")
    durations = []
    for frame, following in pairwise(truth):
        if not following.seconds > frame.seconds:
            raise DataError(f"frame {following.frame_index} is not later than the frame before it")
        durations.append(following.seconds - frame.seconds)
    return durations + (durations[-1:] or [0.0])[: len(truth)]


def _count_matches(
    shown: Sequence[TruthFace], redactions: Sequence[Redaction], min_iou: float
) -> int:
    """Count faces matched by a redaction's box of their own, best overlap first."""
    if not shown or not redactions:
        return 0
    faces, boxes = ([each.box_xyxy_px for each in part] for part in (shown, redactions))
    overlaps = box_overlaps(np.array(faces), np.array(boxes))
    matches = 0
    while overlaps.max() >= min_iou:
        face, box = np.unravel_index(overlaps.argmax(), overlaps.shape)
        overlaps[face, :] = overlaps[:, box] = -1.0
        matches += 1
    return matches


def _false_area_share(
    frame: TruthFrame, shapes: Sequence[FaceShape], view: View, settings: ExposureSettings
) -> float:
    """Return the share of the view that is redacted and in no true face's own shape.

    A face that is not visible now is no false area: its redaction hides a person.
    """
    if not shapes:
        return 0.0
    ideal = (
        Redaction(frame.frame_index, face.box_xyxy_px, "corrected", -1, math.nan)
        for face in frame.faces
    )
    true = redacted_grid(frame_shapes(ideal, view, settings.redaction), view, settings.area_grid_px)
    return float((redacted_grid(shapes, view, settings.area_grid_px) & ~true).mean())
