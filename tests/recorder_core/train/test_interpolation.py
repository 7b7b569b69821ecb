from __future__ import annotations

import numpy as np
import pytest

from recorder_core.errors import ModelMismatch, SettingsError
from recorder_core.train.interpolation import average_tensors, choose_mix, mix_tensors

START = {"x": np.zeros(2, np.float32)}
TRAINED = {"x": np.ones(2, np.float32)}


def _measure(tensors):
    share = float(tensors["x"][0])
    # the new set improves up to 0.8, the old one falls
    return {"new": 1 - abs(share - 0.8), "old": 1 - 0.5 * share}


def test_ends_and_middle():
    assert mix_tensors(START, TRAINED, 0)["x"].tolist() == [0, 0]
    assert mix_tensors(START, TRAINED, 1)["x"].tolist() == [1, 1]
    assert mix_tensors(START, TRAINED, 0.25)["x"].tolist() == [0.25, 0.25]


def test_the_best_share_above_the_floor_is_chosen():
    shares = [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]
    choice = choose_mix(START, TRAINED, shares, _measure, {"old": 0.5})
    assert choice.share == 0.8
    assert choice.scores[0.2]["old"] == pytest.approx(0.9)
    assert choose_mix(START, TRAINED, shares, _measure, {"old": 0.75}).share == 0.4


def test_a_floor_that_no_share_keeps_is_an_error():
    with pytest.raises(SettingsError, match="no mix"):
        choose_mix(START, TRAINED, [0.5, 1.0], _measure, {"old": 0.9})


def test_different_networks_cannot_be_mixed():
    with pytest.raises(ModelMismatch, match="different tensors"):
        mix_tensors(START, {"y": np.ones(2, np.float32)}, 0.5)
    with pytest.raises(ModelMismatch, match="tensor x"):
        mix_tensors(START, {"x": np.ones(3, np.float32)}, 0.5)


def test_the_average_of_snapshots():
    values = [{"x": np.full(2, v, np.float32)} for v in (0, 1, 5)]
    assert average_tensors(values)["x"] == pytest.approx([2, 2])
    assert average_tensors(values[:1])["x"].tolist() == [0, 0]
