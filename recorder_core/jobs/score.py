"""Measure a de-identified copy of a simulated surgery against the true faces."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

from recorder_core.deidentify.exposure import (
    ExposureSettings,
    TruthFrame,
    measure_exposure,
    redact_detections,
)
from recorder_core.deidentify.exposure_report import ExposureReport
from recorder_core.deidentify.redaction_shape import RedactionSettings
from recorder_core.deidentify.tracking import SmoothingSettings
from recorder_core.errors import DataError
from recorder_core.jobs.publish import sidecar
from recorder_core.model import TruthFace, View
from recorder_core.tables import (
    TruthTable,
    read_detections,
    read_metadata,
    read_redactions,
    read_truth,
)

__all__ = ["RECOGNISABLE_SHARE", "score_copy"]

#: share of a face that must be seen so that a person could be recognised
RECOGNISABLE_SHARE = 0.35


def score_copy(copy: Path, truth_path: Path) -> dict[str, ExposureReport]:
    """Compare the redactions of a copy with the truth.

    Parameters
    ----------
    copy : Path
        The de-identified video; its tables lie beside it.
    truth_path : Path
        The true faces of its source.

    Returns
    -------
    dict
        ``before``: the detections that reach the birth score, each redacted in its own
        frame only. ``after``: what was really redacted.

    Raises
    ------
    DataError
        If a table cannot be read or does not belong to this program.
    """
    beside = sidecar(copy, "redactions")
    metadata = read_metadata(beside)
    try:
        settings = metadata.settings
        view = View(*(int(edge) for edge in settings["view_px"].split(",")))
        redaction = RedactionSettings(
            **{**settings["redaction"], "solid_yuv": tuple(settings["redaction"]["solid_yuv"])}
        )
        birth_score = SmoothingSettings(**settings["smoothing"]).birth_score
        first, stop = settings["frame_span"]
    except (KeyError, TypeError, ValueError) as exc:
        raise DataError(f"{beside.name} does not say how the copy was made") from exc
    time_base = float(read_metadata(truth_path).time_base or 0)
    frames = _truth_frames(read_truth(truth_path), time_base, range(first, stop))
    detections = read_detections(sidecar(copy, "detections")).to_frames()
    measure = ExposureSettings(redaction=redaction, min_visible=RECOGNISABLE_SHARE)
    return {
        "before": measure_exposure(
            frames, redact_detections(detections, birth_score), view, measure
        ),
        "after": measure_exposure(frames, read_redactions(beside).by_frame(), view, measure),
    }


def _truth_frames(truth: TruthTable, time_base_seconds: float, span: range) -> list[TruthFrame]:
    by_frame: dict[int, list[TruthFace]] = defaultdict(list)
    for face in truth.faces:
        by_frame[face.frame_index].append(face)
    return [
        TruthFrame(frame, pts * time_base_seconds, tuple(by_frame[frame]))
        for frame, pts in truth.frames
        if frame in span
    ]
