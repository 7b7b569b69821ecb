"""What signals say: how long a value holds, where nothing is known, and what a span held."""

from recorder_core.signals.measuring import (
    BIS_RANGE,
    MAX_HOLD_INTERVALS,
    SpanMeasure,
    find_gaps,
    measure_span,
    usual_interval,
)
from recorder_core.signals.names import SIGNAL_UNITS
from recorder_core.signals.signal import Signal, split_signals

__all__ = [
    "BIS_RANGE",
    "MAX_HOLD_INTERVALS",
    "SIGNAL_UNITS",
    "Signal",
    "SpanMeasure",
    "find_gaps",
    "measure_span",
    "split_signals",
    "usual_interval",
]
