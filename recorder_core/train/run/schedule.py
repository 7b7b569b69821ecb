"""How the weights move: the optimiser and its learning rate."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from recorder_core.train.settings import OptimiserSettings

if TYPE_CHECKING:
    import torch
    from torch import nn

__all__ = ["learning_rate", "make_optimiser"]


def learning_rate(step: int, steps: int, settings: OptimiserSettings, batch_size: int = 1) -> float:
    """Return the learning rate of a step.

    Parameters
    ----------
    step : int
        From 0.
    steps : int
        Of the whole run.
    settings : OptimiserSettings
    batch_size : int
        Inputs in a step.
    """
    rate = settings.learning_rate * min(1.0, (step + 1) / max(1, settings.warmup_steps))
    if settings.schedule == "cosine":
        left = 0.5 * (1 + math.cos(math.pi * step / max(1, steps)))
        return rate * (settings.final_factor + (1 - settings.final_factor) * left)
    places, reached = settings.decay_at_steps, step
    if settings.decay_at_inputs:
        places, reached = settings.decay_at_inputs, step * batch_size
    for place, factor in zip(places, settings.decay_factors, strict=True):
        rate *= factor if reached >= place else 1.0
    return rate


def make_optimiser(network: nn.Module, settings: OptimiserSettings) -> torch.optim.Optimizer:
    """Return the optimiser of a network's parameters; frozen ones stay as they are."""
    import torch

    for name, parameter in network.named_parameters():
        if settings.frozen and name.startswith(settings.frozen):
            parameter.requires_grad = False
    trained = [p for p in network.parameters() if p.requires_grad]
    decay = settings.weight_decay
    groups = [
        {"params": [p for p in trained if p.ndim > 1], "weight_decay": decay},
        {
            "params": [p for p in trained if p.ndim <= 1],
            "weight_decay": decay if settings.decays_shifts else 0.0,
        },
    ]
    if settings.method == "sgd":
        return torch.optim.SGD(groups, settings.learning_rate, settings.momentum)
    return torch.optim.AdamW(groups, settings.learning_rate)
