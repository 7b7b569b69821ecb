from __future__ import annotations

from pathlib import Path

import pytest

import recorder_core.train
from recorder_core.errors import SettingsError
from recorder_core.train.settings import TrainingSettings, read_settings

CONFIGS = Path(recorder_core.train.__file__).parent / "configs"


def _read(tmp_path, text):
    path = tmp_path / "run.toml"
    path.write_text(text)
    return read_settings(path)


def test_an_empty_file_is_the_default(tmp_path):
    assert _read(tmp_path, "") == TrainingSettings()


@pytest.mark.parametrize("name", ["default", "paper", "published"])
def test_the_files_that_come_with_the_program_are_valid(name):
    settings = read_settings(CONFIGS / f"{name}.toml")
    optimiser = settings.optimiser
    assert len(optimiser.decay_at_steps) == len(optimiser.decay_factors)
    assert settings.data.train.is_absolute()


def test_the_papers_schedule():
    optimiser = read_settings(CONFIGS / "paper.toml").optimiser
    assert (optimiser.method, optimiser.learning_rate) == ("sgd", 1e-3)
    assert (optimiser.momentum, optimiser.weight_decay) == (0.95, 0.05)
    assert optimiser.decay_factors == (0.9, 0.99)


def test_values_of_nested_tables_and_paths(tmp_path):
    settings = _read(
        tmp_path,
        '[data]\ntrain = "x/t.json"\nleft_out_sets = ["b"]\n'
        "[run]\nema_decay = 0\n[sample.view]\nsize_px = 96\n",
    )
    assert settings.data.train == tmp_path / "x/t.json"
    assert settings.data.left_out_sets == ("b",)
    assert settings.run.ema_decay == 0.0
    assert settings.sample.view.size_px == 96


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[run]\nstep = 3", "no setting run.step"),
        ("[running]", "no setting running"),
        ("run = 3", "run must be a table"),
        ('[run]\nsteps = "many"', "run.steps is 'many'"),
        ("[run]\nsteps = true", "run.steps is True"),
        ('[run]\nbatch_norm = "off"', "choose one of live, folded"),
        ("[data]\ntrain = 3", "data.train must be a path"),
        ("[optimiser]\nfrozen = 3", "optimiser.frozen must be a list"),
        ("[run", "not valid TOML"),
    ],
)
def test_mistakes_are_named(tmp_path, text, sentence):
    with pytest.raises(SettingsError, match=sentence):
        _read(tmp_path, text)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(SettingsError, match="cannot be read"):
        read_settings(tmp_path / "none.toml")
