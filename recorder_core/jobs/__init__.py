"""Jobs: what joins the siblings into something that a person asks for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from recorder_core.jobs.deidentify import DeidentifyRequest, deidentify_video
from recorder_core.jobs.detect import detect_in_pictures, detect_in_video
from recorder_core.jobs.machine import MachineFacts, machine_facts
from recorder_core.jobs.options import DeidentifyOptions, DetectOptions, Progress, no_progress
from recorder_core.jobs.profile import profile_dict, write_profile
from recorder_core.jobs.publish import DeidentifyResult, sidecar
from recorder_core.jobs.score import score_copy

if TYPE_CHECKING:
    from recorder_core.jobs.archive import Archive, Credentials, open_archive

__all__ = [
    "Archive",
    "Credentials",
    "DeidentifyOptions",
    "DeidentifyRequest",
    "DeidentifyResult",
    "DetectOptions",
    "MachineFacts",
    "Progress",
    "deidentify_video",
    "detect_in_pictures",
    "detect_in_video",
    "machine_facts",
    "no_progress",
    "open_archive",
    "profile_dict",
    "score_copy",
    "sidecar",
    "write_profile",
]

#: from a package of its own, which needs half a second that most jobs do not have to pay
_OF_THE_ARCHIVE = frozenset({"Archive", "Credentials", "open_archive"})


def __getattr__(name: str) -> Any:
    """Import what belongs to the archive when it is asked for."""
    if name not in _OF_THE_ARCHIVE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from recorder_core.jobs import archive

    return getattr(archive, name)
