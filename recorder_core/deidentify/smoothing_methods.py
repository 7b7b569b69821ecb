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

from recorder_core.deidentify.exposure import redact_detections
from recorder_core.deidentify.smoothing import SkippedFrame, smooth_all
from recorder_core.deidentify.temporal_kernel import temporal_kernel
from recorder_core.deidentify.tracking import SmoothingSettings
from recorder_core.errors import SettingsError
from recorder_core.model.detections import FrameDetections, Redaction
from recorder_core.model.views import View

__all__ = ["KERNEL_RADIUS_FRAMES", "MethodSettings", "VideoFrame", "hide_looks", "redact_by_method"]

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
    #: most frames that may wait for their future; None: as many as the settings ask for
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


def hide_looks(frames: Iterable[FrameDetections], every: int) -> list[VideoFrame]:
    """Forget the detections of frames whose index is no multiple of `every`.

    Raises
    ------
    SettingsError
        If `every` is below 1.
    """
    if every < 1:
        raise SettingsError(f"every {every}th frame cannot be looked at; it must be at least 1")
    return [
        each if each.frame_index % every == 0 else SkippedFrame(each.frame_index, each.pts)
        for each in frames
    ]
