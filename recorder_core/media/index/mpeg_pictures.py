"""Tell by the headers within them which pictures of MPEG-1 or MPEG-2 lack something.

A program stream has no counters: where whole packs are missing, its headers follow each other as
before. Each picture has a number in its group, and begins each row of macroblocks with a slice.

References
----------
.. [1] ISO/IEC 13818-2, 6.1.2.2 (slices) and 6.3.9 (temporal_reference); ISO/IEC 11172-2, 2.4.3.
"""

from __future__ import annotations

import re
from array import array
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from av.packet import Packet
from numpy.typing import NDArray

__all__ = ["MpegPictures"]

_CODECS: Final = ("mpeg1video", "mpeg2video")
#: a program stream, and a file of nothing but the video
_CONTAINERS: Final = ("mpeg", "mpegvideo")
#: a picture, the row of a slice, or a group
_CODE: Final = re.compile(rb"\x00\x00\x01([\x00-\xaf\xb8])", re.DOTALL)
_PICTURE_CODE, _GROUP_CODE = 0, 0xB8
#: rows that so many of the pictures have are whole, if nearly all pictures are
_USUAL_SHARE: Final = 0.1
_USUAL_SHARE_OF_ALL: Final = 0.9
_FEW_SLICES: Final = 2


@dataclass(slots=True)
class MpegPictures:
    """The pictures of a program stream, in the order of the file.

    Parameters
    ----------
    codec, container : str
        FFmpeg's names; nothing is noted of others.
    """

    codec: str
    container: str
    #: columns of one length; hours have hundreds of thousands
    _pts: array[int] = field(default_factory=lambda: array("q"))
    _groups: array[int] = field(default_factory=lambda: array("q"))
    #: of each picture in its group, in the order of presentation
    _numbers: array[int] = field(default_factory=lambda: array("q"))
    #: of each picture, which of `_known_rows` it has slices in
    _rows: array[int] = field(default_factory=lambda: array("q"))
    _known_rows: dict[bytes, int] = field(default_factory=dict)
    _group: int = 0
    #: no picture is left out for want of a time
    _all_timed: bool = True

    @property
    def _is_read(self) -> bool:
        return self.codec in _CODECS and self.container in _CONTAINERS

    def note(self, packet: Packet[Any]) -> None:
        """Read the next packet of the video."""
        self._all_timed &= packet.pts is not None
        if packet.pts is None or not self._is_read:
            return
        content, number, rows = bytes(packet), None, set[int]()
        for match in _CODE.finditer(content):
            code = match[1][0]
            if code not in (_PICTURE_CODE, _GROUP_CODE):
                rows.add(code)
                continue
            self._add(packet.pts, number, rows)
            number, rows = None, set()
            if code == _GROUP_CODE:
                self._group += 1
            else:
                number = int.from_bytes(content[match.end() : match.end() + 2], "big") >> 6
        self._add(packet.pts, number, rows)

    def _add(self, pts: int, number: int | None, rows: set[int]) -> None:
        if number is None:
            return
        self._pts.append(pts)
        self._groups.append(self._group)
        self._numbers.append(number)
        known = self._known_rows
        self._rows.append(known.setdefault(bytes(sorted(rows)), len(known)))

    def damaged_pts(self) -> list[int]:
        """Return the pts of each picture that lacks rows, or that comes behind a missing one."""
        return self._without_rows() + self._behind_missing()

    def _without_rows(self) -> list[int]:
        """Return the pts of pictures that lack rows; a recorder may stop within the last one."""
        rows = np.asarray(self._rows[:-1], np.int64)
        counts = np.bincount(rows, minlength=len(self._known_rows))
        is_usual = counts >= _USUAL_SHARE * len(rows)
        if counts[is_usual].sum() < _USUAL_SHARE_OF_ALL * len(rows):
            return []
        usual = [known for known, place in self._known_rows.items() if is_usual[place]]
        for known, place in self._known_rows.items():
            is_usual[place] |= self._may_be_whole(known, usual)
        return [self._pts[place] for place in np.flatnonzero(~is_usual[rows]).tolist()]

    def _may_be_whole(self, rows: bytes, usual: list[bytes]) -> bool:
        """Return whether rows are those of a field among frames, or the reverse.

        A slice of MPEG-1 may go on for rows: few of them hold a picture in which nothing moves.
        """
        if self.codec == "mpeg1video" and len(rows) <= _FEW_SLICES:
            return True
        is_full = rows == bytes(range(1, len(rows) + 1))
        lengths = {len(rows) * 2, len(rows) / 2}
        return is_full and any(len(each) in lengths for each in usual)

    def _behind_missing(self) -> list[int]:
        """Return the pts of each picture before which numbers, and their time, are missing.

        Where a recording stops, what is shown before its last picture may not have been written.
        """
        groups, numbers = np.asarray(self._groups), np.asarray(self._numbers)
        is_last = groups != np.append(groups[1:], -1)
        last_numbers = dict(zip(groups[is_last].tolist(), numbers[is_last].tolist(), strict=True))
        shown = np.array([groups, numbers, self._pts], np.int64)
        shown = shown[:, np.lexsort(shown[::-1])]
        group_steps, steps, lasts = np.diff(shown)
        is_next = (group_steps == 0) & (steps == 1)
        if not (self._all_timed and is_next.any()):
            return []
        usual = float(np.median(lasts[is_next]))
        is_gap = (group_steps == 0) & (steps > 1)
        return [
            pts
            for group, number, pts in shown[:, 1:][:, is_gap].T.tolist()
            if number != last_numbers[group] and _is_too_long(shown, group, usual)
        ]


def _is_too_long(shown: NDArray[np.int64], group: int, usual: float) -> bool:
    """Return whether a group lasts longer than its pictures, up to the next one or its last."""
    first, stop = np.searchsorted(shown[0], (group, group + 1)).tolist()
    count, end = len(np.unique(shown[1, first:stop])), min(stop, shown.shape[1] - 1)
    frames = (shown[2, end] - shown[2, first]) / usual
    return bool(frames > count - (end < stop) + 0.5)
