"""A file that is damaged in its middle: every container, three kinds of damage.

What is there is counted by FFmpeg's own ffprobe, which passes over a hole in silence.
"""

from __future__ import annotations

import random
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from recorder_core.errors import DecodeError
from recorder_core.media import decode_frames, find_gaps, index_frames, probe

FRAMES, RATE = 60, 25
HOLE_BYTES = 4096
_MPEG2 = "-c:v mpeg2video -b:v 1500k -maxrate 1500k -bufsize 1M -g 12 -bf 2"
_H264 = "-c:v libx264 -preset ultrafast -b:v 1500k -g 12"
#: name -> how it is written; several hundred kilobytes each
FILES = {
    "h264.flv": f"{_H264} -ar 44100 -c:a aac",
    "h264.mkv": f"{_H264} -c:a aac",
    "h264.mp4": f"{_H264} -c:a aac -movflags +faststart",
    "fragments.mp4": f"{_H264} -c:a aac -movflags +frag_keyframe+empty_moov",
    "mjpeg.avi": "-c:v mjpeg -q:v 4 -pix_fmt yuvj420p -c:a pcm_s16le",
    "dv.mkv": "-s 720x576 -c:v dvvideo -c:a pcm_s16le",
    "mjpeg.mkv": "-c:v mjpeg -q:v 4 -pix_fmt yuvj420p -c:a pcm_s16le",
    "mpeg1.mpg": "-c:v mpeg1video -b:v 1500k -g 12 -bf 2 -c:a mp2",
    "mpeg2.vob": f"{_MPEG2} -c:a ac3",
    "h264.ts": f"{_H264} -c:a aac",
    "theora.ogv": "-c:v libtheora -b:v 1500k -g 12 -c:a libvorbis",
    "wmv2.wmv": "-c:v wmv2 -b:v 1500k -g 12 -c:a wmav2",
}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("whole")
    picture = f"testsrc2=s=192x144:r={RATE},noise=alls=20:allf=t,format=yuv420p"
    command = ["ffmpeg", "-v", "error", "-f", "lavfi", "-i", picture]
    command += ["-f", "lavfi", "-i", "sine=sample_rate=48000"]
    for name, options in FILES.items():
        command += ["-t", str(FRAMES / RATE), "-ac", "2", *options.split(), str(folder / name)]
    subprocess.run(command, check=True)
    return {name: folder / name for name in FILES}


def _by_ffprobe(path: Path, *words: str) -> list[list[str]]:
    command = ["ffprobe", "-v", "quiet", "-select_streams", "v:0", "-of", "csv=p=0", *words]
    done = subprocess.run([*command, str(path)], capture_output=True, text=True, check=True)
    return [line.split(",") for line in done.stdout.split()]


def frames_by_ffprobe(path: Path) -> int:
    return int(_by_ffprobe(path, "-count_frames", "-show_entries", "stream=nb_read_frames")[0][0])


def seconds_by_ffprobe(path: Path, place: int) -> float:
    """Return when the frame is shown that lies at a byte, after the first one."""
    rows = _by_ffprobe(path, "-show_entries", "packet=pts_time,dts_time,pos")
    times = [(float(pts if pts != "N/A" else dts), pos) for pts, dts, pos, *_ in rows]
    before = [seconds for seconds, pos in times if pos != "N/A" and int(pos) <= place]
    return before[-1] - min(seconds for seconds, _ in times)


def _zeroed(data: bytes, place: int) -> bytes:
    return data[:place] + bytes(HOLE_BYTES) + data[place + HOLE_BYTES :]


def _cut(data: bytes, place: int) -> bytes:
    return data[:place] + data[place + HOLE_BYTES :]


def _noise(data: bytes, place: int) -> bytes:
    return data[:place] + random.Random(1).randbytes(HOLE_BYTES) + data[place + HOLE_BYTES :]


DAMAGE: dict[str, Callable[[bytes, int], bytes]] = {
    "zeroed": _zeroed,
    "cut": _cut,
    "noise": _noise,
}
#: a frame has its length as before, and nothing but decoding tells what is in it
UNSEEN = {(name, "noise") for name in FILES if name.startswith(("h264.", "fragments", "mjpeg"))}


def _refusal(path: Path) -> str:
    """Return why a file is refused; empty where it is taken."""
    try:
        index_frames(probe(path))
    except DecodeError as error:
        return str(error)
    return ""


def test_whole_files_are_taken_as_ffprobe_counts_them(whole: dict[str, Path]) -> None:
    counted = {name: len(index_frames(probe(path))) for name, path in whole.items()}
    assert counted == {name: frames_by_ffprobe(path) for name, path in whole.items()}
    assert set(counted.values()) == {FRAMES}


@pytest.mark.parametrize("damage", DAMAGE)
@pytest.mark.parametrize("name", FILES)
def test_what_is_missing_is_said_with_its_time(
    whole: dict[str, Path], tmp_path: Path, name: str, damage: str
) -> None:
    path, data = tmp_path / name, whole[name].read_bytes()
    path.write_bytes(DAMAGE[damage](data, len(data) // 2))
    said = _refusal(path)
    if (name, damage) in UNSEEN and not said:
        assert frames_by_ffprobe(path) == FRAMES
        return
    seen = re.search(r"is damaged at about second (\d\.\d); .*--salvage$", said)
    assert seen, said
    expected = seconds_by_ffprobe(whole[name], len(data) // 2)
    assert float(seen[1]) == pytest.approx(expected, abs=0.5)


def test_an_mp4_file_whose_index_moved_is_not_called_a_recording_without_its_end(
    whole: dict[str, Path], tmp_path: Path
) -> None:
    """A hole before an index that comes last: nothing is where it says."""
    path = tmp_path / "last.mp4"
    command = ["ffmpeg", "-v", "error", "-i", str(whole["h264.mp4"]), "-c", "copy", str(path)]
    subprocess.run(command, check=True)
    data = path.read_bytes()
    path.write_bytes(_cut(data, len(data) // 2))
    assert "bytes are missing" in _refusal(path)
    path.write_bytes(data[: len(data) // 2])
    assert "ask the recording device to repair it" in _refusal(path)


def test_zeros_between_parts_are_padding_and_within_a_part_damage(
    whole: dict[str, Path], tmp_path: Path
) -> None:
    path, data = tmp_path / "joined.vob", whole["mpeg2.vob"].read_bytes()
    path.write_bytes(data + bytes(3 * 2048) + data + bytes(100_000))
    assert len(index_frames(probe(path))) == frames_by_ffprobe(path) == 2 * FRAMES
    place = data.index(b"\0\0\1\xba", len(data) // 2)
    path.write_bytes(_zeroed(data, place))
    assert "is damaged at about second" in _refusal(path)


@pytest.mark.parametrize("name", ["mpeg2.vob", "wmv2.wmv"])
def test_salvage_hides_what_refers_to_what_is_missing(
    whole: dict[str, Path], tmp_path: Path, name: str
) -> None:
    path, data = tmp_path / name, whole[name].read_bytes()
    path.write_bytes(_cut(data, len(data) // 2))
    info = probe(path)
    index = index_frames(info, salvage=True)
    gaps = find_gaps(info, index)
    assert FRAMES - 3 <= len(index) <= FRAMES
    source = probe(whole[name])
    original = {each.pts: each.planes.y for each in decode_frames(source, index_frames(source))}
    shown = [frame for frame in decode_frames(info, index, gaps=gaps) if not frame.is_gap]
    assert all(np.array_equal(original[frame.pts], frame.planes.y) for frame in shown)
    assert FRAMES // 2 < len(shown) < FRAMES
