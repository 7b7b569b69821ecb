"""A drawn picture of three faces, on which weights prove that their anchors fit.

Checkpoints with the same names and shapes exist for different anchors; with the
wrong ones everything runs and most faces are missed. The drawing needs no photo of
a person: a detector trained on real faces finds all three with a score over 0.9.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

__all__ = ["DRAWN_FACES_XYXY_PX", "DRAWN_PICTURE", "draw_faces"]

#: name of the drawing; another drawing gets another name
DRAWN_PICTURE: Final = "drawn-faces-1"
#: height and width of the picture
_SIZE_PX = (192, 384)
#: centre x, centre y and height of each face
_FACES_PX: Final = ((50.0, 60.0, 32.0), (130.0, 80.0, 60.0), (270.0, 90.0, 120.0))
#: width of a face over its height
_ASPECT = 0.76
#: outlines of the drawn faces, (3, 4) float32
DRAWN_FACES_XYXY_PX: Final[NDArray[np.float32]] = np.array(
    [(x - _ASPECT * h / 2, y - h / 2, x + _ASPECT * h / 2, y + h / 2) for x, y, h in _FACES_PX],
    np.float32,
)

#: the parts of a head, back to front, in units of the face's height:
#: centre x, centre y, radius x, radius y, softness of the edge, blue, green, red
_PARTS: Final = (
    (0.0, 1.05, 0.72, 0.55, 0.03, 120, 70, 50),  # shoulders
    (0.0, 0.45, 0.2, 0.3, 0.03, 110, 140, 190),  # neck
    (0.0, -0.12, 0.44, 0.55, 0.03, 30, 40, 60),  # hair behind
    (0.0, 0.02, 0.38, 0.5, 0.08, 130, 165, 220),  # skin
    (0.0, -0.42, 0.32, 0.16, 0.06, 30, 40, 60),  # hair in front
    *(
        part
        for x in (-0.16, 0.16)
        for part in (
            (x, -0.15, 0.1, 0.02, 0.02, 40, 50, 80),  # brow
            (x, -0.06, 0.09, 0.05, 0.04, 100, 130, 180),  # socket
            (x, -0.055, 0.068, 0.03, 0.02, 225, 230, 235),  # white of the eye
            (x, -0.055, 0.034, 0.032, 0.02, 40, 45, 60),  # iris
        )
    ),
    (0.0, 0.08, 0.038, 0.12, 0.06, 140, 175, 228),  # bridge of the nose
    (0.0, 0.16, 0.084, 0.03, 0.04, 85, 115, 170),  # nostrils
    (0.0, 0.28, 0.152, 0.035, 0.03, 80, 80, 170),  # lips
    (0.0, 0.28, 0.13, 0.008, 0.01, 50, 50, 110),  # line of the mouth
)


def draw_faces() -> NDArray[np.uint8]:
    """Draw the self-test picture.

    Returns
    -------
    ndarray of shape (192, 384, 3), uint8
        Blue, green, red; the faces are at `DRAWN_FACES_XYXY_PX`.
    """
    height, width = _SIZE_PX
    picture = np.full((height, width, 3), 150, np.float32)
    picture += np.linspace(-30, 30, height, dtype=np.float32)[:, None, None]
    for x, y, size in _FACES_PX:
        for part in _PARTS:
            _paint_ellipse(picture, x, y, size, part)
    return np.clip(np.rint(picture), 0, 255).astype(np.uint8)


def _paint_ellipse(
    picture: NDArray[np.float32], x: float, y: float, size: float, part: tuple[float, ...]
) -> None:
    part_x, part_y, radius_x, radius_y, softness, *colour = part
    rows, columns = np.ogrid[: picture.shape[0], : picture.shape[1]]
    across = (columns + 0.5 - x - part_x * size) / (radius_x * size)
    down = (rows + 0.5 - y - part_y * size) / (radius_y * size)
    edge_px = max(softness * size, 1.0)
    inside = (1 - np.sqrt(across**2 + down**2)) * min(radius_x, radius_y) * size / edge_px
    cover = np.clip(inside + 0.5, 0, 1)[..., None].astype(np.float32)
    picture += (np.asarray(colour, np.float32) - picture) * cover
