from __future__ import annotations

import importlib
import json
from pathlib import Path
from types import ModuleType
from typing import Any

import cv2
import numpy as np
import pytest

from recorder_core.datasets import Dataset, LabelledFace, LabelledPicture, read_coco, write_coco
from recorder_core.errors import DataError

PROFILING = Path(__file__).resolve().parents[2] / "profiling" / "weights"
#: drawn people: left, top, right, bottom and mask state
FACES = (((40, 40, 100, 110), "without_mask"), ((160, 40, 230, 120), "with_mask"))


def _script(name: str, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(PROFILING)
    return importlib.import_module(name)


@pytest.fixture
def rooms(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    return _script("staffed_rooms", monkeypatch)


@pytest.fixture
def maker(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    return _script("make_or_validation", monkeypatch)


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Photos of two drawn people each, and their labels."""
    folder = tmp_path / "photos"
    folder.mkdir()
    pictures = []
    for number in range(3):
        picture = np.full((180, 280, 3), 90 + 10 * number, np.uint8)
        faces = []
        for box, mask in FACES:
            x0, y0, x1, y1 = box
            centre, axes = ((x0 + x1) // 2, (y0 + y1) // 2), ((x1 - x0) // 2, (y1 - y0) // 2)
            cv2.ellipse(picture, centre, axes, 0, 0, 360, (120, 150, 200), -1)
            faces.append(LabelledFace(tuple(map(float, box)), mask=mask))  # type: ignore[arg-type]
        cv2.imwrite(str(folder / f"{number}.png"), picture)
        pictures.append(LabelledPicture(f"{number}.png", (280, 180), tuple(faces)))
    write_coco(Dataset(tuple(pictures)), tmp_path / "photos.json")
    return tmp_path / "photos.json"


@pytest.fixture
def empty_rooms(tmp_path: Path) -> Path:
    folder = tmp_path / "rooms"
    folder.mkdir()
    rng = np.random.default_rng(0)
    for name in ("room_1_3.jpg", "room_1_4.jpg", "room_2_4.jpg"):
        small = rng.integers(90, 200, (12, 16, 3)).astype(np.uint8)
        cv2.imwrite(str(folder / name), cv2.resize(small, (640, 480)))
    return folder


def _make(
    maker: ModuleType, photos: Path, empty_rooms: Path, output: Path, *more: str
) -> dict[str, Any]:
    words = ["make", "--rooms", str(empty_rooms), "--faces", str(photos)]
    words += ["--images", str(photos.with_suffix("")), "-o", str(output), *more]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.argv", words)
        maker.main()
    return dict(json.loads((output / "or_validation.json").read_text()))


def test_every_scene_is_there_bare_masked_and_worn(
    maker: ModuleType, photos: Path, empty_rooms: Path, tmp_path: Path
) -> None:
    _make(maker, photos, empty_rooms, tmp_path / "out", "--scenes", "2")
    pictures = read_coco(tmp_path / "out" / "or_validation.json").pictures
    assert [picture.set_name for picture in pictures] == ["bare", "masked", "worn"] * 2
    assert {picture.attributes["room"] for picture in pictures} == {"room_1_4.jpg", "room_2_4.jpg"}
    for bare, masked, worn in zip(pictures[::3], pictures[1::3], pictures[2::3], strict=True):
        assert bare.group == masked.group == worn.group
        assert len(bare.faces) >= 2
        assert set(bare.masks) == {"without_mask"}
        assert set(masked.masks) == set(worn.masks) == {"with_mask"}
        # the same people in the same place; a worn mask is on somebody else
        assert bare.boxes_xyxy_px.tolist() == masked.boxes_xyxy_px.tolist()
        sources = [[face.attributes["source"] for face in each.faces] for each in (bare, masked)]
        assert sources[0] == sources[1]
        assert all(str(face.attributes["source"]).endswith("#1") for face in worn.faces)
        assert [face.attributes["cap"] for face in bare.faces] == [False] * len(bare.faces)
        assert all(face.attributes["cap"] for face in (*masked.faces, *worn.faces))


def test_only_the_heads_differ_between_bare_and_masked(
    maker: ModuleType, photos: Path, empty_rooms: Path, tmp_path: Path
) -> None:
    _make(maker, photos, empty_rooms, tmp_path / "out", "--scenes", "1")
    bare, masked = read_coco(tmp_path / "out" / "or_validation.json").pictures[:2]
    shown = [cv2.imread(str(picture.path)).astype(int) for picture in (bare, masked)]
    changed = np.abs(shown[0] - shown[1]).max(axis=2) > 60
    near = np.zeros(changed.shape, bool)
    for x0, y0, x1, y1 in bare.boxes_xyxy_px.tolist():
        reach = y1 - y0
        rows = slice(max(0, int(y0 - reach)), int(y1 + reach))
        near[rows, max(0, int(x0 - reach)) : int(x1 + reach)] = True
        assert changed[int(y0) : int(y1), int(x0) : int(x1)].mean() > 0.1
    assert not (changed & ~near).any()


def test_the_same_seed_gives_the_same_set_and_another_seed_another(
    maker: ModuleType, photos: Path, empty_rooms: Path, tmp_path: Path
) -> None:
    made = [
        _make(maker, photos, empty_rooms, tmp_path / name, "--scenes", "1", "--seed", seed)
        for name, seed in (("a", "0"), ("b", "0"), ("c", "1"))
    ]
    assert made[0] == made[1] != made[2]
    pictures = [
        (tmp_path / name / "or_validation" / "scene_000_masked.jpg").read_bytes() for name in "abc"
    ]
    assert pictures[0] == pictures[1] != pictures[2]
    sheet = cv2.imread(str(tmp_path / "a" / "contact_sheet.png"))
    assert sheet.shape == (270, 3 * 480, 3)


def test_faces_are_framed_on_the_sheet(maker: ModuleType) -> None:
    faces = (LabelledFace((400.0, 200.0, 500.0, 320.0)),)
    shown = (LabelledPicture("a.jpg", (1280, 720), faces), np.zeros((720, 1280, 3), np.uint8))
    sheet = maker.draw_sheet([shown] * 6)
    assert sheet.shape == (2 * 270, 3 * 480, 3)
    rows, columns = np.nonzero(sheet[:270, :480, 1] > 100)
    assert (columns.min(), columns.max()) == (pytest.approx(149, abs=2), pytest.approx(188, abs=2))
    assert (rows.min(), rows.max()) == (pytest.approx(74, abs=2), pytest.approx(120, abs=2))


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (["--pattern", "hall_*.jpg"], "no picture of .* is named hall"),
        (["--scenes", "0"], "ask for at least 1"),
        (["--faces", "no.json"], "no.json"),
    ],
)
def test_what_cannot_be_made_is_one_sentence(
    maker: ModuleType, photos: Path, empty_rooms: Path, tmp_path: Path, change: list[str],
    sentence: str,
) -> None:  # fmt: skip
    with pytest.raises(SystemExit, match=sentence):
        _make(maker, photos, empty_rooms, tmp_path / "out", *change)
    assert not (tmp_path / "out").exists()


def test_photos_without_a_masked_person_are_refused(
    maker: ModuleType, photos: Path, tmp_path: Path
) -> None:
    pictures = read_coco(photos).pictures
    bare = [LabelledPicture(p.file_name, p.size_px, p.faces[:1]) for p in pictures]
    write_coco(Dataset(tuple(bare)), tmp_path / "bare.json")
    with pytest.raises(DataError, match="no face with_mask"):
        maker.read_people(tmp_path / "bare.json", photos.with_suffix(""))


def test_nobody_stands_before_a_face_and_far_faces_are_small(rooms: ModuleType) -> None:
    settings = rooms.RoomSettings()
    room = np.full((960, 1280, 3), 128, np.uint8)
    for seed in range(20):
        rng = np.random.default_rng(seed)
        view = rooms.choose_view(room, settings, rng)
        assert view.picture_bgr.shape == (720, 1280, 3)
        places = rooms.choose_places(view, [200.0] * 5, settings, rng)
        found = sorted((p for p in places if p is not None), key=lambda p: p.face_px)
        assert found
        for far, near in ((a, b) for i, a in enumerate(found) for b in found[i + 1 :]):
            assert not near.hides(far)
        low, high = settings.drop_faces
        for place in found:
            drop = (place.centre[1] - view.horizon_px) / place.face_px
            assert low <= drop <= high


def test_a_face_is_never_enlarged_and_takes_the_light_of_the_room(rooms: ModuleType) -> None:
    settings = rooms.RoomSettings()
    rng = np.random.default_rng(0)
    view = rooms.choose_view(np.full((960, 1280, 3), 128, np.uint8), settings, rng)
    places = rooms.choose_places(view, [42.0, 20.0] * 4, settings, rng)
    shown = [place.face_px if place else 0.0 for place in places]
    assert max(shown[::2]) <= 42 + 1e-6
    assert {round(face_px, 6) for face_px in shown[1::2]} <= {0.0, 20.0}
    head = rooms.Head(
        np.full((80, 60, 3), 100, np.uint8), np.array([10, 10, 50, 70], np.float32),
        np.full((5, 2), np.nan, np.float32), has_mask=False,
    )  # fmt: skip
    dark, bright = (
        rooms.light_head(head, np.full((9, 9, 3), level, np.uint8), 0.9).picture_bgr.mean()
        for level in (40, 160)
    )
    assert dark < 70 < 120 < bright
