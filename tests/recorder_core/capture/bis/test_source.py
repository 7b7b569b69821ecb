"""A simulated monitor on a pseudo-terminal, read as the real one is."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from recorder_core.capture.bis import (
    BisNotice,
    BisReadings,
    BisRecord,
    BisSettings,
    BisSource,
    BisValues,
    EegBlock,
)
from recorder_core.capture.bis.binary_packets import make_packet
from recorder_core.errors import SettingsError
from recorder_core.model import EventClock
from recorder_core.signals import SIGNAL_UNITS
from recorder_core.simulate.devices import BisMonitorModel, SimulatedBisMonitor
from recorder_core.tables import SignalRow, begin_signal_log, pack_signals, read_signal_log
from tests.integration.documents.blocks import ROOT, programs_of
from tests.recorder_core.capture.bis.streams import PATIENT, Protocol, check_against
from tests.waiting import wait_until

STOP = {"ascii": b"C", "binary": make_packet(4, 116) + make_packet(4, 112)}
#: how much faster than a real monitor: some hundred records a second
SPEED = {"ascii": 1000.0, "binary": 40.0}


class SettableClock:
    """The clock of the machine, which a test may put forward."""

    def __init__(self) -> None:
        self.ahead_seconds = 0.0

    def __call__(self) -> float:
        return time.monotonic() + self.ahead_seconds


@pytest.fixture
def clock() -> SettableClock:
    return SettableClock()


@pytest.fixture
def port(tmp_path: Path) -> Path:
    return tmp_path / "bis"


@contextmanager
def _reading(
    port: Path, protocol: Protocol, clock: SettableClock, *, latency_seconds: float = 0.0
) -> Iterator[BisSource]:
    settings = BisSettings(port=str(port), protocol=protocol, latency_seconds=latency_seconds)
    source = BisSource("bis", settings, clock=clock, retry_seconds=0.02)
    source.start()
    try:
        yield source
    finally:
        source.close()


def _monitor(port: Path, protocol: Protocol, *, unasked: bool = False) -> SimulatedBisMonitor:
    model = BisMonitorModel(PATIENT, protocol, speaks_unasked=unasked)
    return SimulatedBisMonitor(port, model, speed=SPEED[protocol])


def _received(source: BisSource) -> int:
    return source.state.counters.received


@pytest.mark.parametrize("protocol", ["ascii", "binary"])
def test_a_monitor_that_is_asked_is_read(
    port: Path, protocol: Protocol, clock: SettableClock
) -> None:
    began = clock()
    with _monitor(port, protocol) as monitor, _reading(port, protocol, clock) as source:
        assert source.latest is None or source.state.is_present
        wait_until(lambda: _received(source) > 40)
        taken = source.take()
        assert source.latest is not None
        state = source.state
    assert (state.is_present, state.sentence, state.connections) == (True, "", 1)
    assert state.counters.used == len(taken.records) + len(taken.eeg) > 40
    assert (state.counters.invalid, state.counters.dropped) == (0, 0)
    assert bool(taken.eeg) is (protocol == "binary")
    assert any(each.kind == "version" for each in taken.notices)
    found = check_against(monitor.sent, [*taken.notices[:1], *(taken.eeg or taken.records)])
    assert found.wrong == []
    assert check_against(monitor.sent, list(taken.records)).wrong == []
    assert len(found.whole) > 30
    stamps = [each.seconds for each in taken.records]
    assert began < stamps[0] <= stamps[-1] < clock()
    assert stamps == sorted(stamps)
    assert not source.state.is_present
    assert source.latest is None


def test_a_monitor_that_speaks_unasked_is_read(port: Path, clock: SettableClock) -> None:
    with _monitor(port, "ascii", unasked=True), _reading(port, "ascii", clock) as source:
        wait_until(lambda: source.state.is_present)


@pytest.mark.parametrize("protocol", ["ascii", "binary"])
def test_an_adapter_that_is_unplugged_is_read_again_when_it_is_back(
    port: Path, protocol: Protocol, clock: SettableClock
) -> None:
    with _monitor(port, protocol) as monitor, _reading(port, protocol, clock) as source:
        for number in range(1, 4):
            wait_until(lambda: source.state.is_present)
            assert source.state.connections == number
            monitor.unplug()
            unplugged = clock()
            wait_until(lambda: not source.state.is_present)
            assert source.state.since_seconds <= unplugged
            assert "plug" in source.state.sentence
            assert source.latest is None
            monitor.plug_in()
        wait_until(lambda: source.state.is_present)
        assert check_against(monitor.sent, list(source.take().records)).wrong == []


def test_a_port_that_is_absent_is_tried_until_it_is_there(port: Path, clock: SettableClock) -> None:
    with _reading(port, "ascii", clock) as source:
        wait_until(lambda: "is not there: plug the adapter in" in source.state.sentence)
        with _monitor(port, "ascii"):
            wait_until(lambda: source.state.is_present)


@pytest.mark.parametrize(("protocol", "limit_seconds"), [("ascii", 10.0), ("binary", 3.0)])
def test_a_monitor_that_falls_silent_is_absent_after_two_periods_and_is_asked_again(
    port: Path, protocol: Protocol, limit_seconds: float, clock: SettableClock
) -> None:
    with _monitor(port, protocol) as monitor, _reading(port, protocol, clock) as source:
        wait_until(lambda: source.state.is_present)
        # as if it was switched off, and on again: then it waits for a host
        monitor.stall(1000.0)
        monitor.model.hear(STOP[protocol])

        def is_absent() -> bool:
            clock.ahead_seconds += limit_seconds + 1
            return not source.state.is_present

        wait_until(is_absent)
        wait_until(lambda: is_absent() and "nothing arrives" in source.state.sentence)
        monitor.stall(0.0)
        wait_until(lambda: source.state.is_present)


class ScriptedPort:
    """A port at which silence and bytes follow a script, each after some seconds."""

    name = "port"

    def __init__(self, script: list[tuple[float, bytes]]) -> None:
        self.now = 0.0
        self.written: list[tuple[float, bytes]] = []
        self.after: list[tuple[float, bool]] = []
        self.source: BisSource | None = None
        self.stopping = threading.Event()
        self._script = script

    def read(self) -> bytes:
        assert self.source is not None
        self.after.append((self.now, self.source.state.is_present))
        if not self._script:
            self.stopping.set()
            return b""
        seconds, data = self._script.pop(0)
        self.now += seconds
        return data

    def write(self, data: bytes) -> None:
        self.written.append((self.now, data))


@pytest.mark.parametrize(("protocol", "limit_seconds"), [("ascii", 10), ("binary", 3)])
def test_a_monitor_is_present_for_two_periods_after_its_last_record(
    protocol: Protocol, limit_seconds: int
) -> None:
    model = BisMonitorModel(PATIENT, protocol, speaks_unasked=True)
    record = model.tick(0)[-1].content
    seconds = range(2 * limit_seconds + 3)
    device = ScriptedPort([(0.5, record), *[(1.0, b"") for _ in seconds]])
    source = BisSource("bis", BisSettings(port="p", protocol=protocol), clock=lambda: device.now)
    device.source = source
    source._read(device, device.stopping)  # type: ignore[arg-type]
    assert device.after[0] == (0.0, False)
    present = [at for at, is_present in device.after if is_present]
    assert (present[0], present[-1]) == (0.5, 0.5 + limit_seconds)
    assert source.state.since_seconds == 0.5
    # it is asked at once, then after each time that it should have spoken twice
    again = [at for at, data in device.written if data in (b"C", b"D") or data[12:13] == b"s"]
    assert again[0] == 0.0
    assert again[-1] > limit_seconds


def test_a_monitor_that_answers_but_sends_no_values_says_so() -> None:
    samples = BisMonitorModel(PATIENT, "binary", speaks_unasked=True).tick(1)[0].content
    device = ScriptedPort([(1.0, samples) for _ in range(6)])
    source = BisSource("bis", BisSettings(port="p", protocol="binary"), clock=lambda: device.now)
    device.source = source
    source._read(device, device.stopping)  # type: ignore[arg-type]
    assert "answers, but sends no values" in source.state.sentence
    assert source.state.counters.received == 6


def test_what_is_of_the_other_protocol_is_said(port: Path, clock: SettableClock) -> None:
    with _monitor(port, "binary", unasked=True), _reading(port, "ascii", clock) as source:
        wait_until(lambda: source.state.counters.invalid > 3)
        clock.ahead_seconds += 11
        wait_until(lambda: "cannot be read" in source.state.sentence)
        assert "ASCII, 9600 baud" in source.state.sentence
        assert not source.state.is_present
        assert source.take().records == ()


def test_garbage_is_counted_and_does_no_harm(port: Path, clock: SettableClock) -> None:
    with _monitor(port, "ascii") as monitor, _reading(port, "ascii", clock) as source:
        wait_until(lambda: source.state.is_present)
        monitor.send_garbage(200)
        before = _received(source)
        wait_until(lambda: _received(source) > before + 3 and source.state.counters.invalid)
        assert check_against(monitor.sent, list(source.take().records)).wrong == []


def test_without_electrodes_records_come_without_values(port: Path, clock: SettableClock) -> None:
    with _monitor(port, "ascii") as monitor, _reading(port, "ascii", clock) as source:
        monitor.model.electrodes = "off"
        wait_until(lambda: _received(source) > 3)
        record = source.latest
        assert record is not None
        assert record.status_bits == 0x8000
        assert all(math.isnan(getattr(record.values, each.name)) for each in fields(BisValues))


def test_the_latency_of_the_site_is_subtracted(port: Path, clock: SettableClock) -> None:
    began = clock()
    with (
        _monitor(port, "ascii"),
        _reading(port, "ascii", clock, latency_seconds=9.0) as source,
    ):
        wait_until(lambda: source.latest)
        record = source.latest
        assert record is not None
        assert began - 9 < record.seconds < clock() - 9


def test_a_port_has_one_reader(port: Path, clock: SettableClock) -> None:
    with _monitor(port, "ascii"), _reading(port, "ascii", clock) as source:
        wait_until(lambda: source.state.is_present)
        with _reading(port, "ascii", clock) as other:
            wait_until(lambda: "used by another program" in other.state.sentence)


CLOCK = EventClock(100.0, datetime(2026, 5, 4, tzinfo=UTC))


def test_rows_are_signals_of_the_event() -> None:
    values = BisValues(41.5, 92.0, 27.1, 0.0, 12.3, math.nan, math.nan)
    records = tuple(BisRecord(at, values, 0, 0, "", None, b"") for at in (99.9, 100.0, 105.5))
    rows = BisReadings(records, (), ()).value_rows(CLOCK)
    assert rows[:2] == [SignalRow("bis", "", 0.0, 41.5), SignalRow("sqi", "%", 0.0, 92.0)]
    assert [row.signal for row in rows[6:]] == ["bis", "sqi", "emg", "sr", "sef", "total-power"]
    assert {row.seconds for row in rows} == {0.0, 5.5}
    assert all(SIGNAL_UNITS[row.signal] == row.unit for row in rows)
    assert math.isnan(rows[5].value)
    log = read_signal_log(begin_signal_log() + pack_signals(rows))
    assert log.frame["value"].isna().sum() == 2


def test_rows_of_both_can_be_taken_at_once(port: Path, clock: SettableClock) -> None:
    event = EventClock(clock(), datetime.now(UTC))
    with _monitor(port, "binary"), _reading(port, "binary", clock) as source:
        wait_until(lambda: _received(source) > 20)
        rows = source.take_rows(event)
    assert {row.signal for row in rows} >= {"bis", "sef", "eeg-1", "eeg-2"}
    assert {row.signal: row.unit for row in rows}.items() <= SIGNAL_UNITS.items()
    assert source.state.counters.used > 20


def test_samples_are_signals_of_the_event_too() -> None:
    microvolts = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, np.nan]], np.float32)
    block = EegBlock(100.0 - 1 / 128, 128, microvolts, True, b"")
    rows = BisReadings((), (block,), (BisNotice(100.0, "other", b""),)).eeg_rows(CLOCK)
    assert [(row.signal, row.unit, row.value) for row in rows[:3]] == [
        ("eeg-1", "µV", 3.0),
        ("eeg-2", "µV", 4.0),
        ("eeg-1", "µV", 5.0),
    ]
    assert [row.seconds * 128 for row in rows] == pytest.approx([0, 0, 1, 1])
    assert SIGNAL_UNITS["eeg-1"] == SIGNAL_UNITS["eeg-4"] == "µV"


@pytest.mark.parametrize(
    "wrong", [{"port": ""}, {"protocol": "hex"}, {"latency_seconds": -1.0}, {"spectra": 1}]
)
def test_settings_that_cannot_be_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(SettingsError):
        BisSettings(**{"port": "/dev/ttyUSB0", **wrong})  # type: ignore[arg-type]


def test_the_program_of_the_page_reads_a_simulated_monitor() -> None:
    (program,) = programs_of(ROOT / "docs" / "bis.md")
    made: dict[str, Any] = {}
    exec(compile(program, "bis.md", "exec"), made)
    rows = made["readings"].value_rows(made["clock"])
    assert [row.signal for row in rows[:6]] == ["bis", "sqi", "emg", "sr", "sef", "total-power"]
    assert not any(math.isnan(row.value) for row in rows)
    assert made["source"].state.sentence == "bis was stopped"
