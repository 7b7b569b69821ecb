"""Weights of a detector: a safetensors file and, beside it, a JSON file that explains it.

``NAME.safetensors`` holds the tensors; ``NAME.json`` the detector's name, anchors,
mean colour, where the weights come from, what they may be used for, how well they
detect, and the self-test. Checkpoints of the published PyTorch kind (``.pth``) are
read too. Nothing is loaded in part: a tensor that is missing, left over or of another
shape is an error.

Reading safetensors needs no PyTorch.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
import safetensors.numpy
from numpy.typing import NDArray

from recorder_core.detect._weights_files import read_bytes, read_checkpoint, read_safetensors
from recorder_core.detect.anchors import (
    PUBLISHED_ANCHORS,
    AnchorSettings,
    decode_boxes,
    make_anchors,
)
from recorder_core.detect.drawn_faces import DRAWN_FACES_XYXY_PX, DRAWN_PICTURE, draw_faces
from recorder_core.detect.retinaface import MEAN_BGR, RETINAFACE, build_retinaface, check_tensors
from recorder_core.errors import ModelMismatch

__all__ = [
    "KNOWN_ANCHORS",
    "Infer",
    "SelfTest",
    "Weights",
    "check_decode",
    "default_weights_path",
    "detect_drawn_faces",
    "load_weights",
    "save_weights",
]

#: (1, 3, H, W) float32 input -> box offsets (1, P, 4), face probabilities (1, P)
Infer = Callable[[NDArray[np.float32]], tuple[NDArray[np.float32], NDArray[np.float32]]]

#: version of the JSON file's layout
_FORMAT = 1
#: anchors that public checkpoints with the same tensor names were trained with
KNOWN_ANCHORS: Final = (
    PUBLISHED_ANCHORS,
    AnchorSettings(((10, 20), (32, 64), (128, 256))),
)
#: least overlap of a found box with the drawn outline; right anchors give 0.75 to
#: 0.85, wrong ones 0.19 to 0.30
_MIN_OUTLINE_IOU = 0.55
#: least overlap with the box that these very weights gave; leaves room for engines
#: that calculate with 8 or 16 bits
_MIN_EXPECTED_IOU = 0.8
#: least score of a found box in the self-test
_MIN_SELF_TEST_SCORE = 0.3


@dataclass(frozen=True, slots=True)
class SelfTest:
    """What the weights gave on a drawn picture when they were saved."""

    #: name of the drawing
    picture: str
    #: one (x0, y0, x1, y1) for each drawn face, in pixels of the drawing
    boxes_xyxy_px: tuple[tuple[float, float, float, float], ...]
    #: their scores
    scores: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Weights:
    """A detector's tensors and everything needed to use them rightly."""

    #: name of the detector, for example "retinaface-mobilenet-0.25"
    detector: str
    #: tensor name -> float32 array
    tensors: dict[str, NDArray[np.float32]] = field(repr=False)
    anchors: AnchorSettings
    #: subtracted from the 0..255 input, blue, green, red
    mean_bgr: tuple[float, float, float]
    #: SHA-256 of the weights file, hexadecimal
    sha256: str
    path: Path
    #: version of the weights, "unknown" for a bare checkpoint
    version: str = "unknown"
    self_test: SelfTest | None = field(default=None, repr=False)
    #: origin, licence notes and results, as in the JSON file
    card: dict[str, Any] = field(default_factory=dict, repr=False)


def default_weights_path() -> Path:
    """Return the weights that come with the program."""
    return Path(__file__).parent / "weights" / "retinaface_mnet025.safetensors"


def load_weights(path: Path | None = None, anchors: AnchorSettings | None = None) -> Weights:
    """Read and check a weights file.

    Parameters
    ----------
    path : Path or None
        ``.safetensors`` with its ``.json`` beside it, or a PyTorch checkpoint
        (``.pth``, ``.pt``, ``.tar``). None takes the weights that come with the program.
    anchors : AnchorSettings or None
        Anchors of a checkpoint without a JSON file; None takes the published ones.
        Either way a checkpoint without a JSON file must pass `check_decode`.

    Returns
    -------
    Weights

    Raises
    ------
    ModelMismatch
        If a file is missing or damaged, a tensor is wrong (the first one is named),
        the two files do not belong together, or the anchors do not fit.
    """
    path = default_weights_path() if path is None else path
    content = read_bytes(path)
    sidecar_path = path.with_suffix(".json")
    if path.suffix == ".safetensors":
        weights = _with_sidecar(path, content, read_safetensors(path, content))
    elif sidecar_path.is_file():
        weights = _with_sidecar(path, content, read_checkpoint(path))
    else:
        weights = _bare_checkpoint(path, content, anchors)
    if weights.detector == RETINAFACE:
        check_tensors(weights.tensors)
    if not sidecar_path.is_file():
        check_decode(weights, _torch_infer(weights))
    return weights


