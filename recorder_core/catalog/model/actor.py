"""Who acts, for the profile and the audit log."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from recorder_core.catalog.model.codes import check_code
from recorder_core.catalog.model.profiles import Profile

__all__ = ["Actor"]


@dataclass(frozen=True, slots=True)
class Actor:
    """Who asks, as what, and from where."""

    user_id: str
    profile: Profile
    #: "local", or the address of the browser
    origin: str = "local"
    #: signs the hash of a row, as text; None for who has no key here
    sign: Callable[[str], str] | None = field(default=None, repr=False, compare=False)

    def __post_init__(self) -> None:
        check_code(self.user_id, "user_id")
        check_code(self.origin, "origin")
