from __future__ import annotations

import csv
from dataclasses import replace

import numpy as np
import pytest
import torch

from recorder_core.detect.weights import load_weights
from recorder_core.errors import ModelMismatch
from recorder_core.train import loop
from recorder_core.train.dataset import read_coco
from recorder_core.train.evaluate import (
    EvaluationSettings,
    detect_in_faces,
    evaluate_faces,
    make_detect,
)
from recorder_core.train.loop import learning_rate, train
from recorder_core.train.loss import LossSettings
from recorder_core.train.photometry import PhotometrySettings
from recorder_core.train.samples import MixSettings, SampleSettings
from recorder_core.train.settings import (
    DataSettings,
    OptimiserSettings,
    RunSettings,
    TrainingSettings,
)
from recorder_core.train.views import ViewSettings

PLAIN = SampleSettings(
    mix=MixSettings(0, 0, 0, 0, 0, 0, 0, max_layers=1),
    view=ViewSettings(size_px=96, min_face_px=24, max_face_px=60, small_share=0, turn_share=0),
    photometry=PhotometrySettings(0, 0, 0, 0, 7, 0, 1.0, 0, 0, 0),
)


@pytest.fixture
def settings(made_set, tmp_path):
    return TrainingSettings(
        data=DataSettings(made_set),
        run=RunSettings(
            output=tmp_path / "run",
            steps=6,
            batch_size=2,
            threads=1,
            log_every_steps=1,
            checkpoint_every_steps=2,
            snapshot_every_steps=100,
        ),
        optimiser=OptimiserSettings(learning_rate=1e-3, warmup_steps=5),
        sample=PLAIN,
    )


def _log(settings):
    with (settings.run.output / "log.csv").open() as file:
        return [{k: v for k, v in row.items() if k != "seconds"} for row in csv.DictReader(file)]


def test_a_tiny_made_set_is_learnt_by_heart(settings, made_set):
    settings = replace(
        settings,
        run=replace(settings.run, steps=80, batch_size=4, ema_decay=0.9, log_every_steps=10),
        loss=LossSettings(distill_weight=0),
    )
    measure = EvaluationSettings(long_side_px=160)

    def precision(weights):
        detected = detect_in_faces(make_detect(weights, measure), read_coco(made_set), measure)
        return evaluate_faces(detected, measure)["average_precision"]

    before, after = precision(load_weights()), precision(load_weights(train(settings)))
    assert max(before.values()) < 0.5
    assert min(after.values()) > 0.95
    losses = [float(row["label_loss"]) for row in _log(settings)]
    assert losses[-1] < 0.3 * losses[0]


def test_a_killed_run_goes_on_as_if_nothing_had_happened(settings, tmp_path, monkeypatch):
    whole = replace(settings, run=replace(settings.run, output=tmp_path / "whole"))
    expected = load_weights(train(whole)).tensors

    advance = loop._Trainer.advance

    def killed_at_step_5(trainer, batch):
        if trainer.step == 5:
            raise KeyboardInterrupt
        advance(trainer, batch)

    monkeypatch.setattr(loop._Trainer, "advance", killed_at_step_5)
    with pytest.raises(KeyboardInterrupt):
        train(settings)
    assert len(_log(settings)) == 5
    monkeypatch.undo()
    resumed = load_weights(train(settings)).tensors
    assert all(np.array_equal(resumed[name], value) for name, value in expected.items())
    assert _log(settings) == _log(whole)


def test_another_seed_gives_another_result(settings, tmp_path):
    first = load_weights(train(settings)).tensors
    other = replace(settings.run, output=tmp_path / "other", seed=2)
    second = load_weights(train(replace(settings, run=other))).tensors
    assert any(not np.array_equal(first[name], value) for name, value in second.items())


def test_frozen_tensors_stay(settings):
    trained = load_weights(train(settings)).tensors
    start = load_weights().tensors
    assert trained["body.stage1.0.0.weight"] == pytest.approx(
        start["body.stage1.0.0.weight"], rel=1e-4, abs=1e-5
    )
    assert not np.allclose(trained["fpn.merge1.0.weight"], start["fpn.merge1.0.weight"], atol=1e-5)
    statistics = [name for name in start if "running" in name]
    assert all(np.array_equal(trained[name], start[name]) for name in statistics)


def test_the_papers_training_moves_the_statistics(settings):
    paper = replace(
        settings,
        run=replace(settings.run, batch_norm="live", ema_decay=0.0),
        optimiser=OptimiserSettings(
            "sgd", 1e-3, 0.95, 0.05, "steps", 0, 0.0, (2, 4), (0.9, 0.99), frozen=()
        ),
        loss=LossSettings(distill_weight=0),
    )
    trained, start = load_weights(train(paper)).tensors, load_weights().tensors
    name = "body.stage1.0.1.running_mean"
    assert not np.array_equal(trained[name], start[name])
    rates = [float(row["learning_rate"]) for row in _log(paper)]
    assert rates == pytest.approx([1e-3, 1e-3, 9e-4, 9e-4, 8.91e-4, 8.91e-4], rel=1e-3)


def test_a_checkpoint_of_other_weights_is_refused(settings):
    train(settings)
    path = settings.run.output / "checkpoint.pt"
    state = torch.load(path, weights_only=True)
    state["start"] = "0" * 64
    torch.save(state, path)
    with pytest.raises(ModelMismatch, match="other weights"):
        train(settings)


def test_cosine_schedule():
    settings = OptimiserSettings(learning_rate=1.0, warmup_steps=10, final_factor=0.1)
    assert learning_rate(0, 100, settings) == pytest.approx(0.1)
    assert learning_rate(50, 100, settings) == pytest.approx(0.55)
    assert learning_rate(100, 100, settings) == pytest.approx(0.1)
