"""Make training samples: views of labelled photos, synthetic rooms, pictures without a face."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from recorder_core.errors import DataError, SettingsError
from recorder_core.model.values.carriers import carrier_repr
from recorder_core.train.samples.clutter import draw_clutter, draw_in_front, show_screen
from recorder_core.train.samples.overlays import (
    axes_from_landmarks,
    draw_cap,
    draw_face_shield,
    draw_goggles,
    draw_loupes,
    draw_mask,
)
from recorder_core.train.samples.perspective import show_from_aside
from recorder_core.train.samples.photometry import PhotometrySettings, distort_picture
from recorder_core.train.samples.scenes import Head, SceneSettings, paste_people
from recorder_core.train.samples.views import (
    Sample,
    ViewSettings,
    choose_view,
    sort_by_visibility,
    transform_boxes,
    transform_landmarks,
    warp_picture,
)

__all__ = ["KnownPhoto", "MixSettings", "SampleMaker", "SampleSettings", "SampleSources"]

_NO_BOXES = np.zeros((0, 4), np.float32)
_NO_LANDMARKS = np.zeros((0, 5, 2), np.float32)
_NO_CERTAINTY = np.zeros(0, np.float32)
#: a face of which more is covered is forgotten
_GONE = 0.8
#: what is drawn on faces, in the order in which it is put on
_GARMENTS = (draw_mask, draw_goggles, draw_loupes, draw_cap, draw_face_shield)


@dataclass(frozen=True, slots=True)
class KnownPhoto:
    """A photo in memory with everything known about its faces, in its pixels."""

    __repr__ = carrier_repr

    picture_bgr: NDArray[np.uint8]
    #: (M, 4) float32
    boxes_xyxy_px: NDArray[np.float32]
    #: (M,) bool
    has_mask: NDArray[np.bool_]
    #: (M, 5, 2) float32, NaN where unknown
    landmarks_px: NDArray[np.float32]
    #: (K, 4) float32
    ignored_xyxy_px: NDArray[np.float32]
    #: (M,) float32 in (0, 1]: 1 for what a person labelled, less for what a detector added
    certainty: NDArray[np.float32]
    #: (H, 4) float32, hard negatives: what a detector took for faces and is none
    hard_xyxy_px: NDArray[np.float32] = field(default_factory=lambda: _NO_BOXES)


@dataclass(frozen=True, slots=True)
class MixSettings:
    """Which samples are made, and what is drawn on the faces of photos."""

    #: share of made operating-room scenes
    scene_share: float = 0.2
    #: share of pictures without a face
    empty_share: float = 0.12
    #: share of views around hard negatives; see `recorder_core.train.samples.mining`
    hard_share: float = 0.0
    #: share of rooms, with and without people, in which a screen shows one of the other
    #: pictures without a face
    screen_share: float = 0.0
    #: share of either with arms, instruments and lamps drawn in
    scene_clutter_share: float = 0.6
    empty_clutter_share: float = 0.3
    #: things that are drawn on faces of photos
    mask_share: float = 0.3
    cap_share: float = 0.3
    goggles_share: float = 0.1
    loupes_share: float = 0.05
    shield_share: float = 0.05
    #: share of samples with lamp arms, poles or drapes drawn in front
    front_share: float = 0.2
    #: faces of which more is hidden are not judged
    max_hidden: float = 0.5
    #: most photos that lie on each other in a sample; no more are added once they cover a
    #: share of it that is drawn evenly between two
    max_layers: int = 10
    cover: tuple[float, float] = (0.3, 0.95)
    #: photos that do not fill the sample lie on a room instead of a plain colour
    room_background_share: float = 0.5

    def __post_init__(self) -> None:
        for name in self.__slots__:
            if name.endswith("_share") and not 0 <= getattr(self, name) <= 1:
                raise SettingsError(f"sample.mix.{name} must lie in [0, 1]")
        if self.max_layers < 1:
            raise SettingsError("sample.mix.max_layers must be at least 1")
        if not 0 <= self.cover[0] <= self.cover[1] <= 1:
            raise SettingsError("sample.mix.cover is two shares between 0 and 1, the smaller first")


@dataclass(frozen=True, slots=True)
class SampleSettings:
    """Everything about how a sample is made."""

    mix: MixSettings = field(default_factory=MixSettings)
    view: ViewSettings = field(default_factory=ViewSettings)
    scene: SceneSettings = field(default_factory=SceneSettings)
    photometry: PhotometrySettings = field(default_factory=PhotometrySettings)


@dataclass(frozen=True, slots=True)
class SampleSources:
    """The pictures that samples are made of, in memory."""

    __repr__ = carrier_repr

    photos: Sequence[KnownPhoto] = field(repr=False)
    #: empty rooms, (height, width, 3) uint8 each; may be none
    rooms: Sequence[NDArray[np.uint8]] = field(repr=False)
    #: other pictures without a face; may be none
    empties: Sequence[NDArray[np.uint8]] = field(repr=False)
    #: pictures with hard negatives; may be none
    hard: Sequence[KnownPhoto] = field(default=(), repr=False)

    def __post_init__(self) -> None:
        if not any(len(photo.boxes_xyxy_px) for photo in self.photos):
            raise DataError("training needs at least one photo with a labelled face")


class SampleMaker:
    """Makes sample number i of a training run, the same one whenever it is asked.

    Parameters
    ----------
    sources : SampleSources
    settings : SampleSettings
    seed : int
    """

    def __init__(self, sources: SampleSources, settings: SampleSettings, seed: int) -> None:
        self._photos, self._rooms, self._hard = sources.photos, sources.rooms, sources.hard
        self._screens = sources.empties
        self._empties = [pictures for pictures in (sources.rooms, sources.empties) if pictures]
        self._mix, self._view, self._scene = settings.mix, settings.view, settings.scene
        self._photometry = settings.photometry
        self._size, self._seed = settings.view.size_px, seed
        self._with_faces = [photo for photo in self._photos if len(photo.boxes_xyxy_px)]

    def make(self, number: int) -> Sample:
        """Return sample `number`."""
        rng = np.random.default_rng([self._seed, number])
        mix, draw = self._mix, rng.random()
        if draw < mix.empty_share and self._empties:
            sample = self._make_empty(rng)
        elif draw < mix.empty_share + mix.scene_share and self._rooms:
            sample = self._make_scene(rng)
        elif draw > 1 - mix.hard_share and self._hard:
            sample = self._make_hard(rng)
        else:
            sample = self._make_view(rng)
        if rng.random() < mix.front_share:
            self._hide_parts(sample, rng)
        if rng.random() < self._view.perspective_share:
            sample = show_from_aside(sample, rng, self._view)
        sample.picture_bgr = distort_picture(sample.picture_bgr, rng, self._photometry)
        return sample

    def _hide_parts(self, sample: Sample, rng: np.random.Generator) -> None:
        """Draw things in front; what is half hidden is not judged; changes the sample."""
        cover = draw_in_front(sample.picture_bgr, rng)
        hidden = _covered_shares(sample.boxes_xyxy_px, cover)
        learnt = hidden < self._mix.max_hidden
        unclear = ~learnt & (hidden < _GONE)
        sample.ignored_xyxy_px = np.concatenate(
            [sample.ignored_xyxy_px, sample.boxes_xyxy_px[unclear]]
        )
        sample.boxes_xyxy_px = sample.boxes_xyxy_px[learnt]
        sample.landmarks_px = sample.landmarks_px[learnt]
        sample.certainty = sample.certainty[learnt]

    def _show_room(
        self, pictures: Sequence[NDArray[np.uint8]], rng: np.random.Generator, frame: int
    ) -> NDArray[np.uint8]:
        """Return a view of one of the pictures; beyond its edge is plain grey."""
        picture = pictures[int(rng.integers(len(pictures)))]
        plain = np.full((self._size, self._size, 3), frame, np.uint8)
        view = choose_view(rng, picture.shape[:2], None, self._view)
        return warp_picture(picture, view, self._size, plain)

    def _make_empty(self, rng: np.random.Generator) -> Sample:
        # rooms are few, so they would hardly be seen among the others
        pictures = self._empties[int(rng.integers(len(self._empties)))]
        shown = self._show_room(pictures, rng, int(rng.integers(0, 60)))
        if pictures is self._rooms:
            self._hang_screen(shown, rng)
        if rng.random() < self._mix.empty_clutter_share:
            draw_clutter(shown, rng)
        return _empty_sample(shown, trust_teacher=False)

    def _hang_screen(self, shown: NDArray[np.uint8], rng: np.random.Generator) -> None:
        if self._screens and rng.random() < self._mix.screen_share:
            show_screen(shown, self._screens[int(rng.integers(len(self._screens)))], rng)

    def _make_scene(self, rng: np.random.Generator) -> Sample:
        shown = self._show_room(self._rooms, rng, 110)
        self._hang_screen(shown, rng)
        if rng.random() < self._mix.scene_clutter_share:
            draw_clutter(shown, rng)
        heads = [self._choose_head(rng) for _ in range(rng.integers(1, self._scene.max_people + 1))]
        pasted = paste_people(shown, heads, rng, self._scene)
        boxes, learnt, unclear = sort_by_visibility(pasted, self._view)
        # garments hide them, and heads turned away have none
        count = int(learnt.sum())
        landmarks = np.full((count, 5, 2), np.nan, np.float32)
        certainty = np.ones(count, np.float32)
        return Sample(shown, boxes[learnt], boxes[unclear], landmarks, certainty, False)

    def _choose_head(self, rng: np.random.Generator) -> Head:
        """Choose a face, preferably one with enough pixels."""
        for _ in range(8):
            photo = self._with_faces[int(rng.integers(len(self._with_faces)))]
            face = int(rng.integers(len(photo.boxes_xyxy_px)))
            box = photo.boxes_xyxy_px[face]
            if box[3] - box[1] >= self._scene.min_source_px:
                break
        return Head(photo.picture_bgr, box, photo.landmarks_px[face], bool(photo.has_mask[face]))

    def _make_view(self, rng: np.random.Generator) -> Sample:
        """Lay one or more photos on a background, each in a random view."""
        if self._rooms and rng.random() < self._mix.room_background_share:
            shown = self._show_room(self._rooms, rng, 110)
        else:
            shown = np.full((self._size, self._size, 3), rng.integers(0, 256, 3), np.uint8)
        sample = _empty_sample(shown)
        covered = np.zeros((self._size, self._size), np.uint8)
        enough = rng.uniform(*self._mix.cover)
        for _ in range(self._mix.max_layers):
            photo = self._photos[int(rng.integers(len(self._photos)))]
            covered |= self._lay_photo(sample, photo, rng)
            if covered.mean() >= enough:
                break
        return sample

    def _make_hard(self, rng: np.random.Generator) -> Sample:
        """Show something that was taken for a face, with the faces around it."""
        photo = self._hard[int(rng.integers(len(self._hard)))]
        shown = np.full((self._size, self._size, 3), rng.integers(0, 256, 3), np.uint8)
        sample = _empty_sample(shown, trust_teacher=False)
        self._lay_photo(sample, photo, rng, photo.hard_xyxy_px)
        return sample

    def _lay_photo(
        self,
        sample: Sample,
        photo: KnownPhoto,
        rng: np.random.Generator,
        shown: NDArray[np.float32] | None = None,
    ) -> NDArray[np.uint8]:
        """Paste a view of a photo, around one of the boxes, on top; changes the sample.

        Returns
        -------
        ndarray of shape (size, size), uint8
            1 where the photo now is.
        """
        faces, size = photo.boxes_xyxy_px, photo.picture_bgr.shape[:2]
        around = faces if shown is None else shown
        focus = around[int(rng.integers(len(around)))] if len(around) else None
        view = choose_view(rng, size, focus, self._view)
        sample.picture_bgr = warp_picture(photo.picture_bgr, view, self._size, sample.picture_bgr)
        below = sample.boxes_xyxy_px
        cover = _draw_cover(size, view, self._size)
        free, hidden = _find_covered(below, cover)
        self._dress_faces(sample.picture_bgr, photo, view, rng)
        boxes, learnt, unclear = sort_by_visibility(transform_boxes(faces, view), self._view)
        points = transform_landmarks(photo.landmarks_px[learnt], view)
        unknown = transform_boxes(photo.ignored_xyxy_px, view)
        sample.boxes_xyxy_px = np.concatenate([below[free], boxes[learnt]])
        sample.landmarks_px = np.concatenate([sample.landmarks_px[free], points])
        sample.certainty = np.concatenate([sample.certainty[free], photo.certainty[learnt]])
        sample.ignored_xyxy_px = np.concatenate(
            [sample.ignored_xyxy_px, below[hidden], boxes[unclear], unknown]
        )
        return cover

    def _dress_faces(
        self,
        shown: NDArray[np.uint8],
        photo: KnownPhoto,
        view: NDArray[np.float64],
        rng: np.random.Generator,
    ) -> None:
        """Draw masks, goggles and caps on the faces that are inside the sample."""
        boxes, mix = transform_boxes(photo.boxes_xyxy_px, view), self._mix
        inside = ((boxes[:, 2:] > 0) & (boxes[:, :2] < self._size)).all(axis=1)
        for face in np.flatnonzero(inside & (boxes[:, 3] - boxes[:, 1] >= self._view.min_label_px)):
            mask_share = 0.0 if photo.has_mask[face] else mix.mask_share
            wears = rng.random(5) < (
                mask_share,
                mix.goggles_share,
                mix.loupes_share,
                mix.cap_share,
                mix.shield_share,
            )
            axes = axes_from_landmarks(photo.landmarks_px[face], photo.boxes_xyxy_px[face])
            for worn, draw in zip(wears, _GARMENTS, strict=True):
                if worn:
                    draw(shown, axes.move(view), rng)


def _empty_sample(shown: NDArray[np.uint8], *, trust_teacher: bool = True) -> Sample:
    return Sample(shown, _NO_BOXES, _NO_BOXES, _NO_LANDMARKS, _NO_CERTAINTY, trust_teacher)


def _draw_cover(
    size: tuple[int, int], view: NDArray[np.float64], size_px: int
) -> NDArray[np.uint8]:
    """Return where in a sample a photo of (height, width) lies: 1 there, else 0."""
    corners = np.array([[0, 0], [size[1], 0], [size[1], size[0]], [0, size[0]]], np.float64)
    cover = np.zeros((size_px, size_px), np.uint8)
    cv2.fillConvexPoly(cover, np.rint(corners @ view[:, :2].T + view[:, 2]).astype(np.int32), 1)
    return cover


def _find_covered(
    boxes: NDArray[np.float32], cover: NDArray[np.uint8]
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return which boxes a photo laid on top leaves free, and which it hides in part."""
    shares = _covered_shares(boxes, cover)
    return shares < 0.1, (shares >= 0.1) & (shares < _GONE)


def _covered_shares(boxes: NDArray[np.float32], cover: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Return how much of each box is covered."""
    size_px, sums = cover.shape[0], cv2.integral(cover)
    x0, y0, x1, y1 = np.rint(boxes).astype(int).clip(0, size_px).T
    areas = np.maximum((x1 - x0) * (y1 - y0), 1)
    shares = (sums[y1, x1] - sums[y0, x1] - sums[y1, x0] + sums[y0, x0]) / areas
    return np.asarray(shares, np.float64)
