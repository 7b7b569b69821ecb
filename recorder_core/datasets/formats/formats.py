"""The file formats of data sets by name: recognise, read and write them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final

from recorder_core.datasets.formats.coco import read_coco, write_coco
from recorder_core.datasets.formats.cvat import CVAT_FILE, read_cvat
from recorder_core.datasets.formats.cvat_writer import write_cvat
from recorder_core.datasets.formats.damage import read_text
from recorder_core.datasets.formats.fddb import read_fddb, write_fddb
from recorder_core.datasets.formats.mot import find_sequences, read_mot, write_mot
from recorder_core.datasets.formats.voc import ANNOTATIONS, read_voc, write_voc
from recorder_core.datasets.formats.wider import (
    read_wider,
    read_wider_landmarks,
    write_wider,
    write_wider_landmarks,
)
from recorder_core.datasets.formats.wider_evaluation import read_wider_evaluation
from recorder_core.datasets.formats.xml_file import read_xml
from recorder_core.datasets.formats.yolo import CLASS_FILES, read_yolo, write_yolo
from recorder_core.datasets.model import Dataset
from recorder_core.errors import DataError, SettingsError
from recorder_core.model import PICTURE_SUFFIXES

__all__ = ["FORMATS", "Format", "detect_format", "read_dataset", "write_dataset"]


@dataclass(frozen=True, slots=True)
class Format:
    """One file format."""

    name: str
    title: str
    read: Callable[[Path, Path | None], Dataset]
    #: None: read only
    write: Callable[[Dataset, Path], None] | None
    #: True: a folder is written, not a file
    is_folder: bool = False


_ALL: Final = (
    Format("coco", "COCO JSON", read_coco, write_coco),
    Format("wider", "WIDER FACE text list", read_wider, write_wider),
    Format(
        "wider-landmarks",
        "WIDER FACE list with five landmarks (label.txt)",
        read_wider_landmarks,
        write_wider_landmarks,
    ),
    Format("wider-mat", "WIDER FACE evaluation list (.mat)", read_wider_evaluation, None),
    Format("fddb", "FDDB ellipse list", read_fddb, write_fddb),
    Format("cvat", "CVAT XML 1.1", read_cvat, write_cvat),
    Format("voc", "Pascal VOC XML", read_voc, write_voc, is_folder=True),
    Format("yolo", "YOLO text", read_yolo, write_yolo, is_folder=True),
    Format("mot", "MOT Challenge text", read_mot, write_mot, is_folder=True),
)
#: every file format, by its name
FORMATS: Final[Mapping[str, Format]] = {item.name: item for item in _ALL}


def read_dataset(path: Path, *, name: str | None = None, images: Path | None = None) -> Dataset:
    """Read a data set.

    Parameters
    ----------
    path : Path
        The file or folder.
    name : str, optional
        The format, a key of `FORMATS`; by default it is recognised.
    images : Path, optional
        The folder of pictures.

    Raises
    ------
    DataError
        If the format is not recognised or the files are damaged.
    SettingsError
        If there is no such format.
    """
    return _format(name or detect_format(path)).read(path, images)


def write_dataset(dataset: Dataset, path: Path, name: str) -> None:
    """Write a data set's labels; pictures are not copied.

    Parameters
    ----------
    dataset : Dataset
    path : Path
        A file that is replaced, or a folder that is made.
    name : str
        The format, a key of `FORMATS`.

    Raises
    ------
    SettingsError
        If there is no such format, it can be read only, or the folder is not empty.
    DataError
        If the format cannot hold the data set.
    """
    chosen = _format(name)
    if chosen.write is None:
        raise SettingsError(f"the format {name} can only be read, not written")
    if chosen.is_folder and path.is_dir() and any(path.iterdir()):
        raise SettingsError(f"the folder {path} is not empty; give another")
    if chosen.is_folder and path.is_file():
        raise SettingsError(f"{path} is a file; the format {name} needs a folder")
    chosen.write(dataset, path)


def _format(name: str) -> Format:
    if name not in FORMATS:
        raise SettingsError(f"there is no format {name!r}; choose one of {', '.join(FORMATS)}")
    return FORMATS[name]


def detect_format(path: Path) -> str:
    """Recognise the format of a file or folder by its layout and first lines.

    Raises
    ------
    DataError
        If it cannot be read or is none of the formats.
    """
    if path.is_dir():
        found = _detect_folder(path)
    else:
        ways = {".json": lambda _: "coco", ".mat": lambda _: "wider-mat", ".xml": _detect_xml}
        found = ways.get(path.suffix.lower(), _detect_text)(path)
    if found is None:
        raise DataError(
            f"the format of {path} is not recognised; name it, one of {', '.join(FORMATS)}"
        )
    return found


def _detect_folder(path: Path) -> str | None:
    if find_sequences(path):
        return "mot"
    if any((path / name).is_file() for name in CLASS_FILES):
        return "yolo"
    if any(path.glob("*-ellipseList.txt")):
        return "fddb"
    if (path / CVAT_FILE).is_file():
        return "cvat"
    if (path / ANNOTATIONS).is_dir() or any(path.glob("*.xml")):
        return "voc"
    return None


def _detect_xml(path: Path) -> str | None:
    return {"annotations": "cvat", "annotation": "voc"}.get(read_xml(path).tag)


def _detect_text(path: Path) -> str | None:
    lines = [line.strip() for line in read_text(path).splitlines()[:2]]
    first = lines[0] if lines else ""
    if first.startswith("#"):
        return "wider-landmarks"
    if first.count(",") >= 6:
        return "mot"
    if len(lines) == 2 and lines[1].isdecimal():
        has_suffix = PurePosixPath(first).suffix.lower() in PICTURE_SUFFIXES
        return "wider" if has_suffix else "fddb"
    return None
