"""The copies of one file on one or two roots, and what happens when one of them fails."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path
from time import monotonic
from typing import Final

from recorder_core.archive.keyfile import NO_HASH, KeyFile
from recorder_core.archive.writing.blocks import Block
from recorder_core.archive.writing.copies import CopyFault, SealedCopy
from recorder_core.archive.writing.digest import StreamDigest
from recorder_core.archive.writing.worker import PACE_SECONDS
from recorder_core.errors import ArchiveError, SettingsError

__all__ = ["CopySet", "check_place"]

MAX_ROOTS: Final = 2
#: how long a second copy may take to finish when the first is done
FINISH_SECONDS: Final = 60.0


class CopySet:
    """One or two copies; a fault of one is reported, the other goes on.

    Parameters
    ----------
    what : str
        Names the file in error messages.
    stall_seconds : float
        A copy that blocks for longer is given up while another works.
    is_live : bool
        Whether that is in all, because a recording cannot wait, or for one block.
    on_fault : callable or None
        Told of each copy that stops; called from that copy's thread.
    """

    def __init__(
        self,
        what: str,
        stall_seconds: float,
        on_fault: Callable[[CopyFault], None] | None,
        *,
        is_live: bool,
    ) -> None:
        self._what = what
        self._stall_seconds = stall_seconds
        self._is_live = is_live
        self._held_up_seconds: defaultdict[Path, float] = defaultdict(float)
        self._on_fault = on_fault
        self._copies: list[SealedCopy] = []
        self._digest: StreamDigest | None = None
        self.faults: list[CopyFault] = []

    def create(self, roots: Sequence[Path], name: str, key_file: bytes, header: bytes) -> None:
        """Create the files on every root that can be written.

        Raises
        ------
        ArchiveError
            If none can, or the file exists on one already.
        """
        for root in roots:
            try:
                copy = SealedCopy(root, name, key_file, header, self._report, is_live=self._is_live)
                self._copies.append(copy)
            except FileExistsError as exc:
                self.discard()
                raise ArchiveError(
                    f"{self._what}: a file of this name already exists on {root}; sealed files "
                    "are never written over: choose another name"
                ) from exc
            except OSError as exc:
                self._report(CopyFault(root, exc.strerror or str(exc)))
        self.check()

    def begin_digest(self, header: bytes) -> None:
        """Compute the SHA-256 of the stream on the way."""
        self._digest = StreamDigest(header)

    def digest(self) -> str:
        """Return the hash of everything queued, in hexadecimal, or "-" if not computed."""
        return NO_HASH if self._digest is None else self._digest.finish()

    def working(self) -> list[SealedCopy]:
        """Return the copies that have not failed."""
        return [copy for copy in self._copies if not copy.failed]

    def check(self) -> None:
        """Raise `ArchiveError` if no copy works any more."""
        if not self.working():
            reasons = "; ".join(str(fault) for fault in self.faults)
            raise ArchiveError(
                f"{self._what}: no root can be written any more ({reasons}); what was sealed "
                "before is kept: free up space or replace the disk, then begin a new file"
            )

    def put_block(self, block: Block) -> None:
        """Queue sealed segments on every copy, and for the hash of the stream."""
        working = self.working()
        block.hand_over(len(working) + (self._digest is not None))
        if self._digest is not None:
            self._digest.update(block)
        for copy in working:
            self._put(copy, block)
        self.check()

    def _put(self, copy: SealedCopy, block: Block) -> None:
        left = self._stall_seconds - self._held_up_seconds[copy.root]
        began = monotonic()
        copy.put_block(block, self._patience(max(0.0, left)))
        if self._is_live:
            waited = monotonic() - began - PACE_SECONDS
            self._held_up_seconds[copy.root] += max(0.0, waited)

    def put_tail(self, record: bytes, segment: int) -> None:
        """Queue a record of the tail on every copy."""
        for copy in self.working():
            copy.put_tail(record, segment)

    def request_sync(self) -> None:
        """Ask every copy to make durable what it was given."""
        for copy in self.working():
            copy.request_sync()

    def sync(self) -> None:
        """Wait until everything queued is durable on every working copy."""
        for copy in self.working():
            copy.sync()
        self._wait()

    def complete(self, key_file: KeyFile) -> None:
        """Complete every copy and wait for it."""
        for copy in self.working():
            copy.complete(key_file)
        self._wait()

    def stop(self) -> None:
        """End the threads and close the files."""
        self.digest()
        for copy in self._copies:
            copy.stop()

    def discard(self) -> None:
        """Remove the files of every copy."""
        for copy in self._copies:
            copy.discard()

    def _wait(self) -> None:
        for copy in self.working():
            copy.wait(self._patience(FINISH_SECONDS))
        self.check()

    def _patience(self, seconds: float) -> float | None:
        """Return how long to wait for a copy: the last one is waited for without limit."""
        return seconds if len(self.working()) > 1 else None

    def _report(self, fault: CopyFault) -> None:
        self.faults.append(fault)
        if self._on_fault is not None:
            self._on_fault(fault)


def check_place(roots: Sequence[Path], name: str) -> None:
    """Raise `SettingsError` unless there are one or two roots and a name below them."""
    if not 1 <= len(roots) <= MAX_ROOTS or len(set(roots)) != len(roots):
        raise SettingsError(f"a file is sealed to one or two different roots, not {len(roots)}")
    parts = Path(name).parts
    if not parts or Path(name).is_absolute() or ".." in parts:
        raise SettingsError("the name of a sealed file is a relative path below its root")
