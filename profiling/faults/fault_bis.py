"""Read a simulated BIS monitor through a pseudo-terminal while everything goes wrong.

    python profiling/faults/fault_bis.py [--records 10000] [--out FILE.json]

For each protocol a monitor with the usual sensor sends so many records of values, hundreds of
times faster than a real one, and with them, in the binary protocol, eight packets of samples each.
One in five is damaged on its way: bits, bytes, runs of bytes lost, added, doubled, zeroed, another
digit, a cut. Now and then garbage comes, the monitor falls silent, the adapter is unplugged and
plugged in, or the electrodes come off or hold badly. `BisSource` reads all that from the port.

Each reading is found in what was sent, by its bytes:

* a value that is not the one that the monitor meant there is wrong; there must be none;
* a value where the monitor had none is invented; there must be none;
* a record that arrived whole, behind one that arrived whole, must be read, with all its values;
* damaged samples to which their packet's checksum fits cannot be seen, and are counted.

Exit status 1 if anything was wrong, invented or not read.
"""

from __future__ import annotations

import argparse
import math
import sys
import tempfile
import time
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Final, Literal

import numpy as np
from killing import FaultError, finish, numbers

from recorder_core.capture.bis import BisRecord, BisSettings, BisSource, EegBlock
from recorder_core.simulate.devices import (
    BisMonitorModel,
    ChannelNumbers,
    SimulatedBisMonitor,
    damage_bytes,
)
from recorder_core.simulate.devices.bis_model import Electrodes
from recorder_core.simulate.physiology import Patient

Protocol = Literal["ascii", "binary"]
QUANTITIES: Final = ("bis", "sqi", "emg", "sr", "sef", "total_power")
#: of a monitor here
RECORDS_PER_SECOND: Final = 100.0
#: one record in so many is damaged
DAMAGED_SHARE: Final = 0.2
#: how much longer the seconds of the monitor's clock are, and how late a record is at most
DRIFT: Final = 3e-4
JITTER_SECONDS: Final = 0.002
#: on the mean so many seconds lie between two faults that are no damage
SECONDS_PER_FAULT: Final = 0.4
#: samples are rounded to the steps of the converter
MAX_ROUNDING_MICROVOLTS: Final = 0.026
#: quality below which there is no index, percent
MIN_SQI_PERCENT: Final = 15.0
#: faults, and how electrodes may hold
KINDS: Final = ("garbage", "stall", "unplug", "electrodes", "electrodes", "electrodes")
ELECTRODES: Final[tuple[Electrodes, ...]] = ("off", "unknown", "poor")
#: for so long a port that was plugged in may stay unread
PATIENCE_SECONDS: Final = 60.0


@dataclass
class Counts:
    """What became of what one monitor sent."""

    protocol: Protocol
    records_sent: int = 0
    packets_of_samples_sent: int = 0
    damaged: int = 0
    garbage: int = 0
    stalls: int = 0
    unpluggings: int = 0
    #: times that the electrodes came off, could not be computed with, or held badly
    electrode_faults: int = 0
    connections: int = 0
    records_read: int = 0
    records_read_without_index: int = 0
    packets_of_samples_read: int = 0
    unreadable_pieces: int = 0
    #: sent while nobody had the port open, or cut off with it
    lost_with_the_port: int = 0
    #: damaged packets of samples whose checksum fits
    samples_with_fitting_checksum: int = 0
    #: arrived whole, behind a whole one, but were not read with all their values
    not_read: list[str] = field(default_factory=list)
    #: values that are not those that were sent
    wrong: list[str] = field(default_factory=list)
    #: values where the monitor had none
    invented: list[str] = field(default_factory=list)

    @property
    def is_clean(self) -> bool:
        """Whether nothing was wrong, invented or not read."""
        return not (self.wrong or self.invented or self.not_read)


@dataclass
class AllCounts:
    """What became of what all monitors sent."""

    monitors: list[Counts] = field(default_factory=list)

    @property
    def is_clean(self) -> bool:
        """Whether nothing was wrong, invented or not read."""
        return all(each.is_clean for each in self.monitors)


