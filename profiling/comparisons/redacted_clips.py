"""Measure redactions of videos whose true faces nobody knows. Used by `compare_smoothing`.

How steady redactions are comes from tables alone; what a detector still finds comes from
frames that are redacted again with every method.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np

from recorder_core.deidentify import RedactionSettings, face_coverage, redact
from recorder_core.deidentify.coverage import frame_shapes
from recorder_core.detect import DETECTOR_NAMES, DetectorName, DetectorSettings, load_detector
from recorder_core.errors import RecorderError
from recorder_core.evaluation.video import (
    ExposureSettings,
    measure_stability,
    redact_by_method,
    subsample_detections,
)
from recorder_core.evaluation.video.smoothing_methods import KERNEL_RADIUS_FRAMES
from recorder_core.evaluation.video.stability import StabilityReport
from recorder_core.jobs.inputs.stride import DetectionStride
from recorder_core.jobs.measuring.detected_video import DetectedVideo, run_detector
from recorder_core.model import Planes, Redaction

__all__ = ["KERNELS", "compare_on_clips"]

#: the kernel of every comparison, and one that reaches so far that it hides whole ways
KERNELS: Final = {"temporal_kernel": KERNEL_RADIUS_FRAMES, "temporal_kernel_15": 15}
#: which frames the methods see: all, or those that the job looks at
STRIDES: Final = {"every frame": DetectionStride(every=1), "default stride": DetectionStride()}
#: detectors that look for what is left, and in which frames: those whose index is a
#: multiple of this; the cascades take half a second for each
RESIDUAL_EVERY: Final[Mapping[DetectorName, int]] = {DETECTOR_NAMES[0]: 4, "haar": 20}
RESIDUAL_SCORE: Final = 0.5
#: a detection of which less than this is hidden lies beside the redactions
BESIDE_COVERAGE: Final = 0.5
CLIP_SUFFIXES: Final = frozenset({".mkv", ".mp4", ".gif"})
MEASURE: Final = ExposureSettings()


@dataclass(frozen=True, slots=True)
class Residual:
    """What a detector finds in redacted frames."""

    frames: int
    #: sure detections
    boxes: int
    #: those that lie mostly beside the redactions; the others are blurred heads, taken for
    #: faces because they are where faces are
    boxes_beside: int


@dataclass(frozen=True, slots=True)
class ClipMeasures:
    """What was measured on one clip."""

    #: which frames were looked at -> method -> how steady its redactions are
    steadiness: Mapping[str, Mapping[str, StabilityReport]]
    #: detector -> method -> what is left in frames that the job would give
    residual: Mapping[str, Mapping[str, Residual]]


def measure_clip(path: Path) -> ClipMeasures:
    """Measure every method on a video without known faces."""
    recording = run_detector(path)
    steadiness = {}
    methods: dict[str, dict[int, list[Redaction]]] = {}
    for stride_name, stride in STRIDES.items():
        chosen = recording.source.detection_frames(stride)
        frames = subsample_detections(recording.detections, chosen)
        methods = redact_by_method(frames, recording.method_settings(KERNELS))
        steadiness[stride_name] = {
            name: measure_stability(
                recording.detections,
                redactions,
                float(recording.source.video.time_base),
                recording.source.view,
            )
            for name, redactions in methods.items()
        }
    found: dict[str, dict[str, Residual]] = {
        name: find_residuals(recording, {"none": {}, **methods}, name) for name in RESIDUAL_EVERY
    }
    return ClipMeasures(steadiness, found)


def find_residuals(
    recording: DetectedVideo,
    methods: Mapping[str, Mapping[int, Sequence[Redaction]]],
    detector_name: DetectorName,
) -> dict[str, Residual]:
    """Redact some frames with every method and look for faces in them again."""
    source = recording.source
    detector = load_detector(
        DetectorSettings(name=detector_name, min_score=RESIDUAL_SCORE), source.view
    )
    counts = {name: np.zeros(3, int) for name in methods}
    with closing(source.frames(source.first, source.stop)) as frames:
        for frame in frames:
            if frame.frame_index % RESIDUAL_EVERY[detector_name]:
                continue
            for name, redactions in methods.items():
                present = list(redactions.get(frame.frame_index, ()))
                planes = _copy(frame.planes)
                redact(planes, present, RedactionSettings(), source.view)
                left = detector.detect(planes).xyxy_px.tolist()
                shapes = frame_shapes(present, source.view, MEASURE.redaction)
                bare = [b for b in left if face_coverage(tuple(b), shapes) < BESIDE_COVERAGE]
                counts[name] += (1, len(left), len(bare))
    return {name: Residual(*map(int, own)) for name, own in counts.items()}


def _copy(planes: Planes) -> Planes:
    """Return planes of their own: one method must not see another's redactions."""
    return replace(planes, y=planes.y.copy(), u=planes.u.copy(), v=planes.v.copy())


def compare_on_clips(folder: Path) -> dict[str, Any]:
    """Measure all clips of a folder; one that cannot be read is named with the reason."""
    clips: list[ClipMeasures] = []
    refused = {}
    for path in sorted(p for p in folder.iterdir() if p.suffix in CLIP_SUFFIXES):
        try:
            clips.append(measure_clip(path))
        except RecorderError as exc:
            refused[path.name] = str(exc)
    if not clips:
        raise SystemExit(f"{folder} holds no video that can be read: {refused or 'no file'}")
    pooled: dict[str, dict[str, dict[str, Any]]] = {
        "steadiness": {
            name: {
                method: _pool_stability([clip.steadiness[name][method] for clip in clips])
                for method in clips[0].steadiness[name]
            }
            for name in STRIDES
        },
        "residual": {
            detector: {
                method: _pool_residuals([clip.residual[detector][method] for clip in clips])
                for method in clips[0].residual[detector]
            }
            for detector in RESIDUAL_EVERY
        },
    }
    print_clips(pooled)
    return {"clips": len(clips), "refused": refused, **pooled}


def print_clips(pooled: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> None:
    """Print one line for each method."""
    for part, kinds in pooled.items():
        for kind, methods in kinds.items():
            for method, values in methods.items():
                print(f"clips, {part}, {kind:18} {method:19}", values)


def _pool_residuals(residuals: Sequence[Residual]) -> dict[str, Any]:
    frames = sum(each.frames for each in residuals)
    boxes, beside = (
        sum(getattr(each, name) for each in residuals) for name in ("boxes", "boxes_beside")
    )
    return {
        "frames": frames,
        "boxes_per_frame": round(boxes / frames, 4),
        "beside_per_frame": round(beside / frames, 4),
    }


def _pool_stability(reports: Sequence[StabilityReport]) -> dict[str, Any]:
    """Add up what is counted, and average shares over the frames that have one."""
    pooled: dict[str, Any] = {
        "frames": sum(each.frames for each in reports),
        "blinks": sum(each.blinks for each in reports),
        "longest_blink_frames": max(each.longest_blink_frames for each in reports),
    }
    values = [asdict(each) for each in reports]
    for name in sorted(values[0].keys() - pooled.keys()):
        known = [(own[name], own["frames"]) for own in values if not math.isnan(own[name])]
        frames = sum(count for _, count in known)
        share = sum(value * count for value, count in known) / frames if frames else None
        pooled[name] = None if share is None else round(share, 4)
    return pooled
