"""Open a live input, whatever is behind it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from recorder_core.errors import SettingsError
from recorder_core.media.live.arrivals import LiveInput
from recorder_core.media.live.devices import open_device
from recorder_core.media.live.generated import open_generated
from recorder_core.media.live.player import open_file
from recorder_core.media.live.settings import SourceSettings

__all__ = ["open_live"]


@contextmanager
def open_live(
    settings: SourceSettings,
    *,
    frames: bool = True,
    audio: bool = False,
    pause: Callable[[float], object] = time.sleep,
) -> Iterator[LiveInput]:
    """Open a live input for as long as the block runs.

    What arrives must be fetched all the time, as by a thread of its own: devices wait for nobody.

    Parameters
    ----------
    settings : SourceSettings
        Where it is.
    frames, audio : bool
        What of it is wanted; both come by one connection.
    pause : callable
        Waits so many seconds, where the program itself makes the signal or plays the file; one that
        returns sooner lets whoever reads stop sooner.

    Yields
    ------
    LiveInput
        What arrives.

    Raises
    ------
    SettingsError
        If inputs of this kind do not give what is wanted.
    SourceNotFound
        If it cannot be opened: what to do, without passwords.
    """
    if not (frames or audio):
        raise SettingsError("neither frames nor audio are wanted of a source; ask for one")
    if (frames and not settings.has_frames) or (audio and not settings.has_audio):
        what = "audio" if audio and not settings.has_audio else "frames"
        raise SettingsError(f"a source of the kind {settings.kind} gives no {what}")
    if settings.kind in ("pattern", "tone"):
        with open_generated(settings, frames=frames, audio=audio, pause=pause) as live:
            yield live
    elif settings.kind == "file":
        with open_file(settings, frames=frames, audio=audio, pause=pause) as live:
            yield live
    else:
        with open_device(settings, frames=frames, audio=audio) as live:
            yield live
