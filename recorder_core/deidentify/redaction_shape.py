"""Where a redaction lies: settings, the ellipse around a face, and its cells.

Geometry only; no pixel is read here. The kernel (`_redaction_cy.pyx`), its NumPy
oracle (`redaction_reference`) and the measures in `redaction` all start from these
shapes, so they cannot disagree about what is covered.

A face box is first taken outward to whole pixels. The *core* is the ellipse inside
the enlarged box, grown until the whole face box, corners included, lies in it: there
nothing of the frame remains. The *soft edge* is a ring around the core, in which
the redaction fades into the frame; it never weakens the core.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal

from recorder_core.errors import DataError, SettingsError
from recorder_core.model import Redaction, View

__all__ = [
    "CellGrid",
    "FaceShape",
    "PixelBox",
    "RedactionMethod",
    "RedactionSettings",
    "face_shapes",
    "intersection",
    "touched_pixels",
    "view_box",
]

RedactionMethod = Literal["cells", "blur", "mosaic", "solid"]
PixelBox = tuple[int, int, int, int]

#: most cells along each side of the enlarged face: at 6x6 no texture of a face is left
MAX_CELLS: Final = 6
#: smallest side of a cell, luma pixels: smaller cells would keep tiny faces as they are
MIN_CELL_PX: Final = 4
#: smallest standard deviation of the blur, share of the face's longer side
MIN_BLUR_SIGMA: Final = 0.3
#: the blur works on cells this many times finer than its standard deviation
BLUR_CELLS_PER_SIGMA: Final = 6
#: most luma pixels that a small face may be enlarged by on each side
MAX_MARGIN_PX: Final = 100.0
#: most that the usual margins may be multiplied with
MAX_SCALE: Final = 2.5
#: boxes further out than this are damaged data, not faces
MAX_COORDINATE_PX: Final = 1_000_000
#: weight of the redaction in its core; 0 is the untouched frame
FULL_WEIGHT: Final = 256


@dataclass(frozen=True, slots=True)
class RedactionSettings:
    """How faces are made unrecognisable.

    ``cells`` (default) reduces the shape to a few averaged, coarsely quantised cells
    and smooths between them: everything but the cells' levels is gone. ``mosaic``
    shows plain averaged cells. ``blur`` is a weighted average of each pixel's
    neighbourhood; it can be undone in part by learned attacks [1]_, so it is there to
    compare with and for footage whose look matters more. ``solid`` fills.

    References
    ----------
    .. [1] Revelio, arXiv 2506.12344: 95.9 % of strongly blurred faces re-identified.
    """

    method: RedactionMethod = "cells"
    #: added to the left and to the right of the face box, share of its width (ears)
    enlarge_sides: float = 0.2
    #: added above, share of the box's height (forehead, hairline)
    enlarge_top: float = 0.35
    #: added below, share of the box's height (chin)
    enlarge_bottom: float = 0.2
    #: at least this is added on each side, luma pixels: boxes of small, turned and cut-off
    #: faces are wrong by so much
    min_margin_px: float = 10.0
    #: width of the ring around the core, share of the core's radius
    soft_edge: float = 0.12
    #: cells along each side of the shape, for ``cells`` and ``mosaic``
    cells: int = 4
    #: levels of luma that a cell may take, for ``cells``, a power of two; chroma has
    #: twice as many
    levels: int = 16
    #: standard deviation of ``blur``, share of the face's longer side
    blur_sigma: float = MIN_BLUR_SIGMA
    #: Y, U and V of ``solid``
    solid_yuv: tuple[int, int, int] = (126, 128, 128)

    def __post_init__(self) -> None:
        for message in _faults(self):
            raise SettingsError(message)

    @classmethod
    def scaled(cls, scale: float, method: RedactionMethod = "cells") -> RedactionSettings:
        """Return settings whose margins around a face are larger or smaller than usual.

        Parameters
        ----------
        scale : float
            Multiple of the usual margins, in [0, 2.5]; with 0 the box of the face is
            covered and nothing else.
        method : str
            How faces are made unrecognisable.

        Raises
        ------
        SettingsError
            If the scale lies outside.
        """
        if not 0 <= scale <= MAX_SCALE:
            raise SettingsError(
                f"the scale of redactions is {scale:g}, but must lie between 0 and {MAX_SCALE:g}"
            )
        usual = cls()
        return cls(
            method=method,
            enlarge_sides=scale * usual.enlarge_sides,
            enlarge_top=scale * usual.enlarge_top,
            enlarge_bottom=scale * usual.enlarge_bottom,
            min_margin_px=scale * usual.min_margin_px,
        )


_RANGES: Final = (
    ("enlarge_sides", 0.0, 1.0),
    ("enlarge_top", 0.0, 1.0),
    ("enlarge_bottom", 0.0, 1.0),
    ("min_margin_px", 0.0, MAX_MARGIN_PX),
    ("soft_edge", 0.0, 1.0),
    ("cells", 1, MAX_CELLS),
    ("blur_sigma", MIN_BLUR_SIGMA, 2.0),
)


def _faults(settings: RedactionSettings) -> Iterable[str]:
    """Name what is wrong with the settings, one sentence each."""
    if settings.method not in ("cells", "blur", "mosaic", "solid"):
        yield f"method {settings.method!r} is not one of cells, blur, mosaic, solid"
    for name, lowest, highest in _RANGES:
        if not lowest <= getattr(settings, name) <= highest:
            yield f"{name} is {getattr(settings, name)}; it must lie in {lowest} to {highest}"
    if settings.levels not in (2, 4, 8, 16, 32):
        yield f"levels is {settings.levels}; it must be 2, 4, 8, 16 or 32"
    if len(settings.solid_yuv) != 3 or not all(0 <= level <= 255 for level in settings.solid_yuv):
        yield f"solid_yuv is {settings.solid_yuv}; three levels from 0 to 255 are needed"


@dataclass(frozen=True, slots=True)
class CellGrid:
    """The cells of one shape in one plane; all numbers are samples of that plane."""

    #: the whole shape, also where it leaves the frame: cells relate to the face
    x0: int
    y0: int
    x1: int
    y1: int
    columns: int
    rows: int
    #: half widths, in cells, of the three running means of the blur; 0: none
    reach_x: int
    reach_y: int


@dataclass(frozen=True, slots=True)
class FaceShape:
    """Core and soft edge of one redaction, in luma pixels of the frame."""

    centre_x: float
    centre_y: float
    radius_x: float
    radius_y: float
    #: radius at which the soft edge ends; the core ends at 1
    outer_radius: float
    #: longer side of the face box
    face_side_px: int
    #: whole pixels around core and soft edge; may leave the frame
    outer: PixelBox
    #: the part of the frame that may be read and changed
    limits: PixelBox

    @classmethod
    def around(
        cls, redaction: Redaction, settings: RedactionSettings, limits: PixelBox
    ) -> FaceShape:
        """Lay the ellipse of the enlarged box around a face."""
        x0, y0, x1, y1 = touched_pixels(redaction.box_xyxy_px)
        width, height = x1 - x0, y1 - y0
        margin = settings.min_margin_px
        above = max(settings.enlarge_top * height, margin)
        below = max(settings.enlarge_bottom * height, margin)
        centre_x, centre_y = (x0 + x1) / 2, (y0 + y1 + below - above) / 2
        radius_x = width / 2 + max(settings.enlarge_sides * width, margin)
        radius_y = (height + above + below) / 2
        corner_y = max(y1 - centre_y, centre_y - y0)
        growth = max(1.0, math.hypot(width / 2 / radius_x, corner_y / radius_y))
        radius_x, radius_y = radius_x * growth, radius_y * growth
        reach = 1.0 + settings.soft_edge
        outer = _ellipse_box(centre_x, centre_y, reach * radius_x, reach * radius_y)
        side = max(width, height)
        return cls(centre_x, centre_y, radius_x, radius_y, reach, side, outer, limits)

    @property
    def clip(self) -> PixelBox:
        """Whole pixels that may be changed; empty if x1 <= x0 or y1 <= y0."""
        return intersection(self.outer, self.limits)

    @property
    def is_empty(self) -> bool:
        """Return whether nothing of the shape lies inside `limits`."""
        x0, y0, x1, y1 = self.clip
        return x1 <= x0 or y1 <= y0

    @property
    def core(self) -> PixelBox:
        """Whole pixels around the core, inside `limits`."""
        box = _ellipse_box(self.centre_x, self.centre_y, self.radius_x, self.radius_y)
        return intersection(box, self.limits)

    @property
    def weight_ramp(self) -> tuple[float, float]:
        """Squared radius at which the soft edge ends, and its slope in 1/256 per square.

        The weight of the redaction is ``(outer - square) * gain``, cut off at 0 and
        `FULL_WEIGHT`; the slope is rounded up, so that the core is never short of it.
        """
        outer_square = self.outer_radius**2
        gain = FULL_WEIGHT * (1.0 + 1e-6) / max(outer_square - 1.0, 1e-6)
        return outer_square, gain

    def plane_clip(self, sample_px: int) -> PixelBox:
        """Return `clip` in samples of a plane; a touched chroma sample belongs to it."""
        return _in_samples(self.clip, sample_px)

    def plane_source(self, grid: CellGrid, sample_px: int) -> PixelBox:
        """Return the samples of a plane that the cells are averaged from."""
        box = (grid.x0, grid.y0, grid.x1, grid.y1)
        return intersection(box, _in_samples(self.limits, sample_px))

    def grid(self, settings: RedactionSettings, sample_px: int) -> CellGrid:
        """Return the cells in a plane whose samples are `sample_px` pixels wide."""
        if settings.method == "blur":
            return self._blur_grid(settings.blur_sigma * self.face_side_px, sample_px)
        x0, y0, x1, y1 = self.outer
        cells = 1 if settings.method == "solid" else settings.cells
        columns = max(1, min(cells, (x1 - x0) // MIN_CELL_PX))
        rows = max(1, min(cells, (y1 - y0) // MIN_CELL_PX))
        return CellGrid(*_in_samples(self.outer, sample_px), columns, rows, 0, 0)

    def _blur_grid(self, sigma_px: float, sample_px: int) -> CellGrid:
        """Return cells fine enough for the blur, with a neighbourhood around the shape."""
        margin, cell_px = math.ceil(sigma_px), max(1, int(sigma_px / BLUR_CELLS_PER_SIGMA))
        x0, y0, x1, y1 = self.outer
        wide = (x0 - margin, y0 - margin, x1 + margin, y1 + margin)
        box = _in_samples(wide, sample_px)
        columns = max(1, min((wide[2] - wide[0]) // cell_px, box[2] - box[0]))
        rows = max(1, min((wide[3] - wide[1]) // cell_px, box[3] - box[1]))
        sigma = sigma_px / sample_px
        return CellGrid(
            *box,
            columns,
            rows,
            _mean_reach(sigma * columns / (box[2] - box[0])),
            _mean_reach(sigma * rows / (box[3] - box[1])),
        )


def face_shapes(
    redactions: Iterable[Redaction],
    settings: RedactionSettings,
    bounds: View,
    frame_width: int,
    frame_height: int,
) -> list[FaceShape]:
    """Return the shapes that a frame's redactions paint, in the order of painting.

    The order depends on the boxes alone (large before small), not on the order in
    which redactions are given, so that the result of overlaps does not either. A
    correction that leaves `bounds` is bound by the frame only: what a person asked
    to redact is never dropped.

    Raises
    ------
    SettingsError
        If `bounds` does not lie inside the frame.
    DataError
        If a box is not finite, inside out, or absurdly far away.
    """
    if not bounds.fits(frame_width, frame_height):
        raise SettingsError(
            f"view {bounds} does not lie inside the frame of {frame_width}x{frame_height}"
        )
    view, frame = view_box(bounds), (0, 0, frame_width, frame_height)
    shapes = [
        FaceShape.around(redaction, settings, frame if _leaves(redaction, view) else view)
        for redaction in redactions
    ]
    return sorted((shape for shape in shapes if not shape.is_empty), key=_painting_order)


def _leaves(redaction: Redaction, view: PixelBox) -> bool:
    """Return whether a person's redaction reaches out of the view."""
    if redaction.origin != "corrected":
        return False
    face = touched_pixels(redaction.box_xyxy_px)
    return intersection(face, view) != face


