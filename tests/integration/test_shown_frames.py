"""Faces are hidden where a player shows them, however the frames are stored."""

from __future__ import annotations

import json
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from recorder_core.jobs import sidecar
from recorder_core.tables import read_redactions
from tests.conftest import drawn_planes
from tests.integration.conftest import Ran
from tests.recorder_core.media.container.test_crop import crop_mp4
from workbench.cli import main

ONE = 1 << 16
FRAMES = 12
#: a, b, c, d of a display matrix -> how shown pixels are stored, and stored ones shown
MATRICES: dict[
    tuple[int, int, int, int],
    tuple[Callable[[NDArray[np.uint8]], NDArray[np.uint8]], Callable[..., NDArray[np.uint8]]],
] = {
    (1, 0, 0, 1): (lambda shown: shown, lambda stored: stored),
    (-1, 0, 0, 1): (np.fliplr, np.fliplr),
    (1, 0, 0, -1): (np.flipud, np.flipud),
    (-1, 0, 0, -1): (lambda shown: np.rot90(shown, 2), lambda stored: np.rot90(stored, 2)),
    (0, 1, -1, 0): (lambda shown: np.rot90(shown, 1), lambda stored: np.rot90(stored, -1)),
    (0, -1, 1, 0): (lambda shown: np.rot90(shown, -1), lambda stored: np.rot90(stored, 1)),
    (0, 1, 1, 0): (np.transpose, np.transpose),
    (0, -1, -1, 0): (
        lambda shown: np.rot90(shown.T, 2),
        lambda stored: np.rot90(stored, 2).T,
    ),
}


def _write(path: Path, matrix: tuple[int, int, int, int]) -> None:
    """Write the drawn faces, stored so that a matrix shows them upright."""
    a, b, c, d = (number * ONE for number in matrix)
    store = MATRICES[matrix][0]
    with av.open(str(path), "w") as container:
        options = {"preset": "ultrafast", "crf": "12", "g": "10", "bf": "0"}
        stream = container.add_stream("libx264", rate=20, options=options)
        stream.set_display_matrix((a, b, 0, c, d, 0, 0, 0, 1 << 30))
        for place in range(FRAMES):
            planes = [
                np.ascontiguousarray(store(plane))
                for plane in (drawn_planes(place).y, drawn_planes(place).u, drawn_planes(place).v)
            ]
            height, width = planes[0].shape
            if not place:
                stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
            packed = np.concatenate([plane.ravel() for plane in planes]).reshape(-1, width)
            frame = av.VideoFrame.from_ndarray(packed, "yuv420p")
            frame.pts, frame.time_base = place, Fraction(1, 20)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def _shown(path: Path, matrix: tuple[int, int, int, int]) -> NDArray[np.float64]:
    """Return the luma of every frame as the matrix says that it is shown."""
    with av.open(str(path)) as container:
        frames = [frame.to_ndarray()[: frame.height] for frame in container.decode(video=0)]
    return np.stack([MATRICES[matrix][1](frame) for frame in frames]).astype(float)


def _hidden(copy: Path, matrix: tuple[int, int, int, int]) -> NDArray[np.bool_]:
    """Return where the frames that are shown are redacted, by the table of a copy."""
    stored = MATRICES[matrix][0](np.zeros((192, 384), np.uint8)).shape
    frames = np.zeros((FRAMES, *stored), bool)
    for redaction in read_redactions(sidecar(copy, "redactions")).to_redactions():
        x0, y0, x1, y1 = (round(edge) for edge in redaction.box_xyxy_px)
        frames[redaction.frame_index, max(y0, 0) : y1, max(x0, 0) : x1] = True
    return np.stack([MATRICES[matrix][1](frame) for frame in frames])


def _deidentified(folder: Path, matrix: tuple[int, int, int, int], view: str) -> Path:
    source, copy = folder / "source.mp4", folder / "copy.mp4"
    _write(source, matrix)
    words = ("deidentify", source, "-o", copy, "--view", view, "--scale", "384")
    assert main([*map(str, words), "--allow-no-faces", "--quiet"]) == 0
    return copy


@pytest.fixture(scope="module")
def upright(tmp_path_factory: pytest.TempPathFactory) -> dict[str, NDArray[np.bool_]]:
    """Where the faces of the video that is stored upright are hidden, by view."""
    return {
        view: _hidden(
            _deidentified(tmp_path_factory.mktemp("upright"), (1, 0, 0, 1), view), (1, 0, 0, 1)
        )
        for view in ("full", "0,0,192,192")
    }


@pytest.mark.parametrize("matrix", list(MATRICES)[1:])
def test_copies_of_every_orientation_hide_the_same(
    matrix: tuple[int, int, int, int], upright: dict[str, NDArray[np.bool_]], tmp_path: Path
) -> None:
    wanted = upright["full"]
    assert wanted.any(axis=(1, 2)).all()
    copy = _deidentified(tmp_path, matrix, "full")
    hidden = _hidden(copy, matrix)
    assert (hidden & wanted).sum() > 0.9 * (hidden | wanted).sum()
    changed = np.abs(_shown(copy, matrix) - _shown(tmp_path / "source.mp4", matrix))
    assert changed[hidden].mean() > 15
    assert np.median(changed[~hidden]) <= 2


