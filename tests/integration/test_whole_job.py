from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from recorder_core.jobs import score_copy, sidecar
from recorder_core.jobs.pipeline.stage_rows import STAGES, TEN_STAGES
from recorder_core.media import decode_frames, index_frames, probe
from recorder_core.media.audio.packets import audio_packets
from recorder_core.media.container.probe import open_media
from recorder_core.model import View
from recorder_core.tables import read_detections, read_redactions
from tests.integration.documents.blocks import ROOT


def _sound(path: Path) -> Iterator[tuple[int, float, bytes]]:
    with open_media(path) as container:
        tracks = list(container.streams.audio)
        for packet in audio_packets(container, tracks):
            yield packet.stream_index, float(packet.pts * packet.time_base), bytes(packet)


def test_the_copy_has_the_size_times_and_tags_of_the_source(whole_job: Any) -> None:
    source, copy = probe(whole_job.source), probe(whole_job.output)
    assert copy.video.average_frame_rate == source.video.average_frame_rate
    for name in (
        "width", "height", "display_matrix", "color_primaries",
        "color_transfer", "color_matrix", "color_range", "sample_aspect_ratio",
    ):  # fmt: skip
        assert getattr(copy.video.format, name) == getattr(source.video.format, name), name
    assert copy.duration_seconds == pytest.approx(source.duration_seconds, abs=0.001)
    before, after = index_frames(source), index_frames(copy)
    assert len(before) == len(after) == 60
    np.testing.assert_allclose(
        after.pts * float(copy.video.time_base), before.pts * float(source.video.time_base)
    )
    assert len(list(decode_frames(copy, after))) == 60


def test_the_sound_is_copied_byte_for_byte(whole_job: Any) -> None:
    source, copy = list(_sound(whole_job.source)), list(_sound(whole_job.output))
    assert len(source) > 150
    assert [packet[2] for packet in copy] == [packet[2] for packet in source]
    assert [packet[1] for packet in copy] == pytest.approx([packet[1] for packet in source])


def test_no_face_is_visible_for_even_one_frame(whole_job: Any) -> None:
    after = score_copy(whole_job.output, whole_job.truth)["after"]
    assert after.faces > 100
    assert after.hidden_share == 1.0
    assert after.longest_exposure_frames == 0
    assert after.exposed_face_seconds == 0.0
    assert after.tracks_ever_exposed == 0


def test_smoothing_hides_no_less_than_detection_alone(whole_job: Any) -> None:
    reports = score_copy(whole_job.output, whole_job.truth)
    assert reports["after"].hidden_share >= reports["before"].hidden_share
    assert reports["after"].false_area_share < 0.15


def test_the_tables_belong_to_the_video(whole_job: Any) -> None:
    room = View(854, 480, 426, 240)
    table = read_redactions(sidecar(whole_job.output, "redactions"))
    assert len(table) > 100
    boxes = table.boxes_xyxy_px
    assert (boxes[:, :2] >= (room.x, room.y)).all()
    assert (boxes[:, 2:] <= (1280, 720)).all()
    pts = index_frames(probe(whole_job.source)).pts
    np.testing.assert_array_equal(table.pts, pts[table.frame_index])
    looked_at = [frame.frame_index for frame in
                 read_detections(sidecar(whole_job.output, "detections")).to_frames()]  # fmt: skip
    assert looked_at == list(range(60))


def test_the_room_is_proposed_as_the_view(
    whole_job: Any, tmp_path: Path, run: Callable[..., Any]
) -> None:
    ran = run("view", whole_job.source, "-o", tmp_path / "view.png", "--stop", "1", "--json")
    assert ran.status == 0
    proposed = json.loads(ran.output)
    assert proposed["layout"] == "surgery-box"
    edges = np.asarray([int(part) for part in proposed["view"].split(",")])
    assert np.abs(edges - (854, 480, 426, 240)).max() <= 2
    assert proposed["layouts"]["surgery-box"]["faces"] >= proposed["frames"]


