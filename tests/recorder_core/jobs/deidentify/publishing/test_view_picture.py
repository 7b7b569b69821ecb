from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
from PIL import Image

from recorder_core.detect.weights.drawn_faces import DRAWN_FACES_XYXY_PX, draw_faces
from recorder_core.jobs import Allowed, deidentify_video, sidecar
from recorder_core.media.encode.synthesis import SynthesisSettings, write_video
from recorder_core.model import Planes

YELLOW = (255, 200, 0)


def _pixels(path: Path) -> np.ndarray:
    with Image.open(path) as image:
        assert image.format == "JPEG"
        return np.asarray(image.convert("RGB"), int)


def _is_yellow(pixels: np.ndarray) -> np.ndarray:
    return np.abs(pixels - YELLOW).max(axis=-1) < 70


def test_the_view_is_the_whole_frame_and_its_faces_are_hidden(finished: Path) -> None:
    shown = _pixels(sidecar(finished, "view"))
    assert shown.shape == (192, 384, 3)
    assert _is_yellow(shown[[0, 191]]).mean() > 0.9
    # the faces move by a pixel from frame to frame, twelve in all
    source = draw_faces()[:, :, ::-1].astype(int)
    for x0, y0, x1, y1 in np.asarray(DRAWN_FACES_XYXY_PX).round().astype(int).tolist():
        across, down = (x1 - x0) // 4, (y1 - y0) // 4
        face = np.s_[y0 + down : y1 - down, x0 + across : x1 - across]
        least = min(np.abs(np.roll(source, move, 1) - shown)[face].mean() for move in range(12))
        assert least > 10


def test_the_smallest_view_of_a_low_frame_is_drawn(drawn: object, tmp_path: Path) -> None:
    """Of 3000 by 2 pixels a small picture has one row, and the view 2 by 2 of one sample."""
    gray = Planes(*(np.full(shape, 128, np.uint8) for shape in ((2, 3000), (1, 1500), (1, 1500))))
    source, output = tmp_path / "low.mp4", tmp_path / "copy.mp4"
    frames = ((gray, np.zeros(4800, np.float32)) for _ in range(3))
    write_video(source, frames, SynthesisSettings(Fraction(10), 100_000, preset="ultrafast"))
    job = drawn.with_options(view="0,0,2,2")  # type: ignore[attr-defined]
    deidentify_video(job.request(output, source=source, allowed=Allowed(no_faces=True)))
    assert _pixels(sidecar(output, "view")).shape == (1, 640, 3)


def test_outside_the_view_only_cells_are_left(drawn: object, tmp_path: Path) -> None:
    output = tmp_path / "copy.mp4"
    job = drawn.with_options(view="0,0,96,192", stop_seconds=0.5)  # type: ignore[attr-defined]
    allowed = Allowed(no_faces=True, seen_faces=True)
    # of an older copy
    sidecar(output, "view").write_bytes(b"no picture")
    deidentify_video(job.request(output, overwrite=True, allowed=allowed))
    shown = _pixels(sidecar(output, "view"))
    assert _is_yellow(shown[:, [0, 1, 94, 95]]).mean() > 0.9
    # 24 cells of 16 pixels across: each is of one colour, to what JPEG adds
    cells = shown[:, 96:].reshape(12, 16, 18, 16, 3).swapaxes(1, 2)[:, 1:, 4:-4, 4:-4]
    assert cells.std(axis=(2, 3)).max() < 8
    assert cells.mean(axis=(2, 3)).std() > 10
