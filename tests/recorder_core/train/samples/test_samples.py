from __future__ import annotations

import numpy as np
import pytest

from recorder_core.detect.weights.drawn_faces import DRAWN_FACES_XYXY_PX, draw_faces
from recorder_core.errors import DataError, SettingsError
from recorder_core.train.samples.clutter import draw_clutter, draw_in_front, show_screen
from recorder_core.train.samples.photometry import PhotometrySettings, distort_picture
from recorder_core.train.samples.samples import (
    KnownPhoto,
    MixSettings,
    SampleMaker,
    SampleSettings,
    SampleSources,
)
from recorder_core.train.samples.scenes import Head, SceneSettings, paste_people
from recorder_core.train.samples.views import ViewSettings

NO_BOXES = np.zeros((0, 4), np.float32)
NO_POINTS = np.full((3, 5, 2), np.nan, np.float32)


def _photo(certainty=1.0):
    masks, sure = np.zeros(3, bool), np.full(3, certainty, np.float32)
    return KnownPhoto(draw_faces(), DRAWN_FACES_XYXY_PX, masks, NO_POINTS, NO_BOXES, sure)


@pytest.fixture(scope="module")
def sources():
    photo = _photo()
    rng = np.random.default_rng(0)
    room = rng.integers(90, 140, (240, 320, 3)).astype(np.uint8)
    return SampleSources([photo], [room], [np.zeros((200, 300, 3), np.uint8)])


def _maker(sources, seed=1, **mix):
    settings = SampleSettings(mix=MixSettings(**mix), view=ViewSettings(size_px=160))
    return SampleMaker(sources, settings, seed)


def _head(**changes):
    values = {"landmarks_px": NO_POINTS[2], "has_mask": False} | changes
    return Head(draw_faces(), DRAWN_FACES_XYXY_PX[2], **values)


def test_a_sample_is_the_same_whenever_it_is_asked_for(sources):
    first, again = _maker(sources).make(7), _maker(sources).make(7)
    other = _maker(sources, seed=2).make(7)
    assert np.array_equal(first.picture_bgr, again.picture_bgr)
    assert np.array_equal(first.boxes_xyxy_px, again.boxes_xyxy_px)
    assert not np.array_equal(first.picture_bgr, other.picture_bgr)


@pytest.mark.parametrize(
    "mix",
    [
        {"scene_share": 0, "empty_share": 0},
        {"scene_share": 1, "empty_share": 0},
        {"scene_share": 0, "empty_share": 1},
    ],
)
def test_every_kind_of_sample_is_well_formed(sources, mix):
    maker = _maker(sources, **mix)
    for number in range(25):
        sample = maker.make(number)
        assert sample.picture_bgr.shape == (160, 160, 3)
        assert sample.picture_bgr.dtype == np.uint8
        boxes = sample.boxes_xyxy_px
        assert boxes.dtype == np.float32
        assert ((boxes >= 0) & (boxes <= 160)).all()
        assert (boxes[:, 3] - boxes[:, 1] >= ViewSettings().min_label_px).all()
        assert sample.trust_teacher == (mix["scene_share"] == mix["empty_share"] == 0)
        if mix["empty_share"] == 1:
            assert not len(boxes)


def test_views_and_scenes_hold_faces(sources):
    assert (
        sum(
            len(_maker(sources, scene_share=0, empty_share=0).make(i).boxes_xyxy_px)
            for i in range(20)
        )
        > 20
    )
    assert (
        sum(
            len(_maker(sources, scene_share=1, empty_share=0).make(i).boxes_xyxy_px)
            for i in range(20)
        )
        > 20
    )


