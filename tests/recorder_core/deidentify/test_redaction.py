"""The kernel against its oracle, and what a redaction must and must not do."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, strategies as st

from recorder_core.deidentify.redaction import redact
from recorder_core.deidentify.redaction_reference import redact_reference
from recorder_core.deidentify.redaction_shape import RedactionSettings, face_shapes
from recorder_core.errors import DataError, SettingsError
from recorder_core.model import Planes, Redaction, View

METHODS = ("cells", "blur", "mosaic", "solid")
#: single precision in the kernel and the oracle may round one soft-edge sample apart
MAX_LEVEL_DIFFERENCE = 1


def noise_planes(width: int, height: int, seed: int = 0, padding: int = 0) -> Planes:
    """Return noise; with padding, rows are parts of longer rows."""
    rng = np.random.default_rng(seed)
    chroma = ((height + 1) // 2, (width + 1) // 2)
    planes = [
        rng.integers(0, 256, (rows, columns + padding), np.uint8)[:, :columns]
        for rows, columns in ((height, width), chroma, chroma)
    ]
    return Planes(*planes, full_range=bool(seed % 2))


def copied(planes: Planes) -> Planes:
    return Planes(planes.y.copy(), planes.u.copy(), planes.v.copy(), planes.full_range)


def face(x0: float, y0: float, x1: float, y1: float, origin: str = "detected") -> Redaction:
    return Redaction(0, (x0, y0, x1, y1), origin, -1, 0.9)


def whole(planes: Planes) -> View:
    return View(0, 0, planes.width, planes.height)


def difference(a: Planes, b: Planes) -> int:
    return max(int(np.abs(getattr(a, name).astype(int) - getattr(b, name)).max()) for name in "yuv")


@st.composite
def boxes(draw: st.DrawFn) -> Redaction:
    x0 = draw(st.floats(-30, 70, width=32))
    y0 = draw(st.floats(-30, 70, width=32))
    width = draw(st.sampled_from([0.0, 0.5, 1.0]) | st.floats(0, 60, width=32))
    height = draw(st.sampled_from([0.0, 0.5, 1.0]) | st.floats(0, 60, width=32))
    return face(x0, y0, x0 + width, y0 + height, draw(st.sampled_from(["detected", "corrected"])))


@st.composite
def any_settings(draw: st.DrawFn) -> RedactionSettings:
    share = st.sampled_from([0.0, 0.12, 0.5, 1.0])
    return RedactionSettings(
        method=draw(st.sampled_from(METHODS)),
        enlarge_sides=draw(share),
        enlarge_top=draw(share),
        enlarge_bottom=draw(share),
        soft_edge=draw(share),
        cells=draw(st.integers(1, 6)),
        levels=draw(st.sampled_from([2, 16, 32])),
        blur_sigma=draw(st.sampled_from([0.3, 0.7, 2.0])),
    )


@given(
    size=st.tuples(st.integers(2, 51), st.integers(2, 51)),
    redactions=st.lists(boxes(), max_size=4),
    settings=any_settings(),
    seed=st.integers(0, 9),
    padding=st.sampled_from([0, 1, 13]),
    data=st.data(),
)
def test_kernel_agrees_with_oracle(size, redactions, settings, seed, padding, data):
    width, height = size
    x, y = data.draw(st.integers(0, width - 2)), data.draw(st.integers(0, height - 2))
    bounds = View(x, y, data.draw(st.integers(2, width - x)), data.draw(st.integers(2, height - y)))
    kernel = noise_planes(width, height, seed, padding)
    oracle = copied(kernel)
    redact(kernel, redactions, settings, bounds)
    redact_reference(oracle, redactions, settings, bounds)
    assert difference(kernel, oracle) <= MAX_LEVEL_DIFFERENCE


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("box", [(300, 200, 360, 280), (41, 13, 641, 813), (610.5, -60, 700, 9)])
def test_kernel_agrees_with_oracle_on_large_frames(method, box):
    kernel = noise_planes(705, 481)
    oracle = copied(kernel)
    redact(kernel, [face(*box)], RedactionSettings(method=method), whole(kernel))
    redact_reference(oracle, [face(*box)], RedactionSettings(method=method), whole(oracle))
    assert difference(kernel, oracle) <= MAX_LEVEL_DIFFERENCE


@given(box=boxes(), settings=any_settings(), full_range=st.booleans())
def test_no_sample_of_the_face_box_is_left(box, settings, full_range):
    solid = RedactionSettings(
        "solid", settings.enlarge_sides, settings.enlarge_top, settings.enlarge_bottom,
        settings.soft_edge, solid_yuv=(1, 2, 3),
    )  # fmt: skip
    planes = Planes(
        *(np.full(shape, 99, np.uint8) for shape in ((51, 53), (26, 27), (26, 27))), full_range
    )
    redact(planes, [box], solid, whole(planes))
    x0, y0, x1, y1 = box.box_xyxy_px
    for name, sample_px, level in (("y", 1, 1), ("u", 2, 2), ("v", 2, 3)):
        plane = getattr(planes, name)
        rows, columns = np.indices(plane.shape) * sample_px
        touched = (columns < x1) & (columns + sample_px > x0)
        touched &= (rows < y1) & (rows + sample_px > y0)
        assert (plane[touched] == level).all()


def test_last_row_and_column_count():
    planes = noise_planes(33, 21)
    redact(planes, [face(20, 10, 33, 21)], RedactionSettings("solid"), whole(planes))
    assert (planes.y[10:, 20:] == 126).all()
    assert (planes.u[5:, 10:] == 128).all()
    assert (planes.v[5:, 10:] == 128).all()


@given(redactions=st.lists(boxes(), max_size=3), settings=any_settings())
def test_nothing_changes_outside_the_shapes(redactions, settings):
    planes = noise_planes(49, 51)
    before = copied(planes)
    redact(planes, redactions, settings, whole(planes))
    for name, sample_px in (("y", 1), ("u", 2), ("v", 2)):
        changed = getattr(planes, name) != getattr(before, name)
        for shape in face_shapes(redactions, settings, whole(planes), 49, 51):
            x0, y0, x1, y1 = shape.plane_clip(sample_px)
            changed[y0:y1, x0:x1] = False
        assert not changed.any()


@pytest.mark.parametrize("method", METHODS)
def test_view_is_neither_left_nor_read_across(method):
    bounds = View(20, 10, 30, 30)
    planes, other = noise_planes(64, 64), noise_planes(64, 64, seed=2)
    inside = (slice(10, 40), slice(20, 50))
    other.y[inside] = planes.y[inside]
    for name in "uv":
        getattr(other, name)[5:20, 10:25] = getattr(planes, name)[5:20, 10:25]
    before = copied(planes)
    for frame in (planes, other):
        redact(frame, [face(15, 5, 45, 50)], RedactionSettings(method), bounds)
    assert (planes.y[inside] == other.y[inside]).all()
    planes.y[inside] = before.y[inside]
    assert (planes.y == before.y).all()


def test_correction_outside_the_view_is_not_dropped():
    planes = noise_planes(64, 64)
    bounds = View(32, 32, 32, 32)
    redact(planes, [face(4, 4, 20, 20, "corrected")], RedactionSettings("solid"), bounds)
    assert (planes.y[4:20, 4:20] == 126).all()
    redact(planes, [face(40, 4, 50, 20, "detected")], RedactionSettings("solid"), bounds)
    assert not (planes.y[4:20, 40:50] == 126).all()


@given(redactions=st.lists(boxes(), min_size=2, max_size=4), settings=any_settings())
def test_order_does_not_matter(redactions, settings):
    planes = noise_planes(48, 48)
    reverse = copied(planes)
    redact(planes, redactions, settings, whole(planes))
    redact(reverse, redactions[::-1], settings, whole(reverse))
    assert difference(planes, reverse) == 0


@given(seed=st.integers(0, 1000), cells=st.integers(1, 6), data=st.data())
def test_cells_forget_everything_but_their_means(seed, cells, data):
    """Samples of the core change places within their cells: the result is the same.

    Smaller boxes inside it, whoever drew them, do not bring back what it hides.
    """
    settings = RedactionSettings(cells=cells, min_margin_px=0.0)
    planes = noise_planes(120, 120)
    redaction = face(40, 45, 80, 95)
    shuffled = _shuffle_in_cells(planes, redaction, settings, seed)
    assert difference(planes, shuffled) > 0
    corner = st.tuples(st.integers(30, 80), st.integers(35, 95), st.sampled_from((2, 9, 30)))
    drawn = data.draw(st.lists(corner, max_size=3))
    inner = [face(x, y, x + side, y + side, "corrected") for x, y, side in drawn]
    for each in (planes, shuffled):
        redact(each, [*inner, redaction], settings, whole(each))
    assert difference(planes, shuffled) == 0


def _shuffle_in_cells(
    planes: Planes, redaction: Redaction, settings: RedactionSettings, seed: int
) -> Planes:
    """Return a frame whose samples inside a face box have changed places within their cells."""
    shuffled = copied(planes)
    rng = np.random.default_rng(seed)
    x0, y0, x1, y1 = map(int, redaction.box_xyxy_px)
    (shape,) = face_shapes([redaction], settings, whole(planes), planes.width, planes.height)
    for name, sample_px in (("y", 1), ("u", 2), ("v", 2)):
        grid, plane = shape.grid(settings, sample_px), getattr(shuffled, name)
        width, height = grid.x1 - grid.x0, grid.y1 - grid.y0
        for row, column in np.ndindex(grid.rows, grid.columns):
            # the face box lies in the core
            top = max(grid.y0 + row * height // grid.rows, (y0 + 1) // sample_px)
            bottom = min(grid.y0 + (row + 1) * height // grid.rows, (y1 - 1) // sample_px)
            left = max(grid.x0 + column * width // grid.columns, x0 // sample_px)
            right = min(grid.x0 + (column + 1) * width // grid.columns, x1 // sample_px)
            if top < bottom and left < right:
                part = plane[top:bottom, left:right]
                part[:] = rng.permutation(part.ravel()).reshape(part.shape)
    return shuffled


def test_cells_are_quantised():
    settings = RedactionSettings(cells=1, levels=8, soft_edge=0.0)
    planes = noise_planes(60, 60)
    redact(planes, [face(20, 20, 40, 40)], settings, whole(planes))
    assert (np.unique(planes.y[20:40, 20:40]) % 32 == 0).all()
    assert (np.unique(planes.u[10:20, 10:20]) % 16 == 0).all()
    grey = Planes(*(np.full(s, 128, np.uint8) for s in ((60, 60), (30, 30), (30, 30))))
    redact(grey, [face(20, 20, 40, 40)], RedactionSettings(), whole(grey))
    assert (grey.u == 128).all()
    assert (grey.v == 128).all()


@pytest.mark.parametrize(
    ("level", "full_range", "expected"),
    [
        (235, False, 235),
        (16, False, 16),
        (255, True, 255),
        (0, True, 0),
    ],
)
def test_levels_stay_in_range(level, full_range, expected):
    shapes = ((60, 60), (30, 30), (30, 30))
    planes = Planes(*(np.full(shape, level, np.uint8) for shape in shapes), full_range)
    redact(planes, [face(20, 20, 40, 40)], RedactionSettings(levels=16), whole(planes))
    assert (planes.y[20:40, 20:40] == expected).all()


def test_mosaic_has_flat_cells():
    planes = noise_planes(80, 80)
    settings = RedactionSettings("mosaic", soft_edge=0.0, cells=3)
    redact(planes, [face(20, 20, 50, 60)], settings, whole(planes))
    assert len(np.unique(planes.y[20:60, 20:50])) <= 9


def blur_weights(axis: int, probe: int) -> np.ndarray:
    """Return what each stripe of 5 pixels adds to pixel `probe` of a blurred 60x80 face."""
    weights = []
    for start in range(0, 200, 5):
        luma = np.zeros((201, 201), np.uint8)
        luma.swapaxes(0, axis)[start : start + 5] = 255
        planes = Planes(luma, *np.full((2, 101, 101), 128, np.uint8), full_range=True)
        redact(planes, [face(70, 60, 130, 140)], RedactionSettings("blur"), whole(planes))
        weights.append(luma.swapaxes(0, axis)[probe, 100])
    return np.array(weights, float)


@pytest.mark.parametrize(("axis", "probe"), [(0, 100), (0, 61), (1, 100), (1, 71)])
def test_blur_is_as_wide_as_promised(axis, probe):
    """Measured in the middle and at the edge of the face, along both axes."""
    weights = blur_weights(axis, probe)
    distance = np.arange(0, 200, 5) + 2 - probe
    mean = (weights * distance).sum() / weights.sum()
    deviation = np.sqrt((weights * (distance - mean) ** 2).sum() / weights.sum())
    assert weights.sum() == pytest.approx(255, abs=8)
    assert deviation >= 0.3 * 80 - 0.5  # half a level of rounding per stripe


def test_no_redaction_changes_nothing():
    planes = noise_planes(20, 20)
    before = copied(planes)
    redact(planes, [], RedactionSettings(), whole(planes))
    redact(planes, [face(100, 100, 120, 120)], RedactionSettings(), whole(planes))
    assert difference(planes, before) == 0


def test_planes_that_cannot_be_written_are_refused():
    planes = noise_planes(20, 20)
    planes.v.flags.writeable = False
    with pytest.raises(DataError, match="read-only"):
        redact(planes, [face(1, 1, 9, 9)], RedactionSettings(), whole(planes))
    wide = np.zeros((20, 40), np.uint8)[:, ::2]
    sparse = Planes(wide, np.zeros((10, 10), np.uint8), np.zeros((10, 10), np.uint8))
    with pytest.raises(DataError, match="contiguous"):
        redact(sparse, [face(1, 1, 9, 9)], RedactionSettings(), whole(sparse))


@pytest.mark.parametrize(
    "box", [(9, 1, 1, 9), (1, 9, 9, 1), (np.nan, 1, 9, 9), (1, 1, np.inf, 9), (1, 1, 2e6, 9)]
)
def test_damaged_boxes_are_refused(box):
    planes = noise_planes(20, 20)
    with pytest.raises(DataError, match="not a face box"):
        redact(planes, [face(*box)], RedactionSettings(), whole(planes))


def test_view_outside_the_frame_is_refused():
    planes = noise_planes(20, 20)
    with pytest.raises(SettingsError, match="does not lie inside"):
        redact(planes, [face(1, 1, 9, 9)], RedactionSettings(), View(0, 0, 21, 20))
