"""The simulated devices send what was seen of real ones."""

from __future__ import annotations

import random
from datetime import datetime

import numpy as np
import pytest

from recorder_core.capture.bis.binary_packets import make_packet
from recorder_core.simulate.devices import (
    DAMAGES,
    BisMonitorModel,
    BisNumbers,
    ChannelNumbers,
    SimulatedFootSwitch,
    damage_bytes,
    numbers_of,
)
from recorder_core.simulate.devices.bis_ascii import ascii_header, ascii_line
from recorder_core.simulate.devices.bis_binary import binary_packet, variables_data
from recorder_core.simulate.physiology import Patient

PATIENT = Patient.invent(np.random.default_rng(3))
FIRST = ChannelNumbers(0.0, 10.1, 0, 36.2, 60.9, 26.9, 100.0, 10)
SECOND = ChannelNumbers(0.0, 0.1, 0, 32.8, 60.9, 26.9, 100.0, 7)
COMBINED = ChannelNumbers(0.0, 10.1, 0, 36.2, 60.9, 26.9, 100.0, 0)


def test_a_line_is_that_of_a_real_monitor() -> None:
    line = ascii_line(datetime(2015, 7, 3, 13, 39, 45), BisNumbers(FIRST, SECOND, COMBINED))
    assert line == (
        b"07/03/2015 13:39:45|      10|      27|On      |None    |Off     |Off     |Yes     |"
        b"     0.0|    10.1|    0000|    36.2|    60.9|    26.9|   100.0|      10|00000000|"
        b"     0.0|     0.1|    0000|    32.8|    60.9|    26.9|   100.0|       7|00000000|"
        b"     0.0|    10.1|    0000|    36.2|    60.9|    26.9|   100.0|       0|00000000|\r\n"
    )
    assert len(line) == 328


def test_headers_have_the_columns_of_the_data() -> None:
    above, names = ascii_header().splitlines()
    assert above.startswith(b"S_HDR3             |SYS 3.30|        |")
    assert [cell.strip() for cell in names.split(b"|")][8:17] == [
        b"SR11", b"SEF07", b"BISBIT00", b"BIS", b"TOTPOW07", b"EMGLOW01", b"SQI09", b"IMPEDNCE",
        b"ARTF2",
    ]  # fmt: skip
    assert len(above) == len(names) == 326
    assert [above.split(b"|").index(each) for each in (b"Ch. 1   ", b"Ch. 2   ", b"Ch. 12  ")] == [
        8,
        17,
        26,
    ]
    assert b"|SQI     |" in ascii_header(with_digits=False)


def test_a_packet_is_as_specified() -> None:
    packet = binary_packet(52, variables_data(BisNumbers(FIRST, SECOND, COMBINED)), 7)
    assert len(packet) == 142
    assert packet[:6].hex(" ") == "ba ab 07 00 84 00"
    assert packet[68:92].hex(" ") == (
        "00 00 f2 03 00 00 6a 01 6a 01 6a 01 ca 17 82 0a e8 03 00 00 00 00 00 00"
    )
    assert int.from_bytes(packet[-2:], "little") == sum(packet[2:-2])


def test_a_monitor_does_what_it_is_told() -> None:
    model = BisMonitorModel(PATIENT)
    assert model.tick(0) == []
    assert [each.content[:7] for each in model.hear(b"VUx")] == [b"VERSION", b"S_HDR3 "]
    assert model.tick(0) == []
    model.hear(b"D")
    assert len(model.tick(0)) == 1
    model.hear(b"C")
    assert model.tick(1) == []


def test_a_monitor_of_the_binary_protocol_does_what_it_is_told() -> None:
    model = BisMonitorModel(PATIENT, "binary")
    start, stop = make_packet(4, 115, b"\0"), make_packet(4, 116)
    raw = make_packet(4, 111, b"\x80\0")
    assert model.hear(start[:9]) == []
    assert model.tick(0) == []
    model.hear(start[9:] + raw)
    assert [len(each.content) for each in model.tick(0) + model.tick(1)] == [90, 142, 90]
    model.hear(stop + make_packet(4, 112))
    assert model.tick(8) == []


def test_the_index_is_the_patient_s() -> None:
    for seconds in (0.0, 31.0, 600.0):
        numbers = numbers_of(PATIENT, seconds)
        assert numbers.combined.bis == pytest.approx(float(PATIENT.depth(seconds)), abs=0.051)
        assert numbers.combined.bis == numbers.first.bis != numbers.second.bis
        both = numbers_of(PATIENT, seconds, is_bilateral=True)
        assert both.combined.bis not in (both.first.bis, both.second.bis)


@pytest.mark.parametrize("name", DAMAGES)
def test_damage_changes_bytes(name: str) -> None:
    content = bytes(range(48, 58)) * 20
    changed = 0
    for seed in range(20):
        damaged = bytearray(content)
        DAMAGES[name](damaged, seed, random.Random(seed))
        changed += damaged != content
    assert changed > 15


def test_damage_is_repeatable_and_takes_nothing_too() -> None:
    first, second = (damage_bytes(b"x" * 50, random.Random(3), times=3) for _ in range(2))
    assert first == second != b"x" * 50
    assert damage_bytes(b"", random.Random(3)) == b""


def test_a_pedal_says_what_the_kernel_would() -> None:
    pedal = SimulatedFootSwitch()
    with pedal.open() as contact:
        at = pedal.press(0.01)
        down, up = contact.wait(1.0)
    assert (down.is_down, up.is_down) == (True, False)
    assert down.seconds == pytest.approx(at, abs=1e-6)
    assert up.seconds >= at + 0.009
