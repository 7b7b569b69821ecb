"""Damage the catalog of an archive, or a whole root, and look at the archive as people do.

An archive and its mirror lie on the small file systems of :mod:`fault_disks`. In it are an import
and a recording of minutes, names, a marker, a rule and a grant. A trial damages one thing: bits
or bytes of the catalog, of its write-ahead log or of the mirror's copy, or a root that is lost,
full, read-only or replaced by an older copy; while the archive is closed, after its last user was
killed, or at a random moment while others record, sign in, mark and grant. Then a reviewer lists
and plays everything, an administrator looks at the status, repairs and verifies, and follows what
is advised. Every row of the catalog that was there before must be there on both roots, with the
same values, and every video must play, byte for byte; so must what was recorded meanwhile, of
which the catalog may have lost the end when it was damaged as a whole. What was recorded while
the log was wrong is sealed to the recovery key alone: the administrator gives it with the
recovery words, as is advised, and it is counted.
"""

from __future__ import annotations

import hashlib
import os
import random
import shutil
import sqlite3
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Final

from fault_disks import ROOTS, SECRET, Site, record
from killing import FaultError, Say, fork, kill_workers
from recorded_videos import is_recording

from recorder_core.archive import DelaySettings, Password
from recorder_core.catalog import EventState, Profile, RetentionRule
from recorder_core.errors import AuditError, CatalogError, NoKeyMatches, RecorderError
from recorder_core.jobs.archive import (
    Archive,
    ArchivedEvent,
    Credentials,
    EventNames,
    ImportRequest,
    accept_audit_break,
    add_user,
    adopt_event,
    archive_status,
    check_copies,
    grant,
    import_video,
    mark_event,
    open_archive,
    repair_copies,
    set_retention_rule,
    verify_audit,
)

__all__ = ["SITUATIONS", "DamageCounts", "Trials"]

#: file of a root -> how it is damaged
FLIPS: Final = ("bit", "byte", "sector")
SECTOR_BYTES: Final = 512
DISK_FAULTS: Final = ("full", "read-only")
#: "catalog.db-wal" is there after a kill and while somebody works only
SITUATIONS: Final = (
    ("archive", "nothing", "closed"),
    *(("archive", f"{flip} of catalog.db", "closed") for flip in FLIPS),
    *(("mirror", f"{flip} of catalog.db", "closed") for flip in FLIPS),
    *(("archive", f"{flip} of catalog.db-wal", "killed") for flip in FLIPS),
    *(("archive", f"{flip} of catalog.db", "killed") for flip in FLIPS),
    *(("archive", f"{flip} of catalog.db", "in use") for flip in FLIPS),
    *(("archive", f"{flip} of catalog.db-wal", "in use") for flip in FLIPS),
    *(("mirror", f"{flip} of catalog.db", "in use") for flip in FLIPS),
    *(
        (root, fault, moment)
        for fault in ("lost", "older copy", *DISK_FAULTS)
        for root in ROOTS
        for moment in ("closed", "in use")
    ),
)
NAMES: Final = EventNames(patient_name="Zephyrina Quellmarker")
#: a worker that records, marks and grants is at it for so long
WORK_SECONDS: Final = 2.0
#: these rows come and go
_PASSING: Final = ("jobs", "sqlite_sequence")

Rows = dict[tuple[str, object], tuple[Any, ...]]


@dataclass
class DamageCounts:
    """What became of the archive in all trials together."""

    trials: int = 0
    #: "root: damage, moment" -> what became of it -> how often
    outcomes: dict[str, dict[str, int]] = field(default_factory=dict)
    #: recordings that are whole, but of whose end only the log knows: they are finalised
    to_be_finalised: int = 0
    #: recordings made while the log was wrong, which the recovery words opened
    given_with_recovery_words: int = 0
    lost: int = 0
    unnoticed: int = 0
    tracebacks: int = 0
    seconds: float = 0.0
    #: each of the above in words
    wrong: list[str] = field(default_factory=list)


