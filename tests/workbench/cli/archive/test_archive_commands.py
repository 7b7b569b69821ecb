"""The commands of the archive, as a person types them."""

from __future__ import annotations

import argparse
import json
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from recorder_core.archive import Argon2Settings, Password
from recorder_core.archive.disk.durable import write_all
from recorder_core.catalog import Action, Profile
from recorder_core.catalog.database.connection import Database
from recorder_core.jobs.archive import (
    Credentials,
    EventRecording,
    RecordingRequest,
    create_archive,
    open_archive,
    record_event,
)
from recorder_core.jobs.archive.care import status as archive_care
from recorder_core.jobs.deidentify.sidecars import sidecar
from recorder_core.tables import SignalRow
from workbench.cli import main
from workbench.cli.main import build_parser

NAMES = {
    "patient_name": "Zephyrina Ångström",
    "medical_record": "MRN-5550123",
    "physician_names": ["Dr Quellmarker"],
    "place": "Xanthos Hospital",
}
Run = Callable[..., tuple[int, str, str]]
Record = Callable[[], AbstractContextManager[EventRecording]]


@pytest.fixture(autouse=True)
def _quick_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    little = Argon2Settings(memory_kib=64, iterations=1, lanes=1)
    usual = create_archive.__kwdefaults__
    monkeypatch.setattr(create_archive, "__kwdefaults__", usual | {"password_cost": little})


@pytest.fixture
def run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Run]:
    """Run a command as one of the archive's users; return status, output and errors."""
    monkeypatch.setenv("WORKBENCH_ARCHIVE", str(tmp_path / "archive"))
    monkeypatch.delenv("WORKBENCH_USER", raising=False)
    for user in ("admin", "rita", "rosa"):
        (tmp_path / f"{user}.pw").write_text(f"password of {user}\n")
        (tmp_path / f"{user}.pw").chmod(0o600)

    def call(*words: object, user: str | None = None) -> tuple[int, str, str]:
        who = ["--user", user, "--password-file", tmp_path / f"{user}.pw"] if user else []
        status = main([str(word) for word in (*words, *who)])
        shown = capsys.readouterr()
        return status, shown.out, shown.err

    return call


@pytest.fixture
def archive(run: Run, tmp_path: Path) -> Path:
    """An archive with an administrator, a reviewer and a researcher."""
    folder = tmp_path / "archive"
    status, out, _ = run(
        *("archive", "init", folder, "--mirror", tmp_path / "mirror"),
        *("--password-file", tmp_path / "admin.pw"),
    )
    assert status == 0
    assert "administrator: admin" in out
    for user, profile in (("rita", "reviewer"), ("rosa", "researcher")):
        new = ("--new-password-file", tmp_path / f"{user}.pw")
        assert run("user", "add", user, profile, *new, user="admin")[0] == 0
    return folder


@pytest.fixture
def event(run: Run, archive: Path, tmp_path: Path, drawn_source: Path) -> str:
    """An event with names, imported by the reviewer."""
    video = tmp_path / "Zephyrina.mp4"
    shutil.copyfile(drawn_source, video)
    names = tmp_path / "names.json"
    names.write_text(json.dumps(NAMES))
    words = ("event", "import", video, "--procedure", "lap-chole", "--names-file", names)
    status, out, _ = run(*words, "--json", "--quiet", user="rita")
    assert status == 0
    return str(json.loads(out)[0]["event"])


def test_an_event_is_de_identified_within_the_archive(run: Run, event: str, tmp_path: Path) -> None:
    work = tmp_path / "work"
    work.mkdir()
    words = ("event", "deidentify", event[:6], "--work", work, "--scale", "384", "--stop", "1")
    status, out, _ = run(*words, "--preset", "superfast", "--json", user="rita")
    assert (status, json.loads(out)) == (0, {"event": event, "state": "de-identified"})
    assert list(work.iterdir()) == []
    # a view without faces: what was made is kept, and how to go on is said
    status, _, err = run(*words, "--view", "0,0,32,32", "--quiet", user="rita")
    assert status == 1
    assert f"workbench-{event} keeps redacted parts in clear, which may still show faces" in err
    assert "--resume" in err
    assert run(*words, user="rosa")[0] == 1


def test_the_room_view_of_an_event_is_imported_shown_and_set(
    run: Run, archive: Path, tmp_path: Path, drawn_source: Path
) -> None:
    words = ("event", "import", drawn_source, "--quiet", "--json")
    status, out, err = run(*words, "--view", "0,0,999,90", user="rita")
    assert (status, out) == (1, "")
    assert "view 0,0,999,90 does not lie inside the frame of 384x192" in err
    out = run(*words, "--view", "quad-top-left", user="rita")[1]
    event = json.loads(out)[0]["event"]
    shown = "room view  0,0,192,96"
    assert shown in " ".join(run("event", "show", event, user="rita")[1].split("\n"))
    assert run("event", "view", event, "--set", "0,0,384,180", user="rosa")[0] == 1
    said = f"event {event}: its room view is 0,0,384,180\n"
    assert run("event", "view", event, "--set", "0,0,384,180", user="rita")[:2] == (0, said)
    assert run("event", "view", event, user="rosa")[:2] == (0, said)
    out = run("event", "show", event, "--json", user="rita")[1]
    assert json.loads(out)["room_view"] == "0,0,384,180"


def test_a_corrected_copy_is_rendered_again_and_what_happened_is_said(
    run: Run, event: str, tmp_path: Path
) -> None:
    work = ("--work", tmp_path, "--json", "--quiet")
    words = ("--scale", "384", "--stop", "1", "--preset", "superfast")
    assert run("event", "deidentify", event, *work, *words, user="rita")[0] == 0
    box = ("--frames", 2, 5, "--box", "300,10,40,40")
    status, _, err = run("event", "correct", event, "--action", "add", *box, user="rosa")
    assert status == 1
    assert "may not" in err
    assert run("event", "correct", event, "--action", "add", *box, user="rita")[0] == 0
    out = run("event", "corrections", event, "--json", user="rita")[1]
    assert [each["state"] for each in json.loads(out)] == ["not rendered"]
    for is_rendered in (True, False):
        status, out, _ = run("event", "rerender", event, *work, user="rita")
        assert (status, json.loads(out)["rendered"]) == (0, is_rendered)
        out = run("event", "corrections", event, "--json", user="rita")[1]
        assert [each["state"] for each in json.loads(out)] == ["in the copy"]
    assert run("event", "correct", event, "--undo", "1", user="rita")[0] == 0
    status, out, _ = run("event", "rerender", event, *work, user="rita")
    assert (status, json.loads(out)["rendered"]) == (0, True)
    assert not list(tmp_path.glob("workbench-*"))


