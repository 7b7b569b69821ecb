"""Refuse a copy of a video that plays upside down: its faces are not found, however often.

The detector knows faces that are upright or lean, and so does the second look. A few frames
of the finished copy are therefore turned by half a turn and searched again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np

from recorder_core.detect.detector import Detector
from recorder_core.detect.stages import ScoredBoxes
from recorder_core.errors import FacesInDoubt
from recorder_core.jobs.inputs.options import DeidentifyOptions
from recorder_core.jobs.inputs.source import Source
from recorder_core.jobs.verification.allowed import name_faces
from recorder_core.jobs.verification.second_look import (
    FaceJudge,
    choose_frames,
    own_detector,
    sure_faces_at,
)
from recorder_core.jobs.verification.seen_faces import SeenFace
from recorder_core.model import Planes, View
from recorder_core.tables import RedactionTable

__all__ = ["boxes_when_turned", "check_way_up"]

#: spread over the copy; at least half of them must show a face, so that it is no accident
_FRAMES: Final = 6
_MIN_FRAMES_WITH_FACES: Final = 2


def check_way_up(
    copy: Path, source: Source, options: DeidentifyOptions, table: RedactionTable
) -> None:
    """Check that a copy, turned upside down, shows no faces.

    Parameters
    ----------
    copy : Path
        The finished file.
    source : Source
        What it was made from.
    options : DeidentifyOptions
        The job's.
    table : RedactionTable
        What was planned in it, lifted redactions included.

    Raises
    ------
    FacesInDoubt
        If half of the frames that are searched show faces that no redaction hides.
    DecodeError
        If a frame of the copy cannot be decoded.
    """
    settings = replace(own_detector(options.detector, source.view), threads=1)
    detector = source.load_detector(settings)
    judge = FaceJudge(source.view, options.redaction, table)
    span = range(source.first, source.stop)
    looked_at, seen = 0, []
    for frame_index, frame in choose_frames(copy, source, options, [span], _FRAMES):
        looked_at += 1
        boxes = boxes_when_turned(detector, frame.planes, source.view)
        faces = sure_faces_at(boxes, frame_index, source)
        seen += [
            [each for each in faces if not judge.is_hidden(each) and not judge.is_lifted(each)]
        ]
    shown = [faces[0] for faces in seen if faces]
    if len(shown) >= max(_MIN_FRAMES_WITH_FACES, looked_at / 2):
        _refuse(shown)


def boxes_when_turned(detector: Detector, planes: Planes, view: View) -> ScoredBoxes:
    """Return the faces that a view shows when it is turned by half a turn, where they lie in it.

    Parameters
    ----------
    detector : Detector
        Of this view.
    planes : Planes
        The whole frame.
    view : View
    """
    batch = detector.process_image(detector.crop_view(planes))
    geometry = detector.input.geometry
    content = batch[..., : geometry.content_height, : geometry.content_width]
    content[...] = content[..., ::-1, ::-1].copy()
    boxes = detector.detect_in_input(batch)
    edges = np.array([2 * view.x + view.width, 2 * view.y + view.height] * 2, np.float32)
    return ScoredBoxes(edges - boxes.xyxy_px[:, [2, 3, 0, 1]], boxes.scores)


def _refuse(faces: Sequence[SeenFace]) -> None:
    raise FacesInDoubt(
        f"the finished copy, turned upside down, shows {name_faces(faces)} that no redaction "
        "hides; nothing was written. If the video plays upside down, turn it first; otherwise look "
        "there, finish the copy with --resume --allow-seen-faces, then hide it with --corrections"
    )
