from __future__ import annotations

import math
import shutil
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from recorder_core.deidentify import SmoothingSettings
from recorder_core.jobs import DeidentifyOptions, rerender_copy, sidecar
from recorder_core.jobs.deidentify.doubts.lifted_faces import (
    count_hidden_frames,
    find_lifted_faces,
    lifted_stretches,
)
from recorder_core.model import CorrectionKeyframe, Redaction, View
from recorder_core.tables import RedactionTable, read_redactions

FACE, OTHER = (40.0, 40.0, 60.0, 64.0), (200.0, 40.0, 220.0, 64.0)
FRAMES = 40


class _Video:
    time_base = Fraction(1, 1000)

    def seconds(self, units: int) -> float:
        return float(units * self.time_base)


def _source(pts: np.ndarray, first: int = 0) -> Any:
    """Return what stretches need: time stamps, and where the job begins."""

    class _Source:
        view = View(0, 0, 320, 180)

        def seconds_of(self, frames: range) -> float:
            steps = np.append(np.diff(pts), pts[-1] - pts[-2])
            return float(steps[frames.start : frames.stop].sum()) / 1000

    source: Any = _Source()
    source.first = first
    return source


STEADY = _source(np.arange(FRAMES) * 100)


def _table(
    lifted: Sequence[int], score: float = 0.999, beside: Sequence[tuple[int, Any]] = ()
) -> RedactionTable:
    """Plan two tracks in every frame, of which track 0 is lifted in some, and added boxes."""
    rows = [
        *((Redaction(i, FACE, "detected", 0, score), i not in lifted) for i in range(FRAMES)),
        *((Redaction(i, OTHER, "detected", 1, 0.9), True) for i in range(FRAMES)),
        *((Redaction(i, box, "corrected", -1, math.nan), True) for i, box in beside),
    ]  # fmt: skip
    rows.sort(key=lambda row: row[0].frame_index)
    applied = [flag for _, flag in rows]
    return RedactionTable.from_redactions(
        [each for each, _ in rows], np.arange(FRAMES) * 100, None, applied
    )


def _stretches(table: RedactionTable, source: Any = STEADY, **options: Any) -> list[Any]:
    faces = find_lifted_faces(table, source, DeidentifyOptions(**options))
    return [
        (each.track, each.start_seconds, each.stop_seconds, each.best_score)
        for each in lifted_stretches(faces, source)
    ]


def test_each_stretch_of_a_lifted_face_is_named() -> None:
    table = _table([*range(3, 10), *range(20, 21), *range(38, 40)])
    assert _stretches(table) == [
        (0, 0.3, 1.0, 0.999), (0, 2.0, 2.1, 0.999), (0, 3.8, 4.0, 0.999),
    ]  # fmt: skip


def test_nothing_is_named_where_nothing_was_lifted() -> None:
    table = _table([])
    assert _stretches(table) == []
    assert count_hidden_frames(table, []) == FRAMES


def test_times_are_of_the_frames_own_time_stamps_after_the_first_of_the_job() -> None:
    # 10 frames per second until frame 20, one from there on; the job begins at frame 5
    pts = np.concatenate([np.arange(20) * 100, 2000 + np.arange(20) * 1000])
    assert _stretches(_table(range(15, 23)), _source(pts, first=5)) == [(0, 1.0, 4.5, 0.999)]


@pytest.mark.parametrize(
    ("score", "threshold", "is_named"),
    [(0.5, 0.5, True), (0.49, 0.5, False), (0.69, 1.0, False), (0.7, 1.0, True), (0.4, 0.3, True)],
)
def test_what_looks_like_a_face_is_what_the_job_or_the_second_look_takes_for_one(
    score: float, threshold: float, is_named: bool
) -> None:
    smoothing = SmoothingSettings.from_threshold(threshold)
    found = _stretches(_table(range(4), score), smoothing=smoothing)
    assert found == [(0, 0.0, 0.4, score)] * is_named


def test_frames_in_which_the_detector_did_not_look_show_the_face_as_well() -> None:
    table = _table(range(3, 7))
    hole = np.isin(table.frame_index, [3, 4, 5, 6]) & (table.tracks == 0)
    table = replace(table, scores=np.where(hole, math.nan, table.scores))
    assert _stretches(table) == [(0, 0.3, 0.7, 0.999)]


def test_a_lifted_face_that_another_region_hides_is_not_visible() -> None:
    wide = (30.0, 30.0, 70.0, 74.0)
    table = _table(range(10), beside=[(frame, wide) for frame in range(2, 10)])
    assert _stretches(table) == [(0, 0.0, 0.2, 0.999)]


def test_frames_that_show_a_lifted_face_do_not_count_as_hidden() -> None:
    table = _table(range(3, 10))
    faces = find_lifted_faces(table, STEADY, DeidentifyOptions())
    assert count_hidden_frames(table, faces) == FRAMES - 7


def test_a_slip_of_the_tracks_number_is_in_the_report(
    drawn: Any, finished: Path, tmp_path: Path
) -> None:
    output = Path(shutil.copytree(finished.parent, tmp_path / "made")) / finished.name
    before = read_redactions(sidecar(output, "redactions"))
    slip = tuple(
        CorrectionKeyframe(
            "1", "remove", frame, (0, 0, 384, 192), 0, "reviewer", "2025-01-01T00:00:00Z"
        )
        for frame in (12, 19)
    )  # fmt: skip
    report = rerender_copy(drawn.correction(output, slip)).report
    (face,) = report.lifted_faces
    assert (face.track, face.start_seconds, face.stop_seconds) == (0, 0.6, 1.0)
    assert face.best_score == round(float(np.nanmax(before.scores[before.tracks == 0])), 3)
    assert report.redactions.frames == 60
    assert report.redactions.frames_without_lifted_faces == 52
