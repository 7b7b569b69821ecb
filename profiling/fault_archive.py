"""Kill the archive's writers at random moments and count what survives.

    python profiling/fault_archive.py --trials 240

Each trial forks a process that records, replaces key files or counts sign-ins, kills it with
SIGKILL at a random moment and looks at what lies on the roots:

* everything whose `sync` had returned must be there, and nothing that was never written;
* a recording may claim to be whole only if its writer had begun to close it;
* an incomplete recording must be finalised to the same content;
* a key file must open, a count of failed sign-ins must not have gone back.

The counts are printed and written to ``results/fault_archive.json``; any other outcome ends
the script with a status that is not zero. SIGKILL is not a power cut: what the kernel had
not written yet survives it. What a power cut leaves is tested by cutting files at every byte
(``tests/recorder_core/archive``) and rests on `fdatasync`.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import struct
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

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
    finalise_sealed,
    grant,
    revoke,
)

RESULT = Path(__file__).parent / "results" / "fault_archive.json"
IDENTITY = FileIdentity("fault-event", "original")
NAME = "event/original"
#: one report of the writing process: what kind, and how far it has come
REPORT = struct.Struct("<cQ")
SYNCED, CLOSING, CLOSED = b"s", b"c", b"d"


class TrialError(Exception):
    """Something that was promised did not survive."""


def numbers_of(seed: int) -> random.Random:
    """Return repeatable numbers; nothing secret is made of them."""
    return random.Random(seed)  # noqa: S311


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
        numbers = numbers_of(self.seed)
        return numbers.randbytes(numbers.choice([2_000, 30_000, 300_000]))

    @property
    def settings(self) -> SealSettings:
        """Small segments and large ones, so that kills fall on every kind of moment."""
        size = numbers_of(self.seed + 1).choice([96, 1024, 16_384, 131_072])
        return SealSettings(segment_bytes=size, sync_seconds=0.01)


def record(trial: Trial, report: Callable[[bytes, int], None]) -> None:
    """Record the content in random pieces and close, saying what is durable."""
    numbers, content = numbers_of(trial.seed + 2), trial.content
    piece = max(37, len(content) // numbers.choice([20, 100]))
    writer = SealedWriter(trial.roots, NAME, IDENTITY, trial.readers, settings=trial.settings)
    report(SYNCED, 0)
    for place in range(0, len(content), piece):
        writer.write(content[place : place + piece])
        time.sleep(numbers.uniform(0, 0.003))
        if numbers.random() < 0.2:
            writer.sync()
            report(SYNCED, min(len(content), place + piece))
    report(CLOSING, len(content))
    writer.close()
    report(CLOSED, len(content))


def check_recording(trial: Trial, reports: list[tuple[bytes, int]]) -> str:
    """Return the outcome of a killed recording."""
    if not reports:
        return "killed before the recording began"
    promised = max(place for kind, place in reports if kind != CLOSING or place == 0)
    kinds = {kind for kind, _ in reports}
    complete = [_check_copy(trial, root, promised) for root in trial.roots]
    if any(complete) and CLOSING not in kinds:
        raise TrialError("a cut recording claims to be whole")
    if CLOSED in kinds:
        if not all(complete):
            raise TrialError("a closed recording is not whole")
        return "recording closed before the kill"
    if any(complete):
        return "killed while closing, whole"
    _check_finalised(trial, promised)
    return "killed while closing, finalised" if CLOSING in kinds else "cut off, finalised"


def _check_copy(trial: Trial, root: Path, promised: int) -> bool:
    with SealedReader(root / NAME, trial.reviewer, IDENTITY, incomplete=True) as reader:
        found = reader.read()
        if len(found) < promised:
            raise TrialError(f"{promised} bytes were durable and {len(found)} are there")
        if not trial.content.startswith(found):
            raise TrialError("what is there was never written")
        return reader.complete


def _check_finalised(trial: Trial, promised: int) -> None:
    report = finalise_sealed(trial.roots, NAME, trial.reviewer, IDENTITY, "event/finalised")
    identity = report.key_file.identity
    for root in trial.roots:
        with SealedReader(root / "event/finalised", trial.reviewer, identity) as reader:
            found = reader.read()
        if len(found) < promised or not trial.content.startswith(found):
            raise TrialError("the finalised recording is not what was recorded")


def regrant(trial: Trial, report: Callable[[bytes, int], None]) -> None:
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
        report(SYNCED, turn)


def check_grants(trial: Trial, reports: list[tuple[bytes, int]]) -> str:
    """Return the outcome of a killed change of grants."""
    if not reports:
        return "killed before the first grant"
    for root in trial.roots:
        with SealedReader(root / NAME, trial.reviewer, IDENTITY) as reader:
            if reader.read() != b"content":
                raise TrialError("a change of grants changed the content")
    return "key files open after a killed change of grants"


def count_attempts(trial: Trial, report: Callable[[bytes, int], None]) -> None:
    """Count failed sign-ins without end."""
    store = AttemptFile(trial.roots[0] / "attempts.json")
    for failed in range(1, 100_000):
        with store.locked("user"):
            store.save("user", Attempts(failed, float(failed)))
        report(SYNCED, failed)


def check_attempts(trial: Trial, reports: list[tuple[bytes, int]]) -> str:
    """Return the outcome of a killed count."""
    if not reports:
        return "killed before the first sign-in"
    found = AttemptFile(trial.roots[0] / "attempts.json").load("user").failed
    if found < reports[-1][1]:
        raise TrialError(f"{reports[-1][1]} failed sign-ins were counted, {found} are there")
    return "failed sign-ins kept their count"


#: what is killed, what is checked, and how often it is chosen
KINDS = [(record, check_recording), (regrant, check_grants), (count_attempts, check_attempts)]
WEIGHTS = [8, 1, 1]


def run_trial(seed: int, folder: Path) -> str:
    """Run one trial and return its outcome."""
    numbers = numbers_of(seed)
    act, check = numbers.choices(KINDS, WEIGHTS)[0]
    roots = tuple(folder / name for name in ("a", "b")[: numbers.choice([1, 2])])
    for root in roots:
        root.mkdir(parents=True)
    reviewer, recovery = PrivateKey.generate(), PrivateKey.generate()
    readers = ReaderSet(recovery.public_key, (reviewer.public_key,))
    trial = Trial(seed, roots, reviewer, readers)
    reports = run_and_kill(lambda report: act(trial, report), numbers.uniform(0, 0.12))
    try:
        return check(trial, reports)
    except TrialError as exc:
        raise TrialError(f"trial {seed}: {exc}") from exc


def run_and_kill(
    act: Callable[[Callable[[bytes, int], None]], None], delay_seconds: float
) -> list[tuple[bytes, int]]:
    """Fork, let the child act, kill it, and return what it had reported."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        act(lambda kind, place: _report(writing, kind, place))
        os._exit(0)
    os.close(writing)
    time.sleep(delay_seconds)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    with os.fdopen(reading, "rb") as stream:
        data = stream.read()
    whole = len(data) - len(data) % REPORT.size
    return list(REPORT.iter_unpack(data[:whole]))


def _report(descriptor: int, kind: bytes, place: int) -> None:
    os.write(descriptor, REPORT.pack(kind, place))


def main() -> None:
    """Run the trials, print and write the counts."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--trials", type=int, default=240)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--output", type=Path, default=RESULT)
    options = parser.parse_args()
    outcomes: Counter[str] = Counter()
    for seed in range(options.seed * 1_000_000, options.seed * 1_000_000 + options.trials):
        folder = Path(tempfile.mkdtemp(prefix="fault-archive-"))
        try:
            outcomes[run_trial(seed, folder)] += 1
        finally:
            shutil.rmtree(folder)
    result = {
        "kills": options.trials,
        "lost_or_wrong": 0,
        "outcomes": dict(sorted(outcomes.items())),
    }
    for outcome, count in sorted(outcomes.items()):
        print(f"{count:5d}  {outcome}")
    print(f"{options.trials:5d}  kills, nothing lost, nothing wrong")
    options.output.parent.mkdir(exist_ok=True)
    options.output.write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
