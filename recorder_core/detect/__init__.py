"""Finding faces: detectors, engines, and the stages from planes to boxes."""

from recorder_core.detect.anchors import (
    PUBLISHED_ANCHORS,
    AnchorSettings,
    decode_boxes,
    encode_boxes,
    make_anchors,
)
from recorder_core.detect.detector import (
    DETECTOR_NAMES,
    Detector,
    DetectorName,
    DetectorSettings,
    load_detector,
)
from recorder_core.detect.engines import (
    ENGINE_NAMES,
    Engine,
    EngineChoice,
    EngineFact,
    EngineName,
    build_engine,
    choose_engine,
    engine_facts,
)
from recorder_core.detect.nms import suppress_overlaps
from recorder_core.detect.raw_output import RawOutput
from recorder_core.detect.retinaface import RETINAFACE, build_retinaface
from recorder_core.detect.stages import BoxDecoding, CroppedView, InputSettings, ScoredBoxes
from recorder_core.detect.view_input import InputGeometry, view_to_input
from recorder_core.detect.weights import Weights, load_weights

__all__ = [
    "DETECTOR_NAMES",
    "ENGINE_NAMES",
    "PUBLISHED_ANCHORS",
    "RETINAFACE",
    "AnchorSettings",
    "BoxDecoding",
    "CroppedView",
    "Detector",
    "DetectorName",
    "DetectorSettings",
    "Engine",
    "EngineChoice",
    "EngineFact",
    "EngineName",
    "InputGeometry",
    "InputSettings",
    "RawOutput",
    "ScoredBoxes",
    "Weights",
    "build_engine",
    "build_retinaface",
    "choose_engine",
    "decode_boxes",
    "encode_boxes",
    "engine_facts",
    "load_detector",
    "load_weights",
    "make_anchors",
    "suppress_overlaps",
    "view_to_input",
]
