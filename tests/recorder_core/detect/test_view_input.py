from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from numpy.typing import NDArray

from recorder_core.detect.view_input import (
    InputGeometry,
    view_to_input,
    view_to_input_reference,
)
from recorder_core.errors import DataError, SettingsError
from recorder_core.model import ColorMatrix, Planes, View

MEAN_BGR = (104.0, 117.0, 123.0)
#: float32 sums of up to a few hundred values of 0..255 against float64: 2e-4 was seen
TOLERANCE = 1e-3


def _random_planes(
    width: int, height: int, seed: int, full_range: bool = False, matrix: ColorMatrix = "bt709"
) -> Planes:
    rng = np.random.default_rng(seed)

    def plane(rows: int, columns: int) -> NDArray[np.uint8]:
        # rows are padded as a decoder's are
        return rng.integers(0, 256, (rows, columns + 13), np.uint8)[:, :columns]

    chroma = (height + 1) // 2, (width + 1) // 2
    return Planes(plane(height, width), plane(*chroma), plane(*chroma), full_range, matrix)


def _flat_planes(y: int, u: int, v: int, full_range: bool, matrix: ColorMatrix) -> Planes:
    return Planes(
        np.full((64, 64), y, np.uint8),
        np.full((32, 32), u, np.uint8),
        np.full((32, 32), v, np.uint8),
        full_range,
        matrix,
    )


@settings(max_examples=150)
@given(st.data())
def test_kernel_equals_reference(data: st.DataObject) -> None:
    x, y = data.draw(st.integers(0, 9)), data.draw(st.integers(0, 9))
    width, height = data.draw(st.integers(2, 90)), data.draw(st.integers(2, 90))
    view = View(x, y, width, height)
    planes = _random_planes(
        x + width + data.draw(st.integers(0, 3)),
        y + height + data.draw(st.integers(0, 3)),
        data.draw(st.integers(0, 2**31)),
        data.draw(st.booleans()),
        data.draw(st.sampled_from(["bt601", "bt709", "bt2020"])),
    )
    content_width, content_height = data.draw(st.integers(1, 130)), data.draw(st.integers(1, 130))
    padding = st.sampled_from([0, 1, 17])
    geometry = InputGeometry(
        view,
        content_width,
        content_height,
        content_width + data.draw(padding),
        content_height + data.draw(padding),
    )
    expected = view_to_input_reference(planes, view, geometry, MEAN_BGR)
    got = view_to_input(planes, view, geometry, MEAN_BGR)
    np.testing.assert_allclose(got, expected, rtol=0, atol=TOLERANCE)


@pytest.mark.parametrize(
    ("view", "long_side_px"),
    [
        (View(0, 0, 640, 360), None),
        (View(0, 0, 640, 360), 640),
        (View(1, 1, 639, 359), None),
        (View(0, 0, 1920, 1080), None),
        (View(3, 5, 1280, 720), None),
        (View(2, 0, 320, 180), 640),
    ],
)
def test_kernel_equals_reference_at_real_sizes(view: View, long_side_px: int | None) -> None:
    planes = _random_planes(1923, 1085, 5)
    geometry = InputGeometry.fit(view, long_side_px)
    got = view_to_input(planes, view, geometry, MEAN_BGR)
    expected = view_to_input_reference(planes, view, geometry, MEAN_BGR)
    np.testing.assert_allclose(got, expected, rtol=0, atol=TOLERANCE)


@pytest.mark.parametrize(
    ("yuv", "full_range", "matrix", "bgr"),
    [
        ((16, 128, 128), False, "bt709", (0, 0, 0)),
        ((235, 128, 128), False, "bt709", (255, 255, 255)),
        ((255, 128, 128), True, "bt601", (255, 255, 255)),
        # the primaries' codes of BT.601 and BT.709, limited range
        ((81, 90, 240), False, "bt601", (0, 0, 255)),
        ((63, 102, 240), False, "bt709", (0, 0, 255)),
        ((173, 42, 26), False, "bt709", (0, 255, 0)),
        ((32, 240, 118), False, "bt709", (255, 0, 0)),
    ],
)
def test_known_colors(
    yuv: tuple[int, int, int], full_range: bool, matrix: ColorMatrix, bgr: tuple[int, int, int]
) -> None:
    planes = _flat_planes(*yuv, full_range, matrix)
    view = View(0, 0, 64, 64)
    got = view_to_input(planes, view, InputGeometry.fit(view, 64), (0.0, 0.0, 0.0))
    # the codes are whole numbers, so a primary is met within about 2 of 255
    np.testing.assert_allclose(got.mean(axis=(1, 2)), bgr, atol=2.0)
    assert np.ptp(got, axis=(1, 2)).max() == 0