def test_the_report_is_documented_key_by_key(whole_job: Any) -> None:
    report = json.loads(sidecar(whole_job.output, "report").read_text())
    text = (ROOT / "docs" / "copies.md").read_text(encoding="utf-8")
    assert re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE) == list(report)


def test_the_report_says_how_good_the_frame_is(whole_job: Any) -> None:
    report = json.loads(sidecar(whole_job.output, "report").read_text())
    assert report["copy"]["frames"] == report["source"]["frames"] == 60
    assert report["psnr_y_outside_redactions_db"]["min"] >= 40
    assert report["settings"]["view_px"] == "854,480,426,240"
    assert report["redactions"]["frames"] > 50


def test_the_ten_stages_are_printed_in_the_papers_order(whole_job: Any) -> None:
    lines = whole_job.ran.output.splitlines()
    printed = [line[3:].split("  ")[0] for line in lines if line[:2].strip().isdigit()]
    assert printed == [row.title for row in TEN_STAGES]
    for text in ("decoding", "tracking", "verification", "wall time", "waiting for frames"):
        assert text in whole_job.ran.output
    for path in (whole_job.output.name, sidecar(whole_job.output, "report").name):
        assert path in whole_job.ran.output


def test_the_times_explain_the_wall_time(whole_job: Any) -> None:
    content = json.loads(whole_job.times.read_text())
    assert set(content) == {
        "program", "machine", "libraries", "detector", "settings", "frames", "wall_seconds",
        "process_cpu_seconds", "process_peak_bytes", "stages", "unexplained_seconds",
    }  # fmt: skip
    assert [stage["key"] for stage in content["stages"]] == [row.key for row in STAGES.rows]
    for stage in content["stages"][:10]:
        assert stage["total_seconds"] > 0, stage["key"]
        assert stage["number"] in range(1, 11)
    wall = content["wall_seconds"]
    for thread, rest in content["unexplained_seconds"].items():
        shown = "not explained by the rows" in whole_job.ran.output
        assert abs(rest) <= 0.05 * wall or shown, thread


def test_nothing_else_lies_in_the_folder(
    whole_job: Any, files_in: Callable[[Path], dict[str, bytes]]
) -> None:
    assert set(files_in(whole_job.output.parent)) == {
        "surgery.mp4", "surgery.truth.parquet", "times.json", "copy.mp4",
        "copy.redactions.parquet", "copy.detections.parquet", "copy.report.json", "copy.view.jpg",
    }  # fmt: skip


def test_quiet_prints_nothing(
    drawn_source: Path, tmp_path: Path, run_apart: Callable[..., Any]
) -> None:
    ran = run_apart("deidentify", drawn_source, "-o", tmp_path / "copy.mp4", "--quiet")
    assert (ran.status, ran.output, ran.errors) == (0, "", "")


@pytest.mark.parametrize("name", ["h264 mkv", "h264 ts", "hevc mp4", "mpeg2 mkv", "mpeg2 mpg"])
@pytest.mark.parametrize("suffix", ["mp4", "mkv"])
def test_videos_of_other_devices(
    foreign: dict[str, Path], tmp_path: Path, run: Callable[..., Any], name: str, suffix: str
) -> None:
    output = tmp_path / f"copy.{suffix}"
    ran = run("deidentify", foreign[name], "-o", output, "--quiet", "--every", 2)
    assert (ran.status, ran.errors) == (0, "")
    assert len(index_frames(probe(output))) == 20
    assert len(read_redactions(sidecar(output, "redactions"))) == 60


def test_a_part_of_a_video(drawn_source: Path, tmp_path: Path, run: Callable[..., Any]) -> None:
    output = tmp_path / "copy.mp4"
    ran = run(*("deidentify", drawn_source, "-o", output, "--quiet", "--start", 0.5, "--stop", 1.5))
    assert (ran.status, ran.errors) == (0, "")
    copy = probe(output)
    assert len(index_frames(copy)) == 20
    assert copy.duration_seconds == pytest.approx(1.0, abs=0.06)
    table = read_redactions(sidecar(output, "redactions"))
    assert set(table.frame_index.tolist()) == set(range(10, 30))
