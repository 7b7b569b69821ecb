from __future__ import annotations

import json
import multiprocessing
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from recorder_core.catalog import (
    IDENTITY,
    Action,
    Actor,
    Catalog,
    Event,
    EventState,
    Profile,
    SealedKey,
)
from recorder_core.catalog.model.codes import utc_now
from recorder_core.errors import (
    AuditError,
    CatalogError,
    NotAllowed,
    NotInCatalog,
    WrongState,
)

ROOT = Path(__file__).resolve().parents[3]
OPERATOR = Actor("operator1", Profile.OPERATOR)


def everything_in(folder: Path) -> bytes:
    return b"".join(file.read_bytes() for file in folder.iterdir())


def give_key(catalog: Catalog, event_id: str, recipient: str, sealed: bytes) -> None:
    key = SealedKey(
        event_id=event_id,
        key_name="original",
        recipient_kind="user",
        recipient=recipient,
        sealed=sealed,
    )
    catalog.grants.give(key, by="operator1")


def test_create_and_open(path: Path, clock: Any) -> None:
    with Catalog.create(path, clock=clock) as catalog:
        assert catalog.applied_migrations
        assert catalog.events.find() == []
    assert path.stat().st_mode & 0o077 == 0
    with Catalog(path) as catalog:
        assert catalog.applied_migrations == ()
    with pytest.raises(CatalogError, match="there is already a catalog at"):
        Catalog.create(path)


def test_a_catalog_that_disappeared_is_not_replaced_in_silence(path: Path) -> None:
    with Catalog.create(path) as catalog:
        catalog.audit.append(OPERATOR, Action.RECORD)
    path.unlink()
    with pytest.raises(CatalogError, match="there is no catalog at"):
        Catalog(path)
    with pytest.raises(AuditError, match="remembers 1 rows of a catalog that is gone"):
        Catalog.create(path)


def test_a_creation_that_was_cut_off_goes_on(path: Path) -> None:
    with Catalog.create(path):
        pass
    path.write_bytes(b"")
    with Catalog(path) as catalog:
        catalog.audit.append(OPERATOR, Action.RECORD)
        assert catalog.audit.verify().is_sound


def test_deletion_leaves_no_key_and_no_name(
    catalog: Catalog, event: Event, administrator: Actor
) -> None:
    rng = np.random.default_rng(1)
    secrets = [rng.bytes(400) for _ in range(40)]
    other = catalog.events.begin(
        site_code="site1", procedure_code="p", started_utc=utc_now(), by="operator1"
    )
    for number, secret in enumerate(secrets):
        # keys of two events side by side, rewritten, so that pages split and merge
        give_key(catalog, event.event_id, f"user{number}", secret)
        give_key(catalog, other.event_id, f"user{number}", rng.bytes(400))
        catalog.events.put_sealed(event.event_id, f"marker:{number}", secret[::-1])
    catalog.events.put_sealed(event.event_id, IDENTITY, b"sealed name" * 500)
    assert secrets[0] in everything_in(catalog.path.parent)
    assert catalog.delete_event(administrator, event.event_id, "consent_withdrawn")

    left = everything_in(catalog.path.parent)
    for secret in secrets:
        assert secret[:16] not in left
        assert secret[::-1][:16] not in left
    assert b"sealed name" not in left
    assert catalog.events.get(event.event_id).state is EventState.DELETED
    assert catalog.grants.keys(event.event_id) == []
    assert len(catalog.grants.keys(other.event_id)) == 40
    with pytest.raises(NotInCatalog):
        catalog.events.get_sealed(event.event_id)
    begun, done = catalog.audit.rows(event_id=event.event_id)
    assert (begun.who, begun.action, begun.detail) == (
        "admin1", "delete_event", "reason:consent_withdrawn",
    )  # fmt: skip
    assert done.outcome == "done"
    catalog.check()


def test_deletion_while_another_process_reads(
    catalog: Catalog, event: Event, administrator: Actor
) -> None:
    give_key(catalog, event.event_id, "user1", b"S" * 300)
    with Catalog(catalog.path, busy_timeout_seconds=0.1) as other:
        reading = other._database._connection
        reading.execute("BEGIN")
        reading.execute("SELECT count(*) FROM events").fetchone()
        catalog.close()
        with Catalog(catalog.path, busy_timeout_seconds=0.1) as again:
            assert not again.delete_event(administrator, event.event_id, "duplicate")
            reading.execute("ROLLBACK")
            assert again.empty_journal()
            assert b"S" * 300 not in everything_in(catalog.path.parent)


