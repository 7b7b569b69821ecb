"""Cut-out pictures and how they are laid over a canvas.

A sprite is uint8 RGBA with premultiplied alpha, so that laying it over a canvas
is one multiplication and one addition.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from recorder_core.model.values.carriers import carrier_repr
from recorder_core.simulate.drawing.arrays import Channel, Field, Picture, Sprite
from recorder_core.simulate.drawing.noise import fractal_noise

__all__ = ["Canvas", "cloth", "premultiply"]


def premultiply(color_rgb: Field, alpha: Field) -> Sprite:
    """Make a sprite of a colour field (0..255) and a coverage (0..1)."""
    sprite = np.dstack([color_rgb * alpha[..., None], alpha * 255.0])
    return np.clip(sprite + 0.5, 0, 255).astype(np.uint8)


@dataclass(slots=True)
class Canvas:
    """A picture under construction, which remembers whose face each pixel shows."""

    __repr__ = carrier_repr

    #: (height, width, 3) uint8
    rgb: Picture
    #: (height, width) uint8: number of the face that the pixel shows, 0 for none
    owner: Channel

    @classmethod
    def of_size(cls, height: int, width: int) -> Canvas:
        """Make a black canvas."""
        return cls(np.zeros((height, width, 3), np.uint8), np.zeros((height, width), np.uint8))

    def lay(self, sprite: Sprite, x: int, y: int) -> None:
        """Lay a sprite with its left top corner at (x, y); what is outside is cut off."""
        height, width = self.owner.shape
        left, top = max(0, x), max(0, y)
        right, bottom = min(width, x + sprite.shape[1]), min(height, y + sprite.shape[0])
        if right <= left or bottom <= top:
            return
        part = sprite[top - y : bottom - y, left - x : right - x]
        alpha = cv2.extractChannel(part, 3)
        through = cv2.cvtColor(cv2.bitwise_not(alpha), cv2.COLOR_GRAY2RGB)
        under = self.rgb[top:bottom, left:right]
        color = cv2.cvtColor(part, cv2.COLOR_RGBA2RGB)
        self.rgb[top:bottom, left:right] = cv2.add(
            cv2.multiply(under, through, scale=1 / 255), color
        )
        self.owner[top:bottom, left:right][alpha > 127] = 0

    def lay_transformed(self, sprite: Sprite, matrix: Field) -> None:
        """Lay a sprite that is first moved, turned and scaled.

        Parameters
        ----------
        sprite : Sprite
            What to lay.
        matrix : ndarray of float, shape (2, 3)
            Takes sprite pixels to canvas pixels.
        """
        height, width = sprite.shape[:2]
        corners = np.array([[0, 0, 1], [width, 0, 1], [0, height, 1], [width, height, 1]], float)
        spots = corners @ np.asarray(matrix, float).T
        left, top = (int(v) for v in np.maximum(np.floor(spots.min(axis=0)), 0))
        right, bottom = (
            int(min(limit, v))
            for limit, v in zip(self.owner.shape[::-1], np.ceil(spots.max(axis=0)), strict=True)
        )
        if right <= left or bottom <= top:
            return
        local = np.array(matrix, float)
        local[:, 2] -= (left, top)
        moved = cv2.warpAffine(sprite, local, (right - left, bottom - top), flags=cv2.INTER_LINEAR)
        self.lay(moved, left, top)


def cloth(
    mask: Channel,
    color_rgb: tuple[float, float, float],
    rng: np.random.Generator,
    fold: float = 0.5,
) -> Sprite:
    """Shade a flat shape as soft cloth with folds.

    Parameters
    ----------
    mask : ndarray of uint8
        Shape of the cloth, 255 inside.
    color_rgb : (float, float, float)
        Colour in full light, 0..255.
    rng : numpy.random.Generator
        Where the folds lie.
    fold : float
        Depth of the folds; 0 is smooth.
    """
    height, width = mask.shape
    reach = max(4.0, 0.16 * width)
    depth = np.minimum(cv2.distanceTransform(mask, cv2.DIST_L2, 3), reach) / reach
    folds = fractal_noise(mask.shape, (2.0 * height / width + 1, 5.0), 3, rng)
    surface = cv2.GaussianBlur(np.sqrt(depth) * 0.9 + fold * folds, (0, 0), max(1.0, 0.012 * width))
    slope_x = cv2.Sobel(surface, cv2.CV_32F, 1, 0, ksize=3) * width / 16
    slope_y = cv2.Sobel(surface, cv2.CV_32F, 0, 1, ksize=3) * width / 16
    steep = 1.0 / np.sqrt(1.0 + slope_x**2 + slope_y**2)
    # light from above and a little from the left
    light = 0.50 + 0.56 * steep * (0.80 + 0.25 * slope_x + 0.45 * slope_y)
    shade = np.clip(light, 0.25, 1.12)[..., None] * np.asarray(color_rgb, np.float32)
    return premultiply(shade, cv2.GaussianBlur(mask, (0, 0), 0.8).astype(np.float32) / 255)
