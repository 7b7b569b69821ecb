"""What is in a data set, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from recorder_core.datasets.model import Dataset, LabelledFace, LabelledPicture
from recorder_core.datasets.pictures import read_size_px
from recorder_core.datasets.splitting.facts import count_facts, is_informative
from recorder_core.datasets.splitting.likeness import (
    PictureMeasure,
    find_likes,
    join_pictures,
    measure_picture,
)
from recorder_core.errors import DataError

__all__ = ["Findings", "Summary", "check_dataset", "measure_pictures", "summarise"]

#: faces of a smaller height than this are hard to see for people too
_TINY_PX: Final = 8.0
#: two boxes of a picture that overlap more are one face marked twice
_TWICE_IOU: Final = 0.85
#: a landmark further outside its box than this share of the box's size is misplaced
_FAR_SHARE: Final = 0.25


@dataclass(frozen=True, slots=True)
class Summary:
    """Counts of a data set."""

    pictures: int
    pictures_without_faces: int
    faces: int
    ignored: int
    other_labels: int
    with_landmarks: int
    tracks: int
    segments: int
    groups: int
    #: width and height of the pictures: least, median, most; None: not known
    sizes_px: tuple[tuple[int, int], tuple[int, int], tuple[int, int]] | None
    #: (fact, class) -> number; see `facts`
    facts: dict[tuple[str, str], int] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Findings:
    """What is wrong: faults make a data set unusable, doubts may be meant so."""

    faults: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()


def measure_pictures(
    dataset: Dataset, progress: Callable[[int, int], None] | None = None
) -> tuple[list[PictureMeasure | None], list[str]]:
    """Measure every picture of a data set.

    Parameters
    ----------
    dataset : Dataset
    progress : callable, optional
        Called with the number of measured pictures and of all.

    Returns
    -------
    measures : list of PictureMeasure or None
        One for each picture; None: it cannot be decoded.
    faults : list of str
        A sentence for each that cannot.
    """
    measures: list[PictureMeasure | None] = []
    faults: list[str] = []
    for picture in dataset.pictures:
        try:
            measures.append(measure_picture(picture.path))
        except DataError as exc:
            measures.append(None)
            faults.append(str(exc))
        if progress is not None:
            progress(len(measures), len(dataset))
    return measures, faults


def summarise(dataset: Dataset, measures: Sequence[PictureMeasure | None] | None = None) -> Summary:
    """Count what is in a data set.

    Parameters
    ----------
    dataset : Dataset
    measures : sequence of PictureMeasure or None, optional
        What was measured from the pictures; light is counted with it.
    """
    pictures = dataset.pictures
    faces = [face for picture in pictures for face in picture.faces]
    judged = [face for face in faces if face.is_judged]
    known = measures if measures is not None else [None] * len(pictures)
    facts = count_facts(pictures, known)
    return Summary(
        pictures=len(pictures),
        pictures_without_faces=sum(not picture.judged_faces for picture in pictures),
        faces=len(judged),
        ignored=sum(face.ignored for face in faces),
        other_labels=sum(not face.is_judged and not face.ignored for face in faces),
        with_landmarks=sum(face.landmarks_px is not None for face in judged),
        tracks=len(
            {(p.segment, f.track) for p in pictures for f in p.faces if f.track is not None}
        ),
        segments=len({picture.segment for picture in pictures if picture.segment}),
        groups=len({picture.group for picture in pictures if picture.group}),
        sizes_px=_sizes(pictures),
        facts={key: facts[key] for key in sorted(facts) if is_informative(facts, key[0])},
    )


def _sizes(
    pictures: Sequence[LabelledPicture],
) -> tuple[tuple[int, int], tuple[int, int], tuple[int, int]] | None:
    sizes = sorted(
        (picture.size_px for picture in pictures if picture.size_px is not None),
        key=lambda size: size[0] * size[1],
    )
    return (sizes[0], sizes[len(sizes) // 2], sizes[-1]) if sizes else None


def check_dataset(
    dataset: Dataset,
    measures: Sequence[PictureMeasure | None] | None = None,
    unreadable: Sequence[str] = (),
) -> Findings:
    """Check what is wrong with a data set.

    Parameters
    ----------
    dataset : Dataset
    measures, unreadable
        What `measure_pictures` returned, if the pictures are there.

    Returns
    -------
    Findings
        Faults: pictures that cannot be decoded or have another size than the labels
        say, boxes outside their picture, a frame number twice. Doubts: what reading
        left out, faces marked twice, faces too small to see, misplaced landmarks,
        near-duplicates that no group joins.
    """
    faults, doubts = list(unreadable), [*dataset.remarks, *_doubt_tiny(dataset.pictures)]
    try:
        dataset.videos()
    except DataError as exc:
        faults.append(str(exc))
    for place, picture in enumerate(dataset.pictures):
        if measures is not None and measures[place] is not None:
            faults += _check_size(picture)
        faults += _check_boxes(picture)
        doubts += _doubt_faces(picture)
    if measures is not None:
        doubts += _doubt_likes(dataset.pictures, measures)
    return Findings(tuple(faults), tuple(doubts))


def _check_size(picture: LabelledPicture) -> Iterator[str]:
    real = read_size_px(picture.path)
    if picture.size_px not in (None, real):
        yield f"{picture.file_name}: the labels are for {picture.size_px}, the picture is {real}"


def _check_boxes(picture: LabelledPicture) -> Iterator[str]:
    if picture.size_px is None:
        return
    width, height = picture.size_px
    for face in picture.faces:
        x0, y0, x1, y1 = face.box_xyxy_px
        if not face.outside and (x0 >= width or y0 >= height or x1 <= 0 or y1 <= 0):
            yield f"{picture.file_name}: the box {face.box_xyxy_px} is outside the picture"


def _doubt_tiny(pictures: Sequence[LabelledPicture]) -> Iterator[str]:
    tiny = [sum(f.size_px[1] < _TINY_PX for f in picture.judged_faces) for picture in pictures]
    if any(tiny):
        where = sum(count > 0 for count in tiny)
        yield f"{sum(tiny)} faces in {where} pictures are less than {_TINY_PX:g} px high"


def _doubt_faces(picture: LabelledPicture) -> Iterator[str]:
    misplaced = sum(_is_misplaced(face) for face in picture.judged_faces)
    if misplaced:
        yield f"{picture.file_name}: landmarks of {misplaced} faces are far outside their boxes"
    twice = _count_twice(picture)
    if twice:
        yield f"{picture.file_name}: {twice} faces are marked twice"


def _is_misplaced(face: LabelledFace) -> bool:
    if face.landmarks_px is None:
        return False
    size, corner = np.array(face.size_px), np.array(face.box_xyxy_px[:2])
    places = (np.array(face.landmarks_px) - corner) / size
    return bool((places < -_FAR_SHARE).any() or (places > 1 + _FAR_SHARE).any())


def _count_twice(picture: LabelledPicture) -> int:
    boxes = picture.boxes_xyxy_px.astype(np.float64)
    low = np.maximum(boxes[:, None, :2], boxes[None, :, :2])
    high = np.minimum(boxes[:, None, 2:], boxes[None, :, 2:])
    common = np.clip(high - low, 0, None).prod(axis=2)
    areas = (boxes[:, 2:] - boxes[:, :2]).prod(axis=1)
    overlaps = common / (areas[:, None] + areas - common)
    return int(np.triu(overlaps > _TWICE_IOU, k=1).any(axis=0).sum())


def _doubt_likes(
    pictures: Sequence[LabelledPicture], measures: Sequence[PictureMeasure | None]
) -> Iterator[str]:
    known = [place for place, measure in enumerate(measures) if measure is not None]
    unit_of = {p: number for number, unit in enumerate(join_pictures(pictures)) for p in unit}
    for first, second in find_likes([measure for measure in measures if measure is not None]):
        here, there = known[first], known[second]
        if unit_of[here] != unit_of[there]:
            names = f"{pictures[here].file_name} and {pictures[there].file_name}"
            yield f"{names} are near-duplicates, but neither a group nor a segment joins them"
