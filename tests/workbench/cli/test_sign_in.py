"""What is asked for where nobody can answer."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from recorder_core.archive import Argon2Settings, Password
from recorder_core.jobs.archive import create_archive
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
        (f"user passwd rita --close-access {GIVEN}", "--new-password-file"),
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
