from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pypdf import PdfReader

from recorder_core.archive import DelaySettings, Password
from recorder_core.catalog import Action, AuditHead, Catalog, EventState, Profile, copy_catalog
from recorder_core.errors import (
    ArchiveError,
    AuditError,
    CatalogDamaged,
    CatalogError,
    DecodeError,
    NoKeyMatches,
    NotAllowed,
    NotInCatalog,
    SchemaTooNew,
    SettingsError,
    SignInDelayed,
)
from recorder_core.jobs.archive import (
    Credentials,
    EventNames,
    ImportRequest,
    RecordingRequest,
    accept_audit_break,
    add_copy,
    add_user,
    archive_status,
    check_copies,
    copy_sealed,
    create_archive,
    delete_event,
    disable_user,
    export_audit,
    export_event,
    finalise_event,
    import_video,
    mark_event,
    open_archive,
    record_event,
    sign_off,
    verify_audit,
    verify_audit_at,
    write_report,
)
from recorder_core.jobs.archive.event.event import find_names
from recorder_core.report import ReportSettings

PASSWORD = "correct horse"
MARKERS = [
    text.encode()
    for text in (
        "Zephyrina",
        "Ångström",
        "MRN-5550123",
        "Quellmarker",
        "Ñandú",
        "Xanthos",
        "Wobblectomy",
        "Timbuktoo",
    )
]


def _files_below(*folders: Path) -> list[Path]:
    return [path for folder in folders for path in folder.rglob("*") if path.is_file()]


