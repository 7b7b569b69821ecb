"""Screenshots, markers, devices and reports, as a person types them."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from pypdf import PdfReader

from recorder_core.archive import Argon2Settings, Password
from recorder_core.catalog import Profile
from recorder_core.jobs.archive import (
    Credentials,
    EventNames,
    ImportRequest,
    add_user,
    create_archive,
    import_video,
    open_archive,
)
from workbench.cli import main

PASSWORD = "correct horse"
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def event(tmp_path: Path, drawn_source: Path) -> str:
    """An event of an archive with a reviewer and a researcher."""
    path = tmp_path / "archive"
    create_archive(
        path, site_code="site1", administrator="adam", password=Password(PASSWORD),
        password_cost=Argon2Settings(memory_kib=64, iterations=1, lanes=1),
    )  # fmt: skip
    with open_archive(path, Credentials("adam", Password(PASSWORD))) as archive:
        add_user(archive, "rita", Profile.REVIEWER, Password(PASSWORD))
        add_user(archive, "rosa", Profile.RESEARCHER, Password(PASSWORD))
    names = EventNames(patient_name="Zephyrina Ångström")
    request = ImportRequest(source=drawn_source, procedure_code="lap-chole", names=names)
    with open_archive(path, Credentials("rita", Password(PASSWORD))) as archive:
        return import_video(archive, request).event.event_id


@pytest.fixture
def run(
    event: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Run:
    """Run a command on the archive as rita or another; return status, output and errors."""
    monkeypatch.setenv("WORKBENCH_ARCHIVE", str(tmp_path / "archive"))
    password = tmp_path / "password"
    password.write_text(PASSWORD + "\n")

    def call(*words: object, user: str = "rita") -> tuple[int, str, str]:
        who = ("--user", user, "--password-file", password)
        status = main([str(word) for word in (*words, *who)])
        shown = capsys.readouterr()
        return status, shown.out, shown.err

    return call


def _text(path: Path) -> str:
    return " ".join(page.extract_text() for page in PdfReader(io.BytesIO(path.read_bytes())).pages)


def test_from_what_is_typed_to_the_report(
    run: Run, event: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    status, out, _ = run(
        "event", "mark", event[:8], "incision", "--at", "0:01", "--note", "by hand"
    )
    assert (status, out) == (0, f"event {event}: incision at 1.0 s, with a note\n")
    status, out, _ = run("event", "mark", event, "closure", "--at", "1.5", "--until", "2", "--json")
    assert json.loads(out)["stop_seconds"] == 2.0
    monkeypatch.setattr("builtins.input", lambda prompt: f"SN of {prompt}")
    words = ("--model", "IMAGE1-S", "--serial", "--frames-recorded", 60, "--frames-dropped", 1)
    assert run("event", "device", event, "laparoscope", *words)[0] == 0
    status, out, _ = run("event", "screenshot", event, "--at", "0:01", "--frame", 59, "--quiet")
    assert (status, out) == (0, "")
    status, out, _ = run("event", "screenshot", event, "--frame", 3)
    assert out.splitlines()[2].split() == ["0.150", "3", "1536", f"{event}/screenshot.3"]

    status, out, _ = run("report", event, "-o", tmp_path / "full.pdf", "--time-zone", "UTC")
    assert (status, "holds names" in out) == (0, True)
    text = _text(tmp_path / "full.pdf")
    for expected in ("Zephyrina", "by hand", "SN of serial number:", "frame 59", "0:00:01 \u2013"):
        assert expected in text


def test_a_report_is_kept_and_written_out_again(run: Run, event: str, tmp_path: Path) -> None:
    status, _, err = run("report", event, "--kept", "-o", tmp_path / "none.pdf")
    assert (status, f"event {event} has no report" in err) == (1, True)
    status, out, _ = run("report", event, "--keep", "--language", "pt")
    assert (status, f"{event}/report.1: sealed" in out) == (0, True)
    status, out, _ = run("report", event, "--kept", "-o", tmp_path / "kept.pdf", "--json")
    assert json.loads(out) == {"event": event, "file": str(tmp_path / "kept.pdf")}
    assert "Paciente" in _text(tmp_path / "kept.pdf")
    status, _, err = run("report", event, "--kept", 2, "-o", tmp_path / "other.pdf")
    assert (status, "no kept report 2; the newest is 1" in err) == (1, True)
    assert run("report", event, "--kept", "-o", tmp_path / "no.pdf", user="rosa")[0] == 1
    assert not (tmp_path / "no.pdf").exists()


@pytest.mark.parametrize("words", [(), ("--keep", "-o", "x.pdf"), ("--deidentified",)])
def test_it_must_be_said_where_a_report_goes(words: tuple[str, ...], run: Run, event: str) -> None:
    status, _, err = run("report", event, *words)
    assert status == 1
    assert "give -o FILE.pdf to write the report, or --keep to store it sealed" in err


def test_the_time_zone_is_this_computers(
    run: Run, event: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", ":America/Bogota")
    assert run("report", event, "-o", tmp_path / "local.pdf")[0] == 0
    assert "UTC\u221205:00" in _text(tmp_path / "local.pdf")
    words = ("report", event, "-o", tmp_path / "no.pdf", "--time-zone", "Mars/Olympus")
    status, _, err = run(*words)
    assert (status, "there is no time zone Mars/Olympus" in err) == (1, True)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("mark", "x", "--at", "9"), "9.0 s lies outside event"),
        (("mark", "Dr Q", "--at", "1"), "must be a code"),
        (("screenshot",), "at least one time or frame"),
        (("screenshot", "--frame", "60"), "has frames 0 to 59"),
        (("device", "monitor", "--model", "of Dr Q"), "must be a code"),
    ],
)
def test_what_cannot_be_is_said_in_one_sentence(
    words: tuple[str, ...], sentence: str, run: Run, event: str
) -> None:
    status, out, err = run("event", words[0], event, *words[1:])
    assert (status, out) == (1, "")
    assert sentence in err
    assert "Dr Q" not in err
