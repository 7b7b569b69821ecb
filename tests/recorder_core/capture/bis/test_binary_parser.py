from __future__ import annotations

import math
import struct
from dataclasses import astuple, replace

import numpy as np
import pytest

from recorder_core.capture.bis import BinaryParser, BisNotice, BisRecord, EegBlock, Reading
from recorder_core.capture.bis.binary_messages import requests
from recorder_core.simulate.devices import BisMonitorModel, BisNumbers, ChannelNumbers
from recorder_core.simulate.devices.bis_binary import (
    binary_packet,
    raw_eeg_data,
    variables_data,
)
from tests.recorder_core.capture.bis.streams import PATIENT, speak

#: processed variables as the specification has them: BIS 36.2, SEF 10.10, SQI 100, total power
#: 60.90, EMG 26.90
VARIABLES = bytes.fromhex(
    "ba ab 07 00 84 00 01 00 04 00 00 00 34 00 00 00 03 00 78 00"
    "0a 01 1b 01 02 00 00 00 01 00 00 00 14 00 00 00 5e f3 ff ff 01 00 00 00"
    "0b 00 00 00 0d 00 00 00 00 03 02 00 02 00 00 00 00 00 00 00 00 00 00 00"
    "00 00 f2 03 00 00 6a 01 6a 01 6a 01 ca 17 82 0a e8 03 00 00 00 00 00 00"
    "00 00 0a 00 00 00 48 01 48 01 48 01 ca 17 82 0a e8 03 00 00 00 00 00 00"
    "00 00 f2 03 00 00 6a 01 6a 01 6a 01 ca 17 82 0a e8 03 00 00 00 00 00 00"
    "45 11"
)
GOOD = ChannelNumbers(0.0, 10.1, 0x21B1, 36.2, 60.9, 26.9, 100.0)


def _read(content: bytes) -> list[Reading]:
    return BinaryParser().feed(content, 5.0)


def _packet(numbers: ChannelNumbers, **combined: float) -> bytes:
    data = variables_data(BisNumbers(numbers, numbers, replace(numbers, **combined)))
    return binary_packet(52, data, 1)


def _records(found: list[Reading]) -> list[BisRecord]:
    return [each for each in found if isinstance(each, BisRecord)]


def _kinds(found: list[Reading]) -> list[str]:
    names = {BisRecord: "record", EegBlock: "eeg"}
    return [each.kind if isinstance(each, BisNotice) else names[type(each)] for each in found]


def test_processed_variables_are_read() -> None:
    (record,) = _records(_read(VARIABLES))
    assert astuple(record.values)[:6] == (36.2, 100.0, 26.9, 0.0, 10.1, 60.9)
    assert math.isnan(record.values.burst_rate)
    assert (record.status_bits, record.artefact_bits, record.seconds) == (0, 0, 5.0)
    assert record.raw == VARIABLES


def test_requests_are_as_specified() -> None:
    asked = requests(with_spectra=False, with_extra_variables=False, with_raw_eeg=True)
    assert [each.hex(" ") for each in asked] == [
        "ba ab 00 00 0c 00 01 00 06 00 00 00 ec 03 00 00 00 00 00 00 02 01",
        "ba ab 00 00 0d 00 01 00 04 00 00 00 73 00 00 00 00 00 01 00 00 86 00",
        "ba ab 00 00 0e 00 01 00 04 00 00 00 6f 00 00 00 00 00 02 00 80 00 04 01",
    ]
    asked = requests(with_spectra=True, with_extra_variables=True, with_raw_eeg=False)
    assert asked[1].hex(" ") == (
        "ba ab 00 00 0d 00 01 00 04 00 00 00 73 00 00 00 00 00 01 00 01 87 00"
    )
    assert struct.unpack_from("<II", asked[2], 8) == (5, 1019)


