"""Still pictures out of an archived recording, stored sealed with the event.

A screenshot is of the original, and named by the frame it shows. What a report without
names shows instead is the same frame of the copy that is released at that moment: a picture
of an earlier copy could show what a correction has hidden since.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial

import numpy as np
from numpy.typing import NDArray

from recorder_core.catalog import Action, Screenshot
from recorder_core.catalog.model.codes import check_code, new_id
from recorder_core.errors import DataError, HeaderDamaged, NotInCatalog, SettingsError
from recorder_core.jobs.archive.access.session import Session
from recorder_core.jobs.archive.acting import acting_on, find_on
from recorder_core.jobs.archive.archive import Archive
from recorder_core.jobs.archive.event.event import ArchivedEvent
from recorder_core.jobs.archive.events.describing import check_inside
from recorder_core.jobs.archive.files.leftovers import set_leftovers_aside
from recorder_core.jobs.archive.files.notes import put_note
from recorder_core.jobs.archive.files.sealing import seal_bytes
from recorder_core.jobs.archive.files.storing import holders, store_file
from recorder_core.jobs.archive.place.event_lock import lock_event
from recorder_core.jobs.archive.place.roles import next_identity
from recorder_core.jobs.deidentify.report.contents import DeidentifyReport
from recorder_core.jobs.progress import Progress, no_progress
from recorder_core.media.frames.picture import encode_frame

__all__ = [
    "ScreenshotRequest",
    "event_screenshots",
    "read_screenshot",
    "released_pictures",
    "take_screenshots",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class ScreenshotRequest:
    """Which pictures to take.

    Attributes
    ----------
    at_seconds : tuple of float
        Times from the start of the event; of each the frame that is shown then.
    frame_indexes : tuple of int
        Frames, by their places in the original's index.
    note : str or None
        A caption for all of them; stored sealed, for those who can read the names.
    """

    at_seconds: tuple[float, ...] = ()
    frame_indexes: tuple[int, ...] = ()
    note: str | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        if not self.at_seconds and not self.frame_indexes:
            raise SettingsError("name at least one time or frame to take a picture of")


@dataclass(frozen=True, slots=True)
class _Frame:
    """One frame of the original."""

    frame_index: int
    pts: int
    at_seconds: float


def take_screenshots(
    archive: Archive,
    event: str,
    request: ScreenshotRequest,
    progress: Progress = no_progress,
) -> list[Screenshot]:
    """Extract frames of the original as pictures and seal them to those who can open it.

    Parameters
    ----------
    archive : Archive
        Open, for somebody who can open the original.
    event : str
        Its id, or a beginning of it that fits no other.
    request : ScreenshotRequest
        Which pictures.
    progress : callable, optional
        Told how many pictures were stored, of how many.

    Returns
    -------
    list of Screenshot
        Those at the times asked for, then the frames.

    Raises
    ------
    NotAllowed
        If the profile may not take screenshots, or not see the original.
    SettingsError
        If there is no such time or frame.
    DecodeError
        If a frame is damaged; those before it are stored.
    """
    session, found = find_on(archive, event, Action.TAKE_SCREENSHOT)
    event_id = found.event_id
    taken: list[Screenshot] = []
    with (
        found.open_video() as video,
        session.audited(Action.TAKE_SCREENSHOT, event_id),
        lock_event(session.folders, event_id, wait=False),
    ):
        set_leftovers_aside(session, of_event=event_id)
        frames = _frames(session, found, request)
        for frame in frames:
            shown_rgb = video.frame(frame.frame_index).to_rgb()
            taken.append(_store(session, event_id, frame, shown_rgb, request.note))
            progress(len(taken), len(frames))
    return taken


def event_screenshots(archive: Archive, event: str) -> list[Screenshot]:
    """Return the rows of an event's screenshots in the order of their times; not the pictures."""
    with acting_on(archive, event, Action.LIST_EVENTS, detail="screenshots") as (session, found):
        return session.catalog.contents.screenshots(found.event_id)


