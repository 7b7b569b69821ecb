from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from recorder_core.detect import load_detector
from recorder_core.detect.weights.drawn_faces import draw_faces
from recorder_core.errors import Cancelled, DecodeError, SettingsError
from recorder_core.jobs import DetectOptions, detect_in_pictures
from recorder_core.jobs.detection import pictures
from recorder_core.media import read_picture
from recorder_core.model import View

#: an engine for one size and one for any may calculate in another order
ENGINE_PX, ENGINE_SCORE = 0.5, 0.01


def _options(drawn: Any, **changes: Any) -> DetectOptions:
    return DetectOptions(detector=drawn.options.detector, **changes)


def _draw(folder: Path, sizes: list[tuple[int, int]]) -> list[tuple[str, Path]]:
    named = []
    for height, width in sizes:
        path = folder / f"{len(named):02d}.png"
        cv2.imwrite(str(path), cv2.resize(draw_faces(), (width, height)))
        named.append((path.name, path))
    return named


@pytest.fixture
def two_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    monkeypatch.setattr(pictures, "_PICTURES_PER_NETWORK", 5)


def test_pictures_of_different_sizes(drawn: Any, tmp_path: Path) -> None:
    drawing = draw_faces()
    blank = np.full((100, 150, 3), 90, np.uint8)
    named = []
    for name, picture in (("a.png", drawing), ("b.jpg", blank), ("c.png", drawing)):
        cv2.imwrite(str(tmp_path / name), picture)
        named.append((name, tmp_path / name))
    table = detect_in_pictures(named, _options(drawn))
    found = dict(table.to_pictures())
    assert list(found) == ["a.png", "b.jpg", "c.png"]
    assert [int((found[name].scores > 0.5).sum()) for name in found] == [3, 0, 3]


@pytest.mark.usefixtures("two_cores")
def test_each_core_has_one_network_for_pictures_of_all_sizes(
    drawn: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loads: list[bool] = []

    def load(*given: Any, self_test: bool, any_size: bool) -> Any:
        loads.append(self_test)
        return load_detector(*given, self_test=self_test, any_size=any_size)

    monkeypatch.setattr(pictures, "load_detector", load)
    # of 384 pixels on the long side, 178 to 190 are padded to 192 rows, and 240 to 256
    named = _draw(tmp_path, [(184, 384), (250, 384), (190, 384), (92, 192), (252, 384)] * 2)
    progress: list[tuple[int, int]] = []
    table = detect_in_pictures(named, _options(drawn), lambda *now: progress.append(now))
    assert sorted(loads) == [False, True]
    assert progress == [(done, 10) for done in range(1, 11)]
    found = dict(table.to_pictures())
    assert list(found) == [name for name, _ in named]
    for name, path in named[:5]:
        planes = read_picture(path)
        view = View(0, 0, planes.width, planes.height)
        alone = load_detector(drawn.options.detector, view, self_test=False).detect(planes)
        np.testing.assert_allclose(found[name].boxes_xyxy_px, alone.xyxy_px, atol=ENGINE_PX)
        np.testing.assert_allclose(found[name].scores, alone.scores, atol=ENGINE_SCORE)
        assert (alone.scores > 0.5).sum() == 3
    # the same boxes, bit for bit, as one network finds
    monkeypatch.setattr("os.cpu_count", lambda: 1)
    again = dict(detect_in_pictures(named, _options(drawn)).to_pictures())
    assert len(loads) == 3
    for name, boxes in found.items():
        np.testing.assert_array_equal(boxes.boxes_xyxy_px, again[name].boxes_xyxy_px)
        np.testing.assert_array_equal(boxes.scores, again[name].scores)


@pytest.mark.usefixtures("two_cores")
def test_who_stops_or_a_broken_file_ends_every_thread(drawn: Any, tmp_path: Path) -> None:
    named = _draw(tmp_path, [(96, 192)] * 12)

    def stop(done: int, _all: int) -> None:
        if done == 2:
            raise Cancelled("enough")

    before = threading.active_count()
    with pytest.raises(Cancelled):
        detect_in_pictures(named, _options(drawn), stop)
    assert threading.active_count() == before
    named[7][1].write_bytes(named[7][1].read_bytes()[:60])
    with pytest.raises(DecodeError, match=r"07\.png"):
        detect_in_pictures(named, _options(drawn))
    assert threading.active_count() == before


@pytest.mark.parametrize("count", [1, 2, 3, 8])
def test_shares_have_every_picture_once_and_few_sizes_each(count: int) -> None:
    rng = np.random.default_rng(count)
    sizes = [(32 * int(rows), 960) for rows in rng.integers(10, 30, 100)]
    shares = pictures.share_out([2_000_000] * 100, sizes, count)
    assert sorted(place for share in shares for place in share) == list(range(100))
    assert len(shares) == count
    # a size is met twice only where two shares meet
    met = sum(len({sizes[place] for place in share}) for share in shares)
    assert met <= len(set(sizes)) + count - 1
    work = [sum(sizes[place][0] for place in share) for share in shares]
    assert max(work) < 2 * min(work) + 960
    assert pictures.share_out([], [], count) == []


def test_pictures_have_no_time(drawn: Any) -> None:
    with pytest.raises(SettingsError, match="pictures have no time"):
        detect_in_pictures([], _options(drawn, start_seconds=1.0))


def test_a_file_that_is_no_picture_is_refused(drawn: Any, tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_text("no picture")
    with pytest.raises(DecodeError, match=r"a\.png"):
        detect_in_pictures([("a.png", path)], _options(drawn))
