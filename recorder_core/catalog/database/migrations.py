"""The tables, as named functions that are applied once, in one transaction.

To change the schema, add a function at the end and to `MIGRATIONS`; never change one
that was released. The names of the applied ones are in the table ``migrations``.
"""

from __future__ import annotations

import sqlite3

from recorder_core.catalog.database.job_tables import keep_job_results
from recorder_core.catalog.database.review_tables import create_sign_offs
from recorder_core.catalog.database.schema import Migration
from recorder_core.catalog.database.view_tables import create_event_views

__all__ = ["MIGRATIONS", "Migration"]


def create_events(connection: sqlite3.Connection) -> None:
    """Events, the steps of their lives, and their sealed records."""
    connection.execute(
        """CREATE TABLE events (
            event_id TEXT PRIMARY KEY,
            site_code TEXT NOT NULL,
            procedure_code TEXT NOT NULL,
            state TEXT NOT NULL,
            started_utc TEXT NOT NULL,
            stopped_utc TEXT,
            duration_seconds REAL,
            clock_step_seconds REAL,
            is_complete INTEGER NOT NULL
        ) STRICT"""
    )
    connection.execute("CREATE INDEX events_by_start ON events (started_utc)")
    connection.execute(
        """CREATE TABLE event_states (
            event_id TEXT NOT NULL REFERENCES events,
            state TEXT NOT NULL,
            changed_utc TEXT NOT NULL,
            changed_by TEXT NOT NULL
        ) STRICT"""
    )
    connection.execute("CREATE INDEX event_states_by_event ON event_states (event_id)")
    connection.execute(
        """CREATE TABLE sealed_records (
            event_id TEXT NOT NULL REFERENCES events,
            record_name TEXT NOT NULL,
            sealed BLOB NOT NULL,
            updated_utc TEXT NOT NULL,
            PRIMARY KEY (event_id, record_name)
        ) STRICT"""
    )


def create_files(connection: sqlite3.Connection) -> None:
    """Encrypted files of events and the pts index of the videos among them."""
    connection.execute(
        """CREATE TABLE files (
            file_id TEXT PRIMARY KEY,
            event_id TEXT NOT NULL REFERENCES events,
            role TEXT NOT NULL,
            size_bytes INTEGER NOT NULL,
            sha256 TEXT NOT NULL,
            segment_count INTEGER NOT NULL,
            created_utc TEXT NOT NULL
        ) STRICT"""
    )
    connection.execute("CREATE INDEX files_by_event ON files (event_id, role)")
    connection.execute(
        """CREATE TABLE pts_indexes (
            file_id TEXT PRIMARY KEY REFERENCES files ON DELETE CASCADE,
            time_base_numerator INTEGER NOT NULL,
            time_base_denominator INTEGER NOT NULL,
            frame_count INTEGER NOT NULL,
            deltas BLOB NOT NULL
        ) STRICT"""
    )


def create_contents(connection: sqlite3.Connection) -> None:
    """Markers, screenshots and signals."""
    connection.execute(
        """CREATE TABLE markers (
            marker_id TEXT PRIMARY KEY,
            event_id TEXT NOT NULL REFERENCES events,
            kind TEXT NOT NULL,
            start_seconds REAL NOT NULL,
            stop_seconds REAL,
            author TEXT NOT NULL,
            created_utc TEXT NOT NULL
        ) STRICT"""
    )
    connection.execute(
        """CREATE TABLE screenshots (
            screenshot_id TEXT PRIMARY KEY,
            event_id TEXT NOT NULL REFERENCES events,
            file_id TEXT NOT NULL REFERENCES files ON DELETE CASCADE,
            frame_index INTEGER NOT NULL,
            pts INTEGER NOT NULL,
            at_seconds REAL NOT NULL,
            author TEXT NOT NULL,
            created_utc TEXT NOT NULL
        ) STRICT"""
    )
    connection.execute(
        """CREATE TABLE signals (
            signal_id TEXT PRIMARY KEY,
            event_id TEXT NOT NULL REFERENCES events,
            file_id TEXT NOT NULL REFERENCES files ON DELETE CASCADE,
            name TEXT NOT NULL,
            unit TEXT NOT NULL,
            rate_hz REAL,
            sample_count INTEGER NOT NULL,
            start_seconds REAL NOT NULL,
            stop_seconds REAL NOT NULL,
            gap_count INTEGER NOT NULL,
            gap_seconds REAL NOT NULL
        ) STRICT"""
    )
    for table in ("markers", "screenshots", "signals"):
        connection.execute(f"CREATE INDEX {table}_by_event ON {table} (event_id)")


