"""What a person did on a review and has not saved: it is kept where others are, so it is sealed."""

from __future__ import annotations

from recorder_core.archive import derive_key
from recorder_core.catalog import Action
from recorder_core.jobs.archive.acting import find_on
from recorder_core.jobs.archive.archive import Archive

__all__ = ["draft_key"]


def draft_key(archive: Archive, event: str) -> bytes:
    """Return 32 bytes with which a program seals what this person has not saved of a review.

    They are the same at each sign-in of the person, whatever the password, and nobody else's.

    Parameters
    ----------
    archive : Archive
        Open.
    event : str
        Id of the event, or a beginning of it that fits no other.

    Raises
    ------
    NotAllowed
        If the profile may not review.
    NotInCatalog
        If there is no such event.
    """
    archive.refuse_unless(Action.REVIEW, event)
    session, found = find_on(archive, event, Action.REVIEW)
    session.ask(Action.REVIEW)
    own = session.identity.keys[0]
    return derive_key(own, f"draft of a review\n{found.event_id}")
