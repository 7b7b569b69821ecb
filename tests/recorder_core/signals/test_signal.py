from __future__ import annotations

import numpy as np
import pytest

from recorder_core.errors import DataError
from recorder_core.signals import Signal, split_signals

SECONDS = np.arange(4.0)


def test_a_signal_has_a_value_for_each_time() -> None:
    with pytest.raises(DataError, match="one value for each time"):
        Signal("BIS", "", SECONDS, SECONDS[1:])
    with pytest.raises(DataError, match="do not rise"):
        Signal("BIS", "", SECONDS[::-1], SECONDS)
    assert repr(Signal("BIS", "", SECONDS, SECONDS)) == (
        "Signal(name='BIS', unit='', seconds=float64 (4,), values=float64 (4,))"
    )


def test_a_table_is_split_and_of_two_values_at_one_time_the_first_counts() -> None:
    columns = {
        "signal": ["bis", "spo2", "bis", "bis"],
        "unit": ["", "%", "", ""],
        "seconds": [5.0, 0.0, 1.0, 5.0],
        "value": [41.0, None, 44.0, 99.0],
    }
    bis, spo2 = split_signals(columns)
    assert (bis.name, bis.unit, spo2.name, spo2.unit) == ("bis", "", "spo2", "%")
    assert bis.seconds.tolist() == [1, 5]
    assert bis.values.tolist() == [44, 41]
    assert np.isnan(spo2.values).tolist() == [True]
