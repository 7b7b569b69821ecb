"""Picture files that are read to be written again: pixels as shown, and nothing else.

EXIF, XMP, comments, colour profiles, embedded previews and whatever follows the picture
in its file hold names, places and small copies of the picture. What is written here is
encoded from pixels alone.
"""

from __future__ import annotations

import io
import struct
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms, JpegImagePlugin

from recorder_core.errors import DecodeError, SettingsError
from recorder_core.media.files.finished import check_file
from recorder_core.model import Orientation
from recorder_core.model.values.carriers import carrier_repr

__all__ = ["PictureFile", "check_picture_name", "read_picture_file", "write_picture_file"]

#: Pillow's name of each format, and how the names of its files end
_SUFFIXES: Final[Mapping[str, tuple[str, ...]]] = {
    "JPEG": (".jpg", ".jpeg"),
    "PNG": (".png",),
    "TIFF": (".tif", ".tiff"),
    "WEBP": (".webp",),
    "BMP": (".bmp",),
}
#: JPEG files with further pictures after the first: previews, depth, the other eye
_MULTI_JPEG: Final = "MPO"
_GRAY_MODES: Final = frozenset({"1", "L", "LA"})
_MODES: Final = frozenset({"1", "L", "LA", "P", "PA", "RGB", "RGBA"})
#: what Pillow says of a file that describes no more than its pixels
_PLAIN_INFO: Final = frozenset(
    {"jfif", "jfif_version", "jfif_unit", "jfif_density", "progressive", "progression", "adobe"}
    | {"adobe_transform", "compression", "transparency", "interlace", "gamma", "srgb", "loop"}
    | {"background", "timestamp", "duration", "dpi"}
)
#: tags of TIFF that describe how the pixels are stored (TIFF 6.0, section 8, and LZW's predictor)
_PLAIN_TIFF_TAGS: Final = frozenset(
    {254, 255, 256, 257, 258, 259, 262, 266, 273, 277, 278, 279, 284, 317, 320, 338, 339}
)
_TIFF_BITS_PER_SAMPLE: Final = 258
#: of WebP pictures that were lossy: hardly to be told from the source
_WEBP_QUALITY: Final = 98
#: no JPEG is encoded more coarsely: turned upright, its blocks are cut anew
_JPEG_QUALITY: Final = 95
#: chroma samples stand for 2x2 pixels
_MIN_PX: Final = 2
_LOSSY_JPEG, _OPAQUE = "JPEG", 255


@dataclass(frozen=True, slots=True)
class PictureFile:
    """What a picture file shows, and how it was encoded."""

    __repr__ = carrier_repr

    #: (height, width, 3) uint8: red, green, blue, upright
    rgb: NDArray[np.uint8]
    #: Pillow's name of the format
    format: str
    is_gray: bool
    #: what its encoder is to be told, so that the copy is as good as the source
    encoding: Mapping[str, Any] = field(repr=False)
    #: what else the file holds, in words
    besides: tuple[str, ...]

    @property
    def is_lossless(self) -> bool:
        """Whether what is written comes back as it was."""
        return self.format != _LOSSY_JPEG and self.encoding.get("quality") is None


def read_picture_file(path: Path) -> PictureFile:
    """Read a picture as viewers show it: upright, in sRGB.

    Parameters
    ----------
    path : Path
        JPEG, PNG, TIFF, WebP or BMP.

    Raises
    ------
    DecodeError
        If it is none of these or damaged, or what it shows would not survive: more than
        8 bits, transparency, several pictures, colours for print.
    """
    check_file(path, "picture")
    with _opened(path) as image:
        _check_kind(image, path)
        besides = _besides(image)
        is_gray, encoding = image.mode in _GRAY_MODES, _encoding(image, path)
        kind = _LOSSY_JPEG if image.format == _MULTI_JPEG else str(image.format)
        orientation = Orientation.of_pillow(image)
        shown = _opaque(_in_srgb(image, image.info.get("icc_profile")), path)
        upright = orientation.show(np.asarray(shown, np.uint8))
        return PictureFile(np.ascontiguousarray(upright), kind, is_gray, encoding, besides)


def write_picture_file(path: Path, rgb: NDArray[np.uint8], like: PictureFile) -> None:
    """Encode pixels in the format of another picture; nothing else is in the file.

    Call it inside :func:`~recorder_core.media.finished_file`, which turns errors into ours.

    Parameters
    ----------
    path : Path
    rgb : ndarray of shape (height, width, 3), uint8
    like : PictureFile
        Its source.
    """
    image = Image.fromarray(rgb)
    image = image.convert("L") if like.is_gray else image
    image.save(path, format=like.format, **like.encoding)


def check_picture_name(output: Path, picture: PictureFile) -> None:
    """Refuse a name that says another format than the picture's.

    Raises
    ------
    SettingsError
        If the suffix is none of the format's.
    """
    able = _SUFFIXES[picture.format]
    if output.suffix.lower() not in able:
        raise SettingsError(
            f"{output.name} must end in {' or '.join(able)}: the picture is a {picture.format} "
            "file, and so is its copy"
        )


