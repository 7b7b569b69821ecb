"""The archive of ``workbench demo``: three events, and somebody of each profile to look at them."""

from __future__ import annotations

import secrets
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from recorder_core.errors import SettingsError
from recorder_core.jobs.archive import (
    Archive,
    Credentials,
    EventNames,
    ImportRequest,
    add_copy,
    add_user,
    create_archive,
    import_video,
    keep_report,
    mark_event,
    open_archive,
    sign_off,
    write_kept_report,
)
from recorder_core.jobs.archive.words import Password, Profile
from recorder_core.report import ReportSettings
from recorder_core.simulate.course import COURSE_SECONDS, COURSES, Course, write_signals

__all__ = ["IMPORTED", "RELEASED", "WAITING", "DemoArchive", "begin_demo_archive", "course_of"]

#: in the demo's folder; what has it beside itself may be made anew
_MARK: Final = "archive.is-a-demo"
#: of each event, what was done and to whom; nobody has these names
_EVENTS: Final = (("hernia", "Demo, One"), ("lap-chole", "Demo, Two"), ("appendix", "Demo, Three"))
#: which of them is only imported, which waits for a review, and which is signed off
IMPORTED: Final = 0
WAITING: Final = 1
RELEASED: Final = 2
#: of a BIS monitor
_SIGNALS: Final = ("bis", "sqi", "emg", "sr")
_PASSWORD_BYTES: Final = 9


@dataclass(frozen=True, slots=True)
class DemoArchive:
    """An archive of simulated events.

    Attributes
    ----------
    path : Path
        Its folder.
    passwords : mapping of str to str
        Login, which is the name of a profile, to a password that nothing else knows.
    """

    path: Path
    passwords: Mapping[str, str] = field(repr=False)

    @contextmanager
    def opened(self, profile: Profile) -> Iterator[Archive]:
        """Open it for the person of a profile."""
        who = Credentials(profile.value, Password(self.passwords[profile.value]))
        with open_archive(self.path, who) as archive:
            yield archive

    def add_event(
        self,
        number: int,
        video: Path,
        view: str | None = None,
        *,
        simulated_seconds: float | None = None,
    ) -> str:
        """Import a video as one of the events, and return its id.

        Parameters
        ----------
        number : int
            Of the event, 0 to 2.
        video : Path
            Of the event.
        view : str, optional
            Where the room lies in it: ``X,Y,WIDTH,HEIGHT`` or a layout's name.
        simulated_seconds : float, optional
            Length of a video that is simulated: the event gets the signals and markers of its
            course. None: the video is somebody's own, and nothing is invented for it.
        """
        code, name = _EVENTS[number]
        names = EventNames(patient_name=name)
        with (
            self.opened(Profile.OPERATOR) as archive,
            tempfile.TemporaryDirectory() as folder,
        ):
            signals = None
            if simulated_seconds is not None:
                signals = Path(folder) / "signals.csv"
                _write_signals(signals, number, simulated_seconds)
            asked = ImportRequest(
                source=video, procedure_code=code, view=view, names=names, signals=signals
            )
            event = import_video(archive, asked).event.event_id
            if simulated_seconds is not None:
                course = course_of(number, simulated_seconds)
                mark_event(archive, event, "incision", start_seconds=course.incision_seconds)
                mark_event(archive, event, "closure", start_seconds=course.closure_seconds)
        return event

    def add_copies(self, waiting: str, released: str, copy: Path) -> None:
        """Add a copy to two events, and release that of the second.

        Parameters
        ----------
        waiting, released : str
            Ids of events whose video it was made from.
        copy : Path
            With its tables and report beside it.
        """
        with self.opened(Profile.REVIEWER) as archive:
            for event in (waiting, released):
                add_copy(archive, event, copy)
            # who signs off has opened the copy
            archive.event(released).open_file("deidentified").close()
            sign_off(archive, released)

    def write_video(self, event: str, target: Path) -> None:
        """Write what was recorded in an event, in clear."""
        with (
            self.opened(Profile.REVIEWER) as archive,
            archive.event(event).video() as video,
            target.open("wb") as file,
        ):
            shutil.copyfileobj(video, file)

    def write_report(self, event: str, target: Path) -> Path:
        """Keep the report of an event in the archive, and write it out."""
        with self.opened(Profile.REVIEWER) as archive:
            keep_report(archive, event, ReportSettings())
            write_kept_report(archive, event, target, overwrite=True)
        return target


def begin_demo_archive(folder: Path) -> DemoArchive:
    """Make an archive without events; one that an earlier call made in the folder is made anew.

    Raises
    ------
    SettingsError
        If there is an archive, or a folder of sources or rooms, that no demo made.
    """
    path, mark = folder / "archive", folder / _MARK
    for each in (path, folder / "sources", folder / "rooms"):
        if each.exists() and not mark.exists():
            raise SettingsError(
                f"{each} was not made by this command; give another folder with --folder"
            )
    shutil.rmtree(path, ignore_errors=True)
    mark.touch()
    passwords = {each.value: secrets.token_urlsafe(_PASSWORD_BYTES) for each in Profile}
    demo = DemoArchive(path, passwords)
    first = Profile.ADMINISTRATOR
    create_archive(
        path,
        site_code="demo",
        administrator=first.value,
        password=Password(passwords[first.value]),
    )
    with demo.opened(first) as opened:
        for profile in Profile:
            if profile is not first:
                add_user(opened, profile.value, profile, Password(passwords[profile.value]))
    return demo


def course_of(number: int, seconds: float) -> Course:
    """Return what happens in an event of some length."""
    return COURSES[number].scaled(seconds / COURSE_SECONDS)


def _write_signals(path: Path, number: int, seconds: float) -> None:
    course = course_of(number, seconds)
    write_signals(path, course, number, duration_seconds=seconds, names=_SIGNALS)
