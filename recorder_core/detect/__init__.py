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
    load_detector_weights,
)
from recorder_core.detect.engines import (
    ENGINE_NAMES,
    Engine,
    EngineChoice,
    EngineFact,
    build_engine,
    choose_engine,
    engine_facts,
)
from recorder_core.detect.networks import (
    FAMILIES,
    EngineName,
    NetworkFamily,
    family_named,
    family_of,
)
from recorder_core.detect.nms import suppress_overlaps
from recorder_core.detect.raw_output import RawOutput
from recorder_core.detect.stages import BoxDecoding, CroppedView, InputSettings, ScoredBoxes
from recorder_core.detect.view_input import InputGeometry, view_to_input
from recorder_core.detect.weights import Weights, load_weights, save_weights

__all__ = [
    "DETECTOR_NAMES",
    "ENGINE_NAMES",
    "FAMILIES",
    "PUBLISHED_ANCHORS",
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
    "NetworkFamily",
    "RawOutput",
    "ScoredBoxes",
    "Weights",
    "build_engine",
    "choose_engine",
    "decode_boxes",
    "encode_boxes",
    "engine_facts",
    "family_named",
    "family_of",
    "load_detector",
    "load_detector_weights",
    "load_weights",
    "make_anchors",
    "save_weights",
    "suppress_overlaps",
    "view_to_input",
]
