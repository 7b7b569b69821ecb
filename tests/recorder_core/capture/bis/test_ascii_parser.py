from __future__ import annotations

import math
from dataclasses import astuple, replace
from datetime import datetime

import pytest

from recorder_core.capture.bis import AsciiParser, BisNotice, BisRecord, BisValues, Reading
from recorder_core.simulate.devices import BisMonitorModel, BisNumbers, ChannelNumbers
from recorder_core.simulate.devices.bis_ascii import ascii_header, ascii_line
from tests.recorder_core.capture.bis.streams import PATIENT, speak

#: lines of two real monitors, of which the second has a dead channel
LINE_2015 = (
    b"07/03/2015 13:39:45|      10|      27|On      |None    |Off     |Off     |Yes     |"
    b"     0.0|    10.1|    0000|    36.2|    60.9|    26.9|   100.0|      10|00000000|"
    b"     0.0|     0.1|    0000|    32.8|    60.9|    26.9|   100.0|       7|00000000|"
    b"     0.0|    10.1|    0000|    36.2|    60.9|    26.9|   100.0|       0|00000000|\r\n"
)
LINE_2021 = (
    b"05/14/2021 10:14:46|      10|      27|Off     |None    |Off     |Off     |No      |"
    b"     0.0|     8.1|    21b1|    97.7|    67.7|    47.8|    60.3|      11|00000000|"
    b"     0.0|     0.0|    8000|     0.0|     0.0|     0.0|   100.0|      13|00000000|"
    b"     0.0|     8.1|    21b1|    97.7|    67.7|    47.8|    60.3|       0|00000000|\r\n"
)
VERSION = (
    b"VERSION |07/03/2015 13:39:40|    3.30|    3.30|    1.25|    1.08|    3.15|    3.00|C008800"
    b"\r\n"
)
GOOD = ChannelNumbers(0.0, 10.1, 0x21B1, 36.2, 60.9, 26.9, 100.0)
MOMENT = datetime(2021, 5, 14, 10, 14, 46)


def _read(content: bytes) -> list[Reading]:
    return AsciiParser().feed(content, 5.0)


def _record(content: bytes) -> BisRecord:
    (record,) = (each for each in _read(content) if isinstance(each, BisRecord))
    return record


def _line(numbers: ChannelNumbers, **combined: float) -> bytes:
    return ascii_line(MOMENT, BisNumbers(numbers, numbers, replace(numbers, **combined)))


def _values(found: list[Reading]) -> list[BisValues]:
    return [each.values for each in found if isinstance(each, BisRecord)]


def _kinds(found: list[Reading]) -> list[str]:
    return [each.kind if isinstance(each, BisNotice) else "record" for each in found]


def _is_nothing(values: BisValues) -> bool:
    return all(math.isnan(each) for each in astuple(values))


def test_lines_of_real_monitors_are_read_without_a_header() -> None:
    first, second = _read(LINE_2015 + LINE_2021)
    assert isinstance(first, BisRecord)
    assert isinstance(second, BisRecord)
    assert astuple(first.values)[:6] == (36.2, 100.0, 26.9, 0.0, 10.1, 60.9)
    assert (first.monitor_time, first.status_bits) == ("07/03/2015 13:39:45", 0)
    assert (first.raw, first.seconds) == (LINE_2015, 5.0)
    assert astuple(second.values)[:6] == (97.7, 60.3, 47.8, 0.0, 8.1, 67.7)
    assert second.status_bits == 0x21B1


@pytest.mark.parametrize("with_digits", [True, False])
def test_headers_name_the_columns_with_digits_and_without(with_digits: bool) -> None:
    found = _read(VERSION + ascii_header(with_digits=with_digits) + LINE_2015)
    assert _kinds(found) == ["version", "header", "header", "record"]
    assert _values(found)[0].bis == 36.2


