"""An archive with simulated events, for notebooks: videos, signals of two minutes, markers."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from recorder_core.jobs.archive import (
    Archive,
    Credentials,
    ImportRequest,
    add_user,
    create_archive,
    import_video,
    mark_event,
    open_archive,
)
from recorder_core.jobs.archive.words import Password, Profile
from recorder_core.simulate import SimulationSettings, simulate
from recorder_core.simulate.physiology import Patient

__all__ = ["COURSES", "Course", "SimulatedArchive", "make_archive"]

SECONDS: Final = 120
#: of each event: a frame every two seconds
_SURGERY: Final = {
    "duration_seconds": SECONDS, "frame_rate": Fraction(1, 2), "width": 320, "height": 180,
    "faces": 3, "blend_only": True, "audio": False,
}  # fmt: skip
_FIRST_UTC: Final = datetime(2026, 1, 5, 8, tzinfo=UTC)
#: of somebody who is awake
_AWAKE_BIS: Final = 96.0


@dataclass(frozen=True, slots=True)
class Course:
    """What happens when in an event; seconds from its start."""

    asleep_seconds: float
    incision_seconds: float
    closure_seconds: float
    awake_seconds: float
    #: span in which the anaesthesia is too light
    light_seconds: tuple[float, float] | None = None
    #: span in which the electrodes give nothing
    silent_seconds: tuple[float, float] | None = None


#: two that went as planned, the second with a light phase, and one with a gap
COURSES: Final = (
    Course(12, 28, 98, 106),
    Course(16, 36, 102, 110, light_seconds=(44, 62)),
    Course(10, 22, 90, 98, silent_seconds=(55, 68)),
)


@dataclass(frozen=True, slots=True)
class SimulatedArchive:
    """Where an archive of simulated events is, and who opens it."""

    path: Path
    #: of both people
    password: str = field(repr=False)
    reviewer: str = "rita"
    researcher: str = "rosa"


def make_archive(folder: Path, courses: Sequence[Course] = COURSES) -> SimulatedArchive:
    """Make an archive with an event for each course.

    Parameters
    ----------
    folder : Path
        An empty folder.
    courses : sequence of Course, optional
        Of the events.
    """
    made = SimulatedArchive(folder / "archive", secrets.token_urlsafe(16))
    with _opened(made, "adam", is_new=True) as archive:
        add_user(archive, "olga", Profile.OPERATOR, Password(made.password))
        add_user(archive, made.reviewer, Profile.REVIEWER, Password(made.password))
        add_user(archive, made.researcher, Profile.RESEARCHER, Password(made.password))
    with _opened(made, "olga") as archive:
        for number, course in enumerate(courses):
            _import(archive, folder, number, course)
    return made


def _opened(made: SimulatedArchive, user: str, *, is_new: bool = False) -> Archive:
    password = Password(made.password)
    if is_new:
        create_archive(made.path, site_code="site1", administrator=user, password=password)
    return open_archive(made.path, Credentials(user, password))


def _import(archive: Archive, folder: Path, number: int, course: Course) -> None:
    video, signals = folder / f"event_{number}.mp4", folder / f"event_{number}.csv"
    settings = SimulationSettings(seed=number, **_SURGERY)  # type: ignore[arg-type]
    simulate(video, settings, folder / f"event_{number}.truth.parquet")
    _signals(course, number).to_csv(signals, index=False)
    request = ImportRequest(
        source=video,
        procedure_code="lap-chole",
        started_utc=_FIRST_UTC + timedelta(days=number),
        signals=signals,
    )
    event_id = import_video(archive, request).event.event_id
    mark_event(archive, event_id, "incision", start_seconds=course.incision_seconds)
    mark_event(archive, event_id, "closure", start_seconds=course.closure_seconds)


def _signals(course: Course, seed: int) -> pd.DataFrame:
    """Return the signals file of an event: a value of each signal every second."""
    numbers = np.random.default_rng(seed)
    patient = Patient.invent(numbers)
    seconds = np.arange(SECONDS, dtype=np.float64)
    asleep = _step(seconds - course.asleep_seconds, 2.5) - _step(seconds - course.awake_seconds, 3)
    bis = patient.depth(seconds) * asleep + _AWAKE_BIS * (1 - asleep)
    if course.light_seconds is not None:
        start, stop = course.light_seconds
        bis += 24 * (_step(seconds - start, 1.5) - _step(seconds - stop, 1.5))
    bis = np.clip(bis + numbers.normal(0, 1.2, SECONDS), 0, 98)
    values = {"bis": ("", bis), "heart-rate": ("1/min", patient.heart_rate(seconds))}
    values["spo2"] = ("%", patient.oxygen(seconds))
    rows = [
        pd.DataFrame({"signal": name, "unit": unit, "seconds": seconds, "value": value.round(1)})
        for name, (unit, value) in values.items()
    ]
    table: pd.DataFrame = pd.concat(rows, ignore_index=True)
    if course.silent_seconds is not None:
        silent = (table["signal"] == "bis") & table["seconds"].between(*course.silent_seconds)
        table = table[~silent]
    return table


def _step(seconds: np.ndarray, width_seconds: float) -> np.ndarray:
    """Return a soft step from 0 to 1."""
    return np.asarray(1 / (1 + np.exp(-seconds / width_seconds)))
