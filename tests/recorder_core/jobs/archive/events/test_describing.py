from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from recorder_core.archive import Password
from recorder_core.catalog import IDENTITY, Profile
from recorder_core.errors import CatalogError, NoKeyMatches, NotAllowed, SettingsError
from recorder_core.jobs.archive import (
    DeviceFacts,
    add_device,
    add_user,
    delete_event,
    grant,
    mark_event,
    revoke,
)
from recorder_core.jobs.archive.files.notes import open_note

NOTE = "Zephyrina woke up"


def _marked(site: Any, event_id: str, user: str = "olga") -> str:
    with site.opened(user) as archive:
        event = archive.event(event_id)
        marker = mark_event(archive, event.event_id, "incision", start_seconds=1.0, note=NOTE)
    return f"marker:{marker.marker_id}"


def test_a_marker_is_in_clear_and_its_note_is_sealed(site: Any, event_id: str) -> None:
    record = _marked(site, event_id)
    with site.opened("rita") as archive:
        event = archive.event(event_id)
        mark_event(archive, event.event_id, "closure", start_seconds=2.0, stop_seconds=3.0)
        table = event.markers()
        assert table["kind"].tolist() == ["incision", "closure"]
        assert table["author"].tolist() == ["olga", "rita"]
        assert open_note(archive._session, event_id, record) == {"note": NOTE}
        assert archive._session.catalog.events.sealed_names(event_id) == [IDENTITY, record]
        for path in (*site.path.rglob("*"), *site.mirror.rglob("*")):
            assert not path.is_file() or b"woke up" not in path.read_bytes()


@pytest.mark.parametrize("kind", ["room-hidden", "signal-lost:room", "too-busy:room"])
def test_nobody_marks_what_the_recorder_says_of_itself(site: Any, event_id: str, kind: str) -> None:
    with site.opened("rita") as archive:
        with pytest.raises(SettingsError, match=f"kind {kind} are set by the recorder alone"):
            mark_event(archive, event_id, kind, start_seconds=1.0, stop_seconds=2.0)
        assert len(archive.event(event_id).markers()) == 0


def test_the_operator_writes_a_note_and_cannot_read_it(site: Any, event_id: str) -> None:
    record = _marked(site, event_id)
    with site.opened("olga") as archive, pytest.raises(NoKeyMatches):
        open_note(archive._session, event_id, record)


def test_notes_go_with_the_names(site: Any, event_id: str) -> None:
    record = _marked(site, event_id)
    with site.opened("adam") as archive:
        add_user(archive, "ruth", Profile.REVIEWER, Password("correct horse"))
    with site.opened("ruth") as archive, pytest.raises(NoKeyMatches):
        open_note(archive._session, event_id, record)
    with site.opened("rita") as archive:
        grant(archive, event_id, "ruth", [IDENTITY])
    with site.opened("ruth") as archive:
        assert open_note(archive._session, event_id, record) == {"note": NOTE}
    with site.opened("adam") as archive:
        revoke(archive, event_id, "ruth", [IDENTITY])
    later = _marked(site, event_id)
    with site.opened("ruth") as archive:
        for name in (record, later):
            with pytest.raises(NoKeyMatches):
                open_note(archive._session, event_id, name)


def test_notes_are_destroyed_with_the_event(site: Any, event_id: str) -> None:
    record = _marked(site, event_id)
    with site.opened("adam") as archive:
        delete_event(archive, event_id, "test_recording")
        assert archive._session.catalog.events.sealed_names(event_id) == []
        assert open_note(archive._session, event_id, record) == {}


@pytest.mark.parametrize(
    ("span", "error", "sentence"),
    [
        ((-1.0, None), SettingsError, "-1.0 s lies outside event"),
        ((3.1, None), SettingsError, "which is 3.0 s long"),
        ((1.0, 3.5), SettingsError, "3.5 s lies outside"),
        ((2.0, 1.0), CatalogError, "is not a time span"),
    ],
)
def test_times_that_cannot_be(
    span: tuple[float, float | None],
    error: type[Exception],
    sentence: str,
    site: Any,
    event_id: str,
) -> None:
    with site.opened("rita") as archive:
        event = archive.event(event_id)
        with pytest.raises(error, match=sentence):
            mark_event(archive, event.event_id, "x", start_seconds=span[0], stop_seconds=span[1])
        assert archive._session.catalog.contents.markers(event_id) == []
        assert archive._session.catalog.events.sealed_names(event_id) == [IDENTITY]


def test_a_sentence_is_no_kind(site: Any, event_id: str) -> None:
    with site.opened("rita") as archive, pytest.raises(CatalogError, match="sealed record"):
        mark_event(archive, event_id, "Dr Quellmarker came", start_seconds=1.0)


def test_devices_and_their_serial_numbers(site: Any, event_id: str) -> None:
    facts = DeviceFacts(
        kind="laparoscope", model="IMAGE1-S", serial_number="SN-99812-QX", frames_recorded=60,
        frames_dropped=1, frames_repeated=2,
    )  # fmt: skip
    with site.opened("olga") as archive:
        added = add_device(archive, event_id, facts)
        add_device(archive, event_id, DeviceFacts(kind="bis-monitor"))
    with site.opened("rita") as archive:
        first, second = archive._session.catalog.contents.devices(event_id)
        assert first == added
        assert (first.model, first.frames_dropped, first.author) == ("IMAGE1-S", 1, "olga")
        assert (second.kind, second.model, second.frames_recorded) == ("bis-monitor", None, None)
        note = open_note(archive._session, event_id, f"device:{first.device_id}")
        assert note == {"serial_number": "SN-99812-QX"}
        assert open_note(archive._session, event_id, f"device:{second.device_id}") == {}
        assert "99812" not in repr(facts)
        _refuse(site, b"SN-99812-QX")


def _refuse(site: Any, text: bytes) -> None:
    paths: list[Path] = [*site.path.rglob("*"), *site.mirror.rglob("*")]
    assert not any(text in path.read_bytes() for path in paths if path.is_file())


@pytest.mark.parametrize(
    "facts",
    [
        DeviceFacts(kind="the blue one"),
        DeviceFacts(kind="monitor", model="of Dr Quellmarker"),
        DeviceFacts(kind="monitor", frames_recorded=-1),
    ],
)
def test_devices_that_cannot_be(facts: DeviceFacts, site: Any, event_id: str) -> None:
    with site.opened("rita") as archive, pytest.raises(CatalogError):
        add_device(archive, event_id, facts)


def test_a_researcher_adds_nothing(site: Any, event_id: str) -> None:
    with site.opened("rosa") as archive:
        event = archive.event(event_id)
        with pytest.raises(NotAllowed):
            mark_event(archive, event.event_id, "x", start_seconds=1.0)
        with pytest.raises(NotAllowed):
            add_device(archive, event.event_id, DeviceFacts(kind="monitor"))
