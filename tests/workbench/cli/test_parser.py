"""Options that load much are added when they are needed."""

from __future__ import annotations

import subprocess
import sys

import pytest

from workbench.cli.main import build_parser, main
from workbench.cli.parser import Parser


def test_what_is_put_off_is_added_once_and_before_it_is_parsed() -> None:
    added: list[str] = []

    def add(parser: Parser) -> None:
        added.append(parser.prog)
        parser.add_argument("--late")

    parser = Parser(prog="program")
    actions = parser.add_subparsers(dest="action")
    for name in ("one", "other"):
        actions.add_parser(name).add_later(add)
    assert parser.parse_args(["one", "--late", "x"]).late == "x"
    assert added == ["program one"]
    parser.complete()
    assert added == ["program one", "program other"]
    assert parser.parse_args(["other", "--late", "y"]).late == "y"


def test_a_list_of_events_does_not_load_what_de_identifying_needs() -> None:
    code = (
        "import sys; from workbench.cli import main\n"
        "status = main(['event', 'list'])\n"
        "sys.exit(status != 1 or bool({'av', 'torch', 'cv2', 'openvino'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], check=False, stdin=subprocess.DEVNULL)
    assert done.returncode == 0


def test_the_help_has_what_was_put_off(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        build_parser("event").parse_args(["event", "deidentify", "--help"])
    shown = capsys.readouterr().out
    assert all(option in shown for option in ("--view", "--work", "--allow-seen-faces", "--codec"))


def test_whoever_gives_no_command_is_told_which_there_are(
    capsys: pytest.CaptureFixture[str],
) -> None:
    for words, sentence in (
        ([], "name one command of these: record, simulate, view, deidentify"),
        (["event"], "name one action of these: list, show, import"),
    ):
        with pytest.raises(SystemExit) as stopped:
            main(words)
        assert stopped.value.code == 2
        error = capsys.readouterr().err
        assert error.startswith(f"workbench: {sentence}")
        assert error.count("\n") == 1
