"""The archive of ``workbench demo``: three events, and somebody of each profile to look at them."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final

from recorder_core.errors import SettingsError
from recorder_core.jobs.archive import (
    Credentials,
    EventNames,
    ImportRequest,
    add_copy,
    add_user,
    create_archive,
    import_video,
    open_archive,
    sign_off,
)
from recorder_core.jobs.archive.words import Password, Profile

__all__ = ["make_demo_archive"]

#: in the demo's folder; what has it beside itself may be made anew
_MARK: Final = "archive.is-a-demo"
#: of each event, what was done and to whom; nobody has these names
_EVENTS: Final = (("lap-chole", "Demo, One"), ("hernia", "Demo, Two"), ("appendix", "Demo, Three"))
_PASSWORD_BYTES: Final = 9


def make_demo_archive(
    folder: Path, video: Path, copy: Path, view: str | None = None
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
    _add_events(archive, passwords, source, copy)
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


def _add_events(
    archive: Path, passwords: Mapping[str, str], source: ImportRequest, copy: Path
) -> None:
    with open_archive(archive, _who(Profile.OPERATOR, passwords)) as opened:
        events = [
            import_video(
                opened,
                replace(source, procedure_code=code, names=EventNames(patient_name=name)),
            ).event.event_id
            for code, name in _EVENTS
        ]
    _, waiting, released = events
    with open_archive(archive, _who(Profile.REVIEWER, passwords)) as opened:
        for event in (waiting, released):
            add_copy(opened, event, copy)
        # who signs off has opened the copy
        opened.event(released).open_file("deidentified").close()
        sign_off(opened, released)
