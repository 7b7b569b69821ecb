from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from recorder_core.errors import Cancelled, DecodeError
from recorder_core.jobs import sidecar
from recorder_core.media import index_frames, probe
from workbench.cli import main
from workbench.cli.arguments.inputs import FilePair
from workbench.cli.deidentify.deidentify import each_input

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def short(foreign: dict[str, Path]) -> Path:
    """A video of one second."""
    return foreign["h264 mkv"]


def _run(*words: object) -> int:
    return main(["deidentify", *map(str, words), "--every", "10"])


def test_one_video(short: Path, tmp_path: Path, capsys: Capture) -> None:
    output = tmp_path / "copy.mp4"
    faces, times = tmp_path / "faces.parquet", tmp_path / "times.json"
    assert _run(short, "-o", output, "--detections", faces, "--times-file", times, "--times") == 0
    printed = capsys.readouterr().out
    for text in (str(output), "copy.report.json", "frame saving", "wall time", "PSNR-Y"):
        assert text in printed
    assert faces.read_bytes() == sidecar(output, "detections").read_bytes()
    assert json.loads(times.read_text())["frames"] == 20


def test_the_detections_may_have_the_name_of_the_table_that_is_written_anyway(
    short: Path, tmp_path: Path
) -> None:
    output = tmp_path / "copy.mp4"
    assert _run(short, "-o", output, "--detections", sidecar(output, "detections"), "--quiet") == 0
    assert sidecar(output, "detections").stat().st_size > 0


@pytest.mark.parametrize("option", ["--detections", "--times-file"])
@pytest.mark.parametrize(
    "other", ["copy.mp4", "copy.report.json", "copy.view.jpg", "mine.parquet", "weights"]
)
def test_what_the_run_reads_or_writes_otherwise_is_not_written_over(
    tmp_path: Path, capsys: Capture, option: str, other: str
) -> None:
    path = tmp_path / other
    if not other.startswith("copy"):
        path.write_bytes(b"somebody's")
    words = ("--corrections", tmp_path / "mine.parquet", "--weights", tmp_path / "weights")
    assert (
        _run(tmp_path / "s.mkv", "-o", tmp_path / "copy.mp4", *words, option, path, "--overwrite")
        == 1
    )
    assert re.search("would be written twice|is an input", capsys.readouterr().err)
    assert not path.exists() or path.read_bytes() == b"somebody's"


def test_a_copy_of_one_input_is_not_another_input(tmp_path: Path, capsys: Capture) -> None:
    first, second = tmp_path / "a.mp4", tmp_path / "a.deidentified.mp4"
    first.write_bytes(b"first")
    second.write_bytes(b"second")
    assert _run(first, second, "-o", tmp_path, "--overwrite") == 1
    assert "a.deidentified.mp4 is an input" in capsys.readouterr().err
    assert second.read_bytes() == b"second"


def test_of_a_chosen_stream_with_lowered_safety(
    short: Path, tmp_path: Path, capsys: Capture
) -> None:
    source, output = tmp_path / "two.mkv", tmp_path / "copy.mkv"
    with av.open(str(short)) as room, av.open(str(source), "w") as container:
        preview: Any = container.add_stream("libx264", rate=20)
        preview.width, preview.height = 64, 48
        copied = container.add_stream_from_template(room.streams.video[0])
        for index in range(20):
            frame = av.VideoFrame.from_ndarray(np.full((72, 64), 90, np.uint8), "yuv420p")
            frame.pts, frame.time_base = index, Fraction(1, 20)
            container.mux(preview.encode(frame))
        container.mux(preview.encode(None))
        for packet in room.demux(video=0):
            if packet.size:
                packet.stream = copied
                container.mux(packet)
    words = ("--threshold", "0.6", "--redaction-scale", "0.5", "--video-stream")
    assert _run(source, "-o", output, *words, "0", "--allow-no-faces") == 0
    copy = probe(output)
    assert (copy.video.width, copy.video.height, len(index_frames(copy))) == (64, 48, 20)
    printed = capsys.readouterr().out
    assert printed.count("LOWERED SAFETY: ") == 3
    assert "not carried over: video stream 1" in printed
    report = json.loads(sidecar(output, "report").read_text())
    assert report["source"]["video_stream"] == 0
    assert len(report["lowered_safety"]) == 3
    assert report["settings"]["smoothing"]["birth_score"] == 0.6
    assert _run(source, "-o", output, *words, "1", "--resume") == 1
    assert "made from another video, or with other settings" in capsys.readouterr().err
    assert _run(source, "-o", output, *words, "2", "--overwrite") == 1
    assert "stream 2 of two.mkv is not a video stream; its video streams are 0, 1" in (
        capsys.readouterr().err
    )


