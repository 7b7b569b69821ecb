"""Measure the detections in a simulated surgery against the true faces."""

from __future__ import annotations

from pathlib import Path

from recorder_core.errors import DataError
from recorder_core.evaluation import SetMeasures, measure_set
from recorder_core.evaluation.video import FRAME_SETTINGS, judge_frames
from recorder_core.jobs.measuring.detected_video import read_truth_frames
from recorder_core.tables import DetectionTable, read_truth

__all__ = ["score_detections"]


def score_detections(found: DetectionTable, truth_path: Path) -> SetMeasures:
    """Compare detections with the true faces of the frames that were looked at.

    Parameters
    ----------
    found : DetectionTable
        Of a simulated surgery.
    truth_path : Path
        The true faces of the same video.

    Returns
    -------
    SetMeasures
        Faces are measured in pixels of the video. Those of which too little is seen to
        recognise anybody are neither found nor missed.

    Raises
    ------
    DataError
        If the truth cannot be read, or is of another video.
    """
    frames = found.to_frames()
    if not frames:
        raise DataError("there are no detections to compare: the table has no frame")
    known = dict(read_truth(truth_path).frames)
    stranger = next((each for each in frames if known.get(each.frame_index) != each.pts), None)
    if stranger is not None:
        raise DataError(
            f"the true faces in {truth_path.name} are of another video than the detections: frame "
            f"{stranger.frame_index} at pts {stranger.pts} is not in it; give those of this video"
        )
    truth = read_truth_frames(truth_path, range(frames[-1].frame_index + 1))
    return measure_set(judge_frames(truth, frames), FRAME_SETTINGS)
