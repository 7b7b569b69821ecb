"""Dataclasses that the whole program shares; no input or output happens here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from recorder_core.lazy_names import lazy_names

if TYPE_CHECKING:
    from recorder_core.model.faces.corrections import (
        Correction as Correction,
        CorrectionAction as CorrectionAction,
        CorrectionKeyframe as CorrectionKeyframe,
        Keyframe as Keyframe,
        group_corrections as group_corrections,
    )
    from recorder_core.model.faces.detections import (
        FrameDetections as FrameDetections,
        Origin as Origin,
        PlannedRedaction as PlannedRedaction,
        Redaction as Redaction,
        TruthFace as TruthFace,
        TruthState as TruthState,
        empty_detections as empty_detections,
    )
    from recorder_core.model.files.suffixes import (
        PICTURE_SUFFIXES as PICTURE_SUFFIXES,
        VIDEO_SUFFIXES as VIDEO_SUFFIXES,
    )
    from recorder_core.model.frames.frame_format import (
        FrameFormat as FrameFormat,
    )
    from recorder_core.model.frames.frame_times import (
        FrameTimes as FrameTimes,
    )
    from recorder_core.model.frames.geometry import (
        Orientation as Orientation,
        ShownGeometry as ShownGeometry,
        shown_view as shown_view,
    )
    from recorder_core.model.frames.planes import (
        ColorMatrix as ColorMatrix,
        Planes as Planes,
    )
    from recorder_core.model.frames.views import (
        LAYOUTS as LAYOUTS,
        Layout as Layout,
        View as View,
        ViewName as ViewName,
        layout_view as layout_view,
        parse_view as parse_view,
    )
    from recorder_core.model.values.event_clock import (
        EventClock as EventClock,
    )


__getattr__, __all__ = lazy_names(__name__, __file__)
