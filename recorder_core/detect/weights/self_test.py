"""Prove on a drawn picture that weights, anchors and engine belong together.

Checkpoints with the same tensor names exist for different anchors; with the wrong ones
everything runs and most faces are missed. So every engine finds three drawn faces
before it is used.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from recorder_core.detect.anchors import (
    PUBLISHED_ANCHORS,
    AnchorSettings,
    decode_boxes,
    make_anchors,
)
from recorder_core.detect.networks import family_of
from recorder_core.detect.weights.drawn_faces import DRAWN_FACES_XYXY_PX, draw_faces
from recorder_core.detect.weights.weights import Weights
from recorder_core.errors import ModelMismatch

__all__ = [
    "KNOWN_ANCHORS",
    "Infer",
    "check_decode",
    "detect_drawn_faces",
    "reference_infer",
    "refuse_useless",
]

#: (1, 3, H, W) float32 input -> boxes or their offsets (1, P, 4), probabilities (1, P)
Infer = Callable[[NDArray[np.float32]], tuple[NDArray[np.float32], NDArray[np.float32]]]

#: anchors that public checkpoints with the same tensor names were trained with
KNOWN_ANCHORS: Final = (
    PUBLISHED_ANCHORS,
    AnchorSettings(((10, 20), (32, 64), (128, 256))),
)
#: min overlap of a found box with the drawn outline; right anchors give 0.75 to
#: 0.85, wrong ones 0.19 to 0.30
_MIN_OUTLINE_IOU = 0.55
#: min overlap with the box that these very weights gave; leaves room for engines
#: that calculate with 8 or 16 bits
_MIN_EXPECTED_IOU = 0.8
#: minimum score of a found box in the self-test
_MIN_SCORE = 0.3


def detect_drawn_faces(
    weights: Weights, infer: Infer
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Detect the faces of the drawn picture with an engine.

    Returns
    -------
    boxes : ndarray of shape (3, 4), float32
        The best-scoring box near each drawn face, in pixels of the drawing; zeros if
        the network gives none there.
    scores : ndarray of shape (3,), float32
    """
    picture = draw_faces().astype(np.float32) - np.asarray(weights.mean_bgr, np.float32)
    offsets, scores = infer(np.ascontiguousarray(picture.transpose(2, 0, 1)[None]))
    boxes, centres = _decode(weights, np.asarray(offsets, np.float32), picture.shape[:2])
    outlines = DRAWN_FACES_XYXY_PX
    near = (centres > outlines[:, None, :2]) & (centres < outlines[:, None, 2:])
    found = np.where(near.all(axis=2), scores[0][None], 0.0).astype(np.float32)
    if found.shape[1] == 0:
        return np.zeros((len(outlines), 4), np.float32), np.zeros(len(outlines), np.float32)
    best = found.argmax(axis=1)
    return boxes[best], found[np.arange(len(outlines)), best]


def _decode(
    weights: Weights, offsets: NDArray[np.float32], size_px: tuple[int, ...]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return boxes (P, 4), and where each belongs (1, P, 2)."""
    if not family_of(weights.detector).gives_offsets:
        boxes = offsets[0]
        return boxes, (boxes[None, :, :2] + boxes[None, :, 2:]) / 2
    anchors = make_anchors(size_px[0], size_px[1], weights.anchors)
    if offsets.shape != (1, len(anchors), 4):
        raise ModelMismatch(
            f"the network gives {offsets.shape[1]} boxes where the anchors need {len(anchors)}"
        )
    # by the anchor's own centre, which does not depend on the sizes being right
    return decode_boxes(offsets[0], anchors, weights.anchors.variances), anchors[None, :, :2]


def check_decode(weights: Weights, infer: Infer) -> None:
    """Check on the drawn picture that weights, anchors and engine belong together.

    Parameters
    ----------
    weights : Weights
    infer : Infer
        The engine: input (1, 3, H, W) to boxes (1, P, 4) and probabilities (1, P).

    Raises
    ------
    ModelMismatch
        If the boxes are not where the faces were drawn, or not where these weights
        put them when they were saved.
    """
    boxes, scores = detect_drawn_faces(weights, infer)
    expected, needed = DRAWN_FACES_XYXY_PX, _MIN_OUTLINE_IOU
    known = np.ones(len(expected), bool)
    if weights.self_test is not None:
        expected = np.asarray(weights.self_test.boxes_xyxy_px, np.float32)
        needed = _MIN_EXPECTED_IOU
        # weights for something else than faces may miss a drawn face from the start
        known = np.asarray(weights.self_test.scores) >= 2 * _MIN_SCORE
    overlap = _overlaps(boxes, expected)[known].min(initial=1.0)
    score = scores[known].min(initial=1.0)
    if overlap < needed or score < _MIN_SCORE:
        raise ModelMismatch(
            f"{weights.path.name} fails its self-test: the drawn faces are found with a score of "
            f"{score:.2f} and an overlap of {overlap:.2f}; needed are {_MIN_SCORE} and "
            f"{needed}; the weights were trained with other anchors than "
            f"{weights.anchors.min_sizes_px}{_fitting_anchors(weights, infer)}"
        )


def refuse_useless(weights: Weights) -> None:
    """Refuse weights that found no drawn face when they were saved: they hide nobody.

    Raises
    ------
    ModelMismatch
        If their own self-test says so; nothing is run.
    """
    test = weights.self_test
    if test is not None and max(test.scores, default=0.0) < _MIN_SCORE:
        raise ModelMismatch(
            f"{weights.path.name} found none of the drawn faces of its self-test after its "
            "training, so it would leave faces as they are; train longer, and check what it was "
            "trained on (workbench dataset check)"
        )


def _fitting_anchors(weights: Weights, infer: Infer) -> str:
    if family_of(weights.detector).anchors == PUBLISHED_ANCHORS:
        for anchors in KNOWN_ANCHORS:
            boxes, _ = detect_drawn_faces(replace(weights, anchors=anchors), infer)
            if _overlaps(boxes, DRAWN_FACES_XYXY_PX).min() >= _MIN_OUTLINE_IOU:
                return f"; {anchors.min_sizes_px} fit"
    return " or are damaged"


def _overlaps(boxes: NDArray[np.float32], others: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the intersection over union of each pair of rows; NaN for boxes without end."""
    sides = np.minimum(boxes[:, 2:], others[:, 2:]) - np.maximum(boxes[:, :2], others[:, :2])
    # weights that learnt nothing can give edges of any size; such a box is nobody's
    with np.errstate(over="ignore", invalid="ignore"):
        shared = sides.clip(min=0).prod(axis=1)
        areas = (boxes[:, 2:] - boxes[:, :2]).prod(axis=1) + (others[:, 2:] - others[:, :2]).prod(
            axis=1
        )
        return np.asarray(shared / (areas - shared), np.float32)


def reference_infer(weights: Weights) -> Infer:
    """Return inference by the reference engine, PyTorch on the processor."""
    import torch

    network = family_of(weights.detector).build_network(
        weights.tensors, weights.design, weights.anchors
    )

    def infer(pictures: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        with torch.inference_mode():
            boxes, scores = network(torch.from_numpy(pictures))
        return boxes.numpy(), scores.numpy()

    return infer
