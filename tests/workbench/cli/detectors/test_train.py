from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from recorder_core.detect.weights.drawn_faces import DRAWN_FACES_XYXY_PX, draw_faces
from workbench.cli import main
from workbench.cli.detectors.train import EXAMPLES, EXAMPLES_FOLDER

#: three steps of a compact detector of next to no size
CONFIG = """
[data]
train = "faces.json"
[run]
detector = "compact"
output = "run"
steps = 3
batch_size = 1
threads = 1
workers = 0
device = "cpu"
log_every_steps = 1
checkpoint_every_steps = 1
[network]
stem = [4, 4]
channels = [4, 8, 8]
blocks = [0, 0, 1]
pyramid = 8
[loss]
distill_weight = 0
[teacher]
completes_labels = false
[sample.view]
size_px = 64
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """Settings beside a data set of one drawing."""
    (tmp_path / "faces").mkdir()
    cv2.imwrite(str(tmp_path / "faces" / "a.png"), draw_faces())
    boxes = [(x0, y0, x1 - x0, y1 - y0) for x0, y0, x1, y1 in DRAWN_FACES_XYXY_PX.tolist()]
    labels = {
        "images": [{"id": 1, "file_name": "a.png", "width": 384, "height": 192}],
        "annotations": [
            {"id": number, "image_id": 1, "bbox": box} for number, box in enumerate(boxes)
        ],
    }
    (tmp_path / "faces.json").write_text(json.dumps(labels))
    path = tmp_path / "mine.toml"
    path.write_text(CONFIG)
    return path


def test_training_ends_by_saying_how_to_use_and_evaluate_the_weights(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["train", "--config", str(config)]) == 0
    weights = config.parent / "run" / "step-000003.safetensors"
    assert weights.is_file()
    assert weights.with_suffix(".json").is_file()
    printed = capsys.readouterr().out
    assert f"weights    {weights}\n" in printed
    assert "step-000003.json belongs to it" in printed
    assert f"--detector compact --weights {weights}" in printed
    assert {"deidentify", "evaluate"} <= set(printed.split())
    rows = (config.parent / "run" / "log.csv").read_text().splitlines()
    assert rows[0] == "step,label_loss,box_loss,distill_loss,learning_rate,seconds"
    assert len(rows) == 4


def test_the_weights_work_where_the_program_says(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["train", "--config", str(config), "--quiet"]) == 0
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", "")
    weights = config.parent / "run" / "step-000003.safetensors"
    chosen = ["--detector", "compact", "--weights", str(weights)]
    table, numbers = config.parent / "faces.parquet", config.parent / "numbers.json"
    picture = config.parent / "faces" / "a.png"
    # what three steps made finds no face: it can be measured, but nothing relies on it
    assert main(["detect", str(picture), "-o", str(table), "--quiet", *chosen]) == 1
    assert "found none of the drawn faces of its self-test" in capsys.readouterr().err
    labels = str(config.parent / "faces.json")
    assert main(["evaluate", "--dataset", labels, "--json", str(numbers), *chosen]) == 0
    assert json.loads(numbers.read_text())


def _add_validation(config: Path, name: str = "b") -> None:
    """Add a validation set: the same drawing in a file of its own."""
    folder = config.parent
    (folder / "validation").mkdir()
    cv2.imwrite(str(folder / "validation" / f"{name}.png"), draw_faces())
    labels = (folder / "faces.json").read_text().replace("a.png", f"{name}.png")
    (folder / "validation.json").write_text(labels)
    train = 'train = "faces.json"'
    text = config.read_text().replace(train, f'{train}\nvalidation = "validation.json"')
    config.write_text(text)


def test_without_a_validation_set_nobody_knows_and_the_program_says_so(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["train", "--config", str(config)]) == 0
    captured = capsys.readouterr()
    assert captured.err.count("warning: data.validation is not set") == 1
    assert "average precision" not in captured.out


def test_a_validation_set_is_measured_before_and_after(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _add_validation(config)
    # the program's weights find all three drawn faces, and one step of next to nothing too
    text = config.read_text().replace('"compact"', '"retinaface-mnet025"')
    text = text[: text.index("[network]")] + text[text.index("[loss]") :]
    text = (
        text.replace("steps = 3", "steps = 1\nbatch_norm = 'folded'")
        + "[optimiser]\nlearning_rate = 1e-9\n"
    )
    config.write_text(text)
    assert main(["train", "--config", str(config)]) == 0
    captured = capsys.readouterr()
    rows = [line.split() for line in captured.out.splitlines()]
    assert ["average", "precision", "1.000", "1.000"] in rows
    assert ["recall", "at", "0.3", "FPPI", "1.000", "1.000"] in rows
    assert "warning" not in captured.err
    assert "measuring the starting weights on 1 pictures" in captured.err


def test_training_that_made_the_detector_worse_says_so(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _add_validation(config)
    text = config.read_text().replace('"compact"', '"retinaface-mnet025"')
    text = text[: text.index("[network]")] + text[text.index("[loss]") :]
    # steps so large that the network forgets everything
    text += "[optimiser]\nlearning_rate = 0.05\nwarmup_steps = 0\n"
    config.write_text(text)
    assert main(["train", "--config", str(config), "--quiet"]) == 0
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("warning: training made the detector worse")
    assert captured.err.count("\n") == 1


def test_pictures_that_are_learnt_from_are_no_validation_set(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    train = 'train = "faces.json"'
    text = config.read_text().replace(train, f'{train}\nvalidation = "faces.json"')
    config.write_text(text)
    assert main(["train", "--config", str(config), "--quiet"]) == 1
    assert "1 pictures of data.validation are in data.train too" in capsys.readouterr().err
    assert not (config.parent / "run").exists()


def test_another_folder_can_be_given(config: Path, tmp_path: Path) -> None:
    folder = tmp_path / "elsewhere"
    assert main(["train", "--config", str(config), "-o", str(folder), "--quiet"]) == 0
    assert (folder / "step-000003.safetensors").is_file()
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("name", ["log.csv", "step-000003.safetensors"])
def test_what_is_not_of_a_run_is_not_written_over(
    config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / name).write_text("epoch,loss\n1,0.5\n")
    assert main(["train", "--config", str(config), "--quiet"]) == 1
    assert f"{name} in {tmp_path / 'run'} is not of a run" in capsys.readouterr().err
    assert (tmp_path / "run" / name).read_text() == "epoch,loss\n1,0.5\n"


def test_the_folder_of_the_pictures_is_not_that_of_the_run(
    config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config.write_text(CONFIG.replace("[run]", 'images = "faces"\n[run]'))
    assert main(["train", "--config", str(config), "-o", str(tmp_path / "faces")]) == 1
    assert "faces is an input" in capsys.readouterr().err
    assert [path.name for path in (tmp_path / "faces").iterdir()] == ["a.png"]


def test_the_same_command_goes_on_where_it_was_stopped(
    config: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from recorder_core.train.run import loop

    advance = loop._Trainer.advance

    def stopped_at_step_2(trainer: loop._Trainer, batch: object) -> None:
        if trainer.step == 2:
            raise KeyboardInterrupt
        advance(trainer, batch)  # type: ignore[arg-type]

    monkeypatch.setattr(loop._Trainer, "advance", stopped_at_step_2)
    assert main(["train", "--config", str(config)]) == 130
    assert "resumes from the last checkpoint in" in capsys.readouterr().err
    monkeypatch.undo()
    assert main(["train", "--config", str(config), "--quiet"]) == 0
    rows = (config.parent / "run" / "log.csv").read_text().splitlines()[1:]
    assert [row.split(",")[0] for row in rows] == ["1", "2", "3"]


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("steps = 3", "step = 3", "there is no setting run.step"),
        ("steps = 3", "steps = -1", "run.steps is -1; it must be at least 1"),
        ('"compact"', '"compacter"', "run.detector is 'compacter'; choose one of"),
        ("faces.json", "none.json", "none.json"),
        ("pyramid = 8", "height = 8", "compact has no size 'height'"),
        ('"run"', '"faces.json"', "faces.json is a file; give a folder"),
        ("[run]", '[run]\nstart = "none.safetensors"', "none.safetensors cannot be read"),
        ("[run]", '[run]\nbackbone = "none.pth"', "compact takes no run.backbone"),
        (
            "[sample.view]",
            "[optimiser]\nlearning_rate = 1e30\n[sample.view]",
            "not a finite number",
        ),
        ("[sample.view]", "[sample.mix]\nhard_share = 2\n[sample.view]", "hard_share"),
    ],
)
def test_mistakes_are_one_sentence(
    config: Path, capsys: pytest.CaptureFixture[str], old: str, new: str, sentence: str
) -> None:
    config.write_text(CONFIG.replace(old, new, 1))
    assert main(["train", "--config", str(config), "--quiet"]) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("workbench: ")
    assert captured.err.count("\n") == 1
    assert sentence in captured.err


@pytest.mark.parametrize("name", EXAMPLES)
def test_examples_are_printed_as_they_are(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", "--example", name]) == 0
    assert capsys.readouterr().out == (EXAMPLES_FOLDER / f"{name}.toml").read_text()


def test_every_settings_file_of_the_program_is_an_example() -> None:
    assert sorted(EXAMPLES) == sorted(path.stem for path in EXAMPLES_FOLDER.glob("*.toml"))


def test_the_help_needs_no_heavy_library() -> None:
    code = (
        "import sys; from workbench.cli.main import build_parser; build_parser('train')\n"
        "sys.exit(bool({'torch', 'cv2', 'openvino', 'pandas'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_picture_that_is_damaged_is_named(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (config.parent / "faces" / "a.png").write_bytes(np.zeros(9, np.uint8).tobytes())
    assert main(["train", "--config", str(config), "--quiet"]) == 1
    assert "a.png" in capsys.readouterr().err
