"""Composed frames: where pictures lie, in which colours, what is drawn when, and what never is."""

from __future__ import annotations

import json
import subprocess
from dataclasses import replace
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image

from recorder_core.composite import (
    CompositeLayout,
    Compositor,
    LayoutView,
    PanelContent,
    StaticZone,
    preset_layout,
)
from recorder_core.composite.panels.clock import ClockPanel
from recorder_core.composite.panels.lost_signal import notice_picture
from recorder_core.errors import SettingsError
from recorder_core.media import (
    EncoderSettings,
    Frame,
    FrameEncoder,
    FrameScaler,
    open_video,
    planes_of_picture,
)
from recorder_core.model import View
from tests.recorder_core.composite.scenes import bis_board, frame_of, plain_frame, rows_of

RATE = Fraction(30)
NOTHING = PanelContent()
ROOM = LayoutView(name="room", source="camera", rectangle=View(100, 40, 320, 180))
LAYOUT = CompositeLayout(width=480, height=270, views=(ROOM,))
WHITE, BLACK = 235, 16


def composed(layout: CompositeLayout, frame: Frame | None, **more: Frame | None) -> Frame:
    return Compositor(layout, RATE).compose({"camera": frame, **more}, NOTHING, 0.0)


def with_view(**changes: Any) -> CompositeLayout:
    return replace(LAYOUT, views=(replace(ROOM, **changes),))


def bright_box(frame: Frame, level: int = 180) -> tuple[int, int, int, int]:
    """Return left, top, right and bottom of what is bright."""
    rows, columns = np.nonzero(frame.planes.y > level)
    return int(columns.min()), int(rows.min()), int(columns.max()) + 1, int(rows.max()) + 1


def boxed(width: int, height: int, box: tuple[int, int, int, int], **tags: Any) -> Frame:
    """Return a grey picture with a white box."""
    luma = np.full((height, width), 90, np.uint8)
    luma[box[1] : box[3], box[0] : box[2]] = WHITE
    return frame_of(luma, **tags)


@pytest.mark.parametrize(
    ("view", "source", "where"),
    [
        # 640x480 in 320x180: 240x180 with bars of 40 px
        ({}, boxed(640, 480, (160, 120, 480, 360)), (200, 85, 320, 175)),
        # as wide as the view: 320x240, of which 30 px are cut off above and below
        ({"fit": "cover"}, boxed(640, 480, (160, 120, 480, 360)), (180, 70, 340, 190)),
        ({"fit": "stretch"}, boxed(640, 480, (160, 120, 480, 360)), (180, 85, 340, 175)),
        # 720x576 of 64:45 is 1024x576, which has the shape of the view
        (
            {},
            boxed(720, 576, (180, 144, 540, 432), sample_aspect_ratio=Fraction(64, 45)),
            (180, 85, 340, 175),
        ),
        # 4 px of border leave 312x172: 16:9 is 306x172 there
        ({"border_px": 4}, boxed(640, 360, (0, 0, 640, 360)), (107, 44, 413, 216)),
        # enlarged, and of odd size
        ({}, boxed(161, 91, (40, 22, 121, 69)), (180, 83, 341, 176)),
    ],
)
def test_a_picture_keeps_its_shape(
    view: dict[str, Any], source: Frame, where: tuple[int, int, int, int]
) -> None:
    frame = composed(with_view(**view), source)
    assert bright_box(frame) == pytest.approx(where, abs=2)


def test_a_picture_that_is_turned_is_upright() -> None:
    turned = (0, 65536, 0, -65536, 0, 0, 0, 0, 1 << 30)
    # its left upper corner, 20 % of each side, is shown at the right
    source = boxed(180, 320, (0, 0, 36, 64), display_matrix=turned)
    assert bright_box(composed(LAYOUT, source)) == pytest.approx((356, 40, 420, 76), abs=2)


def test_around_views_all_is_black_and_a_border_is_not() -> None:
    frame = composed(with_view(border_px=4), plain_frame(640, 360, (WHITE, 128, 128)))
    y = frame.planes.y.astype(int)
    y[40:220, 100:420] = BLACK
    assert (y == BLACK).all()
    border = frame.planes.y[40:220, 100:104]
    assert (border > BLACK + 20).all()
    assert len(np.unique(border)) == 1


