r"""Make a validation set of staffed operating rooms out of empty rooms and photographed people.

    python profiling/weights/make_or_validation.py --rooms or_rooms --faces faces/val.json \
        --images faces/val -o OUT [--scenes 120] [--seed 0]

Writes ``OUT/or_validation.json`` (COCO) with its pictures in ``OUT/or_validation/`` and
a contact sheet ``OUT/contact_sheet.png``. Rooms must be pictures of a camera, and people
of photos, that training never saw; nothing of the output may be passed on, because it
shows real people. `evaluate_or_validation` measures a detector on it.

Every scene is composed three times, in three *sets*:

- ``bare``: people without mask and cap, their own faces;
- ``masked``: the same people in the same place, pose and light, with a drawn mask and a
  drawn cap, so that the difference in recall is that of mask and cap alone;
- ``worn``: in the same places people who wear a real mask in their photo, in a drawn
  cap: a check on whether drawn masks are easier than real ones.

Every scene is framed by a camera of its own, which adds light, blur, noise and
compression, the same to all three.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray
from staffed_rooms import Person, RoomSettings, choose_places, choose_view, compose, cut_out

from recorder_core.datasets import (
    Dataset,
    LabelledFace,
    LabelledPicture,
    list_pictures,
    read_coco,
    read_picture_bgr,
    require_pictures,
    write_coco,
)
from recorder_core.errors import DataError, RecorderError
from recorder_core.train.samples.photometry import PhotometrySettings, distort_picture
from recorder_core.train.samples.scenes import Head, SceneSettings

NAME: Final = "or_validation"
#: what people wear in each set; `worn` takes people who wear a mask already
_BARE: Final = SceneSettings(max_turn_degrees=20, mask_share=0, cap_share=0, goggles_share=0)
_DRESSED: Final = replace(_BARE, mask_share=1, cap_share=1, goggles_share=0.2)
SETS: Final = {"bare": _BARE, "masked": _DRESSED, "worn": _DRESSED}
#: faces of photos of a smaller height are too coarse for people who stand close
_MIN_PHOTO_PX: Final = 56.0
#: mask state of the photos from which the people of each set are taken
PHOTOS: Final = {"bare": "without_mask", "masked": "without_mask", "worn": "with_mask"}
#: what a ceiling camera and its recorder do to a picture
CAMERA: Final = PhotometrySettings(
    colour_share=0.3,
    grey_share=0.1,
    motion_share=0.1,
    max_motion_px=5,
    blur_share=0.3,
    noise_share=0.5,
    jpeg_share=0.7,
    jpeg_quality=(40, 90),
    video_share=0,
)
_SHEET_SIZE_PX: Final = (480, 270)
_SHEET_PICTURES: Final = 18
_JPEG_QUALITY: Final = 92

Shown = tuple[LabelledPicture, NDArray[np.uint8]]


def read_people(faces: Path, images: Path) -> dict[str, list[Person]]:
    """Return people by mask state, of faces that are whole and large enough.

    No network looks for landmarks: the set must stay the same when weights change.

    Raises
    ------
    DataError
        If there is none of a mask state that is needed.
    """
    people: dict[str, list[Person]] = {mask: [] for mask in PHOTOS.values()}
    unknown = np.full((5, 2), np.nan, np.float32)
    for labelled in require_pictures(read_coco(faces, images)).pictures:
        wanted = [n for n, state in enumerate(labelled.masks) if state in people]
        if not wanted:
            continue
        picture, boxes = read_picture_bgr(labelled.path), labelled.boxes_xyxy_px
        for number in wanted:
            box, mask = boxes[number], str(labelled.masks[number])
            if box[3] - box[1] >= _MIN_PHOTO_PX and _is_whole(box, picture):
                head = cut_out(Head(picture, box, unknown, mask == "with_mask"))
                people[mask].append(Person(head, f"{labelled.file_name}#{number}"))
    for mask, found in people.items():
        if not found:
            raise DataError(f"{faces} holds no face {mask} that is large enough to be pasted")
    return people


def _is_whole(box: NDArray[np.float32], picture: NDArray[np.uint8]) -> bool:
    """Return whether a face touches no edge of its photo."""
    height, width = picture.shape[:2]
    return bool((box[:2] > 1).all() and box[2] < width - 1 and box[3] < height - 1)


def make_scenes(
    rooms: Sequence[tuple[str, NDArray[np.uint8]]],
    people: dict[str, list[Person]],
    scenes: int,
    seed: int = 0,
    settings: RoomSettings | None = None,
) -> Iterator[Shown]:
    """Compose every scene in every set; the same arguments give the same pictures.

    Parameters
    ----------
    rooms : sequence of (str, ndarray of shape (height, width, 3) uint8)
        Name and picture of the empty rooms, taken in turn.
    people : dict
        From `read_people`; everybody is shown once before anybody is shown twice.
    scenes : int
    seed : int
    settings : RoomSettings, optional

    Yields
    ------
    (LabelledPicture, ndarray of shape (height, width, 3) uint8)
    """
    settings = settings or RoomSettings()
    queues = {mask: _in_turn(found, seed) for mask, found in people.items()}
    for number in range(scenes):
        rng = np.random.default_rng([seed, number])
        name, room_bgr = rooms[number % len(rooms)]
        count = int(rng.integers(settings.people[0], settings.people[1] + 1))
        chosen = {mask: [next(queue) for _ in range(count)] for mask, queue in queues.items()}
        pairs = zip(*chosen.values(), strict=True)
        largest = [min(person.height_px for person in pair) for pair in pairs]
        view = choose_view(room_bgr, settings, rng)
        places = choose_places(view, largest, settings, rng)
        camera_seed = int(rng.integers(2**31))
        for set_name, wear in SETS.items():
            own = zip(places, chosen[PHOTOS[set_name]], strict=True)
            crowd = [(place, person) for place, person in own if place is not None]
            picture, boxes = compose(view, crowd, wear)
            shown = distort_picture(picture, np.random.default_rng(camera_seed), CAMERA)
            sources = [person.source for _, person in crowd]
            faces = _label_faces(boxes, sources, shown.shape[1::-1], is_bare=set_name == "bare")
            yield (
                LabelledPicture(
                    f"scene_{number:03d}_{set_name}.jpg",
                    (shown.shape[1], shown.shape[0]),
                    faces,
                    set_name=set_name,
                    group=str(number),
                    attributes={"room": name},
                ),
                shown,
            )


def _in_turn(people: Sequence[Person], seed: int) -> Iterator[Person]:
    """Return people for ever in random order, everybody once before anybody twice."""
    rng = np.random.default_rng(seed)
    while True:
        for place in rng.permutation(len(people)):
            yield people[int(place)]


def _label_faces(
    boxes: Sequence[NDArray[np.float32]],
    sources: Sequence[str],
    size_px: tuple[int, int],
    *,
    is_bare: bool,
) -> tuple[LabelledFace, ...]:
    faces = []
    for box, source in zip(boxes, sources, strict=True):
        x0, y0, x1, y1 = (round(float(value), 2) for value in box.clip(0, [*size_px] * 2))
        faces.append(
            LabelledFace(
                (x0, y0, x1, y1),
                mask="without_mask" if is_bare else "with_mask",
                attributes={"cap": not is_bare, "source": source},
            )
        )
    return tuple(faces)


def draw_sheet(shown: Sequence[Shown]) -> NDArray[np.uint8]:
    """Return pictures with their faces framed, one scene a row."""
    cells = []
    for labelled, picture in shown:
        framed = picture.copy()
        for x0, y0, x1, y1 in labelled.boxes_xyxy_px.round().astype(int).tolist():
            cv2.rectangle(framed, (x0 - 3, y0 - 3), (x1 + 2, y1 + 2), (0, 255, 0), 2)
        cells.append(cv2.resize(framed, _SHEET_SIZE_PX, interpolation=cv2.INTER_AREA))
    starts = range(0, len(cells), len(SETS))
    rows = [np.hstack(cells[start : start + len(SETS)]) for start in starts]
    return np.asarray(np.vstack(rows), np.uint8)


def write_set(output: Path, scenes: Iterable[Shown]) -> Dataset:
    """Write pictures, annotations and the contact sheet.

    Raises
    ------
    DataError
        If a picture cannot be written.
    """
    folder = output / NAME
    folder.mkdir(parents=True, exist_ok=True)
    labelled: list[LabelledPicture] = []
    first: list[Shown] = []
    for picture, shown in scenes:
        _write_picture(folder / picture.file_name, shown)
        labelled.append(picture)
        if len(first) < _SHEET_PICTURES:
            first.append((picture, shown))
    dataset = Dataset(tuple(labelled))
    write_coco(dataset, output / f"{NAME}.json")
    _write_picture(output / "contact_sheet.png", draw_sheet(first))
    return dataset


def _write_picture(path: Path, picture: NDArray[np.uint8]) -> None:
    quality = [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY] if path.suffix == ".jpg" else []
    if not cv2.imwrite(str(path), picture, quality):
        raise DataError(f"picture {path} cannot be written")


def main() -> None:
    """Make the set and say what it holds."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rooms", type=Path, required=True, help="folder of empty rooms")
    parser.add_argument("--pattern", default="room_*_4.jpg", help="its files that are used")
    parser.add_argument("--faces", type=Path, required=True, help="COCO file of validation photos")
    parser.add_argument("--images", type=Path, required=True, help="the photos")
    parser.add_argument("-o", "--output", type=Path, required=True, help="folder; kept private")
    parser.add_argument("--scenes", type=int, default=120, help="default: %(default)s")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    try:
        if options.scenes < 1:
            raise DataError(f"{options.scenes} scenes are none; ask for at least 1")
        paths = [path for path in list_pictures(options.rooms) if path.match(options.pattern)]
        if not paths:
            raise DataError(f"no picture of {options.rooms} is named {options.pattern}")
        rooms = [(path.name, read_picture_bgr(path)) for path in paths]
        people = read_people(options.faces, options.images)
        scenes = make_scenes(rooms, people, options.scenes, options.seed)
        dataset = write_set(options.output, scenes)
    except RecorderError as exc:
        raise SystemExit(f"error: {exc}") from exc
    boxes = np.concatenate([picture.boxes_xyxy_px for picture in dataset.pictures])
    heights = (
        np.percentile(boxes[:, 3] - boxes[:, 1], (0, 50, 100)) * 640 / RoomSettings().view_px[0]
    )
    counts = ", ".join(f"{len(found)} {mask}" for mask, found in people.items())
    print(f"{len(dataset)} pictures with {len(boxes)} faces, of {counts}, are in {options.output}")
    shown = "{:.0f} to {:.0f}, half of them under {:.0f}".format(*heights[[0, 2, 1]])
    print(f"at a long side of 640 px faces are {shown} px high")


if __name__ == "__main__":
    main()
