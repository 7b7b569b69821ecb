"""Mix the weights before and after training, so that less is forgotten.

References
----------
.. [1] M. Wortsman et al., "Robust fine-tuning of zero-shot models", CVPR 2022
   (WiSE-FT).
.. [2] P. Izmailov et al., "Averaging Weights Leads to Wider Optima and Better
   Generalization", UAI 2018.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recorder_core.errors import ModelMismatch, SettingsError

__all__ = ["MixChoice", "average_tensors", "choose_mix", "mix_tensors"]

Tensors = Mapping[str, NDArray[np.float32]]


@dataclass(frozen=True, slots=True)
class MixChoice:
    """The share of the trained weights that was chosen, and what every share scored."""

    share: float
    #: share -> set -> score
    scores: dict[float, dict[str, float]]


def mix_tensors(start: Tensors, trained: Tensors, share: float) -> dict[str, NDArray[np.float32]]:
    """Return ``start + share * (trained - start)``, tensor by tensor.

    Parameters
    ----------
    start, trained : mapping of str to ndarray, float32
        Of the same network.
    share : float
        0 gives `start`, 1 gives `trained`.

    Raises
    ------
    ModelMismatch
        If names or shapes differ.
    """
    if start.keys() != trained.keys():
        raise ModelMismatch("weights with different tensors cannot be mixed")
    mixed = {}
    for name, before in start.items():
        after = trained[name]
        if before.shape != after.shape:
            raise ModelMismatch(f"tensor {name}: {before.shape} and {after.shape} cannot be mixed")
        mixed[name] = np.asarray(before + np.float32(share) * (after - before), np.float32)
    return mixed


def average_tensors(several: Sequence[Tensors]) -> dict[str, NDArray[np.float32]]:
    """Return the mean of each tensor over weights of one network, such as a run's snapshots.

    Raises
    ------
    ModelMismatch
        If names or shapes differ.
    """
    mean = dict(several[0])
    for count, tensors in enumerate(several[1:], 2):
        mean = mix_tensors(mean, tensors, 1 / count)
    return mean


def choose_mix(
    start: Tensors,
    trained: Tensors,
    shares: Sequence[float],
    measure: Callable[[dict[str, NDArray[np.float32]]], dict[str, float]],
    floors: Mapping[str, float],
) -> MixChoice:
    """Choose the share with the best mean score whose kept sets do not fall too far.

    Parameters
    ----------
    start, trained : mapping of str to ndarray, float32
    shares : sequence of float
        The shares to try.
    measure : callable
        Tensors to scores by set, higher is better.
    floors : mapping of str to float
        Sets that only have to stay above a score. The mean is that of all others.

    Returns
    -------
    MixChoice

    Raises
    ------
    SettingsError
        If no share keeps every floor; the message says how near the best one is.
    """
    scores = {share: measure(mix_tensors(start, trained, share)) for share in shares}
    kept = {
        share: np.mean([v for name, v in found.items() if name not in floors])
        for share, found in scores.items()
        if all(found[name] >= floor for name, floor in floors.items())
    }
    if not kept:
        raise SettingsError(f"no mix of the weights keeps {dict(floors)}; scores were {scores}")
    return MixChoice(max(kept, key=lambda share: (kept[share], share)), scores)
