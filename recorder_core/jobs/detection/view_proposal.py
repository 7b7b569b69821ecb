"""Propose the room view of a video: where faces are, and where its views meet."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from recorder_core.deidentify.panes import enclosing_view, find_panes
from recorder_core.detect.detector import Detector, load_detector, load_detector_weights
from recorder_core.detect.stages import ScoredBoxes
from recorder_core.detect.view_input import InputGeometry
from recorder_core.detect.weights.self_test import refuse_useless
from recorder_core.jobs.inputs.job_video import open_job_video
from recorder_core.jobs.inputs.options import DeidentifyOptions
from recorder_core.jobs.pipeline.frame_redactor import FrameRedactor
from recorder_core.jobs.progress import Progress, no_progress
from recorder_core.jobs.verification.second_look import SURE_SCORE
from recorder_core.media import Video
from recorder_core.model import LAYOUTS, Planes, Redaction, View, layout_view
from recorder_core.model.frames.colours import planes_of_rgb, rgb_of_planes
from recorder_core.model.values.carriers import carrier_repr

__all__ = ["ViewProposal", "draw_proposal", "propose_view"]

#: frames that are looked at, spread evenly over the video
_FRAMES: Final = 12
#: from this score a box is hidden in the picture that is drawn: too much rather than too little
_HIDDEN_SCORE: Final = 0.15
#: cells along the long side of a part in which somebody may be: a face that no frame's detections
#: hold, as half of one behind a monitor, has too few to be known by
_CELLS: Final = 40
#: parts belong to the view that hold this share of the faces of the part with most, and
#: show one in so many frames
_MIN_FACE_SHARE, _MIN_FACE_FRAMES = 0.25, 2
#: no face of a person in a room is higher than this share of a composite's part
_MAX_HEIGHT: Final = 0.4
#: smaller parts, as a share of the frame, and longer ones show signals and text
_MIN_AREA, _MAX_ASPECT = 0.03, 4
#: a proposal that overlaps a named layout by this much is called by its name
_SAME_VIEW: Final = 0.95
_LAYOUT_RGB, _PROPOSED_RGB, _GROUND_RGB = (80, 170, 255), (255, 200, 0), (0, 0, 0)
#: lines are as thick as this part of the picture's width, and letters ten times as high
_UNITS_ACROSS: Final = 960
_MIN_LETTER_PX: Final = 10

_Box: TypeAlias = Sequence[float]


@dataclass(frozen=True, slots=True)
class ViewProposal:
    """What was seen in some frames of a video; all in pixels of the frame as it is shown."""

    __repr__ = carrier_repr

    frames: int
    #: parts with sure faces, and how many in all of these frames together; most first
    faces: Mapping[View, int]
    width_px: int
    height_px: int
    #: parts into which the frame is cut by borders
    panes: tuple[View, ...]
    #: layout -> sure faces in it, in all of these frames together
    layout_faces: Mapping[str, int]
    #: the smallest view that holds the parts with faces; None where no face was seen
    view: View | None
    #: (height, width, 3) uint8: the frame with most faces, all of them hidden, and coarse where
    #: anything like a face was seen in any of the frames
    hidden_rgb: NDArray[np.uint8]

    @property
    def layout(self) -> str | None:
        """The named layout that the proposed view is; None where it is none."""
        if self.view is None:
            return None
        for name in LAYOUTS:
            if _overlap(layout_view(name, self.width_px, self.height_px), self.view) >= _SAME_VIEW:
                return name
        return None

    def to_dict(self) -> dict[str, Any]:
        """Return everything but the picture as JSON values."""
        named = {name: layout_view(name, self.width_px, self.height_px) for name in LAYOUTS}
        return {
            "width": self.width_px,
            "height": self.height_px,
            "frames": self.frames,
            "view": None if self.view is None else str(self.view),
            "layout": self.layout,
            "parts": [{"view": str(pane), "faces": self.faces.get(pane, 0)} for pane in self.panes],
            "layouts": {
                name: {"view": str(view), "faces": self.layout_faces[name]}
                for name, view in named.items()
            },
        }


def propose_view(
    video: str | Path | Video, options: DeidentifyOptions, progress: Progress = no_progress
) -> ViewProposal:
    """Propose the view in which persons are, from some frames of a video.

    Parameters
    ----------
    video : str, Path or Video
        One that is open stays open.
    options : DeidentifyOptions
        How faces are found, and the span of time; its view is not used.
    progress : callable
        Called with the number of finished frames and of all frames.

    Raises
    ------
    RecorderError
        If the video cannot be read, or the detector cannot be loaded.
    """
    source = open_job_video(video, replace(options, view="full"))
    places = np.linspace(source.first, source.stop - 1, min(_FRAMES, len(source))).astype(int)
    with nullcontext(video) if isinstance(video, Video) else source.media as opened:
        frames = [planes_of_rgb(opened.frame(int(each)).to_rgb()) for each in np.unique(places)]
        opened.check_unchanged()
    panes = find_panes([frame.y for frame in frames])
    finder = _Finder(options, panes)
    found: list[ScoredBoxes] = []
    for frame in frames:
        found.append(finder.find(frame))
        progress(len(found), len(frames))
    faces = [_plausible_faces(panes, boxes) for boxes in found]
    seen = _count_faces(panes, faces)
    best = max(range(len(found)), key=lambda place: len(found[place]))
    return ViewProposal(
        len(frames),
        seen,
        frames[0].width,
        frames[0].height,
        tuple(panes),
        _count_by_layout(faces, frames[0]),
        _view_of(seen),
        _coarse(_hide(frames[best], found[best], options), _peopled(panes, found)),
    )


class _Finder:
    """Finds faces in the whole frame and, enlarged, in each of its parts."""

    def __init__(self, options: DeidentifyOptions, panes: Sequence[View]) -> None:
        self._settings = options.detector
        self._weights = load_detector_weights(options.detector)
        if self._weights is not None:
            refuse_useless(self._weights)
        self._loaded: Detector | None = None
        whole = enclosing_view(panes)
        large = [pane for pane in panes if _may_show_persons(pane, whole)]
        names = LAYOUTS if len(panes) == 1 else ()
        quarters = [layout_view(name, whole.width, whole.height) for name in names]
        self._views = list(dict.fromkeys([whole, *large, *quarters]))

    def find(self, planes: Planes) -> ScoredBoxes:
        """Return the boxes of all views, overlaps suppressed, best score first."""
        boxes = [self._detector(view).detect(planes) for view in self._views]
        merged = ScoredBoxes(
            np.concatenate([each.xyxy_px for each in boxes]),
            np.concatenate([each.scores for each in boxes]),
        )
        detector = self._detector(self._views[0])
        return detector.suppress_overlaps(detector.sort_by_score(merged))

    def _detector(self, view: View) -> Detector:
        geometry = InputGeometry.fit(view, self._settings.long_side_px)
        if self._loaded is None:
            self._loaded = load_detector(self._settings, view, self._weights, any_size=True)
        return self._loaded.for_geometry(geometry)


def _may_show_persons(pane: View, whole: View) -> bool:
    """Return whether a part is large enough, and no line of text."""
    sides = sorted((pane.width, pane.height))
    area = pane.width * pane.height
    return area >= _MIN_AREA * whole.width * whole.height and sides[1] <= _MAX_ASPECT * sides[0]


def _plausible_faces(panes: Sequence[View], boxes: ScoredBoxes) -> list[_Box]:
    """Return the sure faces of a frame.

    A box that is high for its part is none: what an endoscope sees resembles a face now
    and then, and fills much of its view; persons in a room do not.
    """
    highest = _MAX_HEIGHT if len(panes) > 1 else 1.0
    sure = boxes.xyxy_px[boxes.scores >= SURE_SCORE].tolist()
    return [box for box in sure if box[3] - box[1] <= highest * _pane_of(box, panes).height]


def _count_faces(panes: Sequence[View], faces: Sequence[Sequence[_Box]]) -> dict[View, int]:
    """Return how many faces were seen in each part, the most first; a single frame is none."""
    counts: Counter[View] = Counter()
    frames: Counter[View] = Counter()
    for boxes in faces:
        here = [_pane_of(box, panes) for box in boxes]
        counts.update(here)
        frames.update(set(here))
    enough = min(_MIN_FACE_FRAMES, len(faces))
    return {pane: count for pane, count in counts.most_common() if frames[pane] >= enough}


def _count_by_layout(faces: Sequence[Sequence[_Box]], frame: Planes) -> dict[str, int]:
    views = {name: layout_view(name, frame.width, frame.height) for name in LAYOUTS}
    boxes = [box for each in faces for box in each]
    return {name: sum(_holds(view, box) for box in boxes) for name, view in views.items()}


def _view_of(seen: Mapping[View, int]) -> View | None:
    """Return the smallest view around the parts in which most faces are."""
    most = max(seen.values(), default=0)
    chosen = [pane for pane, count in seen.items() if count >= _MIN_FACE_SHARE * most]
    return enclosing_view(chosen) if chosen else None


def _pane_of(box: _Box, panes: Sequence[View]) -> View:
    return next((pane for pane in panes if _holds(pane, box)), panes[0])


def _holds(view: View, box: _Box) -> bool:
    """Return whether the centre of a box lies in a view."""
    across, down = (box[0] + box[2]) / 2 - view.x, (box[1] + box[3]) / 2 - view.y
    return 0 <= across < view.width and 0 <= down < view.height


def _hide(planes: Planes, boxes: ScoredBoxes, options: DeidentifyOptions) -> NDArray[np.uint8]:
    redactions = [
        Redaction(0, (x0, y0, x1, y1), "detected", -1, score)
        for (x0, y0, x1, y1), score in zip(
            boxes.xyxy_px.tolist(), boxes.scores.tolist(), strict=True
        )
        if score >= _HIDDEN_SCORE
    ]
    redactor = FrameRedactor(options.redaction, View(0, 0, planes.width, planes.height))
    return rgb_of_planes(redactor.redact_copy(planes, redactions))


def _peopled(panes: Sequence[View], found: Sequence[ScoredBoxes]) -> list[View]:
    """Return the parts in which anything like a face was seen."""
    boxes = [box for each in found for box in each.xyxy_px[each.scores >= _HIDDEN_SCORE].tolist()]
    return list(dict.fromkeys(_pane_of(box, panes) for box in boxes))


def _coarse(rgb: NDArray[np.uint8], views: Sequence[View]) -> NDArray[np.uint8]:
    """Return a frame of which some parts keep too little for a face to be known by."""
    frame = Image.fromarray(rgb)
    for view in views:
        area = (view.x, view.y, view.x + view.width, view.y + view.height)
        cell_px = max(view.width, view.height) / _CELLS
        cells = (max(1, round(view.width / cell_px)), max(1, round(view.height / cell_px)))
        small = frame.crop(area).resize(cells, Image.Resampling.BOX)
        frame.paste(small.resize((view.width, view.height), Image.Resampling.BILINEAR), area)
    return np.asarray(frame)


def _overlap(first: View, second: View) -> float:
    """Return the intersection over union of two views."""
    width = min(first.x + first.width, second.x + second.width) - max(first.x, second.x)
    height = min(first.y + first.height, second.y + second.height) - max(first.y, second.y)
    common = max(width, 0) * max(height, 0)
    return common / (first.width * first.height + second.width * second.height - common)


def draw_proposal(proposal: ViewProposal, path: Path) -> None:
    """Write the frame with hidden faces, the named layouts and the proposed view as PNG.

    Call it inside :func:`~recorder_core.media.finished_file`, which turns errors into ours.
    """
    image = Image.fromarray(proposal.hidden_rgb)
    pen = _Pen(ImageDraw.Draw(image), proposal.width_px)
    for name in LAYOUTS:
        view = layout_view(name, proposal.width_px, proposal.height_px)
        # the whole frame has its label on a line of its own, below that of the first quarter
        pen.frame(view, f"{name} {view}", _LAYOUT_RGB, line=1 if name == "full" else 0)
    if proposal.view is not None:
        pen.frame(proposal.view, f"proposed: --view {proposal.view}", _PROPOSED_RGB, line=-1)
    image.save(path, "PNG")


class _Pen:
    """Draws frames of views, and labels that can be read in a picture of some width."""

    def __init__(self, draw: ImageDraw.ImageDraw, width_px: int) -> None:
        self._draw = draw
        self._unit_px = max(1, round(width_px / _UNITS_ACROSS))
        self._font = ImageFont.load_default(size=max(_MIN_LETTER_PX, 10 * self._unit_px))

    def frame(self, view: View, label: str, rgb: tuple[int, int, int], *, line: int) -> None:
        """Draw the edge of a view, and its label in a line from its top or, below 0, bottom."""
        thickness = 2 * self._unit_px if line < 0 else self._unit_px
        right, bottom = view.x + view.width - 1, view.y + view.height - 1
        self._draw.rectangle((view.x, view.y, right, bottom), outline=rgb, width=thickness)
        x0, y0, x1, y1 = self._draw.textbbox((0, 0), label, font=self._font)
        height = round(y1 - y0) + 2 * self._unit_px
        top = bottom + 1 - thickness - height if line < 0 else view.y + thickness + line * height
        left = view.x + thickness
        area = (left, top, left + x1 - x0 + 2 * self._unit_px, top + height - 1)
        self._draw.rectangle(area, fill=_GROUND_RGB)
        at = (left + self._unit_px - x0, top + self._unit_px - y0)
        self._draw.text(at, label, fill=rgb, font=self._font)
