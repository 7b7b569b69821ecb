from __future__ import annotations

import cv2
import numpy as np
import pytest

from recorder_core.datasets import LabelledFace, LabelledPicture
from recorder_core.detect.weights import load_weights
from recorder_core.detect.weights.drawn_faces import DRAWN_FACES_XYXY_PX, draw_faces
from recorder_core.errors import SettingsError
from recorder_core.evaluation import box_overlaps
from recorder_core.train.samples.mining import MiningSettings, find_in_empty, find_in_photos
from recorder_core.train.samples.samples import (
    KnownPhoto,
    MixSettings,
    SampleMaker,
    SampleSettings,
    SampleSources,
)
from recorder_core.train.samples.views import ViewSettings

NO_BOXES = np.zeros((0, 4), np.float32)
SETTINGS = MiningSettings(long_side_px=384, in_photos=True)


@pytest.fixture(scope="module")
def weights():
    return load_weights()


@pytest.fixture
def folder(tmp_path):
    cv2.imwrite(str(tmp_path / "drawing.png"), draw_faces())
    cv2.imwrite(str(tmp_path / "wall.png"), np.full((192, 384, 3), 120, np.uint8))
    return tmp_path


def test_what_is_found_where_no_face_is_becomes_a_hard_negative(weights, folder):
    paths = [folder / "drawing.png", folder / "wall.png"]
    (found,) = find_in_empty(paths, weights, SETTINGS)
    assert found.picture_bgr.shape == (192, 384, 3)
    assert len(found.boxes_xyxy_px) == 0
    overlaps = box_overlaps(found.hard_xyxy_px, DRAWN_FACES_XYXY_PX)
    assert overlaps.max(axis=0).min() > 0.5


def test_in_photos_known_faces_are_no_mistakes(weights, folder):
    labelled = tuple(map(float, DRAWN_FACES_XYXY_PX[2]))
    picture = LabelledPicture("drawing.png", (384, 192), (LabelledFace(labelled),), folder=folder)
    small = cv2.resize(draw_faces(), (192, 96), interpolation=cv2.INTER_AREA)
    photo = KnownPhoto(
        small,
        DRAWN_FACES_XYXY_PX[2:] / 2,
        np.zeros(1, bool),
        np.full((1, 5, 2), np.nan, np.float32),
        DRAWN_FACES_XYXY_PX[1:2] / 2,
        np.ones(1, np.float32),
    )
    (found,) = find_in_photos([picture], [photo], weights, SETTINGS)
    # the second face is in an ignored region; the first is what remains
    assert len(found.hard_xyxy_px) >= 1
    overlaps = box_overlaps(found.hard_xyxy_px, DRAWN_FACES_XYXY_PX / 2)
    assert set(overlaps.argmax(axis=1)) == {0}
    assert find_in_photos([picture], [photo], weights, MiningSettings()) == []


def test_hard_negatives_are_shown_with_the_faces_around_them():
    points = np.full((3, 5, 2), np.nan, np.float32)
    hard = np.array([[350, 10, 380, 40]], np.float32)
    masks, sure = np.zeros(3, bool), np.ones(3, np.float32)
    photo = KnownPhoto(draw_faces(), DRAWN_FACES_XYXY_PX, masks, points, NO_BOXES, sure, hard)
    settings = SampleSettings(
        mix=MixSettings(hard_share=1.0, scene_share=0, empty_share=0),
        view=ViewSettings(size_px=160, turn_share=0),
    )
    maker = SampleMaker(SampleSources([photo], [], [], [photo]), settings, 1)
    samples = [maker.make(number) for number in range(12)]
    assert not any(sample.trust_teacher for sample in samples)
    assert sum(len(sample.boxes_xyxy_px) for sample in samples) > 0
    without = SampleMaker(SampleSources([photo], [], []), settings, 1)
    assert all(without.make(number).trust_teacher for number in range(3))


def test_impossible_settings_are_refused():
    with pytest.raises(SettingsError):
        MiningSettings(min_score=0)
