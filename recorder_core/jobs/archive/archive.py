"""An open archive: its events, for one person who signed in.

Every operation asks the person's profile and is logged, refusals too; see
:mod:`recorder_core.catalog.profiles` for who may do what.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from datetime import datetime
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Self

from recorder_core.archive import (
    CopyFault,
    DelaySettings,
    SealedReader,
    destroy_left_keys,
)
from recorder_core.catalog import (
    Action,
    EventFile,
    EventState,
    Profile,
    is_allowed,
    log_put_right,
)
from recorder_core.catalog.codes import check_code, utc_now
from recorder_core.errors import (
    CatalogError,
    NotInCatalog,
    RecorderError,
)
from recorder_core.jobs.archive.access.identity import Credentials, Identity, sign_in
from recorder_core.jobs.archive.access.reading import CatalogReader
from recorder_core.jobs.archive.access.session import Session
from recorder_core.jobs.archive.access.trust import trusted_folders
from recorder_core.jobs.archive.event import ArchivedEvent, find_event, find_names, look_up_event
from recorder_core.jobs.archive.event_names import EventNames
from recorder_core.jobs.archive.place.catalog_opening import open_catalog
from recorder_core.jobs.archive.place.finding import (
    find_archive,
    open_either,
    stand_in_notice,
)
from recorder_core.jobs.archive.place.folders import Folders
from recorder_core.jobs.archive.place.reconciling import know_place, reconcile
from recorder_core.jobs.archive.place.replication import Replicator
from recorder_core.jobs.archive.place.roles import StoredFile
from recorder_core.jobs.archive.readable import ReadableEvent

__all__ = ["Archive", "open_archive"]

#: who checks passwords slowly, and how
DEFAULT_DELAYS = DelaySettings()


def open_archive(
    path: Path,
    credentials: Credentials,
    *,
    origin: str = "local",
    delays: DelaySettings = DEFAULT_DELAYS,
    clock: Callable[[], datetime] = utc_now,
    check_catalog: bool = False,
) -> Archive:
    """Open an archive as one person.

    The mirror is named in the archive's place where that is lost, and is used in its place where
    its disk lets nobody in, or goes meanwhile. A catalog that is damaged, or older than the other
    folder's, is set aside and the other's put in its place.

    Parameters
    ----------
    path : Path
        The archive's folder.
    credentials : Credentials
        Login and password, and the recovery words where they are needed.
    origin : str, default "local"
        Where the person is, for the log: "local" or an address.
    delays : DelaySettings, optional
        How failed attempts slow the next one down.
    clock : callable, optional
        Gives the time; for tests.
    check_catalog : bool, default False
        Read the whole catalog first, so that hidden damage in it is found and repaired.

    Returns
    -------
    Archive
        A context manager.

    Raises
    ------
    ArchiveError
        If there is no archive, or the password is wrong (NoKeyMatches, SignInDelayed).
    CatalogError
        If the catalog cannot be opened, or the log cannot be written; CatalogSplit if both
        folders' catalogs were changed since they were the same.
    """
    folders = know_place(find_archive(path))
    opening = partial(
        _open_at,
        credentials=credentials,
        origin=origin,
        delays=delays,
        clock=clock,
        check_catalog=check_catalog,
    )
    return open_either(folders, opening)


def _open_at(
    folders: Folders,
    *,
    credentials: Credentials,
    origin: str,
    delays: DelaySettings,
    clock: Callable[[], datetime],
    check_catalog: bool,
    notice: str = "",
) -> Archive:
    """Open an archive by the folder that is in use, and by no other."""
    reconciled = reconcile(folders, clock, read_all=check_catalog)
    with ExitStack() as stack:
        catalog = stack.enter_context(open_catalog(folders, clock))
        replicator = Replicator(folders, catalog)
        stack.callback(replicator.close)
        who = sign_in(
            folders,
            catalog,
            credentials,
            origin=origin,
            delays=delays,
            clock=clock,
            checked=reconciled.checked,
        )
        if reconciled.done:
            catalog.audit.append(who.actor, Action.REPAIR_MIRROR, detail="catalog:reconciled")
        log_put_right(catalog.audit, who.actor, reconciled.mended)
        catalog.audit.guard()
        folders = trusted_folders(folders, who.trust)
        faults = (
            folders.copy_notice(),
            folders.mirror_fault(),
            stand_in_notice(folders) or notice,
            *map(_clean, folders.roots()),
        )
        notices = (*reconciled.done, *filter(None, (_log_notice(who), *faults)))
        stack.pop_all()
    return Archive(Session(folders, catalog, who, clock, replicator), notices)


def _log_notice(who: Identity) -> str:
    """Return what a log that cannot be believed means for a person; empty if it can."""
    if not who.log_fault:
        return ""
    return (
        f"{who.log_fault}: recordings go on, but are sealed to nobody but the recovery key, and "
        "nothing is imported, read or given; run 'workbench audit verify'"
    )


def _clean(root: Path) -> str | None:
    """Destroy key files that cut-off changes left on a root; say why if they stay."""
    try:
        destroy_left_keys(root)
    except OSError as error:
        return (
            f"{root} has a key file that a cut-off change left, and it cannot be destroyed "
            f"({error.strerror}); it may open for someone whose key was revoked: check "
            "the disk and open the archive again"
        )
    return None


class Archive:
    """One open archive, for one person; a context manager.

    Every method asks the person's profile. What reads names, files, tables or the log, and what
    changes anything, is logged too.

    Attributes
    ----------
    notices : tuple of str
        What somebody should know who opened it.
    """

    def __init__(self, session: Session, notices: tuple[str, ...] = ()) -> None:
        self._session = session
        self.notices = notices

    @property
    def folders(self) -> Folders:
        """Where it lies, and its settings."""
        return self._session.folders

    @property
    def catalog(self) -> CatalogReader:
        """The catalog, to read what the profile permits."""
        return CatalogReader(self._session)

    @property
    def login(self) -> str:
        """The login of who opened it."""
        return self._session.identity.actor.user_id

    @property
    def profile(self) -> Profile:
        """What that person is in this program."""
        return self._session.identity.actor.profile

    @property
    def mirror_faults(self) -> tuple[str, ...]:
        """What is not as it should be on one of the roots, and why; known when it is closed."""
        return self._session.mirror_faults

    @property
    def copy_faults(self) -> tuple[CopyFault, ...]:
        """Copies of files stored since it was opened that stopped while another went on."""
        return self._session.copy_faults

    def events(
        self,
        *,
        state: EventState | None = None,
        procedure_code: str | None = None,
        include_deleted: bool = False,
    ) -> list[ArchivedEvent]:
        """Return the events, newest first, without any name."""
        with self._session.audited(Action.LIST_EVENTS):
            rows = self._session.catalog.events.find(state=state, procedure_code=procedure_code)
        wanted = include_deleted or state is EventState.DELETED
        return [
            ArchivedEvent(self._session, row)
            for row in rows
            if wanted or row.state is not EventState.DELETED
        ]

    def roles(self, events: Sequence[ReadableEvent]) -> dict[str, list[str]]:
        """Return which kinds of complete files each event has; none of a deleted one."""
        self._session.ask(Action.LIST_EVENTS)
        found = self._session.catalog.contents.roles()
        return {
            event.event_id: found.get(event.event_id, [])
            for event in events
            if event.row.state is not EventState.DELETED
        }

    def event(self, event: str) -> ArchivedEvent:
        """Return one event; a beginning of its id that fits no other is enough.

        Raises
        ------
        NotInCatalog
            If there is none.
        SettingsError
            If several begin like this.
        """
        check_code(event, "event")
        with self._session.audited(Action.LIST_EVENTS):
            return look_up_event(self._session, event)

    def search_names(self, text: str) -> list[tuple[ArchivedEvent, EventNames]]:
        """Return the events in whose names a text occurs, and that this person's key opens.

        Upper and lower case, and accents, do not matter.
        """
        with self._session.audited(Action.READ_IDENTITY, detail="search"):
            named = [
                (event, find_names(self._session, event.event_id)) for event in self._live_events()
            ]
            return [(event, names) for event, names in named if names and names.mentions(text)]

    def refuse_unless(self, action: Action, event: str | None = None) -> None:
        """Raise unless this person may do something; for who is to be asked something first.

        Raises
        ------
        NotAllowed
            If the profile may not; that is logged, as the refusal of the action itself is.
        """
        if not self.may(action):
            event_id = find_event(self._session, event, action).event_id if event else None
            with self._session.audited(action, event_id):
                pass

    def may(self, action: Action) -> bool:
        """Return whether this person's profile may do it."""
        return is_allowed(self._session.identity.actor.profile, action)

    def check_person(self) -> None:
        """Raise NotAllowed if the user was disabled, or has another profile or key since."""
        self._session.check_person()

    def log_use(self, action: Action, *, detail: str = "") -> None:
        """Ask the profile for something that is done outside the archive, and log it."""
        with self._session.audited(action, detail=detail):
            pass

    def frame_count(self, event: str, role: str = "original") -> int | None:
        """Return how many frames a video has; None if there is no such video."""
        contents = self._session.catalog.contents
        rows = contents.files(self._id_of(event), role)
        try:
            return len(contents.pts_index(rows[-1].file_id)) if rows else None
        except NotInCatalog:
            return None

    def reader_ids(self, event: str, kind: str) -> list[str]:
        """Return the users to whom one kind of file of an event is sealed."""
        return self._session.reader_ids(self._id_of(event), kind)

    def seal_warning(self) -> str | None:
        """Return what to say before an original is sealed that no person can open, else None."""
        self._session.ask(Action.LIST_EVENTS)
        if self._session.readers(Action.VIEW_ORIGINAL).readers:
            return None
        return (
            "there is no reviewer who could open what is taken in now: it is sealed to nobody but "
            "the recovery key; have an administrator run 'workbench user add NAME reviewer' "
            "first, since afterwards only 'workbench grant NAME EVENT --recovery' opens it"
        )

    def stored(self, row: EventFile) -> StoredFile:
        """Return where a file of the catalog lies."""
        self._session.ask(Action.LIST_EVENTS)
        return self._session.stored(row)

    def open_sealed(self, file: StoredFile, *, incomplete: bool = False) -> SealedReader:
        """Open a file of an event; what is damaged on one root is read from the other.

        Parameters
        ----------
        file : StoredFile
            From :meth:`stored`.
        incomplete : bool, default False
            Whether a recording without its end will do, as far as any root holds it.

        Raises
        ------
        NotInCatalog
            If the event has no such file.
        NotAllowed
            If the profile may not read it.
        NoKeyMatches
            If it is sealed to none of this person's keys.
        ArchiveError
            If no copy can be opened; the message is about the archive's own.
        """
        event_id, file_id = file.row.event_id, file.row.file_id
        known = {row.file_id: row for row in self._session.catalog.contents.files(event_id)}
        if file_id not in known:
            raise NotInCatalog(f"event {event_id} has no file {file_id}")
        row = known[file_id]  # what is asked for is what the catalog says that it is
        needs = self._session.read_needs(row)
        with self._session.audited(needs, event_id, detail=f"role:{row.role} file:{file_id}"):
            return self._session.open_sealed(self._session.stored(row), incomplete=incomplete)

    def close(self) -> None:
        """Close, once the other folder's copy of the catalog is up to date; forget the keys."""
        self._session.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            self.close()
        except CatalogError:
            # what went wrong first is what the person must read
            if not isinstance(error, RecorderError):
                raise

    def _id_of(self, event: str) -> str:
        self._session.ask(Action.LIST_EVENTS)
        return find_event(self._session, event, Action.LIST_EVENTS).event_id

    def _live_events(self) -> Sequence[ArchivedEvent]:
        return [
            ArchivedEvent(self._session, row)
            for row in self._session.catalog.events.find()
            if row.state is not EventState.DELETED
        ]
