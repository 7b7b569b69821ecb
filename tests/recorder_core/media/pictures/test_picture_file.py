from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, PngImagePlugin

from recorder_core.errors import DecodeError, SettingsError
from recorder_core.media.pictures.picture_file import (
    check_picture_name,
    read_picture_file,
    write_picture_file,
)

#: EXIF orientation -> what viewers do to the stored pixels (CIPA DC-008, 4.6.4)
ORIENTATIONS = {
    1: lambda stored: stored,
    2: np.fliplr,
    3: lambda stored: np.rot90(stored, 2),
    4: np.flipud,
    5: lambda stored: np.transpose(stored, (1, 0, 2)),
    6: lambda stored: np.rot90(stored, -1),
    7: lambda stored: np.rot90(np.transpose(stored, (1, 0, 2)), 2),
    8: np.rot90,
}
SUFFIXES = [".jpg", ".png", ".tiff", ".webp", ".bmp"]


def _scene(height: int = 47, width: int = 63) -> np.ndarray:
    rows, columns = np.mgrid[:height, :width]
    return np.stack([rows * 4, columns * 4, (rows + columns) * 2], axis=2).astype(np.uint8)


def _exif(orientation: int) -> Image.Exif:
    exif = Image.Exif()
    exif[0x0112] = orientation
    exif[0x010F] = "a maker and a name"
    return exif


@pytest.mark.parametrize("orientation", ORIENTATIONS)
@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp", ".tiff"])
def test_every_orientation_is_upright_and_its_tag_is_gone(
    tmp_path: Path, suffix: str, orientation: int
) -> None:
    path, copy = tmp_path / f"a{suffix}", tmp_path / f"b{suffix}"
    options = {"quality": 95} if suffix == ".jpg" else {"lossless": True}
    Image.fromarray(_scene()).save(path, exif=_exif(orientation), **options)
    picture = read_picture_file(path)
    expected = ORIENTATIONS[orientation](_scene())
    assert picture.rgb.shape == expected.shape
    assert np.abs(picture.rgb.astype(int) - expected).max() <= (0 if suffix != ".jpg" else 12)
    assert picture.besides
    write_picture_file(copy, picture.rgb, picture)
    with Image.open(copy) as again:
        assert 0x0112 not in again.getexif()
        assert np.abs(np.asarray(again).astype(int) - picture.rgb).max() <= (
            0 if suffix != ".jpg" else 12
        )
    assert b"a name" not in copy.read_bytes()
    assert read_picture_file(copy).besides == ()


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_a_copy_has_the_format_and_kind_of_its_source(
    tmp_path: Path, suffix: str, mode: str
) -> None:
    path, copy = tmp_path / f"a{suffix}", tmp_path / f"b{suffix}"
    Image.fromarray(_scene()).convert(mode).save(path)
    picture = read_picture_file(path)
    write_picture_file(copy, picture.rgb, picture)
    with Image.open(path) as before, Image.open(copy) as after:
        assert (after.format, after.size) == (before.format, before.size)
        assert after.mode == before.mode
    again = read_picture_file(copy)
    assert again.besides == ()
    if picture.is_lossless:
        assert np.array_equal(again.rgb, picture.rgb)
    assert picture.is_lossless == (suffix not in (".jpg", ".webp"))


def test_a_jpeg_is_encoded_as_finely_as_its_source(tmp_path: Path) -> None:
    path, copy = tmp_path / "a.jpg", tmp_path / "b.jpg"
    Image.fromarray(_scene()).save(path, quality=97, subsampling=0)
    picture = read_picture_file(path)
    write_picture_file(copy, picture.rgb, picture)
    with Image.open(path) as before, Image.open(copy) as after:
        assert after.quantization == before.quantization
        assert after.layer == before.layer


