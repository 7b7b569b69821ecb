"""Start time of a video: given, from its creation_time tag, or from the modification time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, Literal

from recorder_core.errors import SettingsError
from recorder_core.media import Video, read_creation_time

__all__ = ["Start", "check_start", "find_start", "parse_started"]

#: in which a video may have begun; a clock without a battery counts from 1904 or 1970
_YEARS: Final = range(1900, 3000)


@dataclass(frozen=True, slots=True)
class Start:
    """When a recording began, and where that time comes from."""

    utc: datetime
    #: a person; the file's tag; or the time at which the file was last written
    source: Literal["given", "tag", "file time"]


def check_start(started_utc: datetime | None) -> None:
    """Raise SettingsError where a year is given in which no video began."""
    if started_utc is not None and started_utc.year not in _YEARS:
        raise SettingsError(
            f"the video cannot have begun in the year {started_utc.year}; give the right "
            "time with --started"
        )


def find_start(
    given_utc: datetime | None, video: Video, path: Path, duration_seconds: float
) -> Start:
    """Return when a video began.

    Parameters
    ----------
    given_utc : datetime or None
        What a person said; it comes first.
    video : Video
        Its file's tag comes second.
    path : Path
        Of its file; the time at which it was last written comes last.
    duration_seconds : float
        By which it began earlier than it was last written.

    Raises
    ------
    SettingsError
        If the file says that it was written in a year in which no video began.
    """
    if given_utc is not None:
        return Start(given_utc, "given")
    tagged = read_creation_time(video.file)
    if tagged is not None and tagged.year in _YEARS:
        return Start(tagged, "tag")
    try:
        written = datetime.fromtimestamp(path.stat().st_mtime, UTC)
        began = written - timedelta(seconds=duration_seconds)
    except (ValueError, OverflowError) as error:
        raise SettingsError(
            "the file was last written at a time that is none: say when the video began with "
            "--started, or set the file's time with 'touch'"
        ) from error
    return Start(began, "file time")


def parse_started(text: str) -> datetime:
    """Return a time that a person wrote; one without a zone is local time.

    Raises
    ------
    SettingsError
        If it is not ISO 8601, or names no zone and lies in the hour that comes twice, or not at
        all, where daylight-saving time begins or ends.
    """
    try:
        moment = datetime.fromisoformat(text)
        earlier, later = (moment.replace(fold=fold).astimezone(UTC) for fold in (0, 1))
    except (ValueError, OverflowError) as error:
        raise SettingsError(
            f"{text!r} is not a time; write it as 2026-05-04T09:30 or with a zone, +00:00"
        ) from error
    if earlier != later:
        shown = earlier.astimezone()
        is_there = shown.replace(tzinfo=None) == moment.replace(fold=0)
        zone, what = shown.strftime("%z"), "came twice" if is_there else "was left out"
        raise SettingsError(
            f"the clocks were changed then, so {text} {what} here; write the zone that was meant, "
            f"as in {text}{zone[:3]}:{zone[3:]}"
        )
    return earlier
