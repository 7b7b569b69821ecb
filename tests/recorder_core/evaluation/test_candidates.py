from __future__ import annotations

import json

import cv2
import numpy as np
import pytest

from recorder_core.datasets import Dataset, LabelledFace, LabelledPicture
from recorder_core.detect import DetectorSettings
from recorder_core.detect.weights.drawn_faces import DRAWN_FACES_XYXY_PX, draw_faces
from recorder_core.errors import DataError
from recorder_core.evaluation import (
    ALL_SETS,
    Benchmark,
    EvaluationSettings,
    EvaluationTask,
    content_sha256,
    evaluate_detector,
    evaluate_predictions,
    pictures_without_faces,
)


@pytest.fixture
def task(tmp_path):
    """The drawn faces with their outlines as labels, and a grey picture without a face."""
    cv2.imwrite(str(tmp_path / "drawn.png"), draw_faces())
    faces = tuple(LabelledFace(tuple(map(float, box))) for box in DRAWN_FACES_XYXY_PX)
    picture = LabelledPicture("drawn.png", (384, 192), faces, folder=tmp_path)
    (tmp_path / "grey").mkdir()
    for name in ("a.png", "b.png"):
        cv2.imwrite(str(tmp_path / "grey" / name), np.full((192, 384, 3), 120, np.uint8))
    return EvaluationTask(
        benchmark=Benchmark(Dataset((picture,))),
        without_faces={"grey": pictures_without_faces(tmp_path / "grey")},
        settings=EvaluationSettings(scale="original", scores=(0.02, 0.5)),
    )


def test_a_detector_is_run_and_measured(task):
    seen = []
    settings = DetectorSettings(engine="pytorch", min_score=0.02)
    found = evaluate_detector("ours", settings, task, progress=lambda *p: seen.append(p))
    assert seen == [(1, 3), (2, 3), (3, 3)]
    measures = found.measures.sets[ALL_SETS]
    assert measures.faces == 3
    assert measures.by_score[1].recall == 1.0
    assert found.without_faces["grey"].pictures == 2
    assert found.without_faces["grey"].per_picture[0.5] == 0.0
    content = found.to_dict()
    assert content["name"] == "ours"
    assert content["detector"] == settings.name
    assert len(content["weights"]["sha256"]) == 64
    assert content["speed"]["pictures"] == 1
    assert content["without_faces"]["grey"]["false_boxes_per_picture"]["0.5"] == 0.0
    assert json.loads(json.dumps(content, allow_nan=False)) == content


def test_predictions_are_measured_alike(task, tmp_path):
    path = tmp_path / "found.txt"
    x0, y0, x1, y1 = DRAWN_FACES_XYXY_PX[0].tolist()
    path.write_text(f"drawn\n1\n{x0} {y0} {x1 - x0} {y1 - y0} 0.9\n")
    found = evaluate_predictions("theirs", path, task)
    assert found.measures.sets[ALL_SETS].voc == pytest.approx(1 / 3)
    assert found.speed is None
    assert found.to_dict()["predictions"] == {"file": "found.txt", "sha256": content_sha256(path)}


def test_the_digest_of_a_folder_follows_names_and_contents(tmp_path):
    (tmp_path / "a.txt").write_text("1")
    before = content_sha256(tmp_path)
    (tmp_path / "a.txt").write_text("2")
    changed = content_sha256(tmp_path)
    (tmp_path / "a.txt").rename(tmp_path / "b.txt")
    assert len({before, changed, content_sha256(tmp_path)}) == 3


def test_pictures_without_faces_are_chosen_by_name(tmp_path):
    for name in ("v01_a.png", "v02_a.png", "notes.txt"):
        (tmp_path / name).write_bytes(b"")
    chosen = pictures_without_faces(tmp_path, ["v02*"])
    assert [picture.file_name for picture in chosen] == ["v02_a.png"]
    assert len(pictures_without_faces(tmp_path)) == 2
    with pytest.raises(DataError, match=r"is named v03\*"):
        pictures_without_faces(tmp_path, ["v03*"])
