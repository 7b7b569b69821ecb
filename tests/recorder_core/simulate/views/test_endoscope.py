"""The laparoscope's picture is round, lively and repeatable."""

from __future__ import annotations

import numpy as np

from recorder_core.simulate.views.endoscope import Endoscope


def _picture(seconds: float, seed: int = 1) -> np.ndarray:
    return Endoscope(180, 240, np.random.default_rng(seed)).picture(seconds)


def test_the_picture_is_round_and_red() -> None:
    picture = _picture(2.0)
    assert picture.shape == (180, 240, 3)
    assert picture[:8, :8].max() == 0
    middle = picture[40:140, 70:170].reshape(-1, 3).mean(axis=0)
    assert middle[0] > 1.2 * middle[2]
    assert picture.std() > 30


def test_it_moves_and_can_be_repeated() -> None:
    assert np.array_equal(_picture(1.0), _picture(1.0))
    assert np.mean(np.abs(_picture(1.0).astype(int) - _picture(1.2))) > 2
    assert np.mean(np.abs(_picture(1.0).astype(int) - _picture(1.0, seed=2))) > 5


def test_smoke_brightens_the_picture() -> None:
    scope = Endoscope(180, 240, np.random.default_rng(1))
    clear = np.full((180, 240, 3), 40, np.uint8)
    means = [scope._add_smoke(clear, seconds).mean() for seconds in np.arange(0, 13, 1.0)]
    assert min(means) == 40
    assert max(means) > 50
