"""The simulated surgery as sources: files to be played, and faces where they are shown."""

from __future__ import annotations

import json
import subprocess
import wave
from contextlib import closing
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from recorder_core.composite import Compositor, PanelContent, preset_layout
from recorder_core.errors import SettingsError
from recorder_core.media import file_sha256, open_video
from recorder_core.simulate import (
    SimulatedSources,
    SimulationSettings,
    render_sources,
    simulate_sources,
    truth_in_composite,
)
from recorder_core.tables import TruthTable, read_metadata, read_truth

SMALL = SimulationSettings(
    duration_seconds=1.5, frame_rate=Fraction(12), width=448, height=252, seed=3
)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[SimulatedSources, TruthTable]:
    told: list[tuple[int, int]] = []
    folder = tmp_path_factory.mktemp("sources")
    sources = simulate_sources(folder, SMALL, lambda done, total: told.append((done, total)))
    assert told == [(done, 18) for done in range(1, 19)]
    return sources, read_truth(sources.truth)


def test_every_source_is_a_file_of_the_same_frames(
    made: tuple[SimulatedSources, TruthTable],
) -> None:
    found = {}
    for name, path in made[0].videos.items():
        words = ["-v", "error", "-of", "json", "-count_frames", "-show_streams", str(path)]
        done = subprocess.run(["ffprobe", *words], capture_output=True, text=True, check=True)
        (stream,) = json.loads(done.stdout)["streams"]
        found[name] = (stream["width"], stream["height"], int(stream["nb_read_frames"]))
    assert found == {
        "laparoscope": (336, 252, 18),
        "vital_signs": (448, 252, 18),
        "room": (448, 252, 18),
    }
    with wave.open(str(made[0].audio)) as sound:
        assert (sound.getnchannels(), sound.getsampwidth(), sound.getframerate()) == (1, 2, 48_000)
        samples = np.frombuffer(sound.readframes(100_000), "<i2")
    assert len(samples) == 72_000
    assert samples.std() > 200


def test_the_truth_is_of_the_room(made: tuple[SimulatedSources, TruthTable]) -> None:
    sources, truth = made
    metadata = read_metadata(sources.truth)
    assert metadata.source_fingerprint == file_sha256(sources.videos["room"])
    with open_video(sources.videos["room"]) as video:
        assert truth.frames == tuple(enumerate(video.index.pts.tolist()))
    boxes = np.array([face.box_xyxy_px for face in truth.faces])
    assert len(boxes) > 18
    assert (boxes.min(axis=0) >= 0).all()
    assert (boxes.max(axis=0) <= (448, 252, 448, 252)).all()
    assert boxes[:, 2].max() > 200


def test_faces_are_in_the_composite_where_the_layout_shows_them(
    made: tuple[SimulatedSources, TruthTable],
) -> None:
    _, truth = made
    layout = preset_layout("surgery-box", 1280, 720)
    shown = [(0, 0, None), (1, 512, 4), (2, 1024, 4), (3, 1536, 5)]
    moved = truth_in_composite(truth, layout, (448, 252), shown)
    assert moved.frames == ((0, 0), (1, 512), (2, 1024), (3, 1536))
    room = layout.room_view
    assert room is not None
    scale = room.width / 448
    by_frame = {
        index: [face.box_xyxy_px for face in moved.faces if face.frame_index == index]
        for index in range(4)
    }
    wanted = [
        np.array(face.box_xyxy_px) * scale + [room.x, room.y, room.x, room.y]
        for face in truth.faces
        if face.frame_index == 4
    ]
    assert by_frame[0] == []
    assert len(wanted) > 0
    assert np.array(by_frame[1]) == pytest.approx(np.array(wanted), abs=0.5)
    assert by_frame[2] == by_frame[1]
    assert by_frame[3] != by_frame[1]
    with pytest.raises(SettingsError, match="the layout shows no room"):
        truth_in_composite(truth, preset_layout("laparoscope-only"), (448, 252), shown)


def test_what_is_at_a_face_in_the_room_is_there_in_the_composite(
    made: tuple[SimulatedSources, TruthTable],
) -> None:
    sources, truth = made
    layout = preset_layout("surgery-box", 1280, 720)
    compositor = Compositor(layout, SMALL.frame_rate)
    with open_video(sources.videos["room"]) as video, closing(video.decode()) as frames:
        frame = next(frames)
    composed = compositor.compose({"room": frame}, PanelContent(), 0.0).planes.y
    moved = truth_in_composite(truth, layout, (448, 252), [(0, 0, 0)])
    faces = [face for face in truth.faces if face.frame_index == 0]
    for face, there in zip(faces, moved.faces, strict=True):
        means = [
            pixels[round(y0) : round(y1), round(x0) : round(x1)].mean()
            for pixels, (x0, y0, x1, y1) in (
                (frame.planes.y, face.box_xyxy_px),
                (composed, there.box_xyxy_px),
            )
        ]
        assert means[0] == pytest.approx(means[1], abs=6)


def test_a_face_that_the_view_cuts_off_is_left_out(
    made: tuple[SimulatedSources, TruthTable],
) -> None:
    _, truth = made
    layout = preset_layout("two-views", 1280, 720)
    cut = replace(layout, views=tuple(replace(view, fit="cover") for view in layout.views))
    shown = [(index, pts, index) for index, pts in truth.frames]
    whole, less = (truth_in_composite(truth, each, (448, 252), shown) for each in (layout, cut))
    assert len(whole.faces) == len(truth.faces)
    assert 0 < len(less.faces) < len(truth.faces)


def test_the_same_settings_give_the_same_pictures() -> None:
    first, again = (next(render_sources(SMALL)) for _ in range(2))
    other = next(render_sources(replace(SMALL, seed=4)))
    for name, planes in first.pictures.items():
        assert np.array_equal(planes.y, again.pictures[name].y)
        assert not np.array_equal(planes.y, other.pictures[name].y)
    assert first.faces == again.faces