def test_what_stands_in_front_hides_faces(sources):
    def make(**mix):
        maker = _maker(sources, seed=3, scene_share=0, empty_share=0, **mix)
        return [maker.make(number) for number in range(40)]

    free, hidden = make(front_share=0), make(front_share=1)
    learnt = [sum(len(sample.boxes_xyxy_px) for sample in samples) for samples in (free, hidden)]
    ignored = [sum(len(sample.ignored_xyxy_px) for sample in samples) for samples in (free, hidden)]
    assert 0.5 * learnt[0] < learnt[1] < learnt[0]
    assert ignored[1] > ignored[0]
    strict = make(front_share=1, max_hidden=0.1)
    assert sum(len(sample.boxes_xyxy_px) for sample in strict) < learnt[1]
    for sample in (*hidden, *strict):
        assert len(sample.landmarks_px) == len(sample.certainty) == len(sample.boxes_xyxy_px)


@pytest.mark.parametrize("seed", range(6))
def test_the_cover_is_what_was_drawn_in_front(seed):
    plain = np.full((160, 160, 3), 120, np.uint8)
    shown = plain.copy()
    cover = draw_in_front(shown, np.random.default_rng(seed))
    assert cover.shape == (160, 160)
    assert 0.005 < cover.mean() < 0.95
    assert (shown[cover == 0] == 120).all()
    assert (shown[cover == 1] != 120).any(axis=1).all()


def test_a_covered_face_is_forgotten(sources):
    maker = _maker(sources, scene_share=0, empty_share=0, max_layers=5)
    for number in range(20):
        boxes = maker.make(number).boxes_xyxy_px
        centres = (boxes[:, None, :2] + boxes[:, None, 2:]) / 2
        # no centre of a face inside another face
        inside = ((centres > boxes[None, :, :2]) & (centres < boxes[None, :, 2:])).all(axis=2)
        assert inside.sum() <= len(boxes) + 1


def test_every_face_keeps_its_certainty(sources):
    certain = _maker(sources, empty_share=0)
    doubtful = _maker(
        SampleSources([_photo(0.75)], sources.rooms, []), scene_share=0, empty_share=0
    )
    for number in range(20):
        sample = certain.make(number)
        assert sample.certainty.tolist() == [1] * len(sample.boxes_xyxy_px)
        sample = doubtful.make(number)
        assert sample.certainty.tolist() == [0.75] * len(sample.boxes_xyxy_px)


def test_photos_are_added_until_they_cover_enough(sources):
    def shown(cover):
        maker = _maker(
            SampleSources(sources.photos, [], []), scene_share=0, empty_share=0, cover=cover
        )
        return np.mean([len(maker.make(number).boxes_xyxy_px) for number in range(40)])

    assert shown((0.9, 0.9)) > shown((0.0, 0.0))


@pytest.mark.parametrize("cover", [(0.5, 0.2), (-0.1, 0.5), (0.5, 1.1)])
def test_an_impossible_cover_is_refused(cover):
    with pytest.raises(SettingsError, match="cover"):
        MixSettings(cover=cover)


def test_without_rooms_and_empty_pictures_only_photos_are_shown(sources):
    bare = SampleSources(sources.photos, [], [])
    maker = _maker(bare, scene_share=0.5, empty_share=0.5)
    assert all(maker.make(i).trust_teacher for i in range(10))


def test_training_needs_a_face():
    masks, sure = np.zeros(0, bool), np.zeros(0, np.float32)
    empty = KnownPhoto(draw_faces(), NO_BOXES, masks, NO_POINTS[:0], NO_BOXES, sure)
    with pytest.raises(DataError, match="at least one photo"):
        SampleSources([empty], [], [])


def test_people_are_pasted_where_their_boxes_say():
    plain = np.full((200, 200, 3), 120, np.uint8)
    shown = plain.copy()
    boxes = paste_people(shown, [_head()] * 4, np.random.default_rng(4), SceneSettings())
    assert len(boxes)
    for x0, y0, x1, y1 in boxes.clip(0, 200).astype(int):
        changed = (shown[y0:y1, x0:x1] != plain[y0:y1, x0:x1]).any(axis=2)
        assert changed.mean() > 0.9


def test_a_head_turned_away_is_labelled_too():
    settings = SceneSettings(turned_away_share=1.0)
    shown = np.full((200, 200, 3), 120, np.uint8)
    boxes = paste_people(shown, [_head()], np.random.default_rng(4), settings)
    assert boxes.shape == (1, 4)
    x, y = ((boxes[0, :2] + boxes[0, 2:]) / 2).astype(int)
    assert (shown[y, x] != 120).any()