def save_weights(
    path: Path,
    tensors: Mapping[str, NDArray[np.float32]],
    *,
    anchors: AnchorSettings,
    version: str,
    card: Mapping[str, Any],
    must_find_faces: bool = True,
) -> Weights:
    """Write RetinaFace weights and their JSON file, self-test included.

    Parameters
    ----------
    path : Path
        Ends in ``.safetensors``; the JSON file is written beside it.
    tensors : mapping of str to ndarray, float32
    anchors : AnchorSettings
        What the weights were trained with.
    version : str
    card : mapping
        Origin, licence notes, results: whatever JSON can hold.
    must_find_faces : bool
        Refuse weights that do not find the drawn faces where they are. False is for
        weights that detect something else, or are not trained to the end, and whose
        anchors are known to be right.

    Returns
    -------
    Weights
        As read back.

    Raises
    ------
    ModelMismatch
        If the tensors are not those of the network, or the drawn faces are not found.
    """
    check_tensors(tensors)
    content = safetensors.numpy.save({k: np.ascontiguousarray(v) for k, v in tensors.items()})
    digest = hashlib.sha256(content).hexdigest()
    weights = Weights(RETINAFACE, dict(tensors), anchors, MEAN_BGR, digest, path, version)
    infer = _torch_infer(weights)
    if must_find_faces:
        check_decode(weights, infer)
    boxes, scores = detect_drawn_faces(weights, infer)
    sidecar = {
        "format": _FORMAT,
        "detector": RETINAFACE,
        "version": version,
        "sha256": digest,
        "mean_bgr": list(MEAN_BGR),
        "anchors": {
            "min_sizes_px": [list(level) for level in anchors.min_sizes_px],
            "steps_px": list(anchors.steps_px),
            "variances": list(anchors.variances),
        },
        "self_test": {
            "picture": DRAWN_PICTURE,
            "boxes_xyxy_px": np.round(boxes, 3).tolist(),
            "scores": np.round(scores, 4).tolist(),
        },
        "card": dict(card),
    }
    path.write_bytes(content)
    path.with_suffix(".json").write_text(json.dumps(sidecar, indent=2) + "\n", encoding="utf-8")
    return load_weights(path)


