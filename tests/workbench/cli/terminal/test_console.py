"""What reaches a terminal: no control characters, whatever a name holds; no traceback, ever."""

from __future__ import annotations

import argparse
import io
import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from recorder_core.errors import ArchiveError
from recorder_core.jobs.archive.place.folders import read_info
from recorder_core.jobs.archive.place.places import enclosing_archive
from workbench.cli.main import main
from workbench.cli.terminal.console import (
    complain,
    draw,
    escape_line,
    escape_text,
    escaped_console,
    raw_stream,
)
from workbench.cli.terminal.listing import format_table, print_json
from workbench.cli.terminal.progress import show_progress

#: clears the screen, sets the window's title, C1, turns the direction, a lone surrogate
EVIL = "A\x1b[2J\x1b]0;title\x07B\x9b2J\u202eC\udcffD\x7f"
SHOWN = r"A\x1b[2J\x1b]0;title\x07B\x9b2J\u202eC\udcffD\x7f"


@pytest.mark.parametrize("code", [*range(9), *range(11, 32), *range(127, 160), 0x2028, 0x2066])
def test_every_control_character_is_shown_as_an_escape(code: int) -> None:
    shown = escape_text(f"a{chr(code)}b")
    assert shown.isprintable()
    assert shown.startswith("a\\")
    assert escape_line(f"a{chr(code)}b") == shown


def test_only_a_whole_text_has_lines() -> None:
    assert escape_text("a\tb\nc") == "a\tb\nc"
    assert escape_line("a\tb\nc\r") == r"a\tb\nc\r"
    assert escape_line("Ångström, 手術 · é") == "Ångström, 手術 · é"


def test_both_streams_are_escaped_and_given_back(capsys: pytest.CaptureFixture[str]) -> None:
    before = sys.stdout, sys.stderr
    with escaped_console():
        print(EVIL)
        complain(ValueError(f"{EVIL}\nall is well"))
        raw_stream(sys.stdout).write("\x1b[0m")
    assert (sys.stdout, sys.stderr) == before
    told = capsys.readouterr()
    assert told.out == f"{SHOWN}\n\x1b[0m"
    assert told.err == f"workbench: {SHOWN}\\nall is well\n"


def test_what_an_encoding_does_not_have_is_shown_as_an_escape(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding="ascii"))
    with escaped_console():
        print("Å · 手")
        sys.stdout.flush()
    assert raw.getvalue() == b"\\xc5 \\xb7 \\u624b\n"


def test_a_cell_of_a_table_stays_on_its_line() -> None:
    assert format_table(("who", "what"), [("A\nB", EVIL)]).splitlines()[2] == f"A\\nB  {SHOWN}"


def test_json_is_the_same_text_again(capsys: pytest.CaptureFixture[str]) -> None:
    with escaped_console():
        print_json({"name": EVIL})
    printed = capsys.readouterr().out
    assert printed.isascii()
    assert not set(printed) & set(map(chr, (*range(10), *range(11, 32), 127)))
    assert json.loads(printed) == {"name": EVIL}


def test_a_file_name_in_a_message_commands_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "x\x1b[2Jx\nworkbench: done"
    assert main(["score", str(path), "--truth", str(path)]) == 1
    told = capsys.readouterr().err
    assert told.count("\n") == 1
    assert "\x1b" not in told
    with pytest.raises(SystemExit):
        main(["event", "\x1b[2J"])
    assert "\x1b" not in capsys.readouterr().err


@pytest.mark.parametrize("is_terminal", [True, False])
def test_a_title_of_a_progress_bar_commands_nothing(
    is_terminal: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("workbench.cli.terminal.progress._LINE_SECONDS", 0.0)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: is_terminal)
    monkeypatch.setenv("TERM", "xterm")
    with escaped_console(), show_progress("[red]\x1b]0;t\x07.mp4") as progress:
        progress(1, 2)
    told = capsys.readouterr().err
    assert r"[red]\x1b]0;t\x07.mp4" in told
    assert "\x1b]0" not in told


