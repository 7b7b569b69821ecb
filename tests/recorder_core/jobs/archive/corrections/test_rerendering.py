"""From corrections of an event to a copy that has them, with nothing of the original in clear."""

from __future__ import annotations

import json
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from recorder_core.catalog import EventState
from recorder_core.errors import (
    Cancelled,
    EncodeError,
    NotAllowed,
    SettingsError,
    WrongState,
)
from recorder_core.jobs import sidecar
from recorder_core.jobs.archive import (
    EventDeidentifyRequest,
    EventRerenderRequest,
    add_copy,
    correct_event,
    deidentify_event,
    event_corrections,
    event_work_folder,
    rerender_event,
    sign_off,
    undo_correction,
)
from recorder_core.jobs.archive.corrections import rerendering as job
from recorder_core.model import CorrectionKeyframe
from tests.recorder_core.jobs.archive.corrections.test_correcting import FIRST

#: in the first GOP of half a second
HIDDEN = (FIRST, replace(FIRST, frame_index=4))


@pytest.fixture
def work(tmp_path: Path) -> Path:
    folder = tmp_path / "work"
    folder.mkdir()
    return folder


@pytest.fixture
def with_found(site: Any, event_id: str, finished: Path) -> str:
    """An event with a copy in which a detector found faces."""
    with site.opened("rita") as archive:
        add_copy(archive, event_id, finished)
    return event_id


def _frames(event: Any) -> np.ndarray[Any, Any]:
    with event.open_video("deidentified") as video, closing(video.decode()) as frames:
        return np.stack([frame.planes.y.copy() for frame in frames])


def _report(event: Any) -> dict[str, Any]:
    with event.open_file("deidentification") as file:
        content: dict[str, Any] = json.loads(file.readall())
    return content


def _sorted(rows: Any) -> Any:
    """Return what is redacted, whatever was lifted in between."""
    ordered = rows.sort_values(["frame", "track", "x0"], ignore_index=True)
    return ordered.drop(columns="correction")


def _first_track(event: Any) -> CorrectionKeyframe:
    rows = event.redactions()
    track = int(rows[rows["track"] >= 0]["track"].iloc[0])
    return replace(FIRST, action="remove", track=track, correction_id="lift")