def test_who_may_not_delete_and_what_cannot_be_deleted(
    catalog: Catalog, event: Event, reviewer: Actor, administrator: Actor
) -> None:
    with pytest.raises(NotAllowed):
        catalog.delete_event(reviewer, event.event_id, "duplicate")
    with pytest.raises(CatalogError, match="needs one of the reasons"):
        catalog.delete_event(administrator, event.event_id, "Maria Silva asked")  # type: ignore[arg-type]
    recording = catalog.events.begin(
        site_code="s", procedure_code="p", started_utc=utc_now(), by="operator1"
    )
    with pytest.raises(WrongState, match="is recording, so it cannot become deleted"):
        catalog.delete_event(administrator, recording.event_id, "duplicate")
    catalog.delete_event(administrator, event.event_id, "duplicate")
    with pytest.raises(WrongState):
        catalog.delete_event(administrator, event.event_id, "duplicate")
    outcomes = [row.outcome for row in catalog.audit.rows()]
    assert outcomes == ["refused", "begun", "failed", "begun", "done", "begun", "failed"]


def test_nothing_is_deleted_for_its_age_while_the_clock_is_behind(
    catalog: Catalog, event: Event, administrator: Actor, clock: Any
) -> None:
    catalog.audit.append(OPERATOR, Action.RECORD)
    clock.now -= timedelta(days=1)
    for _ in range(2):
        with pytest.raises(CatalogError, match=r"the clock of this computer is \d+ s behind"):
            catalog.delete_event(administrator, event.event_id, "retention")
    assert catalog.events.get(event.event_id).state is EventState.RECORDED
    assert catalog.delete_event(administrator, event.event_id, "consent_withdrawn")


def test_a_failed_deletion_destroys_nothing(
    catalog: Catalog, event: Event, administrator: Actor
) -> None:
    give_key(catalog, event.event_id, "user1", b"key")
    catalog.path.with_name("audit-head.json").unlink()
    with pytest.raises(AuditError):
        catalog.delete_event(administrator, event.event_id, "duplicate")
    assert len(catalog.grants.keys(event.event_id)) == 1


def test_a_transaction_joins_several_steps(catalog: Catalog, event: Event) -> None:
    def archive_and_fail() -> None:
        with catalog.transaction():
            catalog.events.move(event.event_id, EventState.ARCHIVED, by="admin1")
            give_key(catalog, event.event_id, "user1", b"key")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        archive_and_fail()
    assert catalog.events.get(event.event_id) == event
    assert catalog.grants.keys(event.event_id) == []


def _write_many(path: Path, name: str, count: int) -> None:
    with Catalog(path) as catalog:
        for number in range(count):
            event = catalog.events.begin(
                site_code="s", procedure_code="p", started_utc=utc_now(), by=name
            )
            with catalog.audited(Actor(name, Profile.OPERATOR), Action.MARK, event.event_id):
                catalog.contents.add_marker(
                    event.event_id, "clip", start_seconds=number, author=name
                )


def test_the_rows_of_one_event_are_described_alone(catalog: Catalog, event: Event) -> None:
    other = catalog.events.begin(
        site_code="site1", procedure_code="lap-chole", started_utc=utc_now(), by="operator1"
    )
    of_event = f"event_states {event.event_id}"
    found = catalog.present([of_event])
    assert [row["state"] for row in found.values() if row] == ["recording", "recorded"]
    every = catalog.present(["event_states"])
    assert found == {name: row for name, row in every.items() if name.startswith(f"{of_event} ")}
    assert f"event_states {other.event_id}" in {name.rpartition(" ")[0] for name in every}
    assert catalog.present([of_event[:-1]]) == {}


def test_two_processes_write_at_once(path: Path) -> None:
    with Catalog.create(path):
        pass
    context = multiprocessing.get_context("spawn")
    names = ("recorder", "server")
    processes = [context.Process(target=_write_many, args=(path, name, 25)) for name in names]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0, 0]
    with Catalog(path) as catalog:
        catalog.check()
        assert len(catalog.events.find()) == 50
        assert all(
            len(catalog.contents.markers(event.event_id)) == 1 for event in catalog.events.find()
        )
        report = catalog.audit.verify()
        assert (report.is_sound, report.row_count, report.remarks) == (True, 100, ())
        assert {row.who for row in catalog.audit.rows()} == set(names)


def test_two_processes_open_an_empty_catalog_at_once(path: Path) -> None:
    with Catalog.create(path):
        pass
    path.write_bytes(b"")
    code = (
        "import sys, pathlib; from recorder_core.catalog import Catalog; "
        "Catalog(pathlib.Path(sys.argv[1])).close()"
    )
    command = [sys.executable, "-c", code, str(path)]
    running = [subprocess.Popen(command, cwd=ROOT) for _ in range(3)]
    assert [process.wait() for process in running] == [0, 0, 0]
    with Catalog(path) as catalog:
        catalog.check()


@pytest.mark.slow
def test_kills_lose_nothing(tmp_path: Path) -> None:
    out = tmp_path / "counts.json"
    script = ROOT / "profiling" / "faults" / "fault_catalog.py"
    done = subprocess.run(
        [sys.executable, str(script), "--kills", "45", "--trials", "0", "--seed", "7",
         "--out", str(out)],
        cwd=ROOT, env={"PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    counts = json.loads(out.read_text("utf-8"))
    assert counts["is_clean"]
    assert counts["kills"] >= 45
    assert min(counts["stored"][kind] for kind in ("event", "correction", "audit")) > 0
