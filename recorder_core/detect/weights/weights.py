"""Weights in memory: a detector's tensors, and everything needed to use them rightly."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recorder_core.detect.anchors import AnchorSettings
from recorder_core.detect.networks.retinaface import RetinaFaceDesign
from recorder_core.model.values.carriers import carrier_repr

__all__ = ["SelfTest", "Weights"]


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

    __repr__ = carrier_repr

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
    #: sizes of the network: an object of its family's `design_type`
    design: Any = field(default_factory=RetinaFaceDesign)
