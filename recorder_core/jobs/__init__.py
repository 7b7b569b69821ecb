"""Jobs: what joins the siblings into something that a person asks for."""

from recorder_core.jobs.archive import Archive, Credentials, open_archive
from recorder_core.jobs.deidentify import DeidentifyRequest, deidentify_video
from recorder_core.jobs.detect import detect_in_pictures, detect_in_video
from recorder_core.jobs.machine import MachineFacts, machine_facts
from recorder_core.jobs.options import DeidentifyOptions, DetectOptions, Progress, no_progress
from recorder_core.jobs.profile import profile_dict, write_profile
from recorder_core.jobs.publish import DeidentifyResult, sidecar
from recorder_core.jobs.score import score_copy

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
