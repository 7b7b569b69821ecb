from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from recorder_core.detect import DetectorSettings, ScoredBoxes, load_detector
from recorder_core.detect.shown_view import ShownView
from recorder_core.detect.weights.drawn_faces import DRAWN_FACES_XYXY_PX, draw_faces
from recorder_core.errors import DataError
from recorder_core.model import Orientation, Planes, ShownGeometry, View

MOVED = [
    Orientation(mirrored, turns)
    for mirrored in (False, True)
    for turns in range(4)
    if mirrored or turns
]


def _numbered(height: int, width: int) -> Planes:
    y = np.arange(height * width, dtype=np.int64).reshape(height, width).astype(np.uint8)
    rows, columns = (height + 1) // 2, (width + 1) // 2
    chroma = np.arange(rows * columns).reshape(rows, columns).astype(np.uint8)
    return Planes(y, chroma, chroma[::-1].copy())


@pytest.mark.parametrize("orientation", MOVED)
@pytest.mark.parametrize(
    ("view", "size"),
    [
        (View(0, 0, 12, 8), (8, 12)),
        (View(3, 1, 5, 6), (8, 12)),
        (View(2, 3, 9, 5), (8, 12)),
        (View(0, 0, 11, 7), (7, 11)),
        (View(3, 2, 8, 5), (7, 11)),
    ],
)
def test_view_is_moved_sample_by_sample_and_boxes_move_back(
    orientation: Orientation, view: View, size: tuple[int, int]
) -> None:
    planes = _numbered(*size)
    shown = ShownView(view, orientation)
    crop = shown.crop_view(planes)
    seen = crop.planes.y[
        crop.view.y : crop.view.y + crop.view.height, crop.view.x : crop.view.x + crop.view.width
    ]
    stored = planes.y[view.y : view.y + view.height, view.x : view.x + view.width]
    expected = np.rot90(np.fliplr(stored) if orientation.mirrored else stored, orientation.turns)
    np.testing.assert_array_equal(seen, expected)
    assert crop.view.fits(crop.planes.width, crop.planes.height)

    # the box around one pixel, turned back, is the box around the pixel it came from
    row, column = 2, 1
    left, top = crop.view.x + column, crop.view.y + row
    box = np.array([[left, top, left + 1, top + 1]], np.float32)
    x0, y0, x1, y1 = (
        shown.to_stored(ScoredBoxes(box, np.ones(1, np.float32))).xyxy_px[0].astype(int)
    )
    assert (x1 - x0, y1 - y0) == (1, 1)
    assert planes.y[y0, x0] == seen[row, column]


def test_a_view_outside_the_picture_is_refused() -> None:
    with pytest.raises(DataError, match="inside"):
        ShownView(View(4, 0, 12, 8), Orientation(turns=1)).crop_view(_numbered(8, 12))


@pytest.mark.parametrize("orientation", MOVED)
def test_faces_of_a_moved_frame_are_found_where_they_are_stored(orientation: Orientation) -> None:
    luma = draw_faces().mean(axis=2).astype(np.uint8)
    turned = np.rot90(luma, -orientation.turns)
    stored = np.ascontiguousarray(np.fliplr(turned) if orientation.mirrored else turned)
    grey = np.full((stored.shape[0] // 2, stored.shape[1] // 2), 128, np.uint8)
    planes = Planes(stored, grey, grey.copy(), full_range=True)
    view = View(0, 0, planes.width, planes.height)
    settings = replace(DetectorSettings(), min_score=0.3)
    frame = ShownGeometry(planes.width, planes.height, orientation=orientation)
    found = load_detector(settings, view, frame=frame).detect(planes)
    assert len(found) >= len(DRAWN_FACES_XYXY_PX)

    flat = Planes(
        luma, *(np.full((luma.shape[0] // 2, luma.shape[1] // 2), 128, np.uint8),) * 2, True
    )
    expected = load_detector(settings, View(0, 0, flat.width, flat.height)).detect(flat)
    back = ShownView(view, orientation).to_stored(expected)
    np.testing.assert_allclose(found.xyxy_px, back.xyxy_px, atol=0.01)