@pytest.fixture
def surroundings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Every folder in which a program leaves things without being told to."""
    folders = {name: tmp_path / name for name in ("temporary", "home", "cache", "here")}
    for folder in folders.values():
        folder.mkdir()
    for variable in ("TMPDIR", "TEMP", "TMP"):
        monkeypatch.setenv(variable, str(folders["temporary"]))
    monkeypatch.setattr("tempfile.tempdir", None)
    monkeypatch.setenv("HOME", str(folders["home"]))
    monkeypatch.setenv("XDG_CACHE_HOME", str(folders["cache"]))
    monkeypatch.chdir(folders["here"])
    return list(folders.values())


def test_no_name_is_in_any_byte_of_archive_mirror_journals_and_other_folders(
    site: Any,
    named_video: Path,
    signals_file: Path,
    surroundings: list[Path],
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    caplog.set_level("DEBUG")
    event_id = site.bring_in(named_video, signals=signals_file)
    broken = named_video.with_name("Quellmarker.mp4")
    broken.write_bytes(b"no video")
    with pytest.raises(DecodeError):
        site.bring_in(broken)
    with site.opened("rita") as archive:
        assert len(archive.search_names("zephyrina")) == 1
        # while the journal is there, too
        found = _files_below(site.path, site.mirror, *surroundings)
        assert any(path.name.endswith("-wal") for path in found)
        names = archive.event(event_id).names()
        assert "Zephyrina" not in repr(names) + repr(archive.event(event_id))
        _refuse_markers(found)
    _refuse_markers(_files_below(site.path, site.mirror, *surroundings))
    said = capfd.readouterr()
    logged = (caplog.text + said.out + said.err).encode()
    assert not any(marker in logged for marker in MARKERS)


def test_no_name_is_in_a_recording_that_was_cut_off_nor_after_its_deletion(
    site: Any, fragmented: bytes, names: EventNames, surroundings: list[Path]
) -> None:
    request = RecordingRequest(procedure_code="lap-chole", names=names)
    with site.opened("olga") as archive, record_event(archive, request) as recording:
        recording.sink.write(fragmented)
        recording.sink.sync()
        _refuse_markers(_files_below(site.path, site.mirror, *surroundings))
    with site.opened("rita") as archive:
        assert archive.event(recording.event_id).names() == names
        finalise_event(archive, recording.event_id)
        _refuse_markers(_files_below(site.path, site.mirror, *surroundings))
    with site.opened("adam") as archive:
        delete_event(archive, recording.event_id, "test_recording")
        _refuse_markers(_files_below(site.path, site.mirror, *surroundings))


def test_no_name_is_in_what_is_taken_out_without_names(
    site: Any,
    event_id: str,
    named_video: Path,
    make_copy: Callable[[Path], Path],
    surroundings: list[Path],
    tmp_path: Path,
) -> None:
    out = tmp_path / "out"
    with site.opened("rita") as archive:
        add_copy(archive, event_id, make_copy(named_video))
        archive.event(event_id).video("deidentified").close()
        sign_off(archive, event_id)
    with site.opened("rosa") as archive:
        event = archive.event(event_id)
        export_event(archive, event.event_id, out)
        write_report(
            archive, event.event_id, ReportSettings(is_deidentified=True), out / "report.pdf"
        )
    with site.opened("adam") as archive:
        copy_sealed(archive, event_id, out)
        export_audit(archive, out / "audit.jsonl")
    taken = _files_below(out, *surroundings)
    assert {path.suffix for path in taken} >= {".mp4", ".parquet", ".json", ".jsonl", ".pdf"}
    _refuse_markers(taken)
    text = "".join(page.extract_text() for page in PdfReader(out / "report.pdf").pages)
    assert event_id in text
    assert not any(marker.decode() in text for marker in MARKERS)


def _refuse_markers(paths: list[Path]) -> None:
    for path in paths:
        try:
            content = path.read_bytes()
        except FileNotFoundError:
            # a copy of the catalog, or an anchor, that was being made has its own name now
            assert path.name.endswith((".partial", ".partial-journal"))
            continue
        for marker in MARKERS:
            assert marker not in content, path
            assert marker.decode().encode("utf-16-le") not in content, path
            assert json.dumps(marker.decode()).strip('"').encode() not in content, path


def test_names_are_found_by_those_whose_key_opens_them(site: Any, event_id: str) -> None:
    with site.opened("rita") as archive:
        for text in ("zephyrina angstrom", "ÅNGSTRÖM", "quellmarker", "5550", "nandu", "video.mp4"):
            [(event, names)] = archive.search_names(text)
            assert event.event_id == event_id
            assert names.patient_name == "Zephyrina Ångström-Qux"
        assert archive.search_names("nobody") == []
    for user in ("olga", "rosa", "egon", "adam"):
        with site.opened(user) as archive, pytest.raises(NotAllowed):
            archive.search_names("zephyrina")


def test_a_researcher_cannot_open_an_original_even_past_the_profiles(
    site: Any, event_id: str
) -> None:
    with site.opened("rosa") as archive:
        event = archive.event(event_id)
        with pytest.raises(NotAllowed):
            event.video()
        with pytest.raises(NoKeyMatches):
            archive._session.open_sealed(archive._session.stored(event.file("original")))
        assert find_names(archive._session, event_id) is None


def test_a_wrong_password_and_an_unknown_user_are_told_alike_logged_and_slowed(
    site: Any,
) -> None:
    sentences = set()
    for user in ("rita", "nobody", "Not a login!"):
        with pytest.raises(NoKeyMatches) as caught:
            open_archive(site.path, Credentials(user, Password("wrong horse")))
        sentences.add(str(caught.value))
    assert len(sentences) == 1
    slow = DelaySettings(free_attempts=1, first_delay_seconds=60)
    with pytest.raises(SignInDelayed):
        open_archive(site.path, Credentials("rita", Password(PASSWORD)), delays=slow)
    with site.opened("adam") as archive:
        rows = [row for row in archive._session.catalog.audit.rows() if row.outcome == "refused"]
    assert [row.who for row in rows] == ["rita", "unknown-user", "unknown-user", "rita"]
    assert b"wrong horse" not in (site.path / "sign-in-attempts.json").read_bytes()


def test_a_disabled_user_is_refused(site: Any) -> None:
    with site.opened("adam") as archive:
        disable_user(archive, "rita")
    with pytest.raises(NotAllowed, match="disabled"), site.opened("rita"):
        pass


def test_the_beginning_of_an_id_names_an_event(site: Any, event_id: str) -> None:
    with site.opened("rita") as archive:
        assert archive.event(event_id[:6]).event_id == event_id
        with pytest.raises(CatalogError, match="no event"):
            archive.event("zzzz")


def test_every_operation_finds_an_event_by_the_beginning_of_its_id(
    site: Any, event_id: str, tmp_path: Path
) -> None:
    with site.opened("rita") as archive:
        by = archive._session.identity.actor.user_id
        with archive._session.audited(Action.MARK), archive._session.catalog.transaction():
            for other in ("zz01", "zz02", "zz"):
                archive._session.catalog.events.begin(
                    site_code="or-1",
                    procedure_code="demo",
                    started_utc=site.clock(),
                    by=by,
                    event_id=other,
                )
        result = export_event(archive, event_id[:6], tmp_path, ["original"])
        assert result.manifest.name == f"{event_id}.manifest.json"
        assert mark_event(archive, event_id[:6], "incision", start_seconds=0.1).event_id == event_id
        assert mark_event(archive, "zz", "incision", start_seconds=0.1).event_id == "zz"
        operations: list[Callable[[str], object]] = [
            archive.event,
            lambda event: archive.reader_ids(event, "original"),
            lambda event: mark_event(archive, event, "incision", start_seconds=0.1),
            lambda event: sign_off(archive, event),
            lambda event: write_report(archive, event, ReportSettings(), tmp_path / "r.pdf"),
        ]
        for operation in operations:
            with pytest.raises(SettingsError, match="2 events begin with zz0; give more"):
                operation("zz0")
            with pytest.raises(NotInCatalog, match="there is no event 0000 in the catalog"):
                operation("0000")
        asked = [row for row in archive._session.catalog.audit.rows() if row.event_id == "0000"]
        assert {(row.action, row.outcome) for row in asked} >= {
            ("mark", "failed"),
            ("sign_off", "failed"),
        }


def test_reading_goes_on_from_the_mirror_where_the_archive_s_copy_is_damaged(
    site: Any, event_id: str
) -> None:
    with site.opened("rita") as archive:
        with archive.event(event_id).video() as file:
            expected = hashlib.sha256(file.read()).digest()
        (site.path / "events" / event_id / "original.1.sealed").unlink()
        with archive.event(event_id).video() as file:
            assert hashlib.sha256(file.read()).digest() == expected


def test_without_its_mirror_the_archive_records_and_never_writes_to_the_empty_place(
    site: Any, named_video: Path
) -> None:
    shutil.move(site.mirror, site.mirror.with_name("unplugged"))
    site.mirror.mkdir()
    event_id = site.bring_in(named_video)
    assert not any(site.mirror.iterdir())
    with site.opened("adam") as archive:
        assert any("mirror" in fault for fault in archive_status(archive).faults)
        with pytest.raises(ArchiveError, match="the keys there would survive"):
            delete_event(archive, event_id, "test_recording")


def test_a_mirror_of_another_archive_is_not_taken(site: Any, tmp_path: Path) -> None:
    create_archive(
        tmp_path / "other", site_code="x", administrator="adam", password=Password(PASSWORD)
    )
    shutil.rmtree(site.mirror)
    shutil.move(tmp_path / "other", site.mirror)
    with site.opened("adam") as archive:
        assert archive.folders.roots() == [site.path]
        assert "another archive" in (archive.folders.mirror_fault() or "")


def test_an_archive_of_a_newer_version_is_left_alone(site: Any) -> None:
    path = site.path / "archive.json"
    content = json.loads(path.read_text()) | {"format": 3, "shape": "new"}
    path.write_text(json.dumps(content))
    with pytest.raises(SchemaTooNew, match="install the newer program"), site.opened("rita"):
        pass


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"format": "x"}', '{"format": 1}'])
def test_a_damaged_description_is_told(site: Any, content: str) -> None:
    (site.path / "archive.json").write_text(content)
    with pytest.raises(ArchiveError, match="is damaged"), site.opened("rita"):
        pass


def test_a_damaged_catalog_is_told_and_nothing_is_done(site: Any, event_id: str) -> None:
    for root in (site.path, site.mirror):
        path = root / "catalog.db"
        content = bytearray(path.read_bytes())
        content[: 1 << 12] = bytes(1 << 12)
        path.write_bytes(content)
    with pytest.raises(CatalogDamaged, match="from a backup"), site.opened("rita"):
        pass


def test_a_clock_that_was_set_back_is_told_and_stops_deletion_by_age(
    site: Any, event_id: str
) -> None:
    site.clock.shift = timedelta(days=-30)
    with site.opened("adam") as archive:
        assert any("clock" in fault for fault in archive_status(archive).faults)
        with pytest.raises(CatalogError, match="set the clock first"):
            delete_event(archive, event_id, "retention")
        report = verify_audit(archive)
    assert report.is_sound
    assert any("set back" in remark for remark in report.remarks)


def test_a_read_only_archive_is_told_in_one_sentence(
    site: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> int:
        raise PermissionError(30, "Read-only file system")

    monkeypatch.setattr("recorder_core.archive.secrets.attempts.os.open", refuse)
    with pytest.raises(ArchiveError, match="Read-only file system"), site.opened("rita"):
        pass


def test_a_log_whose_end_was_cut_refuses_everybody_and_can_still_be_checked(
    site: Any, event_id: str
) -> None:
    early = site.path.with_name("early.db")
    with Catalog(site.path / "catalog.db") as catalog:
        copy_catalog(catalog.path, early)
    with site.opened("rita"):
        pass
    for root in (site.path, site.mirror):
        shutil.copy(early, root / "catalog.db")
    with pytest.raises(AuditError, match="rows are missing") as caught, site.opened("adam"):
        pass
    report = verify_audit_at(site.path, caught.value)
    assert {finding.kind for finding in report.findings} == {"refused", "truncated"}


def test_a_head_that_was_written_down_is_compared(site: Any) -> None:
    with site.opened("adam") as archive:
        head = archive._session.catalog.audit.head()
        assert verify_audit(archive, [head]).is_sound
        assert not verify_audit(archive, [AuditHead(head.seq, "0" * 64)]).is_sound


_BOTH = """
import sys
from pathlib import Path
from recorder_core.archive import Password
from recorder_core.jobs.archive import *
path, content, password = Path(sys.argv[2]), Path(sys.argv[3]), Password(sys.argv[4])
def record(archive):
    for _ in range(2):
        with record_event(archive, RecordingRequest(procedure_code="recorder")) as recording:
            data = content.read_bytes()
            for place in range(0, len(data), 100_000):
                recording.sink.write(data[place : place + 100_000])
                recording.sink.sync()
            event = recording.finish(3.0)
        mark_event(archive, event.event_id, "incision", start_seconds=1.0)
