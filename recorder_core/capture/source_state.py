"""How a source is, in a sentence."""

from __future__ import annotations

from recorder_core.capture.connection import Connection
from recorder_core.capture.presence import Presence
from recorder_core.capture.source import SourceCounters, SourceState

__all__ = ["state_of"]


def state_of(
    name: str,
    presence: Presence,
    connection: Connection | None,
    counters: SourceCounters,
    now: float,
) -> SourceState:
    """Return the state of a source at a moment.

    Parameters
    ----------
    name : str
        Of the source.
    presence : Presence
        What its watchdog knows.
    connection : Connection, optional
        Of its input.
    counters : SourceCounters
        What became of what it gave.
    now : float
        By `time.monotonic`.
    """
    is_present = presence.is_present(now)
    return SourceState(
        name=name,
        is_present=is_present,
        since_seconds=presence.since(now),
        connections=0 if connection is None else connection.count,
        counters=counters,
        sentence="" if is_present else _why_absent(connection, now - presence.since(now)),
    )


def _why_absent(connection: Connection | None, absent_seconds: float) -> str:
    if connection is None:
        return "it was not started"
    if connection.is_open:
        return (
            f"it is connected, but has sent nothing for {absent_seconds:.0f} s; check the device "
            "and its cable"
        )
    return connection.sentence or "it is being connected"
