"""Kill the archive's writers at random moments and count what survives.

    python profiling/faults/fault_archive.py [--kills 240] [--out FILE.json]

Each trial forks a process that records, replaces key files or counts sign-ins, kills it with
SIGKILL at a random moment and looks at what lies on the roots:

* everything whose `sync` had returned must be there, and nothing that was never written;
* a recording may claim to be whole only if its writer had begun to close it;
* an incomplete recording must be finalised to the same content;
* a key file must open, a count of failed sign-ins must not have gone back.

Exit status 1 if anything was lost or wrong. What a power cut leaves is tested by cutting files
at every byte (``tests/recorder_core/archive``) and rests on `fdatasync`.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path

from killing import FaultError, Say, fault_parser, finish, kill_workers, numbers

from recorder_core.archive import (
    AttemptFile,
    Attempts,
    FileIdentity,
    KeyFile,
    PrivateKey,
    ReaderSet,
    SealedReader,
    SealedWriter,
    SealSettings,
    change_key_file,
    grant,
    revoke,
)
from recorder_core.jobs.archive.files.sealing import copy_content, seal_again
from recorder_core.jobs.archive.place.folders import EVENTS_NAME
from recorder_core.jobs.archive.place.roles import file_name, make_file_id

IDENTITY = FileIdentity("fault-event", "original")
NAME = file_name(make_file_id(IDENTITY))
MAX_LIFE_SECONDS = 0.12
#: what a worker says: how far it is, and how many bytes or turns
SYNCED, CLOSING, CLOSED = "synced", "closing", "closed"
Reports = list[tuple[str, int]]


@dataclass
class Counts:
    """What happened in all trials together."""

    kills: int = 0
    outcomes: dict[str, int] = field(default_factory=dict)
    #: what was promised and did not survive, in words
    wrong: list[str] = field(default_factory=list)

    @property
    def is_clean(self) -> bool:
        """Whether nothing was lost or wrong."""
        return not self.wrong


@dataclass(frozen=True)
class Trial:
    """One random situation."""

    seed: int
    roots: tuple[Path, ...]
    reviewer: PrivateKey
    readers: ReaderSet

    @property
    def content(self) -> bytes:
        """What the process writes, 300 kB at most."""
        chance = numbers(self.seed)
        return chance.randbytes(chance.choice([2_000, 30_000, 300_000]))

    @property
    def settings(self) -> SealSettings:
        """Small segments and large ones, so that kills fall on every kind of moment."""
        size = numbers(self.seed + 1).choice([96, 1024, 16_384, 131_072])
        return SealSettings(segment_bytes=size, sync_seconds=0.01)


def record(trial: Trial, say: Say) -> None:
    """Record the content in random pieces and close, saying what is durable."""
    chance, content = numbers(trial.seed + 2), trial.content
    piece = max(37, len(content) // chance.choice([20, 100]))
    writer = SealedWriter(trial.roots, NAME, IDENTITY, trial.readers, settings=trial.settings)
    say(f"{SYNCED} 0")
    for place in range(0, len(content), piece):
        writer.write(content[place : place + piece])
        time.sleep(chance.uniform(0, 0.003))
        if chance.random() < 0.2:
            writer.sync()
            say(f"{SYNCED} {min(len(content), place + piece)}")
    say(f"{CLOSING} {len(content)}")
    writer.close()
    say(f"{CLOSED} {len(content)}")


def check_recording(trial: Trial, reports: Reports) -> str:
    """Return the outcome of a killed recording."""
    if not reports:
        return "killed before the recording began"
    promised = max(place for kind, place in reports if kind != CLOSING or place == 0)
    kinds = {kind for kind, _ in reports}
    complete = [_check_copy(trial, root, promised) for root in trial.roots]
    if any(complete) and CLOSING not in kinds:
        raise FaultError("a cut recording claims to be whole")
    if CLOSED in kinds:
        if not all(complete):
            raise FaultError("a closed recording is not whole")
        return "recording closed before the kill"
    if any(complete):
        return "killed while closing, whole"
    _check_finalised(trial, promised)
    return "killed while closing, finalised" if CLOSING in kinds else "cut off, finalised"


def _check_copy(trial: Trial, root: Path, promised: int) -> bool:
    with SealedReader(root / NAME, trial.reviewer, IDENTITY, incomplete=True) as reader:
        found = reader.read()
        if len(found) < promised:
            raise FaultError(f"{promised} bytes were durable and {len(found)} are there")
        if not trial.content.startswith(found):
            raise FaultError("what is there was never written")
        return reader.complete


def _check_finalised(trial: Trial, promised: int) -> None:
    bases = [root / NAME for root in trial.roots]
    with SealedReader(bases, trial.reviewer, IDENTITY, incomplete=True) as cut:
        new, _ = seal_again(trial.roots, cut, copy_content)
    for root in trial.roots:
        with SealedReader(root / file_name(new.file_id), trial.reviewer, new.identity) as reader:
            found = reader.read()
        if len(found) < promised or not trial.content.startswith(found):
            raise FaultError("the finalised recording is not what was recorded")


def regrant(trial: Trial, say: Say) -> None:
    """Grant and revoke without end."""
    with SealedWriter(trial.roots, NAME, IDENTITY, trial.readers) as writer:
        writer.write(b"content")
    other = PrivateKey.generate().public_key
    changes: list[Callable[[KeyFile], KeyFile]] = [
        lambda old: grant(old, trial.reviewer, [other]),
        lambda old: revoke(old, other),
    ]
    for turn in range(100_000):
        change_key_file(trial.roots, NAME, IDENTITY, changes[turn % 2])
        say(f"{SYNCED} {turn}")


def check_grants(trial: Trial, reports: Reports) -> str:
    """Return the outcome of a killed change of grants."""
    if not reports:
        return "killed before the first grant"
    for root in trial.roots:
        with SealedReader(root / NAME, trial.reviewer, IDENTITY) as reader:
            if reader.read() != b"content":
                raise FaultError("a change of grants changed the content")
    return "key files open after a killed change of grants"


def count_attempts(trial: Trial, say: Say) -> None:
    """Count failed sign-ins without end."""
    store = AttemptFile(trial.roots[0] / "attempts.json")
    for failed in range(1, 100_000):
        with store.locked("user"):
            store.save("user", Attempts(failed, float(failed)))
        say(f"{SYNCED} {failed}")


def check_attempts(trial: Trial, reports: Reports) -> str:
    """Return the outcome of a killed count."""
    if not reports:
        return "killed before the first sign-in"
    found = AttemptFile(trial.roots[0] / "attempts.json").load("user").failed
    if found < reports[-1][1]:
        raise FaultError(f"{reports[-1][1]} failed sign-ins were counted, {found} are there")
    return "failed sign-ins kept their count"


#: what is killed, what is checked, and how often it is chosen
KINDS = [(record, check_recording), (regrant, check_grants), (count_attempts, check_attempts)]
WEIGHTS = [8, 1, 1]


def run_trial(seed: int, folder: Path) -> str:
    """Run one trial and return its outcome."""
    chance = numbers(seed)
    act, check = chance.choices(KINDS, WEIGHTS)[0]
    roots = tuple(folder / name for name in ("a", "b")[: chance.choice([1, 2])])
    for root in roots:
        (root / EVENTS_NAME).mkdir(parents=True)
    reviewer, recovery = PrivateKey.generate(), PrivateKey.generate()
    readers = ReaderSet(recovery.public_key, (reviewer.public_key,))
    trial = Trial(seed, roots, reviewer, readers)
    said = kill_workers(
        [lambda say: act(trial, say)], chance, MAX_LIFE_SECONDS, may_end=act is record
    )
    words = [line.split() for line in said]
    return check(trial, [(kind, int(place)) for kind, place in words])


def run(kills: int, seed: int) -> Counts:
    """Run all trials and return what was counted."""
    counts, outcomes = Counts(), Counter[str]()
    for trial_seed in range(seed * 1_000_000, seed * 1_000_000 + kills):
        with tempfile.TemporaryDirectory(prefix="fault-archive-") as folder:
            try:
                outcomes[run_trial(trial_seed, Path(folder))] += 1
            except FaultError as error:
                counts.wrong.append(f"trial {trial_seed}: {error}")
        counts.kills += 1
    counts.outcomes = dict(sorted(outcomes.items()))
    return counts


def main() -> int:
    """Print the counts; 1 if anything was lost or wrong."""
    options = fault_parser(__doc__, 240).parse_args()
    counts = run(options.kills, options.seed)
    return finish(counts, asdict(counts), options.out)


if __name__ == "__main__":
    sys.exit(main())
