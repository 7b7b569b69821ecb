from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from recorder_core.deidentify.redaction_shape import RedactionSettings
from recorder_core.errors import RedactionIncomplete
from recorder_core.jobs.pipeline.frame_redactor import FrameRedactor
from recorder_core.media import Frame, decode_frames, index_frames, probe
from recorder_core.model import Planes, Redaction, View

#: the largest of the drawn faces
FACE = Redaction(0, (225.0, 30.0, 316.0, 150.0), "detected", 3, 0.9)
SOLID = FrameRedactor(RedactionSettings("solid"), View(0, 0, 384, 192))


@pytest.fixture
def frame(drawn_source: Path) -> Iterator[Frame]:
    info = probe(drawn_source)
    with closing(decode_frames(info, index_frames(info))) as frames:
        yield next(frames)


def test_a_frame_and_a_copy_of_its_planes_are_redacted_alike(frame: Frame) -> None:
    before = frame.planes
    copy = SOLID.redact_copy(before, [FACE])
    after = SOLID.redact_frame(frame, [FACE])
    assert after is frame.planes
    for ours, theirs in zip((copy.y, copy.u, copy.v), (after.y, after.u, after.v), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    # solid is one colour, and what was read before is as it was
    assert np.ptp(after.y[60:120, 250:290]) == 0 < np.ptp(before.y[60:120, 250:290])
    assert SOLID.changed_share(before, after, [FACE]).tolist() == [1.0]
    assert SOLID.changed_share(before, before, [FACE]).tolist() == [0.0]


def test_a_frame_without_faces_and_one_that_shows_nothing_stay_as_they_are(frame: Frame) -> None:
    before = frame.planes
    assert SOLID.redact_frame(frame, []) is before
    frame.is_gap = True
    assert SOLID.redact_frame(frame, [FACE]) is before


def test_a_redaction_that_is_not_there_is_an_error(
    frame: Frame, monkeypatch: pytest.MonkeyPatch
) -> None:
    def forget(planes: Planes, *_: object) -> None:
        assert planes.y.flags.writeable

    monkeypatch.setattr("recorder_core.jobs.pipeline.frame_redactor.redact", forget)
    for work in (SOLID.redact_frame, lambda frame, faces: SOLID.redact_copy(frame.planes, faces)):
        with pytest.raises(RedactionIncomplete, match="detected redaction of frame 0"):
            work(frame, [FACE])
