"""What of a job's options finds or hides less than usual: said on the console and in the report."""

from __future__ import annotations

from fractions import Fraction
from typing import Final

import numpy as np

from recorder_core.deidentify.redaction import RedactionSettings
from recorder_core.deidentify.tracking import SmoothingSettings
from recorder_core.detect.detector import DetectorSettings
from recorder_core.detect.view_input import InputGeometry
from recorder_core.jobs.inputs.job_video import JobVideo
from recorder_core.jobs.inputs.options import DeidentifyOptions
from recorder_core.jobs.inputs.stride import DetectionStride
from recorder_core.model import View

__all__ = ["lowered_safety", "sparse_detection", "unlikely_stretch"]

#: widest pixel that video has names for: ITU-T H.264, Table E-1
_WIDEST_PIXEL: Final = Fraction(32, 11)
#: intervals that differ by less are alike
_SAME_INTERVAL: Final = 1.05


def lowered_safety(options: DeidentifyOptions, view: View) -> list[str]:
    """Return what of the options finds or hides less than usual, one sentence each.

    Parameters
    ----------
    options : DeidentifyOptions
    view : View
        Part of the frame that is searched.
    """
    usual, chosen = RedactionSettings(), options.redaction
    score, usual_score = options.smoothing.birth_score, SmoothingSettings().birth_score
    scale = InputGeometry.fit(view, options.detector.long_side_px).scale[0]
    usual_scale = InputGeometry.fit(view).scale[0]
    lowered = _other_detector(options.detector)
    if score > usual_score:
        lowered.append(
            f"a single detection counts as a face from a score of {score:g}, usually from "
            f"{usual_score:g}: more faces may stay visible"
        )
    if scale < usual_scale:
        lowered.append(
            f"the detector sees the view at {scale / usual_scale:.0%} of the usual scale: more "
            "small faces may stay visible"
        )
    if chosen.enlarge_top < usual.enlarge_top:
        lowered.append(
            f"redactions reach {chosen.enlarge_top / usual.enlarge_top:.0%} as far beyond a face "
            "as usual: more of hair, ears and chin may stay visible"
        )
    if chosen.method == "blur":
        lowered.append("faces are blurred, which can be undone in part")
    return lowered


def _other_detector(settings: DetectorSettings) -> list[str]:
    """Return sentences where another detector or other weights than the program's own search."""
    usual = DetectorSettings()
    if settings.name != usual.name:
        return [
            f"faces are searched by the detector {settings.name}, usually by {usual.name}: more "
            "faces may stay visible"
        ]
    if settings.weights is not None:
        return [
            "faces are searched with weights from a file, not with the program's own: more faces "
            "may stay visible"
        ]
    return []


def sparse_detection(source: JobVideo, stride: DetectionStride) -> list[str]:
    """Return by how much the detection interval is longer than usual; nothing if it is not."""
    longest, usual = _longest_seconds(source, stride), _longest_seconds(source, DetectionStride())
    if longest <= usual * _SAME_INTERVAL:
        return []
    return [
        f"faces are searched up to {longest:.2g} seconds apart, usually {usual:.2g}: more of who "
        "moves or passes may stay visible"
    ]


def unlikely_stretch(sample_aspect_ratio: Fraction) -> list[str]:
    """Return that a player stretches frames as hardly any were recorded; nothing if it does not.

    Faces are searched as they are shown. A file that says so by mistake, as with a display matrix
    that scales, shows people whom a person knows and a detector does not.

    Parameters
    ----------
    sample_aspect_ratio : Fraction
        Width of a pixel / its height.
    """
    if 1 / _WIDEST_PIXEL <= sample_aspect_ratio <= _WIDEST_PIXEL:
        return []
    shape = f"{sample_aspect_ratio.numerator}:{sample_aspect_ratio.denominator}"
    return [
        f"the file says that its pixels are {shape}, and faces are searched in frames that are "
        "stretched so, as players show them: if people look distorted there, faces may stay "
        "visible; correct the file, and repeat this"
    ]


def _longest_seconds(source: JobVideo, stride: DetectionStride) -> float:
    """Return the longest time from one look to the next, or to the end of the job."""
    looked = np.flatnonzero(source.detection_frames(stride))
    times = source.index.pts[[*looked, source.stop - 1]]
    return float(np.diff(times).max()) * float(source.video.time_base)
