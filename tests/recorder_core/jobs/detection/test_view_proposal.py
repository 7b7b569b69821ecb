from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image

from recorder_core.detect import DetectorSettings
from recorder_core.detect.weights.drawn_faces import DRAWN_FACES_XYXY_PX, draw_faces
from recorder_core.jobs import DeidentifyOptions
from recorder_core.jobs.detection.view_proposal import ViewProposal, draw_proposal, propose_view
from recorder_core.media import open_video
from recorder_core.media.encode.synthesis import SynthesisSettings, write_video
from recorder_core.model import LAYOUTS, Planes, View
from recorder_core.model.frames.colours import planes_of_rgb

OPTIONS = DeidentifyOptions(detector=DetectorSettings(long_side_px=384))
#: the lower right quarter of a composite
ROOM = View(384, 192, 384, 192)


def _composite(turned: bool, faces: bool) -> np.ndarray:
    rows, columns = np.mgrid[:192, :384]
    scene = np.stack([rows // 2 + 20, columns // 3 + 20, rows // 4 + columns // 4], axis=2)
    frame = np.tile(scene.astype(np.uint8) // 8, (2, 2, 1))
    # no two quarters that meet have one brightness anywhere
    frame[:192, 384:] += 60
    frame[192:, :384] += 40
    frame[192:, 384:] = draw_faces()[:, :, ::-1] if faces else 200
    return np.rot90(frame, 2) if turned else frame


def _write(path: Path, *, turned: bool = False, faces: bool = True) -> Path:
    planes = planes_of_rgb(np.ascontiguousarray(_composite(turned, faces)))
    limited = Planes(
        (planes.y * (219 / 255) + 16).astype(np.uint8),
        ((planes.u - 128.0) * (224 / 255) + 128).astype(np.uint8),
        ((planes.v - 128.0) * (224 / 255) + 128).astype(np.uint8),
    )

    def pictures() -> Iterator[tuple[Planes, np.ndarray]]:
        for _ in range(6):
            yield limited, np.zeros(4800, np.float32)

    settings = SynthesisSettings(Fraction(10), 4_000_000, preset="ultrafast", keyframe_seconds=0.5)
    write_video(path, pictures(), settings)
    if turned:
        data = bytearray(path.read_bytes())
        # the display matrix of the first track header (ISO/IEC 14496-12, 8.3.2, version 0)
        place = data.index(b"tkhd") + 4 + 4 + 20 + 16
        for offset in (0, 16):
            data[place + offset : place + offset + 4] = (-65536).to_bytes(4, "big", signed=True)
        path.write_bytes(data)
    return path


@pytest.fixture(scope="module")
def upright(tmp_path_factory: pytest.TempPathFactory) -> ViewProposal:
    return propose_view(_write(tmp_path_factory.mktemp("view") / "a.mp4"), OPTIONS)


def test_the_view_with_the_faces_is_proposed_by_its_name(upright: ViewProposal) -> None:
    assert (upright.width_px, upright.height_px, upright.frames) == (768, 384, 6)
    assert upright.view == ROOM
    assert upright.layout == "quad-bottom-right"
    # a face that fills half of its part is an organ that an endoscope sees
    low = [box for box in DRAWN_FACES_XYXY_PX if box[3] - box[1] <= 0.4 * ROOM.height]
    assert len(low) == 2
    assert upright.faces == {ROOM: 6 * len(low)}
    count = 6 * len(low)
    # the third layout that holds a part of the room: its right and lower two thirds
    boxed = [box for box in low if box[0] + box[2] > 2 * 128 and box[1] + box[3] > 2 * 64]
    holding = {"full": count, "quad-bottom-right": count, "surgery-box": 6 * len(boxed)}
    assert upright.layout_faces == dict.fromkeys(LAYOUTS, 0) | holding
    written = upright.to_dict()
    assert written["view"] == "384,192,384,192"
    assert written["layouts"]["quad-bottom-right"] == {"view": "384,192,384,192", "faces": count}
    assert {"view": "0,0,384,192", "faces": 0} in written["parts"]


def test_a_turned_video_has_the_same_view_as_it_is_shown(
    upright: ViewProposal, tmp_path: Path
) -> None:
    content = _write(tmp_path / "a.mp4", turned=True).read_bytes()
    with open_video(io.BytesIO(content)) as video:
        turned = propose_view(video, OPTIONS)
        assert len(video) == 6
    assert turned.view == ROOM
    assert turned.faces == upright.faces


def test_faces_are_hidden_in_the_picture_and_views_are_drawn(
    upright: ViewProposal, tmp_path: Path
) -> None:
    path = tmp_path / "view.png"
    draw_proposal(upright, path)
    with Image.open(path) as image:
        drawn = np.asarray(image.convert("RGB"), int)
    assert drawn.shape == (384, 768, 3)
    for x0, y0, x1, y1 in np.asarray(DRAWN_FACES_XYXY_PX).round().astype(int).tolist():
        across, down = (x1 - x0) // 4, (y1 - y0) // 4
        area = np.s_[y0 + down : y1 - down, x0 + across : x1 - across]
        before = draw_faces()[:, :, ::-1][area].astype(int)
        room = drawn[192:, 384:][area]
        assert (np.abs(room - before).max(axis=2) > 12).mean() > 0.5
    # the proposed view's frame is yellow, and its label stands inside, at the bottom
    assert drawn[193, 400:760].tolist() == [[255, 200, 0]] * 360
    label = drawn[370:382, 388:500]
    assert ((label == 0).all(axis=2)).mean() > 0.3
    assert ((label[:, :, 0] > 150) & (label[:, :, 2] < 60)).mean() > 0.05


def test_a_face_that_no_detection_holds_cannot_be_known_in_the_picture(
    upright: ViewProposal,
) -> None:
    source = _composite(turned=False, faces=True).astype(int)
    shown = upright.hidden_rgb.astype(int)
    # nothing finer than a cell is left where faces were seen, hidden or not
    steps = [np.abs(np.diff(each[192:, 384:], axis=1)).max() for each in (source, shown)]
    assert steps[0] > 100
    assert steps[1] <= 255 * 40 / 384
    # the others are as they were, so that the person knows which view is which
    assert np.abs(shown[:192, :384] - source[:192, :384]).mean() < 4


def test_without_faces_no_view_is_proposed(tmp_path: Path) -> None:
    proposal = propose_view(_write(tmp_path / "a.mp4", faces=False), OPTIONS)
    assert proposal.view is None
    assert proposal.layout is None
    assert proposal.faces == {}
    draw_proposal(proposal, tmp_path / "view.png")
    assert (tmp_path / "view.png").exists()


def test_the_view_of_a_chosen_stream_is_proposed(tmp_path: Path) -> None:
    room = _write(tmp_path / "room.mp4")
    both = tmp_path / "both.mkv"
    with av.open(str(room)) as source, av.open(str(both), "w") as container:
        larger: Any = container.add_stream("libx264", rate=5)
        larger.width, larger.height = 960, 768
        copied = container.add_stream_from_template(source.streams.video[0])
        for index in range(4):
            frame = av.VideoFrame.from_ndarray(np.full((1152, 960), 90, np.uint8), "yuv420p")
            frame.pts = index
            container.mux(larger.encode(frame))
        container.mux(larger.encode(None))
        for packet in source.demux(video=0):
            if packet.size:
                packet.stream = copied
                container.mux(packet)
    assert propose_view(both, replace(OPTIONS, video_stream=0)).view is None
    chosen = propose_view(both, replace(OPTIONS, video_stream=1))
    alone = propose_view(room, OPTIONS)
    assert chosen.view == alone.view
    assert (chosen.width_px, chosen.faces) == (alone.width_px, alone.faces)
