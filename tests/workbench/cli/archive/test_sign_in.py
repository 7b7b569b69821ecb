"""What is asked for where nobody can answer."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from recorder_core.archive import Argon2Settings, Password
from recorder_core.catalog import Action, Profile
from recorder_core.catalog.model.codes import utc_now
from recorder_core.jobs.archive import Credentials, add_user, create_archive, open_archive
from workbench.cli import main


@pytest.fixture
def words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Path]:
    """An archive, and files with the password and the recovery words."""
    shown: list[str] = []
    create_archive(
        tmp_path / "a", site_code="site1", administrator="adam", password=Password("correct horse"),
        password_cost=Argon2Settings(memory_kib=64, iterations=1, lanes=1), show=shown.append,
    )  # fmt: skip
    files = {"PASSWORD": tmp_path / "p", "WORDS": tmp_path / "w"}
    for file, text in zip(files.values(), ("correct horse\n", shown[0]), strict=True):
        file.touch(0o600)
        file.write_text(text)
    monkeypatch.setattr("sys.stdin", io.StringIO())
    monkeypatch.setenv("WORKBENCH_ARCHIVE", str(tmp_path / "a"))
    monkeypatch.setenv("WORKBENCH_USER", "adam")
    return files | {"ARCHIVE": tmp_path / "a", "NEW": tmp_path / "new"}


GIVEN = "--password-file PASSWORD"


@pytest.mark.parametrize(
    ("line", "option"),
    [
        ("user list", "--password-file"),
        (f"user add rita reviewer {GIVEN}", "--new-password-file"),
        (f"user passwd {GIVEN}", "--new-password-file"),
        ("user passwd --new-password-file PASSWORD", "--password-file"),
        (f"user passwd rita --recovery {GIVEN}", "--recovery-file"),
        (f"archive check-recovery --recovery {GIVEN}", "--recovery-file"),
        (f"archive renew-recovery --recovery {GIVEN}", "--recovery-file"),
        (f"archive unlock ARCHIVE --user eve {GIVEN}", "--recovery-file"),
        ("archive unlock ARCHIVE --user eve --recovery-file WORDS", "--password-file"),
        ("archive init NEW --user eve", "--password-file"),
    ],
)
def test_without_a_terminal_the_option_that_is_missing_is_named(
    words: dict[str, Path], line: str, option: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(words.get(word, word)) for word in line.split()]) == 1
    error = capsys.readouterr().err
    assert error.startswith("workbench: there is no terminal to ask for the ")
    assert error.endswith(f"; give {option} FILE\n")
    assert error.count("\n") == 1


def test_a_closed_standard_input_is_no_terminal(
    words: dict[str, Path], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert words
    monkeypatch.setattr("sys.stdin", None)
    assert main(["user", "list"]) == 1
    assert "there is no terminal to ask for the password of adam" in capsys.readouterr().err


#: every command that signs in, and those that make or mend an archive
NOWHERE = [
    "event list", "event show X", "event import V.mp4", "event export X -o OUT", "event sign-off X",
    "event delete X --reason duplicate",
    "event mark X incision --at 1 --note", "user list", "user add x reviewer",
    "user passwd", "user passwd rita --recovery", "grant rita --all --recovery", "audit verify",
    "audit accept-break", "mirror repair", "retention show", "report X -o R.pdf", "archive status",
    "archive check-recovery --recovery", "archive unlock NOWHERE --user eve",
    "event screenshot X --at 1 --note", "event device X camera --serial",
]  # fmt: skip


@pytest.mark.parametrize("line", NOWHERE)
def test_a_missing_archive_is_said_before_anything_is_asked(
    line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    nowhere = str(tmp_path / "nowhere")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "V.mp4").write_bytes(b"video")
    monkeypatch.setenv("WORKBENCH_ARCHIVE", nowhere)
    monkeypatch.setenv("WORKBENCH_USER", "adam")
    monkeypatch.setattr("workbench.cli.archive.sign_in.has_terminal", lambda: True)
    monkeypatch.setattr("getpass.getpass", _refuse_to_answer)
    monkeypatch.setattr("builtins.input", _refuse_to_answer)
    assert main([nowhere if word == "NOWHERE" else word for word in line.split()]) == 1
    assert "no archive in " in capsys.readouterr().err


def _refuse_to_answer(prompt: str = "") -> str:
    raise AssertionError(f"asked for {prompt}")


def test_a_place_where_no_archive_can_be_is_said_before_a_password_is_asked(
    words: dict[str, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    for place in (words["ARCHIVE"], words["ARCHIVE"] / "inside"):
        assert main(["archive", "init", str(place)]) == 1
        assert "there is no terminal" not in capsys.readouterr().err


@pytest.mark.parametrize(
    "line",
    [
        "user passwd adam --recovery",
        "user passwd adam --close-access",
        "user add eve reviewer",
        "archive check-recovery --recovery",
        "archive renew-recovery --recovery",
        "grant adam --all --recovery",
        "event list --name",
    ],
)
def test_a_profile_that_may_not_is_refused_before_it_is_asked(
    words: dict[str, Path],
    line: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    with open_archive(words["ARCHIVE"], Credentials("adam", Password("correct horse"))) as archive:
        add_user(archive, "egon", Profile.ENGINEER, Password("correct horse"))
        add_recorded = archive._session.catalog.events.add_recorded
        made = {"site_code": "site1", "procedure_code": "demo", "by": "adam"}
        with archive._session.audited(Action.LIST_EVENTS), archive._session.catalog.transaction():
            add_recorded("made", started_utc=utc_now(), duration_seconds=1.0, **made)
    monkeypatch.setattr("workbench.cli.archive.sign_in.has_terminal", lambda: True)
    answers = iter(["correct horse"])
    monkeypatch.setattr("getpass.getpass", lambda prompt: next(answers))
    monkeypatch.setattr("builtins.input", _refuse_to_answer)
    assert main([*line.split(), "--user", "egon"]) == 1
    assert "engineer may not" in capsys.readouterr().err


@pytest.mark.parametrize(("profile", "advised"), [("reviewer", True), ("operator", False)])
def test_keys_are_offered_to_a_profile_that_opens_something(
    words: dict[str, Path], profile: str, advised: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    given = ("--password-file", str(words["PASSWORD"]))
    new = words["PASSWORD"].with_name("new password")
    new.touch(0o600)
    new.write_text("copper tidal meadow lamp\n")
    assert main(["user", "add", "rita", profile, *given, "--new-password-file", str(new)]) == 0
    printed = capsys.readouterr().out
    assert f"rita is added as {profile}" in printed
    assert ("workbench grant rita --all" in printed) == advised
    assert main(["user", "disable", "rita", *given]) == 0
    assert main(["user", "enable", "rita", *given]) == 0
    printed = capsys.readouterr().out
    assert "rita can sign in again" in printed
    assert ("workbench grant rita --all\n" in printed) == advised


@pytest.mark.usefixtures("words")
def test_a_device_without_an_end_is_no_password_file(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["event", "list", "--password-file", "/dev/zero"]) == 1
    assert capsys.readouterr().err == (
        "workbench: zero is too long to hold a password or the words\n"
    )


def test_a_password_file_of_notepad_opens(words: dict[str, Path]) -> None:
    words["PASSWORD"].write_bytes(b"\xef\xbb\xbfcorrect horse\r\n")
    assert main(["event", "list", "--password-file", str(words["PASSWORD"])]) == 0