def test_moments_of_a_copy_are_listed_for_a_reviewer(run: Run, event: str, tmp_path: Path) -> None:
    words = ("--scale", "384", "--stop", "1", "--preset", "superfast", "--quiet")
    status, _, err = run("event", "moments", event, "--tables-only", user="rita")
    assert (status, "has no de-identified copy" in err) == (1, True)
    assert run("event", "deidentify", event, "--work", tmp_path, *words, user="rita")[0] == 0
    status, out, _ = run("event", "moments", event, "--json", "--quiet", user="rita")
    moments = json.loads(out)
    assert (status, moments[-1]["first_frame"], moments[-1]["stop_frame"]) == (0, 0, 20)
    assert moments[-1]["sentence"].startswith("Random spot check")
    status, out, _ = run("event", "moments", event, "--csv", "--quiet", user="rita")
    lines = out.splitlines()
    assert lines[0].startswith("start_seconds,stop_seconds,first_frame,stop_frame,x0,")
    assert len(lines) == 1 + len(moments)
    status, out, _ = run("event", "moments", event, "--tables-only", user="rita")
    assert "1 of them spot checks: about" in out
    assert out.strip().endswith(" to look at them")
    assert run("event", "moments", event, user="rosa")[0] == 1


def test_init_shows_the_recovery_words_once_and_stores_them_nowhere(
    run: Run, tmp_path: Path
) -> None:
    _, out, _ = run(
        "archive", "init", tmp_path / "archive", "--password-file", tmp_path / "rita.pw"
    )
    lines = out.split("The recovery key, shown this once:")[1].strip().splitlines()[:2]
    words = " ".join(lines).split()
    assert len(words) == 12
    assert "nobody can" in " ".join(out.split())
    for path in (tmp_path / "archive").rglob("*"):
        assert not path.is_file() or words[0].encode() not in path.read_bytes()


@pytest.mark.parametrize("place", ["archive/words.svg", "mirror/words.svg"])
def test_init_writes_no_words_beside_what_they_open(run: Run, tmp_path: Path, place: str) -> None:
    command = ["archive", "init", tmp_path / "archive", "--mirror", tmp_path / "mirror"]
    password = ["--password-file", tmp_path / "rita.pw"]
    status, _, err = run(*command, *password, "--recovery-svg", tmp_path / place)
    assert status == 1
    assert "where the words would be beside what they open" in err
    assert not (tmp_path / "archive").exists()


