from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from recorder_core.datasets.formats.values import (
    format_number,
    format_value,
    parse_flag,
    parse_value,
)
from recorder_core.errors import DataError


@given(st.one_of(st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False)))
def test_values_come_back(value):
    again = parse_value(format_value(value))
    assert again == value
    assert isinstance(again, bool) == isinstance(value, bool)


@pytest.mark.parametrize("text", ["07", "1e3", "True", "1.50", "nan", "inf", "", "1_0", " 1"])
def test_text_that_would_change_stays_text(text):
    assert parse_value(text) == text


@pytest.mark.parametrize(("value", "text"), [(3.0, "3"), (-0.5, "-0.5"), (7, "7"), (0.1, "0.1")])
def test_whole_numbers_have_no_point(value, text):
    assert format_number(value) == text


@pytest.mark.parametrize("off", [False, 0, 0.0, "false", "False", " no ", "0", ""])
def test_a_checkbox_that_is_off(off):
    assert parse_flag(off) is False


@pytest.mark.parametrize("on", [True, 1, 2, "true", "TRUE", "yes", "1"])
def test_a_checkbox_that_is_on(on):
    assert parse_flag(on) is True


def test_a_checkbox_that_is_neither():
    with pytest.raises(DataError, match="'perhaps' is neither true nor false"):
        parse_flag("perhaps")
