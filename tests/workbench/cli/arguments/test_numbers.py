"""Every option of every command says in one sentence, by its own name, what it takes."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from recorder_core.archive import Argon2Settings
from recorder_core.deidentify.redaction import RedactionSettings
from recorder_core.simulate import SimulationSettings
from recorder_core.simulate.people.staff import MAX_FACES
from workbench.cli.arguments.common import output_path
from workbench.cli.arguments.numbers import frame_rate, number, whole_number
from workbench.cli.main import build_parser

BAD_NUMBERS = ("-1", "nan", "inf", "1e400", "9" * 5000, "word", "", "0x1")
#: a name of the code
IDENTIFIER = re.compile(r"[a-z0-9]+_[a-z0-9_]+|\b[A-Z][a-z]+[A-Z]\w+")


def _options(
    parser: argparse.ArgumentParser, path: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], argparse.Action]]:
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for name, child in action.choices.items():
                yield from _options(child, (*path, name))
        elif action.option_strings:
            yield path, action


PARSER = build_parser()
OPTIONS = list(_options(PARSER))
NUMBERS = [
    (path, action)
    for path, action in OPTIONS
    if action.type not in (None, Path, output_path) and action.metavar != "STRING"
]
CHOICES = [(path, action) for path, action in OPTIONS if action.choices]


def _refusal(words: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    with pytest.raises(SystemExit) as ended:
        PARSER.parse_args(words)
    assert ended.value.code == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1
    return captured.err


def _name(case: Any) -> str:
    return " ".join(case) if isinstance(case, tuple) else "/".join(case.option_strings)


def test_the_walk_finds_the_options_of_all_commands() -> None:
    assert len(NUMBERS) > 50
    assert len(CHOICES) > 20
    assert not [_name(action) for _, action in OPTIONS if action.type in (int, float, Fraction)]


@pytest.mark.parametrize(("path", "action"), NUMBERS, ids=_name)
def test_a_number_that_an_option_does_not_take_is_refused_by_its_name(
    path: tuple[str, ...],
    action: argparse.Action,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    count = action.nargs if isinstance(action.nargs, int) else 1
    for bad in BAD_NUMBERS:
        error = _refusal([*path, action.option_strings[-1], *[bad] * count], capsys)
        assert error.startswith(f"workbench: argument {_name(action)}: ")
        assert not IDENTIFIER.search(error)
        assert "invalid" not in error
        assert len(error) < 250
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("path", "action"), CHOICES, ids=_name)
def test_a_word_that_is_no_choice_is_refused_by_its_name(
    path: tuple[str, ...], action: argparse.Action, capsys: pytest.CaptureFixture[str]
) -> None:
    error = _refusal([*path, action.option_strings[-1], "some-other-word"], capsys)
    assert error.startswith(f"workbench: argument {_name(action)}: ")
    for choice in action.choices or ():
        assert f"'{choice}'" in error
        error = error.replace(f"'{choice}'", "")
    assert not IDENTIFIER.search(error)


@pytest.mark.parametrize(
    ("option", "least", "most"),
    [
        ("--batch-size", "1", "256"),
        ("--every", "1", None),
        ("--qp", "1", "51"),
        ("--min-psnr", "40", "55"),
        ("--encoder-threads", "1", "128"),
        ("--scale", "32", "8192"),
        ("--threshold", "0.1", "1"),
        ("--redaction-scale", "0", "2.5"),
        ("--max-bit-rate", "100000", None),
    ],
)
def test_what_the_command_line_takes_the_program_takes(
    option: str, least: str, most: str | None, capsys: pytest.CaptureFixture[str]
) -> None:
    from recorder_core.jobs import DeidentifyOptions

    for value in filter(None, (least, most)):
        parsed = PARSER.parse_args(["deidentify", "a.mp4", "-o", "b.mp4", option, value])
        DeidentifyOptions.from_arguments(vars(parsed))
    for bad in (
        str(float(least) - 0.01),
        "0.04" if least != "0" else "-0.1",
        "1e9" if most else "x",
    ):
        error = _refusal(["deidentify", "a.mp4", "-o", "b.mp4", option, bad], capsys)
        assert f"argument {option}: '{bad}' is not a" in error


def test_the_other_limits_are_those_of_the_program() -> None:
    assert RedactionSettings.scaled(2.5, "cells")
    assert Argon2Settings(memory_kib=4096 << 10, iterations=64, lanes=64)
    assert SimulationSettings(faces=MAX_FACES)
    assert MAX_FACES == 8


def test_numbers_are_read_with_both_ends() -> None:
    assert [whole_number(1, 3)(text) for text in ("1", "3", " 2 ")] == [1, 3, 2]
    assert [number(0, 1)(text) for text in ("0", "1", "1e-3", ".5")] == [0, 1, 0.001, 0.5]
    assert [frame_rate(text) for text in ("30", "30000/1001", "12.5")] == [
        30,
        Fraction(30000, 1001),
        Fraction(25, 2),
    ]
    for text in ("0", "1/0", "-5", "2000", "a/b"):
        with pytest.raises(argparse.ArgumentTypeError, match="such as 30 or 30000/1001"):
            frame_rate(text)
    with pytest.raises(argparse.ArgumentTypeError, match=r"'0' is not a number above 0, up to 2"):
        number(0, 2, above=True)("0")
