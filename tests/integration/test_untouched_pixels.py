"""Nothing outside a redaction changes beyond the encoder's noise.

The source is one long GOP: every frame is predicted from the one before. If a
redaction were written into the decoder's buffers, what a moving redaction had
covered would stay damaged until the end.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from recorder_core.deidentify.redaction_shape import RedactionSettings, face_shapes
from recorder_core.jobs import DeidentifyOptions, DeidentifyRequest, deidentify_video, sidecar
from recorder_core.media import (
    EncoderSettings,
    bare_transcode,
    decode_frames,
    index_frames,
    probe,
)
from recorder_core.media.encode.synthesis import SynthesisSettings, write_video
from recorder_core.model import CorrectionKeyframe, Planes, View
from recorder_core.tables import read_redactions

WIDTH, HEIGHT, COUNT = 640, 360, 40
#: pixels around a shape that the encoder's own filters may reach: a macroblock
FILTER_REACH_PX = 16
#: largest single difference that x264 makes at this quality on this frame (measured: 8,
#: in the bare transcode too), and by how much the mean may be above the bare transcode's
#: (measured: 0.5, because a redaction moves bits from one place to another)
MAX_NOISE = 12
MAX_EXTRA_NOISE = 1.0
ENCODER = EncoderSettings(preset="superfast", qp=14, gop_seconds=4)


def _frames() -> Any:
    x, y = np.arange(WIDTH + 2 * COUNT)[None], np.arange(HEIGHT)[:, None]
    waves = ((0.9, 0.3, 30), (0.23, -0.41, 25), (0.05, 0.07, 35))
    texture = 125 + sum(height * np.sin(across * x + down * y) for across, down, height in waves)
    chroma = (128 + 40 * np.sin(x[:, :320] * 0.05 + y[:180] * 0.08)).astype(np.uint8)
    for index in range(COUNT):
        y = texture[:, 2 * index : 2 * index + WIDTH].astype(np.uint8)
        yield Planes(y, chroma, chroma[:, ::-1]), None


@dataclass(frozen=True)
class Pair:
    """A source, its de-identified copy and its bare transcode, decoded."""

    before: list[Planes]
    after: list[Planes]
    bare: list[Planes]
    #: (COUNT, HEIGHT, WIDTH) bool: neither a shape, its soft edge, nor next to one
    outside: NDArray[np.bool_]


def _decoded(path: Path) -> list[Planes]:
    info = probe(path)
    return [frame.planes for frame in decode_frames(info, index_frames(info))]


def _outside(output: Path, settings: RedactionSettings) -> NDArray[np.bool_]:
    outside = np.ones((COUNT, HEIGHT, WIDTH), bool)
    regions = read_redactions(sidecar(output, "redactions")).by_frame()
    for frame, redactions in regions.items():
        whole = View(0, 0, WIDTH, HEIGHT)
        for shape in face_shapes(redactions, settings, whole, WIDTH, HEIGHT):
            x0, y0, x1, y1 = shape.clip
            reach = FILTER_REACH_PX
            outside[frame, max(0, y0 - reach) : y1 + reach, max(0, x0 - reach) : x1 + reach] = False
    return outside


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Pair:
    folder = tmp_path_factory.mktemp("untouched")
    source = folder / "source.mp4"
    synthesis = SynthesisSettings(
        Fraction(20), 8_000_000, preset="veryfast", keyframe_seconds=4, b_frames=2
    )
    write_video(source, _frames(), synthesis)
    # a face-sized region that runs across the frame, over ground that it leaves again
    moving = tuple(
        CorrectionKeyframe("1", "add", frame, (x, 120.0, x + 80, 220.0), -1, "reviewer", "2025")
        for frame, x in ((4, 20.0), (30, 540.0))
    )
    options = DeidentifyOptions(encoder=ENCODER)
    output = folder / "copy.mp4"
    request = DeidentifyRequest(source=source, output=output, options=options, corrections=moving)
    deidentify_video(request)
    info = probe(source)
    bare = bare_transcode(info, index_frames(info), folder / "bare.mp4", ENCODER)
    outside = _outside(output, options.redaction)
    return Pair(_decoded(source), _decoded(output), _decoded(bare.path), outside)


def _noise(a: Planes, b: Planes) -> NDArray[np.int16]:
    return np.abs(a.y.astype(np.int16) - b.y)


def test_the_redaction_is_there(pair: Pair) -> None:
    hidden = ~pair.outside[17]
    assert hidden.any()
    assert _noise(pair.before[17], pair.after[17])[hidden].mean() > 5
    assert pair.outside[:4].all()
    assert pair.outside[31:].all()


def test_outside_the_shapes_there_is_encoding_noise_only(pair: Pair) -> None:
    for index, outside in enumerate(pair.outside):
        noise = _noise(pair.before[index], pair.after[index])[outside]
        bare = _noise(pair.before[index], pair.bare[index])[outside]
        assert bare.max() <= MAX_NOISE
        assert noise.max() <= MAX_NOISE, index
        assert noise.mean() <= bare.mean() + MAX_EXTRA_NOISE, index


def test_colour_outside_the_shapes_stays_too(pair: Pair) -> None:
    for index, outside in enumerate(pair.outside):
        chroma = outside.reshape(HEIGHT // 2, 2, WIDTH // 2, 2).all(axis=(1, 3))
        for name in ("u", "v"):
            before, after = (
                getattr(planes[index], name).astype(np.int16)
                for planes in (pair.before, pair.after)
            )
            assert np.abs(before - after)[chroma].max() <= MAX_NOISE


def test_where_a_redaction_was_the_frame_comes_back_at_once(pair: Pair) -> None:
    was_hidden = np.zeros((HEIGHT, WIDTH), bool)
    for index, outside in enumerate(pair.outside):
        free_again = was_hidden & outside
        if free_again.any():
            noise = _noise(pair.before[index], pair.after[index])[free_again]
            assert noise.max() <= MAX_NOISE
        was_hidden |= ~outside
    assert was_hidden.sum() > 40_000


def test_before_the_first_redaction_the_copy_is_the_bare_transcode(pair: Pair) -> None:
    for index in range(4):
        assert np.array_equal(pair.after[index].y, pair.bare[index].y)
