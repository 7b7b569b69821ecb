"""Every detector runs in the commands; the default one starts without PyTorch."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from recorder_core.detect.networks import FAMILIES
from recorder_core.detect.weights import save_weights
from recorder_core.tables import read_detections

#: of each family that comes without weights, a network of next to no size
DESIGNS: dict[str, dict[str, Any]] = {
    "compact": {"stem": [4, 4], "channels": [4, 8, 8], "blocks": [0, 0, 0], "pyramid": 8},
    "retinanet": {"depth": 18, "width": 4, "pyramid": 8},
    "faster-rcnn": {"depth": 18, "width": 4, "pyramid": 8, "representation": 8},
}
#: log-odds of a face where the networks below see one
MARGIN = 1.5


def _see_faces(detector: str, tensors: dict[str, np.ndarray]) -> None:
    """Let a network whose tensors are zero see faces at every place of one level."""
    if detector == "compact":
        tensors["head.norms.0.2.bias"][0] = 1
        tensors["head.face.weight"][:, 0] = 20 + MARGIN
        tensors["head.face.bias"][:] = -20
    elif detector == "retinanet":
        head = "head.classification_head"
        tensors["backbone.fpn.extra_blocks.p7.bias"][0] = 1
        for number in range(4):
            tensors[f"{head}.conv.{number}.0.weight"][0, 0, 1, 1] = 1
        tensors[f"{head}.cls_logits.weight"][:, 0, 1, 1] = 20 + MARGIN
        tensors[f"{head}.cls_logits.bias"][:] = -20
    else:
        # proposed are the largest anchors first
        tensors["backbone.fpn.layer_blocks.3.0.bias"][1] = 1
        tensors["rpn.head.conv.0.0.weight"][0, 1, 1, 1] = 1
        tensors["rpn.head.cls_logits.weight"][:, 0] = 5
        # those of 224 to 448 pixels are looked at on the third level
        tensors["backbone.fpn.layer_blocks.2.0.bias"][0] = 1
        tensors["roi_heads.box_head.fc6.weight"][0, :49] = 1 / 49
        tensors["roi_heads.box_head.fc7.weight"][0, 0] = 1
        tensors["roi_heads.box_predictor.cls_score.weight"][1, 0] = 20 + MARGIN
        tensors["roi_heads.box_predictor.cls_score.bias"][1] = -20


@pytest.fixture
def seeing_faces_everywhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[str], Path]:
    """Return a function that writes weights of a detector, and says where.

    They see faces at places, not what is drawn there, so that no self-test can judge them.
    """
    for job in ("deidentify.preparing", "detection.detect"):
        monkeypatch.setattr(f"recorder_core.jobs.{job}.refuse_useless", lambda weights: None)

    def write(detector: str) -> Path:
        family = FAMILIES[detector]
        design = family.read_design(DESIGNS[detector])
        tensors = {
            name: np.full(shape, name.endswith("running_var"), np.float32)
            for name, shape in family.tensor_shapes(design, family.anchors).items()
        }
        _see_faces(detector, tensors)
        path = tmp_path / f"{detector}.safetensors"
        save_weights(
            path,
            tensors,
            anchors=family.anchors,
            version="1",
            card={},
            must_find_faces=False,
            family=family,
            design=design,
        )
        return path

    return write


@pytest.mark.parametrize("detector", DESIGNS)
def test_it_runs_in_deidentify_and_detect(
    run: Callable[..., Any],
    drawn_source: Path,
    tmp_path: Path,
    seeing_faces_everywhere: Callable[[str], Path],
    detector: str,
) -> None:
    chosen = ("--detector", detector, "--weights", seeing_faces_everywhere(detector))
    copy, table = tmp_path / "copy.mp4", tmp_path / "faces.parquet"
    span = ("--start", "0", "--stop", "0.2")
    ran = run("deidentify", drawn_source, "-o", copy, *chosen, *span, "--times")
    assert ran.status == 0, ran.errors
    assert copy.is_file()
    assert detector in ran.output
    ran = run("detect", drawn_source, "-o", table, *chosen, *span)
    assert ran.status == 0, ran.errors
    frames = read_detections(table).to_frames()
    assert [frame.frame_index for frame in frames] == [0, 1, 2, 3]
    probability = 1 / (1 + np.exp(-MARGIN))
    for frame in frames:
        assert len(frame.scores) > 3
        assert frame.scores.max() == pytest.approx(probability, abs=0.01)


@pytest.mark.parametrize("detector", DESIGNS)
def test_without_weights_it_says_what_to_do(
    refused: Callable[..., str], drawn_source: Path, tmp_path: Path, detector: str
) -> None:
    for command in ("deidentify", "detect"):
        words = (command, drawn_source, "-o", tmp_path / "out.mp4", "--detector", detector)
        sentence = refused(tmp_path, *words)
        assert f"without weights for {detector}: train some" in sentence
        assert "--weights FILE" in sentence


def test_a_detector_refuses_the_weights_of_another(
    refused: Callable[..., str],
    drawn_source: Path,
    tmp_path: Path,
    seeing_faces_everywhere: Callable[[str], Path],
) -> None:
    weights = seeing_faces_everywhere("compact")
    sentence = refused(
        tmp_path, "detect", drawn_source, "-o", tmp_path / "out", "--weights", weights
    )
    assert "holds weights of compact" in sentence
    assert "--detector" in sentence


def test_faster_rcnn_does_not_run_on_openvino(
    refused: Callable[..., str],
    drawn_source: Path,
    tmp_path: Path,
    seeing_faces_everywhere: Callable[[str], Path],
) -> None:
    weights = seeing_faces_everywhere("faster-rcnn")
    words = ("--detector", "faster-rcnn", "--weights", weights, "--engine", "openvino")
    sentence = refused(tmp_path, "detect", drawn_source, "-o", tmp_path / "out", *words)
    assert "openvino cannot run this detector; choose pytorch-cuda or pytorch" in sentence


def test_deidentify_with_the_default_detector_does_not_import_pytorch(
    drawn_source: Path, tmp_path: Path
) -> None:
    words = ["deidentify", str(drawn_source), "-o", str(tmp_path / "copy.mp4"), "--stop", "0.2"]
    code = (
        "import sys; from workbench.cli import main\n"
        f"status = main({[*words, '--engine', 'openvino', '--quiet']!r})\n"
        "sys.exit(status or ('torch' in sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "copy.mp4").is_file()