@dataclass
class Visit:
    """What the people who look at a damaged archive meet."""

    #: messages, notices, faults and findings
    said: list[str] = field(default_factory=list)
    tracebacks: list[str] = field(default_factory=list)

    @contextmanager
    def met(self) -> Iterator[None]:
        """Note what is raised inside."""
        try:
            yield
        except (RecorderError, OSError) as error:
            self.said.append(f"{type(error).__name__}: {error}")
        except Exception:
            self.tracebacks.append(traceback.format_exc().replace("\n", " | "))


class Trials:
    """An archive that is damaged again and again, from the same state.

    Parameters
    ----------
    site : Site
        Where it lies; its disks are mounted.
    folder : Path
        For the states from which trials begin.
    chance : Random
        Decides what is damaged, and when.
    """

    def __init__(self, site: Site, folder: Path, chance: random.Random) -> None:
        self._site, self._folder, self._chance = site, folder, chance
        self.counts = DamageCounts()
        self._make_states()

    def run(self, number: int) -> None:
        """Run one trial, of each situation in turn."""
        root, damage, moment = SITUATIONS[number % len(SITUATIONS)]
        self._restore("killed" if moment == "killed" else "closed")
        said: list[str] = []
        if moment == "in use":
            said = self._work(partial(self._damage, root, damage))
        else:
            self._damage(root, damage)
        visit = Visit()
        left = [other for other in ROOTS if damage != "lost" or other != root]
        self._visit(visit, left[0])
        if damage in DISK_FAULTS:
            self._site.disks.heal()
            self._visit(visit, left[0])
        self._judge(f"{root}: {damage}, {moment}", visit, said, left)

    # -- states -------------------------------------------------------------------------

    def _make_states(self) -> None:
        """Make the archive; keep it older, closed, and as a kill leaves it."""
        self._words = self._site.make()
        with self._opened("olga") as olga:
            request = ImportRequest(source=self._site.video, procedure_code="demo", names=NAMES)
            event_id = import_video(olga, request).event.event_id
        self._keep("older")
        record(self._site, "", lambda _: None)
        with self._opened("adam") as adam:
            add_user(adam, "rick", Profile.REVIEWER, Password(SECRET))
            set_retention_rule(adam, RetentionRule(site_code="site1", minimum_days=7300))
        with self._opened("rita") as rita:
            mark_event(rita, event_id, "clip", start_seconds=5.0)
            for event in rita.events():
                grant(rita, event.event_id, "rick")
            found = [event.event_id for event in rita.events()]
            self._videos = {event_id: _digest(rita, event_id) for event_id in found}
        self._keep("closed")
        self._rows = {"closed": _rows(self._site.disks.path("archive"))}
        kill_workers([partial(self._mark_and_wait, event_id)], random.Random(1), 0.0)  # noqa: S311
        self._keep("killed")
        self._event_id = event_id
        self._restore("killed")
        self._rows["killed"] = _rows(self._site.disks.path("archive"))

    def _mark_and_wait(self, event_id: str, say: Say) -> None:
        """Write, have the mirror follow, and be killed with the write-ahead log there."""
        with self._opened("rita") as rita:
            for second in range(4):
                mark_event(rita, event_id, "clip", start_seconds=float(second))
            rita._session.replicator.copy()
            say("stored")
            time.sleep(60)

    def _keep(self, state: str) -> None:
        for root in ROOTS:
            shutil.copytree(self._site.disks.path(root), self._folder / state / root)

    def _restore(self, state: str) -> None:
        for root in ROOTS:
            shutil.rmtree(self._site.disks.path(root), ignore_errors=True)
            shutil.copytree(self._folder / state / root, self._site.disks.path(root))
        self._state = state

    # -- damage -------------------------------------------------------------------------

    def _damage(self, root: str, damage: str) -> None:
        path = self._site.disks.path(root)
        if damage == "lost":
            path.rename(path.with_name("lost"))
            shutil.rmtree(path.with_name("lost"))
        elif damage == "older copy":
            path.rename(path.with_name("newer"))
            shutil.copytree(self._folder / "older" / root, path)
            shutil.rmtree(path.with_name("newer"))
        elif damage in DISK_FAULTS:
            self._site.disks.fail(root, damage)
        elif damage != "nothing":
            flip, _, name = damage.partition(" of ")
            with suppress(FileNotFoundError):
                self._flip(path / name, flip)

    def _flip(self, path: Path, flip: str) -> None:
        with path.open("r+b") as file:
            content = file.read()
            used = [place for place, byte in enumerate(content) if byte]
            if not used:
                return
            # most of a page is empty: damage there would show nothing
            place = self._chance.choice(used)
            length = SECTOR_BYTES if flip == "sector" else 1
            file.seek(place)
            old = file.read(length)
            file.seek(place)
            if flip == "bit":
                file.write(bytes([old[0] ^ 1 << self._chance.randrange(8)]))
            elif flip == "byte":
                file.write(bytes([old[0] ^ self._chance.randrange(1, 256)]))
            else:
                file.write(bytes(len(old)))

    def _work(self, damage: Callable[[], None]) -> list[str]:
        """Run people's work, damage something at a random moment; return what they were told."""
        reading, writing = os.pipe()
        child = fork()
        if not child:
            os.close(reading)
            self._be_at_work(partial(_say, writing))
        os.close(writing)
        time.sleep(self._chance.uniform(0.0, WORK_SECONDS))
        damage()
        with os.fdopen(reading, "rb") as pipe:
            lines = pipe.read().decode("utf-8", "replace").splitlines()
        os.waitpid(child, 0)
        return lines

    def _be_at_work(self, say: Say) -> None:
        """Sign in, record, mark, give and take back, in a process of its own."""
        try:
            with self._opened("rita") as rita:
                for second in range(3):
                    event = rita.event(self._event_id)
                    mark_event(rita, event.event_id, "clip", start_seconds=float(second))
                    record(self._site, "", say)
        except (RecorderError, OSError) as error:
            say(f"error {type(error).__name__}: {error}".replace("\n", " "))
        except BaseException:
            say("traceback " + traceback.format_exc().replace("\n", " | "))
        finally:
            os._exit(0)

    # -- people -------------------------------------------------------------------------

    @contextmanager
    def _opened(
        self, user: str, root: str = "archive", *, read_all: bool = False
    ) -> Iterator[Archive]:
        delays = DelaySettings(free_attempts=10**6)
        who = Credentials(user, Password(SECRET))
        path = self._site.disks.path(root)
        with open_archive(path, who, delays=delays, check_catalog=read_all) as archive:
            yield archive

    def _visit(self, visit: Visit, root: str) -> None:
        """Open an archive as a reviewer and as an administrator, and follow the advice."""
        with visit.met(), self._opened("rita", root) as rita:
            visit.said += rita.notices
            for event in rita.events():
                with visit.met():
                    _digest(rita, event.event_id)
        visit.said += self._administer(visit, root)

    def _administer(self, visit: Visit, root: str) -> list[str]:
        said: list[str] = []
        for attempt in range(2):
            try:
                with self._opened("adam", root, read_all=True) as adam:
                    said += [*adam.notices, *_faults(adam)]
                    _repair(adam, said)
                    said += _faults(adam)
            except (AuditError, CatalogError) as error:
                said.append(f"{type(error).__name__}: {error}")
                if attempt or "accept" not in str(error):
                    break
                with visit.met():
                    who = Credentials("adam", Password(SECRET))
                    accept_audit_break(self._site.disks.path(root), who)
            except (RecorderError, OSError) as error:
                said.append(f"{type(error).__name__}: {error}")
                break
            except Exception:
                visit.tracebacks.append(traceback.format_exc().replace("\n", " | "))
                break
            else:
                break
        return said

    # -- judging ------------------------------------------------------------------------

    def _judge(self, name: str, visit: Visit, worked: list[str], left: list[str]) -> None:
        said = [sentence for sentence in visit.said if "GiB left" not in sentence]
        said += [line for line in worked if line.startswith("error")]
        broken = visit.tracebacks + [line for line in worked if line.startswith("traceback")]
        if "nothing" in name and said:
            raise FaultError(f"an archive without damage is said to have some: {said}")
        missing = [*self._missing_rows(left), *self._missing_videos(left[0], worked)]
        outcome = "put right" if said else "no harm"
        if missing:
            outcome = "lost" if said else "unnoticed"
            words = "; ".join(missing[:3])
            self.counts.wrong.append(f"{name}: {outcome}: {words} (said: {said[:4]})")
        self.counts.wrong += [f"{name}: {text}" for text in broken]
        self.counts.tracebacks += bool(broken)
        self.counts.lost += outcome == "lost"
        self.counts.unnoticed += outcome == "unnoticed"
        self.counts.trials += 1
        outcomes = self.counts.outcomes.setdefault(name, {})
        outcomes[outcome] = outcomes.get(outcome, 0) + 1

    def _missing_rows(self, left: list[str]) -> Iterator[str]:
        for root in left:
            try:
                found = _rows(self._site.disks.path(root))
            except (sqlite3.Error, UnicodeDecodeError, OSError) as error:
                yield f"the catalog of the {root} cannot be read: {error}"
                continue
            for key, row in self._rows[self._state].items():
                if found.get(key) != row:
                    yield f"{root} {key} is {_short(found.get(key))}, was {_short(row)}"

    def _missing_videos(self, root: str, worked: list[str]) -> Iterator[str]:
        done = {line.split(" ")[1] for line in worked if line.startswith("recorded ")}
        try:
            with self._opened("rita", root) as rita:
                for event_id, digest in self._videos.items():
                    if _digest(rita, event_id) != digest:
                        yield f"the video of {event_id} is another"
                for event_id in done:
                    event = self._given(rita, event_id)
                    # the damage may have taken the note of its end, and then it is finalised
                    is_cut = event.row.state is EventState.RECORDING
                    self.counts.to_be_finalised += is_cut
                    with event.video(incomplete=is_cut) as file:
                        whole = self._site.fragments
                        if not is_recording(file.read(), whole, len(whole)):
                            yield f"what was recorded as {event_id} is another"
        except (RecorderError, OSError) as error:
            yield f"{type(error).__name__}: {error}"

    def _given(self, rita: Archive, event_id: str) -> ArchivedEvent:
        """Return an event that its reviewer can read; where needed, the words give it first."""
        event = rita.event(event_id)
        try:
            event.video(incomplete=True).close()
        except NoKeyMatches:
            path = self._site.disks.path("archive")
            who = Credentials("adam", Password(SECRET), self._words)
            with open_archive(path, who) as adam:
                grant(adam, event_id, "rita")
            self.counts.given_with_recovery_words += 1
        return event