def serve(archive):
    for _ in range(2):
        request = ImportRequest(source=content, procedure_code="server")
        event = import_video(archive, request).event
        mark_event(archive, event.event_id, "clip", start_seconds=1.0)
        with event.video() as file:
            file.read()
        [other.incomplete() for other in archive.events()]
        grant(archive, event.event_id, "rita")
user, work = {"recorder": ("olga", record), "server": ("rita", serve)}[sys.argv[1]]
with open_archive(path, Credentials(user, password)) as archive:
    print("ready", flush=True)
    sys.stdin.readline()
    work(archive)
"""


def test_recorder_and_server_write_into_one_archive_at_once(
    site: Any, fragmented: bytes, tmp_path: Path
) -> None:
    content = tmp_path / "content.mp4"
    content.write_bytes(fragmented)
    workers = [
        subprocess.Popen(
            [sys.executable, "-c", _BOTH, name, site.path, content, PASSWORD],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for name in ("recorder", "server")
    ]
    for worker in workers:  # both have the archive open before either writes
        assert worker.stdout is not None
        assert worker.stdout.readline() == "ready\n"
    for worker in workers:
        worker.communicate("go\n")
    assert [worker.returncode for worker in workers] == [0, 0]
    with site.opened("rita") as archive:
        for code, kind in (("recorder", "incision"), ("server", "clip")):
            events = archive.events(procedure_code=code)
            assert len(events) == 2
            for event in events:
                assert event.row.state is EventState.RECORDED
                assert event.markers()["kind"].tolist() == [kind]
                with event.video() as file:
                    assert file.read(12)[4:8] == b"ftyp"
    with site.opened("adam") as archive:
        report = verify_audit(archive)
        assert report.is_sound
        assert not [remark for remark in report.remarks if "no outcome" in remark]
        assert {row.who for row in archive._session.catalog.audit.rows()} >= {"olga", "rita"}
        assert check_copies(archive, read_all=True).findings == ()


_GRANTER = """
import sys
from pathlib import Path
from recorder_core.archive import Password
from recorder_core.jobs.archive import Credentials, grant, open_archive, revoke
with open_archive(Path(sys.argv[1]), Credentials("rita", Password(sys.argv[4]))) as archive:
    for turn in range(5):
        (revoke if turn % 2 else grant)(archive, sys.argv[2], sys.argv[3], ["identity"])