def read_screenshot(archive: Archive, event: str, screenshot: str) -> bytes:
    """Return a screenshot as it was stored: a JPEG file.

    Parameters
    ----------
    archive : Archive
        Open, for somebody who may see originals.
    event : str
        Its id, or a beginning of it that fits no other.
    screenshot : str
        Its id, as `event_screenshots` has it.

    Raises
    ------
    NotAllowed
        If the profile may not see originals.
    NoKeyMatches
        If it is not sealed to this person.
    NotInCatalog
        If the event has no such screenshot.
    """
    check_code(screenshot, "screenshot")
    detail = f"screenshot:{screenshot}"
    with acting_on(archive, event, Action.VIEW_ORIGINAL, detail=detail) as (session, found):
        shots = session.catalog.contents.screenshots(found.event_id)
        files = {row.file_id: row for row in found.files()}
        named = (files.get(each.file_id) for each in shots if each.screenshot_id == screenshot)
        row = next(named, None)
        if row is None:
            raise NotInCatalog(f"event {found.event_id} has no screenshot {screenshot}")
        with session.open_sealed(session.stored(row)) as file:
            return file.readall()


def released_pictures(event: ArchivedEvent, screenshots: Sequence[Screenshot]) -> dict[str, bytes]:
    """Return the frames of screenshots as the released copy shows them.

    Parameters
    ----------
    event : ArchivedEvent
        Of an archive that is open for somebody who can open the released copy.
    screenshots : sequence of Screenshot
        Of this event.

    Returns
    -------
    dict of str to bytes
        Screenshot id -> JPEG file; without those that lie outside the copy. Empty where no
        copy is released.
    """
    if not screenshots or not event.is_released:
        return {}
    first = _first_frame(event)
    places = {shot.screenshot_id: shot.frame_index - first for shot in screenshots}
    with event.open_video("deidentified") as copy:
        return {
            shot: encode_frame(copy.frame(place).to_rgb())
            for shot, place in places.items()
            if 0 <= place < len(copy)
        }


def _frames(session: Session, event: ArchivedEvent, request: ScreenshotRequest) -> list[_Frame]:
    index = session.catalog.contents.pts_index(event.file("original").file_id)
    shown = (index.pts - index.pts[:1]) * float(index.time_base)
    for seconds in request.at_seconds:
        check_inside(event, seconds)
    for frame in request.frame_indexes:
        if not 0 <= frame < len(index):
            raise SettingsError(
                f"event {event.event_id} has frames 0 to {len(index) - 1}, but no frame {frame}"
            )
    places = np.searchsorted(shown, request.at_seconds, side="right") - 1
    wanted = [*np.maximum(places, 0).tolist(), *request.frame_indexes]
    return [_Frame(frame, int(index.pts[frame]), float(shown[frame])) for frame in wanted]


def _store(
    session: Session, event_id: str, frame: _Frame, shown_rgb: NDArray[np.uint8], note: str | None
) -> Screenshot:
    identity = next_identity(event_id, "screenshot", session.catalog.contents.files(event_id))
    readers = partial(holders, session, event_id, "original")
    new = seal_bytes(session.folders.roots(), identity, readers, encode_frame(shown_rgb))
    screenshot = Screenshot(
        screenshot_id=new_id(),
        event_id=event_id,
        file_id=new.file_id,
        frame_index=frame.frame_index,
        pts=frame.pts,
        at_seconds=frame.at_seconds,
        author=session.identity.actor.user_id,
        created_utc=session.clock(),
    )
    with session.catalog.transaction():
        store_file(session, new)
        session.catalog.contents.add_screenshot(screenshot)
        put_note(session, event_id, f"screenshot:{screenshot.screenshot_id}", {"note": note})
    return screenshot


def _first_frame(event: ArchivedEvent) -> int:
    """Return the frame of the original with which the copy begins."""
    with event.open_file("deidentification") as file:
        content = file.readall()
    try:
        return DeidentifyReport.from_json(content).frame_span.start
    except DataError as error:
        raise HeaderDamaged(
            f"the de-identification report of event {event.event_id} does not say which frames "
            "the copy has; add the copy again"
        ) from error
