"""How well people are hidden in a video, and how faces are found in it, frame by frame."""

from recorder_core.evaluation.video.exposure import (
    RECOGNISABLE_SHARE,
    ExposureSettings,
    TruthFrame,
    measure_exposure,
)
from recorder_core.evaluation.video.exposure_report import (
    ExposureReport,
    ExposureReports,
    format_report,
    pool_reports,
)
from recorder_core.evaluation.video.judging import FRAME_SETTINGS, judge_frames
from recorder_core.evaluation.video.smoothing_methods import (
    KERNEL_RADIUS_FRAMES,
    MethodSettings,
    VideoFrame,
    redact_by_method,
    subsample_detections,
)
from recorder_core.evaluation.video.stability import (
    StabilityReport,
    StabilitySettings,
    measure_stability,
)
from recorder_core.evaluation.video.temporal_kernel import temporal_kernel

__all__ = [
    "FRAME_SETTINGS",
    "KERNEL_RADIUS_FRAMES",
    "RECOGNISABLE_SHARE",
    "ExposureReport",
    "ExposureReports",
    "ExposureSettings",
    "MethodSettings",
    "StabilityReport",
    "StabilitySettings",
    "TruthFrame",
    "VideoFrame",
    "format_report",
    "judge_frames",
    "measure_exposure",
    "measure_stability",
    "pool_reports",
    "redact_by_method",
    "subsample_detections",
    "temporal_kernel",
]