@pytest.mark.parametrize("orientation", [1, 3, 6])
@pytest.mark.parametrize("quality", [30, 85])
@pytest.mark.parametrize("suffix", [".jpg", ".webp"])
def test_a_lossy_picture_loses_next_to_nothing_more(
    tmp_path: Path, suffix: str, quality: int, orientation: int
) -> None:
    noise = np.random.default_rng(5).normal(0, 6, (151, 203, 1))
    ramp = np.linspace(20, 230, 203)[None, :, None] * [1.0, 0.9, 0.8]
    scene = np.clip(ramp + noise, 0, 255).astype(np.uint8)
    path, copy = tmp_path / f"a{suffix}", tmp_path / f"b{suffix}"
    Image.fromarray(scene).save(path, quality=quality, exif=_exif(orientation))
    picture = read_picture_file(path)
    write_picture_file(copy, picture.rgb, picture)
    again = read_picture_file(copy)
    error = np.square(again.rgb.astype(float) - picture.rgb).mean()
    assert 10 * np.log10(255**2 / error) > 40


def test_text_and_what_follows_the_picture_are_named_and_left_behind(tmp_path: Path) -> None:
    text = PngImagePlugin.PngInfo()
    text.add_text("Author", "somebody")
    Image.fromarray(_scene()).save(tmp_path / "a.png", pnginfo=text)
    Image.fromarray(_scene()).save(tmp_path / "a.jpg", comment=b"somebody")
    with (tmp_path / "a.jpg").open("ab") as file:
        file.write(b"a film that somebody's phone adds")
    for name in ("a.png", "a.jpg"):
        picture = read_picture_file(tmp_path / name)
        assert picture.besides
        write_picture_file(tmp_path / f"copy {name}", picture.rgb, picture)
        assert b"somebody" not in (tmp_path / f"copy {name}").read_bytes()


def _save_16_bits(path: Path) -> None:
    Image.fromarray(np.arange(48 * 64, dtype=np.uint16).reshape(48, 64) * 20).save(path)


def _save_transparent(path: Path) -> None:
    pixels = np.dstack([_scene(), np.full((47, 63), 255, np.uint8)])
    pixels[0, 0, 3] = 254
    Image.fromarray(pixels).save(path)


def _save_pages(path: Path) -> None:
    page = Image.fromarray(_scene())
    page.save(path, save_all=True, append_images=[Image.fromarray(255 - _scene())])


@pytest.mark.parametrize(
    ("name", "save", "sentence"),
    [
        ("a.png", _save_16_bits, "more than 8 bits"),
        ("a.tiff", _save_16_bits, "more than 8 bits"),
        ("a.png", _save_transparent, "partly transparent"),
        ("a.png", lambda path: Image.new("RGB", (9, 1)).save(path), "has 9x1 pixels; it must"),
        ("a.webp", _save_transparent, "partly transparent"),
        ("a.tiff", _save_pages, "holds 2 pictures"),
        ("a.jpg", lambda path: Image.new("CMYK", (64, 48)).save(path), "colours as CMYK"),
        ("a.jpg", lambda path: path.write_bytes(b"no picture"), "or it is damaged"),
        ("a.jpg", lambda path: path.write_bytes(b""), "is empty"),
    ],
)
def test_what_would_not_survive_is_refused(
    tmp_path: Path, name: str, save: object, sentence: str
) -> None:
    save(tmp_path / name)  # type: ignore[operator]
    with pytest.raises(DecodeError, match=sentence):
        read_picture_file(tmp_path / name)


def test_damage_in_exif_ends_in_a_picture_or_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    Image.fromarray(_scene()).save(path, exif=_exif(6))
    content = path.read_bytes()
    first = content.index(b"Exif") + 6
    refused = 0
    for place in range(first, first + 60):
        for value in (0, 2, 5, 255):
            path.write_bytes(content[:place] + bytes([value]) + content[place + 1 :])
            try:
                read_picture_file(path)
            except DecodeError:
                refused += 1
    assert refused > 3


def test_a_cut_off_picture_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    Image.fromarray(_scene(480, 640)).save(path, quality=95)
    path.write_bytes(path.read_bytes()[:-2000])
    with pytest.raises(DecodeError, match="damaged"):
        read_picture_file(path)


def test_a_name_that_says_another_format_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    Image.fromarray(_scene()).save(path)
    picture = read_picture_file(path)
    check_picture_name(tmp_path / "B.PNG", picture)
    with pytest.raises(SettingsError, match=r"must end in \.png"):
        check_picture_name(tmp_path / "b.jpg", picture)
