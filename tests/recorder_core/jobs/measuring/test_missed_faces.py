from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from recorder_core.detect import DetectorSettings
from recorder_core.evaluation import average_precision
from recorder_core.evaluation.video import TruthFrame
from recorder_core.jobs import DetectOptions
from recorder_core.jobs.measuring.detected_video import DetectedVideo, run_detector
from recorder_core.jobs.measuring.missed_faces import find_worst_faces
from recorder_core.model import FrameDetections, TruthFace, View

FOUND = (60.0, 30.0, 90.0, 70.0)
MISSED = (200.0, 40.0, 230.0, 80.0)
TURNED = (300.0, 40.0, 330.0, 80.0)
#: pictures of the drawn video, 20 a second, that are known and looked at
PICTURES = range(25)


@pytest.fixture(scope="module")
def recording(drawn: Any) -> DetectedVideo:
    """A video of three people: one is found, one missed, one turned away but detected."""
    options = DetectOptions(detector=DetectorSettings(long_side_px=384))
    seen = run_detector(drawn.source, options=options, every=30)
    pts = seen.source.index.pts.tolist()
    boxes = np.array([FOUND, TURNED], np.float32)
    return replace(
        seen,
        detections=[
            FrameDetections(i, pts[i], boxes, np.array([0.9 - i / 100, 0.8], np.float32))
            for i in PICTURES
        ],
        truth=[
            TruthFrame(
                i,
                i / 20,
                (
                    TruthFace(i, pts[i], 0, FOUND, 1.0, "masked+capped"),
                    TruthFace(i, pts[i], 1, MISSED, 0.9, "plain"),
                    TruthFace(i, pts[i], 2, TURNED, 0.0, "turned"),
                ),
            )
            for i in PICTURES
        ],
    )


def test_pictures_are_judged_without_the_faces_that_nobody_recognises(
    recording: DetectedVideo,
) -> None:
    judged = recording.judge()
    assert len(judged) == len(PICTURES)
    assert [face.mask for face in judged[0].labelled.judged_faces] == ["with_mask", "without_mask"]
    matches = [picture.match(0.5) for picture in judged]
    assert not any(match.is_false.any() for match in matches)
    assert average_precision(matches) == pytest.approx(0.5)


def test_only_pictures_that_were_looked_at_are_judged(recording: DetectedVideo) -> None:
    few = replace(recording, detections=recording.detections[::10])
    assert [picture.labelled.frame_index for picture in few.judge()] == [0, 10, 20]


def test_the_worst_faces_come_first_and_once_a_second(recording: DetectedVideo) -> None:
    worst = find_worst_faces([recording], 10)
    assert [(face.state, face.frame_index) for face in worst] == [
        ("plain", 0),
        ("plain", 20),
        ("masked+capped", 24),
        ("masked+capped", 19),
    ]
    assert [face.score for face in worst] == pytest.approx([-1, -1, 0.66, 0.71])
    assert len(find_worst_faces([recording], 1)) == 1


def test_a_face_is_shown_with_its_surroundings(recording: DetectedVideo) -> None:
    (face,) = find_worst_faces([recording], 1)
    assert face.picture_rgb.shape == (120, 110, 3)
    assert face.box_xyxy_px == (40.0, 40.0, 70.0, 80.0)
    assert face.height_px == 40
    narrow = replace(recording, source=replace(recording.source, view=View(190, 0, 100, 100)))
    (face,) = find_worst_faces([narrow], 1)
    assert face.picture_rgb.shape == (100, 80, 3)
    assert face.box_xyxy_px == (10.0, 40.0, 40.0, 80.0)
