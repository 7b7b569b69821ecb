from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from recorder_core.detect import DetectorSettings, ScoredBoxes, load_detector
from recorder_core.detect.drawn_faces import DRAWN_FACES_XYXY_PX, draw_faces
from recorder_core.detect.rotation import QuarterTurns, quarter_turns
from recorder_core.errors import DataError
from recorder_core.model import Planes, View


def _numbered(height: int, width: int) -> Planes:
    y = np.arange(height * width, dtype=np.int64).reshape(height, width).astype(np.uint8)
    chroma = np.arange(height * width // 4).reshape(height // 2, width // 2).astype(np.uint8)
    return Planes(y, chroma, chroma[::-1].copy())


@pytest.mark.parametrize(
    ("degrees", "turns"), [(0, 0), (90, 1), (180, 2), (270, 3), (-90, 3), (-180, 2), (360, 0)]
)
def test_rotation_is_counted_in_quarter_turns(degrees: int, turns: int) -> None:
    assert quarter_turns(degrees) == turns


@pytest.mark.parametrize("turns", [1, 2, 3])
@pytest.mark.parametrize("view", [View(0, 0, 12, 8), View(3, 1, 5, 6), View(2, 3, 9, 5)])
def test_view_is_turned_sample_by_sample_and_boxes_turn_back(turns: int, view: View) -> None:
    planes = _numbered(8, 12)
    rotation = QuarterTurns(view, turns)
    crop = rotation.crop_view(planes)
    seen = crop.planes.y[
        crop.view.y : crop.view.y + crop.view.height, crop.view.x : crop.view.x + crop.view.width
    ]
    stored = planes.y[view.y : view.y + view.height, view.x : view.x + view.width]
    np.testing.assert_array_equal(seen, np.rot90(stored, turns))

    # the box around one pixel, turned back, is the box around the pixel it came from
    row, column = 2, 1
    left, top = crop.view.x + column, crop.view.y + row
    box = np.array([[left, top, left + 1, top + 1]], np.float32)
    x0, y0, x1, y1 = (
        rotation.to_stored(ScoredBoxes(box, np.ones(1, np.float32))).xyxy_px[0].astype(int)
    )
    assert (x1 - x0, y1 - y0) == (1, 1)
    assert planes.y[y0, x0] == seen[row, column]


def test_a_view_outside_the_picture_is_refused() -> None:
    with pytest.raises(DataError, match="inside"):
        QuarterTurns(View(4, 0, 12, 8), 1).crop_view(_numbered(8, 12))


@pytest.mark.parametrize("degrees", [90, 180, 270])
def test_faces_of_a_turned_picture_are_found_where_they_are_stored(degrees: int) -> None:
    luma = draw_faces().mean(axis=2).astype(np.uint8)
    stored = np.ascontiguousarray(np.rot90(luma, -degrees // 90))
    grey = np.full((stored.shape[0] // 2, stored.shape[1] // 2), 128, np.uint8)
    planes = Planes(stored, grey, grey.copy(), full_range=True)
    view = View(0, 0, planes.width, planes.height)
    settings = replace(DetectorSettings(), min_score=0.3)
    turned = load_detector(settings, view, rotation_degrees=degrees).detect(planes)
    assert len(turned) >= len(DRAWN_FACES_XYXY_PX)

    flat = Planes(
        luma, *(np.full((luma.shape[0] // 2, luma.shape[1] // 2), 128, np.uint8),) * 2, True
    )
    expected = load_detector(settings, View(0, 0, flat.width, flat.height)).detect(flat)
    back = QuarterTurns(view, degrees // 90).to_stored(expected)
    np.testing.assert_allclose(turned.xyxy_px, back.xyxy_px, atol=0.01)
