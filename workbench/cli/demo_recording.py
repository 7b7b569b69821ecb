"""The recording of ``workbench demo``: what simulated sources show, recorded as a room is."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Final

import numpy as np

from recorder_core import simulate
from recorder_core.capture.switch import SwitchSettings, SwitchSource
from recorder_core.composite.layout import ROOM
from recorder_core.jobs.archive import Archive, EventNames
from recorder_core.jobs.record import (
    RecordingSummary,
    RecordRequest,
    RoomConfig,
    RoomRecorder,
    read_room,
    record_room,
)
from recorder_core.jobs.record.room.opening import open_sources
from recorder_core.media import file_sha256, open_video
from recorder_core.simulate.course import Course
from recorder_core.simulate.devices import (
    BisMonitorModel,
    SimulatedBisMonitor,
    SimulatedCamera,
    SimulatedFootSwitch,
)
from recorder_core.simulate.physiology import Patient
from recorder_core.tables import read_metadata, read_truth, write_truth
from workbench.cli.terminal.progress import show_progress

__all__ = ["DemoRoom", "Recorded", "make_room", "record_surgery", "write_true_faces"]

#: pixels of each simulated source, and frames per second of all
FILM_PX: Final = (1280, 720)
RATE: Final = 25
#: pixels of the composite
COMPOSITE_PX: Final = (1920, 1080)
#: so long are the films of the sources, which begin again at their end: drawing takes time
_FILM_SECONDS: Final = 20.0
#: name of the room for who records in it
_ROOM: Final = "demo-theatre"
_LAPAROSCOPE: Final = "laparoscope"
_SEED: Final = 0
#: when things happen, as parts of the recording
_NAMED, _PRESSED, _UNPLUGGED, _PICTURED = 0.1, 0.25, 0.45, 0.75
#: how long the laparoscope gives nothing, seconds and part of the recording
_OUT_SECONDS, _OUT_PART = 5.0, 0.25
_PATIENT: Final = EventNames(patient_name="Demo, Two", place="Demo theatre")
_TEAM: Final = EventNames(physician_names=("Demo, Surgeon",))
_HEAD: Final = """\
# A room of simulated sources: films that begin again at their end, and a BIS monitor that is there
# while the demo runs.
procedure = "lap-chole"
markers = ["incision", "clip", "closure"]

[layout]
preset = "surgery-box"
width = {width}
height = {height}

[video]
rate = {rate}

[space]
keep_free_gib = 0.5
min_minutes = 1

[bis]
port = {port}
protocol = "binary"
raw_eeg = false

