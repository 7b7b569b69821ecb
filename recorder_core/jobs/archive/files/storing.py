"""Enter new sealed files, and who can open them, into the catalog."""

from __future__ import annotations

from recorder_core.archive import (
    FileIdentity,
    KeyFile,
    PublicKey,
    ReaderSet,
    change_key_file,
    read_any_key_file,
    seal_to_readers,
)
from recorder_core.catalog import IDENTITY, Action, EventFile, SealedKey
from recorder_core.jobs.archive.access.session import Session
from recorder_core.jobs.archive.files.sealing import Audience, NewFile
from recorder_core.jobs.archive.names.event_names import EventNames
from recorder_core.jobs.archive.place.roles import file_name, make_file_id
from recorder_core.jobs.archive.sealed_record import names_associated_data, seal_record

__all__ = [
    "forget_file",
    "holders",
    "note_key_file",
    "note_reader",
    "note_readers",
    "put_names",
    "seal_to_present_readers",
    "store_file",
    "users_of",
]


def store_file(session: Session, new: NewFile) -> EventFile:
    """Enter a file and its readers; inside a transaction. Copies that stopped are noted.

    While it was sealed somebody may have got another key or profile: it is entered as sealed to
    those who may open it now.

    Raises
    ------
    ArchiveError
        If its key file has to be changed for that and cannot be, on some folder.
    """
    session.copy_faults += new.faults
    key_file = new.key_file
    if new.audience is not None:
        key_file = seal_to_present_readers(session, new.identity, new.audience)
    row = session.catalog.contents.add_file(
        new.identity.event_id,
        new.identity.role,
        size_bytes=new.size_bytes,
        sha256=new.sha256,
        segment_count=new.segment_count,
        file_id=new.file_id,
    )
    note_key_file(session, new.file_id, key_file)
    note_readers(session, new.identity.event_id, new.identity.role, key_file)
    return row


def seal_to_present_readers(
    session: Session, identity: FileIdentity, audience: Audience
) -> KeyFile:
    """Seal a file that the catalog does not know yet to those of now; inside a transaction.

    Nobody grants, resets a password or changes a profile during the transaction. If it ends
    before its commit, the file is a left-over.

    Returns
    -------
    KeyFile
        As it lies on every folder that has the file.

    Raises
    ------
    ArchiveError
        If a key file cannot be read or changed.
    """
    name, readers = file_name(make_file_id(identity)), audience.readers()
    roots = session.folders.roots_with(name) or session.folders.roots()
    found = read_any_key_file(roots, name, identity)

    def change(old: KeyFile) -> KeyFile:
        return seal_to_readers(old, audience.file_key, readers)

    if set(change(found).entries) == set(found.entries):
        return found
    return change_key_file(roots, name, identity, change)


def forget_file(session: Session, file_id: str, identity: FileIdentity) -> None:
    """Forget a file, and who could open the last of its kind; inside a transaction."""
    contents, grants = session.catalog.contents, session.catalog.grants
    event_id, role, by = identity.event_id, identity.role, session.identity.actor.user_id
    contents.remove_file(file_id)
    if not contents.files(event_id, role):
        for key in grants.keys(event_id, role):
            grants.take_back(event_id, role, key.recipient_kind, key.recipient, by=by)


def note_key_file(session: Session, file_id: str, key_file: KeyFile) -> None:
    """Enter whose keys open a file, so that an older key file is told from this one."""
    key_ids = [entry.public_key.key_id for entry in key_file.entries]
    session.catalog.contents.set_readers(file_id, key_ids)


def note_readers(session: Session, event_id: str, role: str, key_file: KeyFile) -> None:
    """Enter who can open a file. The sealed keys stay in the key file, which is destroyed."""
    known = {
        key.recipient
        for key in session.catalog.grants.keys(event_id, role)
        if key.recipient_kind == "user"
    }
    for user_id in users_of(session, [entry.public_key for entry in key_file.entries]):
        if user_id not in known:
            note_reader(session, event_id, role, user_id)


def holders(session: Session, event_id: str, kind: str) -> ReaderSet:
    """Return those who can open one kind of file of an event, or its names.

    What is made from a file is sealed to them, so that nobody sees in a derived file what
    was taken back from them in the other.
    """
    names = session.reader_ids(event_id, kind)
    return session.reader_set(lambda user: user.user_id in names)


def note_reader(session: Session, event_id: str, role: str, user_id: str) -> None:
    """Enter that a user can open one kind of file of an event."""
    key_id = PublicKey(session.vouched_user(user_id).public_key).key_id
    key = SealedKey(
        event_id=event_id,
        key_name=role,
        recipient_kind="user",
        recipient=user_id,
        sealed=key_id.encode("ascii"),
    )
    session.catalog.grants.give(key, by=session.identity.actor.user_id)


def users_of(session: Session, keys: list[PublicKey]) -> list[str]:
    """Return the users to whom public keys belong."""
    wanted = {key.raw for key in keys}
    return [user.user_id for user in session.vouched_users() if user.public_key in wanted]


def put_names(session: Session, event_id: str, names: EventNames) -> None:
    """Seal the names of an event to those who may read them."""
    with session.catalog.transaction():  # nobody gets another key or profile in between
        readers = session.readers(Action.READ_IDENTITY)
        keys = [readers.recovery, *readers.readers]
        sealed = seal_record(names.to_dict(), keys, names_associated_data(event_id))
        session.catalog.events.put_sealed(event_id, IDENTITY, sealed)
        for user_id in users_of(session, keys):
            note_reader(session, event_id, IDENTITY, user_id)
