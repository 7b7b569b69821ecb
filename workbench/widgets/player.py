"""A player of videos that knows the number of every frame it shows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, Literal, Self, cast

import numpy as np
import traitlets
from numpy.typing import NDArray

from recorder_core.errors import DataError, RecorderError
from recorder_core.model import PlannedRedaction, Redaction
from workbench.widgets.bundle import (
    BundledWidget,
    checked_marker,
    checked_span,
    checked_url,
    checked_view,
)

if TYPE_CHECKING:
    from recorder_core.media import Video
    from recorder_core.tables import RedactionTable
    from workbench.widgets.pictures import FramePictures

__all__ = ["Player", "Screenshot", "pack_boxes", "pack_table"]

#: in the order in which the widget numbers them
_ORIGINS: Final = ("detected", "filled", "rescued", "padded", "corrected")
#: numbers that the widget has for each box
_COLUMNS: Final = 8
#: largest picture that a browser may send, bytes
_MAX_SCREENSHOT: Final = 64 << 20
_PNG: Final = b"\x89PNG\r\n\x1a\n"
_NONE: Final[Mapping[Literal["original", "copy"], FramePictures]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Screenshot:
    """A frame that a person kept, as the browser showed it, without boxes."""

    frame_index: int
    #: 'original' or 'copy'
    which: str
    png: bytes

    def __repr__(self) -> str:
        return f"Screenshot(frame {self.frame_index} of the {self.which}, {len(self.png)} bytes)"


class Player(BundledWidget):
    """A video in a page: exact frames, with the boxes of the frame that is shown.

    Every synced value can be set by the browser, so each is checked. Times are seconds
    from the video's own time stamps, frames are counted from 0 as in the tables.

    Parameters
    ----------
    on_screenshot : callable, optional
        Called with each `Screenshot` that a person takes.
    frame_count : int, optional
        Where the browser reads `frame_seconds` from an address.
    pictures : mapping, optional
        Of "original", "copy" or both, where the browser has no address: what makes its frames.
        It is closed with the widget.
    **traits
        Values of the traits.
    """

    #: addresses that answer requests for ranges; one may be empty
    url = traitlets.Unicode().tag(sync=True)
    copy_url = traitlets.Unicode().tag(sync=True)
    #: of the room as it was seen, where the video at `url` shows it de-identified
    room_url = traitlets.Unicode().tag(sync=True)
    #: where that video shows the room: x, y, width and height; empty: nobody knows
    room_px: traitlets.List[int] = traitlets.List(traitlets.Int(min=0)).tag(sync=True)
    #: of these the browser asks for pictures of frames instead: 'original', 'copy'
    pictured: traitlets.List[str] = traitlets.List(read_only=True).tag(sync=True)
    #: float64: when each frame is shown
    frame_seconds = traitlets.Bytes().tag(sync=True)
    #: when the first frame is shown by the clock of the files at the addresses, where
    #: `frame_seconds` count from it: files from transport streams do not begin at 0
    start_seconds = traitlets.Float(0.0, min=0.0).tag(sync=True)
    #: addresses that send `frame_seconds` and `boxes` in their place: for an hour of video both are
    #: too long to be a widget's state; of the page of a review alone
    frame_seconds_url = traitlets.Unicode().tag(sync=True)
    boxes_url = traitlets.Unicode().tag(sync=True)
    #: when the last frame ends
    end_seconds = traitlets.Float(0.0, min=0.0).tag(sync=True)
    #: size in which boxes are given; 0: that of the video
    frame_size_px = traitlets.Tuple(
        traitlets.Int(min=0), traitlets.Int(min=0), default_value=(0, 0)
    ).tag(sync=True)
    #: from `pack_boxes`
    boxes = traitlets.Bytes().tag(sync=True)
    #: boxes with a lower score are not shown
    threshold = traitlets.Float(0.0, min=0.0, max=1.0).tag(sync=True)
    #: parts of the frame that can be shown alone: name, x, y, w, h
    views: traitlets.List[dict[str, Any]] = traitlets.List().tag(sync=True)
    #: label and seconds of each
    markers: traitlets.List[dict[str, Any]] = traitlets.List().tag(sync=True)
    #: start and stop in seconds of what is played again and again; empty: nothing
    loop: traitlets.List[float] = traitlets.List().tag(sync=True)
    #: where to go, in seconds, and a number that differs from the last one's
    seek = traitlets.Tuple(traitlets.Float(), traitlets.Int(), default_value=(0.0, 0)).tag(
        sync=True
    )
    #: what is shown, -1: nothing yet; written by the browser
    frame = traitlets.Int(-1, min=-1).tag(sync=True)
    seconds = traitlets.Float(0.0).tag(sync=True)

    _script = "player.js"
    _pictures: Mapping[Any, FramePictures] = _NONE

    def __init__(
        self,
        *,
        on_screenshot: Callable[[Screenshot], None] | None = None,
        frame_count: int | None = None,
        pictures: Mapping[Literal["original", "copy"], FramePictures] = _NONE,
        **traits: Any,
    ) -> None:
        # the checks of traits ask for it
        self._frame_count = frame_count
        super().__init__(**traits)
        self._on_screenshot = on_screenshot
        self._pictures = pictures
        self.set_trait("pictured", [*pictures])
        self.on_msg(self._receive)

    def close(self) -> None:
        """Close the widget, and the videos of its pictures."""
        super().close()
        for each in self._pictures.values():
            each.close()

    @classmethod
    def of_video(cls, video: Video, url: str, **traits: Any) -> Self:
        """Return the player of a video that the browser reads from an address.

        Parameters
        ----------
        video : Video
            The same file; its index names the frames.
        url : str
            Where the browser finds it.
        **traits
            Further values, such as `copy_url`.
        """
        index, base = video.index, float(video.info.video.time_base)
        end = (int(index.pts[-1]) + int(index.durations[-1])) * base
        seconds = (index.pts * base).astype(np.float64).tobytes()
        return cls(url=url, frame_seconds=seconds, end_seconds=end, **traits)

    @property
    def frame_count(self) -> int:
        """How many frames the video has."""
        return len(self._frame_times()) if self._frame_count is None else self._frame_count

    def show_frame(self, frame_index: int) -> None:
        """Show a frame; the browser pauses there.

        Raises
        ------
        DataError
            If the video has no such frame.
        """
        seconds = self._frame_times()
        if not 0 <= frame_index < len(seconds):
            raise DataError(f"frame {frame_index} is not one of the video's {len(seconds)} frames")
        self.seek = (float(seconds[frame_index]), self.seek[1] + 1)

    def _frame_times(self) -> NDArray[np.float64]:
        return np.frombuffer(self.frame_seconds, np.float64)

    @traitlets.validate("url", "copy_url", "room_url", "frame_seconds_url", "boxes_url")
    def _check_url(self, proposal: dict[str, Any]) -> str:
        return checked_url(proposal["value"])

    @traitlets.validate("frame_seconds")
    def _check_times(self, proposal: dict[str, Any]) -> bytes:
        value = cast(bytes, proposal["value"])
        if len(value) % 8:
            raise traitlets.TraitError("the times of frames are 8 bytes each")
        seconds = np.frombuffer(value, np.float64)
        if not np.isfinite(seconds).all() or (np.diff(seconds) <= 0).any():
            raise traitlets.TraitError("the times of frames are finite and strictly increasing")
        return value

    @traitlets.validate("boxes")
    def _check_boxes(self, proposal: dict[str, Any]) -> bytes:
        value = cast(bytes, proposal["value"])
        if len(value) % (4 * _COLUMNS):
            raise traitlets.TraitError(f"a box is {_COLUMNS} numbers of 4 bytes")
        rows = np.frombuffer(value, np.float32).reshape(-1, _COLUMNS)
        if not np.isfinite(rows[:, :6]).all() or (np.diff(rows[:, 0]) < 0).any():
            raise traitlets.TraitError("boxes are finite numbers in order of frames")
        return value

    @traitlets.validate("markers")
    def _check_markers(self, proposal: dict[str, Any]) -> list[dict[str, Any]]:
        return [checked_marker(each) for each in proposal["value"]]

    @traitlets.validate("views")
    def _check_views(self, proposal: dict[str, Any]) -> list[dict[str, Any]]:
        return [checked_view(each) for each in proposal["value"]]

    @traitlets.validate("room_px")
    def _check_room(self, proposal: dict[str, Any]) -> list[int]:
        place = cast(list[int], proposal["value"])
        if place and (len(place) != 4 or not all(place[2:])):
            raise traitlets.TraitError("the place of the room is x, y, width and height, or empty")
        return place

    @traitlets.validate("loop")
    def _check_loop(self, proposal: dict[str, Any]) -> list[float]:
        return checked_span(proposal["value"])

    def _receive(self, _widget: object, content: dict[str, Any], buffers: list[Any]) -> None:
        """Accept what the browser sends; what it should not send is dropped."""
        if content.get("kind") == "picture":
            self._answer_picture(content.get("which"), content.get("frame"))
        if content.get("kind") != "screenshot" or self._on_screenshot is None or len(buffers) != 1:
            return
        frame, which, png = content.get("frame"), content.get("which"), bytes(buffers[0])
        if self._has_frame(frame) and which in ("original", "copy") and _is_png(png):
            self._on_screenshot(Screenshot(cast(int, frame), cast(str, which), png))

    def _answer_picture(self, which: object, frame: object) -> None:
        if which not in self.pictured or not self._has_frame(frame):
            return
        answer: dict[str, Any] = {"kind": "picture", "which": which, "frame": frame}
        try:
            picture = self._pictures[which].picture(cast(int, frame))
        except RecorderError as exc:
            self.send(answer | {"message": str(exc)})
        else:
            self.send(answer, [picture])

    def _has_frame(self, frame: object) -> bool:
        is_number = isinstance(frame, int) and not isinstance(frame, bool)
        return is_number and 0 <= cast(int, frame) < self.frame_count


def _is_png(data: bytes) -> bool:
    return data.startswith(_PNG) and len(data) <= _MAX_SCREENSHOT


def pack_boxes(
    redactions: Sequence[Redaction | PlannedRedaction], *, automatic: bool = False
) -> bytes:
    """Return redactions as the widgets take them.

    Parameters
    ----------
    redactions : sequence of Redaction or PlannedRedaction
        In any order; those that a correction lifted are left out.
    automatic : bool, optional
        Pack what the program decided before any correction, for the editor: what was lifted
        is there, what a person added is not.

    Returns
    -------
    bytes
        float32: frame, track, x0, y0, x1, y1, score and number of the origin of each,
        in order of frames.
    """
    planned = [
        each if isinstance(each, PlannedRedaction) else PlannedRedaction(each)
        for each in redactions
    ]
    if automatic:
        drawn = [each.redaction for each in planned if each.redaction.origin != "corrected"]
    else:
        drawn = [each.redaction for each in planned if each.applied]
    rows = [
        [each.frame_index, each.track, *each.box_xyxy_px, each.score, _ORIGINS.index(each.origin)]
        for each in sorted(drawn, key=lambda each: each.frame_index)
    ]
    return np.array(rows, np.float32).reshape(-1, _COLUMNS).tobytes()


def pack_table(
    redactions: RedactionTable, *, automatic: bool = False, first_frame: int = 0
) -> bytes:
    """Return a table of redactions as the widgets take them; see `pack_boxes`.

    Parameters
    ----------
    redactions : RedactionTable
        Of a copy.
    automatic : bool, optional
        As of `pack_boxes`.
    first_frame : int, default 0
        Of the source, that the copy begins with.
    """
    from recorder_core.tables import ORIGINS

    numbers = np.array([_ORIGINS.index(each) for each in ORIGINS])[redactions.origins]
    kept = numbers != _ORIGINS.index("corrected") if automatic else redactions.applied
    frames = redactions.frame_index - first_frame
    boxes, scores = redactions.boxes_xyxy_px, redactions.scores
    rows = np.column_stack([frames, redactions.tracks, boxes, scores, numbers])
    return rows[kept].astype(np.float32).tobytes()
