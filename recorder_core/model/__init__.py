"""Dataclasses that the whole program shares; no input or output happens here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from recorder_core.lazy_names import lazy_names

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
    from recorder_core.model.views import LAYOUTS, Layout, View, ViewName, layout_view, parse_view

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
    "Layout",
    "Orientation",
    "Origin",
    "Planes",
    "PlannedRedaction",
    "Redaction",
    "ShownGeometry",
    "TruthFace",
    "TruthState",
    "View",
    "ViewName",
    "empty_detections",
    "group_corrections",
    "layout_view",
    "parse_view",
    "shown_view",
]

__getattr__ = lazy_names(
    __name__,
    {
        ".corrections": (
            "Correction",
            "CorrectionAction",
            "CorrectionKeyframe",
            "Keyframe",
            "group_corrections",
        ),
        ".detections": (
            "FrameDetections",
            "Origin",
            "PlannedRedaction",
            "Redaction",
            "TruthFace",
            "TruthState",
            "empty_detections",
        ),
        ".frame_times": ("FrameTimes",),
        ".geometry": ("Orientation", "ShownGeometry", "shown_view"),
        ".planes": ("ColorMatrix", "Planes"),
        ".suffixes": ("PICTURE_SUFFIXES", "VIDEO_SUFFIXES"),
        ".views": ("LAYOUTS", "Layout", "View", "ViewName", "layout_view", "parse_view"),
    },
)
