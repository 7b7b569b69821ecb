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

__all__ = ["COURSES", "Course", "SimulatedArchive", "make_archive", "make_archive_of"]

#: of each event: a frame every two seconds
_SURGERY: Final = {
    "duration_seconds": COURSE_SECONDS, "frame_rate": Fraction(1, 2), "width": 320, "height": 180,
    "faces": 3, "blend_only": True, "audio": False,
}  # fmt: skip
_SIGNALS: Final = ("bis", "heart-rate", "spo2")
_ADMINISTRATOR: Final = "adam"
_OPERATOR: Final = "olga"
_FIRST_UTC: Final = datetime(2026, 1, 5, 8, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class SimulatedArchive:
    """Where an archive of simulated events is, and who opens it."""

    path: Path
    #: of both people
    password: str = field(repr=False)
    reviewer: str = "rita"
    researcher: str = "rosa"

    def opened(self, user: str) -> Archive:
        """Open the archive as one of them."""
        return open_archive(self.path, Credentials(user, Password(self.password)))


def make_archive(folder: Path, courses: Sequence[Course] = COURSES) -> SimulatedArchive:
    """Make an archive with an event for each course.

    Parameters
    ----------
    folder : Path
        An empty folder.
    courses : sequence of Course, optional
        Of the events.
    """
    made = _found(folder)
    with made.opened(_OPERATOR) as archive:
        for number, course in enumerate(courses):
            settings = SimulationSettings(seed=number, **_SURGERY)  # type: ignore[arg-type]
            signals = folder / f"event_{number}.csv"
            write_signals(signals, course, number, names=_SIGNALS)
            event_id = _import(archive, folder, number, settings, signals)
            mark_event(archive, event_id, "incision", start_seconds=course.incision_seconds)
            mark_event(archive, event_id, "closure", start_seconds=course.closure_seconds)
    return made


def make_archive_of(
    folder: Path, surgeries: Sequence[SimulationSettings]
) -> tuple[SimulatedArchive, list[str]]:
    """Make an archive with an event for each surgery; return it, and the ids of the events.

    Parameters
    ----------
    folder : Path
        An empty folder; it keeps the true faces, as ``event_0.truth.parquet`` and so on.
    surgeries : sequence of SimulationSettings
        Of the events.
    """
    made = _found(folder)
    with made.opened(_OPERATOR) as archive:
        return made, [
            _import(archive, folder, number, settings) for number, settings in enumerate(surgeries)
        ]


def _found(folder: Path) -> SimulatedArchive:
    made = SimulatedArchive(folder / "archive", secrets.token_urlsafe(16))
    create_archive(
        made.path,
        site_code="site1",
        administrator=_ADMINISTRATOR,
        password=Password(made.password),
    )
    with made.opened(_ADMINISTRATOR) as archive:
        add_user(archive, _OPERATOR, Profile.OPERATOR, Password(made.password))
        add_user(archive, made.reviewer, Profile.REVIEWER, Password(made.password))
        add_user(archive, made.researcher, Profile.RESEARCHER, Password(made.password))
    return made


def _import(
    archive: Archive,
    folder: Path,
    number: int,
    settings: SimulationSettings,
    signals: Path | None = None,
) -> str:
    video = folder / f"event_{number}.mp4"
    simulate(video, settings, folder / f"event_{number}.truth.parquet")
    request = ImportRequest(
        source=video,
        procedure_code="lap-chole",
        started_utc=_FIRST_UTC + timedelta(days=number),
        signals=signals,
    )
    return import_video(archive, request).event.event_id
