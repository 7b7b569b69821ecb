"""What is written beside the copy of a picture: its report and its tables."""

from __future__ import annotations

import json
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from recorder_core.detect.detector import Detector
from recorder_core.jobs.deidentify.doubts.lowered_safety import lowered_safety
from recorder_core.jobs.deidentify.picture.work import PictureWork, psnr_outside_db
from recorder_core.jobs.deidentify.report.contents import (
    REPORT_VERSION,
    DeidentifyReport,
    RedactionCounts,
    ReportedCopy,
    ReportedSource,
)
from recorder_core.jobs.inputs.options import DeidentifyOptions, plain_options
from recorder_core.jobs.verification.seen_faces import SecondLook
from recorder_core.media.pictures.picture_file import PictureFile
from recorder_core.model import Planes
from recorder_core.tables import (
    DetectionTable,
    RedactionTable,
    TableMetadata,
    write_detections,
    write_redactions,
)
from recorder_core.version import __version__

__all__ = ["PictureOrigin", "describe_source", "report_picture", "write_tables"]


@dataclass(frozen=True, slots=True)
class PictureOrigin:
    """What a picture's copy is made from."""

    #: fingerprint of the job
    job: str
    source: ReportedSource
    options: DeidentifyOptions
    #: of the first search
    detector: Detector
    #: its hash, or the detector's name
    weights: str


def describe_source(picture: PictureFile, sha256: str, size_bytes: int) -> ReportedSource:
    """Return what a report says of the source of a copy."""
    height, width = picture.rgb.shape[:2]
    return ReportedSource(
        sha256=sha256,
        size_bytes=size_bytes,
        format=picture.format,
        width=width,
        height=height,
        not_carried_over=tuple(picture.besides),
    )


def report_picture(
    origin: PictureOrigin,
    copy: ReportedCopy,
    work: PictureWork,
    *,
    written: Planes,
    look: SecondLook,
) -> DeidentifyReport:
    """Return the report of a copy that was read and searched again."""
    options = origin.options
    return DeidentifyReport(
        version=REPORT_VERSION,
        program=f"surgery-workbench {__version__}",
        job=origin.job,
        source=origin.source,
        copy=copy,
        settings=plain_options(options) | {"view_px": str(work.view)},
        lowered_safety=tuple(lowered_safety(options, work.view)),
        detector=origin.detector.describe(),
        weights=origin.weights,
        redactions=RedactionCounts(regions=len(work.redactions)),
        second_look=look,
        psnr_y_outside_redactions_db=psnr_outside_db(work, written),
        verified=(
            "the copy was read again: its size is the source's, and it holds pixels only",
            "the copy was searched for faces again, in another scale",
            "every planned redaction changed its pixels"
            if work.redactions
            else "no redaction was planned, so none was checked",
        ),
    )


def write_tables(paths: dict[str, Path], work: PictureWork, report: DeidentifyReport) -> None:
    """Write the redactions, the detections and the report of a copy under their temporary names."""
    time_base = Fraction(1)
    settings = {
        **report.settings,
        "copy_sha256": report.copy.sha256,
        "source_sha256": report.source.sha256,
    }
    metadata = TableMetadata(report.job, time_base=time_base, settings=settings)
    redactions = RedactionTable.from_redactions(work.redactions, [0])
    write_redactions(paths["redactions"], redactions, metadata)
    write_detections(
        paths["detections"], DetectionTable.from_frames([work.found], time_base), metadata
    )
    paths["report"].write_text(json.dumps(report.to_dict(), indent=2) + "\n", encoding="utf-8")
