"""How a file is sealed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from recorder_core.archive.keys.grants import DEFAULT_SEGMENT_BYTES
from recorder_core.errors import SettingsError

__all__ = ["DEFAULT_SEAL_SETTINGS", "SealSettings"]


@dataclass(frozen=True, slots=True)
class SealSettings:
    """How a file is sealed.

    Attributes
    ----------
    segment_bytes : int
        Size of a segment in the stream; readers verify one segment per random access.
    sync_seconds : float
        What was written is on its way to the disk at least this often; at most 1 s.
    stall_seconds : float
        A copy that holds a live recording up for longer in all, or another file for longer at
        once, is given up while another works.
    is_live : bool
        Whether the content comes from a source that cannot wait, and what is there of it after a
        crash is needed.
    hash_stream : bool
        Whether the SHA-256 of the stream is computed on the way, for scrubbing without keys.
    patchable_head : bool
        Keep segment 0 in memory until the end, so that a muxer may go back and fill in the
        sizes at the beginning. For derived files only: nothing is readable before the end.
    """

    segment_bytes: int = DEFAULT_SEGMENT_BYTES
    sync_seconds: float = 0.5
    stall_seconds: float = 2.0
    is_live: bool = True
    hash_stream: bool = True
    patchable_head: bool = False

    def __post_init__(self) -> None:
        if not 0 < self.sync_seconds <= 1:
            raise SettingsError(f"sync_seconds is above 0 and at most 1, not {self.sync_seconds}")
        if self.stall_seconds <= 0:
            raise SettingsError(f"stall_seconds must be positive, not {self.stall_seconds}")


#: for live recordings
DEFAULT_SEAL_SETTINGS: Final = SealSettings()