[sound]
kind = "file"
address = {audio}
channels = 1
"""
_SOURCE: Final = """
[sources.{name}]
kind = "file"
address = {address}
"""


@dataclass(frozen=True, slots=True)
class DemoRoom:
    """A room of simulated sources.

    Attributes
    ----------
    rooms : Path
        Folder of the file that says what is in it.
    film : SimulatedSources
        What its sources show, and the truth.
    port : Path
        Of its BIS monitor.
    """

    rooms: Path
    film: simulate.SimulatedSources
    port: Path

    @property
    def config(self) -> RoomConfig:
        """What its file says."""
        return read_room(self.rooms / f"{_ROOM}.toml")

    @contextmanager
    def monitored(self) -> Iterator[None]:
        """Keep the BIS monitor speaking while the block runs."""
        patient = Patient.invent(np.random.default_rng(_SEED))
        with SimulatedBisMonitor(self.port, BisMonitorModel(patient, "binary")):
            yield


@dataclass(frozen=True, slots=True)
class Recorded:
    """What was recorded.

    Attributes
    ----------
    event_id : str
        Of the new event.
    summary : RecordingSummary
        What became of it.
    shown : mapping of int
        At each tick of the composite, the frame of the film of the room; None: none.
    """

    event_id: str
    summary: RecordingSummary
    shown: Mapping[int, int | None]


def make_room(folder: Path, seconds: float) -> DemoRoom:
    """Draw what the sources show, and write the file of their room.

    Parameters
    ----------
    folder : Path
        Of the demo.
    seconds : float
        How long is recorded; the films are no longer.
    """
    films, rooms = folder / "sources", folder / "rooms"
    films.mkdir(exist_ok=True)
    rooms.mkdir(exist_ok=True)
    width, height = FILM_PX
    settings = simulate.SimulationSettings(
        duration_seconds=min(seconds, _FILM_SECONDS),
        frame_rate=Fraction(RATE),
        width=width,
        height=height,
        seed=_SEED,
    )
    with show_progress("the simulated sources") as progress:
        film = simulate.simulate_sources(films, settings, progress)
    room = DemoRoom(rooms, film, folder / "bis")
    (rooms / f"{_ROOM}.toml").write_text(_room_text(room), encoding="utf-8")
    return room


def _room_text(room: DemoRoom) -> str:
    width, height = COMPOSITE_PX
    text = _HEAD.format(
        width=width,
        height=height,
        rate=RATE,
        port=_quoted(room.port),
        audio=_quoted(room.film.audio),
    )
    return text + "".join(
        _SOURCE.format(name=name, address=_quoted(path)) for name, path in room.film.videos.items()
    )


def _quoted(path: Path) -> str:
    return json.dumps(str(path.resolve().parent / path.name), ensure_ascii=False)


def record_surgery(archive: Archive, room: DemoRoom, course: Course, seconds: float) -> Recorded:
    """Record a room in real time, while people and a cable do what they do.

    Parameters
    ----------
    archive : Archive
        Open, for an operator.
    room : DemoRoom
        Its BIS monitor speaks.
    course : Course
        When incision and closure are.
    seconds : float
        How long.
    """
    config = room.config
    found = open_sources(config)
    cameras = {
        name: SimulatedCamera(source, room.film.frame_count)
        for name, source in found.frames.items()
    }
    pedal = SimulatedFootSwitch()
    settings = SwitchSettings(kind="input", address="simulated")
    switch = SwitchSource("foot-switch", settings, open_contact=pedal.open)
    sources = replace(found, frames=cameras, switches=[switch])
    request = RecordRequest(room=_unnamed(config), names=_PATIENT, duration_seconds=seconds)
    with record_room(archive, request, sources) as recorder:
        _play(recorder, _acts(recorder, cameras[_LAPAROSCOPE], pedal, course, seconds))
        clock = recorder.clock
        summary = recorder.finish()
    return Recorded(summary.event_id, summary, cameras[ROOM].shown(clock, config.rate))


def _unnamed(config: RoomConfig) -> RoomConfig:
    """Return the room without the strip of event data: its video becomes other events, too."""
    layout = config.layout
    panels = tuple(each for each in layout.panels if each.kind != "event_strip")
    return replace(config, layout=replace(layout, panels=panels))


def _acts(
    recorder: RoomRecorder,
    laparoscope: SimulatedCamera,
    pedal: SimulatedFootSwitch,
    course: Course,
    seconds: float,
) -> list[tuple[float, Callable[[], object]]]:
    """Return what is done when, in seconds of the event."""
    out = min(_OUT_SECONDS, _OUT_PART * seconds)
    acts: list[tuple[float, Callable[[], object]]] = [
        (_NAMED * seconds, lambda: recorder.describe(_TEAM)),
        (course.incision_seconds, lambda: recorder.mark("incision")),
        (_PRESSED * seconds, threading.Thread(target=pedal.press).start),
        (_UNPLUGGED * seconds, laparoscope.unplug),
        (_UNPLUGGED * seconds + out, laparoscope.plug_in),
        (_PICTURED * seconds, lambda: recorder.take_screenshot(note="Critical view of safety")),
        (course.closure_seconds, lambda: recorder.mark("closure")),
    ]
    return sorted(acts, key=lambda act: act[0])


def _play(recorder: RoomRecorder, acts: list[tuple[float, Callable[[], object]]]) -> None:
    """Record until the end, and do what is due."""
    for at, act in acts:
        while recorder.seconds < at and recorder.wait(at - recorder.seconds):
            pass
        act()
    while recorder.wait(1.0):
        pass


def write_true_faces(path: Path, video: Path, room: DemoRoom, recorded: Recorded) -> None:
    """Write where the recorded video shows the faces: by the layout and the event's clock.

    Parameters
    ----------
    path : Path
        Of the table.
    video : Path
        What was recorded, in clear.
    room : DemoRoom
        With the truth about its film.
    recorded : Recorded
        Which frame of the film was shown when.
    """
    layout, rate = room.config.layout, room.config.rate
    with open_video(video) as opened:
        time_base, pts = opened.info.video.time_base, opened.index.pts.tolist()
    ticks = (round(each * time_base * rate) for each in pts)
    shown = [
        (index, each, recorded.shown.get(tick))
        for index, (each, tick) in enumerate(zip(pts, ticks, strict=True))
    ]
    truth = simulate.truth_in_composite(read_truth(room.film.truth), layout, FILM_PX, shown)
    metadata = read_metadata(room.film.truth)
    source = file_sha256(video)
    write_truth(path, truth, replace(metadata, source_fingerprint=source, time_base=time_base))
