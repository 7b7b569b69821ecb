"""How a source is, in a sentence."""

from __future__ import annotations

from recorder_core.capture.connection import Connection
from recorder_core.capture.presence import Presence
from recorder_core.capture.source import Source, SourceCounters, SourceState

__all__ = ["state_of"]


def state_of(
    source: Source, presence: Presence, connection: Connection, counters: SourceCounters, now: float
) -> SourceState:
    """Return the state of a source at a moment.

    Parameters
    ----------
    source : Source
        Whose state it is.
    presence : Presence
        What its watchdog knows.
    connection : Connection
        Of its input.
    counters : SourceCounters
        What became of what it gave.
    now : float
        By `time.monotonic`.
    """
    is_used = connection.is_used_by(source)
    is_present = is_used and presence.is_present(now)
    since = presence.since(now)
    sentence = connection.sentence
    if is_used and connection.is_open:
        sentence = (
            f"{source.name} is connected, but has sent nothing for {now - since:.0f} s; check the "
            "device and its cable"
        )
    return SourceState(
        name=source.name,
        is_present=is_present,
        since_seconds=since,
        connections=connection.count,
        counters=counters,
        sentence="" if is_present else sentence,
    )
