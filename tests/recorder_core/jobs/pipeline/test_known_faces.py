"""Faces that were known before a search are hidden whatever the search finds."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from recorder_core.jobs.inputs.live_faces import live_faces
from recorder_core.jobs.pipeline.known_faces import with_known_faces
from recorder_core.model import FrameDetections, View, empty_detections
from recorder_core.tables import DetectionTable

FACE, ELSEWHERE = (10.0, 10.0, 30.0, 30.0), (100.0, 10.0, 120.0, 30.0)


def _frame(index: int, *rows: tuple[tuple[float, ...], float]) -> FrameDetections:
    boxes = np.array([box for box, _ in rows], np.float32).reshape(-1, 4)
    return FrameDetections(index, index, boxes, np.array([score for _, score in rows], np.float32))


def test_a_known_face_that_is_not_found_is_a_box_and_one_that_is_found_makes_its_box_larger() -> (
    None
):
    known = _frame(3, (FACE, 0.5), (ELSEWHERE, 0.9))
    nothing = with_known_faces(empty_detections(3, 3), known)
    assert nothing.boxes_xyxy_px.tolist() == [list(ELSEWHERE), list(FACE)]
    found = _frame(3, ((12.0, 10.0, 33.0, 29.0), 0.75))
    both = with_known_faces(found, known)
    assert both.boxes_xyxy_px.tolist() == [list(ELSEWHERE), [10.0, 10.0, 33.0, 30.0]]
    assert np.allclose(both.scores, [0.9, 0.75])
    assert found.boxes_xyxy_px.tolist() == [[12.0, 10.0, 33.0, 29.0]]
    assert with_known_faces(found, None) is found


def test_what_was_hidden_live_is_known_by_the_frame_of_its_time_and_noise_is_not() -> None:
    # of 25 frames a second that were composed, the recording lacks the fourth
    pts = np.array([0, 1, 2, 4, 5, 6, 7, 8]) * 40
    rows = [_frame(n, (FACE, 0.6 if n == 4 else 0.3), (ELSEWHERE, 0.2)) for n in (2, 4, 6)]
    found = DetectionTable.from_frames(rows, Fraction(1, 25))
    faces = live_faces(found, View(0, 0, 200, 100), pts, Fraction(1, 1000), min_score=0.8)
    assert sorted(faces) == [2, 3, 5]
    for each in faces.values():
        assert each.boxes_xyxy_px.tolist() == [list(FACE)]
        assert np.allclose(each.scores, 0.8)
