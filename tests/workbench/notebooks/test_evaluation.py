from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure

from recorder_core.errors import DataError
from recorder_core.evaluation import PrecisionRecall
from recorder_core.jobs.measuring.missed_faces import MissedFace
from workbench.notebooks import evaluation
from workbench.notebooks.evaluation import (
    METHODS,
    Study,
    StudySettings,
    committed_result,
    made_rooms_table,
    measure_curves,
    paper_table,
    record_study,
    smoothing_table,
    still_table,
    study_table,
    style_smoothing,
)
from workbench.notebooks.evaluation_figures import (
    draw_misses,
    draw_precision_recall,
    draw_smoothing,
)


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Study:
    settings = StudySettings(seeds=(0,), seconds=0.3, baseline_every=6)
    return record_study(tmp_path_factory.mktemp("study"), settings)


def _texts(figure: Figure) -> str:
    return "\n".join(text.get_text() for text in figure.findobj(lambda a: hasattr(a, "get_text")))


def test_the_detector_looks_at_every_picture_and_the_baseline_at_some(study: Study) -> None:
    assert [len(recording.detections) for recording in study.default] == [9]
    assert [len(recording.detections) for recording in study.baseline] == [2]


def test_curves_and_table_of_single_pictures_agree(study: Study) -> None:
    curves = measure_curves(study)
    table = still_table(study)
    assert list(curves) == list(table.index) == ["default detector", "Haar cascades"]
    for name, curve in curves.items():
        assert table.loc[name, "faces"] == curve.faces > 0
        assert table.loc[name, "pictures"] == curve.pictures
        recall = curve.at_false_boxes(0.3).recall
        assert table.loc[name, "recall at 0.3 false positives per image"] == pytest.approx(
            recall, abs=1e-3
        )
    columns = [name for name in table.columns if "AP" in name or "recall" in name]
    assert ((table[columns] >= 0) & (table[columns] <= 1)).all().all()


def test_the_smoothing_table_has_every_method_twice(study: Study) -> None:
    table = smoothing_table(study)
    looks = ("every frame", "default stride")
    assert list(table.index) == [(look, name) for look in looks for name in METHODS.values()]
    every = table.loc["every frame"]
    strided = table.loc["default stride"]
    assert strided.loc["no smoothing", "faces hidden"] < every.loc["no smoothing", "faces hidden"]
    assert strided.loc["tracks (ours)", "faces hidden"] > 0.9
    assert "%" in style_smoothing(table).to_html()
    texts = _texts(draw_smoothing(table))
    assert all(name in texts for name in (*METHODS.values(), *looks, "false area"))


def test_curves_are_drawn_as_they_are() -> None:
    scores = np.array([0.9, 0.5, 0.2], np.float32)
    curve = PrecisionRecall(scores, np.array([2, 3, 3]), np.array([0, 1, 3]), 4, 10)
    figure = draw_precision_recall({"mine": curve})
    left, right = figure.axes
    assert left.lines[0].get_xydata().tolist() == [[0.5, 1.0], [0.75, 0.75], [0.75, 0.5]]
    assert right.lines[0].get_xydata().tolist() == [[0.0, 0.5], [0.1, 0.75], [0.3, 0.75]]
    assert "mine" in _texts(figure)


def test_misses_are_shown_with_their_score() -> None:
    picture = np.zeros((60, 50, 3), np.uint8)
    faces = [
        MissedFace("a", 3, "masked", -1.0, 20.0, picture, (10.0, 10.0, 30.0, 30.0)),
        MissedFace("a", 9, "plain", 0.123, 31.0, picture, (10.0, 10.0, 30.0, 30.0)),
    ]
    figure = draw_misses(faces, columns=3)
    assert len(figure.axes) == 3
    assert [len(axes.images) for axes in figure.axes] == [1, 1, 0]
    texts = _texts(figure)
    assert "masked, 20 px\nmissed" in texts
    assert "plain, 31 px\nscore 0.12" in texts
    with pytest.raises(DataError, match="no face"):
        draw_misses([])


def test_committed_results_fill_the_tables(study: Study) -> None:
    rooms = committed_result("or_validation")
    table = made_rooms_table(rooms)
    assert "shipped" in set(table["weights"])
    assert table["recall, masked"].between(0, 1).all()
    longer = study_table(committed_result("compare_smoothing"))
    assert ("misses in runs", "tracks (ours)") in longer.index
    paper = paper_table(still_table(study), rooms)
    published = paper[paper["source"] == "paper, Table 2"]
    assert list(published["mAP"]) == [0.069, 0.272]
    ours = paper[paper["source"] == "ours"]
    assert len(ours) == len(table) + 2
    assert all(0 <= value <= 1 for value in ours["mAP by frame, IoU 0.5:0.95"])


def test_a_result_that_is_missing_or_damaged_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(evaluation, "RESULTS", tmp_path)
    with pytest.raises(DataError, match="from a checkout"):
        committed_result("or_validation")
    (tmp_path / "or_validation.json").write_text("{")
    with pytest.raises(DataError, match="damaged"):
        committed_result("or_validation")
    content: dict[str, Any] = {"detectors": {}}
    (tmp_path / "or_validation.json").write_text(json.dumps(content))
    assert committed_result("or_validation") == content
