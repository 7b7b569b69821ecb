"""Small videos made for the tests: three drawn faces that move, in several formats."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cache
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import HealthCheck, settings
from numpy.typing import NDArray

from recorder_core.detect import DetectorSettings
from recorder_core.detect.weights.drawn_faces import draw_faces
from recorder_core.jobs import (
    DeidentifyOptions,
    DeidentifyRequest,
    RerenderRequest,
    deidentify_video,
)
from recorder_core.media import EncoderSettings
from recorder_core.media.encode.synthesis import Samples, SynthesisSettings, write_video
from recorder_core.model import CorrectionKeyframe, Planes

#: no test fails because the machine is busy, and every run tries the same examples
settings.register_profile(
    "workbench", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("workbench")

#: where tests write: an archive syncs each file, which a disk takes milliseconds for, and this none
MEMORY = Path("/dev/shm")
#: of the files of all tests that run, and of the sources and archives that they share
MIN_FREE_BYTES = 4 << 30


def _takes_tests(folder: Path) -> bool:
    """Return whether tests can write in a folder, and run what they wrote."""
    if not os.access(folder, os.W_OK):
        return False
    system = os.statvfs(folder)
    is_free = system.f_bavail * system.f_frsize >= MIN_FREE_BYTES
    return is_free and not system.f_flag & os.ST_NOEXEC


if _takes_tests(MEMORY):
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(MEMORY))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run the files of the core last: they are short, and no process waits for the other's end."""
    items.sort(key=lambda item: item.nodeid.startswith("tests/recorder_core"))


RATE = 20
#: frames in which the drawn faces are hidden behind a grey wall
WALL = range(28, 33)
#: frames on both sides of each jump: they return to where they were, or come and go
JUMPS = (11, 12, 23, 24, 27, 28, 32, 33, 35, 36, 47, 48)


@cache
def _drawing() -> NDArray[np.uint8]:
    return draw_faces()


def drawn_planes(index: int) -> Planes:
    """Three drawn faces on a 384x192 frame; they move by a pixel from frame to frame."""
    frame = np.roll(_drawing(), index % 12, axis=1).astype(np.float32)
    if index in WALL:
        frame[:] = 120
    blue, green, red = np.moveaxis(frame, 2, 0)
    luma = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    chroma = [
        ((blue - luma) / 1.8556).reshape(96, 2, 192, 2).mean(axis=(1, 3)) * 0.878 + 128,
        ((red - luma) / 1.5748).reshape(96, 2, 192, 2).mean(axis=(1, 3)) * 0.878 + 128,
    ]
    y, u, v = (np.rint(plane).astype(np.uint8) for plane in (luma * 0.859 + 16, *chroma))
    return Planes(y, u, v)


def _frames(count: int) -> Iterator[tuple[Planes, Samples]]:
    samples = 48_000 // RATE
    for index in range(count):
        time = np.arange(index * samples, (index + 1) * samples) / 48_000
        yield drawn_planes(index), np.sin(time * 2_000).astype(np.float32) * np.float32(0.1)


def write_drawn(path: Path, count: int = 60) -> Path:
    """Write a video of drawn faces, 20 frames per second, with audio."""
    settings = SynthesisSettings(Fraction(RATE), 600_000, preset="ultrafast", keyframe_seconds=0.5)
    write_video(path, _frames(count), settings)
    return path


