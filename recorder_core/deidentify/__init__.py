"""From detections to redactions: repair over time, corrections, redaction, coverage."""

from recorder_core.deidentify.corrections import (
    AppliedCorrections,
    CorrectionPlan,
    apply_corrections,
    touched_frames,
)
from recorder_core.deidentify.coverage import (
    face_coverage,
    frame_shapes,
    hidden_points,
    redacted_grid,
)
from recorder_core.deidentify.redaction import redact
from recorder_core.deidentify.redaction_shape import RedactionMethod, RedactionSettings
from recorder_core.deidentify.smoothing import (
    DecidedFrame,
    SkippedFrame,
    Smoother,
    redact_detections,
    smooth_all,
)
from recorder_core.deidentify.tracking import SmoothingSettings

__all__ = [
    "AppliedCorrections",
    "CorrectionPlan",
    "DecidedFrame",
    "RedactionMethod",
    "RedactionSettings",
    "SkippedFrame",
    "Smoother",
    "SmoothingSettings",
    "apply_corrections",
    "face_coverage",
    "frame_shapes",
    "hidden_points",
    "redact",
    "redact_detections",
    "redacted_grid",
    "smooth_all",
    "touched_frames",
]
