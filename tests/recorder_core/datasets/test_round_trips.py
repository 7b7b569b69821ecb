"""What is written is what is read again, for every format and what it can hold."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings, strategies as st
from PIL import Image

from recorder_core.datasets import (
    FACE,
    FORMATS,
    MASK_STATES,
    Dataset,
    LabelledFace,
    LabelledPicture,
    detect_format,
    read_dataset,
    write_dataset,
)

WIDTH, HEIGHT = 100, 80
QUICK = settings(
    max_examples=25, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck)
)

# eighths of a pixel: sums and differences of them are exact
_place = st.integers(-80, 8 * 70).map(lambda n: n / 8)
_size = st.integers(8 * 12, 8 * 60).map(lambda n: n / 8)
_points = st.tuples(*[st.tuples(_place, _place)] * 5)
_hidden = st.frozensets(st.integers(0, 4))
_words = (
    st.text("abcxyz äß-", min_size=1, max_size=8)
    .map(str.strip)
    .filter(lambda word: word not in ("", "true", "false"))
)
_values = st.one_of(st.booleans(), st.integers(-5, 5), _words, st.sampled_from([0.5, -1.25]))


@st.composite
def boxes(draw):
    x, y = draw(_place), draw(_place)
    return (x, y, x + draw(_size), y + draw(_size))


def faces(**fields):
    return st.builds(LabelledFace, boxes(), **fields)


_landmarks = {"landmarks_px": st.none() | _points, "hidden_landmarks": _hidden}
_everything = {
    "mask": st.sampled_from(MASK_STATES),
    "occluded": st.booleans(),
    "ignored": st.booleans(),
    "difficult": st.booleans(),
    "track": st.none() | st.integers(0, 9),
    "score": st.none() | st.sampled_from([0.0, 0.25, 0.875]),
    "attributes": st.dictionaries(_words.map(lambda w: f"a {w}"), _values, max_size=3),
}


def _hides_only_marked(face):
    return face if face.landmarks_px else replace(face, hidden_landmarks=frozenset())


def datasets(face_strategy, **fields):
    """One to four pictures; their names are numbered, as no two may be the same."""
    picture = st.builds(
        LabelledPicture,
        st.just("x.jpg"),
        st.just((WIDTH, HEIGHT)),
        st.lists(face_strategy, max_size=4).map(tuple),
        **fields,
    )
    return st.lists(picture, min_size=1, max_size=4).map(
        lambda pictures: Dataset(
            tuple(
                replace(picture, file_name=f"set {i % 2}/{i}.jpg")
                for i, picture in enumerate(pictures)
            )
        )
    )


def _again(dataset, name, images=None):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / ("made" if FORMATS[name].is_folder else f"made.{_SUFFIX[name]}")
        write_dataset(dataset, path, name)
        assert detect_format(path) == name
        return read_dataset(path, images=images)


_SUFFIX = {"coco": "json", "wider": "txt", "wider-landmarks": "txt", "fddb": "txt", "cvat": "xml"}


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    """Pictures with the names that `datasets` gives."""
    folder = tmp_path_factory.mktemp("images")
    for number in range(4):
        path = folder / f"set {number % 2}" / f"{number}.jpg"
        path.parent.mkdir(exist_ok=True)
        Image.fromarray(np.zeros((HEIGHT, WIDTH, 3), np.uint8)).save(path)
    return folder


@QUICK
@given(
    datasets(
        faces(**_everything, **_landmarks, label=st.sampled_from([FACE, "lamp"])).map(
            _hides_only_marked
        ),
        set_name=st.sampled_from(["", "a"]),
        group=st.sampled_from(["", "7", "07", "x"]),
        segment=st.sampled_from(["", "s 1"]),
        frame_index=st.none() | st.integers(0, 3),
        attributes=st.dictionaries(_words, _values, max_size=2),
    )
)
def test_coco_holds_everything(dataset):
    assert _again(dataset, "coco") == dataset


@QUICK
@given(
    datasets(
        faces(
            ignored=st.booleans(),
            attributes=st.fixed_dictionaries(
                {
                    "blur": st.integers(0, 2),
                    "expression": st.integers(0, 1),
                    "illumination": st.integers(0, 1),
                    "occlusion": st.integers(0, 2),
                    "pose": st.integers(0, 1),
                }
            ),
        ).map(lambda face: replace(face, occluded=face.attributes["occlusion"] > 0))
    )
)
def test_wider_holds_boxes_and_attributes(dataset):
    wanted = [replace(picture, size_px=None) for picture in dataset.pictures]
    assert list(_again(dataset, "wider").pictures) == wanted


@QUICK
@given(
    datasets(
        faces(**_landmarks, attributes=st.just({}) | st.just({"sharpness": 0.5})).map(
            _hides_only_marked
        )
    )
)
def test_the_landmark_list_holds_boxes_and_landmarks(dataset):
    again = _again(dataset, "wider-landmarks")
    for before, after in zip(dataset.pictures, again.pictures, strict=True):
        for face, read in zip(before.faces, after.faces, strict=True):
            sharpness = {"sharpness": 1} if face.landmarks_px and not face.attributes else {}
            assert read == replace(face, attributes={**face.attributes, **sharpness})


@QUICK
@given(datasets(faces(), set_name=st.sampled_from(["fold-1", "fold-2"])))
def test_fddb_holds_boxes(dataset):
    with tempfile.TemporaryDirectory() as folder:
        write_dataset(dataset, Path(folder) / "folds", "fddb")
        again = read_dataset(Path(folder) / "folds")
    read = {picture.file_name: picture for picture in again.pictures}
    for picture in dataset.pictures:
        assert read[picture.file_name].set_name == picture.set_name
        np.testing.assert_allclose(
            read[picture.file_name].boxes_xyxy_px, picture.boxes_xyxy_px, atol=1e-4
        )


@QUICK
@given(
    datasets(
        faces(**_everything),
        set_name=st.sampled_from(["", "a & <b>"]),
        group=st.sampled_from(["", "7", "x"]),
        segment=st.sampled_from(["", "s 1"]),
        frame_index=st.none() | st.integers(0, 3),
    )
)
def test_voc_holds_all_but_landmarks(dataset):
    again = _again(dataset, "voc")
    assert {p.file_name: p for p in again.pictures} == {p.file_name: p for p in dataset.pictures}


@QUICK
@given(
    dataset=datasets(faces(**_landmarks, mask=st.sampled_from(MASK_STATES)).map(_hides_only_marked))
)
def test_yolo_holds_boxes_landmarks_and_classes(dataset, images):
    four = [*dataset.pictures]
    four += [LabelledPicture(f"set {i % 2}/{i}.jpg", (WIDTH, HEIGHT)) for i in range(len(four), 4)]
    again = _again(Dataset(tuple(four)), "yolo", images)
    read = {picture.file_name: picture for picture in again.pictures}
    for picture in four:
        after = read[picture.file_name]
        assert after.masks == picture.masks
        assert [f.hidden_landmarks for f in after.faces] == [
            f.hidden_landmarks for f in picture.faces
        ]
        np.testing.assert_allclose(after.boxes_xyxy_px, picture.boxes_xyxy_px, atol=1e-4)
        np.testing.assert_allclose(after.landmarks_px, picture.landmarks_px, atol=1e-4)


def _as_video(dataset):
    """Number the frames, and give no track twice in one."""
    frames = []
    for index, picture in enumerate(dataset.pictures):
        marked = {face.track: face for face in picture.faces}
        frames.append(
            replace(
                picture,
                file_name=f"img1/{index + 1:06d}.jpg",
                segment="made",
                frame_index=index,
                faces=tuple(marked.values()),
            )
        )
    return Dataset(tuple(frames))


_tracked = {
    "track": st.integers(0, 4),
    "mask": st.sampled_from(MASK_STATES),
    "occluded": st.booleans(),
    "ignored": st.booleans(),
}


def _with_visibility(face):
    return replace(face, attributes={"visibility": 0.25} if face.occluded else {})


@QUICK
@given(datasets(faces(**_tracked).map(_with_visibility)).map(_as_video))
def test_mot_holds_tracks(dataset):
    assert _again(dataset, "mot") == dataset


@QUICK
@given(datasets(faces(score=st.sampled_from([0.25, 1.0]))).map(_as_video))
def test_mot_holds_detections(dataset):
    if any(picture.faces for picture in dataset.pictures):
        assert _again(dataset, "mot") == dataset


@QUICK
@given(
    datasets(faces(**_tracked, difficult=st.booleans(), label=st.sampled_from([FACE, "lamp"]))).map(
        _as_video
    )
)
def test_cvat_holds_tracks(dataset):
    again = _again(dataset, "cvat")
    assert [p.frame_index for p in again.pictures] == [p.frame_index for p in dataset.pictures]
    for before, after in zip(dataset.pictures, again.pictures, strict=True):
        assert after.segment == "made"
        read = {_key(face): face for face in after.faces if not face.outside}
        assert set(read) == {_key(face) for face in before.faces}
        for face in before.faces:
            same = read[_key(face)]
            np.testing.assert_allclose(same.box_xyxy_px, face.box_xyxy_px, atol=2e-3)
            assert replace(same, track=0, box_xyxy_px=face.box_xyxy_px) == replace(face, track=0)


def _key(face):
    # faces of one track that are of two classes become two tracks, so ids may change
    edges = tuple(round(edge, 2) for edge in face.box_xyxy_px)
    return edges, face.label, face.mask, face.occluded, face.ignored, face.difficult


@QUICK
@given(datasets(faces(**_tracked, outside=st.booleans())).map(_as_video))
def test_cvat_changes_nothing_when_written_again(dataset):
    once = _again(dataset, "cvat")
    twice = _again(once, "cvat")
    assert [len(p.faces) for p in twice.pictures] == [len(p.faces) for p in once.pictures]
    assert [p.masks for p in twice.pictures] == [p.masks for p in once.pictures]
