from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from recorder_core.detect import load_weights
from recorder_core.detect.weights.drawn_faces import DRAWN_FACES_XYXY_PX, draw_faces
from workbench.cli import main

OPTIONS = ("--engine", "pytorch", "--scale", "384", "--quiet")


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    """Two pictures with three drawn faces each, of sets a and b; returns the COCO file."""
    folder = tmp_path / "val"
    folder.mkdir()
    images, annotations = [], []
    for number, name in enumerate("ab", start=1):
        cv2.imwrite(str(folder / f"{name}.png"), draw_faces())
        images.append(
            {"id": number, "file_name": f"{name}.png", "width": 384, "height": 192, "set": name}
            | ({"camera": "from_above"} if name == "a" else {})
        )
        for x0, y0, x1, y1 in DRAWN_FACES_XYXY_PX.tolist():
            annotations.append(
                {
                    "id": len(annotations) + 1,
                    "image_id": number,
                    "bbox": [x0, y0, x1 - x0, y1 - y0],
                    "attributes": {"mask": "with_mask" if name == "a" else "without_mask"},
                }
            )
    path = tmp_path / "val.json"
    path.write_text(json.dumps({"images": images, "annotations": annotations}))
    empty = tmp_path / "nobody"
    empty.mkdir()
    cv2.imwrite(str(empty / "grey.png"), np.full((192, 384, 3), 120, np.uint8))
    return path


def _evaluate(dataset: Path, *words: object) -> tuple[int, dict[str, Any]]:
    output = dataset.with_name("out.json")
    called = ["evaluate", "--dataset", str(dataset), *map(str, words), "--json", str(output)]
    called.append("--overwrite")
    status = main([*called, *OPTIONS])
    return status, json.loads(output.read_text()) if output.exists() else {}


