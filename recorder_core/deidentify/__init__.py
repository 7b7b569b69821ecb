"""From detections to redactions: repair over time, corrections, redaction, measures."""

from recorder_core.deidentify.corrections import (
    AppliedCorrections,
    CorrectionPlan,
    apply_corrections,
    touched_frames,
)
from recorder_core.deidentify.exposure import (
    ExposureSettings,
    TruthFrame,
    face_coverage,
    measure_exposure,
    redact_detections,
)
from recorder_core.deidentify.exposure_report import (
    ExposureReport,
    ExposureReports,
    format_report,
    pool_reports,
)
from recorder_core.deidentify.redaction import redact
from recorder_core.deidentify.redaction_shape import RedactionMethod, RedactionSettings
from recorder_core.deidentify.smoothing import (
    DecidedFrame,
    SkippedFrame,
    Smoother,
    smooth_all,
)
from recorder_core.deidentify.smoothing_methods import (
    MethodSettings,
    redact_by_method,
    subsample_detections,
)
from recorder_core.deidentify.stability import StabilityReport, measure_stability
from recorder_core.deidentify.temporal_kernel import temporal_kernel
from recorder_core.deidentify.tracking import SmoothingSettings

__all__ = [
    "AppliedCorrections",
    "CorrectionPlan",
    "DecidedFrame",
    "ExposureReport",
    "ExposureReports",
    "ExposureSettings",
    "MethodSettings",
    "RedactionMethod",
    "RedactionSettings",
    "SkippedFrame",
    "Smoother",
    "SmoothingSettings",
    "StabilityReport",
    "TruthFrame",
    "apply_corrections",
    "face_coverage",
    "format_report",
    "measure_exposure",
    "measure_stability",
    "pool_reports",
    "redact",
    "redact_by_method",
    "redact_detections",
    "smooth_all",
    "subsample_detections",
    "temporal_kernel",
    "touched_frames",
]
