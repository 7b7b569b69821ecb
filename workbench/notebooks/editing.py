"""The box editor of the review page in a notebook: for an event, or for one video.

What is drawn is saved as on that page: in the name of who draws, and never over what somebody else
did meanwhile. The frames come from this kernel as pictures (`FramePictures`), because a notebook
opens an archive, or a file, of which a browser has no address. A page of `workbench serve` has one,
for who may watch: see `watch_event`.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any, Final

import recorder_core as rc
from recorder_core.errors import NotAllowed
from recorder_core.jobs import sidecar
from recorder_core.jobs.archive import (
    Archive,
    ReadableArchive,
    ReadableEvent,
    SavedCorrections,
    save_event_corrections,
)
from recorder_core.jobs.archive.words import Action
from recorder_core.jobs.deidentify.report.contents import DeidentifyReport
from recorder_core.model import Correction
from workbench.client import RemoteArchive
from workbench.notebooks.corrections_file import CorrectionsFile
from workbench.widgets import (
    BoxEditor,
    EditedCorrections,
    FramePictures,
    Player,
    copy_traits,
    pack_table,
)
from workbench.wire import API_PATH

__all__ = ["edit_event", "edit_video", "watch_event"]

#: who corrects a video that belongs to no archive
_AUTHOR: Final = "notebook"


def edit_event(archive: Archive | RemoteArchive, event: str) -> BoxEditor:
    """Return the editor of an event's copy; each change is saved as a correction.

    Parameters
    ----------
    archive : Archive
        Of this machine, open for a reviewer; open as long as the editor is used.
    event : str
        Id of an event with a copy that is not released, or its beginning.

    Raises
    ------
    NotAllowed
        If the profile may not correct.
    NoKeyMatches
        If this person cannot open the copy.
    WrongState
        If the event has no copy.
    """
    if isinstance(archive, RemoteArchive):
        raise NotAllowed(
            "who may run code on a server may not correct there: reviewers correct on its review "
            "page, and watch_event(archive, event) shows a released copy. An archive of this "
            "machine, opened with recorder_core.open_archive, is corrected in a notebook"
        )
    found = archive.event(event)
    archive.refuse_unless(Action.CORRECT, found.event_id)
    first, traits, is_whole = _traits(archive, found)
    pictures = {"copy": FramePictures(partial(found.open_video, "deidentified"))}
    if is_whole:
        pictures["original"] = FramePictures(partial(found.open_video, "original"))

    def read() -> tuple[list[Correction], int]:
        present = found.corrections()
        return [each.correction for each in present.in_force], present.version

    def save(edited: EditedCorrections) -> SavedCorrections:
        changes = edited.stored, edited.withdrawn
        return save_event_corrections(archive, found.event_id, *changes, seen=edited.seen)

    corrections, version = read()
    return BoxEditor(
        author=archive.login,
        save=save,
        read=read,
        corrections=corrections,
        version=version,
        first_frame=first,
        pictures=pictures,
        **traits,
    )


def watch_event(archive: ReadableArchive, event: str) -> Player:
    """Return a player of an event's copy, with the boxes of what is redacted; it saves nothing.

    Parameters
    ----------
    archive : ReadableArchive
        Open for somebody who may watch the copy. That of the server which runs this kernel plays by
        the server's address, with audio; of any other the frames come as pictures.
    event : str
        Id of an event with a copy, or its beginning.

    Raises
    ------
    NotAllowed
        If the profile may not watch the copy: before its release, reviewers alone may.
    """
    found = archive.event(event)
    # who may not watch is told now, and not by a picture that does not come
    found.media_type("deidentified")
    _, traits, _ = _traits(archive, found)
    if isinstance(archive, RemoteArchive) and archive.is_of_page:
        url = f"{API_PATH}/events/{found.event_id}/files/deidentified"
        return Player(copy_url=url, **traits)
    pictures = FramePictures(partial(found.open_video, "deidentified"))
    return Player(pictures={"copy": pictures}, **traits)


def _traits(archive: ReadableArchive, event: ReadableEvent) -> tuple[int, dict[str, Any], bool]:
    """Return what a player shows of a copy.

    Returns
    -------
    int
        The frame of the original that the copy begins with: corrections name those.
    dict
        The traits of the player.
    bool
        Whether the copy has the same frames as the original.
    """
    report = DeidentifyReport.from_dict(event.copy_report())
    first, (x, y, width, height) = report.frame_span.start, map(int, report.view.split(","))
    traits = copy_traits(event, first_frame=first, view_px=(x, y, width, height))
    frames = archive.frame_count(event.event_id, "deidentified")
    is_whole = archive.frame_count(event.event_id) == frames and first == 0
    return first, traits, is_whole


def edit_video(source: Path, copy: Path, corrections: Path) -> BoxEditor:
    """Return the editor of one video; each change is saved into its file of corrections.

    Parameters
    ----------
    source : Path
        The video.
    copy : Path
        Its de-identified copy, with the same frames; before there is one, the video is shown alone.
    corrections : Path
        A table of corrections; made with the first.
    """
    pictures = {"original": FramePictures(partial(rc.open_video, source))}
    boxes = b""
    if copy.exists():
        pictures["copy"] = FramePictures(partial(rc.open_video, copy))
        boxes = pack_table(rc.read_redactions(sidecar(copy, "redactions")), automatic=True)
    with rc.open_video(source) as video:
        saved = CorrectionsFile(corrections, video.sha256)
        rows, version = saved.read()
        return BoxEditor.of_video(
            video,
            "",
            author=_AUTHOR,
            save=saved.save,
            read=saved.read,
            corrections=rows,
            version=version,
            pictures=pictures,
            frame_size_px=video.info.video.geometry.shown_size_px,
            boxes=boxes,
        )
