from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import pytest

from recorder_core import __version__
from recorder_core.errors import Cancelled, DecodeError
from workbench.cli import doctor, main
from workbench.cli.main import build_parser

ROOT = Path(__file__).resolve().parents[3]
COMMANDS = ("simulate", "deidentify", "detect", "score", "doctor", "demo")


def _commands() -> dict[str, str]:
    """Every command and its line in ``workbench --help``."""
    actions = build_parser()._subparsers._group_actions[0]  # type: ignore[union-attr]
    return {action.dest: action.help for action in actions._choices_actions}  # type: ignore[attr-defined]


def test_these_are_the_commands_and_each_has_a_line_of_help() -> None:
    commands = _commands()
    assert set(commands) >= set(COMMANDS)
    assert all(commands.values())


def test_help_lists_every_command_and_loads_none() -> None:
    program = (
        "import sys\n"
        "from workbench.cli.main import main\n"
        "try:\n"
        "    main(['--help'])\n"
        "except SystemExit:\n"
        "    print({'numpy', 'av', 'recorder_core.media'} & set(sys.modules))\n"
    )
    words = [sys.executable, "-c", program]
    printed = subprocess.run(words, check=True, capture_output=True, text=True).stdout
    shown = printed.replace("\n", " ").split()
    for command, line in _commands().items():
        assert " ".join([command, *line.split()]) in " ".join(shown)
    assert printed.splitlines()[-1] == "set()"


@pytest.mark.parametrize("command", sorted(_commands()))
def test_every_command_has_help_and_says_what_each_option_is(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stopped:
        main([command, "--help"])
    assert stopped.value.code == 0
    text = capsys.readouterr().out
    assert text.startswith(f"usage: workbench {command}")
    assert len(text.splitlines()) > 4
    with pytest.raises(SystemExit):
        main(["--help"])
    assert f"  {command} " in capsys.readouterr().out.replace("\n", " \n")


@pytest.mark.parametrize(
    "command", ["workbench deidentify", "workbench detect", "workbench doctor", "make demo"]
)
def test_the_readme_shows_where_to_begin(command: str) -> None:
    assert command in (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("words", [[], ["fly"], ["deidentify"], ["deidentify", "a.mp4"]])
def test_wrong_usage_has_its_own_status(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(words)
    assert stopped.value.code == 2
    error = capsys.readouterr().err
    assert error.startswith("workbench: ")
    command = " deidentify" if words[:1] == ["deidentify"] else ""
    assert error.endswith(f"; see 'workbench{command} --help'\n")
    assert error.count("\n") == 1


def test_the_version_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["--version"])
    assert stopped.value.code == 0
    assert capsys.readouterr().out == f"workbench {__version__}\n"


@pytest.mark.parametrize(
    ("error", "status", "line"),
    [
        (DecodeError("a.mp4 is damaged"), 1, "workbench: a.mp4 is damaged"),
        (Cancelled("2 segments are kept."), 130, "workbench: stopped. 2 segments are kept."),
        (KeyboardInterrupt(), 130, "workbench: stopped."),
        (PermissionError(13, "Permission denied", "/folder/a.json"), 1,
         "workbench: a.json cannot be read or written: Permission denied"),
        (OSError("odd"), 1, "workbench: a file cannot be read or written: OSError"),
    ],
)  # fmt: skip
def test_errors_become_one_line_and_a_status(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    error: BaseException,
    status: int,
    line: str,
) -> None:
    def fail() -> None:
        raise error

    monkeypatch.setattr(doctor, "machine_facts", fail)
    assert main(["doctor"]) == status
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", line + "\n")


@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP"])
def test_it_stops_like_ctrl_c_and_is_as_before_afterwards(name: str) -> None:
    code = (
        "import os, signal, sys\n"
        "from workbench.cli import doctor, main\n"
        f"number = signal.{name}\n"
        "signal.signal(number, signal.SIG_DFL)\n"
        "doctor.machine_facts = lambda: os.kill(os.getpid(), number)\n"
        "status = main(['doctor'])\n"
        "sys.exit(status if signal.getsignal(number) is signal.SIG_DFL else 1)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (130, "workbench: stopped.\n")


def test_what_nohup_started_goes_on_when_the_terminal_closes() -> None:
    code = (
        "import os, signal, sys\n"
        "from workbench.cli import doctor, main\n"
        "signal.signal(signal.SIGHUP, signal.SIG_IGN)\n"
        "facts = doctor.machine_facts\n"
        "doctor.machine_facts = lambda: os.kill(os.getpid(), signal.SIGHUP) or facts()\n"
        "status = main(['doctor'])\n"
        "sys.exit(status if signal.getsignal(signal.SIGHUP) == signal.SIG_IGN else 1)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_commands_run_in_another_thread_too(capsys: pytest.CaptureFixture[str]) -> None:
    statuses: list[int] = []
    thread = threading.Thread(target=lambda: statuses.append(main(["doctor"])))
    thread.start()
    thread.join()
    assert statuses == [0]


def test_the_installed_command_starts_without_torch_and_says_how_long_it_took() -> None:
    code = (
        "import sys, time\nstart = time.process_time()\nfrom workbench.cli import main\n"
        "status = main(['doctor'])\n"
        "print(f'doctor: {time.process_time() - start:.2f} s of processor time', file=sys.stderr)\n"
        "sys.exit(status or 'torch' in sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "doctor: " in done.stderr
    assert "de-identification will use" in done.stdout