def test_a_list_asks_as_often_for_many_events_as_for_one(
    run: Run, event: str, archive: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    read = Database.read

    def counted(self: Database, sql: str, *parameters: object) -> list[sqlite3.Row]:
        asked.append(sql)
        return read(self, sql, *parameters)

    monkeypatch.setattr(Database, "read", counted)
    assert len(json.loads(run("event", "list", "--json", user="rita")[1])) == 1
    for_one = len(asked)
    with open_archive(archive, Credentials("admin", Password("password of admin"))) as opened:
        add, moment = opened._session.catalog.events.add_recorded, datetime(2026, 5, 4, tzinfo=UTC)
        codes = {"site_code": "site1", "procedure_code": "demo", "by": "admin"}
        listed = opened._session.audited(Action.LIST_EVENTS)
        with listed, opened._session.catalog.transaction():
            for place in range(40):
                add(f"made{place}", started_utc=moment, duration_seconds=1.0, **codes)
    asked.clear()
    assert len(json.loads(run("event", "list", "--json", user="rita")[1])) == 41
    assert len(asked) == for_one


def test_a_list_imports_no_library_of_videos_arrays_or_tables(event: str, tmp_path: Path) -> None:
    code = (
        "import sys\nfrom workbench.cli import main\nstatus = main(sys.argv[1:])\n"
        "heavy = {'av', 'numpy', 'pandas', 'PIL', 'pyarrow', 'reportlab', 'torch', 'openvino'}\n"
        "print('imported:', *sorted(heavy & set(sys.modules)))\nsys.exit(status)\n"
    )
    words = ["event", "list", "--user", "rita", "--password-file", str(tmp_path / "rita.pw")]
    done = subprocess.run(
        [sys.executable, "-c", code, *words], capture_output=True, text=True, check=True
    )
    assert event in done.stdout
    assert done.stdout.splitlines()[-1] == "imported:"


def test_who_opens_or_releases_a_copy_is_told_what_its_report_warns_of(
    run: Run, event: str, tmp_path: Path, finished: Path
) -> None:
    copy = Path(shutil.copytree(finished.parent, tmp_path / "made")) / finished.name
    report = json.loads(sidecar(copy, "report").read_text())
    report["lowered_safety"] = ["redactions reach 0% as far beyond a face as usual"]
    report["doubtful_tracks"] = []
    report["lifted_faces"] = [
        {"track": 0, "start_seconds": 0.0, "stop_seconds": 3.0, "best_score": 0.999}
    ]
    sidecar(copy, "report").write_text(json.dumps(report))
    lines = [
        "LOWERED SAFETY: redactions reach 0% as far beyond a face as usual",
        "VISIBLE: track 0, lifted by a correction from 0:00.0 to 0:03.0, looks like a face "
        "(0.999): look there",
    ]
    said = [f"workbench: the copy of event {event}: {line}" for line in lines]
    for words in (
        ("event", "add-copy", event, copy, "--quiet"),
        ("event", "open-copy", event, "-o", tmp_path / "review", "--quiet"),
        ("event", "sign-off", event, "--json"),
        ("event", "export", event, "-o", tmp_path / "usb", "--quiet"),
    ):
        status, _, err = run(*words, user="rita")
        assert (status, err.splitlines()) == (0, said)
    for user in ("rita", "rosa"):
        shown = run("event", "show", event, user=user)[1]
        assert [line in shown for line in lines] == [True, True]
    content = json.loads(run("event", "show", event, "--json", user="rita")[1])
    assert content["copy_warnings"] == lines
    # whose key does not open the report reads nothing of it, and is refused nothing
    content = json.loads(run("event", "show", event, "--json", user="admin")[1])
    assert content["copy_warnings"] is None


def _refused_once_and_replaced(run: Run, words: tuple[object, ...], file: Path, user: str) -> None:
    """Check that a command leaves a file that is there, and replaces it only when told."""
    file.write_bytes(b"of somebody")
    status, _, err = run(*words, user=user)
    assert (status, "--overwrite" in err, file.name in err) == (1, True, True)
    assert file.read_bytes() == b"of somebody"
    assert run(*words, "--overwrite", user=user)[0] == 0
    assert file.read_bytes() != b"of somebody"


def test_two_reviewers_release_a_copy_where_the_archive_asks_for_two(
    run: Run, event: str, tmp_path: Path, finished: Path
) -> None:
    assert run("archive", "reviewers", "2", user="rita")[0] == 1
    status, out, _ = run("archive", "reviewers", "2", user="admin")
    assert (status, "two different reviewers" in out) == (0, True)
    assert "reviewers for a release  2" in run("archive", "status", user="admin")[1]
    assert run("event", "add-copy", event, finished, "--quiet", user="rita")[0] == 0
    assert run("event", "open-copy", event, "-o", tmp_path / "seen", user="rita")[0] == 0
    status, out, _ = run("event", "sign-off", event, user="rita")
    said = f"event {event} is signed off by you; a second reviewer releases it\n"
    assert (status, out) == (0, said)
    assert run("event", "export", event, "-o", tmp_path / "usb", user="rosa")[0] == 1
    status, _, err = run("event", "sign-off", event, user="rita")
    assert (status, "a second reviewer signs it off" in err) == (1, True)
    assert "one reviewer" in run("archive", "reviewers", "1", user="admin")[1]
    assert "is released" in run("event", "sign-off", event, user="rita")[1]
    assert run("event", "export", event, "-o", tmp_path / "usb", user="rosa")[0] == 0


def test_the_way_of_an_event(
    run: Run, event: str, tmp_path: Path, drawn_source: Path, finished: Path
) -> None:
    _, out, _ = run("event", "list", user="rita")
    assert event in out
    assert "Zephyrina" not in out
    _, out, _ = run("event", "list", "--name", "angstrom", user="rita")
    assert "Zephyrina Ångström" in out
    _, out, _ = run("event", "show", event[:8], "--names", user="rita")
    assert "MRN-5550123" in out
    assert "rita" in out

    status, out, _ = run("event", "add-copy", event, finished, "--quiet", user="rita")
    assert status == 0
    status, _, err = run("event", "export", event, "-o", tmp_path / "usb", user="rosa")
    assert (status, "not released" in err or "nothing released" in err) == (1, True)
    status, _, err = run("event", "sign-off", event, user="rita")
    assert (status, f"workbench event open-copy {event}" in err) == (1, True)
    assert run("event", "open-copy", event, "-o", tmp_path / "review", user="rosa")[0] == 1
    status, out, _ = run("event", "open-copy", event, "-o", tmp_path / "review", user="rita")
    assert (status, f"{event}.for-review.mp4" in out) == (0, True)
    shown = tmp_path / "review" / f"{event}.for-review.mp4"
    assert shown.read_bytes() == finished.read_bytes()
    words = ("event", "open-copy", event, "-o", tmp_path / "review", "--quiet")
    _refused_once_and_replaced(run, words, shown, "rita")
    assert run("event", "sign-off", event, user="rita")[0] == 0
    status, out, _ = run(
        "event", "export", event, "-o", tmp_path / "usb", "--quiet", "--json", user="rosa"
    )
    assert status == 0
    assert (tmp_path / "usb" / f"{event}.deidentified.mp4").read_bytes() == finished.read_bytes()
    status, _, err = run(
        "event", "export", event, "-o", tmp_path / "usb", "--role", "original", user="rosa"
    )
    assert status == 1
    assert "may not export original" in err
    words = ("event", "export", event, "-o", tmp_path / "usb", "--quiet")
    exported = tmp_path / "usb" / f"{event}.deidentified.mp4"
    _refused_once_and_replaced(run, words, exported, "rosa")

    assert run("report", event, "-o", tmp_path / "full.pdf", user="rita")[0] == 0
    _refused_once_and_replaced(
        run, ("report", event, "-o", tmp_path / "full.pdf"), tmp_path / "full.pdf", "rita"
    )
    words = ("report", event, "-o", tmp_path / "own.ttf", "--font", tmp_path / "own.ttf")
    (tmp_path / "own.ttf").write_bytes(b"a font")
    assert "own.ttf is an input" in run(*words, "--overwrite", user="rita")[2]
    assert (tmp_path / "own.ttf").read_bytes() == b"a font"
    words = ("report", event, "-o", tmp_path / "deid.pdf", "--deidentified", "--language", "es")
    assert run(*words, user="rosa")[0] == 0
    assert run("report", event, "-o", tmp_path / "no.pdf", user="rosa")[0] == 1
    assert run("event", "reopen", event, user="rita")[0] == 0

    words = ("event", "delete", event, "--reason", "test_recording")
    assert "give --yes" in run(*words, user="admin")[2]
    assert run(*words, "--yes", user="admin")[0] == 0
    status, _, err = run("event", "show", event, "--names", user="rita")
    assert (status, "nobody can open it" in err) == (1, True)
    status, out, _ = run("audit", "verify", user="admin")
    assert (status, "sound" in out) == (0, True)


def test_users_and_grants(run: Run, event: str, tmp_path: Path) -> None:
    (tmp_path / "ruth.pw").write_text("password of ruth\n")
    words = ("user", "add", "ruth", "reviewer", "--new-password-file", tmp_path / "ruth.pw")
    assert run(*words, user="admin")[0] == 0
    assert "may grant it" in run("event", "show", event, "--names", user="ruth")[2]
    assert run("grant", "ruth", "--all", user="rita")[0] == 0
    assert "Xanthos" in run("event", "show", event, "--names", user="ruth")[1]
    status, out, _ = run("grant", "ruth", event, "--revoke", user="admin")
    assert status == 0
    assert "cannot take back what was already seen" in " ".join(out.split())
    assert "original (1 key file)" in out
    (tmp_path / "new.pw").write_text("another password\n")
    words = ("user", "passwd", "--new-password-file", tmp_path / "new.pw")
    assert run(*words, user="rosa")[0] == 0
    status, _, err = run("event", "list", user="rosa")
    assert (status, err) == (1, "workbench: the user or the password is wrong\n")
    assert "1 keys" not in run("user", "profile", "rita", "researcher", user="admin")[1]
    assert run("user", "disable", "ruth", user="admin")[0] == 0
    assert "disabled" in run("event", "list", user="ruth")[2]
    rows = json.loads(run("user", "list", "--json", user="admin")[1])
    assert {row["login"]: row["state"] for row in rows}["ruth"] == "disabled"


@pytest.fixture
def words(run: Run, tmp_path: Path) -> Path:
    """Make the archive and keep its recovery words, as on paper."""
    init = ("archive", "init", tmp_path / "archive", "--mirror", tmp_path / "mirror")
    _, out, _ = run(*init, "--password-file", tmp_path / "admin.pw")
    lines = out.split("The recovery key, shown this once:")[1].strip().splitlines()[:2]
    paper = tmp_path / "paper.txt"
    paper.write_text(" ".join(lines))
    return paper


def test_a_forgotten_password(run: Run, words: Path, tmp_path: Path, drawn_source: Path) -> None:
    new = ("--new-password-file", tmp_path / "rita.pw")
    assert run("user", "add", "rita", "reviewer", *new, user="admin")[0] == 0
    _, out, _ = run("event", "import", drawn_source, "--json", "--quiet", user="rita")
    event = json.loads(out)[0]["event"]
    (tmp_path / "rita.pw").write_text("another password of rita\n")
    assert run("event", "show", event, user="rita")[0] == 1
    reset = ("user", "passwd", "rita", *new)
    status, _, err = run(*reset, user="admin")
    assert (status, "--recovery" in err and "--close-access" in err) == (1, True)
    status, out, _ = run(*reset, "--recovery-file", words, user="admin")
    assert status == 0
    assert f"{event} original" in out
    assert "patient" in run("event", "show", event, "--names", user="rita")[1]
    status, out, _ = run(*reset, "--close-access", user="admin")
    assert "Not open to rita any more" in out
    assert run("event", "show", event, "--names", user="rita")[0] == 1
    assert "name the LOGIN" in run("user", "passwd", "--close-access", user="rita")[2]
    # no new password was given: nobody was asked for one
    status, _, err = run("user", "passwd", "nobody", "--close-access", user="admin")
    assert (status, "there is no user nobody" in err) == (1, True)


def test_disabled_and_enabled(run: Run, archive: Path) -> None:
    _, out, _ = run("user", "disable", "rosa", user="admin")
    assert "workbench grant rosa --all --revoke" in " ".join(out.split())
    assert run("event", "list", user="rosa")[0] == 1
    assert "can sign in again" in run("user", "enable", "rosa", user="admin")[1]
    assert run("event", "list", user="rosa")[0] == 0


def test_the_cost_of_a_guess(run: Run, archive: Path) -> None:
    status, _, err = run("archive", "password-cost", "--memory-mib", 1, user="admin")
    assert (status, "at least 64 MiB" in err) == (1, True)
    status, out, _ = run("archive", "password-cost", "--passes", 4, "--lanes", 1, user="admin")
    assert (status, "64 MiB, 4 passes, 1 lane" in out) == (0, True)
    assert "64 MiB, 4 passes, 1 lane" in run("archive", "status", user="admin")[1]
    _, out, _ = run("audit", "show", user="admin")
    assert "rewrap_own_key" in out
    assert "from:64/1/1" in out
    assert " local " in out


def test_sealed_copies_and_what_they_repair(run: Run, event: str, tmp_path: Path) -> None:
    words = ("event", "copy", "-o", tmp_path / "usb")
    assert "name the events" in run(*words, user="admin")[2]
    status, out, _ = run(*words, "--all", "--quiet", "--json", user="admin")
    assert (status, len(json.loads(out))) == (0, 1)
    status, out, _ = run(*words, event[:8], user="admin")
    assert "recovery words of this archive" in " ".join(out.split())
    for root in ("archive", "mirror"):
        (tmp_path / root / "events" / event / "original.1.sealed").unlink()
    status, out, _ = run("mirror", "repair", user="admin")
    assert (status, "LOST" in out, "--from FOLDER" in out) == (1, True, True)
    status, out, _ = run("mirror", "repair", "--from", tmp_path / "usb", user="admin")
    assert (status, "repaired from" in out) == (0, True)
    assert run("event", "copy", event, "-o", tmp_path / "no", user="rosa")[0] == 1


def test_retention(run: Run, event: str, monkeypatch: pytest.MonkeyPatch) -> None:
    # however little space this machine has
    monkeypatch.setattr(archive_care, "LOW_SPACE_BYTES", 0)
    assert "no site has a rule" in run("retention", "show", user="admin")[1]
    status, out, _ = run("archive", "status", user="admin")
    assert (status, "workbench retention set site1" in out) == (1, True)
    rule = ("retention", "set", "site1", "--keep-days", 0, "--warn-days", 0)
    assert run(*rule, user="rita")[0] == 1
    assert run(*rule, user="admin")[0] == 0
    status, out, _ = run("archive", "status", user="admin")
    assert (status, "kept until someone deletes it" in out) == (1, True)
    assert "somebody is told" in run("retention", "show", user="admin")[1]
    assert "kept until someone deletes it" in run("retention", "due", user="admin")[1]
    assert "nothing was due" in run("retention", "apply", user="admin")[1]
    assert run(*rule, "--delete", user="admin")[0] == 0
    assert "give --yes" in run("retention", "apply", user="admin")[2]
    status, out, _ = run("retention", "apply", "--yes", user="admin")
    assert (status, event in out) == (0, True)
    assert "no event is due" in run("retention", "due", user="admin")[1]
    assert run("archive", "status", user="admin")[0] == 0


def test_steps_of_an_event(run: Run, event: str, finished: Path, tmp_path: Path) -> None:
    for step in ("review", "sign-off", "reopen", "discard-copy", "finalise"):
        status, _, err = run("event", step, event, user="rita")
        assert (status, f"event {event} is recorded" in err) == (1, True)
    assert run("event", "add-copy", event, finished, "--quiet", user="rita")[0] == 0
    assert "no de-identified copy" in run("event", "discard-copy", event, user="rita")[1]
    assert run("event", "add-copy", event, finished, "--quiet", user="rita")[0] == 0
    assert "in review" in run("event", "review", event, user="rita")[1]
    assert "cannot become archived" in run("event", "archive", event, user="admin")[2]
    assert run("event", "open-copy", event, "-o", tmp_path / "looked", user="rita")[0] == 0
    assert run("event", "sign-off", event, user="rita")[0] == 0
    assert "is archived" in run("event", "archive", event, user="admin")[1]
    assert "archived" in run("event", "list", user="rosa")[1]
    assert "is signed off" in run("event", "archive", event, "--undo", user="admin")[1]


@pytest.fixture
def record(run: Run, archive: Path, tmp_path: Path) -> Record:
    """Return what begins a recording of an operator; it is cut off where it is left."""
    new = ("--new-password-file", tmp_path / "rita.pw")
    assert run("user", "add", "olga", "operator", *new, user="admin")[0] == 0

    @contextmanager
    def begin() -> Iterator[EventRecording]:
        credentials = Credentials("olga", Password("password of rita"))
        request = RecordingRequest(procedure_code="lap-chole")
        with open_archive(archive, credentials) as opened, record_event(opened, request) as begun:
            yield begun

    return begin


def test_a_cut_off_recording(run: Run, record: Record, fragmented: bytes) -> None:
    with record() as begun:
        begun.sink.write(fragmented)
        assert "being recorded now" in run("event", "list", user="rita")[1]
    assert "incomplete, 3.0 seconds authentic" in run("event", "list", user="rita")[1]
    assert " incomplete " in run("event", "list", user="admin")[1]
    assert (
        "one of them: workbench event finalise"
        in run(*("event", "show", begun.event_id), user="admin")[1]
    )
    assert "--recovery" in run("event", "finalise", begun.event_id, user="admin")[2]
    status, out, _ = run("archive", "status", user="admin")
    assert (status, "was cut off" in out) == (1, True)
    _, out, _ = run("event", "show", begun.event_id, user="rita")
    assert "incomplete, 3.0 seconds authentic" in out
    status, out, _ = run("event", "finalise", begun.event_id, "--quiet", "--json", user="rita")
    assert (status, json.loads(out)["frames"]) == (0, 60)
    assert [file["role"] for file in json.loads(out)["files"]] == ["original"]
    assert "cut off after 3.0 seconds" in run("event", "show", begun.event_id, user="rita")[1]


def test_a_cut_off_recording_of_several_files(run: Run, record: Record, fragmented: bytes) -> None:
    with record() as begun:
        begun.sink.write(fragmented)
        begun.open_signals().append([SignalRow("bis", "", 2.0, 41.0)])
        begun.journal.mark("incision", start_seconds=1.5)
    shown = json.loads(run("event", "show", begun.event_id, "--json", user="rita")[1])
    assert shown["recording"] == "incomplete, 3.0 seconds authentic, with signals"
    status, out, _ = run("event", "finalise", begun.event_id, user="rita")
    assert status == 0
    assert out.splitlines() == [
        f"event {begun.event_id}: 60 frames, 3.0 seconds were saved",
        "original: 60 frames up to 3.0 s, cut off there",
        "signals: 1 value up to 2.0 s, cut off there",
        "journal of the recording: 1 line up to 1.5 s, cut off there",
    ]


def test_a_file_of_a_recording_that_is_damaged_on_every_disk_is_named(
    run: Run, record: Record, archive: Path, tmp_path: Path, fragmented: bytes
) -> None:
    with record() as begun:
        begun.sink.write(fragmented)
        room = begun.open_stream("room")
        for _ in range(3):
            room.sink.write(fragmented)
    for root in (archive, tmp_path / "mirror"):
        stream = root / "events" / begun.event_id / "room.1.sealed"
        content = stream.read_bytes()
        stream.write_bytes(content[:60] + bytes([content[60] ^ 1]) + content[61:])
    finalise = ("event", "finalise", begun.event_id)
    status, out, err = run(*finalise, user="rita")
    assert (status, out.splitlines()[:1]) == (
        1,
        [f"event {begun.event_id}: 60 frames, 3.0 seconds were saved"],
    )
    assert "room view: left as it was, because it is damaged" in out
    assert "damaged on every disk and left as it was: room; when a disk with a whole copy" in err
    status, out, err = run(*finalise, user="rita")
    assert (status != 0, out, "segment 0 is not authentic on any root" in err) == (True, "", True)


def test_mirror_and_status(run: Run, event: str, archive: Path, tmp_path: Path) -> None:
    assert "every copy is whole" in run("mirror", "verify", user="admin")[1]
    path = tmp_path / "mirror" / "events" / event / "original.1.sealed"
    content = bytearray(path.read_bytes())
    content[1000] ^= 1
    path.write_bytes(content)
    assert run("mirror", "verify", "--quiet", user="admin")[0] == 0
    status, out, _ = run("mirror", "scrub", user="admin")
    assert (status, "NOT every copy is whole" in out) == (1, True)
    status, out, _ = run("mirror", "repair", user="admin")
    assert (status, "repaired from" in out) == (0, True)
    assert run("mirror", "scrub", "--json", "--quiet", user="admin")[0] == 0
    shutil.rmtree(tmp_path / "mirror")
    status, out, err = run("archive", "status", user="admin")
    assert status == 1
    assert "plug it in" in out
    assert "plug it in" in err


def test_the_log_is_shown_checked_and_exported(run: Run, event: str, tmp_path: Path) -> None:
    _, out, _ = run("audit", "show", "--event", event, user="admin")
    assert "import_event" in out
    status, out, _ = run("audit", "export", "-o", tmp_path / "log.jsonl", user="admin")
    lines = (tmp_path / "log.jsonl").read_text().splitlines()
    assert (status, json.loads(lines[0])["action"]) == (0, "manage_users")
    words = ("audit", "export", "-o", tmp_path / "log.jsonl")
    status, _, err = run(*words, user="admin")
    assert (status, "log.jsonl exists; give --overwrite" in err) == (1, True)
    assert (tmp_path / "log.jsonl").read_text().splitlines() == lines
    assert run(*words, "--overwrite", user="admin")[0] == 0
    assert len((tmp_path / "log.jsonl").read_text().splitlines()) > len(lines)
    content = json.loads(run("audit", "verify", "--json", user="admin")[1])
    assert content["sound"]
    assert run("audit", "verify", "--head", content["head"], user="admin")[0] == 0
    printed = json.loads(run("audit", "head", "--json", user="admin")[1])["head"]
    assert int(printed.split(":")[0]) > int(content["head"].split(":")[0])
    assert run("audit", "verify", "--head", printed, user="admin")[0] == 0
    assert run("audit", "head", user="rita")[0] == 1
    false_head = "1:" + "0" * 64
    assert run("audit", "verify", "--head", false_head, user="admin")[0] == 1
    assert run("audit", "verify", user="rita")[0] == 1


def test_a_folder_of_videos_goes_on_after_one_that_fails(
    run: Run, archive: Path, tmp_path: Path, drawn_source: Path
) -> None:
    folder = tmp_path / "many"
    folder.mkdir()
    shutil.copyfile(drawn_source, folder / "a.mp4")
    (folder / "b.mp4").write_bytes(b"no video")
    shutil.copyfile(drawn_source, folder / "c.mp4")
    status, out, err = run("event", "import", folder, "--json", "--quiet", user="rita")
    assert (status, len(json.loads(out))) == (1, 2)
    assert err.startswith("workbench: b.mp4")


def test_a_command_without_archive_user_or_terminal_says_what_is_missing(
    run: Run, archive: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "--archive and --user" in run("event", "list")[2]
    assert "--password-file" in run("event", "list", "--user", "rita")[2]
    monkeypatch.setenv("WORKBENCH_ARCHIVE", str(archive / "nowhere"))
    assert "there is no archive" in run("event", "list", user="rita")[2]


def test_a_password_cannot_be_given_on_the_command_line() -> None:
    options = {
        option
        for command in _all_parsers(build_parser())
        for action in command._actions
        for option in action.option_strings
    }
    secret = {option for option in options if "password" in option or "recovery" in option}
    assert secret == {
        "--password-file",
        "--new-password-file",
        "--recovery",
        "--recovery-file",
        "--recovery-svg",
    }


def _all_parsers(parser: argparse.ArgumentParser) -> Iterator[argparse.ArgumentParser]:
    yield parser
    for action in parser._actions:
        choices = getattr(action, "choices", None)
        if isinstance(choices, dict):
            for child in choices.values():
                if isinstance(child, argparse.ArgumentParser):
                    yield from _all_parsers(child)


def test_recovery_words_are_renewed(
    run: Run, words: Path, tmp_path: Path, drawn_source: Path
) -> None:
    new_user = ("--new-password-file", tmp_path / "rita.pw")
    assert run("user", "add", "rita", "reviewer", *new_user, user="admin")[0] == 0
    assert run("event", "import", drawn_source, user="rita")[0] == 0
    svg = tmp_path / "new.svg"
    told = ("--recovery-file", words, "--quiet")
    svg.write_text("somebody's")
    status, _, err = run("archive", "renew-recovery", *told, "--recovery-svg", svg, user="admin")
    assert (status, "new.svg already exists" in err) == (1, True)
    svg.unlink()
    status, out, _ = run("archive", "renew-recovery", *told, "--recovery-svg", svg, user="admin")
    assert status == 0
    new = out.split("shown this once:")[1].split("QR code")[0].split()
    assert len(new) == 12
    assert svg.stat().st_mode & 0o077 == 0
    check = ("archive", "check-recovery", "--recovery-file", words)
    status, _, err = run(*check, user="admin")
    assert (status, "recovery words of another archive" in err) == (1, True)
    words.write_text(" ".join(new))
    status, out, _ = run(*check, user="admin")
    assert (status, "the recovery words open 2 sealed files" in out) == (0, True)


def test_an_archive_is_backed_up_restored_and_moved(run: Run, event: str, tmp_path: Path) -> None:
    backup, restored = tmp_path / "backup", tmp_path / "restored"
    status, out, err = run("archive", "backup", backup, user="admin")
    assert (status, "lies on the same disk as the archive" in err) == (0, True)
    assert "1 file of 1 event" in out
    (backup / "events" / event / "original.1.sealed").write_bytes(b"damaged")
    status, out, _ = run("archive", "backup", backup, user="admin")
    assert (status, "repaired: original.1.sealed of" in out) == (0, True)
    status, out, _ = run("archive", "restore", backup, restored)
    assert status == 0
    assert "it has no mirror" in out
    status, out, err = run("event", "show", event, "--names", "--archive", restored, user="rita")
    assert (status, "Xanthos" in out, err) == (0, True, "")
    moved = tmp_path / "moved"
    restored.rename(moved)
    assert "is a copy" in run("event", "list", "--archive", moved, user="rita")[2]
    assert run("archive", "moved", "--archive", moved, user="admin")[0] == 0
    assert run("event", "list", "--archive", moved, user="rita")[2] == ""
    status, _, err = run("event", "adopt", "0123456789abcdef", user="admin")
    assert (status, "can be taken in" in err) == (1, True)


def test_without_anybody_to_ask_one_sentence_says_so(
    run: Run, event: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nobody(prompt: str) -> str:
        raise EOFError(prompt)

    monkeypatch.setattr("builtins.input", nobody)
    for words, what in (
        (("list", "--name"), "name"),
        (("mark", event, "incision", "--at", "0:01", "--note"), "note"),
    ):
        status, _, err = run("event", *words, user="rita")
        assert status == 1
        assert f"there is no terminal to ask for the {what}; give it on the command line" in err


def test_an_import_without_a_reviewer_warns_and_its_advice_works(
    run: Run, words: Path, tmp_path: Path, drawn_source: Path
) -> None:
    operator = ("user", "add", "rosa", "operator", "--new-password-file", tmp_path / "rosa.pw")
    assert run(*operator, user="admin")[0] == 0
    bring_in = ("event", "import", drawn_source, "--json", "--quiet")
    status, out, err = run(*bring_in, user="rosa")
    assert (status, err.count("\n")) == (0, 1)
    assert "'workbench user add NAME reviewer' first" in err
    (found,) = json.loads(out)
    new = ("--new-password-file", tmp_path / "rita.pw")
    assert run("user", "add", "rita", "reviewer", *new, user="admin")[0] == 0
    show_names = ("event", "show", found["event"], "--names")
    status, _, err = run(*show_names, user="rita")
    assert (status, "'workbench grant LOGIN EVENT --recovery'" in err) == (1, True)
    assert run("grant", "rita", found["event"], user="admin")[0] == 1
    advice = ("grant", "rita", found["event"], "--recovery-file", words)
    assert run(*advice, user="admin")[0] == 0
    assert drawn_source.name in run(*show_names, user="rita")[1]
    export = ("event", "export", found["event"], "--role", "original", "-o", tmp_path / "usb")
    assert run(*export, "--quiet", user="rita")[0] == 0
    assert len(list((tmp_path / "usb").glob("*.original.mp4"))) == 1
    again = run(*bring_in, user="rosa")[2]
    assert ("reviewer" in again, f"as event {found['event']}" in again) == (False, True)


def test_init_prints_the_head_of_the_log(run: Run, tmp_path: Path) -> None:
    init = ("archive", "init", tmp_path / "archive", "--password-file", tmp_path / "admin.pw")
    printed = run(*init)[1].split("head of the audit log: ")[1].split()[0]
    rows = [json.loads(line) for line in _exported(run, tmp_path)]
    number, digest = printed.split(":")
    assert rows[int(number) - 1]["hash"] == digest
    assert run("audit", "verify", "--head", printed, user="admin")[0] == 0


def _exported(run: Run, tmp_path: Path) -> list[str]:
    assert run("audit", "export", "-o", tmp_path / "log.jsonl", user="admin")[0] == 0
    return (tmp_path / "log.jsonl").read_text().splitlines()


def test_an_anchor_on_another_medium_notices_a_log_that_was_cut_back(
    run: Run, archive: Path, tmp_path: Path
) -> None:
    shutil.copytree(archive, tmp_path / "old")
    shutil.copytree(tmp_path / "mirror", tmp_path / "old-mirror")
    anchor = tmp_path / "stick" / "head.json"
    anchor.parent.mkdir()
    verify = ("audit", "verify", "--anchor", anchor)
    status, out, _ = run(*verify, user="admin")
    assert (status, "was not there" in out) == (0, True)
    first = json.loads(anchor.read_text())
    assert f"head: {first['seq']}:{first['hash']}" in out
    for _ in range(3):
        run("audit", "head", user="admin")
    status, out, _ = run(*verify, "--json", user="admin")
    kept = json.loads(anchor.read_text())
    assert (status, kept["seq"] > first["seq"]) == (0, True)
    assert json.loads(out)["head"] == f"{kept['seq']}:{kept['hash']}"

    # everything in the archive's folders agrees: only the medium knows
    for name, old in (("archive", "old"), ("mirror", "old-mirror")):
        shutil.rmtree(tmp_path / name)
        shutil.copytree(tmp_path / old, tmp_path / name)
    assert run("audit", "verify", user="admin")[0] == 0
    status, out, _ = run(*verify, user="admin")
    assert (status, f"names row {kept['seq']}" in out, "not renewed" in out) == (1, True, True)
    for _ in range(6):
        run("audit", "head", user="admin")
    status, out, _ = run(*verify, user="admin")
    assert (status, f"row {kept['seq']} is not the one" in out) == (1, True)
    assert json.loads(anchor.read_text()) == kept


def test_an_anchor_that_proves_nothing_is_refused(run: Run, archive: Path, tmp_path: Path) -> None:
    for folder in ("archive", "mirror"):
        own = tmp_path / folder / "audit-head.json"
        before = own.read_bytes()
        status, _, err = run("audit", "verify", "--anchor", own, user="admin")
        assert (status, "the folder of an archive" in err) == (1, True)
        assert own.read_bytes() == before
    damaged = tmp_path / "head.json"
    damaged.write_text("{")
    status, _, err = run("audit", "verify", "--anchor", damaged, user="admin")
    assert (status, "is damaged" in err, damaged.read_text()) == (1, True, "{")


def _exchange_for_a_made_one(archive: Path, other: Path) -> None:
    """Put another archive's catalog, anchor and settings in the place of an archive's own.

    The one who made the other archive entered the user there, with the user's own key.
    """
    with Database(archive / "catalog.db") as database:
        user = database.read("SELECT * FROM users WHERE user_id = 'admin'")[0]
    with open_archive(other, Credentials("mallory", Password("password of mallory"))) as made:
        session = made._session
        with session.audited(Action.MANAGE_USERS):
            session.catalog.users.add(
                "admin",
                Profile.ADMINISTRATOR,
                public_key=user["public_key"],
                wrapped_private_key=user["wrapped_private_key"],
                verify_key=user["verify_key"],
            )
    for name in ("catalog.db", "audit-head.json"):
        shutil.copy(other / name, archive / name)
    info = json.loads((other / "archive.json").read_text()) | {"folder": str(archive)}
    (archive / "archive.json").write_text(json.dumps(info))
    for name in ("catalog.db-wal", "catalog.db-shm"):
        (archive / name).unlink(missing_ok=True)


def test_an_exchanged_catalog_is_never_sound_and_makes_no_anchor(
    run: Run, archive: Path, tmp_path: Path
) -> None:
    create_archive(
        tmp_path / "other",
        site_code="site1",
        administrator="mallory",
        password=Password("password of mallory"),
    )
    _exchange_for_a_made_one(archive, tmp_path / "other")
    anchor = tmp_path / "head.json"
    status, out, err = run("audit", "verify", "--anchor", anchor, user="admin")
    assert status == 1
    assert "the catalog was exchanged" in err
    assert "! refused: signing in was refused: the audit log is not the one" in out
    assert "NOT sound" in out
    assert "not made" in out
    assert not anchor.exists()


def test_an_anchor_is_of_one_archive_and_lies_in_none(
    run: Run, archive: Path, tmp_path: Path
) -> None:
    own_id = json.loads((archive / "archive.json").read_text())["archive_id"]
    anchor = tmp_path / "head.json"
    assert run("audit", "verify", "--anchor", anchor, user="admin")[0] == 0
    content = json.loads(anchor.read_text())
    assert content["archive"] == own_id
    anchor.write_text(json.dumps(content | {"archive": "of-another"}))
    status, out, err = run("audit", "verify", "--anchor", anchor, user="admin")
    assert (status, out) == (1, "")
    assert f"is of the archive of-another, not of this one, which is {own_id}" in err
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "archive.json").write_text("{}")
    status, _, err = run("audit", "verify", "--anchor", tmp_path / "b" / "x", user="admin")
    assert (status, f"lies in {tmp_path / 'b'}, the folder of an archive" in err) == (1, True)


@pytest.mark.parametrize("row", ["²", "٣", "1_0", "9" * 30, ""])
def test_a_head_has_a_number_in_plain_digits(run: Run, archive: Path, row: str) -> None:
    status, _, err = run("audit", "verify", "--head", f"{row}:{'a' * 64}", user="admin")
    assert (status, "a head is written ROW:HASH" in err) == (1, True)


def test_no_archive_mirror_or_backup_lies_inside_another(
    run: Run, archive: Path, tmp_path: Path
) -> None:
    made = tmp_path / "backup"
    assert run("archive", "backup", made, user="admin")[0] == 0
    password = ("--password-file", tmp_path / "admin.pw")
    for outer in (archive, tmp_path / "mirror", made):
        inner = outer / "events" / "x"
        for words in (
            ("archive", "init", inner, *password),
            ("archive", "init", tmp_path / "new", "--mirror", inner, *password),
            ("archive", "restore", made, inner),
        ):
            status, _, err = run(*words)
            assert (status, str(inner) in err, inner.exists()) == (1, True, False), words
        for words in (("archive", "backup", inner), ("mirror", "set", inner)):
            status, _, err = run(*words, user="admin")
            assert (status, str(inner) in err, inner.exists()) == (1, True, False), words
            assert f"the {words[0].replace('archive', 'backup')} {inner}" in err


@pytest.fixture
def failing_mirror(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no sealed stream be written on the mirror."""
    mirror = str((tmp_path / "mirror").resolve())

    def write(descriptor: int, data: bytes, offset: int) -> None:
        if str(Path(f"/proc/self/fd/{descriptor}").readlink()).startswith(mirror):
            raise OSError(28, "No space left on device")
        write_all(descriptor, data, offset)

    monkeypatch.setattr("recorder_core.archive.writing.copies.write_all", write)


@pytest.mark.parametrize("flags", [(), ("--quiet",), ("--json",), ("--quiet", "--json")])
def test_a_copy_that_stopped_is_always_said(
    run: Run, event: str, tmp_path: Path, failing_mirror: None, flags: tuple[str, ...]
) -> None:
    status, out, err = run("event", "import", tmp_path / "Zephyrina.mp4", *flags, user="rita")
    told = f"the copy on {tmp_path / 'mirror'} stopped: No space left on device"
    assert (status, told in err) == (1, True)
    if "--json" in flags:
        assert json.loads(out)[0]["faults"] == [told]
    status, _, err = run("event", "screenshot", event, "--frame", "3", *flags, user="rita")
    assert (status, told in err) == (1, True)
    status, _, err = run("report", event, "--keep", user="rita")
    assert (status, told in err) == (1, True)


def test_a_finalised_recording_with_one_copy_says_so(
    run: Run, archive: Path, tmp_path: Path, fragmented: bytes, request: pytest.FixtureRequest
) -> None:
    new = ("--new-password-file", tmp_path / "rita.pw")
    assert run("user", "add", "olga", "operator", *new, user="admin")[0] == 0
    who = Credentials("olga", Password("password of rita"))
    wanted = RecordingRequest(procedure_code="lap-chole")
    with open_archive(archive, who) as opened, record_event(opened, wanted) as begun:
        begun.sink.write(fragmented)
    request.getfixturevalue("failing_mirror")
    words = ("event", "finalise", begun.event_id, "--quiet", "--json")
    status, out, err = run(*words, user="rita")
    content = json.loads(out)
    assert (status, content["state"], content["frames"]) == (1, "recorded", 60)
    assert content["faults"] == [
        f"the copy on {tmp_path / 'mirror'} stopped: No space left on device"
    ]
    assert content["faults"][0] in err


def test_a_video_that_is_in_the_archive_already_is_named(
    run: Run, event: str, tmp_path: Path, drawn_source: Path
) -> None:
    new = ("--new-password-file", tmp_path / "rita.pw")
    assert run("user", "add", "olga", "operator", *new, user="admin")[0] == 0
    shutil.copyfile(tmp_path / "rita.pw", tmp_path / "olga.pw")
    (tmp_path / "olga.pw").chmod(0o600)
    video = tmp_path / "again.mp4"
    shutil.copyfile(drawn_source, video)
    # who can open the names has the same bytes named, whatever the file's own time says
    words = ("event", "import", video, "--started", "2026-05-04T09:30", "--quiet")
    status, out, err = run(*words, user="rita")
    assert (status, out) == (0, "")
    assert f"seems to be in the archive already, as event {event}; if so, delete" in err
    # others have an event of the same start and length named
    status, out, err = run(*words, "--json", user="olga")
    second = json.loads(run("event", "list", "--json", user="rita")[1])
    same = json.loads(out)[0]["same_video"]
    assert (status, len(same), len(second)) == (0, 1, 3)
    assert same[0] != event
    assert f"as event {same[0]}" in err
    # another video of the same start and length is not, for who can tell
    other = tmp_path / "other.mp4"
    other.write_bytes(drawn_source.read_bytes() + bytes([0, 0, 0, 8]) + b"free")
    words = ("event", "import", other, "--started", "2026-05-04T09:30", "--json")
    status, out, _ = run(*words, user="rita")
    assert (status, json.loads(out)[0]["same_video"]) == (0, [])


def test_who_may_not_is_told_before_being_asked(run: Run, event: str) -> None:
    status, out, err = run("event", "delete", event, "--reason", "retention", user="rita")
    assert (status, out) == (1, "")
    assert "may not" in err
    status, _, err = run("user", "add", "eve", "reviewer", user="rita")
    assert (status, "may not" in err) == (1, True)
    rows = json.loads(run("audit", "show", "--json", user="admin")[1])
    refused = [row["what"] for row in rows if row["outcome"] == "refused"]
    assert refused == ["delete_event", "manage_users"]


def test_a_grant_of_nothing_is_no_success(run: Run, event: str) -> None:
    for what in (("--all",), (event,)):
        status, out, err = run("grant", "rosa", *what, user="rita")
        assert (status, out) == (1, "")
        assert "rosa was granted nothing" in err
