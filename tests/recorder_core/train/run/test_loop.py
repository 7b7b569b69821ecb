from __future__ import annotations

import signal
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from recorder_core.detect.weights import load_weights
from recorder_core.errors import EngineUnavailable, SettingsError
from recorder_core.train.learning.loss import LossSettings
from recorder_core.train.run import loop
from recorder_core.train.run.loop import train
from recorder_core.train.settings import OptimiserSettings, read_settings


def test_a_tiny_made_set_is_learnt_by_heart(settings, precision, read_log):
    settings = replace(
        settings,
        run=replace(settings.run, steps=80, batch_size=4, ema_decay=0.9, log_every_steps=10),
        loss=LossSettings(distill_weight=0),
    )
    before, after = precision(load_weights()), precision(load_weights(train(settings)))
    assert max(before.values()) < 0.5
    assert min(after.values()) > 0.95
    losses = [float(row["label_loss"]) for row in read_log(settings)]
    assert losses[-1] < 0.3 * losses[0]


def test_a_stopped_run_goes_on_as_if_nothing_had_happened(
    settings, tmp_path, monkeypatch, read_log
):
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
    assert len(read_log(settings)) == 5
    monkeypatch.undo()
    resumed = load_weights(train(settings)).tensors
    assert all(np.array_equal(resumed[name], value) for name, value in expected.items())
    assert read_log(settings) == read_log(whole)


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


def test_the_papers_training_moves_the_statistics(settings, read_log):
    paper = replace(
        settings,
        run=replace(settings.run, batch_norm="live", ema_decay=0.0),
        optimiser=OptimiserSettings(
            method="sgd",
            learning_rate=1e-3,
            momentum=0.95,
            weight_decay=0.05,
            schedule="steps",
            warmup_steps=0,
            decay_at_inputs=(4, 8),
            decay_factors=(0.9, 0.99),
        ),
        loss=LossSettings(distill_weight=0),
    )
    trained, start = load_weights(train(paper)).tensors, load_weights().tensors
    name = "body.stage1.0.1.running_mean"
    assert not np.array_equal(trained[name], start[name])
    rates = [float(row["learning_rate"]) for row in read_log(paper)]
    assert rates == pytest.approx([1e-3, 1e-3, 9e-4, 9e-4, 8.91e-4, 8.91e-4], rel=1e-3)


KILLED = """
import os, signal, sys
from pathlib import Path
from recorder_core.train import read_settings, train

def kill(done, total):
    if done == 5:
        os.kill(os.getpid(), signal.SIGKILL)

train(read_settings(Path(sys.argv[1])), kill)
"""


def test_a_run_that_the_system_killed_goes_on_to_the_same_result(settings, tmp_path, read_log):
    data = f'[data]\ntrain = "{settings.data.train}"\n[teacher]\ncompletes_labels = false\n'
    run = "steps = 8\nbatch_size = 1\nthreads = 1\ndevice = 'cpu'\nlog_every_steps = 1\n"
    text = (
        f"{data}[run]\n{run}workers = 1\ncheckpoint_every_steps = 3\n[sample.view]\nsize_px = 64\n"
    )
    for name in ("whole", "killed"):
        (tmp_path / f"{name}.toml").write_text(text.replace("[run]", f"[run]\noutput = '{name}'"))
    words = [sys.executable, "-c", KILLED, str(tmp_path / "killed.toml")]
    assert subprocess.run(words, check=False).returncode == -signal.SIGKILL
    whole, killed = (read_settings(tmp_path / f"{name}.toml") for name in ("whole", "killed"))
    assert [row["step"] for row in read_log(killed)] == ["1", "2", "3", "4", "5"]
    expected, resumed = (load_weights(train(each)).tensors for each in (whole, killed))
    assert all(np.array_equal(resumed[name], value) for name, value in expected.items())
    assert read_log(killed) == read_log(whole)


def test_bfloat16_learns_nearly_the_same(settings, read_log, tmp_path):
    train(settings)
    lower = replace(settings.run, output=tmp_path / "lower", precision="bf16")
    train(replace(settings, run=lower))
    exact, rounded = (
        np.array([float(row["label_loss"]) for row in read_log(each)])
        for each in (settings, replace(settings, run=lower))
    )
    assert not np.array_equal(exact, rounded)
    assert rounded == pytest.approx(exact, rel=0.2)


def test_the_last_steps_are_logged_too(settings, read_log):
    train(replace(settings, run=replace(settings.run, log_every_steps=4)))
    assert [row["step"] for row in read_log(settings)] == ["4", "6"]


def test_progress_counts_the_steps(settings):
    seen = []
    train(settings, lambda done, total: seen.append((done, total)))
    assert seen == [(step, 6) for step in range(7)]


def test_what_cannot_run_is_refused(settings, monkeypatch):
    compact = replace(settings.run, detector="compact")
    with pytest.raises(SettingsError, match="not folded in training"):
        train(replace(settings, run=compact))
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    with pytest.raises(EngineUnavailable, match="cannot use an NVIDIA card"):
        train(replace(settings, run=replace(settings.run, device="cuda")))
