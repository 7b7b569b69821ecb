"""Measure redactions of videos whose true faces nobody knows. Used by `compare_smoothing`.

How steady redactions are comes from tables alone; what a detector still finds comes from
pictures that are redacted again with every method.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from recorder_core.deidentify import (
    ExposureSettings,
    RedactionSettings,
    face_coverage,
    hide_looks,
    measure_stability,
    redact,
    redact_by_method,
)
from recorder_core.deidentify.exposure import frame_shapes
from recorder_core.deidentify.smoothing_methods import KERNEL_RADIUS_FRAMES
from recorder_core.deidentify.stability import StabilityReport
from recorder_core.detect import DETECTOR_NAMES, DetectorSettings, load_detector
from recorder_core.errors import RecorderError
from recorder_core.jobs.pipeline import DetectionStride
from recorder_core.jobs.recording import Recording, record_detections
from recorder_core.model import Redaction

__all__ = ["KERNELS", "compare_on_clips"]

#: the kernel of every comparison, and one that reaches so far that it hides whole ways
KERNELS: Final = {"temporal_kernel": KERNEL_RADIUS_FRAMES, "temporal_kernel_15": 15}
#: detectors that look for what is left, and in which pictures: those whose index is a
#: multiple of this; the cascades take half a second for each
RESIDUAL_EVERY: Final[Mapping[str, int]] = {DETECTOR_NAMES[0]: 4, "haar": 20}
RESIDUAL_SCORE: Final = 0.5
#: a detection of which less than this is hidden lies beside the redactions
BESIDE_COVERAGE: Final = 0.5
CLIP_SUFFIXES: Final = frozenset({".mkv", ".mp4", ".gif"})
MEASURE: Final = ExposureSettings()


@dataclass(frozen=True, slots=True)
class Residual:
    """What a detector finds in redacted pictures."""

    pictures: int
    #: sure detections
    boxes: int
    #: those that lie mostly beside the redactions; the others are blurred heads, taken for
    #: faces because they are where faces are
    boxes_beside: int


def measure_clip(path: Path) -> dict[str, Any]:
    """Measure every method on a video without known faces, with the job's stride."""
    recording = record_detections(path)
    stride = DetectionStride().for_rate(recording.source.video.average_frame_rate)
    frames = hide_looks(recording.detections, stride.every or 1)
    methods = redact_by_method(frames, recording.method_settings(KERNELS))
    time_base = float(recording.source.video.time_base)
    view = recording.source.view
    stability = {
        name: measure_stability(recording.detections, redactions, time_base, view)
        for name, redactions in methods.items()
    }
    return {
        "stability": stability,
        "residual": {
            detector: find_residuals(recording, {"none": {}, **methods}, detector)
            for detector in RESIDUAL_EVERY
        },
    }


def find_residuals(
    recording: Recording,
    methods: Mapping[str, Mapping[int, Sequence[Redaction]]],
    detector_name: str,
) -> dict[str, Residual]:
    """Redact some pictures with every method and look for faces in them again."""
    source = recording.source
    detector = load_detector(
        DetectorSettings(name=detector_name, min_score=RESIDUAL_SCORE), source.view
    )
    counts = {name: np.zeros(3, int) for name in methods}
    with closing(source.pictures(source.first, source.stop)) as pictures:
        for picture in pictures:
            if picture.index % RESIDUAL_EVERY[detector_name]:
                continue
            for name, redactions in methods.items():
                present = list(redactions.get(picture.index, ()))
                planes = picture.writable()
                redact(planes, present, RedactionSettings(), source.view)
                left = detector.detect(planes).xyxy_px.tolist()
                shapes = frame_shapes(present, source.view, MEASURE)
                bare = [b for b in left if face_coverage(tuple(b), shapes) < BESIDE_COVERAGE]
                counts[name] += (1, len(left), len(bare))
    return {name: Residual(*map(int, own)) for name, own in counts.items()}


def compare_on_clips(folder: Path) -> dict[str, Any]:
    """Measure all clips of a folder; one that cannot be read is named with the reason."""
    clips, refused = [], {}
    for path in sorted(p for p in folder.iterdir() if p.suffix in CLIP_SUFFIXES):
        try:
            clips.append(measure_clip(path))
        except RecorderError as exc:
            refused[path.name] = str(exc)
    if not clips:
        raise SystemExit(f"{folder} holds no video that can be read: {refused or 'no file'}")
    return {"clips": len(clips), "refused": refused, "methods": pool_clips(clips)}


def pool_clips(clips: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return the measures of all clips as if they were one; names of clips are left out."""
    pooled: dict[str, dict[str, Any]] = {}
    for name in clips[0]["residual"]["haar"]:
        steady = [clip["stability"][name] for clip in clips if name != "none"]
        pooled[name] = _pool_stability(steady) if steady else {}
        for detector in RESIDUAL_EVERY:
            own: list[Residual] = [clip["residual"][detector][name] for clip in clips]
            pictures = sum(each.pictures for each in own)
            boxes, bare = sum(each.boxes for each in own), sum(each.boxes_beside for each in own)
            pooled[name][f"{detector}_boxes_per_picture"] = round(boxes / pictures, 4)
            pooled[name][f"{detector}_beside_per_picture"] = round(bare / pictures, 4)
        print(f"clips {name:19}", pooled[name])
    return pooled


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
