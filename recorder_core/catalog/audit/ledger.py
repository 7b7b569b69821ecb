"""What the signed rows of the audit log say, and where the catalog says something else.

The log of an archive has one row on which its trust rests: it states the first administrator
and the archive's settings, and everybody's wrapped private key names its hash. From there on
every row is signed by who acted; users are made by administrators, whose keys earlier rows
state. Somebody without a key can therefore add nothing that counts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from recorder_core.catalog.audit.anchors import EMPTY_HEAD, AuditHead
from recorder_core.catalog.audit.authority import changes_table, step_fault
from recorder_core.catalog.audit.chain import ACCEPT_BREAK, AuditFinding, AuditRow, hash_row
from recorder_core.catalog.database.statements import Facts, read_facts
from recorder_core.catalog.model.codes import RECOVERY_USER_ID, UNKNOWN_USER_ID
from recorder_core.catalog.model.profiles import Action, Profile, is_allowed

__all__ = ["Doubt", "Ledger", "LedgerBuilder", "Verifier", "is_unsigned_by_right", "read_ledger"]

#: (verify key, signature, hash of the row) -> whether the signature is right
Verifier = Callable[[bytes, str, str], bool]

#: setting that checks what is signed with the recovery words
RECOVERY_VERIFY_KEY: Final = "settings recovery_verify_key"
#: what a user may change in their own row
_OWN_COLUMNS: Final = frozenset({"wrapped_private_key", "verify_key"})
_OWN_ACTIONS: Final = frozenset({Action.CHANGE_OWN_PASSWORD, Action.REWRAP_OWN_KEY})


@dataclass(frozen=True, slots=True)
class Doubt:
    """A statement that does not count, and after which the one before does not count either."""

    #: number of the row of the log
    seq: int
    #: what it says
    values: Mapping[str, object] | None

    @property
    def sentence(self) -> str:
        """What is wrong with what the catalog says of this."""
        return f"was last stated by row {self.seq} of the log, whose signature is missing or wrong"


@dataclass
class Ledger:
    """The newest signed statement about every row of the catalog.

    Attributes
    ----------
    facts : dict
        Row -> its values, None for one that was removed.
    findings : list of AuditFinding
        Rows that are not signed, or by somebody who may not do this.
    doubts : dict
        Row of the catalog -> what a row of the log says of it that nobody signed who may, and
        that no later one states. The signature of a row is not part of its hash: whoever takes
        it away must not bring back what was stated before.
    accepted : AuditHead
        The row before the newest in which somebody who may accepted the log as it was, and
        stated all that the catalog held; the empty head if there is none. What is written
        before it decides nothing any more.
    public_keys : dict of tuple of str
        User -> every public key that was ever stated of that user, the newest last.
    """

    facts: dict[str, dict[str, object] | None] = field(default_factory=dict)
    findings: list[AuditFinding] = field(default_factory=list)
    doubts: dict[str, Doubt] = field(default_factory=dict)
    accepted: AuditHead = EMPTY_HEAD
    public_keys: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def copied(self) -> Ledger:
        """Return another one that says the same."""
        return Ledger(
            facts=dict(self.facts),
            findings=list(self.findings),
            doubts=dict(self.doubts),
            accepted=self.accepted,
            public_keys=dict(self.public_keys),
        )

    def state(self, facts: Facts) -> None:
        """Note a signed statement, in the place of what was stated or doubted before."""
        for name, values in facts.items():
            self.facts[name] = None if values is None else dict(values)
            self.doubts.pop(name, None)
            table, _, user_id = name.partition(" ")
            if table == "users" and values and "public_key" in values:
                known = self.public_keys.get(user_id, ())
                newest = str(values["public_key"])
                self.public_keys[user_id] = (*(key for key in known if key != newest), newest)

    def differences(
        self,
        present: Facts,
        tables: Iterable[str] | None = None,
        *,
        names: Iterable[str] | None = None,
    ) -> dict[str, str]:
        """Return the rows of the catalog that are not what was stated, each with a sentence.

        Parameters
        ----------
        present : mapping
            The rows as they are.
        tables : iterable of str, optional
            Only these; all when not given.
        names : iterable of str, optional
            Only these rows; all of the tables when not given.
        """
        names = {
            name
            for name in names or {*self.facts, *self.doubts, *present}
            if tables is None or name.split(" ")[0] in set(tables)
        }
        compared = {name: _difference(self.facts.get(name), present.get(name)) for name in names}
        compared |= {name: self.doubts[name].sentence for name in names if name in self.doubts}
        return {name: f"{name} {what}" for name, what in sorted(compared.items()) if what}

    def verify_key(self, who: str) -> bytes:
        """Return what checks a person's signatures now; empty if nothing is known."""
        if who == RECOVERY_USER_ID:
            return _hex((self.facts.get(RECOVERY_VERIFY_KEY) or {}).get("value"))
        return _hex((self.facts.get(f"users {who}") or {}).get("verify_key"))

    def profile(self, who: str) -> str:
        """Return what a person may do; empty for somebody unknown."""
        if who == RECOVERY_USER_ID:
            return Profile.ADMINISTRATOR
        return str((self.facts.get(f"users {who}") or {}).get("profile", ""))


