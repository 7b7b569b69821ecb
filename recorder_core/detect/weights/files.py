"""Weights on disk: a safetensors file and, beside it, a JSON file that explains it.

``NAME.safetensors`` holds the tensors; ``NAME.json`` the name and sizes of the network,
its anchors and mean colour, where the weights come from, what they may be used for, how
well they detect, and the self-test. Checkpoints of RetinaFace as it was published
(``.pth``) are read too. Nothing is loaded in part: a tensor that is missing, left over
or of another shape is an error.

Reading safetensors needs no PyTorch.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from recorder_core.detect.anchors import PUBLISHED_ANCHORS, AnchorSettings
from recorder_core.detect.networks import RETINAFACE, NetworkFamily, family_of
from recorder_core.detect.networks.retinaface import RetinaFaceDesign
from recorder_core.detect.weights.drawn_faces import DRAWN_PICTURE
from recorder_core.detect.weights.self_test import check_decode, detect_drawn_faces, reference_infer
from recorder_core.detect.weights.tensors import (
    read_bytes,
    read_checkpoint,
    read_safetensors,
    write_safetensors,
)
from recorder_core.detect.weights.weights import SelfTest, Weights
from recorder_core.errors import ModelMismatch, SettingsError
from recorder_core.model.files.paths import StrPath
from recorder_core.model.values.json_text import parse_json

__all__ = ["default_weights_path", "load_weights", "save_weights"]

#: version of the JSON file's layout
_FORMAT: Final = 1


def default_weights_path(family: NetworkFamily[Any] = RETINAFACE) -> Path:
    """Return the weights of a family that come with the program.

    Raises
    ------
    SettingsError
        If none do; the message says what to do.
    """
    if not family.shipped:
        raise SettingsError(
            f"the program comes without weights for {family.name}: train some "
            "(workbench train --config FILE) and give them with --weights FILE"
        )
    return Path(__file__).parent / family.shipped


def load_weights(
    path: StrPath | None = None,
    anchors: AnchorSettings | None = None,
    family: NetworkFamily[Any] = RETINAFACE,
) -> Weights:
    """Read and check a weights file.

    Parameters
    ----------
    path : str, Path or None
        ``.safetensors`` with its ``.json`` beside it, or a PyTorch checkpoint
        (``.pth``, ``.pt``, ``.tar``). None takes the weights of `family` that come with
        the program.
    anchors : AnchorSettings or None
        Anchors of a checkpoint without a JSON file; None takes the published ones.
        Either way a checkpoint without a JSON file must pass `check_decode`.
    family : NetworkFamily
        Whose weights are taken when no path is given. Only RetinaFace has checkpoints
        without a JSON file.

    Returns
    -------
    Weights

    Raises
    ------
    ModelMismatch
        If a file is missing or damaged, a tensor is wrong (the first one is named),
        the two files do not belong together, or the anchors do not fit.
    SettingsError
        If no path is given and the family comes without weights.
    """
    path = default_weights_path(family) if path is None else Path(path)
    content = read_bytes(path)
    sidecar_path = path.with_suffix(".json")
    if path.suffix == ".safetensors":
        weights = _with_sidecar(path, content, read_safetensors(path, content))
    elif sidecar_path.is_file():
        weights = _with_sidecar(path, content, read_checkpoint(path))
    else:
        weights = _bare_checkpoint(path, content, anchors, family)
    family_of(weights.detector).check_tensors(weights.tensors, weights.design, weights.anchors)
    if not sidecar_path.is_file():
        check_decode(weights, reference_infer(weights))
    return weights


def save_weights(
    path: Path,
    tensors: Mapping[str, NDArray[np.float32]],
    *,
    anchors: AnchorSettings,
    version: str,
    card: Mapping[str, Any],
    must_find_faces: bool = True,
    family: NetworkFamily[Any] = RETINAFACE,
    design: Any = RetinaFaceDesign(),  # noqa: B008 - it is frozen
) -> Weights:
    """Write weights and their JSON file, self-test included.

    Parameters
    ----------
    path : Path
        Ends in ``.safetensors``; the JSON file is written beside it.
    tensors : mapping of str to ndarray, float32
        Those whose values are all float16 numbers take half the space.
    anchors : AnchorSettings
        What the weights were trained with.
    version : str
    card : mapping
        Origin, licence notes, results: whatever JSON can hold.
    must_find_faces : bool
        Refuse weights that do not find the drawn faces where they are. False is for
        weights that detect something else, or are not trained to the end, and whose
        anchors are known to be right.
    family : NetworkFamily
        Whose weights they are.
    design : object
        Sizes of the network, of the family's `design_type`.

    Returns
    -------
    Weights
        As read back.

    Raises
    ------
    ModelMismatch
        If the tensors are not those of the network, or the drawn faces are not found.
    """
    family.check_tensors(tensors, design, anchors)
    content = write_safetensors(tensors)
    weights = Weights(
        family.network,
        dict(tensors),
        anchors,
        family.mean_bgr,
        hashlib.sha256(content).hexdigest(),
        path,
        version,
        card=dict(card),
        design=design,
    )
    infer = reference_infer(weights)
    if must_find_faces:
        check_decode(weights, infer)
    sidecar = _sidecar(weights, *detect_drawn_faces(weights, infer))
    path.write_bytes(content)
    path.with_suffix(".json").write_text(json.dumps(sidecar, indent=2) + "\n", encoding="utf-8")
    return load_weights(path)


def _sidecar(
    weights: Weights, boxes: NDArray[np.float32], scores: NDArray[np.float32]
) -> dict[str, Any]:
    """Return what the JSON file says; the boxes are those of the self-test."""
    sizes = family_of(weights.detector).write_design(weights.design)
    return {
        "format": _FORMAT,
        "detector": weights.detector,
        "version": weights.version,
        "sha256": weights.sha256,
        "mean_bgr": list(weights.mean_bgr),
        **({"design": sizes} if sizes else {}),
        "anchors": asdict(weights.anchors),
        "self_test": {
            "picture": DRAWN_PICTURE,
            "boxes_xyxy_px": np.round(boxes, 3).tolist(),
            "scores": np.round(scores, 4).tolist(),
        },
        "card": weights.card,
    }


def _bare_checkpoint(
    path: Path, content: bytes, anchors: AnchorSettings | None, family: NetworkFamily[Any]
) -> Weights:
    if family.network != RETINAFACE.network:
        start = "; a public detector is where training starts (run.start)" if family.adopts else ""
        raise ModelMismatch(
            f"{path.name} has no JSON file beside it; weights of {family.name} are two files, "
            ".safetensors and "
            f".json{start}"
        )
    tensors = read_checkpoint(path)
    return Weights(
        RETINAFACE.network,
        tensors,
        anchors or PUBLISHED_ANCHORS,
        RETINAFACE.mean_bgr,
        hashlib.sha256(content).hexdigest(),
        path,
        design=RETINAFACE.find_design(tensors),
    )


def _with_sidecar(path: Path, content: bytes, tensors: dict[str, NDArray[np.float32]]) -> Weights:
    sidecar_path = path.with_suffix(".json")
    digest = hashlib.sha256(content).hexdigest()
    try:
        sidecar = parse_json(read_bytes(sidecar_path))
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
    test = sidecar["self_test"]
    if sidecar["format"] != _FORMAT:
        raise ModelMismatch(f"{path} has format {sidecar['format']}, this program reads {_FORMAT}")
    blue, green, red = (float(v) for v in sidecar["mean_bgr"])
    detector = str(sidecar["detector"])
    return Weights(
        detector=detector,
        tensors=tensors,
        anchors=AnchorSettings.from_values(sidecar["anchors"]),
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
        design=family_of(detector).read_design(sidecar.get("design", {})),
    )
