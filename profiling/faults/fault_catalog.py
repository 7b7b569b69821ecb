"""Kill processes that write the catalog at random moments, and count what was lost.

Usage, as root: ``python profiling/faults/fault_catalog.py [--kills 200] [--trials 60]
[--out FILE.json]``

Writers begin events, add pairs of markers in one transaction, correct and log. Each
says over a pipe what it was told is stored. After every ``kill -9`` the catalog is
opened again: all that was said must be there, nothing half, and the audit log sound.

Then the catalog of an archive in use is damaged, or a root of it, as
:mod:`damaged_catalog` says; ``--trials 0`` leaves that out.

Exit status 1 if anything was lost, unnoticed or wrong.
"""

from __future__ import annotations

import json
import mmap
import os
import sys
import tempfile
import time
from collections import Counter
from dataclasses import asdict, dataclass, field
from functools import partial
from itertools import count
from pathlib import Path

from damaged_catalog import DamageCounts, Trials
from fault_disks import Disks, Site, control_file, make_video, start_again
from killing import Say, fault_parser, finish, kill_workers, numbers

from recorder_core.catalog import (
    Action,
    Actor,
    Catalog,
    DetectionsSummary,
    EventState,
    Profile,
    SealedKey,
)
from recorder_core.catalog.model.codes import new_id, utc_now
from recorder_core.errors import CatalogError

REVIEWER = Actor("reviewer1", Profile.REVIEWER)
#: of a writer after its first word
LIFE = 0.25


@dataclass
class Counts:
    """What happened in all rounds together."""

    kills: int = 0
    rounds_with_two_writers: int = 0
    #: kind of row -> rows that a writer was told are stored
    stored: dict[str, int] = field(default_factory=dict)
    lost: int = 0
    half_written: int = 0
    damaged: int = 0
    audit_findings: int = 0
    #: actions whose begin is logged and whose end is not: the kill came between
    cut_off_actions: int = 0
    #: kills after a row was stored and before the anchor followed
    anchors_caught_up: int = 0
    seconds: float = 0.0
    damage: DamageCounts | None = None

    @property
    def is_clean(self) -> bool:
        """Whether nothing was lost or wrong."""
        wrong = self.lost or self.half_written or self.damaged or self.audit_findings
        return not (wrong or (self.damage and self.damage.wrong))


def make_catalog(path: Path) -> str:
    """Make a catalog with one event in review, and return the event's id."""
    with Catalog.create(path) as catalog:
        event = catalog.events.begin(
            site_code="site1", procedure_code="demo", started_utc=utc_now(), by="operator1"
        )
        catalog.events.finish(event.event_id, duration_seconds=60.0, by="operator1")
        catalog.events.move(event.event_id, EventState.DEIDENTIFIED, by="reviewer1")
        summary = DetectionsSummary(
            summary_id=new_id(),
            event_id=event.event_id,
            detector="demo",
            weights_sha256="0" * 64,
            method="cells",
            frames_checked=1800,
            box_count=0,
            track_count=0,
            repaired_box_count=0,
            longest_repaired_gap_frames=0,
            created_utc=utc_now(),
        )
        catalog.reviews.add_detections_summary(summary)
        catalog.events.move(event.event_id, EventState.IN_REVIEW, by="reviewer1")
    return event.event_id


def write_for_ever(path: Path, reviewed: str, say: Say) -> None:
    """Write until killed, saying after each step what is stored."""
    with Catalog(path) as catalog:
        for step in count():
            event = catalog.events.begin(
                site_code="site1", procedure_code="demo", started_utc=utc_now(), by="operator1"
            )
            say(f"event {event.event_id}")
            key = SealedKey(
                event_id=event.event_id,
                key_name="original",
                recipient_kind="user",
                recipient="reviewer1",
                sealed=os.urandom(80),
            )
            catalog.grants.give(key, by="operator1")
            say(f"key {event.event_id}")
            with catalog.transaction():
                for second in (1.0, 2.0):
                    catalog.contents.add_marker(
                        event.event_id, "clip", start_seconds=second, author="operator1"
                    )
            say(f"markers {event.event_id}")
            with catalog.audited(REVIEWER, Action.CORRECT, reviewed) as row:
                correction = catalog.reviews.add_correction(
                    reviewed, "add", keyframes=[(step, 0, 0, 8, 8)], author="reviewer1"
                )
                say(f"correction {correction.correction_id}")
            say(f"audit {row.seq}:{row.hash}")