"""


def test_no_grant_of_one_process_undoes_one_of_another(site: Any, event_id: str) -> None:
    with site.opened("adam") as archive:
        for name in ("ruth", "rolf"):
            add_user(archive, name, Profile.REVIEWER, Password(PASSWORD))
    command = [sys.executable, "-c", _GRANTER, site.path, event_id]
    workers = [subprocess.Popen([*command, name, PASSWORD]) for name in ("ruth", "rolf")]
    assert [worker.wait() for worker in workers] == [0, 0]
    for name in ("ruth", "rolf"):
        with site.opened(name) as archive:
            assert archive.event(event_id).names().place == "Xanthos Hospital"


def test_an_archive_begins_in_an_empty_folder(tmp_path: Path) -> None:
    (tmp_path / "used").mkdir()
    (tmp_path / "used" / "something").touch()
    with pytest.raises(ArchiveError, match="not empty"):
        create_archive(
            tmp_path / "used", site_code="x", administrator="adam", password=Password(PASSWORD)
        )
    with pytest.raises(ArchiveError, match="not empty"):
        create_archive(
            tmp_path / "new",
            site_code="x",
            administrator="adam",
            password=Password(PASSWORD),
            mirror=tmp_path / "used",
        )
    with pytest.raises(SettingsError, match="at least 8 characters"):
        create_archive(
            tmp_path / "new", site_code="x", administrator="adam", password=Password("short")
        )
    assert not (tmp_path / "new").exists()


def test_every_profile_is_asked_for_an_import(site: Any, named_video: Path) -> None:
    allowed = {"olga": True, "rita": True, "rosa": False, "egon": False, "adam": False}
    request = ImportRequest(source=named_video, procedure_code="demo")
    for user, may in allowed.items():
        with site.opened(user) as archive:
            if may:
                assert import_video(archive, request).frame_count == 60
            else:
                with pytest.raises(NotAllowed):
                    import_video(archive, request)
            assert archive._session.identity.actor.profile in Profile


def test_an_administrator_goes_on_after_a_restored_catalog(site: Any, event_id: str) -> None:
    early = site.path.with_name("early.db")
    with Catalog(site.path / "catalog.db") as catalog:
        copy_catalog(catalog.path, early)
    with site.opened("rita"):
        pass
    for root in (site.path, site.mirror):
        shutil.copy(early, root / "catalog.db")
    password = Password(PASSWORD)
    with pytest.raises(NotAllowed):
        accept_audit_break(site.path, Credentials("rita", password))
    with pytest.raises(NoKeyMatches):
        accept_audit_break(site.path, Credentials("adam", Password("wrong horse")))
    assert accept_audit_break(site.path, Credentials("adam", password)).who == "adam"
    with site.opened("adam") as archive:
        assert verify_audit(archive).is_sound


def test_a_folder_whose_path_is_no_text_is_refused(tmp_path: Path, site: Any) -> None:
    folder = tmp_path / "mirror\udcff"
    with site.opened("adam") as archive, pytest.raises(SettingsError, match="not UTF-8 text"):
        archive.folders.with_mirror(folder)
    with pytest.raises(SettingsError, match="not UTF-8 text"):
        create_archive(
            tmp_path / "new",
            site_code="x",
            administrator="adam",
            password=Password(PASSWORD),
            mirror=folder,
        )
    assert not (tmp_path / "new").exists()
    assert not folder.exists()
