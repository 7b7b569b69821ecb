"""Write frames of a reviewed video as labelled pictures: what people corrected trains.

Frames are taken at regular times, and more of them where a correction lives: there the
detector was wrong. A box that persons or the smoother decided on is a face; where a
removal lifted one there is none. Boxes that only pad the beginning and end of a track
are regions to ignore.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from recorder_core.datasets import Dataset, LabelledFace, LabelledPicture, write_dataset
from recorder_core.errors import DataError, SettingsError
from recorder_core.jobs.progress import Progress
from recorder_core.media import Video
from recorder_core.model import Redaction, ShownGeometry, View
from recorder_core.model.values.carriers import carrier_repr

__all__ = ["ExtractResult", "ExtractSettings", "ReviewedVideo", "write_frames"]

#: of the JPEG files, without subsampling: the loss cannot be seen
_QUALITY: Final = 95
_OWNER_ONLY: Final = 0o700
#: a frame at the very beginning of a span belongs to it, whatever the division says
_ROUNDING: Final = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtractSettings:
    """Which frames are taken, and how they are written."""

    #: time between frames, and between those in which a correction lives
    every_seconds: float = 2.0
    corrected_every_seconds: float = 0.4
    #: most frames; those with corrections are kept first
    max_pictures: int = 1000
    file_format: Literal["coco", "cvat"] = "coco"

    def __post_init__(self) -> None:
        if self.every_seconds <= 0 or self.corrected_every_seconds <= 0 or self.max_pictures < 1:
            raise SettingsError("times between frames and the number of frames must be positive")


@dataclass(frozen=True, slots=True)
class ReviewedVideo:
    """A video and the faces that are marked in it."""

    __repr__ = carrier_repr

    #: in file names and as the segment; never a person's name
    name: str
    #: (N,) int64, of every frame, in the time base
    pts: NDArray[np.int64]
    time_base: Fraction
    #: (M,) int64, the frames of which the faces are known, rising
    known_frames: NDArray[np.int64]
    #: frame -> faces, in pixels of the stored picture
    faces: Mapping[int, Sequence[Redaction]] = field(repr=False)
    #: frames in which a correction lives
    corrected_frames: frozenset[int] = field(repr=False)
    #: the part in which faces were looked for, in the stored picture; None: all of it
    view: View | None

    def __post_init__(self) -> None:
        if len(self.known_frames) and not 0 <= self.known_frames[-1] < len(self.pts):
            raise DataError(
                f"the tables name frame {self.known_frames[-1]}, but the video has "
                f"{len(self.pts)}; they are of another video"
            )


@dataclass(frozen=True, slots=True)
class ExtractResult:
    """What was written."""

    #: the file of labels
    labels: Path
    pictures: int
    faces: int
    #: pictures in which a correction lives
    corrected_pictures: int


def write_frames(
    reviewed: ReviewedVideo,
    video: Video,
    output: Path,
    settings: ExtractSettings,
    progress: Progress,
) -> ExtractResult:
    """Write frames as pictures with labels.

    Parameters
    ----------
    reviewed : ReviewedVideo
    video : Video
        The same.
    output : Path
        A folder to make, which only its owner may open. As COCO it gets ``frames.json``
        and ``frames/``, for CVAT ``annotations.xml`` and ``images/``.
    settings : ExtractSettings
    progress : callable
        Told how many pictures of all are written.

    Raises
    ------
    SettingsError
        If the folder already exists, or there is no frame to take.
    DecodeError
        If a frame is damaged; then nothing is left of the folder.
    """
    frames = _choose_frames(reviewed, settings)
    if not frames:
        raise SettingsError("there is no frame whose faces are known")
    geometry = video.info.video.geometry
    names = ("frames", "frames.json") if settings.file_format == "coco" else _CVAT_NAMES
    with _new_folder(output) as folder:
        (folder / names[0]).mkdir()
        pictures = []
        for frame in frames:
            shown_rgb = video.frame(frame).to_rgb()
            pictures.append(_save(reviewed, frame, shown_rgb, geometry, folder / names[0]))
            progress(len(pictures), len(frames))
        if settings.file_format == "cvat":
            # CVAT numbers the pictures of a task in order of their names
            pictures = [replace(p, frame_index=place) for place, p in enumerate(pictures)]
        write_dataset(Dataset(tuple(pictures)), folder / names[1], settings.file_format)
    return ExtractResult(
        output / names[1],
        len(pictures),
        sum(len(picture.judged_faces) for picture in pictures),
        sum(bool(picture.attributes["corrected"]) for picture in pictures),
    )


_CVAT_NAMES: Final = ("images", "annotations.xml")


def _choose_frames(video: ReviewedVideo, settings: ExtractSettings) -> list[int]:
    known = video.known_frames
    corrected = known[np.isin(known, list(video.corrected_frames))]
    first = _spaced(video, corrected, settings.corrected_every_seconds)
    others = np.setdiff1d(_spaced(video, known, settings.every_seconds), first)
    first = _thinned(first, settings.max_pictures)
    others = _thinned(others, settings.max_pictures - len(first))
    return sorted([*first.tolist(), *others.tolist()])


def _spaced(video: ReviewedVideo, frames: NDArray[np.int64], seconds: float) -> NDArray[np.int64]:
    """Return the first of the frames in each span of time of that length."""
    shown = (video.pts[frames] - video.pts[0]) * float(video.time_base)
    spans = np.floor(shown / seconds + _ROUNDING)
    return np.asarray(frames[np.unique(spans, return_index=True)[1]], np.int64)


def _thinned(frames: NDArray[np.int64], most: int) -> NDArray[np.int64]:
    """Return at most so many, evenly taken."""
    if len(frames) <= most:
        return frames
    return np.asarray(frames[np.linspace(0, len(frames) - 1, most).round().astype(int)], np.int64)


@contextmanager
def _new_folder(output: Path) -> Iterator[Path]:
    """Yield a folder that is renamed to `output` on success and removed on failure."""
    if output.exists():
        raise SettingsError(f"{output} already exists; give the name of a new folder")
    folder = output.with_name(f".{output.name}.partial")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=_OWNER_ONLY, parents=True)
    try:
        yield folder
        folder.rename(output)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _save(
    video: ReviewedVideo,
    frame: int,
    shown_rgb: NDArray[np.uint8],
    geometry: ShownGeometry,
    folder: Path,
) -> LabelledPicture:
    """Write the view of one frame, upright, and return it with its faces."""
    from PIL import Image

    faces = video.faces.get(frame, ())
    boxes = geometry.show_boxes(np.array([f.box_xyxy_px for f in faces], float).reshape(-1, 4))
    left, top, right, bottom = _view_edges(video.view, geometry, shown_rgb.shape[:2])
    cut = np.ascontiguousarray(shown_rgb[top:bottom, left:right])
    name = f"{video.name}_{frame:06d}.jpg"
    Image.fromarray(cut).save(folder / name, "JPEG", quality=_QUALITY, subsampling=0)
    size = right - left, bottom - top
    moved = boxes - [left, top, left, top]
    return LabelledPicture(
        name,
        size,
        tuple(
            _label(face, (x0, y0, x1, y1))
            for face, (x0, y0, x1, y1) in zip(faces, moved.tolist(), strict=True)
            if x0 < size[0] and y0 < size[1] and x1 > 0 and y1 > 0
        ),
        group=video.name,
        segment=video.name,
        frame_index=frame,
        attributes={"corrected": frame in video.corrected_frames},
        folder=folder,
    )


def _view_edges(
    view: View | None, geometry: ShownGeometry, shape: tuple[int, ...]
) -> tuple[int, int, int, int]:
    """Return the edges of the view in the picture that is shown: whole pixels inside it."""
    if view is None:
        return 0, 0, shape[1], shape[0]
    box = np.array([[view.x, view.y, view.x + view.width, view.y + view.height]], float)
    x0, y0, x1, y1 = geometry.show_boxes(box)[0].round().astype(int).tolist()
    return max(0, x0), max(0, y0), min(shape[1], x1), min(shape[0], y1)


def _label(face: Redaction, box: tuple[float, float, float, float]) -> LabelledFace:
    return LabelledFace(
        box,
        ignored=face.origin == "padded",
        track=None if face.track < 0 else face.track,
        attributes={"origin": face.origin},
    )
