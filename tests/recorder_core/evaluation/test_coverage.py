from __future__ import annotations

import math

import numpy as np
import pytest

from recorder_core.datasets import LabelledFace, LabelledPicture
from recorder_core.deidentify import RedactionSettings
from recorder_core.detect import ScoredBoxes
from recorder_core.errors import SettingsError
from recorder_core.evaluation import (
    CoverageSettings,
    DetectedPicture,
    EvaluationSettings,
    measure_coverage,
)

#: a core is then the ellipse through the corners of the box: its half sides times sqrt 2
TIGHT = RedactionSettings(enlarge_sides=0, enlarge_top=0, enlarge_bottom=0, min_margin_px=0)
SETTINGS = CoverageSettings(redaction=TIGHT, scores=(0.5,))
#: a circle around (150, 150) with the radius 50
FACE = (100.0, 100.0, 200.0, 200.0)
PICTURE_AREA = 640 * 480


def _measure(*pictures, settings=SETTINGS):
    (point,) = measure_coverage(pictures, settings)
    return point


def _lens(first: float, second: float, distance: float) -> float:
    """Return the area that two circles share."""
    a = first**2 * math.acos((distance**2 + first**2 - second**2) / (2 * distance * first))
    b = second**2 * math.acos((distance**2 + second**2 - first**2) / (2 * distance * second))
    sides = (first + second) ** 2 - distance**2, distance**2 - (first - second) ** 2
    return a + b - math.sqrt(sides[0] * sides[1]) / 2


def test_a_face_on_which_nothing_is_redacted(judged):
    point = _measure(judged([FACE], [(400, 300, 500, 400, 0.9), (*FACE, 0.4)]))
    faces = point.all_faces
    assert (faces.faces, faces.hidden, faces.mean_share, faces.eyes_hidden) == (1, 0, 0, 0)
    circle = math.pi * (50 * math.sqrt(2)) ** 2
    assert point.redacted_outside_faces == pytest.approx(circle / PICTURE_AREA, rel=0.01)


@pytest.mark.parametrize("right", [10, 50, 80])
def test_the_share_of_a_circle_is_that_of_the_lens_with_the_core(judged, right):
    box = (115 + right, 115, 185 + right, 185)
    faces = _measure(judged([FACE], [(*box, 0.9)])).all_faces
    share = _lens(50, 35 * math.sqrt(2), right) / (math.pi * 50**2)
    assert faces.mean_share == pytest.approx(share, abs=0.01)
    assert faces.hidden == 0


def test_two_boxes_hide_together_what_none_hides_alone(judged):
    halves = [(90, 90, 150, 210, 0.9), (150, 90, 210, 210, 0.9)]
    assert _measure(judged([FACE], halves)).all_faces.hidden == 1
    assert _measure(judged([FACE], halves[:1])).all_faces.hidden == 0


@pytest.mark.parametrize(("down", "hidden"), [(0, 1), (5, 0), (-5, 0)])
def test_the_eyes_are_hidden_where_their_whole_band_is(judged, down, hidden):
    faces = _measure(judged([FACE], [(100, 125 + down, 200, 155 + down, 0.9)])).all_faces
    assert (faces.eyes_hidden, faces.hidden) == (hidden, 0)


def test_margins_are_pixels_of_the_picture_as_it_is_stored():
    labelled = LabelledPicture("a.jpg", (1600, 1200), (LabelledFace((100, 100, 200, 200)),))
    small = ScoredBoxes(np.array([[120, 120, 180, 180]], np.float32), np.ones(1, np.float32))
    picture = DetectedPicture.judge(labelled, small, EvaluationSettings(scale=160))
    for margin_px in (0.0, 20.0):
        redaction = RedactionSettings(
            enlarge_sides=0, enlarge_top=0, enlarge_bottom=0, min_margin_px=margin_px
        )
        radius = max(30 * math.sqrt(2), 30 + margin_px)
        shown = _measure(picture, settings=CoverageSettings(redaction=redaction, scores=(0.5,)))
        # the face is 10 px high in the scaled picture, and counts
        share = min(1, (radius / 50) ** 2)
        assert shown.all_faces.mean_share == pytest.approx(share, abs=0.01)


def test_only_what_of_a_face_is_in_the_picture_counts(judged):
    cut = (-50.0, 100.0, 50.0, 200.0)
    faces = _measure(judged([cut], [(0, 100, 50, 200, 0.9)])).all_faces
    assert (faces.hidden, faces.mean_share, faces.eyes_hidden) == (1, 1, 1)


@pytest.mark.parametrize(
    "there", [{"difficult": True}, {"ignored": True}, {"label": "head_back"}, {}]
)
def test_what_is_redacted_in_a_labelled_box_costs_nothing(judged, there):
    point = _measure(judged([LabelledFace(FACE, **there)], [(*FACE, 0.9)]))
    ring = math.pi * (50 * math.sqrt(2)) ** 2 - 100**2
    assert point.redacted_outside_faces == pytest.approx(ring / PICTURE_AREA, abs=1e-3)
    assert point.all_faces.faces == (0 if there else 1)


def test_faces_are_told_apart_by_what_their_labels_say(judged):
    faces = [
        LabelledFace(FACE, attributes={"view": "front", "goggles": True, "cap": "unknown"}),
        LabelledFace((300, 100, 400, 200), attributes={"view": "profile", "mood": "calm"}),
        LabelledFace((300, 300, 400, 400), attributes={"view": "front"}),
        LabelledFace((500, 300, 600, 400), attributes={"view": "profile"}, difficult=True),
    ]
    rows = [(*FACE, 0.9), (300, 100, 400, 200, 0.9)]
    parts = _measure(judged(faces, rows)).by_attribute
    assert {name: list(own) for name, own in parts.items()} == {
        "view": ["front", "profile"],
        "goggles": ["true"],
    }
    assert [(own.faces, own.hidden) for own in parts["view"].values()] == [(2, 0.5), (1, 1)]


def test_a_picture_of_unknown_size_has_no_coverage():
    labelled = LabelledPicture("a.jpg", faces=(LabelledFace(FACE),))
    found = ScoredBoxes(np.array([FACE], np.float32), np.ones(1, np.float32))
    picture = DetectedPicture.judge(labelled, found, EvaluationSettings(scale="original"))
    assert measure_coverage([picture], SETTINGS) == ()
    assert measure_coverage([], SETTINGS) == ()


def test_boxes_without_an_area_hide_nothing(judged):
    assert _measure(judged([FACE], [(150, 150, 150, 190, 0.9)])).all_faces.mean_share == 0


def test_settings_that_mean_nothing():
    with pytest.raises(SettingsError, match="must lie in 0 to 1"):
        CoverageSettings(scores=(1.5,))
