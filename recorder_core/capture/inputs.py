"""Live inputs as sources: their frames, their audio, or both by one connection."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace

from recorder_core.capture.audio import InputAudio
from recorder_core.capture.connection import Connection
from recorder_core.capture.source import AudioSource, FrameSource
from recorder_core.capture.stalls import Stalls
from recorder_core.capture.video import InputFrames
from recorder_core.errors import SettingsError
from recorder_core.media import (
    Arrival,
    ArrivedFrame,
    Damaged,
    LiveInput,
    SourceSettings,
    open_live,
)

__all__ = ["InputSources", "connect_input"]


@dataclass(frozen=True, slots=True)
class InputSources:
    """The sources of one input.

    Attributes
    ----------
    frames : FrameSource or None
    audio : AudioSource or None
        Each is started and closed by itself; the input is opened with the first, and closed with
        the last.
    """

    frames: FrameSource | None
    audio: AudioSource | None


def connect_input(
    name: str,
    settings: SourceSettings,
    *,
    frames: bool = True,
    audio: bool = False,
    stalls: Stalls | None = None,
    delay_seconds: float = 0.0,
) -> InputSources:
    """Return the sources of an input, which is opened once they are started.

    Parameters
    ----------
    name : str
        A code of the site's, such as ``room``.
    settings : SourceSettings
        Of the input.
    frames, audio : bool
        What of it is used.
    stalls : Stalls, optional
        Of this process, where somebody measures them.
    delay_seconds : float
        How long after their moment frames are taken: so long they are kept.

    Raises
    ------
    SettingsError
        If inputs of its kind do not give what is used.
    """
    if not (frames or audio):
        raise SettingsError(f"neither frames nor audio of the source {name} are used; use one")
    if (frames and not settings.has_frames) or (audio and not settings.has_audio):
        what = "audio" if audio and not settings.has_audio else "frames"
        raise SettingsError(
            f"the source {name} is of the kind {settings.kind}, which gives no {what}"
        )
    receiver, named = _Receiver(), replace(settings, name=name)

    def open_input(pause: Callable[[float], object]) -> AbstractContextManager[LiveInput]:
        return open_live(named, frames=frames, audio=audio, pause=pause)

    connection = Connection(
        name,
        open_input,
        is_played_once=settings.is_played_once,
        on_open=receiver.open,
        on_arrival=receiver.receive,
        stalls=Stalls() if stalls is None else stalls,
    )
    if frames:
        receiver.frames = InputFrames(name, settings, connection, delay_seconds=delay_seconds)
    receiver.audio = InputAudio(name, settings, connection) if audio else None
    return InputSources(receiver.frames, receiver.audio)


@dataclass(slots=True)
class _Receiver:
    """Gives each source of a connection what is its own."""

    frames: InputFrames | None = None
    audio: InputAudio | None = None

    def open(self, live: LiveInput) -> None:
        if self.frames is not None:
            self.frames.open(live.frame_rate)
        if self.audio is not None:
            self.audio.open()

    def receive(self, arrival: Arrival) -> None:
        is_video = isinstance(arrival, ArrivedFrame) or (
            isinstance(arrival, Damaged) and arrival.kind == "video"
        )
        source = self.frames if is_video else self.audio
        if source is not None:
            source.receive(arrival)
