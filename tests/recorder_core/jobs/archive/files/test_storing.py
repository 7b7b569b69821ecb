"""Whom a file opens for, where that is changed while it is sealed: read from the key files."""

from __future__ import annotations

import base64
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from recorder_core.archive import (
    FileIdentity,
    KeyFile,
    Password,
    SealedWriter,
    read_any_key_file,
)
from recorder_core.catalog import Profile
from recorder_core.jobs.archive import (
    Credentials,
    EventNames,
    RecordingRequest,
    ScreenshotRequest,
    add_copy,
    add_user,
    disable_user,
    finalise_event,
    grant,
    keep_report,
    open_archive,
    record_event,
    reset_password,
    revoke,
    set_profile,
    take_screenshots,
    verify_audit,
)
from recorder_core.jobs.archive.access.session import Session
from recorder_core.jobs.archive.files import storing
from recorder_core.jobs.archive.files.sealing import Audience
from recorder_core.jobs.archive.place.roles import file_name, make_file_id
from recorder_core.jobs.archive.recording import streams
from recorder_core.report import ReportSettings

PASSWORD = "correct horse"
NEW = "battery staple"
Change: TypeAlias = Callable[[Any], object]


def _reset(site: Any) -> None:
    with open_archive(site.path, Credentials("adam", Password(PASSWORD), site.words)) as archive:
        reset_password(archive, "ruth", Password(NEW))


def _reset_without_words(site: Any) -> None:
    with site.opened("adam") as archive:
        reset_password(archive, "ruth", Password(NEW), keep_access=False)


def _make_researcher(site: Any) -> None:
    with site.opened("adam") as archive:
        set_profile(archive, "ruth", Profile.RESEARCHER)


def _disable(site: Any) -> None:
    with site.opened("adam") as archive:
        disable_user(archive, "ruth")


def _add_reviewer(site: Any) -> None:
    with site.opened("adam") as archive:
        add_user(archive, "rolf", Profile.REVIEWER, Password(PASSWORD))


def _while_sealing(monkeypatch: pytest.MonkeyPatch, site: Any, change: Change) -> None:
    """Have something changed once, when all content of the next file is sealed, before its end."""
    copy_key, done = SealedWriter.copy_key, []

    def changed(writer: SealedWriter) -> Any:
        if not done:
            done.append(True)
            change(site)
        return copy_key(writer)

    monkeypatch.setattr(SealedWriter, "copy_key", changed)


def _openers(site: Any, event_id: str, file: str) -> list[list[str]]:
    """Return who opens a file, on each folder: from the lines of its key file and the catalog."""
    with sqlite3.connect(f"file:{site.path}/catalog.db?mode=ro", uri=True) as catalog:
        rows = catalog.execute("SELECT public_key, user_id FROM users").fetchall()
    owners = {base64.b64encode(bytes(key)).decode(): user for key, user in rows}
    found = []
    for root in (site.path, site.mirror):
        lines = (root / "events" / event_id / f"{file}.key").read_text().splitlines()
        entries = [line.split() for line in lines]
        named = [owners.get(words[1], "nobody") for words in entries if words[0] == "reader"]
        found.append(sorted(named) + [words[0] for words in entries if words[0] == "recovery"])
    return found


def _findings(site: Any) -> list[str]:
    with site.opened("adam") as archive:
        return [finding.sentence for finding in verify_audit(archive).findings]


@pytest.fixture
def ruth(site: Any) -> None:
    """A second reviewer."""
    with site.opened("adam") as archive:
        add_user(archive, "ruth", Profile.REVIEWER, Password(PASSWORD))


@pytest.mark.parametrize(
    ("change", "openers"),
    [
        (_reset, ["rita", "ruth", "recovery"]),
        (_make_researcher, ["rita", "recovery"]),
        (_disable, ["rita", "recovery"]),
        (_add_reviewer, ["rita", "rolf", "ruth", "recovery"]),
    ],
)
@pytest.mark.usefixtures("ruth")
def test_an_imported_video_opens_for_those_of_its_end(
    site: Any,
    named_video: Path,
    monkeypatch: pytest.MonkeyPatch,
    change: Change,
    openers: list[str],
) -> None:
    _while_sealing(monkeypatch, site, change)
    event_id = site.bring_in(named_video)
    assert _openers(site, event_id, "original.1") == [openers] * 2
    assert _findings(site) == []
    with site.opened("adam") as archive:
        assert archive.reader_ids(event_id, "original") == openers[:-1]
    if change is _reset:
        with open_archive(site.path, Credentials("ruth", Password(NEW))) as archive:
            with archive.event(event_id).video() as file:
                assert file.read(12)[4:8] == b"ftyp"
            assert archive.event(event_id).names().medical_record == "MRN-5550123"


