"""The keys of sealed files on one or two roots: read, changed, destroyed."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path

from recorder_core.archive.disk.durable import SealedPaths, destroy_file, locked, replace_file
from recorder_core.archive.identity import FileIdentity
from recorder_core.archive.keyfile import KeyFile, format_key_file
from recorder_core.archive.reading.opening import read_key_file
from recorder_core.errors import ArchiveError
from recorder_core.model.files.inner_files import (
    EVENT_FOLDERS,
    folder_fault,
    inner_exists,
    inner_fault,
    open_inner,
)

__all__ = [
    "change_key_file",
    "check_destroyable",
    "destroy_keys",
    "read_any_key_file",
    "store_key_file",
]


def change_key_file(
    roots: Sequence[Path],
    name: str,
    expected: FileIdentity,
    change: Callable[[KeyFile], KeyFile],
) -> KeyFile:
    """Grant or revoke: read the key file, change it and store it on every root.

    Processes that change the same file wait for each other, so that no grant is lost and
    no revocation undone. Where a root's key file is damaged, another root's is taken.

    Parameters
    ----------
    roots : sequence of Path
        Where the file lies.
    name : str
        Its base name below each root.
    expected : FileIdentity
        What the catalog says lies there.
    change : callable
        Such as ``lambda old: grant(old, my_key, [colleague])`` or
        ``lambda old: revoke(old, colleague)``.

    Returns
    -------
    KeyFile
        As it was stored.

    Raises
    ------
    ArchiveError
        If no key file can be read, or a root could not be written: see `store_key_file`.
    """
    with ExitStack() as stack:
        _on_every_root(
            roots,
            lambda root: stack.enter_context(
                locked(SealedPaths.of(root / name).stream, folders=EVENT_FOLDERS)
            ),
            f"{expected}: the file cannot be locked",
        )
        changed = change(read_any_key_file(roots, name, expected))
        store_key_file(roots, name, changed)
        # what a change that was cut off left may hold the key that is taken back now
        _on_every_root(
            roots,
            lambda root: _destroy_left(root / name),
            f"{expected}: an earlier key file was not destroyed",
        )
    return changed


def store_key_file(roots: Sequence[Path], name: str, key_file: KeyFile) -> None:
    """Write a key file to every root, to repair one; `change_key_file` grants and revokes.

    Raises
    ------
    ArchiveError
        If a root could not be written; the message says which. Repeat when it is back:
        until then a revoked key still opens the copy there.
    """
    data = format_key_file(key_file)
    _on_every_root(
        roots,
        lambda root: replace_file(SealedPaths.of(root / name).key, data, folders=EVENT_FOLDERS),
        f"{key_file.identity}: the key file was not replaced",
    )


def check_destroyable(roots: Sequence[Path], names: Sequence[str]) -> None:
    """Raise unless the keys of files can be destroyed on every root.

    Raises
    ------
    ArchiveError
        If a root cannot be written; nothing was destroyed.
    """

    def open_for_writing(root: Path) -> None:
        for name in names:
            for path in _key_paths(root / name):
                # of a link the name is removed and nothing written; a folder is an error
                if inner_fault(path, writing=True) is None or path.is_dir():
                    os.close(open_inner(path, os.O_WRONLY, folders=EVENT_FOLDERS))

    _on_every_root(roots, open_for_writing, "nothing was destroyed: the keys cannot be")


def destroy_keys(roots: Sequence[Path], name: str) -> None:
    """Destroy a file for good by destroying its sealed keys on every root.

    The stream stays and is noise. Copies of the key file elsewhere (backups, an unplugged
    mirror) are not reached, and flash storage may keep old blocks for a while.

    Raises
    ------
    ArchiveError
        If a root could not be written; the message says which.
    """
    _on_every_root(roots, lambda root: _destroy(root / name), "the keys were not destroyed")


def read_any_key_file(roots: Sequence[Path], name: str, expected: FileIdentity) -> KeyFile:
    """Read a key file from the first root where it is sound.

    Raises
    ------
    ArchiveError
        If it is sound on none; the message is about the first.
    """
    errors: list[ArchiveError] = []
    for root in roots:
        try:
            return read_key_file(root / name, expected)
        except ArchiveError as exc:
            errors.append(exc)
    raise errors[0]


def _destroy(base: Path) -> None:
    for path in _key_paths(base):
        destroy_file(path)


def _destroy_left(base: Path) -> None:
    """Destroy what replacing a key file left, but not the key file."""
    for path in _key_paths(base):
        if path != SealedPaths.of(base).key:
            destroy_file(path)


def _key_paths(base: Path) -> list[Path]:
    """Return the key file, and what replacing it left; nothing where the folder is a link."""
    key = SealedPaths.of(base).key
    if folder_fault(key, EVENT_FOLDERS) is not None:
        return []
    return [path for path in (key, *key.parent.glob(key.name + ".*.new")) if inner_exists(path)]


def _on_every_root(roots: Sequence[Path], act: Callable[[Path], object], failure: str) -> None:
    """Act on every root, even after one has failed, then say which did."""
    failed = []
    for root in roots:
        try:
            act(root)
        except OSError as exc:
            failed.append(f"{root} ({exc.strerror or exc})")
    if failed:
        raise ArchiveError(f"{failure} on {' and '.join(failed)}: repeat when it is back")
