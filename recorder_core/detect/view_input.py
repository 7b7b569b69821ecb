"""From the decoder's planes straight to the network's input, in one pass.

Crop, scale, colour conversion and normalisation happen row by row inside one
kernel; no RGB picture is made in between. What is computed, exactly:

1. every chroma sample stands for its 2x2 pixels;
2. blue, green and red follow from the picture's matrix and range, not clipped;
3. the view is scaled: shrinking averages the covered area, enlarging
   interpolates linearly between pixel centres, size 1:1 changes nothing;
4. values are clipped to 0..255 and the mean is taken off;
5. right and bottom are padded with zeros, that is with the mean.

Scaling and colour conversion are linear, so the kernel scales the planes first.

References
----------
.. [1] ITU-R BT.601-7, BT.709-6 and BT.2020-2: luma coefficients and quantisation.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from recorder_core.detect._view_input_cy import fill_input
from recorder_core.errors import DataError, SettingsError
from recorder_core.model import ColorMatrix, Orientation, Planes, View
from recorder_core.model.frames.planes import has_adjacent_samples

__all__ = [
    "INPUT_MULTIPLE_PX",
    "MAX_LONG_SIDE_PX",
    "MIN_LONG_SIDE_PX",
    "InputGeometry",
    "view_to_input",
    "view_to_input_reference",
]

#: the coarsest stride of the networks: input sizes are multiples of it
INPUT_MULTIPLE_PX: Final = 32
#: smaller views are enlarged to this long side, because small faces are found better
#: when they are enlarged (profiling/weights/compare_scales.py)
MIN_LONG_SIDE_PX: Final = 832
#: larger views are scaled down to this long side
MAX_LONG_SIDE_PX: Final = 960
#: no input is larger: it would not fit into the memory of a usual machine
MAX_INPUT_SIDE_PX: Final = 8192
#: luma coefficients of red and blue [1]_
LUMA_COEFFICIENTS: Final[dict[ColorMatrix, tuple[float, float]]] = {
    "bt601": (0.299, 0.114),
    "bt709": (0.2126, 0.0722),
    "bt2020": (0.2627, 0.0593),
}
#: what rounding leaves of a pixel that is only touched; it would cost a whole tap
NEGLIGIBLE_WEIGHT: Final = 1e-9
#: first column, weights, and the kernel's short cut (see its `mix_columns`)
_Taps = tuple[NDArray[np.intp], NDArray[np.float32], int]


@dataclass(frozen=True, slots=True)
class InputGeometry:
    """How a view lies in the network's input: at the top left, the rest is padding."""

    view: View
    #: size of the scaled view
    content_width: int
    content_height: int
    #: size of the network's input
    input_width: int
    input_height: int

    @classmethod
    def fit(
        cls,
        view: View,
        long_side_px: int | None = None,
        pixel_shape: tuple[float, float] = (1.0, 1.0),
    ) -> InputGeometry:
        """Choose the input's size for a view, whose pixels become square.

        Without `long_side_px` a view with a long side of 832 to 960 pixels keeps its
        size; a smaller one is enlarged to 832 and a larger one scaled down to 960. The
        input is the scaled view, padded to multiples of 32.

        Raises
        ------
        SettingsError
            If `long_side_px` is smaller than one stride of the network, or too large.
        """
        across, down = view.width * pixel_shape[0], view.height * pixel_shape[1]
        long_side = max(across, down)
        target = long_side_px
        if target is None:
            target = min(max(round(long_side), MIN_LONG_SIDE_PX), MAX_LONG_SIDE_PX)
        if target < INPUT_MULTIPLE_PX:
            raise SettingsError(
                f"a long side of {target} px is too small; choose at least {INPUT_MULTIPLE_PX}"
            )
        if target > MAX_INPUT_SIDE_PX:
            raise SettingsError(
                f"a long side of {target} px is too large; choose at most {MAX_INPUT_SIDE_PX}"
            )
        width = max(1, round(across * target / long_side))
        height = max(1, round(down * target / long_side))
        return cls(view, width, height, _round_up(width), _round_up(height))

    def shown(self, view: View, orientation: Orientation) -> InputGeometry:
        """Return the geometry, in the same scale, of the view mirrored and turned.

        Parameters
        ----------
        view : View
            Where the turned view lies.
        orientation : Orientation
        """
        content, size = (
            [self.content_width, self.content_height],
            [self.input_width, self.input_height],
        )
        if orientation.swaps_sides:
            content.reverse()
            size.reverse()
        return InputGeometry(view, *content, *size)

    @property
    def scale(self) -> tuple[float, float]:
        """Input pixels for each source pixel, across and down."""
        return self.content_width / self.view.width, self.content_height / self.view.height

    def to_source(self, boxes_xyxy_px: NDArray[np.float32]) -> NDArray[np.float32]:
        """Map boxes from input pixels to source-frame pixels, clipped to the view.

        Parameters
        ----------
        boxes_xyxy_px : ndarray of shape (N, 4), float32
            In pixels of the network's input.

        Returns
        -------
        ndarray of shape (N, 4), float32
            In pixels of the source frame.
        """
        view = self.view
        across, down = self.scale
        scale = np.array([1 / across, 1 / down] * 2, np.float32)
        offset = np.array([view.x, view.y] * 2, np.float32)
        end = offset + np.array([view.width, view.height] * 2, np.float32)
        boxes = boxes_xyxy_px * scale
        boxes += offset
        np.maximum(boxes, offset, out=boxes)
        np.minimum(boxes, end, out=boxes)
        return boxes


