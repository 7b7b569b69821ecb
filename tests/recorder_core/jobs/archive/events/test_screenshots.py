from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from recorder_core.errors import NoKeyMatches, NotAllowed, SettingsError
from recorder_core.jobs.archive import (
    ScreenshotRequest,
    add_copy,
    export_event,
    reopen_review,
    revoke,
    sign_off,
    take_screenshots,
)
from recorder_core.jobs.archive.events.screenshots import released_pictures


def _take(site: Any, event_id: str, user: str = "rita", **request: Any) -> list[Any]:
    with site.opened(user) as archive:
        event = archive.event(event_id)
        return take_screenshots(archive, event.event_id, ScreenshotRequest(**request))


def _difference(jpeg: bytes, picture: Any) -> float:
    decoded = np.asarray(Image.open(io.BytesIO(jpeg)), np.float64)
    return float(np.abs(decoded - picture).mean())


def test_a_picture_is_the_frame_that_is_shown_then(site: Any, event_id: str) -> None:
    # 20 frames per second; the last frame is shown until the end
    taken = _take(site, event_id, at_seconds=(1.04, 0.0, 3.0), frame_indexes=(25,))
    assert [shot.frame_index for shot in taken] == [20, 0, 59, 25]
    assert [round(shot.at_seconds, 6) for shot in taken] == [1.0, 0.0, 2.95, 1.25]
    with site.opened("rita") as archive:
        event = archive.event(event_id)
        shots = archive._session.catalog.contents.screenshots(event_id)
        assert [shot.frame_index for shot in shots] == [0, 20, 25, 59]
        index = event.pts_index()
        assert [shot.pts for shot in taken] == [int(index.pts[s.frame_index]) for s in taken]
        files = {row.file_id: row for row in event.files()}
        with event.open_video() as video:
            for shot in taken:
                shown = video.frame(shot.frame_index).to_rgb()
                sealed = archive._session.stored(files[shot.file_id])
                with archive._session.open_sealed(sealed) as stored:
                    assert _difference(stored.readall(), shown) < 2


def test_pictures_are_numbered_on_and_sealed_on_both_roots(site: Any, event_id: str) -> None:
    _take(site, event_id, frame_indexes=(1, 2))
    _take(site, event_id, frame_indexes=(3,))
    for root in (site.path, site.mirror):
        names = {path.name for path in (root / "events" / event_id).glob("screenshot.*.sealed")}
        assert names == {f"screenshot.{number}.sealed" for number in (1, 2, 3)}
        for name in names:
            assert b"JFIF" not in (root / "events" / event_id / name).read_bytes()


@pytest.mark.parametrize("user", ["olga", "rosa", "egon", "adam"])
def test_only_who_sees_the_original_takes_them(user: str, site: Any, event_id: str) -> None:
    with pytest.raises(NotAllowed):
        _take(site, event_id, user, frame_indexes=(1,))
    with site.opened("rita") as archive:
        assert archive._session.catalog.contents.screenshots(event_id) == []


def test_who_lost_the_original_does_not_get_its_pictures(site: Any, event_id: str) -> None:
    with site.opened("adam") as archive:
        revoke(archive, event_id, "rita", ["original"])
    with pytest.raises(NoKeyMatches):
        _take(site, event_id, frame_indexes=(1,))


@pytest.mark.parametrize(
    ("request_", "sentence"),
    [
        ({"at_seconds": (3.2,)}, "3.2 s lies outside event"),
        ({"frame_indexes": (60,)}, "has frames 0 to 59, but no frame 60"),
        ({"frame_indexes": (5, -1)}, "no frame -1"),
        ({}, "at least one time or frame"),
    ],
)
def test_pictures_that_are_not_there(
    request_: dict[str, Any], sentence: str, site: Any, event_id: str
) -> None:
    with pytest.raises(SettingsError, match=sentence):
        _take(site, event_id, **request_)
    assert not list(site.path.rglob("screenshot.*"))


def test_an_export_takes_them_only_when_they_are_named(
    site: Any, event_id: str, tmp_path: Path
) -> None:
    _take(site, event_id, frame_indexes=(1, 2))
    with site.opened("rita") as archive:
        event = archive.event(event_id)
        result = export_event(archive, event.event_id, tmp_path / "usb")
        assert {file.role for file in result.files} == {"signals"}
        named = export_event(archive, event.event_id, tmp_path / "usb", ["screenshot"])
    assert [file.name for file in named.files] == [
        f"{event_id}.screenshot.1.jpg",
        f"{event_id}.screenshot.2.jpg",
    ]
    assert all((tmp_path / "usb" / file.name).read_bytes()[6:10] == b"JFIF" for file in named.files)


def test_without_names_it_is_the_same_frame_of_the_released_copy(
    site: Any, event_id: str, named_video: Path, make_copy: Callable[[Path], Path]
) -> None:
    taken = _take(site, event_id, frame_indexes=(4, 40))
    with site.opened("rita") as archive:
        event = archive.event(event_id)
        add_copy(archive, event_id, make_copy(named_video))
        assert released_pictures(event, taken) == {}
        archive.event(event_id).video("deidentified").close()
        sign_off(archive, event_id)
    with site.opened("rosa") as archive:
        event = archive.event(event_id)
        found = released_pictures(event, taken)
        assert list(found) == [shot.screenshot_id for shot in taken]
        with event.open_video("deidentified") as video:
            pictures = [video.frame(place).to_rgb() for place in (4, 40)]
        assert all(
            _difference(found[s.screenshot_id], p) < 2 for s, p in zip(taken, pictures, strict=True)
        )
    with site.opened("rita") as archive:
        reopen_review(archive, event_id)
        assert released_pictures(archive.event(event_id), taken) == {}


def test_a_copy_of_a_part_has_its_own_frame_numbers(
    site: Any, event_id: str, named_video: Path, make_copy: Callable[..., Path]
) -> None:
    taken = _take(site, event_id, frame_indexes=(4, 40))
    copy = make_copy(named_video)
    report = copy.with_name(copy.stem + ".report.json")
    report.write_text(report.read_text().replace('"frame_span": [0, 60]', '"frame_span": [30, 60]'))
    with site.opened("rita") as archive:
        add_copy(archive, event_id, copy)
        archive.event(event_id).video("deidentified").close()
        sign_off(archive, event_id)
        event = archive.event(event_id)
        found = released_pictures(event, taken)
        assert list(found) == [taken[1].screenshot_id]
        with event.open_video("deidentified") as video:
            shown_rgb = video.frame(10).to_rgb()
        assert _difference(found[taken[1].screenshot_id], shown_rgb) < 2