@dataclass
class Run:
    """A monitor, who reads it, and what was read."""

    monitor: SimulatedBisMonitor
    source: BisSource
    counts: Counts
    #: where in what was sent the port was unplugged
    cuts: list[int] = field(default_factory=list)
    readings: list[BisRecord | EegBlock] = field(default_factory=list)

    def take(self) -> None:
        """Keep what was read since the last call; samples and records are each in order."""
        taken = self.source.take()
        self.readings += [*taken.records, *taken.eeg]
        unreadable = [each for each in taken.notices if each.kind == "unreadable"]
        self.counts.unreadable_pieces += len(unreadable)

    def unplug(self, seconds: float) -> None:
        """Unplug the adapter for some seconds, and wait until it is read again."""
        before = self.source.state.connections
        self.monitor.unplug()
        self.cuts.append(len(self.monitor.sent.content))
        time.sleep(seconds)
        self.monitor.plug_in()
        self.wait_until(
            lambda: self.source.state.connections > before and self.source.state.is_present
        )

    def wait_until(self, condition: Callable[[], bool]) -> None:
        """Return once a condition holds; FaultError if it never does."""
        until = time.monotonic() + PATIENCE_SECONDS
        while not condition():
            if time.monotonic() > until:
                raise FaultError(f"the port is not read: {self.source.state.sentence}")
            self.take()
            time.sleep(0.01)

    def sent(self) -> int:
        """Return how many records of values were sent."""
        return sum(each.combined is not None for each in list(self.monitor.sent.records))


def run_monitor(protocol: Protocol, records: int, seed: int) -> Counts:
    """Read a monitor while everything goes wrong, and compare."""
    chance, counts = numbers(seed), Counts(protocol)
    model = BisMonitorModel(Patient.invent(np.random.default_rng(seed)), protocol)

    def damage(content: bytes) -> bytes:
        if chance.random() > DAMAGED_SHARE:
            return content
        counts.damaged += 1
        return damage_bytes(content, chance, times=chance.randint(1, 3))

    speed = RECORDS_PER_SECOND * (5.0 if protocol == "ascii" else 1.0)
    with tempfile.TemporaryDirectory() as folder:
        port = Path(folder) / "bis"
        settings = BisSettings(port=str(port), protocol=protocol)
        monitor = SimulatedBisMonitor(
            port,
            model,
            speed=speed,
            drift=DRIFT,
            jitter_seconds=JITTER_SECONDS,
            damage=damage,
            seed=seed,
        )
        run = Run(monitor, BisSource("bis", settings, retry_seconds=0.01), counts)
        with monitor:
            run.source.start()
            make_faults(run, records, seed)
            wait_for_silence(run)
        run.source.close()
        run.take()
    counts.connections = run.source.state.connections
    compare(run)
    return counts


def make_faults(run: Run, records: int, seed: int) -> None:
    """Make one fault after another until so many records were sent."""
    chance, counts, monitor = numbers(seed + 1), run.counts, run.monitor
    while run.sent() < records:
        run.take()
        time.sleep(chance.expovariate(1 / SECONDS_PER_FAULT))
        kind = chance.choice(KINDS)
        if kind == "garbage":
            counts.garbage += 1
            monitor.send_garbage(chance.randint(1, 600))
        elif kind == "stall":
            counts.stalls += 1
            monitor.stall(chance.uniform(0.01, 0.3))
        elif kind == "unplug":
            counts.unpluggings += 1
            run.unplug(chance.uniform(0.0, 0.1))
        else:
            counts.electrode_faults += 1
            monitor.model.electrodes = chance.choice(ELECTRODES)
            time.sleep(chance.uniform(0.05, 0.3))
            monitor.model.electrodes = "good"


def wait_for_silence(run: Run) -> None:
    """Stop the monitor, and read what it had sent."""
    run.monitor.stall(math.inf)
    before = -1
    while (now := run.source.state.counters.received) != before:
        before = now
        time.sleep(1.0)
        run.take()


