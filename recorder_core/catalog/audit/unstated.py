"""What was changed outside this program is not stated by a later change of the same row.

The log states a row as a whole. If somebody edits one value of it in the database, and the program
changes another value afterwards, both would be signed. So before a transaction is stated, the
values that its rows had before are compared with what the log stated of them last.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from recorder_core.catalog.audit.ledger import Ledger
from recorder_core.catalog.audit.ledger_reader import PEOPLE
from recorder_core.catalog.database.connection import Database
from recorder_core.catalog.database.statements import Facts
from recorder_core.errors import AuditError

__all__ = ["UnstatedRows"]

_SENTENCE: Final = (
    "{} (it was changed in the catalog outside this program, and would be signed with this "
    "change), "
    "so nothing was stored: run 'workbench mirror repair', which puts it right from the other "
    "folder, or restore the catalog with 'workbench archive restore'; only if it is right as it "
    "is, have an administrator accept it with 'workbench audit accept-break'"
)


class UnstatedRows:
    """Compares rows, as they were before a transaction, with the log.

    Parameters
    ----------
    database : Database
        Migrated.
    people : callable
        Returns what the log states of users and settings.
    others : callable
        Returns what it states of the rows of other tables that are named; reads the log.
    """

    def __init__(
        self,
        database: Database,
        people: Callable[[], Ledger],
        others: Callable[[Sequence[str]], Ledger],
    ) -> None:
        self._database = database
        self._people = people
        self._others = others
        #: what this process stated since another one wrote: it need not be read again
        self._own: dict[str, object] = {}
        self._version = -1

    def refuse(self, before: Facts, changed: Facts) -> None:
        """Check that all rows that stay were as stated, and remember what is stated of them now.

        A row that is removed takes nothing of what it said into the log.

        Parameters
        ----------
        before : mapping
            The values of each row before the transaction.
        changed : mapping
            What is to be stated.

        Raises
        ------
        AuditError
            If one was not.
        """
        self.check({name: row for name, row in before.items() if changed.get(name) is not None})
        self._own |= changed

    def check(self, rows: Facts) -> None:
        """Check that rows are as stated; AuditError if one is not."""
        self._forget_after_others()
        wrong = self._wrong(rows)
        if wrong:
            raise AuditError(_SENTENCE.format("; ".join(wrong.values())))

    def _forget_after_others(self) -> None:
        version = self._database.data_version()
        if version != self._version:
            self._own.clear()
            self._version = version

    def _wrong(self, before: Facts) -> dict[str, str]:
        people = {name: row for name, row in before.items() if name.split(" ")[0] in PEOPLE}
        others = {
            name: row
            for name, row in before.items()
            if name not in people and self._own.get(name) != row
        }
        wrong = self._people().differences(people, names=people) if people else {}
        return wrong | (
            self._others(tuple(others)).differences(others, names=others) if others else {}
        )