@contextmanager
def _opened(path: Path) -> Iterator[Image.Image]:
    try:
        with warnings.catch_warnings():
            # of EXIF that cannot be read, as viewers leave it out
            warnings.simplefilter("ignore", UserWarning)
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(path, formats=list(_SUFFIXES)) as image:
                yield image
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as exc:
        raise DecodeError(
            f"{path.name} has more than {Image.MAX_IMAGE_PIXELS} pixels; scale it down first"
        ) from exc
    except ImageCms.PyCMSError as exc:
        raise DecodeError(
            f"the colour profile of {path.name} cannot be used; convert the picture to sRGB first"
        ) from exc
    except (OSError, SyntaxError, ValueError, TypeError, struct.error, LookupError) as exc:
        raise DecodeError(
            f"{path.name} is not a JPEG, PNG, TIFF, WebP or BMP picture, or it is damaged"
        ) from exc


def _check_kind(image: Image.Image, path: Path) -> None:
    count = getattr(image, "n_frames", 1)
    if count > 1 and image.format != _MULTI_JPEG:
        raise DecodeError(f"{path.name} holds {count} pictures; save each in a file of its own")
    if min(image.size) < _MIN_PX:
        width, height = image.size
        raise DecodeError(f"{path.name} has {width}x{height} pixels; it must have at least 2x2")
    if _has_16_bits(image):
        raise DecodeError(
            f"{path.name} has more than 8 bits per sample, which this program does not keep; "
            "convert it to 8 bits first"
        )
    if image.mode not in _MODES:
        raise DecodeError(f"{path.name} has colours as {image.mode}; convert it to RGB first")


def _has_16_bits(image: Image.Image) -> bool:
    if image.format == "TIFF":
        bits = getattr(image, "tag_v2", {}).get(_TIFF_BITS_PER_SAMPLE, (8,))
        return bool(max(bits) > 8)
    tiles = getattr(image, "tile", None)
    stored = str(tiles[0][3]) if image.format == "PNG" and tiles else ""
    return image.mode.startswith(("I", "F")) or ";16" in stored


def _in_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """Apply a colour profile: its text may hold a name, and its absence would shift colours."""
    if not profile or image.mode in _GRAY_MODES:
        return image
    has_alpha = image.mode in ("RGBA", "PA") or "transparency" in image.info
    given = ImageCms.ImageCmsProfile(io.BytesIO(profile))
    # palettes become colours, which a profile is for
    mode = "RGBA" if has_alpha else "RGB"
    result = ImageCms.profileToProfile(
        image.convert(mode), given, ImageCms.createProfile("sRGB"), outputMode=mode
    )
    return result if result is not None else image


def _opaque(image: Image.Image, path: Path) -> Image.Image:
    """Return RGB; what transparency hides from viewers would else stay in the copy unseen."""
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        rgba = image.convert("RGBA")
        if (np.asarray(rgba)[:, :, 3] < _OPAQUE).any():
            raise DecodeError(
                f"{path.name} is partly transparent; flatten it onto a background first"
            )
        return rgba.convert("RGB")
    return image.convert("RGB")


def _encoding(image: Image.Image, path: Path) -> dict[str, Any]:
    """Return Pillow's options for a copy that is as good as its source."""
    if isinstance(image, JpegImagePlugin.JpegImageFile):
        return {"qtables": _fine_tables(image.quantization), "subsampling": 0}
    if image.format == "WEBP":
        with path.open("rb") as file:
            is_lossless = b"VP8L" in file.read(64)
        return {"lossless": True} if is_lossless else {"quality": _WEBP_QUALITY}
    return {"compression": "tiff_lzw"} if image.format == "TIFF" else {}


def _fine_tables(own: Mapping[int, Sequence[int]]) -> list[list[int]]:
    """Return a JPEG's tables of quantization, nowhere coarser than those of good quality."""
    drawn = io.BytesIO()
    Image.new("RGB", (8, 8)).save(drawn, "JPEG", quality=_JPEG_QUALITY)
    with Image.open(drawn) as image:
        tables: Mapping[int, Sequence[int]] = image.quantization  # type: ignore[attr-defined]
    luma, chroma = tables[0], tables[1]
    return [
        [min(pair) for pair in zip(own[key], chroma if place else luma, strict=True)]
        for place, key in enumerate(sorted(own))
    ]


def _besides(image: Image.Image) -> tuple[str, ...]:
    """Name what a file holds that is no pixel."""
    found = {str(key) for key in image.info if key not in _PLAIN_INFO}
    if image.format == "TIFF":
        found = {f"tag {tag}" for tag in getattr(image, "tag_v2", {}) if _is_more(tag)}
    found |= {
        f"segment {name}"
        for name, content in getattr(image, "applist", [])
        if not content.startswith((b"JFIF", b"Adobe"))
    }
    if getattr(image, "n_frames", 1) > 1:
        found.add("further pictures")
    return tuple(sorted(found))


def _is_more(tag: int) -> bool:
    # resolution, in dots an inch, says nothing about anybody
    return tag not in _PLAIN_TIFF_TAGS | {282, 283, 296}
