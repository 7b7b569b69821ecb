"""Jobs: what joins the siblings into something that a person asks for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from recorder_core.lazy_names import lazy_names

if TYPE_CHECKING:
    from recorder_core.jobs.archive import Archive, Credentials, open_archive
    from recorder_core.jobs.deidentify.report.stage_times import stage_times_dict, write_stage_times
    from recorder_core.jobs.deidentify.report.summary import DeidentifyResult
    from recorder_core.jobs.deidentify.rerender import (
        RerenderRequest,
        deidentify_or_rerender,
        rerender_copy,
    )
    from recorder_core.jobs.deidentify.sidecars import sidecar
    from recorder_core.jobs.deidentify.video import DeidentifyRequest, deidentify_video
    from recorder_core.jobs.detection.detect import detect_in_pictures, detect_in_video
    from recorder_core.jobs.inputs.options import DeidentifyOptions, DetectOptions
    from recorder_core.jobs.machine import MachineFacts, machine_facts
    from recorder_core.jobs.measuring.copy_score import score_copy
    from recorder_core.jobs.progress import Progress, Say, no_progress, say_nothing
    from recorder_core.jobs.verification.allowed import Allowed

__all__ = [
    "Allowed",
    "Archive",
    "Credentials",
    "DeidentifyOptions",
    "DeidentifyRequest",
    "DeidentifyResult",
    "DetectOptions",
    "MachineFacts",
    "Progress",
    "RerenderRequest",
    "Say",
    "deidentify_or_rerender",
    "deidentify_video",
    "detect_in_pictures",
    "detect_in_video",
    "machine_facts",
    "no_progress",
    "open_archive",
    "rerender_copy",
    "say_nothing",
    "score_copy",
    "sidecar",
    "stage_times_dict",
    "write_stage_times",
]

#: no job needs all of them
__getattr__ = lazy_names(
    __name__,
    {
        ".archive": ("Archive", "Credentials", "open_archive"),
        ".deidentify.report.stage_times": ("stage_times_dict", "write_stage_times"),
        ".deidentify.report.summary": ("DeidentifyResult",),
        ".deidentify.rerender": ("RerenderRequest", "deidentify_or_rerender", "rerender_copy"),
        ".deidentify.sidecars": ("sidecar",),
        ".deidentify.video": ("DeidentifyRequest", "deidentify_video"),
        ".detection.detect": ("detect_in_pictures", "detect_in_video"),
        ".inputs.options": ("DeidentifyOptions", "DetectOptions"),
        ".machine": ("MachineFacts", "machine_facts"),
        ".measuring.copy_score": ("score_copy",),
        ".progress": ("Progress", "Say", "no_progress", "say_nothing"),
        ".verification.allowed": ("Allowed",),
    },
)
