from __future__ import annotations

import os
import struct
import subprocess
import time
import tty
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from recorder_core.capture import serial_port
from recorder_core.capture.serial_port import SerialPort, open_serial_port
from recorder_core.capture.switch import SwitchSettings, SwitchSource, input_device
from recorder_core.capture.switch.input_device import InputEvents, open_input_device
from recorder_core.capture.switch.serial_contact import SerialContact
from recorder_core.errors import SettingsError, SourceNotFound
from recorder_core.simulate.devices import SimulatedFootSwitch
from tests.integration.documents.blocks import ROOT, programs_of
from tests.waiting import wait_until

SETTINGS = SwitchSettings(kind="input", address="/dev/input/by-id/usb-pedal-event-kbd")


@contextmanager
def _started(source: SwitchSource) -> Iterator[None]:
    source.start()
    try:
        yield
    finally:
        source.close()


def _received(source: SwitchSource) -> int:
    return source.state.counters.received


def test_a_press_has_the_time_at_which_the_contact_closed() -> None:
    pedal = SimulatedFootSwitch()
    source = SwitchSource("pedal", SETTINGS, open_contact=pedal.open)
    with _started(source):
        wait_until(lambda: source.state.is_present)
        first = pedal.change(True)
        pedal.change(False, first + 0.05)
        wait_until(lambda: _received(source) == 1)
        found = source.take()
        second = pedal.change(True, first + 0.5)
        # it is long while it lasts
        wait_until(lambda: _received(source) == 2)
        assert source.state.counters.used == 1
        found += source.take()
        assert source.take() == []
    assert [press.is_long for press in found] == [False, True]
    assert [press.seconds for press in found] == pytest.approx([first, second], abs=1e-6)
    assert source.state.counters.received == source.state.counters.used == 2
    assert not source.state.is_present


def test_a_switch_that_is_unplugged_is_opened_again() -> None:
    pedal = SimulatedFootSwitch()
    source = SwitchSource("pedal", SETTINGS, open_contact=pedal.open, retry_seconds=0.02)
    with _started(source):
        for number in range(1, 4):
            wait_until(lambda: source.state.is_present)
            assert source.state.connections == number
            pedal.change(True)
            pedal.unplug()
            wait_until(lambda: not source.state.is_present)
            assert "plug it in" in source.state.sentence
            # a press that the unplugging cut off counts
            assert len(source.take()) == 1
            pedal.plug_in()
        wait_until(lambda: source.state.is_present)
        assert source.state.sentence == ""


def test_only_presses_and_releases_of_the_key_are_read() -> None:
    reading, writing = os.pipe()
    event = struct.Struct("llHHi")
    script = [(1, 30, 1), (1, 48, 1), (1, 48, 2), (1, 48, 2), (0, 0, 0), (4, 4, 9), (1, 48, 0)]
    content = b"".join(event.pack(7, at, *each) for at, each in enumerate(script))
    os.write(writing, content)
    changes = InputEvents([reading], 48).wait(0.0)
    assert changes == [(True, pytest.approx(7.000001)), (False, pytest.approx(7.000006))]
    os.close(reading)
    os.close(writing)


def test_numbers_of_the_kernel_are_those_of_its_header(tmp_path: Path) -> None:
    source = tmp_path / "numbers.c"
    source.write_text(
        "#include <linux/input.h>\n#include <stdio.h>\n"
        'int main(void) { printf("%lu %lu %zu %d", (unsigned long)EVIOCGRAB,'
        " (unsigned long)EVIOCSCLOCKID, sizeof(struct input_event), EV_KEY); }\n"
    )
    subprocess.run(["cc", source, "-o", tmp_path / "numbers"], check=True)
    said = subprocess.run([tmp_path / "numbers"], capture_output=True, text=True, check=True)
    assert [int(each) for each in said.stdout.split()] == [
        input_device.GRAB,
        input_device.SET_CLOCK,
        input_device.INPUT_EVENT.size,
        input_device.KEY_EVENT,
    ]


