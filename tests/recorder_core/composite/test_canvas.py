"""What lies around pictures is covered whole, and each sample once."""

from __future__ import annotations

import numpy as np
import pytest

from recorder_core.composite import LAYOUT_PRESETS, preset_layout
from recorder_core.composite.canvas import parts_around
from recorder_core.model import View

HOLES = [
    (),
    (View(0, 0, 64, 48),),
    (View(10, 4, 20, 30),),
    (View(0, 0, 32, 48), View(32, 0, 32, 24), View(40, 30, 10, 10)),
    (View(4, 4, 8, 8), View(20, 6, 8, 20), View(30, 26, 34, 22)),
]


@pytest.mark.parametrize("holes", HOLES, ids=len)
def test_every_sample_is_in_one_part_or_hole(holes: tuple[View, ...]) -> None:
    covered = np.zeros((48, 64), int)
    for part in (*parts_around(64, 48, holes), *holes):
        assert not any(side % 2 for side in (part.x, part.y, part.width, part.height))
        covered[part.y : part.y + part.height, part.x : part.x + part.width] += 1
    assert (covered == 1).all()


@pytest.mark.parametrize("name", LAYOUT_PRESETS)
def test_presets_are_covered(name: str) -> None:
    layout = preset_layout(name)
    views = tuple(view.rectangle for view in layout.views)
    parts = parts_around(layout.width, layout.height, views)
    assert sum(part.width * part.height for part in (*parts, *views)) == 1920 * 1080
