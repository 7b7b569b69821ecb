"""Which picture is de-identified, and what was done to it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from recorder_core.jobs.deidentify.report.contents import DeidentifyReport
from recorder_core.jobs.verification.allowed import Allowed

__all__ = ["PictureRequest", "PictureResult"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureRequest:
    """Which picture to de-identify, and where to."""

    source: Path
    output: Path
    #: replace an output that exists
    overwrite: bool = False
    #: what the copy may show nevertheless; does not change it
    allowed: Allowed = field(default_factory=Allowed)


@dataclass(frozen=True, slots=True)
class PictureResult:
    """What was done to a picture."""

    output: Path
    #: what was written to the report file
    report: DeidentifyReport = field(repr=False)
