from __future__ import annotations

import numpy as np
from PIL import Image

from recorder_core.datasets import Dataset, LabelledFace, LabelledPicture
from recorder_core.datasets.check import check_dataset, measure_pictures, summarise
from recorder_core.datasets.formats.losses import count_losses

POINTS = tuple((10.0 + n, 10.0) for n in range(5))


def _save(folder, name, seed, size=(64, 48)):
    rng = np.random.default_rng(seed)
    pixels = rng.integers(0, 255, (6, 8, 3), np.uint8)
    Image.fromarray(pixels).resize(size, Image.Resampling.BICUBIC).save(folder / name)


def _picture(folder, name, *faces, **fields):
    return LabelledPicture(name, (64, 48), faces, folder=folder, **fields)


def test_a_sound_set_has_no_faults(tmp_path):
    for number in range(3):
        _save(tmp_path, f"{number}.png", number)
    face = LabelledFace((5, 5, 25, 30), POINTS)
    dataset = Dataset(tuple(_picture(tmp_path, f"{n}.png", face) for n in range(3)))
    measures, unreadable = measure_pictures(dataset)
    findings = check_dataset(dataset, measures, unreadable)
    assert (findings.faults, findings.doubts) == ((), ())
    assert len(measures) == 3


def test_faults_are_found(tmp_path):
    _save(tmp_path, "1.png", 1, size=(32, 24))
    (tmp_path / "2.png").write_bytes(b"\x89PNG")
    dataset = Dataset(
        (
            _picture(tmp_path, "1.png", segment="s", frame_index=1),
            _picture(tmp_path, "2.png", LabelledFace((70, 5, 80, 9)), segment="s", frame_index=1),
            _picture(tmp_path, "3.png", LabelledFace((70, 5, 80, 9), outside=True)),
        )
    )
    measures, unreadable = measure_pictures(dataset)
    faults = check_dataset(dataset, measures, unreadable).faults
    assert len(faults) == 5
    assert "2.png cannot be decoded" in faults[0]
    assert "3.png does not exist" in faults[1]
    assert faults[2] == "segment 's' has frame 1 twice"
    assert faults[3] == "1.png: the labels are for (64, 48), the picture is (32, 24)"
    assert faults[4] == "2.png: the box (70, 5, 80, 9) is outside the picture"


def test_doubts_are_found(tmp_path):
    _save(tmp_path, "1.png", 1)
    _save(tmp_path, "2.png", 1)
    far = tuple((60.0, 40.0) for _ in range(5))
    dataset = Dataset(
        (
            _picture(
                tmp_path,
                "1.png",
                LabelledFace((5, 5, 25, 30)),
                LabelledFace((5, 5, 25, 31)),
                LabelledFace((40, 5, 45, 9)),
                LabelledFace((5, 5, 20, 20), far),
            ),
            _picture(tmp_path, "2.png"),
        ),
        remarks=("line 3: left out",),
    )
    measures, unreadable = measure_pictures(dataset)
    assert check_dataset(dataset, measures, unreadable).doubts == (
        "line 3: left out",
        "1 faces in 1 pictures are less than 8 px high",
        "1.png: landmarks of 1 faces are far outside their boxes",
        "1.png: 1 faces are marked twice",
        "1.png and 2.png are near-duplicates, but neither a group nor a segment joins them",
    )
    grouped = Dataset(tuple(_picture(tmp_path, f"{n}.png", group="g") for n in (1, 2)))
    assert check_dataset(grouped, measures).doubts == ()


def test_a_set_is_counted():
    dataset = Dataset(
        (
            LabelledPicture("1", (64, 48), segment="s", frame_index=0),
            LabelledPicture(
                "2",
                (640, 480),
                (
                    LabelledFace((0, 0, 20, 20), POINTS, track=1, mask="with_mask"),
                    LabelledFace((0, 0, 20, 20), ignored=True),
                    LabelledFace((0, 0, 20, 20), label="lamp"),
                ),
                segment="s",
                frame_index=1,
            ),
            LabelledPicture("3", (32, 24), group="g"),
        )
    )
    summary = summarise(dataset)
    assert (summary.pictures, summary.pictures_without_faces, summary.faces) == (3, 2, 1)
    assert (summary.ignored, summary.other_labels, summary.with_landmarks) == (1, 1, 1)
    assert (summary.tracks, summary.segments, summary.groups) == (1, 1, 1)
    assert summary.sizes_px == ((32, 24), (64, 48), (640, 480))
    assert summary.facts["mask", "with_mask"] == 1
    assert summarise(Dataset((LabelledPicture("1"),))).sizes_px is None


def test_losses_are_counted():
    face = LabelledFace((0, 0, 9, 9), POINTS, mask="with_mask", track=2, score=0.5)
    before = Dataset((LabelledPicture("1", (9, 9), (face, face), group="g"),))
    after = Dataset((LabelledPicture("x", (9, 9), (LabelledFace((0, 0, 9, 9), track=1),)),))
    assert count_losses(before, after) == {
        "boxes": 1,
        "landmarks": 2,
        "mask states": 2,
        "tracks": 1,
        "scores": 2,
        "groups": 1,
        "names of pictures": 1,
    }
    assert count_losses(before, before) == {}
