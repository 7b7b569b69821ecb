"""What FFmpeg and the system say of a live input becomes one sentence, without passwords."""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Final

import av.error
from av.codec.codec import UnknownCodecError

from recorder_core.errors import DecodeError, SourceLost, SourceNotFound
from recorder_core.media.live.settings import SourceSettings

__all__ = ["opening", "receiving"]

#: what PyAV and FFmpeg raise where an input is absent, ends, or is not what it says
_RAISED: Final = (
    av.error.FFmpegError, UnknownCodecError, OSError, ValueError, LookupError, RuntimeError,
)  # fmt: skip
#: of Linux's own devices
_LOCAL: Final = frozenset({"v4l2", "alsa", "x11grab", "file"})
_GONE: Final = frozenset({errno.ENOENT, errno.ENODEV, errno.ENXIO})
#: what FFmpeg says by the class of its error, of what cannot be opened
_BY_CLASS: Final[tuple[tuple[type[Exception], str], ...]] = (
    (av.error.HTTPUnauthorizedError, "refuses the user or the password; correct its address"),
    (av.error.HTTPForbiddenError, "refuses the user or the password; correct its address"),
    (av.error.HTTPNotFoundError, "has no stream of this name; correct the end of its address"),
    (av.error.ExitError, "does not answer; check that it is switched on, and its address"),
    (av.error.InvalidDataError, "gives nothing that this program can read; check its address"),
)
_UNREACHED: Final = "cannot be reached; check its cable and its address"
#: what the system says by a number
_BY_NUMBER: Final[Mapping[int, str]] = {
    errno.EBUSY: "is in use by another program; end that program",
    errno.ECONNREFUSED: "refuses the connection; check that its stream is on, and the port",
    errno.EHOSTUNREACH: _UNREACHED,
    errno.ENETUNREACH: _UNREACHED,
    errno.EHOSTDOWN: _UNREACHED,
    errno.ETIMEDOUT: _UNREACHED,
    errno.EINVAL: "refuses its size, rate or options; 'workbench devices' lists what devices offer",
}
#: FFmpeg looks at the time every tenth of a second while it waits
_MAX_LATE_SECONDS: Final = 1.0
_GROUPS: Final[Mapping[str, str]] = {"v4l2": "video", "alsa": "audio"}


@contextmanager
def opening(settings: SourceSettings) -> Iterator[None]:
    """Translate what is raised while a source is opened.

    Raises
    ------
    SourceNotFound
        With what to do.
    """
    try:
        yield
    except DecodeError as error:
        raise SourceNotFound(str(error)) from None
    except _RAISED as error:
        raise SourceNotFound(f"{settings.shown} {_why_absent(error, settings)}") from None


@contextmanager
def receiving(settings: SourceSettings, late_seconds: Callable[[], float]) -> Iterator[None]:
    """Translate what is raised while a source is read.

    Parameters
    ----------
    settings : SourceSettings
        Of the source.
    late_seconds : callable
        Returns by how much the last wait for it ended later than it might last.

    Raises
    ------
    SourceLost
        With what to do.
    """
    try:
        yield
    except _RAISED as error:
        why = _why_lost(error, settings, late_seconds())
        raise SourceLost(f"{settings.shown} {why}") from None


def _why_absent(error: Exception, settings: SourceSettings) -> str:
    """Return what is the matter with a source that cannot be opened, and what to do."""
    for kind, sentence in _BY_CLASS:
        if isinstance(error, kind):
            return sentence
    number = getattr(error, "errno", None)
    if number in _GONE or _is_unknown(number, settings):
        return f"is not there; {_how_to_plug(settings)}"
    if number in (errno.EACCES, errno.EPERM):
        group = _GROUPS.get(settings.kind)
        do = f"add the user to the group {group}" if group else "change its permissions"
        return f"may not be opened by this user; {do}"
    return _BY_NUMBER.get(number or 0, f"cannot be opened: {_said(error)}")


def _is_unknown(number: int | None, settings: SourceSettings) -> bool:
    """Return whether an error is that of a sound card or a display that nobody knows."""
    return settings.kind in ("alsa", "x11grab") and number == errno.EIO


def _how_to_plug(settings: SourceSettings) -> str:
    if settings.kind == "file":
        return "check its name"
    if settings.kind == "x11grab":
        return "check that the display is on, and its name"
    if settings.kind in _LOCAL:
        return "plug it in, or choose one that 'workbench devices' lists"
    return "check its address"


def _why_lost(error: Exception, settings: SourceSettings, late_seconds: float) -> str:
    """Return what is the matter with a source that was open, and what to do."""
    if isinstance(error, av.error.ExitError | av.error.TimeoutError):
        if late_seconds > _MAX_LATE_SECONDS:
            return (
                f"was not read for {late_seconds:.0f} s, in which this computer stood still or was "
                "too busy: end other programs that run on it"
            )
        return "is connected but sends nothing; check the device"
    number = getattr(error, "errno", None)
    if number in _GONE or number == errno.EIO:
        return f"is gone; {_how_to_plug(settings)}"
    return f"ended: {_said(error)}; check the device"


def _said(error: Exception) -> str:
    """Return what the system says; the text of an error may hold an address, and is not shown."""
    return str(getattr(error, "strerror", None) or type(error).__name__)
