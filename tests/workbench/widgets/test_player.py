from __future__ import annotations

import io
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from traitlets import TraitError

from recorder_core.errors import DataError
from recorder_core.media import open_video
from recorder_core.model import PlannedRedaction, Redaction
from tests.workbench.widgets.hosting import burned_number, write_numbered
from workbench.widgets import FramePictures, Player, Screenshot, pack_boxes

PNG = b"\x89PNG\r\n\x1a\n" + bytes(20)


def test_a_player_has_the_times_of_the_videos_own_frames(tmp_path: Path) -> None:
    times = [0, 20, 75, 115]
    with open_video(write_numbered(tmp_path / "a.mp4", times)) as video:
        player = Player.of_video(video, "/a.mp4")
    seconds = np.frombuffer(player.frame_seconds, np.float64)
    assert seconds.round(3).tolist() == [0, 0.02, 0.075, 0.115]
    assert player.end_seconds > seconds[-1]
    player.show_frame(2)
    assert player.seek == (seconds[2], 1)
    with pytest.raises(DataError, match="frame 4 is not one of the video's 4 frames"):
        player.show_frame(4)


def test_boxes_are_packed_in_order_of_frames_without_lifted_ones() -> None:
    late = Redaction(7, (1, 2, 3, 4), "filled", 5, float("nan"))
    early = Redaction(2, (10, 20, 30, 40), "detected", 1, 0.5)
    rows = np.frombuffer(
        pack_boxes([late, PlannedRedaction(early), PlannedRedaction(early, applied=False)]),
        np.float32,
    ).reshape(-1, 8)
    assert rows[0].tolist() == [2, 1, 10, 20, 30, 40, 0.5, 0]
    assert rows[1, :6].tolist() == [7, 5, 1, 2, 3, 4]
    assert np.isnan(rows[1, 6])
    assert rows[1, 7] == 1


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("_esm", "alert(1)", "its bundle and nothing else"),
        ("_css", "*{}", "its bundle and nothing else"),
        ("url", "javascript:alert(1)", "begins with /"),
        ("copy_url", "file:///etc/passwd", "begins with /"),
        ("frame_seconds", b"123", "8 bytes each"),
        ("frame_seconds", np.array([1.0, 1.0]).tobytes(), "strictly increasing"),
        ("boxes", b"1234", "8 numbers"),
        ("boxes", np.full(8, np.nan, np.float32).tobytes(), "finite numbers"),
        ("markers", [{"label": "a", "seconds": 1, "html": "x"}], "nothing else"),
        ("markers", [{"label": 7, "seconds": 1}], "is a text"),
        ("views", [{"name": "a", "x": 0, "y": 0, "w": 0, "h": 1}], "at least one pixel"),
        ("loop", [2.0, 1.0], "a later stop"),
        ("loop", [0.0, float("inf")], "not a finite number"),
        ("threshold", 2.0, "not be greater than 1.0"),
        ("language", "xx", "any of"),
    ],
)
def test_a_browser_cannot_set_what_is_not_meant(name: str, value: Any, message: str) -> None:
    player = Player()
    before = getattr(player, name)
    with pytest.raises(TraitError, match=message):
        player.set_state({name: value})
    assert getattr(player, name) == before


def test_a_screenshot_arrives_and_what_is_none_does_not() -> None:
    kept: list[Screenshot] = []
    times = np.arange(3.0).tobytes()
    player = Player(frame_seconds=times, end_seconds=3.0, on_screenshot=kept.append)
    shot = {"kind": "screenshot", "frame": 2, "which": "copy"}
    for content, buffers in [
        (shot, [PNG]),
        (shot, [b"<svg/>"]),
        (shot, []),
        ({**shot, "frame": 3}, [PNG]),
        ({**shot, "frame": "2"}, [PNG]),
        ({**shot, "which": "../x"}, [PNG]),
        ({"kind": "other"}, [PNG]),
    ]:
        player._handle_custom_msg(content, buffers)
    assert kept == [Screenshot(2, "copy", PNG)]
    assert repr(kept[0]) == "Screenshot(frame 2 of the copy, 28 bytes)"


def test_frames_without_an_address_are_sent_as_pictures(tmp_path: Path) -> None:
    path = write_numbered(tmp_path / "a.mp4", [0, 40, 80])
    pictures = FramePictures(partial(open_video, path))
    with open_video(path) as video:
        player = Player.of_video(video, "", pictures={"copy": pictures})
    sent: list[tuple[dict[str, Any], list[bytes]]] = []
    player.send = lambda content, buffers=(): sent.append((content, [*buffers]))
    assert player.pictured == ["copy"]
    with pytest.raises(TraitError, match="read-only"):
        player.pictured = ["original"]
    for which, frame in (("original", 0), (["copy"], 0), ("copy", 3), ("copy", -1), ("copy", "1")):
        player._handle_custom_msg({"kind": "picture", "which": which, "frame": frame}, [])
    assert sent == []
    player._handle_custom_msg({"kind": "picture", "which": "copy", "frame": 2}, [])
    ((content, (jpeg,)),) = sent
    assert content == {"kind": "picture", "which": "copy", "frame": 2}
    assert burned_number(np.asarray(Image.open(io.BytesIO(jpeg)))) == 2
    player.close()
    path.unlink()
    player._handle_custom_msg({"kind": "picture", "which": "copy", "frame": 0}, [])
    content, buffers = sent[-1]
    assert buffers == []
    assert "a.mp4" in content["message"]
