"""Anchor boxes of the single-stage detectors, and the code between boxes and offsets.

Anchors lie on the grids of the network's feature maps. Everything is in pixels of
the network's input, so boxes come out in those pixels too; a box is
``(x0, y0, x1, y1)`` with exclusive right and bottom edges, an anchor is
``(centre x, centre y, width, height)``.

References
----------
.. [1] W. Liu et al., "SSD: Single Shot MultiBox Detector", ECCV 2016, section 2.2
   (offsets scaled by variances).
.. [2] J. Deng et al., "RetinaFace", CVPR 2020, section 4.2 (two square anchors on
   each of the strides 8, 16 and 32, as in the published MobileNet-0.25 checkpoint).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from recorder_core.errors import SettingsError

__all__ = [
    "PUBLISHED_ANCHORS",
    "AnchorSettings",
    "decode_boxes",
    "encode_boxes",
    "make_anchors",
]


@dataclass(frozen=True, slots=True)
class AnchorSettings:
    """Sizes and spacing of the anchors that a set of weights was trained with.

    Defaults are those of the published RetinaFace-MobileNet-0.25 checkpoint.
    """

    #: of each level, in input pixels: the edge of a square anchor; anchors of another
    #: shape have the same area
    min_sizes_px: tuple[tuple[float, ...], ...] = ((16, 32), (64, 128), (256, 512))
    #: grid spacing of each level, in input pixels
    steps_px: tuple[int, ...] = (8, 16, 32)
    #: scale of the centre offsets and of the logarithmic size offsets
    variances: tuple[float, float] = (0.1, 0.2)
    #: shapes of anchors, height over width; at each place all sizes of the first shape
    #: come first
    aspect_ratios: tuple[float, ...] = (1.0,)
    #: where in its place of the grid an anchor's centre lies: 0.5 in the middle, 0 at
    #: the top left, as in torchvision
    centre: float = 0.5
    #: half widths and half heights are rounded to whole pixels, as in torchvision
    whole_halves: bool = False

    def __post_init__(self) -> None:
        if len(self.min_sizes_px) != len(self.steps_px) or not self.steps_px:
            raise SettingsError(
                f"{len(self.min_sizes_px)} anchor levels do not fit {len(self.steps_px)} steps"
            )
        values = [
            *self.steps_px,
            *self.variances,
            *self.aspect_ratios,
            *(s for level in self.min_sizes_px for s in level),
        ]
        if min(values) <= 0 or not (all(self.min_sizes_px) and self.aspect_ratios):
            raise SettingsError(
                "anchor sizes, steps, variances and aspect ratios must all be greater than 0"
            )

    @classmethod
    def from_values(cls, values: Mapping[str, Any]) -> AnchorSettings:
        """Make settings from the fields as a JSON or TOML file holds them.

        Raises
        ------
        KeyError, TypeError, ValueError
            If sizes, steps or variances are missing, or something is no number.
        """
        position, size = (float(v) for v in values["variances"])
        return cls(
            tuple(tuple(float(v) for v in level) for level in values["min_sizes_px"]),
            tuple(int(v) for v in values["steps_px"]),
            (position, size),
            tuple(float(v) for v in values.get("aspect_ratios", (1.0,))),
            float(values.get("centre", 0.5)),
            bool(values.get("whole_halves", False)),
        )

    @property
    def count(self) -> int:
        """How many anchors each place has, the same on every level.

        Raises
        ------
        SettingsError
            If the levels differ.
        """
        counts = {len(sizes) for sizes in self.min_sizes_px}
        if len(counts) > 1:
            raise SettingsError(
                f"this network needs the same number of anchors on every level, not {counts}"
            )
        return counts.pop() * len(self.aspect_ratios)

    def shapes_px(self, level: int) -> NDArray[np.float32]:
        """Return width and height of each anchor of a place, (A, 2) float32."""
        sizes = np.asarray(self.min_sizes_px[level], np.float64)[None]
        root = np.sqrt(np.asarray(self.aspect_ratios, np.float64))[:, None]
        shapes = np.stack([sizes / root, sizes * root], axis=-1).reshape(-1, 2)
        if self.whole_halves:
            shapes = 2 * np.rint(shapes / 2)
        return shapes.astype(np.float32)


#: largest logarithm of a box's size over its anchor's
_MAX_LOG_SIZE = np.float32(8)

#: anchors of the published checkpoint
PUBLISHED_ANCHORS: Final = AnchorSettings()


def make_anchors(height_px: int, width_px: int, settings: AnchorSettings) -> NDArray[np.float32]:
    """Return every anchor of an input picture, in the order of the network's outputs.

    Levels follow each other; inside a level rows, then columns, then shapes, then
    sizes. A level
    has ``ceil(height / step)`` rows, as stride-2 convolutions with padding 1 give.

    Parameters
    ----------
    height_px, width_px : int
        Size of the network's input.
    settings : AnchorSettings
        Sizes and spacing.

    Returns
    -------
    ndarray of shape (P, 4), float32
        Centre x, centre y, width, height in input pixels; not clipped. Read-only,
        because it is kept for the next call.

    Raises
    ------
    SettingsError
        If the picture has no pixels.
    """
    if height_px < 1 or width_px < 1:
        raise SettingsError(f"a picture of {width_px}x{height_px} pixels has no anchors")
    return _make_anchors(height_px, width_px, settings)


@lru_cache(maxsize=32)
def _make_anchors(height_px: int, width_px: int, settings: AnchorSettings) -> NDArray[np.float32]:
    levels = []
    for number, step in enumerate(settings.steps_px):
        rows, columns = -(-height_px // step), -(-width_px // step)
        shapes = settings.shapes_px(number)
        level = np.empty((rows, columns, len(shapes), 4), np.float32)
        level[..., 0] = ((np.arange(columns) + settings.centre) * step)[None, :, None]
        level[..., 1] = ((np.arange(rows) + settings.centre) * step)[:, None, None]
        level[..., 2:] = shapes
        levels.append(level.reshape(-1, 4))
    anchors = np.concatenate(levels)
    anchors.flags.writeable = False
    return anchors


def decode_boxes(
    offsets: NDArray[np.float32],
    anchors: NDArray[np.float32],
    variances: tuple[float, float] = PUBLISHED_ANCHORS.variances,
) -> NDArray[np.float32]:
    """Turn the network's offsets into boxes.

    Parameters
    ----------
    offsets : ndarray of shape (P, 4), float32
        Centre and logarithmic size, relative to the anchor and divided by the variances.
    anchors : ndarray of shape (P, 4), float32
        Centre x, centre y, width, height; any unit.
    variances : (float, float)
        Scale of the centre offsets and of the size offsets.

    Returns
    -------
    ndarray of shape (P, 4), float32
        Left, top, right, bottom in the anchors' unit; not clipped. No box is more than
        3000 times as large as its anchor.
    """
    centre_scale, size_scale = np.float32(variances[0]), np.float32(variances[1])
    boxes = np.empty_like(offsets)
    half = offsets[:, 2:] * size_scale
    np.exp(np.minimum(half, _MAX_LOG_SIZE, out=half), out=half)
    half *= anchors[:, 2:]
    half *= np.float32(0.5)
    centre = offsets[:, :2] * centre_scale
    centre *= anchors[:, 2:]
    centre += anchors[:, :2]
    np.subtract(centre, half, out=boxes[:, :2])
    np.add(centre, half, out=boxes[:, 2:])
    return boxes


def encode_boxes(
    boxes_xyxy_px: NDArray[np.float32],
    anchors: NDArray[np.float32],
    variances: tuple[float, float] = PUBLISHED_ANCHORS.variances,
) -> NDArray[np.float32]:
    """Turn boxes into the offsets that `decode_boxes` takes; its exact inverse.

    Parameters
    ----------
    boxes_xyxy_px : ndarray of shape (P, 4), float32
        One box for each anchor, of positive width and height.
    anchors : ndarray of shape (P, 4), float32
        Centre x, centre y, width, height.
    variances : (float, float)
        Scale of the centre offsets and of the size offsets.

    Returns
    -------
    ndarray of shape (P, 4), float32
    """
    size = boxes_xyxy_px[:, 2:] - boxes_xyxy_px[:, :2]
    centre = (boxes_xyxy_px[:, 2:] + boxes_xyxy_px[:, :2]) * np.float32(0.5)
    offsets = np.empty_like(boxes_xyxy_px)
    offsets[:, :2] = (centre - anchors[:, :2]) / (anchors[:, 2:] * np.float32(variances[0]))
    offsets[:, 2:] = np.log(size / anchors[:, 2:]) / np.float32(variances[1])
    return offsets
