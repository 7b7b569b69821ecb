"""Labelled faces in memory: the one form that every file format is read into.

Conventions
-----------
- Boxes are left, top, right, bottom in pixels of the stored picture, right and bottom
  exclusive; a box may reach over the picture's edge.
- The five landmarks are left eye, right eye, nose, left and right corner of the mouth,
  left and right as seen in the picture.
- A file's name is relative to the folder of pictures, with forward slashes.
- A video is the pictures of one segment that carry frame numbers, from 0.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Final, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from recorder_core.errors import DataError

__all__ = [
    "FACE",
    "HEAD_BACK",
    "MASK_STATES",
    "AttributeValue",
    "Attributes",
    "BoxTuple",
    "Dataset",
    "LabelledFace",
    "LabelledPicture",
    "LabelledVideo",
    "Landmarks",
    "MaskState",
]

BoxTuple: TypeAlias = tuple[float, float, float, float]
#: five points (x, y)
Landmarks: TypeAlias = tuple[tuple[float, float], ...]
MaskState = Literal["with_mask", "without_mask", "incorrect", "unknown"]
#: facts beyond the named fields, as the file gives them
AttributeValue: TypeAlias = str | int | float | bool
Attributes: TypeAlias = Mapping[str, AttributeValue]

MASK_STATES: Final[tuple[MaskState, ...]] = ("with_mask", "without_mask", "incorrect", "unknown")
#: the class of a box that no file says another of
FACE: Final = "face"
#: the class of a head whose face is not seen, from behind or from above: no face to find or to
#: learn, and a detection on it is neither right nor wrong
HEAD_BACK: Final = "head_back"
_LANDMARK_COUNT: Final = 5
#: larger numbers are no pixels, and boxes that are less wide or high are empty: within
#: these limits float32 tells the edges of a box apart
_MAX_PX: Final = 1e6
_MIN_PX: Final = 0.1


@dataclass(frozen=True, slots=True)
class LabelledFace:
    """One face, or what else a file marks, in one picture.

    Raises
    ------
    DataError
        If the box is empty or in no picture, the landmarks are not five such points, or
        the mask state is none of `MASK_STATES`.
    """

    #: left, top, right, bottom
    box_xyxy_px: BoxTuple
    #: None: not marked
    landmarks_px: Landmarks | None = None
    mask: MaskState = "unknown"
    #: something covers part of it
    occluded: bool = False
    #: the track goes on, but here it has left the picture or is hidden
    outside: bool = False
    #: neither a hit nor a miss: a crowd, or what cannot be judged
    ignored: bool = False
    #: counted by the stricter protocols only (Pascal VOC)
    difficult: bool = False
    #: the same number for the same person in all frames of a segment; None: not tracked
    track: int | None = None
    #: a detector's score; None: marked by a person
    score: float | None = None
    #: what is marked
    label: str = FACE
    #: facts beyond the named fields, such as blur and pose of WIDER FACE
    attributes: Attributes = field(default_factory=dict)
    #: numbers of the landmarks that are marked though something covers them
    hidden_landmarks: frozenset[int] = frozenset()

    def __post_init__(self) -> None:
        if not (_is_box(self.box_xyxy_px) and min(self.size_px) >= _MIN_PX):
            raise DataError(f"the box {self.box_xyxy_px} is empty or in no picture")
        if self.landmarks_px is not None:
            points = np.asarray(self.landmarks_px, np.float64)
            if points.shape != (_LANDMARK_COUNT, 2) or not (np.abs(points) <= _MAX_PX).all():
                raise DataError(f"{self.landmarks_px} are not five points")
        if self.mask not in MASK_STATES:
            raise DataError(f"mask state {self.mask!r} is not one of {', '.join(MASK_STATES)}")

    @property
    def is_judged(self) -> bool:
        """Whether a detector is expected to find it: a face in view, not to be ignored."""
        return not (self.ignored or self.outside) and self.label == FACE

    @property
    def is_unjudged(self) -> bool:
        """Whether a detection on it is neither right nor wrong: ignored, or a head from behind."""
        return (self.ignored or self.label == HEAD_BACK) and not self.outside

    @property
    def size_px(self) -> tuple[float, float]:
        """Width and height of the box."""
        x0, y0, x1, y1 = self.box_xyxy_px
        return x1 - x0, y1 - y0


@dataclass(frozen=True, slots=True)
class LabelledPicture:
    """One picture, or frame of a video, and what is marked in it."""

    #: relative to the folder of pictures, with forward slashes
    file_name: str
    #: width, height; None: the file does not say and no picture was there to ask
    size_px: tuple[int, int] | None = None
    faces: tuple[LabelledFace, ...] = field(default=(), repr=False)
    #: where the picture comes from, "" if the file does not say
    set_name: str = ""
    #: near-duplicates share one; "": alone
    group: str = ""
    #: the video or part of a video that it is of, "" for a single picture
    segment: str = ""
    #: number of the frame in its segment, from 0; None: not of a video
    frame_index: int | None = None
    #: facts beyond the named fields, such as attire and light
    attributes: Attributes = field(default_factory=dict, repr=False)
    #: the folder of pictures; two readings of one data set are equal wherever it lies
    folder: Path | None = field(default=None, compare=False, repr=False)

    def __post_init__(self) -> None:
        name = PurePosixPath(self.file_name)
        if not self.file_name or name.is_absolute() or ".." in name.parts:
            raise DataError(
                f"the picture's name {self.file_name!r} must lie inside the folder of pictures"
            )
        if self.size_px is not None and min(self.size_px) < 1:
            raise DataError(f"the picture {self.file_name} has the size {self.size_px}")

    @property
    def path(self) -> Path:
        """Where the picture is.

        Raises
        ------
        DataError
            If the data set was read without its pictures.
        """
        if self.folder is None:
            raise DataError(
                f"the folder with the picture {self.file_name} is not known; name it with --images"
            )
        return self.folder / self.file_name

    @property
    def judged_faces(self) -> tuple[LabelledFace, ...]:
        """The M faces that a detector is expected to find."""
        return tuple(face for face in self.faces if face.is_judged)

    @property
    def boxes_xyxy_px(self) -> NDArray[np.float32]:
        """Boxes of the judged faces, (M, 4) float32."""
        return _stack_boxes(self.judged_faces)

    @property
    def masks(self) -> tuple[MaskState, ...]:
        """Mask states of the judged faces, M of `MASK_STATES`."""
        return tuple(face.mask for face in self.judged_faces)

    @property
    def landmarks_px(self) -> NDArray[np.float32]:
        """Landmarks of the judged faces, (M, 5, 2) float32, NaN where not marked."""
        result = np.full((len(self.judged_faces), _LANDMARK_COUNT, 2), np.nan, np.float32)
        for place, face in enumerate(self.judged_faces):
            if face.landmarks_px is not None:
                result[place] = face.landmarks_px
        return result

    @property
    def ignored_xyxy_px(self) -> NDArray[np.float32]:
        """Boxes in which a detection is neither right nor wrong, (K, 4) float32."""
        return _stack_boxes(tuple(face for face in self.faces if face.is_unjudged))


def _is_box(edges_px: BoxTuple) -> bool:
    """Return whether these are four numbers that can be places in a picture, NaN not."""
    return len(edges_px) == 4 and all(abs(edge) <= _MAX_PX for edge in edges_px)


def _stack_boxes(faces: tuple[LabelledFace, ...]) -> NDArray[np.float32]:
    return np.array([face.box_xyxy_px for face in faces], np.float32).reshape(-1, 4)


@dataclass(frozen=True, slots=True)
class LabelledVideo:
    """The frames of one segment, in order; frames without a face may be missing."""

    name: str
    frames: tuple[LabelledPicture, ...] = field(repr=False)

    def tracks(self) -> dict[int, dict[int, LabelledFace]]:
        """Return the tracked faces, outside ones too: track -> frame number -> face."""
        found: dict[int, dict[int, LabelledFace]] = {}
        for frame in self.frames:
            for face in frame.faces:
                if face.track is not None and frame.frame_index is not None:
                    found.setdefault(face.track, {})[frame.frame_index] = face
        return found


@dataclass(frozen=True, slots=True)
class Dataset:
    """Labelled pictures, in their file's order, and what reading them left out."""

    pictures: tuple[LabelledPicture, ...] = field(repr=False)
    #: one sentence for each thing that could not be taken over
    remarks: tuple[str, ...] = field(default=(), compare=False)

    def __post_init__(self) -> None:
        seen: set[str] = set()
        for picture in self.pictures:
            if picture.file_name in seen:
                raise DataError(f"the picture {picture.file_name} is in the data set twice")
            seen.add(picture.file_name)

    def __len__(self) -> int:
        return len(self.pictures)

    def videos(self) -> tuple[LabelledVideo, ...]:
        """Return the segments whose pictures carry frame numbers, each in order.

        Raises
        ------
        DataError
            If a segment has one frame number twice.
        """
        frames: dict[str, dict[int, LabelledPicture]] = {}
        for picture in self.pictures:
            if picture.frame_index is None:
                continue
            segment = frames.setdefault(picture.segment, {})
            if picture.frame_index in segment:
                raise DataError(
                    f"segment {picture.segment!r} has frame {picture.frame_index} twice"
                )
            segment[picture.frame_index] = picture
        return tuple(
            LabelledVideo(name, tuple(numbered[i] for i in sorted(numbered)))
            for name, numbered in frames.items()
        )
