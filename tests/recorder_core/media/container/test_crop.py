"""What a container hides of its frames stays hidden."""

from __future__ import annotations

import io
import struct
from contextlib import closing
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from recorder_core.errors import DecodeError
from recorder_core.media import decode_frames, index_frames, open_video, probe
from recorder_core.media.container.crop import Crop, matroska_elements, read_crops

WIDTH, HEIGHT = 128, 96


def write_halves(path: Path) -> Path:
    """Write three frames, dark above and bright below."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=5, options={"bf": "0", "crf": "5"})
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        luma = np.full((HEIGHT, WIDTH), 30, np.uint8)
        luma[HEIGHT // 2 :] = 220
        packed = np.concatenate([luma.ravel(), np.full(WIDTH * HEIGHT // 2, 128, np.uint8)])
        for place in range(3):
            frame = av.VideoFrame.from_ndarray(packed.reshape(-1, WIDTH), "yuv420p")
            frame.pts, frame.time_base = place, Fraction(1, 5)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def crop_matroska(path: Path, top: int) -> Path:
    """Turn the display unit of a Matroska file, which says nothing, into a crop at the top."""
    content = path.read_bytes()
    unknown_unit = b"\x54\xb2\x81\x04"
    assert content.count(unknown_unit) == 1
    path.write_bytes(content.replace(unknown_unit, b"\x54\xbb\x81" + bytes([top])))
    return path


def crop_mp4(path: Path, width: int, height: int, across: int, down: int) -> Path:
    """Put a clean aperture into the sample description of an MP4 file with its index last."""
    content = path.read_bytes()
    aperture = struct.pack(">I4s8i", 40, b"clap", width, 1, height, 1, across, 1, down, 1)
    # the same letters stand in the file's first box, too
    at = content.index(b"avc1", content.index(b"stsd")) - 4
    entry_bytes = int.from_bytes(content[at : at + 4], "big")
    content = content[: at + entry_bytes] + aperture + content[at + entry_bytes :]
    place = 0
    for kind in (b"moov", b"trak", b"mdia", b"minf", b"stbl", b"stsd", b"avc1"):
        place = content.index(kind, place + 4) - 4
        size = int.from_bytes(content[place : place + 4], "big") + len(aperture)
        content = content[:place] + size.to_bytes(4, "big") + content[place + 4 :]
    path.write_bytes(content)
    return path


def _cropped(path: Path) -> Path:
    write_halves(path)
    if path.suffix == ".mkv":
        return crop_matroska(path, HEIGHT // 2)
    return crop_mp4(path, WIDTH, HEIGHT // 2, 0, HEIGHT // 4)


@pytest.mark.parametrize("suffix", [".mkv", ".mp4"])
def test_frames_are_what_the_container_does_not_hide(suffix: str, tmp_path: Path) -> None:
    path = _cropped(tmp_path / f"cropped{suffix}")
    info = probe(path)
    assert (info.video.width, info.video.height) == (WIDTH, HEIGHT // 2)
    assert info.video.crop == Crop(top=HEIGHT // 2)
    with closing(decode_frames(info, index_frames(info))) as frames:
        for frame in frames:
            assert frame.planes.y.shape == (HEIGHT // 2, WIDTH)
            assert frame.planes.y.min() > 200
            assert frame.planes.u.shape == (HEIGHT // 4, WIDTH // 2)
            assert frame.av_frame.pts == frame.pts


@pytest.mark.parametrize("suffix", [".mkv", ".mp4"])
def test_frames_in_rgb_are_cropped_too(suffix: str, tmp_path: Path) -> None:
    path = _cropped(tmp_path / f"cropped{suffix}")
    with path.open("rb") as file, open_video(file) as video, closing(video.decode(1, 2)) as frames:
        for frame in (video.frame(1), next(frames)):
            assert frame.to_rgb().shape == (HEIGHT // 2, WIDTH, 3)
            assert frame.to_rgb().min() > 200


def test_a_whole_frame_is_not_copied(tmp_path: Path) -> None:
    for suffix in (".mkv", ".mp4"):
        path = write_halves(tmp_path / f"whole{suffix}")
        with path.open("rb") as file:
            assert [bool(crop) for crop in read_crops(file)] == [False]
        assert (probe(path).video.width, probe(path).video.height) == (WIDTH, HEIGHT)


@pytest.mark.parametrize("first_box", [b"styp", b"uuid"])
def test_a_clean_aperture_counts_whatever_comes_first(first_box: bytes, tmp_path: Path) -> None:
    content = _cropped(tmp_path / "cropped.mp4").read_bytes()
    content = struct.pack(">I4s8x", 16, first_box) + content
    assert read_crops(io.BytesIO(content)) == [Crop(top=HEIGHT // 2)]
    # the dots an inch of a description say nothing about what is hidden
    assert content.count(b"\x00\x48\x00\x00" * 2) == 1
    content = content.replace(b"\x00\x48\x00\x00" * 2, b"\x01\x2c\x00\x00" * 2)
    assert read_crops(io.BytesIO(content)) == [Crop(top=HEIGHT // 2)]


def test_a_crop_counts_where_the_tracks_come_last(tmp_path: Path) -> None:
    content = _cropped(tmp_path / "cropped.mkv").read_bytes()
    file = io.BytesIO(content)
    segment = list(matroska_elements(file, 0, len(content)))[-1]
    parts = list(matroska_elements(file, segment.start, segment.stop))
    places = [segment.start, *(part.stop for part in parts)]
    pieces = {
        part.kind: content[a:b] for part, a, b in zip(parts, places, places[1:], strict=False)
    }
    tracks = pieces.pop(0x1654AE6B)
    assert 0x1F43B675 in pieces  # the cluster, with the frames
    late = content[: segment.start] + b"".join(pieces.values()) + tracks
    assert len(late) == len(content)
    assert read_crops(io.BytesIO(late)) == [Crop(top=HEIGHT // 2)]


def test_a_container_that_hides_everything_is_refused(tmp_path: Path) -> None:
    path = crop_matroska(write_halves(tmp_path / "nothing.mkv"), HEIGHT - 1)
    with pytest.raises(DecodeError, match="hides the whole frame of 128x96"):
        probe(path)


def test_odd_edges_move_in_to_whole_chroma_samples() -> None:
    crop = Crop(left=3, top=1, right=0, bottom=5).even(128, 96)
    assert crop == Crop(left=4, top=2, right=0, bottom=6)
    assert crop.size_of(128, 96) == (124, 88)


@pytest.mark.parametrize("suffix", [".mkv", ".mp4"])
def test_no_damage_of_the_header_ends_in_another_error(suffix: str, tmp_path: Path) -> None:
    content = _cropped(tmp_path / f"cropped{suffix}").read_bytes()
    numbers = np.random.default_rng(3)
    for _ in range(300):
        damaged = bytearray(content)
        for place in numbers.integers(0, len(damaged), 8):
            damaged[place] = numbers.integers(0, 256)
        crops = read_crops(io.BytesIO(bytes(damaged[: numbers.integers(1, len(damaged))])))
        assert all(isinstance(crop, Crop) for crop in crops)
