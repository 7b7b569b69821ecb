"""Propose the room view of a video: where faces are, and where its views meet."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from recorder_core.deidentify.panes import enclosing_view, find_panes
from recorder_core.deidentify.redaction import redact
from recorder_core.deidentify.redaction_check import writable_copy
from recorder_core.detect.detector import Detector, load_detector, load_detector_weights
from recorder_core.detect.self_test import refuse_useless
from recorder_core.detect.stages import ScoredBoxes
from recorder_core.detect.view_input import InputGeometry
from recorder_core.jobs.options import DeidentifyOptions
from recorder_core.jobs.progress import Progress, no_progress
from recorder_core.jobs.second_look import SURE_SCORE
from recorder_core.jobs.source import open_source
from recorder_core.media import grab_pictures
from recorder_core.model import LAYOUTS, Planes, Redaction, View, layout_view
from recorder_core.model.colours import planes_of_rgb, rgb_of_planes

__all__ = ["ViewProposal", "draw_proposal", "propose_view"]

#: frames that are looked at, spread evenly over the video
_FRAMES: Final = 12
#: from this score a box is hidden in the picture that is drawn: too much rather than too little
_HIDDEN_SCORE: Final = 0.15
#: parts belong to the view that hold this share of the faces of the part with most, and
#: show one in so many frames
_MIN_FACE_SHARE, _MIN_FACE_FRAMES = 0.25, 2
#: no face of a person in a room is higher than this share of a composite's part
_MAX_HEIGHT: Final = 0.4
#: smaller parts, as a share of the frame, and longer ones show signals and text
_MIN_AREA, _MAX_ASPECT = 0.03, 4
#: a proposal that overlaps a named layout by this much is called by its name
_SAME_VIEW: Final = 0.95
_LAYOUT_RGB, _PROPOSED_RGB, _TEXT_RGB = (80, 170, 255), (255, 200, 0), (255, 255, 255)
_PROPOSED_WIDTH_PX: Final = 4


@dataclass(frozen=True, slots=True)
class ViewProposal:
    """What was seen in some frames of a video; all in pixels of the frame as it is shown."""

    frames: int
    #: parts with sure faces, and how many in all of these frames together; most first
    faces: Mapping[View, int]
    width_px: int
    height_px: int
    #: parts into which the frame is cut by borders
    panes: tuple[View, ...]
    #: the smallest view that holds the parts with faces; None where no face was seen
    view: View | None
    #: (height, width, 3) uint8: the frame with most faces, all of them hidden
    hidden_rgb: NDArray[np.uint8] = field(repr=False)

    @property
    def layout(self) -> str | None:
        """The named layout that the proposed view is; None where it is none."""
        if self.view is None:
            return None
        for name in LAYOUTS:
            if _overlap(layout_view(name, self.width_px, self.height_px), self.view) >= _SAME_VIEW:
                return name
        return None


def propose_view(
    path: Path, options: DeidentifyOptions, progress: Progress = no_progress
) -> ViewProposal:
    """Look at some frames of a video, and propose the view in which persons are.

    Parameters
    ----------
    path : Path
        The video.
    options : DeidentifyOptions
        How faces are found, and the span of time; its view is not used.
    progress : callable
        Called with the number of finished frames and of all frames.

    Raises
    ------
    RecorderError
        If the video cannot be read, or the detector cannot be loaded.
    """
    source = open_source(path, replace(options, view="full"))
    places = np.linspace(source.first, source.stop - 1, min(_FRAMES, len(source))).astype(int)
    wanted = [int(source.index.pts[place]) for place in np.unique(places)]
    with path.open("rb") as file:
        frames = [planes_of_rgb(rgb) for rgb in grab_pictures(file, wanted, path.name)]
    source.state.check()
    panes = find_panes([frame.y for frame in frames])
    finder = _Finder(options, panes)
    found: list[ScoredBoxes] = []
    for frame in frames:
        found.append(finder.find(frame))
        progress(len(found), len(frames))
    seen = _count_faces(panes, found)
    best = max(range(len(found)), key=lambda place: len(found[place]))
    return ViewProposal(
        len(frames),
        seen,
        frames[0].width,
        frames[0].height,
        tuple(panes),
        _view_of(seen),
        _hide(frames[best], found[best], options),
    )


class _Finder:
    """Finds faces in the whole frame and, enlarged, in each of its parts."""

    def __init__(self, options: DeidentifyOptions, panes: Sequence[View]) -> None:
        self._settings = options.detector
        self._weights = load_detector_weights(options.detector)
        if self._weights is not None:
            refuse_useless(self._weights)
        self._loaded: dict[tuple[int, int], Detector] = {}
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
        detector = next(iter(self._loaded.values()))
        return detector.suppress_overlaps(detector.sort_by_score(merged))

    def _detector(self, view: View) -> Detector:
        geometry = InputGeometry.fit(view, self._settings.long_side_px)
        size = geometry.input_width, geometry.input_height
        if size not in self._loaded:
            first = not self._loaded
            self._loaded[size] = load_detector(self._settings, view, self._weights, self_test=first)
        return self._loaded[size].for_geometry(geometry)


def _may_show_persons(pane: View, whole: View) -> bool:
    """Return whether a part is large enough, and no line of text."""
    sides = sorted((pane.width, pane.height))
    area = pane.width * pane.height
    return area >= _MIN_AREA * whole.width * whole.height and sides[1] <= _MAX_ASPECT * sides[0]


def _count_faces(panes: Sequence[View], found: Sequence[ScoredBoxes]) -> dict[View, int]:
    """Return how many sure faces were seen in each part, the most first.

    A box that is high for its part is none: what an endoscope sees resembles a face now
    and then, and fills much of its view; persons in a room do not.
    """
    counts: Counter[View] = Counter()
    frames: Counter[View] = Counter()
    for boxes in found:
        sure = boxes.xyxy_px[boxes.scores >= SURE_SCORE].tolist()
        owners = [(_pane_of(box, panes), box[3] - box[1]) for box in sure]
        highest = _MAX_HEIGHT if len(panes) > 1 else 1.0
        here = [pane for pane, height in owners if height <= highest * pane.height]
        counts.update(here)
        frames.update(set(here))
    enough = min(_MIN_FACE_FRAMES, len(found))
    return {pane: count for pane, count in counts.most_common() if frames[pane] >= enough}


def _view_of(seen: Mapping[View, int]) -> View | None:
    """Return the smallest view around the parts in which most faces are."""
    most = max(seen.values(), default=0)
    chosen = [pane for pane, count in seen.items() if count >= _MIN_FACE_SHARE * most]
    return enclosing_view(chosen) if chosen else None


def _pane_of(box: Sequence[float], panes: Sequence[View]) -> View:
    across, down = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    return next(
        (
            pane
            for pane in panes
            if pane.x <= across < pane.x + pane.width and pane.y <= down < pane.y + pane.height
        ),
        panes[0],
    )


def _hide(planes: Planes, boxes: ScoredBoxes, options: DeidentifyOptions) -> NDArray[np.uint8]:
    hidden = writable_copy(planes)
    redactions = [
        Redaction(0, (x0, y0, x1, y1), "detected", -1, score)
        for (x0, y0, x1, y1), score in zip(
            boxes.xyxy_px.tolist(), boxes.scores.tolist(), strict=True
        )
        if score >= _HIDDEN_SCORE
    ]
    redact(hidden, redactions, options.redaction, View(0, 0, planes.width, planes.height))
    return rgb_of_planes(hidden)


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
    draw = ImageDraw.Draw(image)
    for name in LAYOUTS:
        view = layout_view(name, proposal.width_px, proposal.height_px)
        _frame(draw, view, name, _LAYOUT_RGB, 1)
    if proposal.view is not None:
        _frame(draw, proposal.view, "", _PROPOSED_RGB, _PROPOSED_WIDTH_PX)
        label = f"--view {proposal.layout or proposal.view}"
        at = (proposal.view.x + 8, proposal.view.y + proposal.view.height - 18)
        draw.text(at, label, fill=_PROPOSED_RGB)
    image.save(path, "PNG")


def _frame(
    draw: ImageDraw.ImageDraw, view: View, name: str, rgb: tuple[int, int, int], width_px: int
) -> None:
    corners = (view.x, view.y, view.x + view.width - 1, view.y + view.height - 1)
    draw.rectangle(corners, outline=rgb, width=width_px)
    draw.text((view.x + 6, view.y + (20 if name == "full" else 6)), name, fill=_TEXT_RGB)