def read_ledger(rows: Iterable[AuditRow], trust: str, verify: Verifier) -> Ledger:
    """Check the signatures of a log, and collect what it states.

    Parameters
    ----------
    rows : iterable of AuditRow
        In order; all, or those from the one that trust rests on which change what is asked for.
    trust : str
        Hash of the row that trust rests on.
    verify : callable
        Checks one signature.
    """
    builder = LedgerBuilder(trust, verify)
    for row in rows:
        builder.add(row)
    return builder.ledger()


class LedgerBuilder:
    """Makes a ledger of the rows of a log, one after another.

    Parameters
    ----------
    trust : str
        Hash of the row that trust rests on; rows before it count for nothing.
    verify : callable
        Checks one signature.
    """

    def __init__(self, trust: str, verify: Verifier) -> None:
        self._trust = trust
        self._verify = verify
        self._is_trusted = False
        self._ledger = Ledger()

    def add(self, row: AuditRow) -> None:
        """Check the signature of the next row, and collect what it states."""
        is_first = not self._is_trusted and hash_row(row) == self._trust
        if is_first:
            self._is_trusted = True
            self._ledger.state(read_facts(row.facts))
        if self._is_trusted:
            _take(self._ledger, row, self._verify, is_first=is_first)

    def ledger(self) -> Ledger:
        """Return what the rows so far state; rows added later do not change it."""
        ledger = self._ledger.copied()
        if not self._is_trusted:
            sentence = "the row on which the trust in this log rests is not in it"
            ledger.findings.append(AuditFinding("unsigned", 0, sentence))
        return ledger

    def copied(self) -> LedgerBuilder:
        """Return another one that knows the same rows."""
        other = LedgerBuilder(self._trust, self._verify)
        other._is_trusted, other._ledger = self._is_trusted, self._ledger.copied()
        return other


def _take(ledger: Ledger, row: AuditRow, verify: Verifier, *, is_first: bool) -> None:
    facts = read_facts(row.facts) if row.facts else {}
    fault = _signature_fault(ledger, row, facts, verify)
    # a row that is not as written is a fault of the chain, which is found elsewhere
    if fault is not None and hash_row(row) == row.hash:
        ledger.doubts |= {name: Doubt(row.seq, values) for name, values in facts.items()}
    elif fault is None and not is_first:
        fault = _authority_fault(ledger, row, facts)
    if fault is not None:
        ledger.findings.append(AuditFinding("unsigned", row.seq, f"row {row.seq} {fault}"))
        return
    if row.action == ACCEPT_BREAK and _states_people(ledger, facts):
        ledger.accepted = AuditHead(row.seq - 1, row.previous_hash)
    ledger.state(facts)


def _states_people(ledger: Ledger, facts: Mapping[str, object]) -> bool:
    """Return whether everybody who was known is stated again, so that no earlier row is needed."""
    return all(name in facts for name in ledger.facts if name.startswith("users "))


