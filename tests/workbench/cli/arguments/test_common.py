from __future__ import annotations

import argparse
from pathlib import Path

import pytest

from workbench.cli.arguments.common import output_path, parse_seconds
from workbench.cli.main import build_parser, main

COMMANDS = [
    ["audit", "export", "--archive", "A", "--user", "adam", "-o", "OUT", "--overwrite"],
    ["report", "EVENT", "--archive", "A", "--user", "rita", "-o", "OUT"],
    ["event", "export", "EVENT", "--archive", "A", "--user", "rita", "-o", "OUT"],
    ["event", "copy", "EVENT", "--archive", "A", "--user", "rita", "-o", "OUT"],
    ["event", "open-copy", "EVENT", "--archive", "A", "--user", "rita", "-o", "OUT"],
    ["deidentify", "video.mp4", "-o", "OUT", "--overwrite"],
    ["detect", "video.mp4", "-o", "OUT", "--overwrite"],
    ["archive", "renew-recovery", "--archive", "A", "--user", "adam", "--recovery-svg", "OUT"],
]


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    folder = tmp_path / "a"
    (folder / "events" / "one").mkdir(parents=True)
    (folder / "archive.json").write_text("{}")
    return folder


@pytest.mark.parametrize("command", COMMANDS, ids=lambda words: " ".join(words[:2]))
@pytest.mark.parametrize("place", ["catalog.db", "events/one/original.1.key", "new/deeper/x"])
def test_nothing_is_written_into_an_archive(
    archive: Path, command: list[str], place: str, capsys: pytest.CaptureFixture[str]
) -> None:
    words = [str(archive / place) if word == "OUT" else word for word in command]
    with pytest.raises(SystemExit) as ended:
        main([str(archive) if word == "A" else word for word in words])
    assert ended.value.code == 2
    assert f"lies in {archive}, the folder of an archive" in capsys.readouterr().err
    assert sorted(path.name for path in archive.rglob("*")) == ["archive.json", "events", "one"]


def test_a_link_into_an_archive_leads_into_it(archive: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(archive / "events")
    with pytest.raises(argparse.ArgumentTypeError, match="the folder of an archive"):
        output_path(str(tmp_path / "link" / "x"))
    assert output_path(str(tmp_path / "x")) == tmp_path / "x"


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("83.5", 83.5),
        ("1:23.5", 83.5),
        ("0:01:23.5", 83.5),
        ("90", 90.0),
        ("100:00", 6000.0),
        ("0:02.6", 2.6),
        (".5", 0.5),
    ],
)
def test_times(text: str, seconds: float) -> None:
    assert parse_seconds(text) == pytest.approx(seconds)


@pytest.mark.parametrize("text", ["", "a", "-1", "1:60", "1:2:3:4", "1e3", "1.", "nan", "1:61:00"])
def test_texts_that_are_no_time(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="is not a time; write seconds"):
        parse_seconds(text)


@pytest.mark.parametrize(
    ("words", "option"),
    [
        (("view", "a.mp4", "--stop"), "--stop"),
        (("deidentify", "a.mp4", "-o", "b.mp4", "--start"), "--start"),
        (("detect", "a.mp4", "-o", "b", "--stop"), "--stop"),
        (("corrections", "add", "a.parquet", "--seconds", "0:01"), "--seconds"),
        (("event", "mark", "e", "incision", "--at"), "--at"),
        (("event", "mark", "e", "incision", "--at", "0:01", "--until"), "--until"),
        (("event", "screenshot", "e", "--at"), "--at"),
    ],
)
def test_a_text_that_is_no_time_is_refused_in_one_sentence(
    words: tuple[str, ...], option: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main([*words, "0:3x"])
    assert ended.value.code == 2
    error = capsys.readouterr().err
    assert error.startswith(f"workbench: argument {option}: '0:3x' is not a time; write seconds")
    assert error.count("\n") == 1


def test_every_command_that_takes_a_time_takes_minutes() -> None:
    parse = build_parser().parse_args
    assert parse(["deidentify", "a", "-o", "b", "--start", "0:01", "--stop", "1:02.5"]).stop == 62.5
    assert parse(["detect", "a", "-o", "b", "--stop", "1:02.5"]).stop == 62.5
    assert parse(["view", "a", "--stop", "0:03"]).stop == 3
    assert parse(["corrections", "add", "a", "--seconds", "0:02.6", "1:00"]).seconds == [2.6, 60]
    assert parse(["event", "mark", "e", "k", "--at", "0:03", "--until", "4"]).until == 4
    assert parse(["event", "screenshot", "e", "--at", "0:03", "--at", "4"]).at == [3, 4]
