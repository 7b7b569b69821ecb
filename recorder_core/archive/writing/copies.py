"""One copy of a sealed file on one root, written by a thread of its own.

Two copies are two roots; a disk that fails or hangs stops its own copy only.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from recorder_core.archive.disk.durable import (
    SealedPaths,
    locked,
    replace_file,
    sync_path,
    write_all,
)
from recorder_core.archive.disk.reserve import check_bulk_space
from recorder_core.archive.keyfile import KeyFile, format_key_file, parse_key_file
from recorder_core.archive.writing.blocks import Block
from recorder_core.archive.writing.worker import OrderedWorker
from recorder_core.errors import ArchiveError
from recorder_core.model.files.inner_files import (
    EVENT_FOLDERS,
    create_inner,
    inner_exists,
    make_inner_folder,
    read_inner,
)
from recorder_core.model.values.phrase import Phrase, phrase

__all__ = ["MAX_QUEUED_BYTES", "CopyFault", "SealedCopy"]

#: what one copy may have queued; 25 s of 20 Mbit/s video
MAX_QUEUED_BYTES: Final = 64 * 2**20
#: how long the end of a copy's thread is waited for
STOP_SECONDS: Final = 5.0


@dataclass(frozen=True, slots=True)
class CopyFault:
    """A copy that stopped while the recording went on.

    Attributes
    ----------
    root : Path
        Where the copy lies.
    reason : str
        The system's words for what went wrong.
    """

    root: Path
    reason: str

    def __str__(self) -> str:
        return str(self.sentence)

    @property
    def sentence(self) -> Phrase:
        """What stopped, and why."""
        return phrase(
            "copy_stopped",
            "the copy on {disk} stopped: {reason}",
            disk=self.root,
            reason=self.reason,
        )


class SealedCopy:
    """The stream, key file and tail of one sealed file on one root.

    Parameters
    ----------
    root : Path
        An existing folder.
    name : str
        Base name below the root; may hold folders, of which the last is made.
    on_fault : callable
        Told once if this copy fails; called from a thread of the copy.
    is_live : bool
        Whether what was queued before is written before it is made durable, and the rest
        afterwards; otherwise a thread of its own makes the file durable beside the writing.

    Raises
    ------
    OSError
        If the files cannot be created, or exist already.
    """

    def __init__(
        self,
        root: Path,
        name: str,
        key_file: bytes,
        header: bytes,
        on_fault: Callable[[CopyFault], None],
        *,
        is_live: bool,
    ) -> None:
        self.root = root
        self.paths = SealedPaths.of(root / name)
        self._on_fault = on_fault
        self._stream, self._tail = self._create(key_file, header)
        self._inode = os.fstat(self._stream).st_ino
        self._tail_segment = -1
        self._tail_bytes = 0
        self._sync_waits = False
        self._worker = OrderedWorker(f"copy on {root}", MAX_QUEUED_BYTES, self._failed)
        self._syncer = self._worker
        if not is_live:
            self._syncer = OrderedWorker(f"sync on {root}", MAX_QUEUED_BYTES, self._worker.fail)

    @property
    def failed(self) -> bool:
        """Whether the copy has stopped."""
        return self._worker.error is not None

    def put_block(self, block: Block, timeout_seconds: float | None) -> None:
        """Queue sealed segments; a copy that has no space for them in time fails."""
        if not self._worker.submit(
            lambda: self._write(block), block.capacity_bytes, timeout_seconds
        ):
            queued = f"{MAX_QUEUED_BYTES >> 20} MiB are waiting to be written"
            self._worker.fail(OSError(f"it does not keep up: {queued}"))

    def put_tail(self, record: bytes, segment: int) -> None:
        """Queue a record of the tail."""
        self._worker.submit(lambda: self._append_tail(record, segment), 0)

    def request_sync(self) -> None:
        """Make what was queued, or written, durable; a request that still waits is not repeated."""
        if not self._sync_waits:
            self._sync_waits = True
            self._syncer.submit(self._sync, 0)

    def sync(self) -> None:
        """Queue making everything queued so far durable."""
        self._worker.submit(self._sync, 0)

    def complete(self, key_file: KeyFile) -> None:
        """Queue the end: the stream is whole, the key file says so, the tail goes."""
        self._worker.submit(lambda: self._complete(key_file), 0)

    def wait(self, timeout_seconds: float | None) -> None:
        """Wait until everything queued is done; a copy that is not in time fails."""
        if not self._worker.wait_idle(timeout_seconds):
            self._worker.fail(OSError(f"it has not responded for {timeout_seconds:.0f} s"))

    def stop(self) -> None:
        """End the threads and close the files; those of a hanging disk are left to the system."""
        have_ended = [each.stop(STOP_SECONDS) for each in {self._worker, self._syncer}]
        if all(have_ended) and self._stream >= 0:
            os.close(self._stream)
            os.close(self._tail)
            self._stream = self._tail = -1

    def discard(self) -> None:
        """Remove the files; what cannot be reached any more is left."""
        self.stop()
        for path in self.paths.all():
            with suppress(OSError):
                path.unlink()

    def _create(self, key_file: bytes, header: bytes) -> tuple[int, int]:
        """Create the three files: keys first, so that no stream is ever without its key."""
        self.root.stat()  # a root that is not there is a fault, not a folder to make
        check_bulk_space(self.root)
        folder = self.paths.stream.parent
        # the last one only: those above are on the disk, not in the place where it is missing
        make_inner_folder(folder, folders=EVENT_FOLDERS - 1)
        tail = create_inner(
            self.paths.tail, folders=EVENT_FOLDERS
        )  # whoever creates it has the name
        try:
            for path in (self.paths.key, self.paths.stream):
                if inner_exists(path):
                    raise FileExistsError(errno.EEXIST, "already exists", path.name)
            replace_file(self.paths.key, key_file, folders=EVENT_FOLDERS)
            stream = create_inner(self.paths.stream, folders=EVENT_FOLDERS)
            write_all(stream, header, 0)
            os.fsync(stream)
            self._sync_folders(folder)
        except OSError:
            os.close(tail)
            self.paths.tail.unlink()
            raise
        return stream, tail

    def _sync_folders(self, folder: Path) -> None:
        sync_path(folder)
        while folder != self.root:
            folder = folder.parent
            sync_path(folder)

    def _write(self, block: Block) -> None:
        check_bulk_space(self.root)
        write_all(self._stream, block.sealed(), block.offset)
        block.done()

    def _append_tail(self, record: bytes, segment: int) -> None:
        # what the old records hold must be safe in the stream before they are dropped
        os.fdatasync(self._stream)
        if segment != self._tail_segment:
            os.ftruncate(self._tail, 0)
            self._tail_segment, self._tail_bytes = segment, 0
        write_all(self._tail, record, self._tail_bytes)
        self._tail_bytes += len(record)
        os.fdatasync(self._tail)

    def _sync(self) -> None:
        self._sync_waits = False
        os.fdatasync(self._stream)
        self._check_place()

    def _check_place(self) -> None:
        """Notice a mirror that was unplugged or replaced while the descriptor still works."""
        if self.paths.stream.stat().st_ino != self._inode:
            raise OSError(f"{self.paths.stream} is no longer the file that is being recorded")

    def _complete(self, key_file: KeyFile) -> None:
        os.fdatasync(self._stream)
        self._check_place()
        with locked(self.paths.stream, folders=EVENT_FOLDERS):
            data = format_key_file(self._with_grants(key_file))
            replace_file(self.paths.key, data, folders=EVENT_FOLDERS)
        self.paths.tail.unlink()
        sync_path(self.paths.tail.parent)

    def _with_grants(self, key_file: KeyFile) -> KeyFile:
        """Keep what was granted and revoked while the recording ran."""
        try:
            found = parse_key_file(
                read_inner(self.paths.key, folders=EVENT_FOLDERS), "the key file"
            )
        except (ArchiveError, FileNotFoundError):
            return key_file  # damaged meanwhile: written anew
        return replace(found, completion=key_file.completion)

    def _failed(self, error: OSError) -> None:
        reason = error.strerror or str(error)
        self._on_fault(CopyFault(self.root, reason))