@pytest.mark.usefixtures("ruth")
def test_an_import_that_cannot_change_a_key_file_enters_nothing(
    site: Any, named_video: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _while_sealing(monkeypatch, site, _make_researcher)

    def refuse(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(storing, "change_key_file", refuse)
    with pytest.raises(KeyboardInterrupt):
        site.bring_in(named_video)
    with sqlite3.connect(site.path / "catalog.db") as catalog:
        assert catalog.execute("SELECT count(*) FROM files").fetchone() == (0,)


@pytest.mark.usefixtures("ruth")
def test_a_copy_opens_for_those_of_its_end(
    site: Any,
    event_id: str,
    named_video: Path,
    make_copy: Callable[[Path], Path],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _while_sealing(monkeypatch, site, _reset_without_words)
    with site.opened("rita") as archive:
        add_copy(archive, event_id, make_copy(named_video))
    for file in ("deidentified.1", "detections.1", "redactions.1", "deidentification.1"):
        [there, mirrored] = _openers(site, event_id, file)
        assert there == mirrored
        assert "nobody" not in there
        assert {"rita", "ruth", "recovery"} <= set(there)
    assert _findings(site) == []


def _take_picture(archive: Any, event_id: str) -> object:
    return take_screenshots(archive, event_id, ScreenshotRequest(at_seconds=(1.0,)))


def _keep_report(archive: Any, event_id: str) -> object:
    return keep_report(archive, event_id, ReportSettings())


@pytest.mark.parametrize(
    ("make", "file"), [(_take_picture, "screenshot.1"), (_keep_report, "report.1")]
)
@pytest.mark.parametrize(
    ("change", "openers"),
    [(_reset, ["rita", "ruth", "recovery"]), (_reset_without_words, ["rita", "recovery"])],
)
@pytest.mark.usefixtures("ruth")
def test_what_is_made_of_an_event_opens_for_who_can_open_that_at_its_end(
    site: Any,
    event_id: str,
    monkeypatch: pytest.MonkeyPatch,
    make: Callable[[Any, str], object],
    file: str,
    change: Change,
    openers: list[str],
) -> None:
    with site.opened("rita") as archive:
        grant(archive, event_id, "ruth")
        _while_sealing(monkeypatch, site, change)
        make(archive, event_id)
    assert _openers(site, event_id, file) == [openers] * 2
    assert _findings(site) == []


def _cut_off(site: Any, content: bytes) -> str:
    """Record a while and stop without an end, as a crash would."""
    request = RecordingRequest(procedure_code="lap-chole", names=EventNames())
    with site.opened("olga") as archive, record_event(archive, request) as begun:
        begun.sink.write(content)
    return begun.event_id


@pytest.mark.parametrize(
    ("change", "openers"),
    [(_reset, ["rita", "ruth", "recovery"]), (_make_researcher, ["rita", "recovery"])],
)
@pytest.mark.usefixtures("ruth")
def test_a_finalised_recording_opens_for_who_could_open_it_at_the_end(
    site: Any,
    fragmented: bytes,
    monkeypatch: pytest.MonkeyPatch,
    change: Change,
    openers: list[str],
) -> None:
    event_id = _cut_off(site, fragmented)
    _while_sealing(monkeypatch, site, change)
    with site.opened("rita") as archive:
        finalise_event(archive, event_id)
    assert _openers(site, event_id, "original.2") == [openers] * 2
    assert _findings(site) == []


@pytest.mark.usefixtures("ruth")
def test_a_recording_opens_for_those_of_its_first_moment(
    site: Any, fragmented: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin, begun = streams._begin_file, []

    def begin_file(*asked: Any) -> SealedWriter:
        begun.append(begin(*asked))
        if len(begun) == 2:
            _reset(site)
        return begun[-1]

    monkeypatch.setattr(streams, "_begin_file", begin_file)
    event_id = _cut_off(site, fragmented)
    for file in ("original.1", "journal.1"):
        assert _openers(site, event_id, file) == [["rita", "ruth", "recovery"]] * 2
    assert _findings(site) == []


@pytest.mark.usefixtures("ruth")
def test_the_check_names_a_key_that_was_replaced_and_a_revocation_removes_it(
    site: Any, named_video: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As an earlier program has stored it: sealed to the key from before the reset."""

    def as_sealed(session: Session, identity: FileIdentity, _: Audience) -> KeyFile:
        roots, name = session.folders.roots(), file_name(make_file_id(identity))
        return read_any_key_file(roots, name, identity)

    with monkeypatch.context() as earlier:
        _while_sealing(earlier, site, _reset)
        earlier.setattr(storing, "seal_to_present_readers", as_sealed)
        event_id = site.bring_in(named_video)
    assert _openers(site, event_id, "original.1") == [["nobody", "rita", "recovery"]] * 2
    found = _findings(site)
    assert len(found) == 2
    assert all("a key that ruth had before a new password" in said for said in found)
    with site.opened("rita") as archive:
        revoke(archive, event_id, "ruth")
        assert _openers(site, event_id, "original.1") == [["rita", "recovery"]] * 2
        grant(archive, event_id, "ruth", ["original"])
    assert _openers(site, event_id, "original.1") == [["rita", "ruth", "recovery"]] * 2
    assert _findings(site) == []