def _without(content: bytes, places: tuple[int, ...]) -> bytes:
    """Lines without the columns at these places."""
    lines = [line.split(b"|") for line in content.split(b"\r\n")[:-1]]
    return b"".join(
        b"|".join(cell for place, cell in enumerate(line) if place not in places) + b"\r\n"
        for line in lines
    )


def test_a_header_with_other_columns_counts() -> None:
    # no SEF and no TOTPOW, in no channel, and no filters
    places = (3, 9, 12, 18, 21, 27, 30)
    values = _values(_read(_without(ascii_header() + LINE_2015, places)))[0]
    assert (values.bis, values.emg, values.sr) == (36.2, 26.9, 0.0)
    assert math.isnan(values.sef)
    assert math.isnan(values.total_power)


@pytest.mark.parametrize(
    ("good", "bad"),
    [
        (b"|SEF07   |BISBIT00|BIS     |", b"|SEF07   |BISBIT00|BIQ     |"),
        (b"|Ch. 2   |", b"|Ch. 1   |"),
        (b"|SR11    |SEF07   |", b"|SR11    SEF07   |"),
    ],
)
def test_a_damaged_header_changes_nothing(good: bytes, bad: bytes) -> None:
    header = ascii_header()
    assert good in header
    found = _read(header.replace(good, bad, 1) + LINE_2015)
    assert "unreadable" in _kinds(found)
    assert _values(found)[0].bis == 36.2


def test_zeros_before_a_line_are_skipped_and_in_it_are_damage() -> None:
    assert _kinds(_read(b"\0\0" + LINE_2015 + b"\0" + LINE_2021)) == ["record", "record"]
    assert _kinds(_read(LINE_2015 + LINE_2015.replace(b"On", b"O\0"))) == ["record", "unreadable"]


def test_a_stream_that_is_joined_begins_with_a_fragment() -> None:
    assert _kinds(_read(LINE_2015[100:] + LINE_2021)) == ["fragment", "record"]


def _stream() -> bytes:
    return bytes(speak(BisMonitorModel(PATIENT), 1).content) + b"\0" + LINE_2021


def test_streams_split_at_every_byte_give_the_same_records() -> None:
    content = _stream()
    parser = AsciiParser()
    whole = parser.feed(content, 1.0)
    assert _kinds(whole) == ["header", "header", "record", "record"]
    for place in range(len(content) + 1):
        parser = AsciiParser()
        assert repr(parser.feed(content[:place], 1.0) + parser.feed(content[place:], 1.0)) == repr(
            whole
        )
    parser = AsciiParser()
    single = [each for byte in content for each in parser.feed(bytes([byte]), 1.0)]
    assert repr(single) == repr(whole)
    assert [each.raw for each in single] == [each.raw for each in whole]


def test_a_record_is_stamped_when_its_first_byte_arrives() -> None:
    parser = AsciiParser()
    assert parser.feed(LINE_2015[:1], 10.0) == []
    assert parser.feed(LINE_2015[1:200], 10.2) == []
    first, second = parser.feed(LINE_2015[200:] + LINE_2021, 10.4)
    assert (first.seconds, second.seconds) == (10.0, 10.4)


def test_the_ends_of_two_lines_are_no_line() -> None:
    parser = AsciiParser()
    assert parser.feed(LINE_2015[:40], 10.0) == []
    assert _kinds(parser.feed(LINE_2015[40:], 15.0)) == ["fragment"]
    assert _kinds(parser.feed(LINE_2015, 20.0)) == ["record"]


@pytest.mark.parametrize(
    "change",
    [
        {"status_bits": 0x8000},
        {"bis": 0.0, "sr": 0.0},
        {"sqi": -3276.8},
        {"sqi": 100.1},
    ],
)
def test_without_a_signal_nothing_is_valid(change: dict[str, float]) -> None:
    assert _is_nothing(_record(_line(replace(GOOD, **change))).values)


def test_a_flat_line_is_an_index_of_zero() -> None:
    assert _record(_line(replace(GOOD, bis=0.0, sr=99.4))).values.bis == 0.0


