"""Put rows of the catalog right that were changed beside the program.

What the other folder has as the log states it is taken from there. A row that both lack, or have
otherwise, is written as the log states it, where the log has every value that is missing in full.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress

from recorder_core.archive import SealedPaths, check_signature, parse_key_file
from recorder_core.catalog import enter_rows, log_repaired_rows, mend_rows, unlike_rows
from recorder_core.catalog.database.statements import stated_value
from recorder_core.errors import ArchiveError, CatalogError
from recorder_core.jobs.archive.access.session import Session
from recorder_core.jobs.archive.care.mirror import Finding
from recorder_core.jobs.archive.place.folders import CATALOG_NAME
from recorder_core.jobs.archive.place.roles import file_name
from recorder_core.model.files.inner_files import EVENT_FOLDERS, read_inner
from recorder_core.model.values.counts import format_count

__all__ = ["put_rows_right"]


def put_rows_right(session: Session) -> list[Finding]:
    """Write rows right as the signed log states them, log which, and return what was done.

    Parameters
    ----------
    archive : Archive
        Open; the caller has asked.
    """
    if session.identity.log_fault or not session.trust().row_hash:
        return []
    mended: list[str] = []
    for root in session.folders.roots()[1:]:
        with suppress(CatalogError):  # a copy that cannot be read is named elsewhere
            mended += mend_rows(session.catalog.path, root / CATALOG_NAME, check_signature)
    mended += enter_rows(session.catalog.path, *_unlike_rows(session))
    if not mended:
        return []
    log_repaired_rows(session.catalog.audit, session.identity.actor, mended)
    sentence = (
        f"{format_count(len(mended), 'row')} of the catalog put right, as the log states: "
        f"{', '.join(mended)}"
    )
    return [Finding("log", CATALOG_NAME, sentence, is_repaired=True)]


def _unlike_rows(session: Session) -> tuple[dict[str, Mapping[str, object]], int]:
    """Return the rows that are not what the log states, with their values, and the log's end."""
    seq = session.catalog.audit.head().seq
    ledger = session.catalog.ledger(session.trust().row_hash, check_signature)
    facts = {
        name: values
        for name, values in ledger.facts.items()
        if values is not None and name not in ledger.doubts
    }
    names = unlike_rows(session.catalog.path, facts)
    return {name: _with_readers(session, name, facts[name]) for name in names}, seq


def _with_readers(
    session: Session, name: str, values: Mapping[str, object]
) -> Mapping[str, object]:
    """Return the values of a row; the readers of a file, if they are long, by its key file."""
    table, _, file_id = name.partition(" ")
    stated = str(values.get("readers"))
    if table != "files" or not stated.startswith("sha256:"):
        return values
    for root in session.folders.roots():
        path = SealedPaths.of(root / file_name(file_id)).key
        with suppress(ArchiveError, OSError):
            entries = parse_key_file(read_inner(path, folders=EVENT_FOLDERS), path.name).entries
            readers = " ".join(sorted(entry.public_key.key_id for entry in entries))
            if stated_value(readers) == stated:
                return {**values, "readers": readers}
    return values