def test_a_fault_of_the_program_is_one_line_without_its_text(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(_: object) -> None:
        raise LookupError("Zephyrina")

    module = sys.modules["workbench.cli.main"]
    monkeypatch.setattr(module, "_parser_of", lambda _: _Parser(fail))
    assert main(["doctor"]) == 1
    told = capsys.readouterr().err
    assert "internal error: LookupError in test_console.py line" in told
    assert "Zephyrina" not in told
    assert told.count("\n") == 1


class _Parser:
    def __init__(self, run: object) -> None:
        self.run = run

    def parse_args(self, _: object, options: argparse.Namespace) -> None:
        options.run = self.run


def _workbench(*words: str | Path, **environment: str) -> subprocess.CompletedProcess[bytes]:
    code = "import sys; from workbench.cli.main import main; sys.exit(main())"
    command = [sys.executable, "-c", code, *map(str, words)]
    return subprocess.run(
        command, capture_output=True, env=os.environ | environment, check=False, timeout=60
    )


def test_an_archive_is_made_on_an_ascii_terminal(tmp_path: Path) -> None:
    (tmp_path / "pw").write_text("three blind mice\n")
    done = _workbench(
        "archive", "init", tmp_path / "a", "--password-file", tmp_path / "pw",
        PYTHONIOENCODING="ascii", LC_ALL="C", PYTHONUTF8="0", PYTHONCOERCECLOCALE="0",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    lines = done.stdout.decode("ascii").splitlines()
    code = [line[3:] for line in lines if line.startswith("   ##")]
    assert len(code) >= 29
    assert {len(line) for line in code} == {2 * len(code)}
    assert {character for line in code for character in line} == {"#", " "}
    assert b"others than you can read or change pw" in done.stderr


def test_a_private_password_file_is_taken_without_a_word(tmp_path: Path) -> None:
    (tmp_path / "pw").write_text("three blind mice\n")
    (tmp_path / "pw").chmod(0o600)
    svg = tmp_path / "r.svg"
    done = _workbench(
        "archive", "init", tmp_path / "a", "--password-file", tmp_path / "pw",
        "--recovery-svg", svg,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.parametrize("login", ["recovery-key", "unknown-user", "foot-switch", "local"])
def test_logins_that_stand_for_nobody_are_not_made(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], login: str
) -> None:
    password = tmp_path / "pw"
    password.write_text("three blind mice\n")
    words = ["archive", "init", tmp_path / "a", "--user", login, "--password-file", password]
    assert main([*map(str, words)]) == 1
    assert f"the login {login} is reserved" in capsys.readouterr().err
    assert not (tmp_path / "a").exists()


def test_a_weak_password_is_refused_before_anything_is_made(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    password = tmp_path / "pw"
    password.write_text("password\n")
    assert main(["archive", "init", str(tmp_path / "a"), "--password-file", str(password)]) == 1
    assert "common passwords" in capsys.readouterr().err
    assert not (tmp_path / "a").exists()


@pytest.mark.parametrize("words", [("doctor",), ("train", "--example", "default"), ("--help",)])
def test_a_pipe_that_is_closed_early_is_no_error(words: tuple[str, ...]) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    code = "import sys; from workbench.cli.main import main; sys.exit(main())"
    done = subprocess.run(
        [sys.executable, "-c", code, *words], stdout=writer, stderr=subprocess.PIPE, check=False
    )
    os.close(writer)
    assert (done.returncode, done.stderr) == (0, b"")


def test_the_work_goes_on_when_nobody_reads_what_is_printed(
    foreign: dict[str, Path], tmp_path: Path
) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    code = "import sys; from workbench.cli.main import main; sys.exit(main())"
    words = ("deidentify", foreign["h264 mkv"], foreign["mpeg2 mkv"], "-o", tmp_path / "copies")
    done = subprocess.run(
        [sys.executable, "-c", code, *map(str, words), "--every", "10"],
        stdout=writer, stderr=subprocess.PIPE, check=False,
    )  # fmt: skip
    os.close(writer)
    assert (done.returncode, done.stderr) == (0, b"")
    assert len(list((tmp_path / "copies").glob("*.mp4"))) == 2


def test_a_stream_that_is_closed_from_the_start_is_no_error() -> None:
    code = "import sys; sys.stdout = None; from workbench.cli.main import main; sys.exit(main())"
    done = subprocess.run(
        [sys.executable, "-c", code, "doctor"], stderr=subprocess.PIPE, check=False
    )
    assert (done.returncode, done.stderr) == (0, b"")


def test_what_is_closed_from_the_start_is_no_place_for_a_file(tmp_path: Path) -> None:
    code = (
        "import os, sys\n"
        "from pathlib import Path\n"
        "from workbench.cli.terminal.console import complain, escaped_console\n"
        "with escaped_console():\n"
        "    links = [os.readlink(f'/proc/self/fd/{number}') for number in range(3)]\n"
        "    complain(sys.stderr.isatty())\n"
        "Path(sys.argv[1]).write_text(' '.join(links))\n"
    )
    words = (sys.executable, "-c", code, str(tmp_path / "links"))
    subprocess.run(["/bin/sh", "-c", 'exec "$@" <&- >&- 2>&-', "sh", *words], check=True)
    assert (tmp_path / "links").read_text() == "/dev/null /dev/null /dev/null"


def test_a_terminal_that_closes_ends_no_work(monkeypatch: pytest.MonkeyPatch) -> None:
    master, slave = pty.openpty()
    monkeypatch.setenv("TERM", "xterm")
    with os.fdopen(slave, "w") as stream:
        monkeypatch.setattr(sys, "stderr", stream)
        with escaped_console(), show_progress("a.mp4") as progress:
            progress(1, 2)
            os.close(master)  # from now on: input/output error
            progress(2, 2)
            complain("it goes on")
            draw("\r")


@pytest.mark.parametrize("kind", ["closed", "full", "unread"])
def test_recovery_words_that_nobody_can_see_finish_no_archive(tmp_path: Path, kind: str) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    password = tmp_path / "pw"
    password.write_text("three blind mice\n")
    password.chmod(0o600)
    words = ("archive", "init", tmp_path / "a", "--mirror", tmp_path / "m")
    words = (*words, "--password-file", password)
    code = "import sys; from workbench.cli.main import main; sys.exit(main())"
    targets = {"closed": ">&-", "full": ">/dev/full", "unread": ""}
    done = subprocess.run(
        ["/bin/sh", "-c", f'exec "$@" {targets[kind]}', "sh", sys.executable, "-c", code, *words],
        stdout=writer, stderr=subprocess.PIPE, check=False,
    )  # fmt: skip
    os.close(writer)
    assert done.returncode == 1
    [*_, told] = done.stderr.decode().splitlines()
    assert "the recovery words cannot be shown" in told
    assert b"Traceback" not in done.stderr
    assert (tmp_path / "a" / "unfinished").exists()
    assert (tmp_path / "m" / "unfinished").exists()


@pytest.mark.parametrize("words", [["--help"], ["event", "export", "--help"], ["doctor"]])
def test_a_full_standard_output_is_one_sentence(
    words: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with Path("/dev/full").open("w") as full:
        monkeypatch.setattr("sys.stdout", full)
        assert main(words) == 1
    [told] = capsys.readouterr().err.splitlines()
    assert "standard output cannot be written (No space left on device)" in told


def test_a_path_that_is_too_long_is_named_itself(tmp_path: Path) -> None:
    name = "n" * 300
    with pytest.raises(OSError, match="File name too long") as refused:
        enclosing_archive(tmp_path / name)
    assert refused.value.filename == str(tmp_path / name)
    with pytest.raises(ArchiveError, match=f"{name}.*File name too long"):
        read_info(tmp_path / name)
