"""Dataclasses that the whole program shares; no input or output happens here."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from recorder_core.model.corrections import (
        Correction,
        CorrectionAction,
        CorrectionKeyframe,
        Keyframe,
        group_corrections,
    )
    from recorder_core.model.detections import (
        FrameDetections,
        Origin,
        PlannedRedaction,
        Redaction,
        TruthFace,
        TruthState,
        empty_detections,
    )
    from recorder_core.model.frame_times import FrameTimes
    from recorder_core.model.geometry import Orientation, ShownGeometry, shown_view
    from recorder_core.model.planes import ColorMatrix, Planes
    from recorder_core.model.suffixes import PICTURE_SUFFIXES, VIDEO_SUFFIXES
    from recorder_core.model.views import LAYOUTS, View, layout_view, parse_view

__all__ = [
    "LAYOUTS",
    "PICTURE_SUFFIXES",
    "VIDEO_SUFFIXES",
    "ColorMatrix",
    "Correction",
    "CorrectionAction",
    "CorrectionKeyframe",
    "FrameDetections",
    "FrameTimes",
    "Keyframe",
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
    "group_corrections",
    "layout_view",
    "parse_view",
    "shown_view",
]

#: which module a name is from; imported when it is asked for, because not everybody needs arrays
_MODULES: Final = {
    "LAYOUTS": "views",
    "PICTURE_SUFFIXES": "suffixes",
    "VIDEO_SUFFIXES": "suffixes",
    "ColorMatrix": "planes",
    "Correction": "corrections",
    "CorrectionAction": "corrections",
    "CorrectionKeyframe": "corrections",
    "FrameDetections": "detections",
    "FrameTimes": "frame_times",
    "Keyframe": "corrections",
    "Orientation": "geometry",
    "Origin": "detections",
    "Planes": "planes",
    "PlannedRedaction": "detections",
    "Redaction": "detections",
    "ShownGeometry": "geometry",
    "TruthFace": "detections",
    "TruthState": "detections",
    "View": "views",
    "empty_detections": "detections",
    "group_corrections": "corrections",
    "layout_view": "views",
    "parse_view": "views",
    "shown_view": "geometry",
}


def __getattr__(name: str) -> Any:
    """Import the module that a name is from."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_MODULES[name]}"), name)
