"""Make a simulated surgery: one composite video and the true places of all faces."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from recorder_core.errors import SettingsError
from recorder_core.media import CONTAINERS
from recorder_core.media.encode.synthesis import SynthesisSettings, write_video
from recorder_core.model import LAYOUTS, Planes, View, ViewName
from recorder_core.model.values.carriers import carrier_repr
from recorder_core.simulate.audio import SAMPLE_RATE_HZ, RoomAudio
from recorder_core.simulate.pasting import blank_planes, paste
from recorder_core.simulate.physiology import Patient
from recorder_core.simulate.settings import SimulationResult, SimulationSettings
from recorder_core.simulate.truth import write_faces
from recorder_core.simulate.views.endoscope import Endoscope
from recorder_core.simulate.views.room import FaceInView, RoomCamera
from recorder_core.simulate.views.screens import BisScreen, EventBar, VitalSignsScreen

__all__ = ["SimulatedFrame", "render_surgery", "simulate"]

#: of the composite
_LAYOUT: Final = "surgery-box"
#: a laparoscope's frame is softer than the view that shows it; it is drawn at this part
_LAPAROSCOPE_DETAIL: Final = 0.75
#: loudness (root mean square) that fills the audio meter
_LOUD: Final = 0.12


@dataclass(frozen=True, slots=True)
class SimulatedFrame:
    """One composite frame, its audio and the faces in it."""

    __repr__ = carrier_repr

    frame_index: int
    seconds: float
    #: BT.709; the buffer is reused for the next frame
    planes: Planes
    #: (N,) float32, `SAMPLE_RATE_HZ`
    audio: NDArray[np.float32]
    #: places in composite pixels
    faces: tuple[FaceInView, ...]


@dataclass(frozen=True, slots=True)
class _Scene:
    """Everything that draws or sounds."""

    views: Mapping[ViewName, View]
    endoscope: Endoscope
    vital_signs: VitalSignsScreen
    bis: BisScreen
    event_bar: EventBar
    room: RoomCamera
    audio: RoomAudio


def _build(settings: SimulationSettings) -> _Scene:
    """Make the scene."""
    patient_rng, scope_rng, room_rng, audio_rng = settings.generators()
    layout, frame = LAYOUTS[_LAYOUT], (settings.width, settings.height)
    views = {name: layout.view(name, *frame) for name in layout.places}
    patient = Patient.invent(patient_rng)
    scope = views["laparoscope"]
    detail = _LAPAROSCOPE_DETAIL
    size = round(scope.height * detail / 2) * 2, round(scope.width * detail / 2) * 2
    return _Scene(
        views,
        Endoscope(*size, scope_rng),
        VitalSignsScreen(*_size(views["vital_signs"]), patient),
        BisScreen(*_size(views["bis"]), patient),
        EventBar(*_size(views["event_bar"])),
        RoomCamera(*_size(views["room"]), settings.faces, room_rng, blend_only=settings.blend_only),
        RoomAudio(patient, settings.duration_seconds, audio_rng),
    )


def _size(view: View) -> tuple[int, int]:
    """Return height and width, as what draws takes them."""
    return view.height, view.width


def render_surgery(settings: SimulationSettings) -> Iterator[SimulatedFrame]:
    """Draw a simulated surgery frame by frame.

    Parameters
    ----------
    settings : SimulationSettings
        What it looks like.

    Yields
    ------
    SimulatedFrame
        In order of presentation; its planes are overwritten by the next one.
    """
    scene = _build(settings)
    planes = blank_planes(settings.width, settings.height)
    for index in range(settings.frame_count):
        seconds = float(index / settings.frame_rate)
        audio = scene.audio.samples(*settings.sample_span(index, SAMPLE_RATE_HZ))
        faces = _draw(scene, planes, seconds, audio)
        yield SimulatedFrame(index, seconds, planes, audio, faces)


def _draw(
    scene: _Scene, planes: Planes, seconds: float, audio: NDArray[np.float32]
) -> tuple[FaceInView, ...]:
    """Draw all views into the composite; return the faces in composite pixels."""
    views = scene.views
    scope = scene.endoscope.picture(seconds)
    level = float(np.sqrt(np.mean(np.square(audio)))) / _LOUD
    room, faces = scene.room.picture(seconds, scope)
    paste(planes, scope, views["laparoscope"])
    paste(planes, scene.event_bar.picture(seconds, min(1.0, level)), views["event_bar"])
    paste(planes, scene.vital_signs.picture(seconds), views["vital_signs"])
    paste(planes, scene.bis.picture(seconds), views["bis"])
    paste(planes, room, views["room"])
    return tuple(_in_composite(face, views["room"]) for face in faces)


def _in_composite(face: FaceInView, room: View) -> FaceInView:
    x0, y0, x1, y1 = face.box_xyxy_px
    box = x0 + room.x, y0 + room.y, x1 + room.x, y1 + room.y
    return FaceInView(face.face_id, box, face.visible, face.state)


def simulate(
    path: Path,
    settings: SimulationSettings,
    truth_path: Path,
    progress: Callable[[int, int], None] | None = None,
) -> SimulationResult:
    """Write a simulated surgery and the true places of its faces.

    Parameters
    ----------
    path : Path
        The video, ``.mp4``, ``.mov`` or ``.mkv``.
    settings : SimulationSettings
        What it looks like.
    truth_path : Path
        The table of true faces, ``.parquet``; frames and time stamps are those of
        the written video.
    progress : callable, optional
        Called with the number of finished frames and of all frames.

    Raises
    ------
    SettingsError
        If the suffix of the video is another.
    EncodeError
        If the video cannot be written.
    DataError
        If the table cannot be written.
    """
    if path.suffix.lower() not in CONTAINERS:
        raise SettingsError(
            f"{path.name} must end in one of {', '.join(CONTAINERS)}, which says its format"
        )
    seen: list[tuple[int, FaceInView]] = []
    rendered = _told(render_surgery(settings), settings.frame_count, progress)
    frames = _remembering(rendered, seen, audio=settings.audio)
    encoding = SynthesisSettings(
        settings.frame_rate, settings.video_bit_rate_bps, b_frames=settings.b_frames
    )
    count = write_video(path, frames, encoding)
    faces = write_faces(truth_path, path, settings, seen)
    known = sum(face.state not in ("turned", "covered") for face in faces)
    return SimulationResult(path, truth_path, count, len(faces), known)


def _told(
    frames: Iterator[SimulatedFrame], total: int, progress: Callable[[int, int], None] | None
) -> Iterator[SimulatedFrame]:
    """Pass frames on, and tell after each how many are finished."""
    for frame in frames:
        yield frame
        if progress is not None:
            progress(frame.frame_index + 1, total)


def _remembering(
    frames: Iterator[SimulatedFrame], seen: list[tuple[int, FaceInView]], *, audio: bool
) -> Iterator[tuple[Planes, NDArray[np.float32] | None]]:
    """Pass frames and audio on, and write down the faces."""
    for frame in frames:
        seen.extend((frame.frame_index, face) for face in frame.faces)
        yield frame.planes, frame.audio if audio else None