def test_memory_is_reused_and_padding_is_cleared() -> None:
    planes = _random_planes(70, 40, 1)
    view = View(0, 0, 70, 40)
    geometry = InputGeometry.fit(view, 70)
    out = np.full((3, geometry.input_height, geometry.input_width), np.nan, np.float32)
    got = view_to_input(planes, view, geometry, MEAN_BGR, out)
    assert got is out
    assert not out[:, 40:].any()
    assert not out[:, :, 70:].any()
    assert np.isfinite(out).all()


def test_read_only_planes_are_accepted_and_unchanged() -> None:
    planes = _random_planes(64, 64, 2)
    copy = planes.y.copy()
    for plane in (planes.y, planes.u, planes.v):
        plane.flags.writeable = False
    view = View(0, 0, 64, 64)
    view_to_input(planes, view, InputGeometry.fit(view), MEAN_BGR)
    np.testing.assert_array_equal(planes.y, copy)


@pytest.mark.parametrize(
    ("size", "long_side_px", "content", "network_input"),
    [
        ((640, 360), None, (832, 468), (832, 480)),
        ((900, 500), None, (900, 500), (928, 512)),
        ((960, 540), None, (960, 540), (960, 544)),
        ((1920, 1080), None, (960, 540), (960, 544)),
        ((1080, 1920), None, (540, 960), (544, 960)),
        ((320, 180), None, (832, 468), (832, 480)),
        ((320, 180), 320, (320, 180), (320, 192)),
        ((640, 480), 960, (960, 720), (960, 736)),
        ((1920, 1080), 1920, (1920, 1080), (1920, 1088)),
        ((20, 10), 32, (32, 16), (32, 32)),
    ],
)
def test_input_size(
    size: tuple[int, int],
    long_side_px: int | None,
    content: tuple[int, int],
    network_input: tuple[int, int],
) -> None:
    geometry = InputGeometry.fit(View(0, 0, *size), long_side_px)
    assert (geometry.content_width, geometry.content_height) == content
    assert (geometry.input_width, geometry.input_height) == network_input


def test_boxes_go_back_to_the_source_frame() -> None:
    geometry = InputGeometry.fit(View(101, 51, 1920, 1080))
    boxes = np.array([[0, 0, 960, 540], [96, 54, 192, 108], [-9, -9, 970, 544]], np.float32)
    source = geometry.to_source(boxes)
    whole = [101, 51, 101 + 1920, 51 + 1080]
    np.testing.assert_allclose(source, [whole, [293, 159, 485, 267], whole], atol=1e-3)
    assert source.dtype == np.float32
    # the input array is left alone
    assert boxes[2, 0] == -9


def test_wrong_arguments_are_refused() -> None:
    planes = _random_planes(64, 64, 3)
    view = View(0, 0, 64, 64)
    geometry = InputGeometry.fit(view, 64)
    with pytest.raises(DataError, match="does not lie inside"):
        view_to_input(planes, View(2, 0, 64, 64), geometry, MEAN_BGR)
    with pytest.raises(DataError, match="must have the size"):
        view_to_input(planes, View(0, 0, 32, 32), geometry, MEAN_BGR)
    with pytest.raises(DataError, match="buffer"):
        view_to_input(planes, view, geometry, MEAN_BGR, np.empty((3, 64, 32), np.float32))
    apart = Planes(planes.y[:, ::2], planes.u[:, ::2], planes.v[:, ::2])
    with pytest.raises(DataError, match="contiguous"):
        view_to_input(apart, View(0, 0, 32, 64), InputGeometry.fit(View(0, 0, 32, 64)), MEAN_BGR)
    with pytest.raises(SettingsError, match="too small"):
        InputGeometry.fit(view, 16)


def test_kernels_leave_the_floating_point_mode_alone() -> None:
    # linked with -ffast-math they would make the whole process flush this to zero
    code = (
        "import sys, recorder_core.detect; import numpy as np;"
        "sys.exit(not np.multiply(np.float64(1e-300), np.float64(1e-10)) > 0)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
