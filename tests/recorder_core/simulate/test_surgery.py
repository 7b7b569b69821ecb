"""The simulated surgery as a file: frames, audio and true faces belong together."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from recorder_core.media import file_sha256, index_frames, probe
from recorder_core.model import layout_view
from recorder_core.simulate import (
    SimulationResult,
    SimulationSettings,
    render_surgery,
    simulate,
)
from recorder_core.tables import TruthTable, read_metadata, read_truth

SMALL = SimulationSettings(
    duration_seconds=1.5, frame_rate=Fraction(12), width=448, height=252, seed=3
)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[SimulationResult, TruthTable]:
    folder = tmp_path_factory.mktemp("surgery")
    result = simulate(folder / "surgery.mp4", SMALL, folder / "truth.parquet")
    return result, read_truth(result.truth)


def test_video_is_what_was_asked(made: tuple[SimulationResult, TruthTable]) -> None:
    info = probe(made[0].video)
    assert made[0].frame_count == len(index_frames(info)) == SMALL.frame_count == 18
    assert (info.video.width, info.video.height) == (448, 252)
    assert info.video.codec == "h264"
    assert info.video.average_frame_rate == 12
    assert [audio.codec for audio in info.audio] == ["aac"]


def test_truth_belongs_to_the_video(made: tuple[SimulationResult, TruthTable]) -> None:
    result, truth = made
    info = probe(result.video)
    assert truth.frames == tuple(enumerate(index_frames(info).pts.tolist()))
    metadata = read_metadata(result.truth)
    assert metadata.source_fingerprint == file_sha256(result.video)
    assert metadata.time_base == info.video.time_base
    assert metadata.settings["seed"] == 3
    assert len(truth.faces) == result.face_count
    known = [face for face in truth.faces if face.state not in ("turned", "covered")]
    assert 0 < len(known) == result.recognisable_count


def test_faces_lie_in_the_room_view(made: tuple[SimulationResult, TruthTable]) -> None:
    room = layout_view("surgery-box", SMALL.width, SMALL.height)
    for face in made[1].faces:
        x0, y0, x1, y1 = face.box_xyxy_px
        assert room.x <= x0 < x1 <= room.x + room.width
        assert room.y <= y0 < y1 <= room.y + room.height
        assert 0 <= face.visible <= 1


def test_the_same_settings_give_the_same_file(
    made: tuple[SimulationResult, TruthTable], tmp_path: Path
) -> None:
    again = simulate(tmp_path / "again.mp4", SMALL, tmp_path / "again.parquet")
    assert file_sha256(again.video) == file_sha256(made[0].video)
    assert read_truth(again.truth) == made[1]


def test_another_seed_gives_other_frames() -> None:
    first, second = (
        next(render_surgery(replace(SMALL, seed=seed))).planes.y.copy() for seed in (3, 4)
    )
    assert np.mean(first != second) > 0.3


def test_matroska_with_b_frames_and_without_audio(tmp_path: Path) -> None:
    settings = replace(SMALL, audio=False, b_frames=2, faces=0)
    result = simulate(tmp_path / "surgery.mkv", settings, tmp_path / "truth.parquet")
    assert probe(result.video).audio == ()
    truth = read_truth(result.truth)
    assert truth.faces == ()
    assert len(truth.frames) == settings.frame_count


def test_every_state_occurs() -> None:
    settings = SimulationSettings(
        duration_seconds=16, frame_rate=Fraction(3), width=640, height=360
    )
    faces = [face for frame in render_surgery(settings) for face in frame.faces]
    assert {face.state for face in faces} == {
        "plain",
        "masked",
        "capped",
        "masked+capped",
        "turned",
        "covered",
    }
    assert {face.face_id for face in faces} == {0, 1, 2, 3}
    assert all(face.visible == 0 for face in faces if face.state == "turned")
    assert all(face.visible < 0.35 for face in faces if face.state == "covered")
    seen = [face for face in faces if face.state not in ("turned", "covered")]
    assert all(face.visible >= 0.35 for face in seen)
    heights = [(face.box_xyxy_px[3] - face.box_xyxy_px[1]) * 3 for face in seen]
    assert min(heights) < 30
    assert max(heights) > 70


def test_audio_and_frames_have_the_same_length() -> None:
    settings = replace(SMALL, frame_rate=Fraction(30000, 1001), duration_seconds=0.5)
    samples = [len(frame.audio) for frame in render_surgery(settings)]
    assert sum(samples) == int(len(samples) * 48_000 / settings.frame_rate)
    assert max(samples) - min(samples) <= 1
