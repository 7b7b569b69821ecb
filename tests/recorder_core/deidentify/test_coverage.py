from __future__ import annotations

import math

import pytest

from recorder_core.deidentify.boxes import Box
from recorder_core.deidentify.coverage import face_coverage
from recorder_core.deidentify.redaction_shape import FaceShape, RedactionSettings, face_shapes
from recorder_core.model import Redaction, View

VIEW = View(0, 0, 400, 200)
#: the smallest ellipse around the box: half axes are the half sides times the root of 2
TIGHT = RedactionSettings(
    enlarge_sides=0, enlarge_top=0, enlarge_bottom=0, min_margin_px=0, soft_edge=0
)
FACE: Box = (100, 50, 140, 90)
OTHER: Box = (200, 50, 240, 90)


def _shapes(*boxes: Box) -> list[FaceShape]:
    redactions = [Redaction(0, box, "detected", 0, 0.9) for box in boxes]
    return face_shapes(redactions, TIGHT, VIEW, VIEW.width, VIEW.height)


def test_a_redaction_covers_its_own_box_wholly() -> None:
    assert face_coverage(FACE, _shapes(FACE)) == 1


def test_nothing_and_far_away_cover_nothing() -> None:
    assert face_coverage(FACE, []) == 0
    assert face_coverage(FACE, _shapes(OTHER)) == 0


def test_coverage_of_a_face_larger_than_the_ellipse_is_the_ellipse_s_share() -> None:
    # a circle of radius 10 * sqrt(2) inside a face of 40 x 40
    assert face_coverage(FACE, _shapes((110, 60, 130, 80))) == pytest.approx(
        math.pi * 200 / 1600, abs=0.01
    )


def test_the_union_counts_not_the_sum() -> None:
    half = (100, 50, 110, 90)
    once = face_coverage(FACE, _shapes(half))
    assert face_coverage(FACE, _shapes(half, half)) == once
    both = face_coverage(FACE, _shapes(half, (130, 50, 140, 90)))
    assert once < 0.5
    assert both == pytest.approx(2 * once)
