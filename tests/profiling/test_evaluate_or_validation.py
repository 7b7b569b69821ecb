from __future__ import annotations

import importlib
import json
from pathlib import Path
from types import ModuleType

import cv2
import numpy as np
import pytest

from recorder_core.datasets import Dataset, LabelledFace, LabelledPicture, write_coco
from recorder_core.detect.weights.drawn_faces import draw_faces
from recorder_core.errors import DataError

PROFILING = Path(__file__).resolve().parents[2] / "profiling" / "weights"
#: of the largest drawn face, and a place where nothing is
FACE = (226.0, 38.0, 314.0, 150.0)
EMPTY = (330.0, 150.0, 350.0, 175.0)


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(PROFILING)
    return importlib.import_module("evaluate_or_validation")


@pytest.fixture
def made(tmp_path: Path) -> Path:
    """A set in which bare faces can be found, and the others are not where they should be."""
    folder = tmp_path / "or_validation"
    folder.mkdir()
    drawn = draw_faces()
    height, width = drawn.shape[:2]
    pictures = []
    for set_name, box in (("bare", FACE), ("masked", EMPTY), ("worn", EMPTY)):
        cv2.imwrite(str(folder / f"{set_name}.png"), drawn)
        faces = (
            LabelledFace(box, mask="without_mask" if set_name == "bare" else "with_mask"),
            # the other drawn faces are not judged
            LabelledFace((0.0, 0.0, 220.0, float(height)), ignored=True),
            *([] if set_name == "bare" else [LabelledFace(FACE, ignored=True)]),
        )
        name = f"{set_name}.png"
        pictures.append(LabelledPicture(name, (width, height), faces, set_name=set_name))
    write_coco(Dataset(tuple(pictures)), tmp_path / "or_validation.json")
    empty = tmp_path / "empty"
    empty.mkdir()
    cv2.imwrite(str(empty / "room_1_4.jpg"), np.full((120, 200, 3), 90, np.uint8))
    cv2.imwrite(str(empty / "room_1_1.jpg"), drawn)
    return tmp_path


def _run(script: ModuleType, made: Path, monkeypatch: pytest.MonkeyPatch, *more: str) -> Path:
    result = made / "result.json"
    words = ["evaluate", str(made), "--scale", "384", "--result", str(result), *more]
    monkeypatch.setattr("sys.argv", words)
    script.main()
    return result


def test_recall_gap_and_false_boxes_are_written(
    script: ModuleType, made: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    empties = ["--empty", f"room={made / 'empty'}:room_*_4.jpg"]
    empties += ["--empty", f"drawn={made / 'empty'}:room_*_1.jpg"]
    result = json.loads(_run(script, made, monkeypatch, *empties).read_text())
    (row,) = result["detectors"]["shipped"]
    assert row["scale"] == 384
    assert row["faces"] == {"bare": 1, "masked": 1, "worn": 1}
    for key in ("at_most_0.3_false_boxes", "default_score"):
        assert row[key]["recall"] == {"bare": 1.0, "masked": 0.0, "worn": 0.0}
        assert row[key]["gap_bare_to_masked"] == 1.0
        assert row[key]["false_boxes_per_empty_picture"]["room"] == 0.0
        assert row[key]["false_boxes_per_empty_picture"]["drawn"] >= 1.0
    assert row["default_score"]["min_score"] == 0.5
    assert row["average_precision"]["bare"]["by_frame_iou_0.5"] == pytest.approx(1.0)
    assert row["average_precision"]["masked"]["voc_iou_0.5"] == 0.0
    assert "recall bare 1.000, masked 0.000" in capsys.readouterr().out


def test_other_weights_are_measured_beside(
    script: ModuleType, made: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from recorder_core.detect import load_weights

    words = ["--compare", f"copy={load_weights().path}"]
    detectors = json.loads(_run(script, made, monkeypatch, *words).read_text())["detectors"]
    assert list(detectors) == ["shipped", "copy"]
    assert detectors["shipped"] == detectors["copy"]


def test_what_is_missing_is_said(
    script: ModuleType, made: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.argv", ["evaluate", str(made / "nowhere")])
    with pytest.raises(SystemExit, match="nowhere"):
        script.main()
    with pytest.raises(DataError, match=r"no picture of .* is named hall"):
        script.read_empties([f"room={made / 'empty'}:hall_*.jpg"])
