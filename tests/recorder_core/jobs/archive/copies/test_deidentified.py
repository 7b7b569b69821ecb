from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from recorder_core.catalog import EventState, Profile
from recorder_core.errors import DataError, NoKeyMatches, NotAllowed, WrongCopy, WrongState
from recorder_core.jobs.archive import add_copy, export_event, reopen_review, set_profile, sign_off
from recorder_core.jobs.deidentify.sidecars import sidecar


def test_a_copy_is_sealed_to_other_people_than_the_original(site: Any, with_copy: str) -> None:
    with site.opened("rita") as archive:
        event = archive.event(with_copy)
        assert event.row.state is EventState.DEIDENTIFIED
        assert archive.reader_ids(with_copy, "deidentified") == ["rita"]
        assert archive.reader_ids(with_copy, "detections") == ["egon", "rita"]
        assert len(event.detections()) == 1
        assert len(event.redactions()) == 1
    with site.opened("rosa") as archive, pytest.raises(NotAllowed):
        archive.event(with_copy).video("deidentified")


def test_a_release_gives_the_key_and_taking_it_back_takes_it(site: Any, with_copy: str) -> None:
    with site.opened("rita") as archive:
        archive.event(with_copy).video("deidentified").close()
        assert sign_off(archive, with_copy).row.state is EventState.SIGNED_OFF
    with site.opened("rosa") as archive:
        event = archive.event(with_copy)
        with event.video("deidentified") as file:
            assert file.read(12)[4:8] == b"ftyp"
        with pytest.raises(NoKeyMatches):
            archive._session.open_sealed(archive._session.stored(event.file("original")))
    with site.opened("rita") as archive:
        reopen_review(archive, with_copy)
        assert archive.reader_ids(with_copy, "deidentified") == ["rita"]
    with site.opened("rosa") as archive:
        row = archive.event(with_copy).file("deidentified")
        with pytest.raises(NoKeyMatches):
            archive._session.open_sealed(archive._session.stored(row))


def test_another_copy_takes_the_place_of_an_unreleased_one(
    site: Any, with_copy: str, named_video: Path, make_copy: Callable[..., Path]
) -> None:
    with site.opened("rita") as archive:
        add_copy(archive, with_copy, make_copy(named_video, "second.mp4"))
        [row] = archive._session.catalog.contents.files(with_copy, "deidentified")
        assert row.file_id.endswith("deidentified.2")
        with archive.event(with_copy).video("deidentified") as file:
            assert file.read(12)[4:8] == b"ftyp"
        archive.event(with_copy).video("deidentified").close()
        sign_off(archive, with_copy)
        with pytest.raises(WrongState, match="reopen"):
            add_copy(archive, with_copy, make_copy(named_video, "third.mp4"))
    for root in (site.path, site.mirror):
        names = {path.name for path in (root / "events" / with_copy).iterdir()}
        assert "deidentified.1.key" not in names
        assert "deidentified.1.sealed" not in names


def test_a_copy_made_from_an_export_belongs_to_its_event(
    site: Any, event_id: str, tmp_path: Path, make_copy: Callable[[Path], Path]
) -> None:
    with site.opened("rita") as archive:
        event = archive.event(event_id)
        result = export_event(archive, event.event_id, tmp_path / "out", ["original"])
        exported = result.folder / result.files[0].name
        assert add_copy(archive, event_id, make_copy(exported)).row.state == "de-identified"


def test_a_copy_of_another_video_or_an_altered_one_is_refused(
    site: Any,
    event_id: str,
    foreign: dict[str, Path],
    named_video: Path,
    make_copy: Callable[..., Path],
) -> None:
    with site.opened("rita") as archive:
        with pytest.raises(WrongCopy, match="not made from the video"):
            add_copy(archive, event_id, make_copy(foreign["hevc mp4"]))
        altered = make_copy(named_video, "altered.mp4")
        altered.write_bytes(altered.read_bytes() + b"\0")
        with pytest.raises(WrongCopy, match="hash differs"):
            add_copy(archive, event_id, altered)
        lonely = make_copy(named_video, "lonely.mp4")
        sidecar(lonely, "report").unlink()
        with pytest.raises(DataError, match="beside the copy"):
            add_copy(archive, event_id, lonely)
        assert archive.event(event_id).row.state is EventState.RECORDED


def test_a_cut_off_attempt_does_not_stand_in_the_way(
    site: Any, event_id: str, named_video: Path, make_copy: Callable[[Path], Path]
) -> None:
    left = site.path / "events" / event_id / "deidentified.1.key"
    left.write_bytes(b"left by a crash")
    with site.opened("rita") as archive:
        add_copy(archive, event_id, make_copy(named_video))
        with archive.event(event_id).video("deidentified") as file:
            assert file.read(12)[4:8] == b"ftyp"


