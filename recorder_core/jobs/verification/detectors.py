"""The detectors that look at a finished copy: in another scale, and other ways up."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Final

from recorder_core.detect.detector import Detector, DetectorSettings
from recorder_core.detect.view_input import MAX_INPUT_SIDE_PX, InputGeometry
from recorder_core.jobs.inputs.job_video import JobVideo
from recorder_core.jobs.inputs.options import DeidentifyOptions
from recorder_core.model import Orientation, View

__all__ = [
    "WayUp",
    "around_detector",
    "detectors_inside",
    "other_ways_up",
    "own_detector",
    "scaled_detector",
    "second_long_side_px",
]

#: the long side of the network's input, as a multiple of the job's own, or of the usual
_SCALE: Final = Fraction(5, 4)
#: quarter turns counter-clockwise by which frames are turned, too
_TURNS: Final = (1, 2, 3)


def scaled_detector(source: JobVideo, options: DeidentifyOptions) -> Detector:
    """Load the program's own detector with a larger input than the job's: it finds what was small.

    Raises
    ------
    ModelMismatch, EngineUnavailable
        If it cannot be loaded.
    """
    settings = _alone(own_detector(options.detector, source.view))
    long_side = second_long_side_px(source.view, settings.long_side_px)
    return source.load_detector(replace(settings, long_side_px=long_side))


def around_detector(source: JobVideo, options: DeidentifyOptions) -> Detector | None:
    """Load the program's own detector for the whole frame; None where the view is all of it.

    Raises
    ------
    ModelMismatch, EngineUnavailable
        If it cannot be loaded.
    """
    whole = View(0, 0, source.video.width, source.video.height)
    if source.view == whole:
        return None
    return source.load_detector(_alone(own_detector(options.detector, whole)), view=whole)


@dataclass(frozen=True, slots=True)
class WayUp:
    """Two detectors that see a view turned: what both see is a face, a lamp or a hand seldom is."""

    search: Detector
    #: sees it mirrored, too, and larger
    confirm: Detector


def detectors_inside(
    source: JobVideo, options: DeidentifyOptions
) -> tuple[Detector, dict[int, WayUp]]:
    """Load the program's own detector for a view: larger, and for what lies in it.

    Returns
    -------
    Detector
        In the scale of `scaled_detector`.
    dict
        As of `other_ways_up`.

    Raises
    ------
    ModelMismatch, EngineUnavailable
        If it cannot be loaded.
    """
    settings = _alone(own_detector(options.detector, source.view))
    usual = source.load_detector(settings, any_size=True)
    long_side = second_long_side_px(source.view, settings.long_side_px)
    return usual.with_long_side(long_side), other_ways_up(usual)


def other_ways_up(detector: Detector) -> dict[int, WayUp]:
    """Return detectors that see a view turned.

    Parameters
    ----------
    detector : Detector
        Of the view as it is shown; takes inputs of any size.

    Returns
    -------
    dict
        Quarter turns counter-clockwise -> detectors that see the view turned by them.
    """
    content = detector.input.geometry
    long_side = int(max(content.content_width, content.content_height) * _SCALE)
    larger = detector.with_long_side(min(long_side, MAX_INPUT_SIDE_PX))
    return {
        turns: WayUp(
            detector.shown_as(Orientation(turns=turns)),
            larger.shown_as(Orientation(turns=turns)).shown_as(Orientation(mirrored=True)),
        )
        for turns in _TURNS
    }


def own_detector(settings: DetectorSettings, view: View) -> DetectorSettings:
    """Return the program's own detector, in the job's scale or the usual one if that is larger.

    A weak detector, other weights or a small frame must not judge what they missed.

    Parameters
    ----------
    settings : DetectorSettings
        The job's.
    view : View
        Part of the frame that is searched.
    """
    chosen = InputGeometry.fit(view, settings.long_side_px)
    is_smaller = chosen.scale[0] < InputGeometry.fit(view).scale[0]
    return DetectorSettings(
        engine=settings.engine,
        long_side_px=None if is_smaller else settings.long_side_px,
        threads=settings.threads,
    )


def second_long_side_px(view: View, long_side_px: int | None) -> int:
    """Return the long side of the second look's input: never smaller than of a usual job.

    Parameters
    ----------
    view : View
        Part of the frame that is searched.
    long_side_px : int or None
        Of the job's input; None: the usual.
    """
    fitted = [InputGeometry.fit(view, chosen) for chosen in (long_side_px, None)]
    long_side = max(max(each.content_width, each.content_height) for each in fitted)
    return min(int(long_side * _SCALE), MAX_INPUT_SIDE_PX)


def _alone(settings: DetectorSettings) -> DetectorSettings:
    """Run a detector in this thread: OpenVINO waits for ever for what memory denies it."""
    return replace(settings, threads=1)
