"""Leaps of the clock: silences of the audit log after which the time may be wrong.

A clock that is ahead makes every event old. A row shows that the archive was in use at its time,
so where no row was written for longer than it is ever left alone, either nobody used it or the
clock was set ahead; no program can tell which, and a person who gives the date can.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from recorder_core.catalog.audit.chain import ACCEPT_BREAK
from recorder_core.catalog.model.codes import parse_utc
from recorder_core.errors import CatalogDamaged

__all__ = ["CLOCK_CONFIRMED", "MAX_SILENCE", "ClockLeap", "TimedRow", "find_leap"]

#: detail of the row in which an administrator says that the clock is right
CLOCK_CONFIRMED: Final = "clock:confirmed"
#: `retention apply` that runs every week may fail once
MAX_SILENCE: Final = timedelta(days=15)

#: time, action and detail of a row of the log, as they are stored
TimedRow = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class ClockLeap:
    """A silence of the log that nobody explained.

    Attributes
    ----------
    before, after : datetime
        In UTC; of the rows around it, or the present time after it.
    """

    before: datetime
    after: datetime


def find_leap(rows: Iterable[TimedRow], now: datetime) -> ClockLeap | None:
    """Return the first leap since an administrator last confirmed the clock.

    Parameters
    ----------
    rows : iterable of TimedRow
        Of the whole log, in order.
    now : datetime
        What the clock says, timezone-aware.

    Returns
    -------
    ClockLeap or None
        None where no silence was longer than `MAX_SILENCE`. One to a time that the clock went
        back from, as an administrator accepted, is over.
    """
    latest: datetime | None = None
    leap: ClockLeap | None = None
    for text, action, detail in rows:
        with suppress(CatalogDamaged):  # until that is accepted nothing rests on the log
            at = parse_utc(text)
            leap = leap or _leap(latest, at)
            latest = max(latest or at, at)
            if detail == CLOCK_CONFIRMED:
                leap = None
            elif action == ACCEPT_BREAK:
                latest, leap = at, leap if leap and leap.after <= at else None
    return leap or _leap(latest, now)


def _leap(latest: datetime | None, at: datetime) -> ClockLeap | None:
    is_long = latest is not None and at - latest > MAX_SILENCE
    return ClockLeap(latest, at) if latest is not None and is_long else None
