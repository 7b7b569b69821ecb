"""Say where the room lies in the frames of an event: there faces are searched."""

from __future__ import annotations

from recorder_core.catalog import Action
from recorder_core.errors import WrongState
from recorder_core.jobs.archive.acting import acting_on
from recorder_core.jobs.archive.archive import Archive
from recorder_core.jobs.archive.event.untouched_room import has_untouched_room
from recorder_core.model import View, parse_view

__all__ = ["set_room_view"]


def set_room_view(archive: Archive, event: str, view: str) -> View:
    """Store the room view of an event, in place of an earlier one; later copies are made with it.

    Parameters
    ----------
    archive : Archive
        Open, for a reviewer who can open the original.
    event : str
        Its id, or a beginning of it that fits no other.
    view : str
        ``X,Y,WIDTH,HEIGHT`` in pixels of the frame that a player shows, or a layout's name;
        ``full`` says that the room fills the frame.

    Returns
    -------
    View
        In pixels.

    Raises
    ------
    NotAllowed
        If the profile may not de-identify, or not see the original.
    NoKeyMatches
        If this person cannot open the original.
    WrongState
        If the recorder de-identified the room view and kept it as it was seen, too.
    SettingsError
        If the text is neither, or the view does not lie inside the frame.
    """
    with acting_on(archive, event, Action.DEIDENTIFY, detail="view") as (session, found):
        if has_untouched_room(found) and session.catalog.views.room(found.event_id) is not None:
            raise WrongState(
                f"event {found.event_id} was recorded with its room view, which cannot be moved; "
                f"'workbench event deidentify {found.event_id} --view X,Y,W,H' searches elsewhere"
            )
        with found.open_video() as video:
            room = parse_view(view, *video.info.video.geometry.shown_size_px)
        by = session.identity.actor.user_id
        return session.catalog.views.put_room(found.event_id, room, by=by).view()