def is_unsigned_by_right(row: AuditRow) -> bool:
    """Return whether a row has no signature and needs none.

    Nobody has a key before signing in, or who restores a backup; such rows state nothing.
    """
    is_nobody = row.outcome == "refused" or row.who == UNKNOWN_USER_ID
    return is_nobody and not row.facts and not row.signature


def _signature_fault(
    ledger: Ledger, row: AuditRow, facts: Mapping[str, dict[str, object] | None], verify: Verifier
) -> str | None:
    """Return what is wrong with the signature of a row; None if nothing is."""
    key = ledger.verify_key(row.who) or _introduced(ledger, row, facts)
    if is_unsigned_by_right(row):
        return None
    if not row.signature:
        return "is not signed: it was not written by this program"
    # the stored hash may be another row's, with its signature
    if not key or not verify(key, row.signature, hash_row(row)):
        return f"is not signed by {row.who}, whose name it bears"
    return None


def _introduced(
    ledger: Ledger, row: AuditRow, facts: Mapping[str, dict[str, object] | None]
) -> bytes:
    """Return the key that somebody of an older archive states when first signing."""
    if row.who == RECOVERY_USER_ID:
        return _hex((facts.get(RECOVERY_VERIFY_KEY) or {}).get("value"))
    own = f"users {row.who}"
    is_known = ledger.facts.get(own) is not None
    return _hex((facts.get(own) or {}).get("verify_key")) if is_known else b""


def _authority_fault(
    ledger: Ledger, row: AuditRow, facts: Mapping[str, dict[str, object] | None]
) -> str | None:
    if row.action == ACCEPT_BREAK and not _may(ledger, row):
        return f"accepts a break of the log, which {row.who} may not"
    for name, values in facts.items():
        if _is_own_change(ledger, row, name, values):
            continue
        if not (changes_table(row.action, name.split(" ")[0]) and _may(ledger, row)):
            return f"changes {name}, which {row.who} may not by {row.action.replace('_', ' ')}"
        if values is not None and values != ledger.facts.get(name):
            fault = step_fault(ledger.facts, row, name, values)
            if fault is not None:
                return fault
    return None


def _may(ledger: Ledger, row: AuditRow) -> bool:
    """Return whether the profile of who acts opens an action, and nobody disabled that person."""
    action = Action.MANAGE_SETTINGS if row.action == ACCEPT_BREAK else row.action
    known: list[Mapping[str, object]] = [ledger.facts.get(f"users {row.who}") or {}]
    doubt = ledger.doubts.get(f"users {row.who}")
    if doubt is not None:
        known.append(doubt.values or {"is_disabled": True})
    is_disabled = any(values.get("is_disabled") for values in known)
    is_less = any(
        not is_allowed(str(values["profile"]), action) for values in known if "profile" in values
    )
    return is_allowed(ledger.profile(row.who), action) and not (is_disabled or is_less)


def _is_own_change(
    ledger: Ledger, row: AuditRow, name: str, values: Mapping[str, object] | None
) -> bool:
    before = ledger.facts.get(name)
    if name != f"users {row.who}" or row.action not in _OWN_ACTIONS or not values or not before:
        return False
    changed = {column for column in values if values[column] != before.get(column)}
    return changed <= _OWN_COLUMNS


def _difference(stated: Mapping[str, object] | None, found: Mapping[str, object] | None) -> str:
    if stated is None:
        return "" if found is None else "was put into the catalog without an entry in the log"
    if found is None:
        return "was removed from the catalog without an entry in the log"
    wrong = [
        f"{column} is {_shown(found.get(column))}, the log says {_shown(value)}"
        for column, value in stated.items()
        if column in found and found[column] != value
    ]
    return "was changed without an entry in the log: " + "; ".join(wrong) if wrong else ""


def _shown(value: object) -> str:
    return f"{value}"[:40]


def _hex(value: object) -> bytes:
    try:
        return bytes.fromhex(str(value or ""))
    except ValueError:
        return b""