def test_a_changed_profile_takes_keys_back(site: Any, with_copy: str) -> None:
    with site.opened("adam") as archive:
        taken = set_profile(archive, "rita", Profile.RESEARCHER)
        assert f"{with_copy} original" in taken
        assert f"{with_copy} identity" in taken
        assert archive.reader_ids(with_copy, "signals") == ["rita", "rosa"]
    with site.opened("rita") as archive:
        row = archive.event(with_copy).file("original")
        with pytest.raises(NoKeyMatches):
            archive._session.open_sealed(archive._session.stored(row))


def test_only_released_copies_leave(site: Any, with_copy: str, tmp_path: Path) -> None:
    with site.opened("rita") as archive:
        event = archive.event(with_copy)
        with pytest.raises(WrongState, match="not released"):
            export_event(archive, event.event_id, tmp_path / "out", ["deidentified"])
        archive.event(with_copy).video("deidentified").close()
        sign_off(archive, with_copy)
        result = export_event(archive, with_copy, tmp_path / "out")
    roles = [file.role for file in result.files]
    assert roles == ["signals", "deidentified", "detections", "redactions", "deidentification"]
    manifest = json.loads(result.manifest.read_text())
    assert [entry["role"] for entry in manifest["files"]] == roles


@pytest.fixture
def copy(make_copy: Callable[[Path], Path], named_video: Path) -> Path:
    """A copy of the event's video that was not added."""
    return make_copy(named_video)


def _damages(report: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield a report once for each thing that the program reads there and each other value."""
    places = [("source", "sha256"), ("copy", "sha256"), ("copy", "frames"), ("redactions",)]
    places += [("redactions", "regions"), ("redactions", "tracks"), ("redactions", "by_origin")]
    places += [("redactions", "by_origin", "filled"), ("settings",), ("settings", "frame_span")]
    places += [("settings", "detector"), ("settings", "redaction", "method"), ("copy",)]
    places += [("detection_frames",), ("lowered_safety",), ("lifted_faces",), ("second_look",)]
    places += [("longest_repaired_gap_frames",), ("source",), ("settings", "detector", "name")]
    for place in places:
        for value in (None, -1, 2**70, [["x"]], {"x": 1}):
            changed = json.loads(json.dumps(report))
            holder = changed
            for key in place[:-1]:
                holder = holder[key]
            holder[place[-1]] = value
            yield changed


def test_a_report_that_says_something_else_is_refused_before_anything_is_sealed(
    site: Any, event_id: str, copy: Path
) -> None:
    path = sidecar(copy, "report")
    report = json.loads(path.read_text())
    with site.opened("rita") as archive:
        for changed in _damages(report):
            path.write_text(json.dumps(changed))
            with pytest.raises(DataError, match=r"copy.*is not a report"):
                add_copy(archive, event_id, copy)
        for text in ("[" * 100_000, "", "5", '"\\ud800"', json.dumps([report])):
            path.write_text(text)
            with pytest.raises(DataError, match=r"copy.*is not a report"):
                add_copy(archive, event_id, copy)
        path.write_text(json.dumps(report))
        with pytest.raises(DataError, match="there is no video"):
            add_copy(archive, event_id, Path())
        assert [row.role for row in archive.event(event_id).files()] == ["original", "signals"]
        add_copy(archive, event_id, copy)


def test_the_hash_of_a_site_s_own_weights_is_noted_where_the_job_proves_it(
    site: Any, event_id: str, copy: Path
) -> None:
    path, weights = sidecar(copy, "report"), "ab" * 32
    report = json.loads(path.read_text())
    options = {k: v for k, v in report["settings"].items() if k not in ("view_px", "frame_span")}
    facts = {
        "version": "9", "source": report["source"]["sha256"], "weights": weights,
        "options": options,
    }  # fmt: skip
    job = hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()
    with site.opened("rita") as archive:
        for changed in ({"weights": weights}, {"weights": weights, "job": job}):
            path.write_text(json.dumps(report | changed))
            add_copy(archive, event_id, copy)
        found = archive._session.catalog.reviews.detections_summaries(event_id)
    assert [each.weights_sha256 for each in found] == ["0" * 64, weights]


@pytest.mark.parametrize("table", ["detections", "redactions"])
def test_a_table_of_another_kind_is_refused_before_anything_is_sealed(
    site: Any, event_id: str, copy: Path, table: str
) -> None:
    path = sidecar(copy, table)
    for content in (b"", b"PAR1", path.read_bytes()[:-8]):
        path.write_bytes(content)
        with site.opened("rita") as archive, pytest.raises(DataError, match=path.name):
            add_copy(archive, event_id, copy)
    with site.opened("rita") as archive:
        assert archive.event(event_id).row.state is EventState.RECORDED