def test_samples_are_microvolts_at_128_hz() -> None:
    numbers = np.arange(-16, 16, dtype="<i2").reshape(16, 2) - 3234
    numbers[3, 1] = -32768
    data = struct.pack("<HH", 2, 128) + numbers.tobytes()
    (block,) = _read(binary_packet(50, data, 8))
    assert isinstance(block, EegBlock)
    assert len(block.raw) == 90
    assert block.sample_rate == 128
    assert block.microvolts.shape == (16, 2)
    assert block.microvolts[0, 0] == pytest.approx(-0.8)
    assert block.microvolts[15, 1] == pytest.approx(0.75)
    assert np.isnan(block.microvolts[3, 1])
    assert np.isnan(block.microvolts).sum() == 1
    # the packet arrives when its last sample was taken
    assert block.seconds == pytest.approx(5.0 - 0.125)


def test_the_converter_of_two_messages_that_agree_counts() -> None:
    data = bytearray(variables_data(BisNumbers(GOOD, GOOD, GOOD)))
    data[8:12] = struct.pack("<i", 2)  # twice the gain
    changed, raw = binary_packet(52, bytes(data), 1), raw_eeg_data(np.full((16, 2), 10.0))
    samples = binary_packet(50, raw, 1)
    found = _read(VARIABLES + changed + samples + changed + samples)
    first, second = (each.microvolts[0, 0] for each in found if isinstance(each, EegBlock))
    assert (first, second) == pytest.approx((10.0, 20.0))


@pytest.mark.parametrize(("extra", "spectra"), [(False, True), (True, False), (True, True)])
def test_spectra_and_extra_variables_are_read(extra: bool, spectra: bool) -> None:
    model = BisMonitorModel(PATIENT, "binary")
    asked = requests(with_spectra=spectra, with_extra_variables=extra, with_raw_eeg=False)
    (version,) = [each for request in asked for each in model.hear(request)]
    (sent,) = model.tick(0)
    notice, record = _read(version.content + sent.content)
    assert isinstance(notice, BisNotice)
    assert notice.kind == "version"
    assert isinstance(record, BisRecord)
    assert sent.combined is not None
    assert record.values.bis == sent.combined.bis
    assert (record.values.burst_rate == 3.0) is extra
    assert (record.spectra_db is not None) is spectra
    if record.spectra_db is not None:
        assert record.spectra_db.shape == (2, 60)
        assert record.spectra_db[1, 0] == pytest.approx(60.0)
        assert record.spectra_db[0, 59] == pytest.approx(10.0)


def test_the_start_of_a_packet_may_stand_inside_of_one() -> None:
    numbers = np.full((16, 2), -3234, "<i2")
    numbers[2], numbers[7] = (struct.unpack("<h", b"\xba\xab") * 2), -17222
    samples = binary_packet(50, struct.pack("<HH", 2, 128) + numbers.tobytes(), 8)
    assert samples.count(b"\xba\xab") > 2
    assert _kinds(_read(samples + VARIABLES + samples)) == ["eeg", "record", "eeg"]


@pytest.mark.parametrize("place", range(len(VARIABLES)))
def test_a_packet_with_a_damaged_byte_is_skipped_and_the_next_is_read(place: int) -> None:
    damaged = bytearray(VARIABLES)
    damaged[place] ^= 0x10
    found = _read(VARIABLES + bytes(damaged) + 10 * VARIABLES)
    assert len(_records(found)) == 11
    assert [each.raw for each in found if isinstance(each, BisNotice)] == [bytes(damaged)]


def test_a_length_that_is_damaged_holds_nothing_up_for_long() -> None:
    damaged = bytearray(VARIABLES)
    damaged[4:6], damaged[18:20] = struct.pack("<H", 1012), struct.pack("<H", 1000)
    found = _read(bytes(damaged) + 8 * VARIABLES)
    assert len(_records(found)) == 8


def test_a_stream_that_is_joined_begins_with_a_fragment() -> None:
    assert _kinds(_read(VARIABLES[50:] + VARIABLES)) == ["fragment", "record"]


def test_what_is_not_known_is_kept() -> None:
    other = binary_packet(1115, b"event", 4)
    short = binary_packet(52, bytes(119), 4)
    answer = bytearray(binary_packet(0, b"", 4))
    answer[6], answer[20] = 2, answer[20] + 1  # acknowledged
    found = _read(other + short + bytes(answer))
    assert _kinds(found) == ["other", "unreadable", "other"]
    assert [each.raw for each in found] == [other, short, bytes(answer)]


