from __future__ import annotations

import itertools

import numpy as np
import pytest

from recorder_core.datasets import Dataset, LabelledFace, LabelledPicture
from recorder_core.datasets.splitting.division import divide_units
from recorder_core.datasets.splitting.facts import class_of, picture_facts
from recorder_core.datasets.splitting.likeness import PictureMeasure
from recorder_core.datasets.splitting.split import PARTS, SplitSettings, split_dataset
from recorder_core.errors import DataError, SettingsError


def _face(height, mask="unknown"):
    return LabelledFace((5, 5, 20, 5 + height), mask=mask)


def _segments(count, frames=4):
    """Segments in which people, attire, face height and length differ."""
    rng = np.random.default_rng(4)
    pictures = []
    for segment in range(count):
        attire = ["green", "blue", "white"][rng.integers(3)]
        for frame in range(frames + int(rng.integers(3))):
            faces = [
                _face(float(rng.choice([12, 24, 50, 120])), "with_mask")
                for _ in range(rng.integers(0, 5))
            ]
            pictures.append(
                LabelledPicture(
                    f"{segment}/{frame}.png",
                    faces=tuple(faces),
                    segment=f"s{segment}",
                    frame_index=frame,
                    attributes={"attire": attire, "patient_visible": bool(rng.integers(2))},
                )
            )
    return Dataset(tuple(pictures))


def test_57_segments_become_31_12_and_14():
    dataset = _segments(57)
    split = split_dataset(dataset, None, SplitSettings())
    assert (split.units, split.counted) == ((31, 12, 14), "segments")
    names = [{picture.segment for picture in part.pictures} for part in split.parts]
    assert [len(part) for part in names] == [31, 12, 14]
    assert not any(a & b for a, b in itertools.combinations(names, 2))
    assert sum(len(part) for part in split.parts) == len(dataset)


def test_every_part_has_its_share_of_everything():
    split = split_dataset(_segments(57), None, SplitSettings())
    assert {fact for fact, _ in split.balance} == {
        "size",
        "people",
        "faces",
        "face height",
        "mask",
        "attire",
        "patient_visible",
    }
    for (fact, name), numbers in split.balance.items():
        ideal = sum(numbers) * np.array([31, 12, 14]) / 57
        assert (np.abs(np.array(numbers) - ideal) <= 2.0 + 0.05 * ideal).all(), (fact, name)


def test_the_division_is_better_than_chance():
    dataset = _segments(57)
    best = split_dataset(dataset, None, SplitSettings()).imbalance
    table = np.random.default_rng(1).random((57, 5))
    place, found = divide_units(table, np.ones(5), np.array([31.0, 12, 14]), seed=1)
    ideal = np.outer(np.array([31, 12, 14]) / 57, table.sum(axis=0))

    def imbalance(where):
        counts = np.array([table[where == part].sum(axis=0) for part in range(3)])
        return ((counts - ideal) ** 2 / ideal).sum()

    assert found == pytest.approx(imbalance(place))
    rng = np.random.default_rng(2)
    chance = min(imbalance(rng.permutation(np.repeat([0, 1, 2], [31, 12, 14]))) for _ in range(500))
    assert found < chance / 3
    assert best < 0.01


def test_the_same_seed_gives_the_same_division():
    dataset = _segments(20)
    first, again, other = (
        split_dataset(dataset, None, SplitSettings(seed=seed)) for seed in (1, 1, 2)
    )
    assert first.parts == again.parts
    assert first.parts != other.parts


def test_the_order_of_pictures_stays():
    split = split_dataset(_segments(20), None, SplitSettings())
    for part in split.parts:
        places = [tuple(int(n) for n in p.file_name[:-4].split("/")) for p in part.pictures]
        assert places == sorted(places)


def test_groups_and_near_duplicates_never_cross():
    rng = np.random.default_rng(1)
    pictures, measures = [], []
    for number in range(60):
        group = f"g{number // 3}" if number < 30 else ""
        pictures.append(LabelledPicture(f"{number}.jpg", faces=(_face(30),), group=group))
        bits = int(rng.integers(2**62))
        measures.append(PictureMeasure(100.0, (bits, bits ^ (2**63 - 1))))
    measures[1], measures[59] = measures[40], measures[40]
    split = split_dataset(Dataset(tuple(pictures)), measures, SplitSettings())
    part_of = {p.file_name: i for i, part in enumerate(split.parts) for p in part.pictures}
    for first in range(0, 30, 3):
        assert len({part_of[f"{first + i}.jpg"] for i in range(3)}) == 1
    assert part_of["1.jpg"] == part_of["40.jpg"] == part_of["59.jpg"]
    assert (split.counted, split.joined_by_likeness) == ("pictures", 3)
    assert sum(split.units) == 38
    sizes = np.array([len(part) for part in split.parts])
    assert np.abs(sizes - 60 * np.array([31, 12, 14]) / 57).max() <= 1.5


def test_light_is_balanced_where_it_is_measured():
    pictures = tuple(LabelledPicture(f"{n}.jpg", faces=(_face(30),)) for n in range(40))
    measures = [PictureMeasure(40.0 if n < 20 else 200.0, None) for n in range(40)]
    split = split_dataset(Dataset(pictures), measures, SplitSettings((2, 1, 1)))
    assert split.balance["light", "dark"] == (10, 5, 5)
    assert split.balance["light", "bright"] == (10, 5, 5)


def test_many_units_are_divided_too():
    rng = np.random.default_rng(3)
    pictures = tuple(
        LabelledPicture(f"{n}.jpg", faces=tuple(_face(30) for _ in range(rng.integers(0, 9))))
        for n in range(1500)
    )
    split = split_dataset(Dataset(pictures), None, SplitSettings())
    assert split.imbalance < 1e-3


def test_a_part_without_a_share_stays_empty():
    split = split_dataset(_segments(10), None, SplitSettings((8, 2, 0)))
    assert split.units == (8, 2, 0)
    assert len(split.parts[PARTS.index("test")]) == 0


def test_too_few_units_are_refused():
    with pytest.raises(DataError, match=r"has 2 units .* cannot be divided into 3 parts"):
        split_dataset(_segments(2), None, SplitSettings())


@pytest.mark.parametrize("shares", [(1, -1, 1), (1, 0, 0), (0, 0, 0)])
def test_shares_must_divide(shares):
    with pytest.raises(SettingsError, match="must not be negative"):
        SplitSettings(shares)


@pytest.mark.parametrize(
    ("value", "name"),
    [(3, "under 16 px"), (16, "16-31 px"), (31.9, "16-31 px"), (96, "96 and more px")],
)
def test_values_lie_in_classes(value, name):
    assert class_of(value, (16, 32, 96), "px") == name


def test_facts_of_a_picture():
    picture = LabelledPicture(
        "1.jpg",
        faces=(_face(20, "with_mask"), _face(200), LabelledFace((0, 0, 9, 9), ignored=True)),
        set_name="a",
        attributes={"light": "hard", "patient_visible": True},
    )
    assert dict(picture_facts(picture, PictureMeasure(90.0, None))) == {
        ("people", "2-3"): 1,
        ("light", "hard"): 1,
        ("patient_visible", "True"): 1,
        ("attire", "not said"): 1,
        ("set", "a"): 1,
        ("face height", "16-31 px"): 1,
        ("face height", "96 and more px"): 1,
        ("mask", "with_mask"): 1,
        ("mask", "unknown"): 1,
    }
