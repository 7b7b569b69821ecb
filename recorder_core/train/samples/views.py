"""Random views of a labelled picture: crop, zoom, turn and mirror in one step."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from recorder_core.model.values.carriers import carrier_repr

__all__ = [
    "Sample",
    "ViewSettings",
    "choose_view",
    "sort_by_visibility",
    "transform_boxes",
    "transform_landmarks",
    "transform_points",
    "warp_picture",
]

#: the landmark that takes each one's place in a mirrored picture
MIRRORED_LANDMARKS: Final = [1, 0, 2, 4, 3]
#: (2, 3) float64 matrix from source pixels to pixels of the sample
Affine = NDArray[np.float64]


@dataclass(slots=True)
class Sample:
    """One training picture with what is known about it."""

    __repr__ = carrier_repr

    #: (size, size, 3) uint8, blue, green, red
    picture_bgr: NDArray[np.uint8]
    #: (M, 4) float32, faces to learn
    boxes_xyxy_px: NDArray[np.float32]
    #: (K, 4) float32, regions that are not judged
    ignored_xyxy_px: NDArray[np.float32]
    #: (M, 5, 2) float32, NaN where not known: eyes, nose and corners of the mouth, those
    #: on the left of the picture first
    landmarks_px: NDArray[np.float32]
    #: (M,) float32 in (0, 1]: the face probability to learn; 1 for what a person labelled
    certainty: NDArray[np.float32]
    #: False if the teacher must not be believed on this picture
    trust_teacher: bool = True


@dataclass(frozen=True, slots=True)
class ViewSettings:
    """How pictures are cropped, zoomed and turned."""

    #: edge of the square sample
    size_px: int = 320
    #: height of the chosen face in the sample, drawn evenly on a logarithmic scale
    min_face_px: float = 9.0
    max_face_px: float = 180.0
    #: share of samples whose chosen face is drawn from `small_face_px` instead
    small_share: float = 0.5
    small_face_px: tuple[float, float] = (9.0, 42.0)
    #: most a picture is enlarged
    max_zoom: float = 1.6
    #: share of samples that are turned, and by how much at most
    turn_share: float = 0.6
    max_turn_degrees: float = 40.0
    #: most by which width and height are scaled differently (1.3: a quarter narrower or wider)
    max_stretch: float = 1.3
    #: share of samples seen from aside or from above, in perspective, and how far at most
    #: a corner moves, of the sample's edge
    perspective_share: float = 0.2
    max_corner_shift: float = 0.15
    #: faces of which less is inside the sample are not judged; of which next to
    #: nothing is inside are forgotten
    min_visible_share: float = 0.45
    min_known_share: float = 0.08
    #: faces of a smaller height than this in the sample are not judged
    min_label_px: float = 7.0


def choose_view(
    rng: np.random.Generator,
    size_px: tuple[int, int],
    focus_xyxy_px: NDArray[np.float32] | None,
    settings: ViewSettings,
) -> Affine:
    """Draw a view of a picture, around one of its faces if there is one.

    Parameters
    ----------
    rng : numpy.random.Generator
    size_px : (int, int)
        Height and width of the picture.
    focus_xyxy_px : ndarray of shape (4,) or None
        The face that decides on the zoom and lies inside the view.
    settings : ViewSettings

    Returns
    -------
    ndarray of shape (2, 3), float64
        From picture pixels to sample pixels.
    """
    height, width = size_px
    if focus_xyxy_px is None:
        zoom = settings.size_px / min(height, width) * np.exp(rng.uniform(np.log(0.8), np.log(2.5)))
        centre = np.array([rng.uniform(0.2, 0.8) * width, rng.uniform(0.2, 0.8) * height])
        target = np.full(2, settings.size_px / 2)
    else:
        face_px = _draw_face_height(rng, settings)
        zoom = min(face_px / (focus_xyxy_px[3] - focus_xyxy_px[1]), settings.max_zoom)
        centre = (focus_xyxy_px[:2] + focus_xyxy_px[2:]) / 2.0
        margin = min(0.5 * face_px, 0.45 * settings.size_px)
        target = rng.uniform(margin, settings.size_px - margin, 2)
    return _compose(rng, centre, target, float(zoom), settings)


def _draw_face_height(rng: np.random.Generator, settings: ViewSettings) -> float:
    small = rng.random() < settings.small_share
    low, high = settings.small_face_px if small else (settings.min_face_px, settings.max_face_px)
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


def _compose(
    rng: np.random.Generator,
    centre: NDArray[np.float64],
    target: NDArray[np.float64],
    zoom: float,
    settings: ViewSettings,
) -> Affine:
    turn = 0.0
    if rng.random() < settings.turn_share:
        turn = np.deg2rad(settings.max_turn_degrees) * rng.uniform(-1, 1)
    stretch = settings.max_stretch ** (0.5 * rng.uniform(-1, 1))
    mirror = -1.0 if rng.random() < 0.5 else 1.0
    cos, sin = np.cos(turn), np.sin(turn)
    linear = np.array([[cos, -sin], [sin, cos]]) @ np.diag(
        [mirror * zoom * stretch, zoom / stretch]
    )
    return np.hstack([linear, (target - linear @ centre)[:, None]])


def warp_picture(
    picture_bgr: NDArray[np.uint8], view: Affine, size_px: int, background_bgr: NDArray[np.uint8]
) -> NDArray[np.uint8]:
    """Show a view of a picture; places outside the picture show the background.

    Parameters
    ----------
    picture_bgr : ndarray of shape (height, width, 3), uint8
    view : ndarray of shape (2, 3)
    size_px : int
        Edge of the square result.
    background_bgr : ndarray of shape (size, size, 3), uint8
        Copied, not changed.

    Returns
    -------
    ndarray of shape (size, size, 3), uint8
    """
    zoom = np.sqrt(abs(np.linalg.det(view[:, :2])))
    halvings = max(0, int(np.floor(-np.log2(zoom))))
    # shrinking by area first, because a warp alone would skip pixels
    if halvings:
        factor = 0.5**halvings
        small = (
            max(1, round(picture_bgr.shape[1] * factor)),
            max(1, round(picture_bgr.shape[0] * factor)),
        )
        scale = np.diag([picture_bgr.shape[1] / small[0], picture_bgr.shape[0] / small[1]])
        picture_bgr = np.asarray(
            cv2.resize(picture_bgr, small, interpolation=cv2.INTER_AREA), np.uint8
        )
        view = np.hstack([view[:, :2] @ scale, view[:, 2:]])
    # pixel centres are at half numbers in our boxes and at whole numbers in OpenCV
    shifted = view.copy()
    shifted[:, 2] += view[:, :2] @ np.full(2, 0.5) - 0.5
    result = background_bgr.copy()
    cv2.warpAffine(
        picture_bgr,
        shifted,
        (size_px, size_px),
        dst=result,
        flags=cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_TRANSPARENT,
    )
    return result


def transform_boxes(boxes_xyxy_px: NDArray[np.float32], view: Affine) -> NDArray[np.float32]:
    """Move boxes into a view: the box around the turned ellipse that fills each box.

    A face fills its box about as an ellipse does, so a turned face gets a box that
    still touches it.
    """
    half = (boxes_xyxy_px[:, 2:] - boxes_xyxy_px[:, :2]) / 2.0
    centre = (boxes_xyxy_px[:, 2:] + boxes_xyxy_px[:, :2]) / 2.0
    centre = centre @ view[:, :2].T + view[:, 2]
    reach = np.sqrt((half**2) @ (view[:, :2] ** 2).T)
    return np.concatenate([centre - reach, centre + reach], axis=1).astype(np.float32)


def sort_by_visibility(
    boxes_xyxy_px: NDArray[np.float32], settings: ViewSettings
) -> tuple[NDArray[np.float32], NDArray[np.bool_], NDArray[np.bool_]]:
    """Return the boxes cut to the sample, which to learn, and which not to judge."""
    inside = boxes_xyxy_px.clip(0, settings.size_px)
    areas = (boxes_xyxy_px[:, 2:] - boxes_xyxy_px[:, :2]).prod(axis=1)
    shares = (inside[:, 2:] - inside[:, :2]).prod(axis=1) / np.maximum(areas, 1e-6)
    tall = inside[:, 3] - inside[:, 1] >= settings.min_label_px
    learnt = (shares >= settings.min_visible_share) & tall
    unclear = ~learnt & (shares >= settings.min_known_share)
    return inside, learnt, unclear


def transform_points(points_px: NDArray[np.float32], view: Affine) -> NDArray[np.float32]:
    """Move points (..., 2) into a view."""
    return np.asarray(points_px @ view[:, :2].T + view[:, 2], np.float32)


def transform_landmarks(landmarks_px: NDArray[np.float32], view: Affine) -> NDArray[np.float32]:
    """Move landmarks (M, 5, 2) into a view; where it mirrors, left and right change places."""
    moved = transform_points(landmarks_px, view)
    return moved[:, MIRRORED_LANDMARKS] if np.linalg.det(view[:, :2]) < 0 else moved