def test_a_usb_device_is_found_by_vendor_and_product(tmp_path: Path) -> None:
    for name, vendor in (("event3", "3553"), ("event4", "046d"), ("event5", "3553")):
        folder = tmp_path / name / "device" / "id"
        folder.mkdir(parents=True)
        (folder / "vendor").write_text(f"{vendor}\n")
        (folder / "product").write_text("b001\n")
    found = input_device._paths("3553:B001", tmp_path)
    assert [str(path) for path in found] == ["/dev/input/event3", "/dev/input/event5"]
    with pytest.raises(FileNotFoundError):
        input_device._paths("3553:b002", tmp_path)
    assert input_device._paths("/dev/input/event9", tmp_path) == [Path("/dev/input/event9")]


@pytest.mark.parametrize(
    ("address", "sentence"),
    [
        ("/dev/input/by-id/none", "is not there: plug it in"),
        ("ffff:ffff", "is not there: plug it in"),
        ("/dev/null", "cannot be opened as an input device"),
    ],
)
def test_a_switch_that_cannot_be_opened_says_why(address: str, sentence: str) -> None:
    with pytest.raises(SourceNotFound, match=sentence), open_input_device(address, None):
        pass


def test_elsewhere_than_on_linux_another_way_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(input_device.sys, "platform", "darwin")
    with pytest.raises(SourceNotFound, match="on Linux only"), open_input_device("x", None):
        pass


@pytest.mark.parametrize("line", ["cts", "dsr"])
def test_a_contact_at_a_serial_line_is_read(line: str) -> None:
    ports = list[SerialPort]()

    @contextmanager
    def opened() -> Iterator[SerialContact]:
        # a port whose inputs are what its outputs are
        with open_serial_port("loop://", 9600) as port:
            _set(port, line, False)
            ports.append(port)
            yield SerialContact(port, line)

    settings = SwitchSettings(kind="serial", address="loop://", line=line)  # type: ignore[arg-type]
    source = SwitchSource("pedal", settings, open_contact=opened)
    with _started(source):
        wait_until(lambda: source.state.is_present)
        before = time.monotonic()
        _set(ports[0], line, True)
        time.sleep(0.1)
        _set(ports[0], line, False)
        wait_until(lambda: _received(source))
    found = source.take()
    assert before < found[0].seconds < time.monotonic()
    assert found[0].is_long is False or time.monotonic() - before > 1
    assert len(found) == 1


def _set(port: SerialPort, line: str, value: bool) -> None:
    setattr(port._port, {"cts": "rts", "dsr": "dtr"}[line], value)


def test_a_port_without_lines_says_so() -> None:
    device, reader = os.openpty()
    tty.setraw(reader)
    settings = SwitchSettings(kind="serial", address=os.ttyname(reader))
    source = SwitchSource("pedal", settings, retry_seconds=0.02)
    with _started(source):
        wait_until(lambda: "has no line cts: name another port" in source.state.sentence)
    os.close(device)
    os.close(reader)


def test_a_file_is_no_serial_port(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with (
        pytest.raises(SourceNotFound, match="cannot be opened as a serial port"),
        serial_port.open_serial_port(str(tmp_path / "file"), 9600),
    ):
        pass


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": "mouse"},
        {"address": ""},
        {"line": "rts"},
        {"debounce_seconds": 2.0},
        {"long_seconds": 11.0},
        {"key_code": "b"},
    ],
)
def test_settings_that_cannot_be_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(SettingsError):
        SwitchSettings(**{"kind": "input", "address": "x", **wrong})  # type: ignore[arg-type]


def test_the_program_of_the_page_reads_a_simulated_switch() -> None:
    (program,) = programs_of(ROOT / "docs" / "foot-switch.md")
    made: dict[str, Any] = {}
    exec(compile(program, "foot-switch.md", "exec"), made)
    assert [press.is_long for press in made["presses"]] == [False]
