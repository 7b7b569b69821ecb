"""A disk that goes away leaves the empty folder that it was mounted at: that stays empty."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from recorder_core.archive import AttemptFile, Attempts, Password, fill_reserve
from recorder_core.catalog.audit.anchors import AuditHead, write_anchor
from recorder_core.catalog.care.replica import copy_catalog
from recorder_core.errors import ArchiveError, AuditError
from recorder_core.jobs.archive import (
    Credentials,
    ImportRequest,
    RecordingRequest,
    adopt_event,
    finalise_event,
    import_video,
    open_archive,
    record_event,
)
from recorder_core.jobs.archive.place.catalog_lock import hold_catalog
from recorder_core.jobs.archive.place.set_aside import set_aside


def _lose(root: Path) -> None:
    """Take the disk of a folder away: what is open stays open, the path is an empty folder."""
    root.rename(root.with_name("gone"))
    root.mkdir()


def _by_mirror(site: Any, user: str) -> Any:
    return open_archive(site.mirror, Credentials(user, Password("correct horse")))


def test_an_import_whose_disk_goes_is_whole_on_the_mirror_and_says_how_it_is_taken_in(
    site: Any, named_video: Path
) -> None:
    lost: list[int] = []

    def progress(done: int, _: int) -> None:
        if not lost:
            lost.append(done)
            _lose(site.path)

    with pytest.raises(ArchiveError) as told, site.opened("olga") as archive:
        import_video(archive, ImportRequest(source=named_video, procedure_code="x"), progress)
    assert lost
    assert list(site.path.iterdir()) == []
    event_id = str(told.value).split()[1].rstrip(":")
    assert f"whole on {site.mirror}" in str(told.value)
    assert f"event adopt {event_id} --archive {site.mirror}" in str(told.value)
    with _by_mirror(site, "adam") as archive:
        adopt_event(archive, event_id)
    with _by_mirror(site, "rita") as archive, archive.event(event_id).video() as file:
        assert file.read(12)[4:8] == b"ftyp"


def _record_and_lose(site: Any) -> None:
    with (
        site.opened("olga") as archive,
        record_event(archive, RecordingRequest(procedure_code="x")) as recording,
    ):
        archive._session.replicator.copy()
        _lose(site.path)
        recording.sink.write(b"v" * 100_000)
        recording.finish(10.0)


def test_a_recording_whose_disk_goes_is_whole_on_the_mirror(site: Any) -> None:
    with pytest.raises(ArchiveError) as told:
        _record_and_lose(site)
    event_id = str(told.value).split()[1].rstrip(":")
    assert f"finalise {event_id} --archive {site.mirror}" in str(told.value)
    assert list(site.path.iterdir()) == []
    with _by_mirror(site, "rita") as archive:
        finalise_event(archive, event_id)
        with archive.event(event_id).video() as file:
            assert file.read() == b"v" * 100_000


def _count(root: Path) -> None:
    store = AttemptFile(root / "sign-in-attempts.json", beside="archive.json")
    with store.locked("ana"):
        store.save("ana", Attempts(1, 1.0))


def _copy(root: Path) -> None:
    source = root.with_name("gone") / "catalog.db"
    copy_catalog(source, root / "catalog.db", beside="archive.json")


@pytest.mark.parametrize(
    "make",
    [
        lambda root: fill_reserve(root, beside="archive.json"),
        hold_catalog,
        _count,
        _copy,
        lambda root: set_aside(root, ["catalog.db"], "damaged"),
        lambda root: write_anchor(
            root / "audit-head.json", AuditHead(1, "0" * 64), beside="archive.json"
        ),
    ],
)
def test_nothing_is_made_in_the_empty_place_of_a_disk(
    site: Any, make: Callable[[Path], object]
) -> None:
    _lose(site.path)
    with pytest.raises((OSError, ArchiveError, AuditError)):
        make(site.path)
    assert list(site.path.iterdir()) == []


#: a step of signing in, before which a disk goes
STEPS = {
    "comparing the catalogs": "recorder_core.jobs.archive.opening.reconcile",
    "opening the catalog": "recorder_core.jobs.archive.opening.open_catalog",
    "following it": "recorder_core.jobs.archive.opening.Replicator",
    "counting the attempt": "recorder_core.jobs.archive.access.identity.try_password",
    "reading who that is": "recorder_core.jobs.archive.access.identity.introduce",
}


def _lose_before(site: Any, root: Path, step: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the disk of a folder go before a step of the next sign-in."""
    module, name = STEPS[step].rsplit(".", 1)
    real = getattr(importlib.import_module(module), name)

    def losing(*args: Any, **settings: Any) -> Any:
        if not root.with_name("gone").exists():
            _lose(root)
        return real(*args, **settings)

    monkeypatch.setattr(STEPS[step], losing)


@pytest.mark.parametrize("step", STEPS)
def test_who_signs_in_while_the_archives_disk_goes_is_let_in_by_the_mirror(
    site: Any, event_id: str, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    _lose_before(site, site.path, step, monkeypatch)
    with site.opened("olga") as archive:
        assert [event.event_id for event in archive.events()] == [event_id]
        assert archive.folders.primary == site.mirror
    said = " ".join(archive.notices)
    assert f"its mirror {site.mirror} is used alone" in said
    assert "run 'workbench mirror repair'" in said
    assert list(site.path.iterdir()) == []


@pytest.mark.parametrize("step", STEPS)
def test_who_signs_in_while_the_mirrors_disk_goes_is_let_in(
    site: Any, event_id: str, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    _lose_before(site, site.mirror, step, monkeypatch)
    with site.opened("olga") as archive:
        assert [event.event_id for event in archive.events()] == [event_id]
    assert list(site.mirror.iterdir()) == []


def test_what_is_asked_after_the_archives_disk_went_names_the_mirror(
    site: Any, event_id: str
) -> None:
    with site.opened("olga") as archive:
        _lose(site.path)
        with pytest.raises(AuditError, match=f"with the mirror: .* --archive {site.mirror}$"):
            archive.events()
    assert list(site.path.iterdir()) == []
    with _by_mirror(site, "olga") as archive:
        assert [event.event_id for event in archive.events()] == [event_id]