def create_reviews(connection: sqlite3.Connection) -> None:
    """Make room for detections, corrections and sign-off."""
    connection.execute(
        """CREATE TABLE detections_summaries (
            summary_id TEXT PRIMARY KEY,
            event_id TEXT NOT NULL REFERENCES events,
            detector TEXT NOT NULL,
            weights_sha256 TEXT NOT NULL,
            method TEXT NOT NULL,
            frames_checked INTEGER NOT NULL,
            box_count INTEGER NOT NULL,
            track_count INTEGER NOT NULL,
            repaired_box_count INTEGER NOT NULL,
            longest_repaired_gap_frames INTEGER NOT NULL,
            created_utc TEXT NOT NULL
        ) STRICT"""
    )
    connection.execute(
        """CREATE TABLE corrections (
            correction_id INTEGER PRIMARY KEY AUTOINCREMENT,
            event_id TEXT NOT NULL REFERENCES events,
            action TEXT NOT NULL CHECK (action IN ('add', 'remove')),
            track INTEGER NOT NULL,
            keyframes TEXT NOT NULL,
            author TEXT NOT NULL,
            created_utc TEXT NOT NULL,
            undoes INTEGER UNIQUE REFERENCES corrections
        ) STRICT"""
    )
    connection.execute("CREATE INDEX corrections_by_event ON corrections (event_id)")
    connection.execute(
        """CREATE TABLE reviews (
            event_id TEXT PRIMARY KEY REFERENCES events,
            reviewer TEXT NOT NULL,
            position_frame INTEGER NOT NULL,
            frames_seen INTEGER NOT NULL,
            updated_utc TEXT NOT NULL,
            signed_off_by TEXT,
            signed_off_utc TEXT
        ) STRICT"""
    )
    _forbid_changes(connection, "corrections", "a correction is never changed, only undone")


def create_people(connection: sqlite3.Connection) -> None:
    """Users, profiles, and the keys that were sealed to them."""
    _create_profiles(connection)
    connection.execute(
        """CREATE TABLE users (
            user_id TEXT PRIMARY KEY,
            profile TEXT NOT NULL REFERENCES profiles,
            public_key BLOB NOT NULL,
            wrapped_private_key BLOB NOT NULL,
            sealed_name BLOB NOT NULL,
            is_disabled INTEGER NOT NULL,
            created_utc TEXT NOT NULL,
            failed_logins INTEGER NOT NULL,
            last_failed_utc TEXT
        ) STRICT"""
    )
    connection.execute(
        """CREATE TABLE sealed_keys (
            event_id TEXT NOT NULL REFERENCES events,
            key_name TEXT NOT NULL,
            recipient_kind TEXT NOT NULL,
            recipient TEXT NOT NULL,
            sealed BLOB NOT NULL,
            PRIMARY KEY (event_id, key_name, recipient_kind, recipient)
        ) STRICT"""
    )
    connection.execute(
        """CREATE TABLE grants (
            grant_id INTEGER PRIMARY KEY AUTOINCREMENT,
            event_id TEXT NOT NULL REFERENCES events,
            key_name TEXT NOT NULL,
            recipient_kind TEXT NOT NULL CHECK (recipient_kind IN ('user', 'profile', 'recovery')),
            recipient TEXT NOT NULL,
            granted_by TEXT NOT NULL,
            granted_utc TEXT NOT NULL,
            revoked_by TEXT,
            revoked_utc TEXT
        ) STRICT"""
    )
    connection.execute("CREATE INDEX grants_by_event ON grants (event_id)")


def _create_profiles(connection: sqlite3.Connection) -> None:
    connection.execute("CREATE TABLE profiles (profile TEXT PRIMARY KEY) STRICT")
    connection.executemany(
        "INSERT INTO profiles VALUES (?)",
        [("operator",), ("reviewer",), ("researcher",), ("engineer",), ("administrator",)],
    )


def create_jobs(connection: sqlite3.Connection) -> None:
    """Background work and retention rules."""
    connection.execute(
        """CREATE TABLE jobs (
            job_id TEXT PRIMARY KEY,
            kind TEXT NOT NULL,
            event_id TEXT REFERENCES events,
            state TEXT NOT NULL
                CHECK (state IN ('queued', 'running', 'done', 'failed', 'cancelled')),
            progress REAL NOT NULL,
            worker TEXT,
            error_class TEXT,
            created_by TEXT NOT NULL,
            created_utc TEXT NOT NULL,
            heartbeat_utc TEXT,
            finished_utc TEXT
        ) STRICT"""
    )
    connection.execute("CREATE INDEX jobs_by_state ON jobs (state, created_utc)")
    connection.execute(
        """CREATE TABLE retention_rules (
            site_code TEXT PRIMARY KEY,
            minimum_days INTEGER NOT NULL,
            warn_after_days INTEGER,
            deletes_itself INTEGER NOT NULL
        ) STRICT"""
    )


def create_audit(connection: sqlite3.Connection) -> None:
    """Audit rows, each with the hash of the row before it."""
    connection.execute(
        """CREATE TABLE audit (
            seq INTEGER PRIMARY KEY,
            at_utc TEXT NOT NULL,
            who TEXT NOT NULL,
            profile TEXT NOT NULL,
            action TEXT NOT NULL,
            event_id TEXT,
            origin TEXT NOT NULL,
            outcome TEXT NOT NULL,
            detail TEXT NOT NULL,
            previous_hash TEXT NOT NULL,
            hash TEXT NOT NULL
        ) STRICT"""
    )
    connection.execute("CREATE INDEX audit_by_event ON audit (event_id)")
    _forbid_changes(connection, "audit", "an audit row is never changed")


