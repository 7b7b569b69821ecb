"""Users, and the keys of events that were sealed to them.

The catalog cannot open anything: public keys, wrapped private keys and sealed keys
come and go as bytes.
"""

from __future__ import annotations

from recorder_core.catalog.database.connection import Database
from recorder_core.catalog.database.rows import column_value, fetch, fetch_sound, insert
from recorder_core.catalog.events.events import Events
from recorder_core.catalog.model.codes import Clock
from recorder_core.catalog.model.profiles import Profile
from recorder_core.catalog.model.records import Grant, RecipientKind, SealedKey, User
from recorder_core.errors import NotInCatalog

__all__ = ["Grants", "Users"]


class Users:
    """Who may log in.

    Parameters
    ----------
    database : Database
        Migrated.
    clock : callable
        Gives the wall time.
    """

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def add(
        self,
        user_id: str,
        profile: Profile,
        *,
        public_key: bytes,
        wrapped_private_key: bytes,
        sealed_name: bytes = b"",
        verify_key: bytes = b"",
    ) -> User:
        """Store a new user, and return the row.

        Parameters
        ----------
        user_id : str
            Login; in clear, so better not the person's name.
        profile : Profile
            What the user may do.
        public_key : bytes
            Keys of events are sealed to it.
        wrapped_private_key : bytes
            Under the password, with the parameters of the wrapping.
        sealed_name : bytes, default empty
            The person's name, encrypted.
        verify_key : bytes, default empty
            Checks what the user signs in the audit log.
        """
        user = User(
            user_id=user_id,
            profile=profile,
            public_key=public_key,
            wrapped_private_key=wrapped_private_key,
            sealed_name=sealed_name,
            created_utc=self._clock(),
            verify_key=verify_key,
        )
        with self._database.write() as connection:
            insert(connection, "users", user)
        return user

    def get(self, user_id: str) -> User:
        """Return one user; NotInCatalog if there is none."""
        rows = self._database.read("SELECT * FROM users WHERE user_id = ?", user_id)
        if not rows:
            raise NotInCatalog("there is no such user in the catalog")
        return fetch(User, rows)[0]

    def all(self) -> list[User]:
        """Return every user by id, disabled ones too."""
        return fetch(User, self._database.read("SELECT * FROM users ORDER BY user_id"))

    def sound(self) -> list[User]:
        """Return every user by id but those whose row is damaged, who keep nobody else out."""
        return fetch_sound(User, self._database.read("SELECT * FROM users ORDER BY user_id"))

    def ids(self) -> list[str]:
        """Return the id of every user, of those whose row is damaged, too."""
        return [row[0] for row in self._database.read("SELECT user_id FROM users ORDER BY user_id")]

    def wrapped_private_keys(self) -> list[bytes]:
        """Return every user's private key under the password, whatever else the row says."""
        return [row[0] for row in self._database.read("SELECT wrapped_private_key FROM users")]

    def set_profile(self, user_id: str, profile: Profile) -> User:
        """Change what a user may do; keys already sealed to the user stay until revoked."""
        return self._set(user_id, "profile", profile)

    def set_disabled(self, user_id: str, is_disabled: bool) -> User:
        """Refuse a user's logins, or permit them again."""
        return self._set(user_id, "is_disabled", is_disabled)

    def set_wrapped_private_key(self, user_id: str, new: bytes, *, instead_of: bytes) -> bool:
        """Store the private key under another password or another cost.

        Parameters
        ----------
        user_id : str
            Whose.
        new : bytes
            The private key, wrapped again.
        instead_of : bytes
            What was read before.

        Returns
        -------
        bool
            False if another process has changed it since: nothing was stored then.
        """
        with self._database.write() as connection:
            changed = connection.execute(
                "UPDATE users SET wrapped_private_key = ? "
                "WHERE user_id = ? AND wrapped_private_key = ?",
                (new, user_id, instead_of),
            )
            return bool(changed.rowcount)

    def set_keys(
        self,
        user_id: str,
        *,
        public_key: bytes,
        wrapped_private_key: bytes,
        verify_key: bytes = b"",
    ) -> User:
        """Store another pair of keys for a user: what was sealed to the old one stays closed."""
        with self._database.write():
            self._set(user_id, "public_key", public_key)
            self._set(user_id, "verify_key", verify_key)
            return self._set(user_id, "wrapped_private_key", wrapped_private_key)

    def set_verify_key(self, user_id: str, verify_key: bytes) -> User:
        """Store what checks the signatures of a user who had none before."""
        return self._set(user_id, "verify_key", verify_key)

    def _set(self, user_id: str, column: str, value: object) -> User:
        self.get(user_id)
        with self._database.write() as connection:
            connection.execute(
                f"UPDATE users SET {column} = ? WHERE user_id = ?",  # noqa: S608 - own names
                (column_value(value), user_id),
            )
        return self.get(user_id)