def write_wall(path: Path, count: int = RATE) -> Path:
    """Write a video of a grey wall, 20 frames per second, with silence."""
    chroma = np.full((96, 192), 128, np.uint8)
    wall = Planes(np.full((192, 384), 120, np.uint8), chroma, chroma)
    silence = np.zeros(48_000 // RATE, np.float32)
    settings = SynthesisSettings(Fraction(RATE), 600_000, preset="ultrafast", keyframe_seconds=0.5)
    write_video(path, ((wall, silence) for _ in range(count)), settings)
    return path


def write_foreign(path: Path, codec: str, options: dict[str, str] | None = None) -> Path:
    """Write twenty of the frames, without audio, in a codec that this program only reads."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=RATE, options=options or {"g": "8", "bf": "0"})
        stream.width, stream.height, stream.pix_fmt = 384, 192, "yuv420p"
        for index in range(20):
            planes = drawn_planes(index)
            packed = np.concatenate([planes.y.ravel(), planes.u.ravel(), planes.v.ravel()])
            frame = av.VideoFrame.from_ndarray(packed.reshape(288, 384), "yuv420p")
            frame.pts, frame.time_base = index, Fraction(1, RATE)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


@pytest.fixture(scope="session")
def fragmented() -> bytes:
    """What a recorder writes: three seconds of noise and silence, a fragment for each second."""
    target, numbers = io.BytesIO(), np.random.default_rng(5)
    options = {"movflags": "frag_keyframe+empty_moov+default_base_moof"}
    with av.open(target, "w", format="mp4", options=options) as container:
        video = container.add_stream("libx264", rate=RATE, options={"preset": "ultrafast"})
        video.width, video.height, video.pix_fmt = 64, 48, "yuv420p"
        video.codec_context.gop_size, video.codec_context.max_b_frames = RATE, 2
        audio = container.add_stream("aac", rate=48_000, layout="mono")
        silence = np.zeros((1, 48_000 // RATE), np.float32)
        for place in range(3 * RATE):
            planes = numbers.integers(0, 255, (72, 64), dtype=np.uint8)
            frame = av.VideoFrame.from_ndarray(planes, "yuv420p")
            frame.pts, frame.time_base = place, Fraction(1, RATE)
            container.mux(video.encode(frame))
            samples = av.AudioFrame.from_ndarray(silence, "fltp", "mono")
            samples.sample_rate, samples.pts = 48_000, place * silence.size
            container.mux(audio.encode(samples))
        container.mux(video.encode(None))
        container.mux(audio.encode(None))
    return target.getvalue()


@dataclass(frozen=True)
class DrawnJob:
    """A source, and requests on it that differ in what a test names."""

    source: Path
    options: DeidentifyOptions

    def request(self, output: Path, **changes: object) -> DeidentifyRequest:
        request = DeidentifyRequest(source=self.source, output=output, options=self.options)
        return replace(request, **changes)  # type: ignore[arg-type]

    def correction(
        self, output: Path, corrections: tuple[CorrectionKeyframe, ...], **changes: object
    ) -> RerenderRequest:
        request = RerenderRequest(
            source=self.source, output=output, options=self.options, corrections=corrections
        )
        return replace(request, **changes)  # type: ignore[arg-type]

    def with_options(self, **changes: object) -> DrawnJob:
        return DrawnJob(self.source, replace(self.options, **changes))  # type: ignore[arg-type]


@pytest.fixture(scope="session")
def foreign(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Videos as other devices write them: name -> path."""
    folder = tmp_path_factory.mktemp("foreign")
    few_lines = {"x265-params": "log-level=none:keyint=8:bframes=0:pools=1"}
    return {
        "h264 mkv": write_foreign(folder / "h264.mkv", "libx264"),
        "h264 ts": write_foreign(folder / "h264.ts", "libx264", {"g": "8", "bf": "2"}),
        "hevc mp4": write_foreign(folder / "hevc.mp4", "libx265", few_lines),
        "mpeg2 mkv": write_foreign(folder / "mpeg2.mkv", "mpeg2video"),
        "mpeg2 mpg": write_foreign(folder / "mpeg2.mpg", "mpeg2video"),
    }


@pytest.fixture(scope="session")
def drawn_source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_drawn(tmp_path_factory.mktemp("drawn") / "source.mp4")


@pytest.fixture(scope="session")
def drawn(drawn_source: Path) -> DrawnJob:
    options = DeidentifyOptions(
        detector=DetectorSettings(long_side_px=384),
        encoder=EncoderSettings(preset="ultrafast", gop_seconds=0.5),
        segment_seconds=1.0,
    )
    return DrawnJob(drawn_source, options)


@pytest.fixture(scope="session")
def finished(drawn: DrawnJob, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A de-identified copy; a test that changes it works on its own copy of the folder."""
    output = tmp_path_factory.mktemp("finished") / "copy.mp4"
    deidentify_video(drawn.request(output))
    made = _contents(output.parent)
    yield output
    assert _contents(output.parent) == made, "a test changed what all tests share"


def _contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}
