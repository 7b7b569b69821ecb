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
    sentence, is_starved = connection.sentence, False
    if is_used and connection.is_open and not is_present:
        is_starved = presence.is_starved(now, connection.waited_seconds(now))
        sentence = _busy(source.name) if is_starved else _silent(source.name, now - since)
    return SourceState(
        name=source.name,
        is_present=is_present,
        since_seconds=since,
        connections=connection.count,
        counters=counters,
        sentence="" if is_present else sentence,
        is_starved=is_starved,
    )


def _busy(name: str) -> str:
    return (
        f"this computer is too busy to read {name}: end other programs that run on it, or give it "
        "fewer or smaller sources"
    )


def _silent(name: str, seconds: float) -> str:
    return (
        f"{name} is connected, but has sent nothing for {seconds:.0f} s; check the device and its "
        "cable"
    )