def test_without_quality_only_the_quality_is_valid() -> None:
    values = _record(_line(replace(GOOD, sqi=14.9))).values
    assert values.sqi == 14.9
    assert _is_nothing(replace(values, sqi=math.nan))
    assert _record(_line(replace(GOOD, sqi=15.0))).values.bis == 36.2


@pytest.mark.parametrize(
    ("name", "value"),
    [("bis", -3276.8), ("sr", -3276.8), ("sef", -327.7), ("total_power", -327.7), ("emg", -327.7),
     ("sef", 30.1), ("bis", 100.1), ("emg", -0.1)],
)  # fmt: skip
def test_a_sentinel_is_no_value(name: str, value: float) -> None:
    values = _record(_line(replace(GOOD, **{name: value}))).values
    assert math.isnan(getattr(values, name))
    assert getattr(values, "sqi") == 100.0  # noqa: B009
    assert math.isnan(values.bis) is (name == "bis")


def test_a_blank_column_has_no_value() -> None:
    values = _record(_line(GOOD).replace(b"    36.2", b"        ")).values
    assert math.isnan(values.bis)
    assert values.emg == 26.9


@pytest.mark.parametrize(
    ("good", "bad"),
    [
        (b"    36.2", b"    3.62."),
        (b"    36.2", b"    36:2"),
        (b"    36.2", b"     36.2"),
        (b"05/14/2021", b"15/34/2021"),
        (b"|Off     |", b"|Off     "),
        (b"|Off     |", b"|Off\xff    |"),
        (b"21b1", b"21g1"),
    ],
)
def test_a_damaged_line_gives_no_record(good: bytes, bad: bytes) -> None:
    found = _read(_line(GOOD) + _line(GOOD).replace(good, bad, 1) + _line(GOOD))
    assert _kinds(found) == ["record", "unreadable", "record"]


def test_another_digit_is_found_by_the_other_channels() -> None:
    damaged = _line(GOOD, bis=76.2)
    before, between, after = _values(_read(_line(GOOD) + damaged + _line(GOOD)))
    assert (before.bis, after.bis, between.emg) == (36.2, 36.2, 26.9)
    assert math.isnan(between.bis)


def test_a_sensor_with_channels_of_their_own_is_believed_after_three_lines() -> None:
    line = _line(GOOD, bis=38.0)
    values = [each.bis for each in _values(_read(7 * line))]
    assert [math.isnan(each) for each in values] == [True] * 3 + [False] * 4
    assert set(values[3:]) == {38.0}


def test_what_is_no_value_says_nothing_of_the_sensor() -> None:
    line, off = _line(GOOD, bis=38.0), _line(replace(GOOD, status_bits=0x8000))
    unknown = _line(replace(GOOD, bis=-3276.8))
    values = _values(_read(4 * line + 30 * off + 30 * unknown + line))
    assert (values[3].bis, values[-1].bis) == (38.0, 38.0)


def test_columns_of_other_widths_are_believed_after_three_lines() -> None:
    line = LINE_2021.replace(b"|      10|", b"|       10|")
    assert _kinds(_read(5 * line)) == ["fragment", *["unreadable"] * 2, "record", "record"]
    # a single one is damage, and what was learned stays
    found = _read(5 * line + line.replace(b"Off", b"Of", 1) + line)
    assert _kinds(found)[-3:] == ["record", "unreadable", "record"]


def test_a_line_without_end_is_given_up() -> None:
    found = _read(b"x" * 3000 + b"\r\n" + LINE_2021)
    assert _kinds(found) == ["fragment", "unreadable", "unreadable", "record"]
    assert sum(len(each.raw) for each in found) == 3002 + len(LINE_2021)


def test_after_a_pause_nothing_follows_what_was_there_before() -> None:
    parser = AsciiParser()
    parser.feed(LINE_2015[:200], 1.0)
    parser.restart()
    assert _kinds(parser.feed(LINE_2015[200:] + LINE_2021, 2.0)) == ["fragment", "record"]
