"""Recordings that begin when a source gives a signal, and end when it is gone."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from recorder_core.capture.inputs import connect_input
from recorder_core.capture.source import SourceState
from recorder_core.errors import SettingsError
from recorder_core.media import SourceSettings

__all__ = ["UnattendedSettings", "is_steady", "wait_for_signal", "wait_until_gone"]

_POLL_SECONDS: Final = 0.1
#: a signal that is there for so long is no flicker
_STEADY_SECONDS: Final = 2.0
_MIN_GONE_SECONDS: Final = 1.0
_MAX_GONE_SECONDS: Final = 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class UnattendedSettings:
    """When a recording begins and ends by itself.

    Attributes
    ----------
    source : str
        Name of the source whose signal begins a recording.
    gone_seconds : float
        After so long without its signal the recording ends.

    Raises
    ------
    SettingsError
        If the time is out of range.
    """

    source: str
    gone_seconds: float = 120.0

    def __post_init__(self) -> None:
        if not _MIN_GONE_SECONDS <= self.gone_seconds <= _MAX_GONE_SECONDS:
            raise SettingsError(
                f"gone_seconds must be {_MIN_GONE_SECONDS:g} to {_MAX_GONE_SECONDS:g}, such as 120"
            )

    def is_gone(self, state: SourceState, now: float) -> bool:
        """Return whether the signal is gone for so long that the recording ends.

        Parameters
        ----------
        state : SourceState
            Of the source.
        now : float
            By `time.monotonic`.
        """
        return not state.is_present and now - state.since_seconds >= self.gone_seconds


def wait_for_signal(name: str, settings: SourceSettings, is_stopped: Callable[[], bool]) -> bool:
    """Wait until a source gives a steady signal; it is opened for that, and closed again.

    Parameters
    ----------
    name : str
        Of the source.
    settings : SourceSettings
        Where it is.
    is_stopped : callable
        Whether to wait no longer.

    Returns
    -------
    bool
        False if it was stopped before.
    """
    return _wait_for(name, settings, is_steady, is_stopped)


def wait_until_gone(
    name: str,
    source: SourceSettings,
    settings: UnattendedSettings,
    is_stopped: Callable[[], bool],
) -> bool:
    """Wait until a source has been without its signal for so long that a recording would end.

    Parameters
    ----------
    name : str
        Of the source.
    source : SourceSettings
        Where it is.
    settings : UnattendedSettings
        How long that is.
    is_stopped : callable
        Whether to wait no longer.

    Returns
    -------
    bool
        False if it was stopped before.
    """
    return _wait_for(name, source, settings.is_gone, is_stopped)


def is_steady(state: SourceState, now: float) -> bool:
    """Return whether a source gives a signal that is no flicker.

    Parameters
    ----------
    state : SourceState
        Of the source.
    now : float
        By `time.monotonic`.
    """
    return state.is_present and now - state.since_seconds >= _STEADY_SECONDS


def _wait_for(
    name: str,
    settings: SourceSettings,
    is_so: Callable[[SourceState, float], bool],
    is_stopped: Callable[[], bool],
) -> bool:
    """Open a source until something is so of its state; return False if it was stopped before."""
    source = connect_input(name, settings).frames
    assert source is not None  # sources of a room give frames
    with source:
        while not is_so(source.state, time.monotonic()):
            if is_stopped():
                return False
            time.sleep(_POLL_SECONDS)
    return not is_stopped()
