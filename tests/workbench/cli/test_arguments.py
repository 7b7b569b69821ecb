from __future__ import annotations

import argparse
from pathlib import Path

import pytest

from workbench.cli.arguments import output_path
from workbench.cli.main import main

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
