from __future__ import annotations

import numpy as np
import pytest

from recorder_core.deidentify.panes import enclosing_view, find_panes
from recorder_core.model import View

HEIGHT, WIDTH = 180, 320


def _scene(height: int, width: int, seed: int) -> np.ndarray:
    """A smooth scene of its own: no two of them agree along a border."""
    rows, columns = np.mgrid[:height, :width].astype(float)
    generator = np.random.default_rng(seed)
    total = np.full((height, width), generator.uniform(60, 190))
    for _ in range(4):
        across, down, phase = generator.uniform(0.01, 0.06, 3) * (1, 1, 100)
        total += 14 * np.sin(columns * across + rows * down + phase)
    return np.clip(total + generator.normal(0, 1.5, total.shape), 0, 255).astype(np.uint8)


def _frames(views: list[View]) -> list[np.ndarray]:
    frames = []
    for number in range(6):
        frame = np.zeros((HEIGHT, WIDTH), np.uint8)
        for place, view in enumerate(views):
            scene = _scene(view.height, view.width, 10 * place + number % 2)
            frame[view.y : view.y + view.height, view.x : view.x + view.width] = scene
        frames.append(frame)
    return frames


@pytest.mark.parametrize(
    "views",
    [
        [View(0, 0, 160, 90), View(160, 0, 160, 90), View(0, 90, 160, 90), View(160, 90, 160, 90)],
        [View(0, 0, 214, 180), View(214, 0, 106, 60), View(214, 60, 106, 60),
         View(214, 120, 106, 60)],
        [View(0, 0, 101, 180), View(101, 0, 219, 75), View(101, 75, 219, 105)],
    ],
)  # fmt: skip
def test_a_composite_is_cut_where_its_views_meet(views: list[View]) -> None:
    assert sorted(map(str, find_panes(_frames(views)))) == sorted(map(str, views))


def test_one_camera_is_not_cut() -> None:
    whole = View(0, 0, WIDTH, HEIGHT)
    assert find_panes(_frames([whole])) == [whole]


def test_a_box_that_crosses_part_of_the_frame_is_no_border() -> None:
    frames = _frames([View(0, 0, WIDTH, HEIGHT)])
    for frame in frames:
        frame[40:120, 100:220] = 250
    assert find_panes(frames) == [View(0, 0, WIDTH, HEIGHT)]


def test_a_view_around_others_holds_them_all() -> None:
    assert enclosing_view([View(10, 20, 30, 40), View(50, 4, 6, 8)]) == View(10, 4, 46, 56)
