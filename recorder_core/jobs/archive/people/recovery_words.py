"""Lend an open archive the recovery key, for one step of who has the words on paper."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from recorder_core.catalog import Action
from recorder_core.jobs.archive.access.identity import recovery_key_of
from recorder_core.jobs.archive.acting import acting
from recorder_core.jobs.archive.archive import Archive

__all__ = ["with_recovery_words"]


@contextmanager
def with_recovery_words(archive: Archive, words: str | None) -> Iterator[None]:
    """Open with the recovery key, too, what is opened inside; forget the key afterwards.

    Parameters
    ----------
    archive : Archive
        Open, for a reviewer or an administrator; used by one thread meanwhile.
    words : str or None
        The twelve words; without them nothing is lent.

    Raises
    ------
    NotAllowed
        If the profile may not give keys.
    NoKeyMatches
        If the words are wrong, or another archive's.
    """
    if not words:
        yield
        return
    with acting(archive, Action.GRANT, detail="with:recovery-key") as session:
        key = recovery_key_of(session.folders, words)
    own = session.identity
    session.identity = replace(own, keys=(*own.keys[:1], key))
    try:
        yield
    finally:
        session.identity = own
        key.wipe()