def detect_drawn_faces(
    weights: Weights, infer: Infer
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Detect the faces of the drawn picture with an engine.

    Returns
    -------
    boxes : ndarray of shape (3, 4), float32
        The best-scoring box near each drawn face, in pixels of the drawing.
    scores : ndarray of shape (3,), float32
    """
    picture = draw_faces().astype(np.float32) - np.asarray(weights.mean_bgr, np.float32)
    offsets, scores = infer(np.ascontiguousarray(picture.transpose(2, 0, 1)[None]))
    anchors = make_anchors(picture.shape[0], picture.shape[1], weights.anchors)
    if offsets.shape != (1, len(anchors), 4):
        raise ModelMismatch(
            f"the network gives {offsets.shape[1]} boxes where the anchors need {len(anchors)}"
        )
    boxes = decode_boxes(np.asarray(offsets[0], np.float32), anchors, weights.anchors.variances)
    # near: by the anchor's own centre, which does not depend on the sizes being right
    outlines = DRAWN_FACES_XYXY_PX
    near = (anchors[None, :, :2] > outlines[:, None, :2]) & (
        anchors[None, :, :2] < outlines[:, None, 2:]
    )
    best = np.where(near.all(axis=2), scores[0][None], -1.0).argmax(axis=1)
    return boxes[best], np.asarray(scores[0][best], np.float32)


def check_decode(weights: Weights, infer: Infer) -> None:
    """Check on the drawn picture that weights, anchors and engine belong together.

    Parameters
    ----------
    weights : Weights
    infer : Infer
        The engine: input (1, 3, H, W) to box offsets (1, P, 4) and probabilities (1, P).

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
        known = np.asarray(weights.self_test.scores) >= 2 * _MIN_SELF_TEST_SCORE
    overlap = _overlaps(boxes, expected)[known].min(initial=1.0)
    score = scores[known].min(initial=1.0)
    if overlap < needed or score < _MIN_SELF_TEST_SCORE:
        raise ModelMismatch(
            f"{weights.path.name} fails its self-test: the drawn faces are found with a score of "
            f"{score:.2f} and an overlap of {overlap:.2f}, needed are {_MIN_SELF_TEST_SCORE} and "
            f"{needed}; the weights were trained with other anchors than "
            f"{weights.anchors.min_sizes_px}{_fitting_anchors(weights, infer)}"
        )


def _fitting_anchors(weights: Weights, infer: Infer) -> str:
    for anchors in KNOWN_ANCHORS:
        other = Weights(
            weights.detector, {}, anchors, weights.mean_bgr, weights.sha256, weights.path
        )
        boxes, _ = detect_drawn_faces(other, infer)
        if _overlaps(boxes, DRAWN_FACES_XYXY_PX).min() >= _MIN_OUTLINE_IOU:
            return f"; {anchors.min_sizes_px} fit"
    return " or are damaged"


def _overlaps(boxes: NDArray[np.float32], others: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the intersection over union of each pair of rows."""
    sides = np.minimum(boxes[:, 2:], others[:, 2:]) - np.maximum(boxes[:, :2], others[:, :2])
    shared = sides.clip(min=0).prod(axis=1)
    areas = (boxes[:, 2:] - boxes[:, :2]).prod(axis=1) + (others[:, 2:] - others[:, :2]).prod(
        axis=1
    )
    return np.asarray(shared / (areas - shared), np.float32)


def _torch_infer(weights: Weights) -> Infer:
    import torch

    network = build_retinaface(weights.tensors)

    def infer(pictures: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        with torch.inference_mode():
            offsets, scores = network(torch.from_numpy(pictures))
        return offsets.numpy(), scores.numpy()

    return infer


def _bare_checkpoint(path: Path, content: bytes, anchors: AnchorSettings | None) -> Weights:
    return Weights(
        RETINAFACE,
        read_checkpoint(path),
        anchors or PUBLISHED_ANCHORS,
        MEAN_BGR,
        hashlib.sha256(content).hexdigest(),
        path,
    )


def _with_sidecar(path: Path, content: bytes, tensors: dict[str, NDArray[np.float32]]) -> Weights:
    sidecar_path = path.with_suffix(".json")
    digest = hashlib.sha256(content).hexdigest()
    try:
        sidecar = json.loads(read_bytes(sidecar_path))
        weights = _parse_sidecar(sidecar, path, digest, tensors)
        belongs = sidecar["sha256"] == digest
    except (ValueError, KeyError, TypeError, IndexError) as exc:
        raise ModelMismatch(f"{sidecar_path} is damaged or incomplete: {exc!r}") from exc
    if not belongs:
        raise ModelMismatch(
            f"{path} is not the file that {sidecar_path.name} describes (another SHA-256); "
            "copy both files together"
        )
    return weights


def _parse_sidecar(
    sidecar: dict[str, Any], path: Path, digest: str, tensors: dict[str, NDArray[np.float32]]
) -> Weights:
    anchors, test = sidecar["anchors"], sidecar["self_test"]
    if sidecar["format"] != _FORMAT:
        raise ModelMismatch(f"{path} has format {sidecar['format']}, this program reads {_FORMAT}")
    blue, green, red = (float(v) for v in sidecar["mean_bgr"])
    position, size = (float(v) for v in anchors["variances"])
    return Weights(
        detector=str(sidecar["detector"]),
        tensors=tensors,
        anchors=AnchorSettings(
            tuple(tuple(float(v) for v in level) for level in anchors["min_sizes_px"]),
            tuple(int(v) for v in anchors["steps_px"]),
            (position, size),
        ),
        mean_bgr=(blue, green, red),
        sha256=digest,
        path=path,
        version=str(sidecar["version"]),
        self_test=SelfTest(
            str(test["picture"]),
            tuple((float(a), float(b), float(c), float(d)) for a, b, c, d in test["boxes_xyxy_px"]),
            tuple(float(v) for v in test["scores"]),
        ),
        card=dict(sidecar["card"]),
    )