def create_devices(connection: sqlite3.Connection) -> None:
    """Which devices recorded an event, and what became of their frames."""
    connection.execute(
        """CREATE TABLE devices (
            device_id TEXT PRIMARY KEY,
            event_id TEXT NOT NULL REFERENCES events,
            kind TEXT NOT NULL,
            model TEXT,
            frames_recorded INTEGER,
            frames_dropped INTEGER,
            frames_repeated INTEGER,
            author TEXT NOT NULL,
            created_utc TEXT NOT NULL
        ) STRICT"""
    )
    connection.execute("CREATE INDEX devices_by_event ON devices (event_id)")


def mark_open_files(connection: sqlite3.Connection) -> None:
    """Files that are still being recorded: from the first byte on the catalog knows of them."""
    connection.execute("ALTER TABLE files ADD COLUMN is_complete INTEGER NOT NULL DEFAULT 1")


def drop_login_counts(connection: sqlite3.Connection) -> None:
    """Forget what another file counts: attempts to sign in, before the catalog is written."""
    for column in ("failed_logins", "last_failed_utc"):
        connection.execute(f"ALTER TABLE users DROP COLUMN {column}")


def sign_statements(connection: sqlite3.Connection) -> None:
    """Add to signed audit rows what was changed; settings and readers stand in the catalog."""
    for table, column in (
        ("audit", "facts TEXT NOT NULL DEFAULT ''"),
        ("audit", "signature TEXT NOT NULL DEFAULT ''"),
        ("users", "verify_key BLOB NOT NULL DEFAULT x''"),
        ("files", "readers TEXT NOT NULL DEFAULT ''"),
    ):
        connection.execute(f"ALTER TABLE {table} ADD COLUMN {column}")
    connection.execute("CREATE TABLE settings (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT")


def follow_jobs(connection: sqlite3.Connection) -> None:
    """Add what a job has that waits in its own process, can be stopped, or is left behind."""
    connection.execute("ALTER TABLE jobs RENAME TO earlier_jobs")
    connection.execute("DROP INDEX jobs_by_state")
    connection.execute(
        """CREATE TABLE jobs (
            job_id TEXT PRIMARY KEY,
            kind TEXT NOT NULL,
            event_id TEXT REFERENCES events,
            state TEXT NOT NULL CHECK (
                state IN ('queued', 'running', 'done', 'failed', 'cancelled', 'interrupted')
            ),
            progress REAL NOT NULL,
            worker TEXT,
            error_class TEXT,
            settings TEXT NOT NULL DEFAULT '{}',
            created_by TEXT NOT NULL,
            created_utc TEXT NOT NULL,
            started_utc TEXT,
            heartbeat_utc TEXT,
            finished_utc TEXT,
            stopped_by TEXT
        ) STRICT"""
    )
    kept = (
        "job_id, kind, event_id, state, progress, worker, error_class, created_by, created_utc, "
        "heartbeat_utc, finished_utc"
    )
    # names of columns, from here
    connection.execute(f"INSERT INTO jobs ({kept}) SELECT {kept} FROM earlier_jobs")  # noqa: S608
    connection.execute("DROP TABLE earlier_jobs")
    connection.execute("CREATE INDEX jobs_by_state ON jobs (state, created_utc)")


def create_moments(connection: sqlite3.Connection) -> None:
    """Queues of suspicious moments of copies, and who decided what about which."""
    connection.execute(
        """CREATE TABLE moment_queues (
            event_id TEXT PRIMARY KEY REFERENCES events,
            copy_id TEXT NOT NULL,
            moments TEXT NOT NULL,
            made_by TEXT NOT NULL,
            made_utc TEXT NOT NULL
        ) STRICT"""
    )
    connection.execute(
        """CREATE TABLE moment_decisions (
            decision_id INTEGER PRIMARY KEY AUTOINCREMENT,
            event_id TEXT NOT NULL REFERENCES events,
            copy_id TEXT NOT NULL,
            moment_id TEXT NOT NULL,
            verdict TEXT NOT NULL
                CHECK (verdict IN ('accepted', 'corrected', 'flagged', 'open')),
            author TEXT NOT NULL,
            decided_utc TEXT NOT NULL
        ) STRICT"""
    )
    connection.execute("CREATE INDEX moment_decisions_by_event ON moment_decisions (event_id)")
    _forbid_changes(connection, "moment_decisions", "a decision is never changed, only followed")


def _forbid_changes(connection: sqlite3.Connection, table: str, sentence: str) -> None:
    """Guard against mistakes; against intent there is the hash chain."""
    for verb in ("UPDATE", "DELETE"):
        connection.execute(
            f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} "
            f"BEGIN SELECT RAISE(ABORT, '{sentence}'); END"
        )


#: in order; the schema version is their number
MIGRATIONS: tuple[Migration, ...] = (
    create_events,
    create_files,
    create_contents,
    create_reviews,
    create_people,
    create_jobs,
    create_audit,
    create_devices,
    mark_open_files,
    drop_login_counts,
    sign_statements,
    follow_jobs,
    create_moments,
    create_event_views,
    create_sign_offs,
    keep_job_results,
)
