"""Frames of events as training pictures, for those who may have them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from recorder_core.catalog import Action, EventState, Profile, is_allowed
from recorder_core.datasets import read_dataset, require_pictures
from recorder_core.errors import DataError, NotAllowed, NotInCatalog, RecorderError, WrongState
from recorder_core.jobs.archive import add_copy, sign_off
from recorder_core.jobs.dataset.extract import extract_event
from recorder_core.jobs.dataset.frames import ExtractSettings
from recorder_core.jobs.deidentify.sidecars import sidecar
from recorder_core.media import index_frames, probe
from recorder_core.model import Redaction
from recorder_core.tables import RedactionTable, TableMetadata, write_redactions

ALL = ExtractSettings(every_seconds=0.05)
USERS = {
    Profile.OPERATOR: "olga",
    Profile.REVIEWER: "rita",
    Profile.RESEARCHER: "rosa",
    Profile.ENGINEER: "egon",
    Profile.ADMINISTRATOR: "adam",
}


@pytest.fixture
def copy(make_copy: Callable[[Path], Path], drawn_source: Path) -> Path:
    """A copy whose table has a face in every frame, and says what its source is."""
    path = make_copy(drawn_source)
    report = json.loads(sidecar(path, "report").read_text())
    report["source"] |= {"width": 384, "height": 192}
    sidecar(path, "report").write_text(json.dumps(report))
    pts = index_frames(probe(drawn_source)).pts
    faces = [Redaction(n, (10.0, 10.0, 40.0, 50.0), "detected", 0, 0.9) for n in range(len(pts))]
    table = RedactionTable.from_redactions(faces, pts)
    write_redactions(sidecar(path, "redactions"), table, TableMetadata("0" * 64))
    return path


@pytest.fixture
def reviewed(site: Any, event_id: str, copy: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """An event whose reviewer added a face, lifted a track, and took a correction back."""
    # the copy is not rendered again here
    releasing = "recorder_core.jobs.archive.review.releasing"
    monkeypatch.setattr(f"{releasing}.lacks_corrections", lambda *_: False)
    with site.opened("rita") as archive:
        add_copy(archive, event_id, copy)
        reviews = archive._session.catalog.reviews
        box = (200.0, 60.0, 240.0, 110.0)
        with archive._session.audited(Action.CORRECT, event_id):
            both = [(20, *box), (22, *box)]
            reviews.add_correction(event_id, "add", keyframes=both, author="rita")
            lifted = [(40, *box), (40 + 1, *box)]
            reviews.add_correction(event_id, "remove", keyframes=lifted, author="rita", track=0)
            undone = reviews.add_correction(event_id, "add", keyframes=[(5, *box)], author="rita")
            reviews.undo_correction(undone.correction_id, author="rita")
        archive.event(event_id).video("deidentified").close()
        sign_off(archive, event_id)
    return event_id


def test_the_reviewers_work_becomes_labels(site: Any, reviewed: str, tmp_path: Path) -> None:
    with site.opened("rita") as archive:
        result = extract_event(archive, reviewed, tmp_path / "out", ALL)
    dataset = require_pictures(read_dataset(result.labels))
    assert (result.pictures, result.corrected_pictures) == (60, 5)
    counts = [len(picture.judged_faces) for picture in dataset.pictures]
    assert counts == [1] * 20 + [2] * 3 + [1] * 17 + [0] * 2 + [1] * 18
    assert {picture.segment for picture in dataset.pictures} == {reviewed}
    assert dataset.pictures[0].size_px == (384, 192)


def test_no_name_is_in_what_is_written(site: Any, reviewed: str, tmp_path: Path) -> None:
    with site.opened("rita") as archive:
        extract_event(archive, reviewed, tmp_path / "out", ALL)
    for path in (tmp_path / "out").rglob("*"):
        content = b"" if path.is_dir() else path.read_bytes()
        for name in ("Zephyrina", "MRN-5550123", "Quellmarker"):
            assert name.encode() not in content
            assert name not in path.name


def test_what_is_not_signed_off_must_be_asked_for(
    site: Any, event_id: str, copy: Path, tmp_path: Path
) -> None:
    with site.opened("rita") as archive:
        with pytest.raises(WrongState, match="faces may be missing"):
            extract_event(archive, event_id, tmp_path / "out", ALL)
        with pytest.raises(NotInCatalog, match="has no deidentification"):
            extract_event(archive, event_id, tmp_path / "out", ALL, unreviewed=True)
        add_copy(archive, event_id, copy)
        assert archive.event(event_id).row.state is EventState.DEIDENTIFIED
        result = extract_event(archive, event_id, tmp_path / "out", ALL, unreviewed=True)
    assert result.pictures == 60


@pytest.mark.parametrize("profile", list(Profile))
def test_every_profile_is_asked(site: Any, reviewed: str, tmp_path: Path, profile: Profile) -> None:
    output = tmp_path / "out"
    with site.opened(USERS[profile]) as archive:
        event = archive.event(reviewed)
        before = archive._session.catalog.audit.head().seq
        refused = False
        try:
            extract_event(archive, event.event_id, output, ExtractSettings())
        except NotAllowed:
            refused = True
        except RecorderError:
            pass
        rows = archive._session.catalog.audit.rows()[before:]
    assert refused is not is_allowed(profile, Action.EXPORT_ORIGINAL)
    outcomes = {row.outcome for row in rows if row.action == Action.EXPORT_ORIGINAL.value}
    assert outcomes == ({"refused"} if refused else {"begun", "done"})
    assert output.exists() is not refused


def test_a_report_that_says_too_little_is_named(
    site: Any, event_id: str, make_copy: Callable[[Path], Path], drawn_source: Path, tmp_path: Path
) -> None:
    with site.opened("rita") as archive:
        add_copy(archive, event_id, make_copy(drawn_source))
        with pytest.raises(DataError, match="does not say how the copy was made"):
            extract_event(archive, event_id, tmp_path / "out", ALL, unreviewed=True)
    assert not (tmp_path / "out").exists()
