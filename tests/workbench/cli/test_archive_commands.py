"""The commands of the archive, as a person types them."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from recorder_core.archive import Argon2Settings, passwords
from workbench.cli import main
from workbench.cli.main import build_parser

NAMES = {
    "patient_name": "Zephyrina Ångström",
    "medical_record": "MRN-5550123",
    "physician_names": ["Dr Quellmarker"],
    "place": "Xanthos Hospital",
}
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture(autouse=True)
def _quick_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    little = Argon2Settings(memory_kib=64, iterations=1, lanes=1)
    monkeypatch.setattr(passwords.wrap_private_key, "__defaults__", (little,))


@pytest.fixture
def run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Run]:
    """Run a command as one of the archive's users; return status, output and errors."""
    monkeypatch.setenv("WORKBENCH_ARCHIVE", str(tmp_path / "archive"))
    monkeypatch.delenv("WORKBENCH_USER", raising=False)
    for user in ("admin", "rita", "rosa"):
        (tmp_path / f"{user}.pw").write_text(f"password of {user}\n")

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

    assert run("report", event, "-o", tmp_path / "full.pdf", user="rita")[0] == 0
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
    content = json.loads(run("audit", "verify", "--json", user="admin")[1])
    assert content["sound"]
    assert run("audit", "verify", "--head", content["head"], user="admin")[0] == 0
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


def _all_parsers(parser: object) -> Iterator[object]:
    yield parser
    for action in getattr(parser, "_actions", []):
        choices = getattr(action, "choices", None)
        if isinstance(choices, dict):
            for child in choices.values():
                yield from _all_parsers(child)
