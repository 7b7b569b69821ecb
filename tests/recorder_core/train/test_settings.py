from __future__ import annotations

from pathlib import Path

import pytest

import recorder_core.train
from recorder_core.detect.anchors import AnchorSettings
from recorder_core.detect.networks import family_named
from recorder_core.errors import SettingsError
from recorder_core.train.settings import TrainingSettings, read_settings

CONFIGS = Path(recorder_core.train.__file__).parent / "configs"


def _read(tmp_path, text):
    path = tmp_path / "run.toml"
    path.write_text(text)
    return read_settings(path)


def test_an_empty_file_is_the_default(tmp_path):
    assert _read(tmp_path, "") == TrainingSettings()


@pytest.mark.parametrize("path", sorted(CONFIGS.glob("*.toml")), ids=lambda path: path.stem)
def test_the_files_that_come_with_the_program_are_valid(path):
    settings = read_settings(path)
    family = family_named(settings.run.detector)
    family.read_design(settings.network)
    assert settings.data.train.is_absolute()
    assert settings.run.output.parent == CONFIGS / "runs"
    if settings.anchors:
        assert AnchorSettings.from_values(settings.anchors) == family.anchors


def test_the_papers_recipe():
    settings = read_settings(CONFIGS / "paper.toml")
    optimiser, loss = settings.optimiser, settings.loss
    assert (optimiser.method, optimiser.learning_rate) == ("sgd", 1e-3)
    assert (optimiser.momentum, optimiser.weight_decay) == (0.95, 0.05)
    assert optimiser.decay_at_inputs == (1500, 2750)
    assert optimiser.decay_factors == (0.9, 0.99)
    assert (optimiser.warmup_steps, optimiser.decays_shifts, optimiser.frozen) == (0, True, ())
    assert (loss.negatives_per_face, loss.distill_weight) == (7, 0)
    assert settings.run.steps * settings.run.batch_size > 2750


def test_the_published_recipe():
    settings = read_settings(CONFIGS / "published.toml")
    assert (settings.optimiser.momentum, settings.optimiser.weight_decay) == (0.9, 5e-4)
    assert settings.loss.landmark_weight == 1
    assert settings.run.steps * settings.run.batch_size == pytest.approx(250 * 12880, rel=0.01)
    assert settings.sample.view.size_px == 640


@pytest.mark.parametrize("name", ["paper", "published"])
def test_recipes_of_others_draw_nothing_that_is_ours(name):
    sample = read_settings(CONFIGS / f"{name}.toml").sample
    shares = {
        f"{part}.{share}": getattr(getattr(sample, part), share)
        for part in ("mix", "view", "photometry")
        for share in type(getattr(sample, part)).__slots__
        if share.endswith("_share")
    }
    # these act where something else puts pictures or faces on each other
    allowed = {"mix.scene_clutter_share", "mix.empty_clutter_share", "photometry.colour_share"}
    assert {name for name, share in shares.items() if share} - allowed == {
        "view.min_visible_share",
        "view.min_known_share",
    }


def test_the_recipe_of_the_programs_weights():
    settings = read_settings(CONFIGS / "default.toml")
    assert settings.run.detector == family_named(settings.run.detector).name
    assert settings.teacher.predictions == CONFIGS / "train.centerface.txt"
    assert settings.run.start == settings.teacher.weights
    assert settings.loss.box_loss == "eiou"


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
    sizes = _read(tmp_path, "[network]\ndepth = 18\n[matching]\nmax_background_iou = 0.2\n")
    assert sizes.network == {"depth": 18}
    assert sizes.matching.max_background_iou == 0.2


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[run]\nstep = 3", "no setting run.step"),
        ("[running]", "no setting running"),
        ("run = 3", "run must be a table"),
        ('[run]\nsteps = "many"', "run.steps is 'many'"),
        ("[run]\nsteps = true", "run.steps is True"),
        ('[run]\nbatch_norm = "off"', "choose one of live, fixed, folded"),
        ("[data]\ntrain = 3", "data.train must be a path"),
        ("[optimiser]\nfrozen = 3", "optimiser.frozen must be a list"),
        ("[optimiser]\nfrozen = [3]", "optimiser.frozen is 3; it must be of type str"),
        ("[sample.scene]\nface_px = [3]", "sample.scene.face_px has 1 values; it needs 2"),
        ("[run", "not valid TOML"),
        ("[run]\nsteps = 0", "run.steps is 0; it must be at least 1"),
        ("[run]\nema_decay = 1.0", "run.ema_decay lies in"),
        ("[scale]\nfactors = [0]", "scale.factors must be greater than 0"),
        ("network = 3", "network must be a table"),
        ("[matching]\nmin_iou = 0.3\nmax_background_iou = 0.4", "max_background_iou is at most"),
    ],
)
def test_mistakes_are_named(tmp_path, text, sentence):
    with pytest.raises(SettingsError, match=sentence):
        _read(tmp_path, text)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(SettingsError, match="cannot be read"):
        read_settings(tmp_path / "none.toml")
