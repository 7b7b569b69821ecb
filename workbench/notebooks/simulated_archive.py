"""An archive with simulated events, for notebooks: videos, signals of two minutes, markers."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Final

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
from recorder_core.simulate.course import COURSE_SECONDS, COURSES, Course, write_signals

__all__ = ["COURSES", "Course", "SimulatedArchive", "make_archive"]

#: of each event: a frame every two seconds
_SURGERY: Final = {
    "duration_seconds": COURSE_SECONDS, "frame_rate": Fraction(1, 2), "width": 320, "height": 180,
    "faces": 3, "blend_only": True, "audio": False,
}  # fmt: skip
_SIGNALS: Final = ("bis", "heart-rate", "spo2")
_FIRST_UTC: Final = datetime(2026, 1, 5, 8, tzinfo=UTC)


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
    write_signals(signals, course, number, names=_SIGNALS)
    request = ImportRequest(
        source=video,
        procedure_code="lap-chole",
        started_utc=_FIRST_UTC + timedelta(days=number),
        signals=signals,
    )
    event_id = import_video(archive, request).event.event_id
    mark_event(archive, event_id, "incision", start_seconds=course.incision_seconds)
    mark_event(archive, event_id, "closure", start_seconds=course.closure_seconds)
