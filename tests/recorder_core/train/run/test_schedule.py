from __future__ import annotations

import pytest
import torch

from recorder_core.errors import SettingsError
from recorder_core.train.run.schedule import learning_rate, make_optimiser
from recorder_core.train.settings import OptimiserSettings


def test_cosine():
    settings = OptimiserSettings(learning_rate=1.0, warmup_steps=10, final_factor=0.1)
    assert learning_rate(0, 100, settings) == pytest.approx(0.1)
    assert learning_rate(50, 100, settings) == pytest.approx(0.55)
    assert learning_rate(100, 100, settings) == pytest.approx(0.1)


def test_steps():
    settings = OptimiserSettings(
        learning_rate=1.0,
        schedule="steps",
        warmup_steps=0,
        decay_at_steps=(10, 20),
        decay_factors=(0.1, 0.5),
    )
    rates = [learning_rate(step, 100, settings) for step in (0, 9, 10, 19, 20, 99)]
    assert rates == pytest.approx([1, 1, 0.1, 0.1, 0.05, 0.05])


def test_the_papers_inputs_are_counted_in_pictures():
    settings = OptimiserSettings(
        learning_rate=1e-3,
        schedule="steps",
        warmup_steps=0,
        decay_at_inputs=(1500, 2750),
        decay_factors=(0.9, 0.99),
    )
    # with 8 pictures a step 1,500 have been seen before step 188, 2,750 before step 344
    rates = [learning_rate(step, 500, settings, 8) for step in (187, 188, 343, 344)]
    assert rates == pytest.approx([1e-3, 9e-4, 9e-4, 8.91e-4])


@pytest.mark.parametrize(
    "values",
    [
        {
            "decay_at_steps": (1,),
            "decay_at_inputs": (8,),
            "decay_factors": (0.1,),
            "schedule": "steps",
        },
        {"decay_at_steps": (1, 2), "decay_factors": (0.1,), "schedule": "steps"},
        {"decay_at_steps": (1,), "decay_factors": (0.1,), "schedule": "cosine"},
        {"learning_rate": 0.0},
    ],
)
def test_contradictions_are_refused(values):
    with pytest.raises(SettingsError):
        OptimiserSettings(**values)


def test_frozen_tensors_and_shifts_are_told_apart():
    network = torch.nn.Sequential(torch.nn.Conv2d(1, 2, 3), torch.nn.BatchNorm2d(2))
    settings = OptimiserSettings(weight_decay=0.05, frozen=("1.",))
    weights, shifts = make_optimiser(network, settings).param_groups
    assert [p.shape for p in weights["params"]] == [(2, 1, 3, 3)]
    assert [p.shape for p in shifts["params"]] == [(2,)]
    assert (weights["weight_decay"], shifts["weight_decay"]) == (0.05, 0.0)
    assert not network[1].weight.requires_grad
    plain = OptimiserSettings(method="sgd", momentum=0.95, weight_decay=0.05, decays_shifts=True)
    groups = make_optimiser(network, plain).param_groups
    assert [group["weight_decay"] for group in groups] == [0.05, 0.05]
    assert groups[0]["momentum"] == 0.95
