"""The ways to use time on one set of detections, side by side.

Detections are found once; every method starts from the same ones, so that only the
method differs:

``before``
    each detection that reaches the birth score, in its own frame only;
``temporal_kernel``
    boxes of neighbouring frames joined by overlap, after the idea of FaceOff;
``after``
    tracks in both directions of time, as the job redacts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from recorder_core.deidentify.smoothing import SkippedFrame, redact_detections, smooth_all
from recorder_core.deidentify.tracking import SmoothingSettings
from recorder_core.evaluation.video.temporal_kernel import temporal_kernel
from recorder_core.model.faces.detections import FrameDetections, Redaction
from recorder_core.model.frames.views import View

__all__ = [
    "KERNEL_RADIUS_FRAMES",
    "MethodSettings",
    "VideoFrame",
    "redact_by_method",
    "subsample_detections",
]

VideoFrame: TypeAlias = FrameDetections | SkippedFrame

#: reach of the kernel that stands for the method in every comparison
KERNEL_RADIUS_FRAMES: Final = 3


@dataclass(frozen=True, slots=True)
class MethodSettings:
    """What all methods of one comparison share, and what each of them needs."""

    #: part of the frame that is searched
    view: View
    #: seconds per unit of pts
    time_base: Fraction
    smoothing: SmoothingSettings = field(default_factory=SmoothingSettings)
    #: most frames that may wait for look-ahead; None: as many as the settings ask for
    max_look_ahead_frames: int | None = None
    #: name -> frames that a kernel looks at before and after each one
    kernels: Mapping[str, int] = field(
        default_factory=lambda: {"temporal_kernel": KERNEL_RADIUS_FRAMES}
    )


def redact_by_method(
    frames: Sequence[VideoFrame], settings: MethodSettings
) -> dict[str, dict[int, list[Redaction]]]:
    """Return what each method redacts.

    Parameters
    ----------
    frames : sequence of FrameDetections or SkippedFrame
        Every frame of the video, in order.
    settings : MethodSettings

    Returns
    -------
    dict
        Name of the method -> frame index -> redactions; ``before`` first, ``after`` last.
    """
    birth_score = settings.smoothing.birth_score
    kernels = {
        name: temporal_kernel(frames, settings.view, radius, min_score=birth_score)
        for name, radius in settings.kernels.items()
    }
    after = smooth_all(
        frames,
        settings.smoothing,
        settings.view,
        settings.time_base,
        settings.max_look_ahead_frames,
    )
    return {"before": redact_detections(frames, birth_score), **kernels, "after": after}


def subsample_detections(
    frames: Iterable[FrameDetections], detection_frames: NDArray[np.bool_]
) -> list[VideoFrame]:
    """Forget the detections of all frames but those on which the detector would run.

    Parameters
    ----------
    frames : iterable of FrameDetections
        In order.
    detection_frames : ndarray of bool
        By frame index: whether the detections stay.
    """
    return [
        each if detection_frames[each.frame_index] else SkippedFrame(each.frame_index, each.pts)
        for each in frames
    ]