class Grants:
    """Which key of which event was sealed to whom.

    Parameters
    ----------
    database : Database
        Migrated.
    events : Events
        Refuses grants on deleted events.
    clock : callable
        Gives the wall time.
    """

    def __init__(self, database: Database, events: Events, clock: Clock) -> None:
        self._database = database
        self._events = events
        self._clock = clock

    def give(self, key: SealedKey, *, by: str) -> None:
        """Store a sealed key, in place of an earlier one for the same recipient.

        Parameters
        ----------
        key : SealedKey
            Sealed by the archive's keys.
        by : str
            User id of who granted it.
        """
        with self._database.write() as connection:
            self._events.refuse_deleted(key.event_id)
            insert(connection, "sealed_keys", key, replace=True)
            connection.execute(
                "INSERT INTO grants (event_id, key_name, recipient_kind, recipient, granted_by, "
                "granted_utc) VALUES (?, ?, ?, ?, ?, ?)",
                (
                    key.event_id,
                    key.key_name,
                    key.recipient_kind,
                    key.recipient,
                    by,
                    column_value(self._clock()),
                ),
            )

    def take_back(
        self, event_id: str, key_name: str, kind: RecipientKind, recipient: str, *, by: str
    ) -> None:
        """Destroy a sealed key. Who has opened it before may have kept what it opens.

        Raises
        ------
        NotInCatalog
            If this recipient has no such key.
        """
        where = "event_id = ? AND key_name = ? AND recipient_kind = ? AND recipient = ?"
        which = (event_id, key_name, kind, recipient)
        with self._database.write() as connection:
            gone = connection.execute(f"DELETE FROM sealed_keys WHERE {where}", which)  # noqa: S608
            if not gone.rowcount:
                raise NotInCatalog(f"event {event_id} has no key {key_name} for this recipient")
            connection.execute(
                "UPDATE grants SET revoked_by = ?, revoked_utc = ? "  # noqa: S608 - as above
                f"WHERE revoked_by IS NULL AND {where}",
                (by, column_value(self._clock()), *which),
            )

    def key(self, event_id: str, key_name: str, kind: RecipientKind, recipient: str) -> SealedKey:
        """Return the key of an event sealed to one recipient; NotInCatalog if none is."""
        for found in self.keys(event_id, key_name):
            if (found.recipient_kind, found.recipient) == (kind, recipient):
                return found
        raise NotInCatalog(f"event {event_id} has no key {key_name} for this recipient")

    def keys(self, event_id: str, key_name: str | None = None) -> list[SealedKey]:
        """Return the sealed keys of an event, for all recipients."""
        rows = self._database.read(
            "SELECT * FROM sealed_keys WHERE event_id = ?1 AND (?2 IS NULL OR key_name = ?2) "
            "ORDER BY key_name, recipient_kind, recipient",
            event_id,
            key_name,
        )
        return fetch(SealedKey, rows)

    def history(self, event_id: str) -> list[Grant]:
        """Return every grant of an event, revoked ones too, in order."""
        rows = self._database.read(
            "SELECT * FROM grants WHERE event_id = ? ORDER BY grant_id", event_id
        )
        return fetch(Grant, rows)
