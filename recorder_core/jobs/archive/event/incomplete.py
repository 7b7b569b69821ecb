"""A recording without its end: one that is running, or one that a crash cut off."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Incomplete"]


@dataclass(frozen=True, slots=True)
class Incomplete:
    """How much of a recording is there so far.

    Attributes
    ----------
    is_running : bool
        Whether a process records it at this moment.
    seconds : float or None
        How many seconds of frames of the video are authentic and can be played; None for a
        person whose key does not open it, and where it is damaged on every root.
    roles : tuple of str
        The files of the event that have no end.
    """

    is_running: bool
    seconds: float | None
    roles: tuple[str, ...] = ("original",)

    @property
    def sentence(self) -> str:
        """What to tell a person."""
        what = "being recorded now" if self.is_running else "incomplete"
        said = what if self.seconds is None else f"{what}, {self.seconds:.1f} seconds authentic"
        # a journal is begun with each recording: naming it would say nothing
        beside = [role for role in self.roles if role not in ("original", "journal")]
        return f"{said}, with {', '.join(beside)}" if beside else said
