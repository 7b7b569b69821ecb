"""Live inputs as sources: their frames, their audio, or both by one connection."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass

from recorder_core.capture.audio import InputAudio
from recorder_core.capture.connection import Connection
from recorder_core.capture.source import AudioSource, FrameSource
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
    name: str, settings: SourceSettings, *, frames: bool = True, audio: bool = False
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
    pictures = InputFrames(name, settings) if frames else None
    sound = InputAudio(name, settings) if audio else None
    connection = _connection(name, settings, pictures, sound)
    for each in (pictures, sound):
        if each is not None:
            each.connect(connection)
    return InputSources(pictures, sound)


def _connection(
    name: str, settings: SourceSettings, frames: InputFrames | None, audio: InputAudio | None
) -> Connection:
    receiver = _Receiver(frames, audio)

    def open_input(pause: Callable[[float], object]) -> AbstractContextManager[LiveInput]:
        return open_live(settings, frames=frames is not None, audio=audio is not None, pause=pause)

    return Connection(
        name,
        open_input,
        is_played_once=settings.is_played_once,
        on_open=receiver.open,
        on_arrival=receiver.receive,
    )


@dataclass(frozen=True, slots=True)
class _Receiver:
    """Gives each source of a connection what is its own."""

    frames: InputFrames | None
    audio: InputAudio | None

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