def test_nobody_hides_another_face():
    for seed in range(10):
        picture = np.zeros((200, 200, 3), np.uint8)
        boxes = paste_people(picture, [_head()] * 6, np.random.default_rng(seed), SceneSettings())
        for i, box in enumerate(boxes):
            others = np.delete(boxes, i, axis=0)
            assert not ((box[:2] < others[:, 2:]) & (others[:, :2] < box[2:])).all(axis=1).any()


@pytest.mark.parametrize("seed", range(8))
def test_clutter_changes_the_picture(seed):
    picture = np.full((120, 120, 3), 120, np.uint8)
    draw_clutter(picture, np.random.default_rng(seed))
    assert 0.001 < (picture != 120).mean() < 0.9


@pytest.mark.parametrize("seed", range(8))
def test_a_screen_shows_the_whole_picture_in_a_frame(seed):
    shown = np.full((300, 300, 3), 120, np.uint8)
    content = np.zeros((60, 80, 3), np.uint8)
    content[:, :40, 2] = content[:, 40:, 0] = 200
    show_screen(shown, content, np.random.default_rng(seed))
    red = (shown[..., 2].astype(int) - shown[..., 0]) > 60
    blue = (shown[..., 0].astype(int) - shown[..., 2]) > 60
    changed = (shown != 120).any(axis=2)
    assert 0 < changed.mean() < 0.7
    assert changed[red | blue].all()
    # halves of about the same size, unless the screen hangs over the picture's edge
    if not (changed[[0, -1]].any() or changed[:, [0, -1]].any()):
        assert 0.5 < red.sum() / blue.sum() < 2


def test_screens_hang_in_rooms_only(sources):
    loud = SampleSources(
        sources.photos, sources.rooms, [np.full((50, 50, 3), (0, 0, 255), np.uint8)]
    )

    def make(**mix):
        quiet = {n: 0 for n in PhotometrySettings.__slots__ if n.endswith("_share")}
        settings = SampleSettings(
            MixSettings(front_share=0, **mix),
            ViewSettings(size_px=160, perspective_share=0),
            photometry=PhotometrySettings(**quiet),
        )
        return [SampleMaker(loud, settings, 1).make(i).picture_bgr for i in range(20)]

    def redness(pictures):
        reds = [p[..., 2].astype(int) - p[..., 1] for p in pictures]
        return sum((red > 120).mean() > 0.002 for red in reds)

    scenes = {"scene_share": 1, "empty_share": 0}
    assert redness(make(**scenes, screen_share=1)) >= 10
    assert redness(make(**scenes, screen_share=0)) == 0
    photos = {"scene_share": 0, "empty_share": 0}
    pairs = zip(make(**photos, screen_share=1), make(**photos, screen_share=0), strict=True)
    assert all(np.array_equal(*pair) for pair in pairs)


@pytest.mark.parametrize(
    "name", ["lamp", "colour", "grey", "motion", "blur", "coarse", "noise", "jpeg", "video"]
)
def test_each_disturbance_changes_the_picture_and_nothing_else(name):
    shares = [n for n in PhotometrySettings.__slots__ if n.endswith("_share")]
    settings = PhotometrySettings(**{n: float(n == f"{name}_share") for n in shares})
    picture = draw_faces()
    before = picture.copy()
    result = distort_picture(picture, np.random.default_rng(2), settings)
    assert result.shape == picture.shape
    assert result.dtype == np.uint8
    assert not np.array_equal(result, picture)
    assert np.array_equal(picture, before)


def test_no_disturbance_changes_nothing():
    shares = [n for n in PhotometrySettings.__slots__ if n.endswith("_share")]
    settings = PhotometrySettings(**dict.fromkeys(shares, 0))
    picture = draw_faces()
    assert np.array_equal(distort_picture(picture, np.random.default_rng(0), settings), picture)