def test_the_shipped_detector_is_measured(
    dataset: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status, content = _evaluate(dataset, "--empty", dataset.with_name("nobody"))
    assert status == 0
    captured = capsys.readouterr()
    assert captured.err == ""
    for title in (
        "average precision",
        "recall at this many false positives",
        "recall by attribute; faces over 16 px",
        "camera: from_above",
        "share of faces hidden, by attribute",
        "milliseconds per picture",
    ):
        assert title in captured.out
    (result,) = content["results"]
    assert set(result["sets"]) == {"a", "b", "all sets"}
    assert result["sets"]["a"]["faces_by_mask"] == {"with_mask": 3}
    together = result["sets"]["all sets"]
    assert together["by_score"][6]["recall"] == 1.0
    assert together["by_score"][6]["recall_by_attribute"] == {"camera": {"from_above": 1.0}}
    assert [point["min_score"] for point in together["coverage"]] == [0.5, 0.3, 0.1]
    assert [point["all_faces"]["hidden"] for point in together["coverage"]] == [1.0, 1.0, 1.0]
    assert together["coverage"][0]["by_attribute"]["camera"]["from_above"]["faces"] == 3
    assert result["without_faces"]["nobody"]["pictures"] == 1
    assert result["speed"]["input_sizes_px"] == {"384x192": 2}
    assert content["settings"]["scale"] == 384
    assert content["dataset"]["pictures"] == 2
    assert {"voc", "coco", "by_frame"} < set(content["definitions"])
    assert content["libraries"]["faster-coco-eval"]


def test_candidates_stand_side_by_side(dataset: Path, capsys: pytest.CaptureFixture[str]) -> None:
    predictions = dataset.with_name("nothing.txt")
    predictions.write_text("a\n0\nb\n0\n")
    weights = load_weights().path
    status, content = _evaluate(
        dataset, "--weights", weights, "--weights", weights, "--predictions", predictions
    )
    assert status == 0
    names = [result["name"] for result in content["results"]]
    assert names == [f"weights/{weights.stem}", f"weights/{weights.stem}", "nothing"]
    assert [result["sets"]["a"]["voc"] for result in content["results"]][2] == 0.0
    assert "nothing" in capsys.readouterr().out


def test_two_detectors(dataset: Path) -> None:
    status, content = _evaluate(dataset, "--detector", "haar", "--detector", "retinaface-mnet025")
    assert status == 0
    assert [result["name"] for result in content["results"]] == ["haar", "retinaface-mnet025"]


def test_detections_are_measured_without_the_pictures(
    dataset: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = tmp_path / "found.parquet"
    assert main(["detect", str(dataset.with_suffix("")), "-o", str(table), "--quiet"]) == 0
    for picture in dataset.with_suffix("").iterdir():
        picture.unlink()
    status, content = _evaluate(dataset, "--predictions", table, "--scores", "0.3")
    assert status == 0
    (result,) = content["results"]
    assert "speed" not in result
    assert result["predictions"]["file"] == "found.parquet"
    assert result["sets"]["all sets"]["by_score"][0]["recall"] == 1.0
    assert "milliseconds" not in capsys.readouterr().out


def test_what_counts_can_be_said(dataset: Path) -> None:
    words = ("--min-face", "500", "--min-face", "b=8", "--overlap", "0.3", "--false-boxes", "0.5")
    words += ("--redaction-scale", "0.5")
    status, content = _evaluate(dataset, *words, "--scores", "0.25")
    assert status == 0
    settings = content["settings"]
    assert (settings["min_face_px"], settings["min_face_px_by_set"]) == (500, [["b", 8]])
    assert (settings["min_match_iou"], settings["scores"]) == (0.3, [0.25])
    assert settings["coverage"]["redaction"]["enlarge_sides"] == pytest.approx(0.1)
    sets = content["results"][0]["sets"]
    assert (sets["a"]["faces"], sets["a"]["voc"], sets["b"]["faces"]) == (0, None, 3)
    assert [point["at_most"] for point in sets["b"]["by_false_boxes"]] == [0.5]


def test_a_second_opinion_leaves_boxes_unjudged(
    dataset: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found, opinion = dataset.with_name("found.txt"), dataset.with_name("opinion.txt")
    beside = "300 100 40 40 0.9"
    found.write_text(f"a\n1\n{beside}\nb\n0\n")
    opinion.write_text(f"a\n1\n{beside}\nb\n0\n")
    words = ("--predictions", found, "--scores", "0.5")
    for more, false_boxes in (((), 0.5), (("--second-opinion", opinion), 0.0)):
        status, content = _evaluate(dataset, *words, *more)
        assert status == 0
        point = content["results"][0]["sets"]["all sets"]["by_score"][0]
        assert point["false_boxes_per_picture"] == false_boxes
    assert content["second_opinion"]["file"] == "opinion.txt"
    assert content["second_opinion"]["min_score"] == 0.5
    printed = capsys.readouterr().out
    assert "1 face that nobody labelled" in printed
    _, _, reached = printed.partition("whoever labelled them, has an average precision of ")
    precisions = dict(part.rsplit(" ", 1) for part in reached.splitlines()[0].split(", "))
    assert set(precisions) == {"a", "b", "all sets"}
    assert 0.7 < float(precisions["all sets"]) <= 1


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--second-opinion", "PART"), "no entry for picture b.png"),
        (("--images", "MISSING"), "does not exist"),
        (("--predictions", "PART"), "1 of 2 pictures were not searched"),
        (("--predictions", "PART", "--empty", "NOBODY"), "--empty needs a detector"),
        (("--predictions", "MISSING"), "MISSING"),
        (("--weights", "MISSING"), "MISSING"),
        (("--min-face", "tall"), "neither a number of pixels"),
        (("--empty", "MISSING"), "holds no .jpg or .png"),
        (("--min-face", "nan"), "must be 0 or more"),
        (("--format", "yolo"), "val.json"),
        (
            ("--detector", "haar", "--detector", "retinaface-mnet025", "--weights", "MISSING"),
            "do not pair up",
        ),
        (("--json", "DATASET"), "is an input"),
    ],
)
def test_what_cannot_be_evaluated(
    dataset: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    words: tuple[str, ...],
    sentence: str,
) -> None:
    (tmp_path / "part.txt").write_text("a\n0\n")
    named = {
        "MISSING": tmp_path / "MISSING",
        "PART": tmp_path / "part.txt",
        "NOBODY": tmp_path / "nobody",
        "DATASET": dataset,
    }
    called = [str(named.get(word, word)) for word in words]
    before = dataset.read_bytes()
    assert main(["evaluate", "--dataset", str(dataset), *OPTIONS, *called]) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert sentence in captured.err
    assert captured.err.count("\n") == 1
    assert dataset.read_bytes() == before


def test_a_scale_is_a_number_or_one_of_two_words(
    dataset: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["evaluate", "--dataset", str(dataset), "--scale", "large"])
    assert stopped.value.code == 2
    assert "(pixels), 'original' or 'auto'" in capsys.readouterr().err


def test_numbers_that_exist_are_replaced_only_when_asked(
    dataset: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = dataset.with_name("out.json")
    output.write_text("somebody's")
    words = ["evaluate", "--dataset", str(dataset), "--json", str(output), *OPTIONS]
    assert main(words) == 1
    captured = capsys.readouterr()
    assert captured.err == "workbench: out.json exists; give --overwrite to replace it\n"
    assert (captured.out, output.read_text()) == ("", "somebody's")
    status, content = _evaluate(dataset)
    assert (status, content["dataset"]["pictures"]) == (0, 2)