@pytest.fixture(scope="module")
def bars(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a file of standard definition as FFmpeg writes it: BT.601, wide pixels."""
    path = tmp_path_factory.mktemp("bars") / "bars.mp4"
    words = ["-f", "lavfi", "-i", "smptebars=size=720x576:rate=25:duration=0.2"]
    words += ["-vf", "scale=out_color_matrix=bt601:out_range=limited,setsar=64/45"]
    words += ["-pix_fmt", "yuv420p", "-colorspace", "smpte170m", "-color_range", "tv"]
    words += ["-c:v", "libx264", "-qp", "4", str(path)]
    subprocess.run(["ffmpeg", "-v", "error", *words], check=True)
    return path


def test_colours_are_those_that_ffmpeg_shows(bars: Path, tmp_path: Path) -> None:
    shown = tmp_path / "shown.png"
    words = ["-i", str(bars), "-frames:v", "1", "-vf", "scale=320:180:flags=area", str(shown)]
    subprocess.run(["ffmpeg", "-v", "error", *words], check=True)
    wanted = np.asarray(Image.open(shown).convert("RGB")).astype(int)
    with open_video(bars) as video:
        came = composed(LAYOUT, video.frame(0)).to_rgb()[40:220, 100:420].astype(int)
    # the middle of each of the seven bars, and of the grey ones below
    middles = [round((n + 0.5) * 320 / 7) for n in range(7)]
    assert came[60, middles] == pytest.approx(wanted[60, middles], abs=5)
    assert len({tuple(color) for color in wanted[60, middles].tolist()}) == 7


NOISE = np.random.default_rng(7).integers(16, 236, (480, 640)).astype(np.uint8)
ZONE = StaticZone(source="camera", rectangle=View(61, 33, 203, 41), picture_size_px=(320, 240))


@pytest.mark.parametrize("fit", ["contain", "cover", "stretch"])
@pytest.mark.parametrize("size", [(640, 480), (320, 240), (64, 48), (1280, 960)])
@pytest.mark.parametrize("matrix", [1, 5])
def test_nothing_of_a_zone_reaches_the_composite(
    fit: str, size: tuple[int, int], matrix: int
) -> None:
    width, height = size
    layout = replace(with_view(fit=fit), zones=(ZONE,))
    x0, x1 = (round(x * width / 320) for x in (61, 264))
    y0, y1 = (round(y * height / 240) for y in (33, 74))
    frames = []
    for level in (30, 220):
        luma = np.resize(NOISE, (height, width)).copy()
        half = np.full((height // 2, width // 2), 128, np.uint8)
        luma[y0:y1, x0:x1] = level
        half[y0 // 2 : y1 // 2, x0 // 2 : x1 // 2] = level
        source = plain_frame(width, height, (0, 128, 128), color_matrix=matrix)
        planes = source.writable()
        planes.y[:], planes.u[:], planes.v[:] = luma, half, half
        frames.append(composed(layout, source).planes)
    for name in ("y", "u", "v"):
        assert np.array_equal(getattr(frames[0], name), getattr(frames[1], name))
    # and not all is black
    assert (frames[0].y > 60).mean() > 0.1


def test_a_zone_is_black_in_the_picture_of_its_source() -> None:
    compositor = Compositor(replace(LAYOUT, zones=(ZONE,)), RATE)
    assert compositor.source_picture("camera") is None
    compositor.compose({"camera": plain_frame(640, 480, (WHITE, 100, 160))}, NOTHING, 0.0)
    picture = compositor.source_picture("camera")
    assert picture is not None
    assert picture.shape == (480, 640, 3)
    assert (picture[66:148, 122:528] == 0).all()
    assert (picture[200:, :, 0] > 200).all()
    with pytest.raises(SettingsError, match="no view shows the source monitor; sources are camera"):
        compositor.source_picture("monitor")


def test_a_picture_of_another_shape_than_its_zones_is_hidden_as_a_whole() -> None:
    layout = replace(LAYOUT, zones=(ZONE,))
    compositor = Compositor(layout, RATE)
    wide = plain_frame(640, 360, (WHITE, 128, 128))
    frame = compositor.compose({"camera": wide}, NOTHING, 0.0)
    assert (frame.planes.y[40:220, 100:420] == WHITE).mean() < 0.05
    picture = compositor.source_picture("camera")
    assert picture is not None
    assert not picture.any()
    usual = plain_frame(640, 480, (WHITE, 128, 128))
    frame = compositor.compose({"camera": usual}, NOTHING, 1.0)
    assert (frame.planes.y[150:200, 200:300] == WHITE).all()


def notice(heading: str, line: str) -> Any:
    picture = notice_picture(ROOM.rectangle, "room", heading, line)
    above = (180 - picture.height) // 4 * 2
    return planes_of_picture(np.asarray(picture)).y, slice(40 + above, 40 + above + picture.height)


def test_a_lost_signal_says_since_when_and_whose_fault_it_is_until_it_is_back() -> None:
    compositor = Compositor(LAYOUT, RATE)
    source = plain_frame(640, 360, (WHITE, 128, 128))
    never = compositor.compose({}, NOTHING, 0.0)
    there = compositor.compose({"camera": source}, NOTHING, 1.0)
    lost = compositor.compose({"camera": None}, NOTHING, 3725.0)
    still = compositor.compose({"camera": None}, NOTHING, 3790.0)
    busy = compositor.compose({"camera": None}, NOTHING, 3795.0, {"camera"})
    back = compositor.compose({"camera": source}, NOTHING, 3800.0)
    held = compositor.compose({}, PanelContent(start_seconds=None), 3900.0)
    begun = compositor.compose({}, PanelContent(start_seconds=3990.0), 4000.0, {"camera"})
    compositor.compose({"camera": source}, NOTHING, 4001.0)
    within = compositor.compose({}, PanelContent(start_seconds=3990.0), 4010.0)
    for frame, heading, line in (
        (never, "NO SIGNAL", "since 00:00:00"),
        (lost, "SIGNAL LOST", "since 01:02:05"),
        (still, "SIGNAL LOST", "since 01:02:05"),
        (busy, "COMPUTER TOO BUSY", "since 01:02:05"),
        (held, "SIGNAL LOST", "since before the start"),
        (begun, "COMPUTER TOO BUSY", "since before the start"),
        (within, "SIGNAL LOST", "since 00:00:20"),
    ):
        drawn, rows = notice(heading, line)
        assert np.array_equal(frame.planes.y[rows, 100:420], drawn)
    for frame in (there, back):
        assert (frame.planes.y[40:220, 100:420] == WHITE).all()


def test_frames_are_on_ticks_of_one_clock_and_have_planes_of_their_own() -> None:
    compositor = Compositor(LAYOUT, Fraction(30000, 1001))
    first = compositor.compose({"camera": plain_frame(64, 36, (50, 128, 128))}, NOTHING, 0.0)
    kept = first.planes.y.copy()
    second = compositor.compose({"camera": plain_frame(64, 36, (200, 128, 128))}, NOTHING, 10.0)
    assert [(f.frame_index, f.pts, f.duration) for f in (first, second)] == [(0, 0, 1), (1, 300, 1)]
    assert second.seconds == pytest.approx(10.01)
    assert np.array_equal(first.planes.y, kept)
    with pytest.raises(SettingsError, match="comes after one of tick 300; compose each tick once"):
        compositor.compose({}, NOTHING, 10.02)
    with pytest.raises(SettingsError, match="the frame rate is 0, but must be above 0"):
        Compositor(LAYOUT, Fraction(0))


def test_what_does_not_change_is_neither_scaled_nor_drawn_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    scaled, drawn = [], []
    scale, draw = FrameScaler.scale, ClockPanel.draw

    def counted_scale(self: FrameScaler, frame: Frame) -> Any:
        scaled.append(frame)
        return scale(self, frame)

    def counted_draw(self: ClockPanel, content: PanelContent, seconds: float) -> Any:
        drawn.append(seconds)
        return draw(self, content, seconds)

    monkeypatch.setattr(FrameScaler, "scale", counted_scale)
    monkeypatch.setattr(ClockPanel, "draw", counted_draw)
    compositor = Compositor(preset_layout("two-views", 640, 360), RATE)
    room, scope = (plain_frame(64, 36, (level, 128, 128)) for level in (50, 200))
    for tick in range(60):
        frames = {"room": room, "laparoscope": scope if tick < 40 else room}
        last = compositor.compose(frames, NOTHING, tick / 30)
    assert scaled == [scope, room, room]
    assert drawn == [0.0, 1.0]
    assert (last.planes.y[160, 40:300] == 50).all()


def test_a_label_is_written_over_each_picture() -> None:
    named = with_view(label="Câmera 2")
    compositor = Compositor(named, RATE)
    frames = [
        compositor.compose({"camera": plain_frame(640, 360, (WHITE, 128, 128))}, NOTHING, n / 30)
        for n in range(2)
    ]
    for frame in frames:
        corner = frame.planes.y[40:60, 100:180]
        assert (corner < 60).mean() > 0.4
        assert (corner > 120).any()
        assert (frame.planes.y[80:220, 100:420] == WHITE).all()


def test_the_surgery_box_shows_panels_beside_its_views() -> None:
    layout = preset_layout("surgery-box", 1280, 720)
    zero = datetime(2026, 3, 1, 23, 59, 30, tzinfo=UTC)
    content = PanelContent(
        signals=bis_board(stop=60.0), event_lines=("Évènement 12", "Salle 3"), zero_utc=zero
    )
    compositor = Compositor(layout, RATE)
    grey = plain_frame(640, 360, (90, 128, 128))
    sources = {name: grey for name in layout.sources}
    before = compositor.compose(sources, content, 59.0)
    content.signals.add(rows_of(60.0, bis=71.0, sqi=93.0))
    after = compositor.compose(sources, content, 60.0)
    for panel in layout.panels:
        place = panel.rectangle
        part = np.s_[place.y : place.y + place.height, place.x : place.x + place.width]
        assert (after.planes.y[part] > 100).any(), panel.name
        is_same = np.array_equal(before.planes.y[part], after.planes.y[part])
        assert is_same == (panel.kind == "event_strip"), panel.name
    with pytest.raises(SettingsError, match="6 lines of event data are too many; a strip holds 5"):
        PanelContent(event_lines=("line",) * 6)
    with pytest.raises(SettingsError, match="a line of event data is not printable"):
        PanelContent(event_lines=("a\nb",))
    with pytest.raises(SettingsError, match="has no time zone"):
        PanelContent(zero_utc=datetime(2026, 3, 1))


def test_composed_frames_are_encoded_as_bt709_of_limited_range(tmp_path: Path) -> None:
    path = tmp_path / "composite.mp4"
    compositor = Compositor(LAYOUT, RATE)
    with av.open(str(path), "w") as container:
        encoder = FrameEncoder(
            container, compositor.format, EncoderSettings(qp=20), frame_rate=RATE
        )
        for tick in range(45):
            source = plain_frame(640, 360, (100 + tick, 128, 128))
            frame = compositor.compose({"camera": source}, NOTHING, tick / 30)
            container.mux(encoder.encode(frame))
        container.mux(encoder.finish())
    words = ["-v", "error", "-of", "json", "-show_streams", "-show_packets", str(path)]
    done = subprocess.run(["ffprobe", *words], capture_output=True, text=True, check=True)
    found = json.loads(done.stdout)
    (stream,) = found["streams"]
    tags = ("color_space", "color_primaries", "color_transfer", "color_range", "avg_frame_rate")
    assert [stream[tag] for tag in tags] == ["bt709", "bt709", "bt709", "tv", "30/1"]
    keys = [n for n, packet in enumerate(found["packets"]) if "K" in packet["flags"]]
    assert (len(found["packets"]), keys) == (45, [0, 30])


def test_nothing_of_an_earlier_frame_is_left_in_a_buffer_that_is_used_again() -> None:
    layout = replace(
        preset_layout("surgery-box", 640, 360),
        zones=(replace(ZONE, source="room", picture_size_px=(320, 240)),),
    )
    source = {
        (width, level): plain_frame(width, 240, (level, 90, 160))
        for width in (320, 426, 80)
        for level in (60, 200)
    }
    choices = [None, *source.values()]
    numbers = np.random.default_rng(1)
    compositor, given = Compositor(layout, RATE), []
    for tick in range(60):
        given.append({name: choices[numbers.integers(len(choices))] for name in layout.sources})
        frame = compositor.compose(given[-1], NOTHING, tick / 30)
        # the consumer writes into its frame, and lets it go
        planes = frame.writable()
        if tick % 20 == 19:
            fresh = Compositor(layout, RATE)
            for before, frames in enumerate(given):
                wanted = fresh.compose(frames, NOTHING, before / 30).planes
            for name in ("y", "u", "v"):
                assert np.array_equal(getattr(planes, name), getattr(wanted, name))
        planes.y[:], planes.u[:], planes.v[:] = 77, 77, 77
        del frame, planes
