"""Dataclasses that the whole program shares; no input or output happens here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from recorder_core.lazy_names import lazy_names

if TYPE_CHECKING:
    from recorder_core.model.faces.corrections import (
        Correction,
        CorrectionAction,
        CorrectionKeyframe,
        Keyframe,
        group_corrections,
    )
    from recorder_core.model.faces.detections import (
        FrameDetections,
        Origin,
        PlannedRedaction,
        Redaction,
        TruthFace,
        TruthState,
        empty_detections,
    )
    from recorder_core.model.files.suffixes import PICTURE_SUFFIXES, VIDEO_SUFFIXES
    from recorder_core.model.frames.frame_times import FrameTimes
    from recorder_core.model.frames.geometry import Orientation, ShownGeometry, shown_view
    from recorder_core.model.frames.planes import ColorMatrix, Planes
    from recorder_core.model.frames.views import (
        LAYOUTS,
        Layout,
        View,
        ViewName,
        layout_view,
        parse_view,
    )

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
        ".faces.corrections": (
            "Correction",
            "CorrectionAction",
            "CorrectionKeyframe",
            "Keyframe",
            "group_corrections",
        ),
        ".faces.detections": (
            "FrameDetections",
            "Origin",
            "PlannedRedaction",
            "Redaction",
            "TruthFace",
            "TruthState",
            "empty_detections",
        ),
        ".frames.frame_times": ("FrameTimes",),
        ".frames.geometry": ("Orientation", "ShownGeometry", "shown_view"),
        ".frames.planes": ("ColorMatrix", "Planes"),
        ".files.suffixes": ("PICTURE_SUFFIXES", "VIDEO_SUFFIXES"),
        ".frames.views": ("LAYOUTS", "Layout", "View", "ViewName", "layout_view", "parse_view"),
    },
)
