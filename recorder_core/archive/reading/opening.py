"""Finding the key file and the stream of a sealed file, and whether they are the right ones."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from recorder_core.archive.disk.durable import SealedPaths
from recorder_core.archive.identity import FileIdentity
from recorder_core.archive.keyfile import KeyFile, parse_key_file
from recorder_core.archive.keys.grants import check_completion, open_file_key
from recorder_core.archive.secrets.secret import SecretBytes
from recorder_core.archive.secrets.wrapping import PrivateKey
from recorder_core.errors import ArchiveError, NoKeyMatches, WrongCopy
from recorder_core.model.files.inner_files import EVENT_FOLDERS, open_inner, read_inner

__all__ = ["open_any_key_file", "open_stream", "read_key_file"]


def read_key_file(base: Path, expected: FileIdentity) -> KeyFile:
    """Read the key file at a base path and compare it with what the catalog expects.

    Raises
    ------
    ArchiveError
        If it cannot be read.
    HeaderDamaged
        If it is damaged.
    WrongCopy
        If it is another file's, or of another generation.
    """
    path = SealedPaths.of(base).key
    try:
        data = read_inner(path, folders=EVENT_FOLDERS)
    except OSError as exc:
        raise ArchiveError(
            f"{expected}: the key file cannot be read ({exc.strerror}): without it the file "
            "cannot be opened; restore it from the mirror"
        ) from exc
    key_file = parse_key_file(data, f"the key file of {expected}")
    found = key_file.identity
    if (found.event_id, found.role) != (expected.event_id, expected.role):
        raise WrongCopy(f"{expected}: another file lies here, {found}")
    if found.generation != expected.generation:
        age = "an older copy" if found.generation < expected.generation else "a newer generation"
        raise WrongCopy(f"{expected}: {age} lies here, generation {found.generation}")
    return key_file


def open_any_key_file(
    bases: Sequence[Path], private_key: PrivateKey, expected: FileIdentity
) -> tuple[KeyFile, SecretBytes]:
    """Return a sound key file, one that knows the end if there is one, and the file key.

    Parameters
    ----------
    bases : sequence of Path
        Base path of the file on each root.
    private_key : PrivateKey
        Of someone to whom the file is sealed.
    expected : FileIdentity
        What the catalog says lies there.

    Raises
    ------
    NoKeyMatches
        If the first sound key file has no entry for this key.
    ArchiveError
        If none is sound; the error is about the first.
    """
    found: list[tuple[KeyFile, SecretBytes]] = []
    errors: list[ArchiveError] = []
    for base in bases:
        try:
            found.append(_open_key_file(base, private_key, expected))
        except NoKeyMatches as exc:
            if not found:
                raise
            errors.append(exc)
        except ArchiveError as exc:
            errors.append(exc)
    if not found:
        raise errors[0]
    chosen = next((each for each in found if each[0].completion is not None), found[0])
    for key_file, file_key in found:
        if key_file is not chosen[0]:
            file_key.wipe()
    return chosen


def _open_key_file(
    base: Path, private_key: PrivateKey, expected: FileIdentity
) -> tuple[KeyFile, SecretBytes]:
    key_file = read_key_file(base, expected)
    file_key = open_file_key(key_file, private_key)
    check_completion(key_file, file_key)
    return key_file, file_key


def open_stream(path: Path) -> int:
    """Open a stream for reading and return its descriptor."""
    try:
        return open_inner(path, folders=EVENT_FOLDERS)
    except OSError as exc:
        raise ArchiveError(f"{path.name}: the stream cannot be read ({exc.strerror})") from exc
