"""Put content into a new sealed file on every root, and say what was written."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeAlias, TypeVar

from recorder_core.archive import (
    CopyFault,
    FileIdentity,
    KeyFile,
    ReaderSet,
    SealedPaths,
    SealedReader,
    SealedWriter,
    SealSettings,
    read_any_key_file,
)
from recorder_core.archive.keyfile import NO_HASH
from recorder_core.archive.secrets.secret import SecretBytes
from recorder_core.errors import ArchiveError
from recorder_core.jobs.archive.place.catalog_opening import fill_reserves
from recorder_core.jobs.archive.place.roles import file_name, make_file_id
from recorder_core.media import file_sha256
from recorder_core.model.files.inner_files import EVENT_FOLDERS, inner_exists, remove_inner

__all__ = [
    "Audience",
    "NewFile",
    "Readers",
    "SealedSink",
    "copy_content",
    "describe_file",
    "readers_of",
    "seal_again",
    "seal_bytes",
    "seal_path",
    "sealing",
]

#: for whole files, written forward
_DERIVED = SealSettings(is_live=False, stall_seconds=10.0)
#: for a muxer, which goes back once to fill in a size near the beginning
_MUXED = replace(_DERIVED, patchable_head=True)
_CHUNK_BYTES = 1 << 20
_Written = TypeVar("_Written")
#: gives to whom a new file is sealed, at the moment at which it is called
Readers: TypeAlias = Callable[[], ReaderSet]


@dataclass(frozen=True, slots=True)
class Audience:
    """For whom a new file is, and with what it is sealed to those who join meanwhile."""

    file_key: SecretBytes
    readers: Readers


@dataclass(frozen=True, slots=True)
class NewFile:
    """A complete sealed file that the catalog does not know yet."""

    #: where it is whole
    root: Path
    identity: FileIdentity
    key_file: KeyFile
    size_bytes: int
    #: of the stream as it lies on the disk
    sha256: str
    segment_count: int
    #: copies that stopped while another went on
    faults: tuple[CopyFault, ...] = ()
    #: None: of a file that the catalog has had since its first byte
    audience: Audience | None = field(default=None, repr=False, compare=False)

    @property
    def file_id(self) -> str:
        """Its name in the catalog and on the disk."""
        return make_file_id(self.identity)


class SealedSink:
    """What content is written to; `result` has the new file after the block.

    Parameters
    ----------
    writer : SealedWriter
        Just begun.
    """

    def __init__(self, writer: SealedWriter) -> None:
        self.writer = writer
        self.result: NewFile | None = None

    @property
    def file(self) -> NewFile:
        """The new file; ArchiveError before it is complete."""
        if self.result is None:
            raise ArchiveError("the sealed file is not complete yet")
        return self.result


@contextmanager
def sealing(
    roots: Sequence[Path],
    identity: FileIdentity,
    readers: Readers,
    *,
    replaces: KeyFile | None = None,
    is_muxed: bool = False,
) -> Iterator[SealedSink]:
    """Yield a writer; complete the file on success, remove it on failure.

    Parameters
    ----------
    roots : sequence of Path
        The folders of the archive that can be used now; see `Folders.roots`.
    identity : FileIdentity
        What the file is.
    readers : callable
        Gives who may read it: asked now, and again when the file is entered into the catalog.
    replaces : KeyFile, optional
        Key file of the generation before, so that its stream is known as an older copy.
    is_muxed : bool, default False
        Whether the beginning is written again at the end; the stream is then read once more
        for its hash.

    Raises
    ------
    ArchiveError
        If it cannot be written on any root.
    """
    fill_reserves(roots)
    name = file_name(make_file_id(identity))
    faults: list[CopyFault] = []
    _refuse_existing(roots, name, identity)
    with _nothing_left(roots, name, identity, faults):
        writer = SealedWriter(
            roots,
            name,
            identity,
            readers(),
            settings=_MUXED if is_muxed else _DERIVED,
            replaces=replaces,
            on_fault=faults.append,
        )
        sink = SealedSink(writer)
        try:
            yield sink
            audience = Audience(writer.copy_key(), readers)
            writer.close()
        except BaseException:
            writer.discard()
            raise
    whole = writer.whole_roots
    sink.result = replace(describe_file(whole[0], writer), audience=audience)
    # the other root has it whole, and room may be what this one lacks
    _remove([root for root in roots if root not in whole], name)


def seal_bytes(
    roots: Sequence[Path],
    identity: FileIdentity,
    readers: Readers,
    content: bytes,
    *,
    replaces: KeyFile | None = None,
) -> NewFile:
    """Seal a small content."""
    with sealing(roots, identity, readers, replaces=replaces) as sink:
        sink.writer.write(content)
    return sink.file


def seal_again(
    roots: Sequence[Path],
    source: SealedReader,
    write: Callable[[SealedReader, SealedWriter], _Written],
    *,
    key_file: KeyFile | None = None,
    is_muxed: bool = False,
) -> tuple[NewFile, _Written]:
    """Seal what a file holds as its next generation, under a new key, to the same readers.

    The old file is not touched. Sealing a missing end in place would use the old key's counters
    a second time.

    Parameters
    ----------
    roots : sequence of Path
        Where the new file goes.
    source : SealedReader
        The file, open; one without its end may be.
    write : callable
        Writes the content of the new file; such as `copy_content`.
    key_file : KeyFile, optional
        Of the file as it lies on the disk now, where it was opened before somebody was granted it.
    is_muxed : bool, default False
        As for `sealing`.

    Returns
    -------
    new : NewFile
        Complete.
    written
        What `write` returned.

    Raises
    ------
    ArchiveError
        If the file cannot be read, or the new one cannot be written; nothing of it is left.
    """
    identity = replace(source.identity, generation=source.identity.generation + 1)
    replaces = key_file or source.key_file
    readers = readers_of(roots, source.identity)
    with sealing(roots, identity, readers, replaces=replaces, is_muxed=is_muxed) as sink:
        written = write(source, sink.writer)
    return sink.file, written


def readers_of(roots: Sequence[Path], identity: FileIdentity) -> Readers:
    """Return what gives to whom a file is sealed, as its key file says when that is called."""
    name = file_name(make_file_id(identity))
    return lambda: ReaderSet.of(read_any_key_file(roots, name, identity))


def copy_content(source: SealedReader, writer: SealedWriter) -> int:
    """Copy a file byte for byte; return how many bytes it has."""
    for chunk in source.chunks():
        writer.write(chunk)
    return source.size_bytes


def seal_path(
    roots: Sequence[Path],
    identity: FileIdentity,
    readers: Readers,
    path: Path,
    on_bytes: Callable[[int], None] | None = None,
) -> NewFile:
    """Seal a file as it is.

    Raises
    ------
    ArchiveError
        If the file cannot be read, or changes meanwhile.
    """
    done = 0
    try:
        with sealing(roots, identity, readers) as sink, path.open("rb") as file:
            while chunk := file.read(_CHUNK_BYTES):
                sink.writer.write(chunk)
                done += len(chunk)
                if on_bytes is not None:
                    on_bytes(done)
    except OSError as error:
        raise ArchiveError(f"the file to seal cannot be read ({error.strerror})") from error
    return sink.file


@contextmanager
def _nothing_left(
    roots: Sequence[Path], name: str, identity: FileIdentity, faults: Sequence[CopyFault]
) -> Iterator[None]:
    """Remove what a failure left, and say what stopped each copy."""
    try:
        yield
    except ArchiveError as error:
        _remove(roots, name)
        if not faults:
            raise
        reasons = "; ".join(str(fault) for fault in faults)
        raise ArchiveError(
            f"{identity}: {reasons}. Nothing of it was kept: free up space or replace the disk, "
            "then repeat it"
        ) from error
    except BaseException:
        _remove(roots, name)
        raise


def _refuse_existing(roots: Sequence[Path], name: str, identity: FileIdentity) -> None:
    for path in _paths(roots, name):
        if inner_exists(path, folders=EVENT_FOLDERS):
            raise ArchiveError(
                f"{identity}: {path.name} is there already; 'workbench mirror repair' removes "
                "what a cut-off step left"
            )


def _remove(roots: Sequence[Path], name: str) -> None:
    """Remove what a failure left; nothing of it was there before. A dead disk keeps it."""
    for root in roots:
        for path in _paths([root], name):
            with suppress(OSError):
                remove_inner(path, folders=EVENT_FOLDERS)
        with suppress(OSError):  # something else is in it, or it is gone
            (root / name).parent.rmdir()


def _paths(roots: Sequence[Path], name: str) -> list[Path]:
    return [path for root in roots for path in SealedPaths.of(root / name).all()]


def describe_file(root: Path, writer: SealedWriter) -> NewFile:
    """Return what a closed writer has written on a root, for the catalog.

    Raises
    ------
    ArchiveError
        If the writer did not complete its file.
    """
    identity, done = writer.key_file.identity, writer.key_file.completion
    if done is None:
        raise ArchiveError(f"{identity}: the sealed file is not complete")
    stream = SealedPaths.of(root / file_name(make_file_id(identity))).stream
    return NewFile(
        root=root,
        identity=identity,
        key_file=writer.key_file,
        size_bytes=done.stream_bytes,
        sha256=file_sha256(stream) if done.sha256 == NO_HASH else done.sha256,
        segment_count=writer.segment_count,
        faults=writer.faults,
    )
