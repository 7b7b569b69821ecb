"""Dataclasses that the whole program shares; no input or output happens here."""

from recorder_core.model.detections import (
    CorrectionAction,
    CorrectionKeyframe,
    FrameDetections,
    Origin,
    PlannedRedaction,
    Redaction,
    TruthFace,
    TruthState,
    empty_detections,
)
from recorder_core.model.geometry import Orientation, ShownGeometry, shown_view
from recorder_core.model.planes import ColorMatrix, Planes
from recorder_core.model.suffixes import PICTURE_SUFFIXES, VIDEO_SUFFIXES
from recorder_core.model.views import LAYOUTS, View, layout_view, parse_view

__all__ = [
    "LAYOUTS",
    "PICTURE_SUFFIXES",
    "VIDEO_SUFFIXES",
    "ColorMatrix",
    "CorrectionAction",
    "CorrectionKeyframe",
    "FrameDetections",
    "Orientation",
    "Origin",
    "Planes",
    "PlannedRedaction",
    "Redaction",
    "ShownGeometry",
    "TruthFace",
    "TruthState",
    "View",
    "empty_detections",
    "layout_view",
    "parse_view",
    "shown_view",
]
