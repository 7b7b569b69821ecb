"""Faces are mixtures of two photographs."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from recorder_core.errors import DataError
from recorder_core.simulate.people import portraits
from recorder_core.simulate.people.portraits import draw_front, pick_identity


def test_blends_only_are_even_mixtures() -> None:
    for seed in range(5):
        rng = np.random.default_rng(seed)
        blends = [pick_identity(number, rng, blend_only=True).blend for number in range(8)]
        assert 0.4 <= min(blends) <= max(blends) <= 0.6


def test_staff_differs() -> None:
    rng = np.random.default_rng(2)
    people = [pick_identity(number, rng, blend_only=False) for number in range(8)]
    assert len({person.blend for person in people[:6]}) == 6
    assert len({person.skin_rgb for person in people}) > 2


def test_a_mirrored_face_is_the_mirror_image() -> None:
    identity = pick_identity(0, np.random.default_rng(0), blend_only=True)
    straight = draw_front(replace(identity, mirrored=False))
    turned = draw_front(replace(identity, mirrored=True))
    assert np.array_equal(straight[:, ::-1], turned)


def test_skin_has_the_wanted_colour() -> None:
    identity = pick_identity(0, np.random.default_rng(0), blend_only=True)
    for skin in ((222.0, 178.0, 156.0), (128.0, 86.0, 66.0)):
        front = draw_front(replace(identity, skin_rgb=skin))
        cheek = front[150:200, 80:160].mean(axis=(0, 1))
        assert np.allclose(cheek, np.array(skin) * 0.9, atol=22)


def test_a_missing_photograph_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    empty = str(tmp_path_factory.mktemp("empty"))
    monkeypatch.setattr(portraits.matplotlib, "get_data_path", lambda: empty)
    portraits._photographs.cache_clear()
    with pytest.raises(DataError, match=r"grace_hopper\.jpg is missing"):
        portraits._photographs()
    portraits._photographs.cache_clear()
