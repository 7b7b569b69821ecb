from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from recorder_core.errors import Cancelled, DecodeError
from recorder_core.jobs import sidecar
from recorder_core.media import index_pictures, probe
from workbench.cli import main
from workbench.cli.deidentify import each_input
from workbench.cli.inputs import Job

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def short(foreign: dict[str, Path]) -> Path:
    """A video of one second."""
    return foreign["h264 mkv"]


def _run(*words: object) -> int:
    return main(["deidentify", *map(str, words), "--every", "10"])


def test_one_video(short: Path, tmp_path: Path, capsys: Capture) -> None:
    output = tmp_path / "copy.mp4"
    faces, profile = tmp_path / "faces.parquet", tmp_path / "profile.json"
    assert _run(short, "-o", output, "--detections", faces, "--profile", profile, "--times") == 0
    printed = capsys.readouterr().out
    for text in (str(output), "copy.report.json", "frame saving", "wall time", "PSNR-Y"):
        assert text in printed
    assert faces.read_bytes() == sidecar(output, "detections").read_bytes()
    assert json.loads(profile.read_text())["frames"] == 20


def test_the_detections_may_have_the_name_of_the_table_that_is_written_anyway(
    short: Path, tmp_path: Path
) -> None:
    output = tmp_path / "copy.mp4"
    assert _run(short, "-o", output, "--detections", sidecar(output, "detections"), "--quiet") == 0
    assert sidecar(output, "detections").stat().st_size > 0


def test_a_folder_of_videos(short: Path, tmp_path: Path) -> None:
    folder, result = tmp_path / "in", tmp_path / "out"
    (folder / "day two").mkdir(parents=True)
    for name in ("a.mkv", "day two/b.mkv"):
        (folder / name).write_bytes(short.read_bytes())
    assert _run(folder, "-o", result, "--quiet") == 0
    for name in ("a.deidentified.mp4", "day two/b.deidentified.mp4"):
        assert len(index_pictures(probe(result / name))) == 20


def test_a_folder_goes_on_after_what_is_finished(
    short: Path, tmp_path: Path, capsys: Capture
) -> None:
    folder, result = tmp_path / "in", tmp_path / "out"
    folder.mkdir()
    shutil.copyfile(short, folder / "a.mkv")
    (folder / "notes.txt").write_text("no video")
    assert _run(folder, "-o", result) == 0
    assert "left out: notes.txt: not of a kind" in capsys.readouterr().out
    before = (result / "a.deidentified.mp4").stat()
    shutil.copyfile(short, folder / "b.mkv")
    for words in ((), ("--resume",)):
        assert _run(folder, "-o", result, *words) == 0
        captured = capsys.readouterr()
        assert "a.deidentified.mp4: finished before, left as it is" in captured.out
        assert captured.err == ""
    assert (result / "a.deidentified.mp4").stat() == before
    assert len(index_pictures(probe(result / "b.deidentified.mp4"))) == 20
    assert _run(folder, "-o", result, "--method", "solid", "--quiet") == 1
    errors = capsys.readouterr().err
    assert errors.count("made from another video, or with other settings") == 2


def test_a_finished_copy_is_no_failure_for_resume(
    short: Path, tmp_path: Path, capsys: Capture
) -> None:
    output = tmp_path / "copy.mp4"
    assert _run(short, "-o", output, "--quiet") == 0
    assert _run(short, "-o", output, "--quiet") == 1
    assert "copy.mp4 exists; give --overwrite" in capsys.readouterr().err
    assert _run(short, "-o", output, "--resume") == 0
    with output.open("ab") as file:
        file.write(b"more")
    assert _run(short, "-o", output, "--resume") == 1


def test_the_others_go_on_when_one_fails(short: Path, tmp_path: Path, capsys: Capture) -> None:
    bad = tmp_path / "bad.mp4"
    bad.write_text("no video")
    result = tmp_path / "out"
    assert _run(tmp_path / "missing.mp4", bad, short, "-o", result, "--quiet") == 1
    captured = capsys.readouterr()
    lines = captured.err.splitlines()
    assert lines[0] == "workbench: missing.mp4 does not exist; check the name"
    assert lines[1].startswith("workbench: bad.mp4 is not a video")
    assert lines[2:] == ["workbench: 2 of 3 inputs failed"]
    assert captured.out == ""
    made = {path.name for path in result.iterdir()}
    assert made == {
        f"h264.deidentified{suffix}"
        for suffix in (
            ".mp4",
            ".redactions.parquet",
            ".detections.parquet",
            ".report.json",
            ".view.jpg",
        )
    }


@pytest.mark.parametrize("option", ["--corrections", "--detections", "--profile"])
def test_files_of_one_input_are_refused_for_several(
    short: Path, tmp_path: Path, capsys: Capture, option: str
) -> None:
    assert (
        _run(short, short.with_name("hevc.mp4"), "-o", tmp_path / "o", option, tmp_path / "f") == 1
    )
    assert "belong to one input" in capsys.readouterr().err


def test_an_existing_output_is_replaced_only_when_asked(
    short: Path, tmp_path: Path, capsys: Capture
) -> None:
    output = tmp_path / "copy.mp4"
    output.write_text("somebody's")
    assert _run(short, "-o", output, "--quiet") == 1
    assert "exists; give --overwrite" in capsys.readouterr().err
    assert output.read_text() == "somebody's"
    assert _run(short, "-o", output, "--quiet", "--overwrite") == 0


@pytest.mark.parametrize("option", ["--detections", "--profile"])
def test_a_file_beside_the_output_is_replaced_only_when_asked(
    short: Path, tmp_path: Path, capsys: Capture, option: str
) -> None:
    output, other = tmp_path / "copy.mp4", tmp_path / "other"
    other.write_text("somebody's")
    assert _run(short, "-o", output, option, other, "--quiet") == 1
    assert "other exists; give --overwrite to replace it" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["other"]
    assert other.read_text() == "somebody's"
    assert _run(short, "-o", output, option, other, "--quiet", "--overwrite") == 0
    assert other.read_bytes() != b"somebody's"


def _failing(error: Exception) -> Callable[[Job], None]:
    def work(job: Job) -> None:
        raise error

    return work


def test_stopping_stops_all_inputs(tmp_path: Path) -> None:
    jobs = [Job(tmp_path / name, tmp_path / name) for name in "ab"]
    with pytest.raises(Cancelled):
        each_input(jobs, _failing(Cancelled("stopped")))


def test_a_single_input_fails_with_its_own_error(tmp_path: Path) -> None:
    with pytest.raises(DecodeError):
        each_input([Job(tmp_path / "a", tmp_path / "b")], _failing(DecodeError("broken")))


def test_a_folder_that_cannot_be_made_is_one_line(
    short: Path, tmp_path: Path, capsys: Capture
) -> None:
    (tmp_path / "file").write_text("a file")
    assert _run(short, "-o", tmp_path / "file" / "copy.mp4") == 1
    errors = capsys.readouterr().err
    assert errors.startswith("workbench: the folder file cannot be made")
    assert errors.count("\n") == 1