def examine(path: Path, said: list[tuple[str, str]], reviewed: str, counts: Counts) -> int:
    """Open the catalog after a kill, count what is lost or wrong; return the cut-off actions."""
    anchor_before = json.loads(path.with_name("audit-head.json").read_text("ascii"))
    with Catalog(path) as catalog:
        counts.anchors_caught_up += catalog.audit.head().seq > anchor_before["seq"]
        try:
            catalog.check()
        except CatalogError as error:
            print(error)
            counts.damaged += 1
        report = catalog.audit.verify()
        counts.audit_findings += len(report.findings)
        found = stored_rows(catalog, reviewed)
        for kind, what in said:
            counts.lost += what not in found[kind]
        counts.half_written += len(found["half"])
    return sum("no outcome" in remark for remark in report.remarks)


def stored_rows(catalog: Catalog, reviewed: str) -> dict[str, set[str]]:
    """Return the ids of what the catalog holds, by the kinds that writers speak of."""
    events = {event.event_id for event in catalog.events.find(state=EventState.RECORDING)}
    markers = {event: len(catalog.contents.markers(event)) for event in events}
    corrections = catalog.reviews.corrections(reviewed)
    return {
        "event": events,
        "key": {event for event in events if catalog.grants.keys(event)},
        "markers": {event for event, number in markers.items() if number == 2},
        "half": {event for event, number in markers.items() if number == 1}
        | {event for event in events if len(catalog.events.history(event)) != 1},
        "correction": {str(correction.correction_id) for correction in corrections},
        "audit": {f"{row.seq}:{row.hash}" for row in catalog.audit.rows()},
    }


def run(kills: int, folder: Path, seed: int) -> Counts:
    """Kill until so many writers died, and return the counts."""
    chance = numbers(seed)
    counts = Counts()
    stored: Counter[str] = Counter()
    path, reviewed, said = Path(), "", [("", "")]
    begun = time.monotonic()
    rounds = cut_off = 0
    while counts.kills < kills:
        if rounds % 25 == 0:
            # a fresh catalog now and then, so that looking at everything stays quick
            path = folder / f"catalog{rounds}" / "catalog.db"
            path.parent.mkdir()
            reviewed, said = make_catalog(path), []
            counts.cut_off_actions += cut_off
        workers = 2 if rounds % 2 else 1
        lines = kill_workers([partial(write_for_ever, path, reviewed)] * workers, chance, LIFE)
        new = [(kind, what) for kind, _, what in (line.partition(" ") for line in lines)]
        said += new
        stored.update(kind for kind, _ in new)
        counts.kills += workers
        counts.rounds_with_two_writers += workers == 2
        cut_off = examine(path, said, reviewed, counts)
        rounds += 1
    counts.cut_off_actions += cut_off
    counts.stored = dict(stored)
    counts.seconds = round(time.monotonic() - begun, 1)
    return counts


def run_damage(trials: int, folder: Path, seed: int) -> DamageCounts:
    """Damage an archive so many times, in each way in turn."""
    began = time.monotonic()
    with control_file() as file, mmap.mmap(file.fileno(), 4096) as control:
        site = Site(Disks(folder, control), *make_video(folder), folder / "usb")
        with site.disks.mounted():
            damaging = Trials(site, folder / "states", numbers(seed))
            for number in range(trials):
                damaging.run(number)
    damaging.counts.seconds = round(time.monotonic() - began, 1)
    return damaging.counts


def main() -> int:
    """Print the counts; 1 if anything was lost or wrong."""
    parser = fault_parser(__doc__, 200)
    parser.add_argument("--trials", type=int, default=60, help="of damage; default: 60")
    options = parser.parse_args()
    if options.trials and "FAILING_DISK" not in os.environ:
        return start_again(__file__)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        counts = run(options.kills, folder, options.seed)
        if options.trials:
            counts.damage = run_damage(options.trials, folder, options.seed)
    return finish(counts, asdict(counts), options.out)


if __name__ == "__main__":
    sys.exit(main())
