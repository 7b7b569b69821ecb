"""Say where a file of labels is damaged: file, line or element, and the reason."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Final

from recorder_core.errors import DataError

__all__ = [
    "collect_box_faults",
    "located",
    "located_box",
    "read_text",
    "require_frame_count",
    "require_inside",
]

#: a damaged number must not fill the memory: this is 22 hours at 25 frames per second
_MAX_FRAMES: Final = 2_000_000
#: faults of boxes while they are collected; None: the first one ends the reading
_COLLECTED: ContextVar[list[str] | None] = ContextVar("_COLLECTED", default=None)


@contextmanager
def located(path: Path, element: str) -> Iterator[None]:
    """Turn what goes wrong inside into a `DataError` that begins with the place.

    Parameters
    ----------
    path : Path
        The file that is read.
    element : str
        The part of it, such as ``line 12`` or ``annotation 7``.
    """
    try:
        yield
    except DataError as exc:
        raise DataError(f"{path}, {element}: {exc}") from exc
    except KeyError as exc:
        raise DataError(f"{path}, {element}: {exc} is missing") from exc
    except (TypeError, ValueError, IndexError, AttributeError, OverflowError) as exc:
        raise DataError(f"{path}, {element} is damaged: {exc}") from exc


@contextmanager
def located_box(path: Path, element: str, picture: str = "") -> Iterator[None]:
    """Locate faults as `located` does, for one box: while faults are collected it is left out.

    Parameters
    ----------
    path : Path
        The file that is read.
    element : str
        The part of it that marks the box.
    picture : str
        The picture that it is marked in, where the file's path does not say.
    """
    try:
        with located(path, element):
            yield
    except DataError as exc:
        collected = _COLLECTED.get()
        if collected is None:
            raise
        collected.append(f"{picture}: {exc}" if picture else str(exc))


@contextmanager
def collect_box_faults() -> Iterator[list[str]]:
    """Yield a list that gets one sentence for each bad box that is read inside the block."""
    faults: list[str] = []
    token = _COLLECTED.set(faults)
    try:
        yield faults
    finally:
        _COLLECTED.reset(token)


def read_text(path: Path) -> str:
    """Read a text file in UTF-8.

    Raises
    ------
    DataError
        If it cannot be read, or is not UTF-8; the message gives the line.
    """
    try:
        content = path.read_bytes()
    except OSError as exc:
        raise DataError(f"{path} cannot be read: {exc.strerror}") from exc
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as exc:
        line = content.count(b"\n", 0, exc.start) + 1
        raise DataError(f"{path}, line {line} is not UTF-8 text") from exc


def require_frame_count(count: int) -> int:
    """Return a number of frames if a video can have so many.

    Raises
    ------
    DataError
        If not.
    """
    if not 0 <= count <= _MAX_FRAMES:
        raise DataError(f"it has {count} frames; at most {_MAX_FRAMES} can be read")
    return count


def require_inside(
    box_xyxy_px: tuple[float, float, float, float], size_px: tuple[int, int] | None
) -> None:
    """Refuse a box of which nothing is in the picture.

    Raises
    ------
    DataError
        If so; where the size is not known every box passes.
    """
    if size_px is None:
        return
    x0, y0, x1, y1 = box_xyxy_px
    if not (x0 < size_px[0] and y0 < size_px[1] and x1 > 0 and y1 > 0):
        raise DataError(
            f"the box {box_xyxy_px} is outside its picture of {size_px[0]}x{size_px[1]}"
        )
