"""The archive of ``workbench demo``: three events, and somebody of each profile to look at them."""

from __future__ import annotations

import secrets
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
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
    mark_event,
    open_archive,
    sign_off,
)
from recorder_core.jobs.archive.words import Password, Profile
from recorder_core.simulate.course import COURSE_SECONDS, COURSES, write_signals

__all__ = ["make_demo_archive"]

#: in the demo's folder; what has it beside itself may be made anew
_MARK: Final = "archive.is-a-demo"
#: of each event, what was done and to whom; nobody has these names
_EVENTS: Final = (("lap-chole", "Demo, One"), ("hernia", "Demo, Two"), ("appendix", "Demo, Three"))
#: of a BIS monitor
_SIGNALS: Final = ("bis", "sqi", "emg", "sr")
_PASSWORD_BYTES: Final = 9


def make_demo_archive(
    folder: Path,
    video: Path,
    copy: Path,
    view: str | None = None,
    *,
    simulated_seconds: float | None = None,
) -> tuple[Path, Mapping[str, str]]:
    """Make an archive of three events: imported, waiting for a review, and signed off.

    Parameters
    ----------
    folder : Path
        Of the demo; an archive that an earlier call made in it is made anew.
    video : Path
        Of each event.
    copy : Path
        The video de-identified, its tables and report beside it.
    view : str, optional
        Where the room lies in the video: ``X,Y,WIDTH,HEIGHT`` or a layout's name.
    simulated_seconds : float, optional
        Length of a video that is simulated: each event gets the signals and markers of another
        course. None: the video is somebody's own, and nothing is invented for it.

    Returns
    -------
    archive : Path
        Its folder.
    passwords : mapping of str to str
        Login, which is the name of a profile, to a password that nothing else knows.

    Raises
    ------
    SettingsError
        If there is an archive that no demo made.
    """
    archive, mark = folder / "archive", folder / _MARK
    if archive.exists() and not mark.exists():
        raise SettingsError(
            f"{archive} was not made by this command; give another folder with --folder"
        )
    shutil.rmtree(archive, ignore_errors=True)
    mark.touch()
    passwords = {each.value: secrets.token_urlsafe(_PASSWORD_BYTES) for each in Profile}
    _add_people(archive, passwords)
    source = ImportRequest(source=video, procedure_code="demo", view=view)
    with open_archive(archive, _who(Profile.OPERATOR, passwords)) as opened:
        events = [
            _add_event(opened, source, number, simulated_seconds) for number in range(len(_EVENTS))
        ]
    _add_copies(archive, passwords, events, copy)
    return archive, passwords


def _who(profile: Profile, passwords: Mapping[str, str]) -> Credentials:
    return Credentials(profile.value, Password(passwords[profile.value]))


def _add_people(archive: Path, passwords: Mapping[str, str]) -> None:
    first = Profile.ADMINISTRATOR
    create_archive(
        archive,
        site_code="demo",
        administrator=first.value,
        password=Password(passwords[first.value]),
    )
    with open_archive(archive, _who(first, passwords)) as opened:
        for profile in Profile:
            if profile is not first:
                add_user(opened, profile.value, profile, Password(passwords[profile.value]))


def _add_event(
    opened: Archive, source: ImportRequest, number: int, simulated_seconds: float | None
) -> str:
    """Import the video once more, as another event, and return its id."""
    code, name = _EVENTS[number]
    asked = replace(source, procedure_code=code, names=EventNames(patient_name=name))
    if simulated_seconds is None:
        return import_video(opened, asked).event.event_id
    course = COURSES[number].scaled(simulated_seconds / COURSE_SECONDS)
    with tempfile.TemporaryDirectory() as folder:
        signals = Path(folder) / "signals.csv"
        write_signals(signals, course, number, duration_seconds=simulated_seconds, names=_SIGNALS)
        event = import_video(opened, replace(asked, signals=signals)).event.event_id
    mark_event(opened, event, "incision", start_seconds=course.incision_seconds)
    mark_event(opened, event, "closure", start_seconds=course.closure_seconds)
    return event


def _add_copies(
    archive: Path, passwords: Mapping[str, str], events: Sequence[str], copy: Path
) -> None:
    """Add a copy to the second event and to the third, and release that of the third."""
    _, waiting, released = events
    with open_archive(archive, _who(Profile.REVIEWER, passwords)) as opened:
        for event in (waiting, released):
            add_copy(opened, event, copy)
        # who signs off has opened the copy
        opened.event(released).open_file("deidentified").close()
        sign_off(opened, released)