def test_streams_split_at_every_byte_give_the_same_records() -> None:
    model = BisMonitorModel(PATIENT, "binary", speaks_unasked=True)
    sent = bytes(speak(model, 10).content)
    content = sent[30:500] + b"\xba" + sent[500:]
    whole = BinaryParser().feed(content, 1.0)
    assert _kinds(whole).count("record") == 2
    assert _kinds(whole).count("eeg") == 8
    for place in range(len(content) + 1):
        parser = BinaryParser()
        parts = parser.feed(content[:place], 1.0) + parser.feed(content[place:], 1.0)
        assert [(repr(each), each.raw) for each in parts] == [
            (repr(each), each.raw) for each in whole
        ]


def test_a_record_is_stamped_when_its_first_byte_arrives() -> None:
    parser = BinaryParser()
    assert parser.feed(VARIABLES[:1], 10.0) == []
    first, second = parser.feed(VARIABLES[1:] + VARIABLES, 10.4)
    assert (first.seconds, second.seconds) == (10.0, 10.4)


@pytest.mark.parametrize("change", [{"status_bits": 0x8000}, {"sqi": -3276.8}, {"bis": 0.0}])
def test_without_a_signal_nothing_is_valid(change: dict[str, float]) -> None:
    (record,) = _records(_read(_packet(replace(GOOD, **change))))
    assert all(math.isnan(each) for each in astuple(record.values))


def test_sentinels_are_no_values() -> None:
    numbers = replace(GOOD, bis=-327.7, sef=-327.68, emg=-32.77)
    (record,) = _records(_read(_packet(numbers)))
    assert [math.isnan(each) for each in astuple(record.values)] == [
        True, False, True, False, True, False, True,
    ]  # fmt: skip


def test_a_value_that_no_other_channel_has_is_withheld() -> None:
    (_, record) = _records(_read(_packet(GOOD) + _packet(GOOD, bis=76.2)))
    assert math.isnan(record.values.bis)
    assert record.values.emg == 26.9


def _starts(arrivals: list[float]) -> list[tuple[float, bool]]:
    parser, packet = BinaryParser(), binary_packet(50, raw_eeg_data(np.zeros((16, 2))), 1)
    blocks = [each for at in arrivals for each in parser.feed(packet, at)]
    return [(each.seconds, each.is_joined) for each in blocks if isinstance(each, EegBlock)]


def test_samples_follow_one_another_whatever_the_jitter() -> None:
    jitter = np.random.default_rng(2).uniform(0, 0.03, 400)
    starts = _starts([10 + number / 8 + late for number, late in enumerate(jitter)])
    assert [is_joined for _, is_joined in starts] == [False] + [True] * 399
    steps = np.diff([seconds for seconds, _ in starts])
    assert np.abs(steps - 0.125).max() <= 0.002
    # in the long run they are where they arrive, on the mean
    assert starts[-1][0] == pytest.approx(10 + 399 / 8 - 0.125 + 0.015, abs=0.01)


def test_a_monitor_with_another_clock_is_followed() -> None:
    starts = _starts([10 + number * 0.125 * 1.0003 for number in range(4000)])
    assert all(is_joined for _, is_joined in starts[1:])
    assert starts[-1][0] == pytest.approx(10 + 3999 * 0.125 * 1.0003 - 0.125, abs=0.005)


def test_a_lost_block_leaves_a_gap() -> None:
    arrivals = [10 + number / 8 for number in range(30) if number not in (12, 13)]
    starts = _starts(arrivals)
    assert [number for number, (_, is_joined) in enumerate(starts) if not is_joined] == [0, 12]
    assert starts[12][0] == pytest.approx(10 + 14 / 8 - 0.125)


def test_samples_that_arrive_together_stay_in_order() -> None:
    starts = _starts([10.0 + number / 8 for number in range(8)] + [13.0] * 8)
    assert (np.diff([seconds for seconds, _ in starts]) > 0.1229).all()
