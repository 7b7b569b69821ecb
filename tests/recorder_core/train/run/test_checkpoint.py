from __future__ import annotations

from dataclasses import replace

import pytest

from recorder_core.errors import DataError, EncodeError, ModelMismatch, SettingsError
from recorder_core.train.run.checkpoint import RunFolder
from recorder_core.train.settings import TrainingSettings

SETTINGS = TrainingSettings()
STATE = {"step": 20, "start": "abc"}


@pytest.fixture
def folder(tmp_path):
    return RunFolder(tmp_path / "run", ("step", "loss"))


def _log(tmp_path):
    return (tmp_path / "run" / "log.csv").read_text().splitlines()


def test_without_a_checkpoint_a_run_begins_with_an_empty_log(folder, tmp_path):
    folder.log([10, 0.5])
    assert _log(tmp_path) == ["step,loss", "10,0.5"]
    assert folder.load(SETTINGS, "abc") is None
    assert not (tmp_path / "run" / "log.csv").exists()


def test_rows_after_the_checkpoint_are_dropped(folder, tmp_path):
    for step in (10, 20, 30):
        folder.log([step, 0.5])
    with (tmp_path / "run" / "log.csv").open("a") as file:
        file.write("40,0.")
    folder.save(STATE, SETTINGS)
    assert folder.load(SETTINGS, "abc")["step"] == 20
    assert _log(tmp_path) == ["step,loss", "10,0.5", "20,0.5"]


def test_a_full_disk_keeps_the_checkpoint_before(folder, tmp_path, monkeypatch):
    folder.save(STATE, SETTINGS)
    before = (tmp_path / "run" / "checkpoint.pt").read_bytes()

    def half(_state, path):
        path.write_bytes(b"half")
        raise RuntimeError("unexpected pos 576 vs 534")

    monkeypatch.setattr("torch.save", half)
    with pytest.raises(EncodeError, match="MB free; the one before is kept: free up space"):
        folder.save(STATE, SETTINGS)
    assert {path.name for path in (tmp_path / "run").iterdir()} == {"checkpoint.pt"}
    assert (tmp_path / "run" / "checkpoint.pt").read_bytes() == before


def test_a_checkpoint_of_other_weights_is_refused(folder):
    folder.save(STATE, SETTINGS)
    with pytest.raises(ModelMismatch, match="started from other weights"):
        folder.load(SETTINGS, "def")


def test_other_settings_are_refused_and_named(folder):
    folder.save(STATE, SETTINGS)
    changed = replace(SETTINGS, run=replace(SETTINGS.run, batch_size=3))
    with pytest.raises(SettingsError, match=r"another run\.batch_size \(16, now 3\)"):
        folder.load(changed, "abc")
    deeper = replace(SETTINGS, network={"depth": 18})
    with pytest.raises(SettingsError, match=r"another network\.depth \(None, now 18\)"):
        folder.load(deeper, "abc")


def test_settings_that_change_no_result_may_change(folder):
    folder.save(STATE, SETTINGS)
    run = replace(SETTINGS.run, threads=7, workers=3, log_every_steps=1, device="cpu")
    assert folder.load(replace(SETTINGS, run=run), "abc")["step"] == 20


@pytest.mark.parametrize("keep", [0, 30, 400])
def test_a_damaged_checkpoint_is_named(folder, tmp_path, keep):
    folder.save(STATE, SETTINGS)
    path = tmp_path / "run" / "checkpoint.pt"
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(DataError, match=r"checkpoint\.pt is damaged; move it away"):
        folder.load(SETTINGS, "abc")


def test_a_file_of_something_else_is_named(folder, tmp_path):
    import torch

    torch.save([1, 2], tmp_path / "run" / "checkpoint.pt")
    with pytest.raises(DataError, match="not of this program"):
        folder.load(SETTINGS, "abc")
