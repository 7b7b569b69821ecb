"""Jobs: what joins the siblings into something that a person asks for."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any, Final

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

#: which module a name is from; imported when it is asked for, because no job needs all of them
_MODULES: Final = {
    "Allowed": "verification.allowed",
    "Archive": "archive",
    "Credentials": "archive",
    "DeidentifyOptions": "inputs.options",
    "DeidentifyRequest": "deidentify.video",
    "DeidentifyResult": "deidentify.report.summary",
    "DetectOptions": "inputs.options",
    "MachineFacts": "machine",
    "Progress": "progress",
    "RerenderRequest": "deidentify.rerender",
    "Say": "progress",
    "deidentify_or_rerender": "deidentify.rerender",
    "deidentify_video": "deidentify.video",
    "detect_in_pictures": "detection.detect",
    "detect_in_video": "detection.detect",
    "machine_facts": "machine",
    "no_progress": "progress",
    "open_archive": "archive",
    "rerender_copy": "deidentify.rerender",
    "say_nothing": "progress",
    "stage_times_dict": "deidentify.report.stage_times",
    "score_copy": "measuring.copy_score",
    "sidecar": "deidentify.sidecars",
    "write_stage_times": "deidentify.report.stage_times",
}


def __getattr__(name: str) -> Any:
    """Import the module that a name is from."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_MODULES[name]}"), name)
