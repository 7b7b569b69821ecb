"""From a sealed original to a sealed copy, with nothing of the original in clear on a disk."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from recorder_core.catalog import Action, EventState
from recorder_core.catalog.events.contents import Contents
from recorder_core.errors import (
    Cancelled,
    EncodeError,
    FacesInDoubt,
    NoKeyMatches,
    NotAllowed,
    SettingsError,
    WrongState,
)
from recorder_core.jobs.archive import (
    EventDeidentifyRequest,
    add_copy,
    deidentify_event,
    event_work_folder,
    read_audit,
    revoke,
    sign_off,
)
from recorder_core.jobs.archive.copies import deidentifying as job
from recorder_core.media import open_video, psnr_y
from tests.conftest import write_foreign


@pytest.fixture
def work(tmp_path: Path) -> Path:
    folder = tmp_path / "work"
    folder.mkdir()
    return folder


@pytest.fixture
def request_(drawn: Any, work: Path) -> EventDeidentifyRequest:
    return EventDeidentifyRequest(options=drawn.options, work=work)


def _frames(video: Any) -> np.ndarray[Any, Any]:
    with closing(video.decode()) as frames:
        return np.stack([frame.planes.y.copy() for frame in frames])


def test_the_copy_is_that_of_the_file_and_nothing_of_the_original_was_written(
    site: Any,
    event_id: str,
    request_: EventDeidentifyRequest,
    finished: Path,
    work: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    left: list[set[str]] = []

    def look(*arguments: Any, **named: Any) -> Any:
        folder = event_work_folder(work, event_id)
        assert folder.stat().st_mode & 0o777 == 0o700
        left.append({path.name for path in folder.iterdir()})
        return add_copy(*arguments, **named)

    monkeypatch.setattr(job, "add_copy", look)
    told: list[tuple[int, int]] = []
    with site.opened("rita") as archive:
        event = deidentify_event(archive, event_id, request_, lambda *each: told.append(each))
        assert event.row.state is EventState.DEIDENTIFIED
        with event.open_video("deidentified") as copy, open_video(finished) as expected:
            assert np.array_equal(_frames(copy), _frames(expected))
            assert [track.codec for track in copy.info.audio] == ["aac"]
        assert len(event.redactions()) > 100
        assert archive.reader_ids(event_id, "deidentified") == ["rita"]
    assert told[-1] == (60, 60)
    with site.opened("adam") as archive:
        rows = [row for row in read_audit(archive) if row.event_id == event_id]
    actions = [row.action for row in rows if row.who == "rita"]
    assert actions.count("deidentify") >= 2
    assert "view_original" in actions
    copies = {"copy.mp4", "copy.report.json", "copy.redactions.parquet"}
    assert left == [copies | {"copy.detections.parquet", "copy.view.jpg"}]
    assert list(work.iterdir()) == []


@pytest.mark.parametrize("user", ["olga", "rosa", "egon", "adam"])
def test_only_a_reviewer_does_it(
    site: Any, event_id: str, request_: EventDeidentifyRequest, user: str, work: Path
) -> None:
    with site.opened(user) as archive, pytest.raises(NotAllowed):
        deidentify_event(archive, event_id, request_)
    assert list(work.iterdir()) == []


def test_who_lost_the_original_cannot(
    site: Any, event_id: str, request_: EventDeidentifyRequest
) -> None:
    with site.opened("adam") as archive:
        revoke(archive, event_id, "rita", ["original"])
    with site.opened("rita") as archive, pytest.raises(NoKeyMatches):
        deidentify_event(archive, event_id, request_)


def test_a_released_copy_is_not_replaced(
    site: Any, with_copy: str, request_: EventDeidentifyRequest, work: Path
) -> None:
    with site.opened("rita") as archive:
        archive.event(with_copy).video("deidentified").close()
        sign_off(archive, with_copy)
        with pytest.raises(WrongState, match="reopen"):
            deidentify_event(archive, with_copy, request_)
    assert list(work.iterdir()) == []


def test_what_was_finished_is_kept_and_gone_on_from(
    site: Any,
    event_id: str,
    request_: EventDeidentifyRequest,
    work: Path,
    finished: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    folder = event_work_folder(work, event_id)
    said: list[str] = []

    def stop(done: int, _total: int) -> None:
        if done >= 40:
            raise KeyboardInterrupt

    with site.opened("rita") as archive:
        with pytest.raises(Cancelled, match="2 finished segments are kept"):
            deidentify_event(archive, event_id, request_, stop)
        assert archive.event(event_id).row.state is EventState.RECORDED
        assert {path.name for path in folder.iterdir()} == {".copy.mp4.work"}
        done: list[int] = []
        again = replace(request_, resume=True, say=said.append)
        times = archive.event(event_id).pts_index()
        more = replace(times, pts=np.append(times.pts, times.pts[-1] + [512, 1024]))
        with monkeypatch.context() as patched:
            patched.setattr(Contents, "pts_index", lambda *_: more)
            event = deidentify_event(archive, event_id, again, lambda each, _: done.append(each))
        assert done == [60]
        # of an import that hid two frames
        assert any("of the 62 frames" in each and "its video shows 60" in each for each in said)
        with event.open_video("deidentified") as copy, open_video(finished) as expected:
            assert np.array_equal(_frames(copy), _frames(expected))
    assert list(work.iterdir()) == []


def test_a_copy_that_another_command_added_meanwhile_stays(
    site: Any,
    event_id: str,
    request_: EventDeidentifyRequest,
    finished: Path,
    work: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def add_late(*arguments: Any, **named: Any) -> Any:
        with site.opened("rita") as other:
            add_copy(other, event_id, finished)
        return add_copy(*arguments, **named)

    monkeypatch.setattr(job, "add_copy", add_late)
    with site.opened("rita") as archive:
        with pytest.raises(WrongState, match="got another copy while this one was made"):
            deidentify_event(archive, event_id, request_)
        assert archive.event(event_id).file("deidentified").file_id.endswith(".1")
        monkeypatch.undo()
        # what was made is kept, and replaces the other one if that is asked for
        assert event_work_folder(work, event_id).is_dir()
        deidentify_event(archive, event_id, replace(request_, resume=True))
        assert archive.event(event_id).file("deidentified").file_id.endswith(".2")
    assert list(work.iterdir()) == []


def test_a_copy_that_was_finished_only_is_sealed_and_hides_what_was_corrected(
    site: Any,
    with_copy: str,
    request_: EventDeidentifyRequest,
    work: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise EncodeError("the power went")

    short = replace(request_, options=replace(request_.options, stop_seconds=1.0))
    box = [(2, 300.0, 20.0, 340.0, 60.0), (4, 300.0, 20.0, 340.0, 60.0)]
    with site.opened("rita") as archive:
        reviews = archive._session.catalog.reviews
        with archive._session.audited(Action.CORRECT, with_copy):
            reviews.add_correction(with_copy, "add", keyframes=box, author="rita")
            # of a track of the earlier copy, which may be another face's now
            reviews.add_correction(with_copy, "remove", keyframes=box, author="rita", track=0)
        with monkeypatch.context() as patch:
            patch.setattr(job, "add_copy", fail)
            with pytest.raises(EncodeError, match="the power went"):
                deidentify_event(archive, with_copy, short)
        event = deidentify_event(archive, with_copy, replace(short, resume=True))
        assert event.file("deidentified").file_id.endswith("deidentified.2")
        rows = event.redactions()
    assert rows[rows["origin"] == "corrected"]["frame"].tolist() == [2, 3, 4]
    assert rows["applied"].all()
    assert list(work.iterdir()) == []


def test_a_copy_in_doubt_is_no_copy(
    site: Any, work: Path, tmp_path: Path, request_: EventDeidentifyRequest, drawn_source: Path
) -> None:
    event_id = site.bring_in(drawn_source)
    blind = replace(request_.options, view="0,0,32,32")
    with site.opened("rita") as archive:
        with pytest.raises(FacesInDoubt):
            deidentify_event(archive, event_id, replace(request_, options=blind))
        assert archive.event(event_id).row.state is EventState.RECORDED
    assert tmp_path in work.parents


@pytest.mark.parametrize("kind", ["link", "open to others", "no folder"])
def test_a_work_folder_of_others_is_refused(
    site: Any, event_id: str, request_: EventDeidentifyRequest, work: Path, kind: str
) -> None:
    folder = event_work_folder(work, event_id)
    if kind == "link":
        (work / "elsewhere").mkdir()
        folder.symlink_to(work / "elsewhere")
    elif kind == "open to others":
        folder.mkdir()
        folder.chmod(0o755)
    else:
        request_ = replace(request_, work=work / "nowhere")
    with site.opened("rita") as archive, pytest.raises(EncodeError):
        deidentify_event(archive, event_id, replace(request_, resume=True))


def test_an_original_in_another_container_is_taken_as_well(
    site: Any, drawn: Any, work: Path, tmp_path: Path
) -> None:
    """What MP4 cannot hold is archived byte for byte, and found again frame by frame."""
    path = write_foreign(tmp_path / "raw.avi", "ffv1", {"level": "3"})
    event_id = site.bring_in(path)
    request = EventDeidentifyRequest(options=drawn.options, work=work, suffix=".mkv")
    with site.opened("rita") as archive:
        event = deidentify_event(archive, event_id, request)
        with event.open_video("deidentified") as copy, open_video(path) as source:
            assert copy.info.container == "matroska,webm"
            assert len(copy) == len(source) == 20
            for frame in (0, 13):
                assert psnr_y(copy.frame(frame).planes, source.frame(frame).planes) < 35
        outside = replace(request, options=replace(drawn.options, view="0,0,4000,4000"))
        with pytest.raises(SettingsError, match="4000"):
            deidentify_event(archive, event_id, outside)