def test_only_what_a_correction_touches_is_rendered_again(
    site: Any, with_found: str, work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    left: list[set[str]] = []

    def look(archive: Any, event_id: str, copy: Path, **options: Any) -> Any:
        assert copy.parent.stat().st_mode & 0o777 == 0o700
        left.append({path.name for path in copy.parent.iterdir()})
        return add_copy(archive, event_id, copy, **options)

    monkeypatch.setattr(job, "add_copy", look)
    with site.opened("rita") as archive:
        before = archive.event(with_found)
        earlier, text = _frames(before), _report(before)
        (number,) = correct_event(archive, with_found, HIDDEN).corrections
        told: list[tuple[int, int]] = []
        request = EventRerenderRequest(work=work)
        event = rerender_event(archive, with_found, request, lambda *each: told.append(each))
        after, report, rows = _frames(event), _report(event), event.redactions()
        assert event.file("deidentified").file_id.endswith("deidentified.2")
        assert event.row.state is EventState.DEIDENTIFIED
        assert [each.state for each in event_corrections(archive, with_found)] == ["in the copy"]
        # the copy has all corrections now
        again = rerender_event(archive, with_found, request)
        assert again.file("deidentified") == event.file("deidentified")
    assert told == [(10, 10)]
    assert np.array_equal(after[10:], earlier[10:])
    # it lies half in the redaction of a larger face, which it may not undo
    assert np.abs(after[3, 24:56, 304:336].astype(int) - earlier[3, 24:56, 304:336]).max() > 5
    assert report["corrections"] == [str(number.correction_id)]
    assert text["corrections"] == []
    assert report["settings"] == text["settings"]
    assert report["qp"] == text["qp"]
    assert report["copy"]["encoded_frames"] == 10
    assert rows[rows["origin"] == "corrected"]["frame"].tolist() == [2, 3, 4]
    assert left == [
        {
            f"copy.{each}"
            for each in (
                "mp4",
                "report.json",
                "redactions.parquet",
                "detections.parquet",
                "view.jpg",
            )
        }
    ]
    assert list(work.iterdir()) == []


def test_what_was_lifted_and_taken_back_is_hidden_again_bit_for_bit(
    site: Any, with_found: str, work: Path
) -> None:
    request = EventRerenderRequest(work=work)
    with site.opened("rita") as archive:
        event = archive.event(with_found)
        earlier, lift = event.redactions(), _first_track(event)
        (number,) = correct_event(archive, with_found, [lift]).corrections
        lifted = rerender_event(archive, with_found, request).redactions()
        mine = lifted[~lifted["applied"]]
        assert mine["frame"].tolist() == [2]
        assert mine["correction"].tolist() == [str(number.correction_id)]
        assert archive.event(with_found).row.state is EventState.DEIDENTIFIED
        undo_correction(archive, with_found, number.correction_id)
        event = rerender_event(archive, with_found, request)
        rows = event.redactions()
        assert _sorted(rows).equals(_sorted(earlier))
        assert rows["correction"].isna().all()
        assert _report(event)["corrections"] == []


def test_a_lift_does_not_outlive_the_detector_s_run(
    site: Any, with_found: str, work: Path, drawn: Any
) -> None:
    """After a rendering it holds; after another run its track may be another face's."""
    with site.opened("rita") as archive:
        lift = _first_track(archive.event(with_found))
        correct_event(archive, with_found, [lift])
        rerender_event(archive, with_found, EventRerenderRequest(work=work))
        correct_event(archive, with_found, HIDDEN)
        event = rerender_event(archive, with_found, EventRerenderRequest(work=work))
        assert int((~event.redactions()["applied"]).sum()) == 1
        again = EventDeidentifyRequest(options=drawn.options, work=work)
        event = deidentify_event(archive, with_found, again)
        assert event.redactions()["applied"].all()
        states = [each.state for each in event_corrections(archive, with_found)]
        assert states == ["of an earlier copy", "in the copy"]
        kept = event.file("deidentified")
        assert (
            rerender_event(archive, with_found, EventRerenderRequest(work=work)).file(
                "deidentified"
            )
            == kept
        )


def test_corrections_that_came_with_the_copy_stay_in_it(
    site: Any, event_id: str, drawn: Any, work: Path, tmp_path: Path
) -> None:
    from recorder_core.jobs import deidentify_video

    copy = tmp_path / "corrected.mp4"
    brought = tuple(replace(row, correction_id="1", author="file") for row in HIDDEN)
    deidentify_video(drawn.request(copy, corrections=brought))
    with site.opened("rita") as archive:
        add_copy(archive, event_id, copy)
        later = [replace(row, frame_index=row.frame_index + 20) for row in HIDDEN]
        (own,) = correct_event(archive, event_id, later).corrections
        assert own.correction_id == 1
        event = rerender_event(archive, event_id, EventRerenderRequest(work=work))
        assert _report(event)["corrections"] == ["copy-1", "1"]
        rows = event.redactions()
        hidden = rows[rows["origin"] == "corrected"]
        assert hidden["frame"].tolist() == [2, 3, 4, 22, 23, 24]
        assert hidden["correction"].tolist() == ["copy-1"] * 3 + ["1"] * 3
        found = event_corrections(archive, event_id)
        assert [(each.correction_id, each.state) for each in found] == [
            ("copy-1", "in the copy"), ("1", "in the copy"),
        ]  # fmt: skip
        kept = rerender_event(archive, event_id, EventRerenderRequest(work=work))
        assert kept.file("deidentified") == event.file("deidentified")


def test_who_may_not_and_a_released_copy_are_refused_first(
    site: Any, with_found: str, work: Path
) -> None:
    request = EventRerenderRequest(work=work)
    for user in ("olga", "rosa", "egon", "adam"):
        with site.opened(user) as archive, pytest.raises(NotAllowed):
            rerender_event(archive, with_found, request)
    with site.opened("rita") as archive:
        correct_event(archive, with_found, HIDDEN)
        rerender_event(archive, with_found, request)
        # nobody has looked at the new copy
        with pytest.raises(WrongState, match="not opened the copy"):
            sign_off(archive, with_found)
        archive.event(with_found).video("deidentified").close()
        sign_off(archive, with_found)
        with pytest.raises(WrongState, match="reopen"):
            rerender_event(archive, with_found, request)
    assert list(work.iterdir()) == []


def test_an_event_without_a_copy_has_nothing_to_render(
    site: Any, event_id: str, work: Path
) -> None:
    with site.opened("rita") as archive, pytest.raises(WrongState, match="event deidentify"):
        rerender_event(archive, event_id, EventRerenderRequest(work=work))


@pytest.mark.parametrize("fault", [KeyboardInterrupt(), EncodeError("the disk went")])
def test_a_run_that_was_stopped_leaves_the_copy_and_can_be_repeated(
    site: Any, with_found: str, work: Path, monkeypatch: pytest.MonkeyPatch, fault: BaseException
) -> None:
    def stop(*_: Any, **__: Any) -> None:
        raise fault

    with site.opened("rita") as archive:
        correct_event(archive, with_found, HIDDEN)
        kept = archive.event(with_found).file("deidentified")
        with monkeypatch.context() as patch:
            patch.setattr(job, "add_copy", stop)
            with pytest.raises((KeyboardInterrupt, Cancelled, EncodeError)):
                rerender_event(archive, with_found, EventRerenderRequest(work=work))
        assert archive.event(with_found).file("deidentified") == kept
        assert list(work.iterdir()) == []
        # what a killed process leaves
        left = event_work_folder(work, with_found)
        left.mkdir(mode=0o700)
        (left / "copy.mp4").write_bytes(b"half")
        event = rerender_event(archive, with_found, EventRerenderRequest(work=work))
        assert event.file("deidentified") != kept
    assert list(work.iterdir()) == []


def _change_report(copy: Path, **changes: Any) -> None:
    path = sidecar(copy, "report")
    content = json.loads(path.read_text()) | changes
    path.write_text(json.dumps({key: value for key, value in content.items() if value is not None}))


@pytest.fixture
def own_copy(finished: Path, tmp_path: Path) -> Path:
    folder = tmp_path / "own"
    folder.mkdir()
    for path in finished.parent.iterdir():
        if path.is_file():
            (folder / path.name).write_bytes(path.read_bytes())
    return folder / finished.name


def test_a_report_without_a_version_is_read(
    site: Any, event_id: str, work: Path, own_copy: Path
) -> None:
    _change_report(own_copy, version=None, corrections=None)
    with site.opened("rita") as archive:
        add_copy(archive, event_id, own_copy)
        correct_event(archive, event_id, HIDDEN)
        event = rerender_event(archive, event_id, EventRerenderRequest(work=work))
        assert len(_report(event)["corrections"]) == 1


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"program": "surgery-workbench 0.0.1"}, "by surgery-workbench 0.0.1, this is surgery"),
        ({"weights": "ab" * 32}, "weights of the SHA-256 abababababab, these have .*--weights"),
        ({"job": "0" * 64}, "with options that its report does not say"),
    ],
)
def test_what_this_program_would_render_otherwise_is_said(
    site: Any, event_id: str, work: Path, own_copy: Path, changes: Any, sentence: str
) -> None:
    _change_report(own_copy, **changes)
    with site.opened("rita") as archive:
        add_copy(archive, event_id, own_copy)
        correct_event(archive, event_id, HIDDEN)
        kept = archive.event(event_id).file("deidentified")
        with pytest.raises(SettingsError, match=sentence) as caught:
            rerender_event(archive, event_id, EventRerenderRequest(work=work))
        assert f"'workbench event deidentify {event_id}'" in str(caught.value)
        assert archive.event(event_id).file("deidentified") == kept
    assert list(work.iterdir()) == []