def _painting_order(shape: FaceShape) -> tuple[int, PixelBox, PixelBox, float]:
    x0, y0, x1, y1 = shape.outer
    return -(x1 - x0) * (y1 - y0), shape.outer, shape.limits, shape.centre_y


def view_box(view: View) -> PixelBox:
    """Return a view as a box."""
    return view.x, view.y, view.x + view.width, view.y + view.height


def touched_pixels(box_xyxy_px: tuple[float, float, float, float]) -> PixelBox:
    """Return every pixel that a box touches; at least one.

    Raises
    ------
    DataError
        If the box is not finite, inside out, or absurdly far away.
    """
    x0, y0, x1, y1 = box_xyxy_px
    near = all(abs(value) <= MAX_COORDINATE_PX for value in (x0, y0, x1, y1))
    if not near or x1 < x0 or y1 < y0:
        raise DataError(f"({x0}, {y0}, {x1}, {y1}) is not a face box: left, top, right, bottom")
    left, top = math.floor(x0), math.floor(y0)
    return left, top, max(left + 1, math.ceil(x1)), max(top + 1, math.ceil(y1))


def _ellipse_box(x: float, y: float, radius_x: float, radius_y: float) -> PixelBox:
    return (
        math.floor(x - radius_x),
        math.floor(y - radius_y),
        math.ceil(x + radius_x),
        math.ceil(y + radius_y),
    )


def intersection(a: PixelBox, b: PixelBox) -> PixelBox:
    """Return the shared part of two boxes; empty if x1 <= x0 or y1 <= y0."""
    return max(a[0], b[0]), max(a[1], b[1]), min(a[2], b[2]), min(a[3], b[3])


def _in_samples(box: PixelBox, sample_px: int) -> PixelBox:
    """Return the samples of a plane that a box of luma pixels touches."""
    x0, y0, x1, y1 = box
    return x0 // sample_px, y0 // sample_px, -(-x1 // sample_px), -(-y1 // sample_px)


def _mean_reach(sigma_cells: float) -> int:
    """Return the half width of three running means that blur at least this much.

    A mean over ``2 r + 1`` cells has the variance ``((2 r + 1)**2 - 1) / 12``; three
    in a row have three times that.
    """
    return max(1, math.ceil((math.sqrt(4.0 * sigma_cells**2 + 1.0) - 1.0) / 2.0))