def _say(writing: int, line: str) -> None:
    os.write(writing, f"{line}\n".encode())


def _repair(adam: Archive, said: list[str]) -> None:
    """Repair, and take in what the catalog does not know any more."""
    for finding in repair_copies(adam).findings:
        said.append(finding.sentence)
        if "event adopt" in finding.sentence:
            adopt_event(adam, finding.what)


def _faults(adam: Archive) -> list[str]:
    faults = [fault for fault in archive_status(adam).faults if "GiB left" not in fault]
    faults += [finding.sentence for finding in verify_audit(adam).findings]
    return faults + [finding.sentence for finding in check_copies(adam).findings]


def _digest(archive: Archive, event_id: str) -> str:
    """Return the SHA-256 of an event's video and names, as a reader sees them."""
    event = archive.event(event_id)
    with event.video() as file:
        digest = hashlib.sha256(file.read())
    try:
        digest.update((event.names().patient_name or "").encode())
    except RecorderError as error:
        digest.update(type(error).__name__.encode())
    return digest.hexdigest()


def _rows(root: Path) -> Rows:
    """Read every row of a catalog, by its table and number, with nothing of the program."""
    rows: Rows = {}
    with closing(sqlite3.connect(root / "catalog.db")) as connection:
        connection.text_factory = partial(str, encoding="utf-8", errors="backslashreplace")
        tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        for (table,) in tables.fetchall():
            if table not in _PASSING:
                found = connection.execute(f"SELECT rowid, * FROM {table}")  # noqa: S608
                rows |= {(table, row[0]): row[1:] for row in found}
    return rows


def _short(row: tuple[Any, ...] | None) -> str:
    return "gone" if row is None else str(row)[:120]
