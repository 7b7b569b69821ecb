"""The simulated surgery as what a recorder records: one file for each source, and the truth.

The laparoscope is 4:3, the monitor and the room camera 16:9; all have the lines that the settings
say. Faces are known in pixels of the room camera; `truth_in_composite` moves them to where a
composite shows them.
"""

from __future__ import annotations

import wave
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from recorder_core.composite.layout import ROOM
from recorder_core.media.encode.synthesis import SynthesisSettings, VideoWriter
from recorder_core.model import Planes, View
from recorder_core.model.values.carriers import carrier_repr
from recorder_core.simulate.audio import SAMPLE_RATE_HZ, RoomAudio
from recorder_core.simulate.pasting import blank_planes, paste
from recorder_core.simulate.physiology import Patient
from recorder_core.simulate.settings import SimulationSettings
from recorder_core.simulate.truth import write_faces
from recorder_core.simulate.views.endoscope import Endoscope
from recorder_core.simulate.views.room import FaceInView, RoomCamera
from recorder_core.simulate.views.screens import VitalSignsScreen

__all__ = [
    "SOURCE_NAMES",
    "SimulatedMoment",
    "SimulatedSources",
    "render_sources",
    "simulate_sources",
]

#: of the files, and of the views that show them
SOURCE_NAMES: Final = ("laparoscope", "vital_signs", "room")
#: a laparoscope's frame is softer than its pixels; it is drawn at this part
_LAPAROSCOPE_DETAIL: Final = 0.75
_FULL_SCALE: Final = 32767


@dataclass(frozen=True, slots=True)
class SimulatedMoment:
    """What all sources give at one moment."""

    __repr__ = carrier_repr

    frame_index: int
    seconds: float
    #: of each source by its name, BT.709; the buffers are reused for the next moment
    pictures: Mapping[str, Planes]
    #: (N,) float32, `SAMPLE_RATE_HZ`
    audio: NDArray[np.float32]
    #: places in pixels of the room camera
    faces: tuple[FaceInView, ...]


@dataclass(frozen=True, slots=True)
class SimulatedSources:
    """What was written."""

    #: of each source by its name; MP4 without audio
    videos: Mapping[str, Path]
    #: WAV, 48 kHz, one channel of 16 bits
    audio: Path
    #: table of the faces in pixels of the room camera, with its frames and their time stamps
    truth: Path
    frame_count: int


def render_sources(settings: SimulationSettings) -> Iterator[SimulatedMoment]:
    """Draw what the sources of a simulated surgery give, moment by moment.

    Parameters
    ----------
    settings : SimulationSettings
        What it looks like; its size is that of monitor and room, the laparoscope has as many lines.

    Yields
    ------
    SimulatedMoment
        In order; its pictures are overwritten by the next one.
    """
    patient_rng, scope_rng, room_rng, audio_rng = settings.generators()
    patient = Patient.invent(patient_rng)
    size = settings.height, settings.width
    narrow = _even(settings.height * 4 / 3)
    endoscope = Endoscope(
        _even(settings.height * _LAPAROSCOPE_DETAIL), _even(narrow * _LAPAROSCOPE_DETAIL), scope_rng
    )
    screen = VitalSignsScreen(*size, patient)
    room = RoomCamera(*size, settings.faces, room_rng, blend_only=settings.blend_only)
    sound = RoomAudio(patient, settings.duration_seconds, audio_rng)
    widths = (narrow, settings.width, settings.width)
    pictures = {
        name: blank_planes(width, settings.height)
        for name, width in zip(SOURCE_NAMES, widths, strict=True)
    }
    for index in range(settings.frame_count):
        seconds = float(index / settings.frame_rate)
        scope = endoscope.picture(seconds)
        persons, faces = room.picture(seconds, scope)
        drawn = zip(SOURCE_NAMES, (scope, screen.picture(seconds), persons), strict=True)
        for name, picture in drawn:
            planes = pictures[name]
            paste(planes, picture, View(0, 0, planes.width, planes.height))
        audio = sound.samples(*settings.sample_span(index, SAMPLE_RATE_HZ))
        yield SimulatedMoment(index, seconds, pictures, audio, tuple(faces))


def simulate_sources(
    folder: Path,
    settings: SimulationSettings,
    progress: Callable[[int, int], None] | None = None,
) -> SimulatedSources:
    """Write what the sources of a simulated surgery give, to be played as if they were live.

    Parameters
    ----------
    folder : Path
        Gets ``laparoscope.mp4``, ``vital_signs.mp4``, ``room.mp4``, ``room.wav`` and
        ``room.truth.parquet``.
    settings : SimulationSettings
        As of :func:`render_sources`; without `audio`, the sound is silence.
    progress : callable, optional
        Called with the number of finished moments and of all.

    Raises
    ------
    EncodeError
        If a file cannot be written.
    DataError
        If the table cannot be written.
    """
    videos = {name: folder / f"{name}.mp4" for name in SOURCE_NAMES}
    made = SimulatedSources(
        videos, folder / "room.wav", folder / "room.truth.parquet", settings.frame_count
    )
    encoding = SynthesisSettings(
        settings.frame_rate, settings.video_bit_rate_bps, b_frames=settings.b_frames
    )
    seen: list[tuple[int, FaceInView]] = []
    with ExitStack() as stack:
        writers = {
            name: stack.enter_context(VideoWriter(path, encoding)) for name, path in videos.items()
        }
        sound = stack.enter_context(wave.open(str(made.audio), "wb"))
        sound.setparams((1, 2, SAMPLE_RATE_HZ, 0, "NONE", ""))
        for moment in render_sources(settings):
            for name, planes in moment.pictures.items():
                writers[name].write(planes, None)
            sound.writeframes(_sixteen_bits(moment.audio * settings.audio))
            seen.extend((moment.frame_index, face) for face in moment.faces)
            if progress is not None:
                progress(moment.frame_index + 1, settings.frame_count)
    write_faces(made.truth, made.videos[ROOM], settings, seen)
    return made


def _even(value: float) -> int:
    return round(value / 2) * 2


def _sixteen_bits(samples: NDArray[np.float32]) -> bytes:
    return np.rint(np.clip(samples, -1, 1) * _FULL_SCALE).astype("<i2").tobytes()