def view_to_input(
    planes: Planes,
    view: View,
    geometry: InputGeometry,
    mean_bgr: tuple[float, float, float],
    out: NDArray[np.float32] | None = None,
) -> NDArray[np.float32]:
    """Make the network's input from one view of a picture.

    Parameters
    ----------
    planes : Planes
        The picture, or a crop of it.
    view : View
        Where the view lies in `planes`; may start at odd pixels. Its size is the
        size of ``geometry.view``.
    geometry : InputGeometry
        Size of the scaled view and of the input.
    mean_bgr : (float, float, float)
        Mean of blue, green and red that the weights were trained with, 0..255.
    out : ndarray of shape (3, H, W), float32, optional
        C-contiguous; filled and returned when given, so that a pipeline can
        reuse its memory.

    Returns
    -------
    ndarray of shape (3, H, W), float32
        Blue, green, red minus the mean; zero in the padding.

    Raises
    ------
    DataError
        If the view does not lie inside the planes, or sizes do not fit.
    """
    _check(planes, view, geometry)
    shape = (3, geometry.input_height, geometry.input_width)
    if out is None:
        out = np.empty(shape, np.float32)
    elif out.shape != shape or out.dtype != np.float32 or not out.flags.c_contiguous:
        raise DataError(f"the input buffer must be contiguous float32 of shape {shape}")
    luma_columns, chroma_columns = _plan(view.width, geometry.content_width, view.x % 2)
    luma_rows, chroma_rows = _plan(view.height, geometry.content_height, view.y % 2)
    scratch = np.empty(max(view.width, 2) + 4 * geometry.content_width + 2, np.float32)
    fill_input(
        *_view_planes(planes, view),
        luma_columns,
        luma_rows,
        chroma_columns,
        chroma_rows,
        _color_terms(planes.matrix, planes.full_range, mean_bgr),
        scratch,
        out,
    )
    return out


def view_to_input_reference(
    planes: Planes,
    view: View,
    geometry: InputGeometry,
    mean_bgr: tuple[float, float, float],
) -> NDArray[np.float32]:
    """Compute the same as `view_to_input` with NumPy, step by step; slow, for tests."""
    _check(planes, view, geometry)
    rows = slice(view.y, view.y + view.height)
    columns = slice(view.x, view.x + view.width)
    y = planes.y[rows, columns].astype(np.float64)
    u, v = (
        plane.repeat(2, axis=0).repeat(2, axis=1)[rows, columns].astype(np.float64) - 128
        for plane in (planes.u, planes.v)
    )
    if not planes.full_range:
        y, u, v = (y - 16) * (255 / 219), u * (255 / 224), v * (255 / 224)
    kr, kb = LUMA_COEFFICIENTS[planes.matrix]
    red, blue = y + 2 * (1 - kr) * v, y + 2 * (1 - kb) * u
    green = (y - kr * red - kb * blue) / (1 - kr - kb)
    down = _weight_matrix(view.height, geometry.content_height)
    across = _weight_matrix(view.width, geometry.content_width)
    result = np.zeros((3, geometry.input_height, geometry.input_width), np.float32)
    for channel, picture in enumerate((blue, green, red)):
        scaled = np.clip(down @ picture @ across.T, 0, 255) - mean_bgr[channel]
        result[channel, : geometry.content_height, : geometry.content_width] = scaled
    return result


