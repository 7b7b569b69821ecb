"""Near-duplicate pictures: a perceptual hash, and which pictures belong together.

The hash [1]_ shrinks a picture to 32x32 grey values, takes their cosine transform and
keeps, for its 8x8 lowest frequencies without the mean, whether each lies over their
median: 63 bits that scaling, compression and small changes of light hardly touch. Two
pictures are near-duplicates if few bits differ, mirrored or not.

References
----------
.. [1] Zauner, Implementation and Benchmarking of Perceptual Image Hash Functions, 2010,
   section 3.2.1 (the hash of the discrete cosine transform)
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from recorder_core.datasets.model import LabelledPicture
from recorder_core.datasets.pictures import open_picture

__all__ = ["MAX_BITS", "PictureMeasure", "find_likes", "join_pictures", "measure_picture"]

_SIDE: Final = 32
_LOW: Final = 8
#: pictures whose hashes differ in at most this many of 63 bits are near-duplicates
MAX_BITS: Final = 6
#: a picture with less contrast than this (standard deviation of the 32x32 grey values)
#: has a hash of noise: black frames are not all one picture
_MIN_CONTRAST: Final = 4.0
#: rows of the table of differences that are held at a time
_CHUNK: Final = 1024


@dataclass(frozen=True, slots=True)
class PictureMeasure:
    """What is measured from a picture's pixels."""

    #: mean of the grey values, 0 to 255
    light: float
    #: hashes of the picture and of its mirror image; None: nearly one colour
    hashes: tuple[int, int] | None


def measure_picture(path: Path) -> PictureMeasure:
    """Measure a picture.

    Raises
    ------
    DataError
        If the file cannot be decoded.
    """
    with open_picture(path) as picture:
        # JPEG files are decoded at an eighth of their size, which is enough here
        picture.draft("L", (4 * _SIDE, 4 * _SIDE))
        small = picture.convert("L").resize((_SIDE, _SIDE), Image.Resampling.BOX)
    grey = np.asarray(small, np.float64)
    if grey.std() < _MIN_CONTRAST:
        return PictureMeasure(float(grey.mean()), None)
    return PictureMeasure(float(grey.mean()), (_hash(grey), _hash(grey[:, ::-1])))


def _hash(grey: NDArray[np.float64]) -> int:
    from scipy.fft import dctn

    low = dctn(grey)[:_LOW, :_LOW].reshape(-1)[1:]
    return int(np.packbits(np.concatenate([[False], low > np.median(low)])).view(">u8")[0])


def find_likes(
    measures: Sequence[PictureMeasure], max_bits: int = MAX_BITS
) -> list[tuple[int, int]]:
    """Return the pairs of near-duplicates.

    Parameters
    ----------
    measures : sequence of PictureMeasure
        Of N pictures.
    max_bits : int
        Most bits that differ.

    Returns
    -------
    list of (int, int)
        Places of both, the smaller first.
    """
    known = [place for place, measure in enumerate(measures) if measure.hashes is not None]
    straight = np.array([(measures[i].hashes or (0, 0))[0] for i in known], np.uint64)
    mirrored = np.array([(measures[i].hashes or (0, 0))[1] for i in known], np.uint64)
    pairs: list[tuple[int, int]] = []
    for start in range(0, len(known), _CHUNK):
        rows = straight[start : start + _CHUNK, None]
        bits = np.minimum(np.bitwise_count(rows ^ straight), np.bitwise_count(rows ^ mirrored))
        for row, column in np.argwhere(bits <= max_bits).tolist():
            if start + row < column:
                pairs.append((known[start + row], known[column]))
    return pairs


def join_pictures(
    pictures: Sequence[LabelledPicture], likes: Iterable[tuple[int, int]] = ()
) -> list[list[int]]:
    """Return which pictures must stay together: of one segment, of one group, or alike.

    Parameters
    ----------
    pictures : sequence of LabelledPicture
        N pictures.
    likes : iterable of (int, int)
        Places of pairs of near-duplicates.

    Returns
    -------
    list of list of int
        Places of the pictures of each unit; N in all, units in order of their first.
    """
    units = _Units(len(pictures))
    first_of: dict[tuple[str, str], int] = {}
    for place, picture in enumerate(pictures):
        for kind in ("segment", "group"):
            name = getattr(picture, kind)
            if name:
                units.join(first_of.setdefault((kind, name), place), place)
    for first, second in likes:
        units.join(first, second)
    return units.all()


class _Units:
    """Disjoint sets of places; each is named by its smallest."""

    def __init__(self, count: int) -> None:
        self._parent = list(range(count))

    def _top(self, place: int) -> int:
        while self._parent[place] != place:
            self._parent[place] = self._parent[self._parent[place]]
            place = self._parent[place]
        return place

    def join(self, first: int, second: int) -> None:
        """Make one set of those of two places."""
        low, high = sorted((self._top(first), self._top(second)))
        self._parent[high] = low

    def all(self) -> list[list[int]]:
        """Return the sets, each in order, in order of their first."""
        found: dict[int, list[int]] = {}
        for place in range(len(self._parent)):
            found.setdefault(self._top(place), []).append(place)
        return list(found.values())
