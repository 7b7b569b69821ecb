"""A data set whose faces have another name is a fault wherever it is used."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from recorder_core.datasets import read_dataset
from tests.integration.documents.scene import write_labels, write_training
from workbench.cli import main

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def heads(tmp_path: Path) -> Path:
    """Labels of one picture whose category is "head"."""
    path = write_labels(tmp_path / "faces" / "val.json", 1)
    content = json.loads(path.read_text())
    content["categories"] = [{"id": 7, "name": "head"}]
    for annotation in content["annotations"]:
        annotation["category_id"] = 7
    path.write_text(json.dumps(content))
    return path


def test_every_command_refuses_them(heads: Path, tmp_path: Path, capsys: Capture) -> None:
    write_training(tmp_path / "mine.toml", heads)
    for words in (
        ("dataset", "convert", heads, tmp_path / "out.json"),
        ("evaluate", "--dataset", heads, "--quiet"),
        ("train", "--config", tmp_path / "mine.toml", "--quiet"),
    ):
        assert main([str(word) for word in words]) == 1
        said = capsys.readouterr().err
        assert "boxes are labelled 'head', which is not known" in said
        # training takes what labels stand for from its settings
        assert ('[data.labels] "head" = "face"' in said) is (words[0] == "train")
        assert ("--label head=face" in said) is (words[0] != "train")
    assert main(["dataset", "check", str(heads)]) == 1
    assert "2 faults" in capsys.readouterr().out
    assert not (tmp_path / "out.json").exists()


def test_what_they_stand_for_can_be_said(heads: Path, tmp_path: Path, capsys: Capture) -> None:
    said = ["--label", "head=face"]
    assert main(["dataset", "check", str(heads), *said]) == 0
    assert "0 faults" in capsys.readouterr().out
    out = tmp_path / "out.json"
    assert main(["dataset", "convert", str(heads), str(out), *said]) == 0
    assert len(read_dataset(out).pictures[0].judged_faces) == 3
    assert main(["dataset", "convert", str(heads), str(out), *said]) == 1
    assert "exists; give --overwrite" in capsys.readouterr().err
    assert main(["dataset", "convert", str(heads), str(out), *said, "--overwrite"]) == 0
    numbers = tmp_path / "numbers.json"
    words = ["evaluate", "--dataset", str(heads), "--json", str(numbers), "--quiet", *said]
    assert main(words) == 0
    config = tmp_path / "mine.toml"
    write_training(config, heads)
    config.write_text(config.read_text().replace("[run]", '[data.labels]\nhead = "face"\n[run]'))
    assert main(["train", "--config", str(config), "--quiet"]) == 0


def test_half_a_mapping_is_wrong_usage(heads: Path, capsys: Capture) -> None:
    with pytest.raises(SystemExit):
        main(["dataset", "check", str(heads), "--label", "head"])
    assert "write it like --label head=face" in capsys.readouterr().err


def test_a_second_training_into_one_folder_is_refused(tmp_path: Path, capsys: Capture) -> None:
    from recorder_core.media import output_lock

    labels = write_labels(tmp_path / "faces" / "val.json", 1)
    write_training(tmp_path / "mine.toml", labels)
    (tmp_path / "runs").mkdir()
    with output_lock(tmp_path / "runs" / "compact"):
        assert main(["train", "--config", str(tmp_path / "mine.toml"), "--quiet"]) == 1
    assert "compact is being written by another run" in capsys.readouterr().err
