"""What is covered, and whether it was applied."""

from __future__ import annotations

import numpy as np
import pytest

from recorder_core.deidentify.redaction import redact
from recorder_core.deidentify.redaction_check import changed_share, covered_box, shape_mask
from recorder_core.deidentify.redaction_shape import RedactionSettings
from recorder_core.model import Planes, Redaction, View

SIZE = 120
BOUNDS = View(0, 0, SIZE, SIZE)
FACES = [
    Redaction(3, (20.0, 20.0, 50.0, 60.0), "detected", 1, 0.9),
    Redaction(3, (80.0, 50.0, 110.0, 90.0), "filled", 2, float("nan")),
]


def frame(seed: int | None = 0) -> Planes:
    """Return noise, or a flat grey wall."""
    rng = np.random.default_rng(seed)
    shapes = ((SIZE, SIZE), (SIZE // 2, SIZE // 2), (SIZE // 2, SIZE // 2))
    if seed is None:
        return Planes(*(np.full(shape, 128, np.uint8) for shape in shapes))
    return Planes(*(rng.integers(16, 236, shape, np.uint8) for shape in shapes))


def redacted(planes: Planes, faces: list[Redaction], method: str = "cells") -> Planes:
    result = Planes(planes.y.copy(), planes.u.copy(), planes.v.copy())
    redact(result, faces, RedactionSettings(method), BOUNDS)
    return result


def noisy(planes: Planes) -> Planes:
    """Return what a lossy encoder might make of a frame."""
    rng = np.random.default_rng(7)
    return Planes(
        *(
            np.clip(plane + rng.integers(-4, 5, plane.shape), 0, 255).astype(np.uint8)
            for plane in (planes.y, planes.u, planes.v)
        )
    )


@pytest.mark.parametrize("method", ["cells", "blur", "mosaic", "solid"])
def test_applied_redactions_count_as_changed(method):
    before = frame()
    after = redacted(before, FACES, method)
    settings = RedactionSettings(method)
    assert changed_share(before, after, FACES, settings, BOUNDS).tolist() == [1.0, 1.0]
    assert (changed_share(before, noisy(after), FACES, settings, BOUNDS) > 0.9).all()


def test_missing_redaction_is_found():
    before = frame()
    after = noisy(redacted(before, FACES[:1]))
    applied, missing = changed_share(before, after, FACES, RedactionSettings(), BOUNDS)
    assert applied > 0.9
    assert missing < 0.1


def test_missing_chroma_is_found():
    before = frame()
    after = redacted(before, FACES)
    after.u[:], after.v[:] = before.u, before.v
    assert (changed_share(before, after, FACES, RedactionSettings(), BOUNDS) < 0.8).all()


def test_flat_regions_have_nothing_to_hide():
    wall = frame(seed=None)
    assert changed_share(wall, wall, FACES, RedactionSettings(), BOUNDS).tolist() == [1.0, 1.0]
    outside = [Redaction(0, (300.0, 300.0, 320.0, 320.0), "padded", 1, 0.5)]
    assert changed_share(wall, wall, outside, RedactionSettings(), BOUNDS).tolist() == [1.0]


def test_mask_is_what_is_wholly_replaced():
    planes = frame(seed=None)
    planes.y[:] = 255
    settings = RedactionSettings("solid", solid_yuv=(1, 1, 1))
    redact(planes, FACES, settings, BOUNDS)
    mask = shape_mask(FACES, settings, BOUNDS)
    assert (mask == (planes.y == 1)).all()
    part = shape_mask(FACES, settings, BOUNDS, View(40, 30, 50, 33))
    assert (part == mask[30:63, 40:90]).all()


def test_mask_covers_faces_and_lies_in_the_covered_boxes():
    mask = shape_mask(FACES, RedactionSettings(), BOUNDS)
    assert mask[20:60, 20:50].all()
    assert mask[50:90, 80:110].all()
    for face in FACES:
        x0, y0, x1, y1 = covered_box(face, RedactionSettings())
        mask[max(y0, 0) : y1, max(x0, 0) : x1] = False
    assert not mask.any()