def _write_narrow(path: Path, matrix: tuple[int, int, int, int], above: int) -> None:
    """Write the drawn faces turned, in pixels twice as wide as high, below hidden rows."""
    a, b, c, d = (number * ONE for number in matrix)
    with av.open(str(path), "w") as container:
        options = {"preset": "ultrafast", "crf": "12", "g": "10", "bf": "0"}
        stream = container.add_stream("libx264", rate=20, options=options)
        stream.set_display_matrix((a, b, 0, c, d, 0, 0, 0, 1 << 30))
        for place in range(FRAMES):
            drawn, planes = drawn_planes(place), []
            for plane, rows in ((drawn.y, above), (drawn.u, above // 2), (drawn.v, above // 2)):
                stored = MATRICES[matrix][0](plane).astype(np.uint16)
                narrow = ((stored[:, ::2] + stored[:, 1::2]) // 2).astype(np.uint8)
                # faces are in the hidden rows, too
                planes.append(np.concatenate([narrow[-rows:], narrow]))
            height, width = planes[0].shape
            if not place:
                stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
                stream.codec_context.sample_aspect_ratio = Fraction(2, 1)
            packed = np.concatenate([plane.ravel() for plane in planes]).reshape(-1, width)
            frame = av.VideoFrame.from_ndarray(packed, "yuv420p")
            frame.pts, frame.time_base = place, Fraction(1, 20)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    crop_mp4(path, width, height - above, 0, above // 2)


def test_a_video_that_is_turned_cropped_and_anamorphic_hides_the_same(
    upright: dict[str, NDArray[np.bool_]], tmp_path: Path
) -> None:
    matrix, source, copy = (0, 1, -1, 0), tmp_path / "source.mp4", tmp_path / "copy.mp4"
    _write_narrow(source, matrix, above=64)
    words = ("deidentify", source, "-o", copy, "--scale", "384", "--allow-no-faces", "--quiet")
    assert main([*map(str, words)]) == 0
    hidden = np.zeros((FRAMES, 384, 96), bool)
    for redaction in read_redactions(sidecar(copy, "redactions")).to_redactions():
        x0, y0, x1, y1 = (round(edge) for edge in redaction.box_xyxy_px)
        hidden[redaction.frame_index, max(y0, 0) : y1, max(x0, 0) : x1] = True
    shown = np.stack([MATRICES[matrix][1](np.repeat(each, 2, axis=1)) for each in hidden])
    wanted = upright["full"]
    assert (shown & wanted).sum() > 0.85 * (shown | wanted).sum()
    with av.open(str(copy)) as container:
        stream = container.streams.video[0]
        assert (stream.width, stream.height, stream.sample_aspect_ratio) == (96, 384, 2)
        frame = next(container.decode(video=0))
        assert frame.rotation in (90, -90)
        assert frame.to_ndarray()[:384].shape == (384, 96)


@pytest.mark.parametrize("matrix", [(-1, 0, 0, -1), (0, 1, 1, 0)])
def test_a_view_is_named_in_the_frame_that_is_shown(
    matrix: tuple[int, int, int, int], upright: dict[str, NDArray[np.bool_]], tmp_path: Path
) -> None:
    wanted = upright["0,0,192,192"]
    hidden = _hidden(_deidentified(tmp_path, matrix, "0,0,192,192"), matrix)
    assert wanted.any(axis=(1, 2)).all()
    assert not hidden[:, :, 200:].any()
    assert (hidden & wanted).sum() > 0.9 * (hidden | wanted).sum()


@pytest.mark.parametrize("matrix", MATRICES)
def test_the_view_of_every_orientation_is_proposed(
    matrix: tuple[int, int, int, int],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    _write(tmp_path / "source.mp4", matrix)
    assert main(["view", "source.mp4", "--stop", "0.1", "--json", "--quiet"]) == 0
    proposal = json.loads(capsys.readouterr().out)
    assert (proposal["width"], proposal["height"], proposal["view"]) == (384, 192, "0,0,384,192")
    assert proposal["layouts"]["full"]["faces"] >= proposal["frames"] > 0
    with Image.open("source.view.png") as image:
        assert image.size == (384, 192)


def test_what_a_crop_hides_is_not_in_the_copy(run: Callable[..., Ran], tmp_path: Path) -> None:
    source, copy = tmp_path / "cropped.mkv", tmp_path / "copy.mkv"
    _write(source, (1, 0, 0, 1))
    unknown_unit, crop_top = b"\x54\xb2\x81\x04", b"\x54\xbb\x81\x60"
    content = source.read_bytes()
    assert content.count(unknown_unit) == 1
    source.write_bytes(content.replace(unknown_unit, crop_top))
    ran = run("deidentify", source, "-o", copy, "--scale", "384", "--allow-no-faces", "--quiet")
    assert ran.status == 0, ran.errors
    with av.open(str(copy)) as container:
        frame = next(container.decode(video=0))
        lower = drawn_planes(0).y[96:]
        assert (frame.width, frame.height) == (384, 96)
    report = json.loads(sidecar(copy, "report").read_text())
    assert any("crop" in each for each in report["source"]["not_carried_over"])
    assert lower.shape == (96, 384)