def compare(run: Run) -> None:
    """Count what is right, wrong and invented."""
    stream, counts = run.monitor.sent, run.counts
    counts.records_sent = run.sent()
    counts.packets_of_samples_sent = sum(each.microvolts is not None for each in stream.records)
    whole, spans = set[int](), list[tuple[int, int]]()
    for kind in (BisRecord, EegBlock):
        place = 0
        for reading in (each for each in run.readings if isinstance(each, kind)):
            at = stream.content.find(reading.raw, place)
            if at < 0:
                counts.invented.append(f"{kind.__name__} of bytes that were never sent")
                continue
            place = at + 1
            spans.append((at, at + len(reading.raw)))
            number = stream.number_at(at)
            is_true = (
                check_record(counts, number, reading, stream.records[number].combined)
                if isinstance(reading, BisRecord)
                else check_samples(run, number, reading)
            )
            if is_true and stream.is_untouched(number):
                whole.add(number)
    check_all_read(run, whole, sorted(spans))


def check_record(
    counts: Counts, number: int, record: BisRecord, sent: ChannelNumbers | None
) -> bool:
    """Compare the values of a record; return whether all are there that should be."""
    counts.records_read += 1
    counts.records_read_without_index += math.isnan(record.values.bis)
    valid = valid_quantities(sent)
    is_whole = True
    for name in QUANTITIES:
        value = getattr(record.values, name)
        if math.isnan(value):
            is_whole = is_whole and name not in valid
        elif name not in valid:
            counts.invented.append(f"record {number}: {name} {value}")
        elif value != getattr(sent, name):
            counts.wrong.append(f"record {number}: {name} {value}, not {getattr(sent, name)}")
    return is_whole


def valid_quantities(sent: ChannelNumbers | None) -> Sequence[str]:
    """Return the names of the values that a monitor meant to be valid."""
    if sent is None or sent.status_bits & 0x8000 or sent.sqi < 0:
        return ()
    return QUANTITIES if sent.sqi >= MIN_SQI_PERCENT else ("sqi",)


def check_samples(run: Run, number: int, block: EegBlock) -> bool:
    """Compare samples; return whether they are those that were sent."""
    sent = run.monitor.sent.records[number]
    run.counts.packets_of_samples_read += 1
    if sent.microvolts is not None and block.microvolts.shape == sent.microvolts.shape:
        off = float(np.nanmax(np.abs(block.microvolts - sent.microvolts)))
        if off < MAX_ROUNDING_MICROVOLTS:
            return True
    if sum(block.raw[2:-2]) % 65536 == int.from_bytes(block.raw[-2:], "little"):
        run.counts.samples_with_fitting_checksum += 1
    else:
        run.counts.wrong.append(f"samples {number}")
    return False


def check_all_read(run: Run, whole: set[int], spans: list[tuple[int, int]]) -> None:
    """Count records that arrived whole, behind a whole one, and were not read."""
    stream, counts = run.monitor.sent, run.counts
    starts, stops = [start for start, _ in spans], sorted(stop for _, stop in spans)
    for number, record in enumerate(stream.records):
        has_data = record.combined is not None or record.microvolts is not None
        is_sound = stream.is_untouched(number) and number > 0 and stream.is_untouched(number - 1)
        if not (has_data and is_sound) or number in whole:
            continue
        at = stream.span(number)[0]
        before = stops[bisect_right(stops, at) - 1] if bisect_right(stops, at) else 0
        after = starts[bisect_left(starts, at)] if bisect_left(starts, at) < len(starts) else None
        is_cut = any(before <= cut and (after is None or cut <= after) for cut in run.cuts)
        if is_cut or after is None or before == 0:
            counts.lost_with_the_port += 1
        else:
            counts.not_read.append(f"record {number}")


def main() -> int:
    """Run a monitor of each protocol; return 1 if anything was wrong."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--records", type=int, default=10_000, help="of values; default: 10000")
    parser.add_argument("--seed", type=int, default=1, help="of the faults; default: 1")
    parser.add_argument("--out", type=Path, metavar="FILE.json", help="write the counts there too")
    options = parser.parse_args()
    counts = AllCounts(
        [run_monitor(each, options.records, options.seed) for each in ("ascii", "binary")]
    )
    return finish(counts, asdict(counts), options.out)


if __name__ == "__main__":
    sys.exit(main())