def test_a_folder_goes_into_the_container_that_was_asked_for(
    short: Path, tmp_path: Path, capsys: Capture
) -> None:
    folder, result = tmp_path / "in", tmp_path / "out"
    folder.mkdir()
    shutil.copyfile(short, folder / "a.mkv")
    assert _run(folder, "-o", result, "--quiet", "--container", "mkv") == 0
    assert probe(result / "a.deidentified.mkv").container == "matroska,webm"
    assert _run(short, "-o", tmp_path / "a.mp4", "--container", "mkv") == 1
    assert "name the output a.mkv instead" in capsys.readouterr().err


def test_a_folder_of_videos(short: Path, tmp_path: Path) -> None:
    folder, result = tmp_path / "in", tmp_path / "out"
    (folder / "day two").mkdir(parents=True)
    for name in ("a.mkv", "day two/b.mkv"):
        (folder / name).write_bytes(short.read_bytes())
    assert _run(folder, "-o", result, "--quiet") == 0
    for name in ("a.deidentified.mp4", "day two/b.deidentified.mp4"):
        assert len(index_frames(probe(result / name))) == 20


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
        assert "LOWERED SAFETY" in captured.err
    assert (result / "a.deidentified.mp4").stat() == before
    assert len(index_frames(probe(result / "b.deidentified.mp4"))) == 20
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
    # frames are searched half a second apart here
    assert lines[2].startswith("workbench: h264.deidentified.mp4: LOWERED SAFETY: faces are")
    assert lines[3:] == ["workbench: 2 of 3 inputs failed"]
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


@pytest.mark.parametrize("option", ["--corrections", "--detections", "--times-file"])
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


@pytest.mark.parametrize("option", ["--detections", "--times-file"])
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


def test_a_finished_copy_gives_its_detections_and_no_times(
    short: Path, tmp_path: Path, capsys: Capture
) -> None:
    output, table, times = tmp_path / "copy.mp4", tmp_path / "d.parquet", tmp_path / "t.json"
    assert _run(short, "-o", output, "--quiet") == 0
    assert _run(short, "-o", output, "--resume", "--detections", table) == 0
    assert capsys.readouterr().out == "copy.mp4: finished before, left as it is\n"
    assert table.read_bytes() == (tmp_path / "copy.detections.parquet").read_bytes()
    report = tmp_path / "copy.report.json"
    lowered = json.loads(report.read_text()) | {"lowered_safety": ["lower than usual"]}
    report.write_text(json.dumps(lowered))
    assert _run(short, "-o", output, "--resume", "--quiet") == 0
    assert "copy.mp4: LOWERED SAFETY: lower than usual" in capsys.readouterr().err
    assert _run(short, "-o", output, "--resume", "--times-file", times) == 1
    assert "no stage was timed and t.json is not written" in capsys.readouterr().err
    assert not times.exists()


def _failing(error: Exception) -> Callable[[FilePair], None]:
    def work(pair: FilePair) -> None:
        raise error

    return work


def test_stopping_stops_all_inputs(tmp_path: Path) -> None:
    pairs = [FilePair(tmp_path / name, tmp_path / name) for name in "ab"]
    with pytest.raises(Cancelled):
        each_input(pairs, _failing(Cancelled("stopped")))


def test_a_single_input_fails_with_its_own_error(tmp_path: Path) -> None:
    with pytest.raises(DecodeError):
        each_input([FilePair(tmp_path / "a", tmp_path / "b")], _failing(DecodeError("broken")))


def test_a_folder_that_cannot_be_made_is_one_line(
    short: Path, tmp_path: Path, capsys: Capture
) -> None:
    (tmp_path / "file").write_text("a file")
    assert _run(short, "-o", tmp_path / "file" / "copy.mp4") == 1
    errors = capsys.readouterr().err
    assert errors.startswith("workbench: the folder file cannot be made")
    assert errors.count("\n") == 1


@pytest.mark.parametrize("option", ["--times-file", "--detections"])
def test_what_cannot_be_written_is_refused_before_the_work(
    short: Path, tmp_path: Path, capsys: Capture, option: str
) -> None:
    output = tmp_path / "copy.mp4"
    # no user can make a file there
    assert _run(short, "-o", output, option, "/proc/x.json") == 1
    assert "x.json cannot be written in the folder /proc" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("option", ["--times-file", "--detections"])
def test_where_it_cannot_be_written_at_the_end_the_copy_is_said_to_be_whole(
    short: Path, tmp_path: Path, capsys: Capture, option: str
) -> None:
    output = tmp_path / "copy.mp4"
    # a disk that is full as soon as anything is written
    assert _run(short, "-o", output, "--overwrite", option, "/dev/full") == 1
    printed = capsys.readouterr()
    (line,) = printed.err.splitlines()[-1:]
    assert "cannot be written: No space left on device" in line
    assert f"the copy {output} is whole nevertheless" in line
    assert "next: watch the whole copy" in printed.out
    assert len(index_frames(probe(output))) == 20
    assert sidecar(output, "report").exists()
