"""The audio of a live input, as a source."""

from __future__ import annotations

import time
from collections.abc import Callable

from recorder_core.capture.audio_buffer import AudioBuffer
from recorder_core.capture.connection import Connection
from recorder_core.capture.presence import Presence
from recorder_core.capture.source import AudioBlock, AudioSource, SourceState
from recorder_core.capture.source_state import state_of
from recorder_core.media import Arrival, ArrivedAudio, Damaged, SourceSettings

__all__ = ["InputAudio"]


class InputAudio(AudioSource):
    """An `AudioSource`: the audio of an input, whoever else uses its connection.

    Parameters
    ----------
    name : str
        A code of the site's.
    settings : SourceSettings
        Of the input.
    connection : Connection
        To the input; used from `start` to `close`.
    clock : callable
        `time.monotonic`.
    """

    def __init__(
        self,
        name: str,
        settings: SourceSettings,
        connection: Connection,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._name, self._settings, self._clock = name, settings, clock
        self._connection = connection
        self._buffer = AudioBuffer()
        self._presence = Presence(settings.lost_after_seconds(), clock())
        self._is_cut = True

    @property
    def name(self) -> str:
        """A code of the site's."""
        return self._name

    @property
    def sample_rate(self) -> int:
        """Nominal, samples per second."""
        return self._settings.sample_rate

    @property
    def channels(self) -> int:
        """1 or 2."""
        return self._settings.channels

    @property
    def state(self) -> SourceState:
        """How the source is just now."""
        return state_of(
            self, self._presence, self._connection, self._buffer.counters, self._clock()
        )

    def start(self) -> None:
        """Begin to connect."""
        self._connection.start(self)

    def close(self) -> None:
        """Stop; the connection ends with its last user."""
        self._connection.close(self)

    def take(self) -> list[AudioBlock]:
        """Return the blocks that arrived since the last call."""
        return self._buffer.take()

    def open(self) -> None:
        """Enter that the input was opened; its connection calls this."""
        now = self._clock()
        self._presence.listen(now, self._connection.waited_seconds(now))
        self._is_cut = True

    def receive(self, arrival: Arrival) -> None:
        """Add what has arrived; its connection calls this."""
        if isinstance(arrival, ArrivedAudio):
            now = self._clock()
            self._presence.arrive(now, self._connection.waited_seconds(now))
            is_joined = arrival.is_joined and not self._is_cut
            self._is_cut = False
            seconds = arrival.seconds - self._settings.latency_seconds
            self._buffer.put(AudioBlock(arrival.samples, arrival.sample_rate, seconds, is_joined))
        elif isinstance(arrival, Damaged):
            self._buffer.put_invalid()
