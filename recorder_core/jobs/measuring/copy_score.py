"""Measure a de-identified copy of a simulated surgery against the true faces."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from recorder_core.deidentify.redaction_shape import RedactionSettings
from recorder_core.deidentify.smoothing import SkippedFrame, redact_detections
from recorder_core.deidentify.tracking import SmoothingSettings
from recorder_core.errors import DataError
from recorder_core.evaluation.video import (
    KERNEL_RADIUS_FRAMES,
    RECOGNISABLE_SHARE,
    ExposureReports,
    ExposureSettings,
    TruthFrame,
    VideoFrame,
    measure_exposure,
    temporal_kernel,
)
from recorder_core.jobs.deidentify.report.contents import DeidentifyReport
from recorder_core.jobs.deidentify.sidecars import sidecar
from recorder_core.jobs.measuring.detected_video import read_truth_frames
from recorder_core.model import FrameDetections, View
from recorder_core.tables import read_detections, read_metadata, read_redactions

__all__ = ["score_copy"]

#: name in tables of earlier programs -> name today
_TODAYS_NAMES: Final = {"least_margin_px": "min_margin_px"}


def score_copy(copy: Path, truth_path: Path) -> ExposureReports:
    """Compare the redactions of a copy with the truth.

    Parameters
    ----------
    copy : Path
        The de-identified video; its tables lie beside it.
    truth_path : Path
        The true faces of its source.

    Returns
    -------
    ExposureReports
        ``before``: the detections that reach the birth score, each redacted in its own
        frame only. ``temporal_kernel``: the same with the boxes of neighbouring frames,
        a method to compare with. ``after``: what was really redacted.

    Raises
    ------
    DataError
        If a table cannot be read or does not belong to this program, or if the truth is of
        another video.
    """
    beside = sidecar(copy, "redactions")
    metadata = read_metadata(beside)
    try:
        settings = metadata.settings
        view = View(*(int(edge) for edge in settings["view_px"].split(",")))
        redaction = _redaction_settings(settings["redaction"])
        birth_score = SmoothingSettings(**settings["smoothing"]).birth_score
        first, stop = settings["frame_span"]
    except (KeyError, TypeError, ValueError) as exc:
        raise DataError(f"{beside.name} does not say how the copy was made") from exc
    _refuse_truth_of_another(copy, truth_path)
    frames = read_truth_frames(truth_path, range(first, stop))
    detections = read_detections(sidecar(copy, "detections")).to_frames()
    measure = ExposureSettings(redaction=redaction, min_visible=RECOGNISABLE_SHARE)
    methods = {
        "before": redact_detections(detections, birth_score),
        "temporal_kernel": temporal_kernel(
            _with_skipped(detections, frames), view, KERNEL_RADIUS_FRAMES, birth_score
        ),
        "after": read_redactions(beside).by_frame(),
    }
    return ExposureReports(
        (name, measure_exposure(frames, redactions, view, measure))
        for name, redactions in methods.items()
    )


def _redaction_settings(stated: Mapping[str, Any]) -> RedactionSettings:
    """Return the settings that a table states; earlier programs had another name for one."""
    named = {_TODAYS_NAMES.get(name, name): value for name, value in stated.items()}
    return RedactionSettings(**{**named, "solid_yuv": tuple(named["solid_yuv"])})


def _refuse_truth_of_another(copy: Path, truth_path: Path) -> None:
    """Raise DataError unless the true faces are those of the file that the copy was made of."""
    beside = sidecar(copy, "report")
    try:
        source_sha256 = DeidentifyReport.of_copy(copy).source.sha256
    except DataError as exc:
        raise DataError(f"{beside.name} does not say what the copy was made of") from exc
    if read_metadata(truth_path).source_fingerprint != source_sha256:
        raise DataError(
            f"the true faces in {truth_path.name} are of another video than the one that "
            f"{copy.name} was made of; give those of its source"
        )


def _with_skipped(
    detections: Sequence[FrameDetections], frames: Sequence[TruthFrame]
) -> list[VideoFrame]:
    """Return every frame: the kernel reaches over those that were not looked at."""
    looked_at: dict[int, VideoFrame] = {each.frame_index: each for each in detections}
    return [
        looked_at.get(index, SkippedFrame(index, -1))
        for index in (each.frame_index for each in frames)
    ]
