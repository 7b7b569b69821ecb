"""The audit log, for those who may read it; reading it is logged too."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from recorder_core.archive import AttemptFile, WrappedKey, check_signature, sign_in as try_password
from recorder_core.archive.disk.durable import FILE_MODE
from recorder_core.catalog import (
    Action,
    AuditFinding,
    AuditHead,
    AuditReport,
    AuditRow,
    Catalog,
    OtherRow,
    log_repaired_rows,
    other_rows,
    require,
)
from recorder_core.catalog.audit.anchors import read_anchor, write_anchor
from recorder_core.catalog.model.codes import utc_text
from recorder_core.errors import AuditError, CatalogSplit, SettingsError
from recorder_core.jobs.archive.access.founding import signing
from recorder_core.jobs.archive.access.identity import Credentials
from recorder_core.jobs.archive.access.trust import look_up_trust
from recorder_core.jobs.archive.acting import acting
from recorder_core.jobs.archive.archive import Archive
from recorder_core.jobs.archive.event.event import look_up_event
from recorder_core.jobs.archive.keys.attesting import attest, info_faults, reader_faults
from recorder_core.jobs.archive.place.catalog_opening import followed_catalog, open_catalog
from recorder_core.jobs.archive.place.folders import (
    ATTEMPTS_NAME,
    CATALOG_NAME,
    INFO_NAME,
    Folders,
    read_info,
)
from recorder_core.jobs.archive.place.places import enclosing_archive
from recorder_core.jobs.archive.place.reconciling import know_place, reconcile, set_others_aside
from recorder_core.media import finished_file

__all__ = [
    "SplitCatalogs",
    "accept_audit_break",
    "audit_head_at",
    "export_audit",
    "read_audit",
    "read_outside_anchor",
    "renew_outside_anchor",
    "verify_audit",
    "verify_audit_at",
]


def verify_audit(archive: Archive, kept_heads: Sequence[AuditHead] = ()) -> AuditReport:
    """Check the whole log against itself, its anchors, and heads that were kept elsewhere.

    A log from whose end rows are missing refuses every sign-in; see `verify_audit_at`.
    """
    with acting(archive, Action.READ_AUDIT, detail="verify") as session:
        pass  # logged first: an action that is still going on would look cut off
    report = session.catalog.audit.verify(kept_heads)
    found = attest(session.catalog, session.identity.trust.row_hash)
    wrong = [*info_faults(session), *reader_faults(session)]
    if session.folders.lacks_mirror:
        wrong += filter(None, [session.folders.mirror_fault()])
    found += [_changed(sentence) for sentence in wrong]
    return replace(report, findings=(*report.findings, *found))


def verify_audit_at(
    path: Path, refusal: AuditError, kept_heads: Sequence[AuditHead] = ()
) -> AuditReport:
    """Check the log of an archive to which signing in was refused, because of the log.

    Nothing is written and nothing but the findings is shown. It is never sound: a catalog that
    was exchanged for another whole one agrees with itself, and only the key of who signs in
    tells that it is another's.

    Parameters
    ----------
    path : Path
        The archive's folder.
    refusal : AuditError
        Why signing in was refused; the first finding.
    kept_heads : sequence of AuditHead, optional
        That were kept elsewhere.
    """
    folders = Folders(path, read_info(path))
    with open_catalog(folders) as catalog:
        report = catalog.audit.verify(kept_heads)
        try:
            found = attest(catalog, look_up_trust(catalog).row_hash)
        except AuditError as error:
            found = [_changed(str(error))]
    first = AuditFinding("refused", 0, f"signing in was refused: {refusal}")
    return replace(report, findings=(first, *report.findings, *found))


def audit_head_at(path: Path) -> AuditHead:
    """Return the newest row of the log of an archive, without signing in."""
    with open_catalog(Folders(path, read_info(path))) as catalog:
        return catalog.audit.head()


def read_outside_anchor(path: Path, anchor: Path) -> AuditHead | None:
    """Return the head in an anchor file on another medium, None if there is no file.

    Parameters
    ----------
    path : Path
        The archive's folder.
    anchor : Path
        The file.

    Raises
    ------
    SettingsError
        If it lies in the folder of an archive, a mirror or a backup: who rewrites the log there
        rewrites it too.
    AuditError
        If it cannot be read, is no anchor, or one of another archive.
    """
    root = enclosing_archive(anchor)
    if root is not None:
        raise SettingsError(
            f"the anchor {anchor} lies in {root}, the folder of an archive, of a mirror or of a "
            "backup; name a file on another medium, which is taken away afterwards"
        )
    return read_anchor(anchor, read_info(path).archive_id)


def renew_outside_anchor(path: Path, anchor: Path, head: AuditHead) -> None:
    """Remember a head in an anchor file on another medium, and of which archive it is.

    Parameters
    ----------
    path : Path
        The archive's folder.
    anchor : Path
        The file; made if it is not there.
    head : AuditHead
        Of a log that is sound.

    Raises
    ------
    AuditError
        If it is an anchor of another archive, or cannot be written.
    """
    write_anchor(anchor, head, read_info(path).archive_id)


@dataclass(frozen=True, slots=True)
class SplitCatalogs:
    """Two catalogs that were both changed since they were the same, before one is kept.

    Attributes
    ----------
    kept, given_up : Path
        Folders whose catalog counts, and whose is set aside.
    only_kept, only_given_up : tuple of OtherRow
        What was changed in the one and not in the other.
    """

    kept: Path
    given_up: Path
    only_kept: tuple[OtherRow, ...]
    only_given_up: tuple[OtherRow, ...]


def accept_audit_break(
    path: Path,
    credentials: Credentials,
    confirm: Callable[[SplitCatalogs], None] | None = None,
) -> AuditRow:
    """Continue a log from which rows are missing, after a catalog was restored.

    A row says what was missing and who accepted it. Keep the broken files as evidence first.
    Where both folders' catalogs were changed since they were the same, that of the folder that
    is named counts, and the other is set aside; the row names the folder in which it is, and
    `adopt_event` finds there what only it knows of an event.

    Parameters
    ----------
    path : Path
        The folder whose catalog counts.
    credentials : Credentials
        Of an administrator.
    confirm : callable, optional
        Told, before the other folder's catalog is set aside, what was changed in each alone; an
        error that it raises leaves all as it is.

    Raises
    ------
    NotAllowed
        Unless an administrator asks.
    NoKeyMatches
        If the password is wrong.
    """
    folders = know_place(Folders(path, read_info(path)))
    mended: tuple[str, ...] = ()
    try:
        mended = reconcile(folders).mended
        is_split = False
    except CatalogSplit:
        is_split = True
    with followed_catalog(folders) as catalog:
        user = catalog.users.get(credentials.user_id)
        wrapped = WrappedKey.from_bytes(user.wrapped_private_key)
        attempts = AttemptFile(folders.primary / ATTEMPTS_NAME, beside=INFO_NAME)
        # a broken log takes no row about a sign-in; the attempts are counted all the same
        key = try_password(attempts, user.user_id, wrapped, credentials.password)
        trust = look_up_trust(catalog, wrapped.trust)
        actor = replace(catalog.actor(user.user_id), profile=trust.profile(user, key))
        require(actor.profile, Action.MANAGE_SETTINGS)
        aside = _give_up_others(folders, confirm) if is_split else []
        actor = signing(actor, key) if trust.row_hash else actor
        with catalog.transaction():  # what others write in between would look changed without a row
            row = catalog.audit.accept_break(actor, _all_rows(catalog, trust.row_hash), aside=aside)
        # nobody has seen these yet: they stay named, until the next accepted break
        log_repaired_rows(catalog.audit, actor, mended)
        return row


def _all_rows(catalog: Catalog, trust: str) -> dict[str, Mapping[str, object] | None] | None:
    """Return what is stated from now on; None where nobody vouches for the log.

    Rows before the accepted break decide nothing any more: nobody compares them at sign-in.
    """
    if not trust:
        return None
    ledger, present = catalog.ledger_and_present(trust, check_signature)
    return {name: present.get(name) for name in {*ledger.facts, *ledger.doubts, *present}}


def _give_up_others(folders: Folders, confirm: Callable[[SplitCatalogs], None] | None) -> list[str]:
    """Set the catalogs of the other folders aside, once a person has seen what is given up."""
    own = folders.primary / CATALOG_NAME
    for other in folders.roots()[1:]:
        if confirm is None:
            break
        theirs = other / CATALOG_NAME
        confirm(
            SplitCatalogs(
                kept=folders.primary,
                given_up=other,
                only_kept=other_rows(theirs, own, check_signature),
                only_given_up=other_rows(own, theirs, check_signature),
            )
        )
    return [folder.name for folder in set_others_aside(folders)]


def read_audit(
    archive: Archive, *, event: str | None = None, newest: int | None = None
) -> list[AuditRow]:
    """Return rows of the log, oldest first; only those about an event, or only the newest."""
    with acting(archive, Action.READ_AUDIT, detail="show") as session:
        event_id = None if event is None else look_up_event(session, event).event_id
        return session.catalog.audit.rows(event_id=event_id, newest=newest)


def export_audit(archive: Archive, target: Path) -> int:
    """Write the log as JSON lines, with hashes, so that it can be checked elsewhere.

    The file is its owner's alone.

    Returns
    -------
    int
        How many rows were written.
    """
    with acting(archive, Action.READ_AUDIT, detail="export") as session:
        rows = session.catalog.audit.rows()
        lines = [
            json.dumps(asdict(row) | {"at_utc": utc_text(row.at_utc)}, sort_keys=True)
            for row in rows
        ]
        with finished_file(target) as temporary:
            temporary.touch(mode=FILE_MODE)
            temporary.chmod(FILE_MODE)  # one that a cut-off call left
            temporary.write_text("".join(line + "\n" for line in lines), encoding="ascii")
    return len(rows)


def _changed(sentence: str) -> AuditFinding:
    return AuditFinding("changed", 0, sentence)
