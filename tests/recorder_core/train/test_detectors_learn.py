"""Every family overfits a tiny made set through the one loop, from new weights."""

from __future__ import annotations

from dataclasses import replace

import pytest

from recorder_core.detect.networks import FAMILIES
from recorder_core.detect.weights import load_weights
from recorder_core.train.learning.loss import LossSettings
from recorder_core.train.learning.matching import MatchingSettings
from recorder_core.train.learning.two_stage_objective import SamplingSettings
from recorder_core.train.run.loop import train
from recorder_core.train.run.objectives import OBJECTIVES
from recorder_core.train.settings import OptimiserSettings

RESNET = {"depth": 18, "width": 8, "pyramid": 16}


def _learn(settings, detector, steps, batch_size, **changes):
    run = replace(
        settings.run,
        detector=detector,
        steps=steps,
        batch_size=batch_size,
        batch_norm="live",
        ema_decay=0.9,
        log_every_steps=10,
        checkpoint_every_steps=1000,
    )
    settings = replace(
        settings, run=run, optimiser=OptimiserSettings(learning_rate=5e-3, warmup_steps=5)
    )
    return replace(settings, **changes)


def test_every_family_has_an_objective():
    assert OBJECTIVES.keys() == FAMILIES.keys()


@pytest.mark.parametrize(
    ("detector", "steps", "batch_size", "changes"),
    [
        ("compact", 100, 8, {"loss": LossSettings(distill_weight=0)}),
        (
            "retinanet",
            100,
            8,
            {"network": RESNET, "loss": LossSettings(distill_weight=0, box_weight=1)},
        ),
        (
            "faster-rcnn",
            140,
            4,
            {
                "network": {**RESNET, "representation": 64},
                "loss": LossSettings(distill_weight=0, box_weight=1),
                "matching": MatchingSettings(min_iou=0.5, max_background_iou=0.3),
                "sampling": SamplingSettings(proposals=64),
            },
        ),
    ],
)
def test_a_tiny_made_set_is_learnt_by_heart(
    settings, precision, read_log, detector, steps, batch_size, changes
):
    settings = _learn(settings, detector, steps, batch_size, **changes)
    weights = load_weights(train(settings))
    assert weights.detector == FAMILIES[detector].network
    assert min(precision(weights).values()) > 0.95
    sums = [
        sum(float(value) for name, value in row.items() if name.endswith("loss"))
        for row in read_log(settings)
    ]
    assert sums[-1] < 0.6 * sums[0]
