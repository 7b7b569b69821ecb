"""Signals as the bytes that widgets take."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from recorder_core.signals import Signal

__all__ = ["pack_signals"]


def pack_signals(signals: Sequence[Signal]) -> dict[str, Any]:
    """Return signals as widgets take them: `signals`, their names, and `samples`, the bytes."""
    columns = [column for each in signals for column in (each.seconds, each.values)]
    named = [
        {"name": each.name, "unit": each.unit, "samples": len(each.seconds)} for each in signals
    ]
    samples = b"".join(np.asarray(column, np.float64).tobytes() for column in columns)
    return {"signals": named, "samples": samples}
