"""What is done to which video, and what was made of it before it is one file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from recorder_core.jobs.deidentify.rendering.segments import RenderedSegment, Renderer
from recorder_core.jobs.inputs.job_video import JobVideo
from recorder_core.jobs.inputs.options import DeidentifyOptions
from recorder_core.jobs.verification.allowed import Allowed
from recorder_core.jobs.verification.seen_faces import SecondLook
from recorder_core.media import Part
from recorder_core.model import CorrectionKeyframe
from recorder_core.tables import DetectionTable, RedactionTable

__all__ = ["CopyTask", "Rendering"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CopyTask:
    """What is done to which video; the same for the first rendering and for corrections."""

    source: JobVideo
    renderer: Renderer
    options: DeidentifyOptions
    #: of source and settings
    fingerprint: str
    #: SHA-256 of the weights, or the name of a detector that has none
    weights: str
    #: what persons changed
    corrections: tuple[CorrectionKeyframe, ...] = ()
    #: what a person allowed the copy to show
    allowed: Allowed = field(default_factory=Allowed)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendering:
    """What a job made, before it is one file."""

    #: encoded pieces, in order
    parts: Sequence[Part]
    redactions: RedactionTable
    detections: DetectionTable
    #: each piece that was encoded now
    rendered: Sequence[RenderedSegment]
    #: what found the faces, in one line
    detector: str
    #: frames that were encoded now; the others were copied bit for bit
    encoded: Sequence[range]
    #: what was seen in the copy before corrections; None: nothing is known, or it is the first
    earlier_look: SecondLook | None = None
