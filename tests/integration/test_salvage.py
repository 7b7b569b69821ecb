"""Damaged and cut-off recordings: what decodes is kept, what does not becomes black."""

from __future__ import annotations

import json
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from recorder_core.jobs import sidecar
from recorder_core.media import decode_frames, find_gaps, index_frames, probe

#: luma of black in limited range
BLACK = 16
_NOISE = {"preset": "ultrafast", "crf": "30", "g": "25", "bf": "2"}


def _luma(path: Path) -> list[np.ndarray[Any, Any]]:
    info = probe(path)
    return [each.planes.y for each in decode_frames(info, index_frames(info))]


def _packet_places(path: Path) -> list[tuple[int, int]]:
    """Return where each compressed frame of an MP4 lies: offset and size."""
    from recorder_core.media.container.probe import open_media

    with open_media(path) as container:
        packets = container.demux(container.streams.video[0])
        return [(each.pos, each.size) for each in packets if each.size]


@pytest.fixture
def salvage(tmp_path: Path, run: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function that salvages a file and gives output, report and what was printed."""

    def call(source: Path) -> Any:
        output = tmp_path / "copy.mp4"
        refused = run("deidentify", source, "-o", output)
        assert refused.status == 1
        assert "--salvage" in refused.sentence
        assert not output.exists()
        # some of the files are cut-off copies, in which nobody is seen any more
        ran = run("deidentify", source, "-o", output, "--salvage", "--allow-no-faces")
        assert ran.status == 0, ran.errors
        return output, json.loads(sidecar(output, "report").read_text()), ran.output

    return call


def test_a_damaged_stretch_becomes_black(
    drawn_source: Path, tmp_path: Path, salvage: Callable[..., Any]
) -> None:
    content, places = bytearray(drawn_source.read_bytes()), _packet_places(drawn_source)
    for offset, size in places[23:25]:
        content[offset + 8 : offset + size] = bytes(size - 8)
    source = tmp_path / "damaged.mp4"
    source.write_bytes(content)
    output, report, printed = salvage(source)
    assert len(index_frames(probe(output))) == 60
    # the source has a keyframe every ten frames: the damage ends there
    [[first, stop]] = report["unreadable_frames"]
    assert first <= 23
    assert stop == 30
    assert f"blacked out: frames {first} to {stop - 1}" in printed
    before, after = _luma(drawn_source), _luma(output)
    for index, frame in enumerate(after):
        if first <= index < stop:
            assert np.abs(frame.astype(int) - BLACK).max() <= 3, index
        else:
            # right of the faces there is nothing to redact
            assert np.abs(before[index].astype(int) - frame)[:, 345:].mean() < 2, index


def test_a_damaged_keyframe_takes_its_gop_with_it(
    drawn_source: Path, tmp_path: Path, salvage: Callable[..., Any]
) -> None:
    content, (offset, size) = bytearray(drawn_source.read_bytes()), _packet_places(drawn_source)[40]
    content[offset + 4 : offset + size] = b"\xff" * (size - 4)
    source = tmp_path / "damaged.mp4"
    source.write_bytes(content)
    output, report, _ = salvage(source)
    assert report["unreadable_frames"] == [[40, 50]]
    assert len(index_frames(probe(output))) == 60
    assert all(np.abs(frame.astype(int) - BLACK).max() <= 3 for frame in _luma(output)[40:50])


def _noise(path: Path) -> bytes:
    """Write six seconds of noise with B frames, a keyframe a second, and return the file."""
    numbers = np.random.default_rng(1)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25, options=_NOISE)
        stream.width, stream.height, stream.pix_fmt = 160, 120, "yuv420p"
        for index in range(150):
            planes = numbers.integers(0, 255, (180, 160), dtype=np.uint8)
            frame = av.VideoFrame.from_ndarray(planes, "yuv420p")
            frame.pts, frame.time_base = index, Fraction(1, 25)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path.read_bytes()


@pytest.mark.parametrize("suffix", ["ts", "mkv", "mp4"])
def test_frames_that_damage_took_the_time_stamps_of_are_black(suffix: str, tmp_path: Path) -> None:
    path, numbers = tmp_path / f"noise.{suffix}", np.random.default_rng(2)
    whole = _noise(path)
    for fill in (bytes(40_000), numbers.bytes(40_000)):
        for share in (0.25, 0.55):
            at = int(len(whole) * share)
            path.write_bytes(whole[:at] + fill + whole[at + len(fill) :])
            info = probe(path)
            index = index_frames(info, salvage=True)
            gaps = find_gaps(info, index)
            frames = list(decode_frames(info, index, gaps=gaps))
            assert [each.pts for each in frames] == index.pts.tolist()
            black = {place for gap in gaps for place in range(gap.first_index, gap.stop_index)}
            assert {each.frame_index for each in frames if each.is_gap} == black
            # what lies before the damage, and after the keyframe that follows it, is there
            assert 100 < len(frames) - len(black) < 150


def test_what_is_unreadable_is_not_invented_by_the_tracker_or_shown(
    drawn_source: Path, tmp_path: Path, salvage: Callable[..., Any]
) -> None:
    content, (offset, size) = bytearray(drawn_source.read_bytes()), _packet_places(drawn_source)[0]
    content[offset + size // 2 : offset + size] = bytes(size - size // 2)
    source = tmp_path / "damaged.mp4"
    source.write_bytes(content)
    output, report, _ = salvage(source)
    assert report["unreadable_frames"] == [[0, 10]]
    assert report["copy"]["frames"] == 60
    first, tenth = _luma(output)[0], _luma(output)[10]
    assert np.ptp(first) <= 3
    assert np.ptp(tenth) > 100


def test_a_cut_off_mp4_ends_where_it_was_cut(
    whole_job: Any, tmp_path: Path, salvage: Callable[..., Any]
) -> None:
    content = whole_job.output.read_bytes()
    source = tmp_path / "cut.mp4"
    source.write_bytes(content[: int(len(content) * 0.6)])
    output, report, printed = salvage(source)
    readable = len(index_frames(probe(source), salvage=True))
    assert 20 < readable < 60
    assert len(index_frames(probe(output))) == report["copy"]["frames"] == readable
    assert report["cut_off"] is True
    assert "ends before its index says so" in printed


@pytest.mark.parametrize("share", [0.4, 0.8])
def test_a_cut_off_mkv_ends_where_it_was_cut(
    foreign: dict[str, Path], tmp_path: Path, salvage: Callable[..., Any], share: float
) -> None:
    content = foreign["h264 mkv"].read_bytes()
    source = tmp_path / "cut.mkv"
    source.write_bytes(content[: int(len(content) * share)])
    output, report, _ = salvage(source)
    readable = len(index_frames(probe(source), salvage=True))
    assert 2 < readable < 20
    assert len(index_frames(probe(output))) == report["copy"]["frames"] == readable
    assert report["cut_off"] is True


def test_a_whole_video_is_not_changed_by_salvage(
    drawn_source: Path, tmp_path: Path, run: Callable[..., Any]
) -> None:
    plain, salvaged = tmp_path / "plain.mp4", tmp_path / "salvaged.mp4"
    assert run("deidentify", drawn_source, "-o", plain, "--quiet").status == 0
    assert run("deidentify", drawn_source, "-o", salvaged, "--quiet", "--salvage").status == 0
    assert plain.read_bytes() == salvaged.read_bytes()
    report = json.loads(sidecar(salvaged, "report").read_text())
    assert report["unreadable_frames"] == []
    assert report["cut_off"] is False


def test_a_copy_says_how_many_frames_at_the_beginning_it_lacks(
    foreign: dict[str, Path], tmp_path: Path, run: Callable[..., Any]
) -> None:
    content = foreign["h264 ts"].read_bytes()
    source = tmp_path / "begins_late.ts"
    source.write_bytes(content[len(content) // 4 // 188 * 188 :])
    with av.open(str(source)) as container:
        packets = sum(packet.size > 0 for packet in container.demux(video=0))
    with av.open(str(source)) as container:
        decoded = sum(1 for _ in container.decode(video=0))
    ran = run("deidentify", source, "-o", tmp_path / "copy.mp4", "--allow-no-faces")
    assert ran.status == 0, ran.errors
    report = json.loads(sidecar(tmp_path / "copy.mp4", "report").read_text())
    assert report["copy"]["frames"] == decoded
    assert report["left_out_frames"] == packets - decoded > 1
    assert f"left out: the first {packets - decoded} frames of the source" in ran.output
