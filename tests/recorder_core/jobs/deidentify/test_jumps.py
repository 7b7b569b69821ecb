"""Videos in which the picture jumps: time cannot tell where faces are, so that they are searched.

Where the faces are is known from how the frames were drawn; whether one is bare is measured in
what FFmpeg decodes of the copy.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import numpy as np
import pytest
from numpy.typing import NDArray

from recorder_core.detect.weights.drawn_faces import DRAWN_FACES_XYXY_PX
from recorder_core.jobs import DeidentifyRequest, deidentify_video
from recorder_core.media.encode.synthesis import SynthesisSettings, write_video
from recorder_core.model import Planes
from tests.conftest import RATE, drawn_planes

WIDTH, HEIGHT = 384, 192
FRAMES: Final = 40
#: correlation of a face with what the copy shows, above which it is as it was
BARE: Final = 0.93
#: every second frame is searched whatever it shows; the faces are in some of the others
FLASHES: Final = {7, 17, 27, 37}
#: from frame to frame of the time lapse everybody is elsewhere
STEP_PX: Final = 98


def _moved(index: int) -> int:
    return index * STEP_PX % WIDTH


def _time_lapse(index: int) -> Planes:
    still = drawn_planes(0)
    y, u, v = (
        np.roll(plane, _moved(index) * plane.shape[1] // WIDTH, axis=1)
        for plane in (still.y, still.u, still.v)
    )
    return Planes(y, u, v)


def _flash(index: int) -> Planes:
    """Return a wall, and for an instant the faces before it."""
    if index in FLASHES:
        return drawn_planes(0)
    chroma = np.full((HEIGHT // 2, WIDTH // 2), 128, np.uint8)
    return Planes(np.full((HEIGHT, WIDTH), 60, np.uint8), chroma, chroma)


def _boxes(index: int, left_px: int) -> list[NDArray[np.int64]]:
    """Return the faces that do not lie across the edge."""
    boxes = np.rint(DRAWN_FACES_XYXY_PX).astype(np.int64)
    boxes[:, ::2] += left_px
    boxes[boxes[:, 0] >= WIDTH, ::2] -= WIDTH
    return [box for box in boxes if box[2] <= WIDTH]


def _luma(path: Path) -> NDArray[np.uint8]:
    command = ["ffmpeg", "-v", "error", "-i", str(path), "-f", "rawvideo", "-pix_fmt", "gray"]
    command += ["-fps_mode", "passthrough", "-"]
    raw = subprocess.run(command, check=True, capture_output=True).stdout
    return np.frombuffer(raw, np.uint8).reshape(-1, HEIGHT, WIDTH)


def _likeness(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> float:
    """Return the correlation of two pictures; 0 where one is of one grey."""
    a, b = (each.ravel() - each.mean() for each in (one, other))
    return float(a @ b / (np.linalg.norm(a) * np.linalg.norm(b) + 1e-6))


@pytest.mark.parametrize(
    ("drawn_frame", "shown"),
    [
        (_time_lapse, [(index, _moved(index)) for index in range(FRAMES)]),
        (_flash, [(index, 0) for index in sorted(FLASHES)]),
    ],
    ids=["time lapse", "flashes of another picture"],
)
def test_no_face_is_bare_where_the_picture_jumps(
    drawn: Any,
    tmp_path: Path,
    drawn_frame: Callable[[int], Planes],
    shown: list[tuple[int, int]],
) -> None:
    source, output = tmp_path / "source.mp4", tmp_path / "copy.mp4"
    settings = SynthesisSettings(Fraction(RATE), 2_000_000, keyframe_seconds=0.5)
    silence = np.zeros(48_000 // RATE, np.float32)
    write_video(source, ((drawn_frame(index), silence) for index in range(FRAMES)), settings)
    request = DeidentifyRequest(source=source, output=output, options=drawn.options)
    report = deidentify_video(request).report
    before, after = _luma(source), _luma(output)
    likeness = [
        _likeness(*(luma[index, y0:y1, x0:x1] for luma in (before, after)))
        for index, left_px in shown
        for x0, y0, x1, y1 in _boxes(index, left_px)
    ]
    assert len(likeness) >= 3 * len(FLASHES)
    assert max(likeness) < BARE
    # the wall between the flashes is not searched more often than usual
    most = FRAMES if drawn_frame is _time_lapse else FRAMES // 2 + 3 * len(FLASHES)
    assert (report.detection_frames or 0) <= most