def _round_up(length_px: int) -> int:
    return -(-length_px // INPUT_MULTIPLE_PX) * INPUT_MULTIPLE_PX


def _check(planes: Planes, view: View, geometry: InputGeometry) -> None:
    if not view.fits(planes.width, planes.height):
        raise DataError(f"view {view} does not lie inside {planes.width}x{planes.height} planes")
    if (view.width, view.height) != (geometry.view.width, geometry.view.height):
        raise DataError(f"view {view} must have the size of the geometry's view {geometry.view}")
    if not all(map(has_adjacent_samples, (planes.y, planes.u, planes.v))):
        raise DataError("the pixels of a plane's row must be contiguous in memory")


def _view_planes(
    planes: Planes, view: View
) -> tuple[NDArray[np.uint8], NDArray[np.uint8], NDArray[np.uint8]]:
    """Cut the planes so that they begin with the view's first pixel."""
    right, bottom = view.x + view.width, view.y + view.height
    chroma = np.s_[view.y // 2 : (bottom + 1) // 2, view.x // 2 : (right + 1) // 2]
    return planes.y[view.y : bottom, view.x : right], planes.u[chroma], planes.v[chroma]


@lru_cache(maxsize=64)
def _plan(source: int, target: int, parity: int) -> tuple[_Taps, _Taps]:
    """Return the luma and chroma taps along one axis; `parity` is the view's first pixel's."""
    pixels, weights = _weight_band(source, target)
    samples = (parity + source + 1) // 2
    return _taps(pixels, weights, source), _taps((pixels + parity) // 2, weights, samples)


def _weight_band(source: int, target: int) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """Return the pixels (target, K) around each place, and the weights of `_weight_matrix`."""
    ratio = source / target
    places = np.arange(target)[:, None]
    if ratio >= 1:
        start, stop = places * ratio, (places + 1) * ratio
        pixels = start.astype(np.intp) + np.arange(math.ceil(ratio) + 1)
        weights = np.minimum(pixels + 1, stop) - np.maximum(pixels, start)
    else:
        middle = (places + 0.5) * ratio - 0.5
        pixels = np.floor(middle).astype(np.intp) + np.arange(2)
        weights = 1 - np.abs(pixels - middle)
    weights[(weights < NEGLIGIBLE_WEIGHT) | (pixels < 0) | (pixels >= source)] = 0
    return pixels, weights / weights.sum(axis=1, keepdims=True)


def _weight_matrix(source: int, target: int) -> NDArray[np.float64]:
    """Weights (target, source) of area averaging when shrinking, linear interpolation otherwise."""
    ratio = source / target
    pixels = np.arange(source)[None, :]
    places = np.arange(target)[:, None]
    if ratio >= 1:
        start, stop = places * ratio, (places + 1) * ratio
        weights = np.minimum(pixels + 1, stop) - np.maximum(pixels, start)
    else:
        weights = 1 - np.abs(pixels - ((places + 0.5) * ratio - 0.5))
    weights[weights < NEGLIGIBLE_WEIGHT] = 0
    return np.asarray(weights / weights.sum(axis=1, keepdims=True))


def _taps(columns: NDArray[np.intp], weights: NDArray[np.float64], length: int) -> _Taps:
    """Add up the weights of each column, and keep as many columns in every row.

    Parameters
    ----------
    columns, weights : ndarray of shape (target, K)
        Columns without weight may lie anywhere.
    length : int
        Number of columns that there are.
    """
    used = weights > 0
    first = np.where(used, columns, length).min(axis=1)
    taps = int((np.where(used, columns, 0).max(axis=1) + 1 - first).max())
    first = np.minimum(first, length - taps)
    rows, places = np.nonzero(used)
    kept = np.zeros((len(weights), taps))
    np.add.at(kept, (rows, columns[rows, places] - first[rows]), weights[rows, places])
    narrow = kept.astype(np.float32)
    return first.astype(np.intp), narrow, _short_cut(first, narrow)


def _short_cut(first: NDArray[np.intp], weights: NDArray[np.float32]) -> int:
    """Name a pattern that the kernel knows: 1 copy, 2 mean of pairs, -2 doubling, 0 none."""
    place = np.arange(len(first))
    taps = weights.shape[1]
    if taps == 1 and np.array_equal(first, place):
        return 1
    if taps == 1 and np.array_equal(first, place // 2):
        return -2
    if taps == 2 and np.array_equal(first, 2 * place) and bool(np.all(weights == 0.5)):
        return 2
    return 0


@lru_cache(maxsize=16)
def _color_terms(
    matrix: ColorMatrix, full_range: bool, mean_bgr: tuple[float, float, float]
) -> NDArray[np.float32]:
    """Return luma gain, factors U->B, U->G, V->G, V->R, offsets of B, G, R, and the mean."""
    kr, kb = LUMA_COEFFICIENTS[matrix]
    kg = 1 - kr - kb
    luma_gain, chroma_gain = (1.0, 1.0) if full_range else (255 / 219, 255 / 224)
    bu, rv = 2 * (1 - kb) * chroma_gain, 2 * (1 - kr) * chroma_gain
    gu, gv = -kb / kg * bu, -kr / kg * rv
    black = 0.0 if full_range else -16 * luma_gain
    offsets = (black - 128 * bu, black - 128 * (gu + gv), black - 128 * rv)
    return np.array([luma_gain, bu, gu, gv, rv, *offsets, *mean_bgr], np.float32)
