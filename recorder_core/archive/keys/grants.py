"""Who may open a file: making, opening, granting and revoking its sealed key."""

from __future__ import annotations

import hmac
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hmac import HMAC

from recorder_core.archive.identity import FileIdentity
from recorder_core.archive.keyfile import (
    MAX_SUPERSEDED,
    NO_HASH,
    Completion,
    KeyEntry,
    KeyFile,
    Superseded,
)
from recorder_core.archive.secrets.secret import SecretBytes
from recorder_core.archive.secrets.wrapping import PrivateKey, PublicKey, open_sealed_key, seal_key
from recorder_core.archive.segments.stream import KEY_BYTES, SegmentLayout, StreamHeader, derive_key
from recorder_core.errors import HeaderDamaged, NoKeyMatches, SettingsError
from recorder_core.model.values.phrase import phrase

__all__ = [
    "DEFAULT_SEGMENT_BYTES",
    "REVOCATION_NOTICE",
    "ReaderSet",
    "add_recovery_key",
    "check_completion",
    "complete_key_file",
    "create_key_file",
    "grant",
    "keep_recovery_key",
    "open_file_key",
    "revoke",
    "seal_to_readers",
]

#: measured by profiling/benches/bench_archive.py; the reasons are in docs/archive-format.md
DEFAULT_SEGMENT_BYTES: Final = 128 * 1024

#: what every interface shows before a grant is revoked
REVOCATION_NOTICE: Final = (
    "Revoking removes the sealed key from this file's key file on every root. It cannot take "
    "back what was already seen, copied or exported, nor an old copy of the key file (in a "
    "backup, on an unplugged mirror) together with the stream. If that matters, seal the file "
    "again under a new key and destroy the old one."
)

_COMPLETE_LABEL: Final = b"surgery-workbench complete 1\n"


@dataclass(frozen=True, slots=True)
class ReaderSet:
    """To whom a new file is sealed.

    Attributes
    ----------
    recovery : PublicKey
        The site's offline recovery key; it opens every file.
    readers : tuple of PublicKey
        Who else may read this file; may be empty.
    """

    recovery: PublicKey
    readers: tuple[PublicKey, ...] = ()

    @classmethod
    def of(cls, key_file: KeyFile) -> ReaderSet:
        """Return to whom a file is sealed now, for the next making of it."""
        recovery = next(entry.public_key for entry in key_file.entries if entry.is_recovery)
        readers = (entry.public_key for entry in key_file.entries if not entry.is_recovery)
        return cls(recovery, tuple(readers))


def create_key_file(
    identity: FileIdentity,
    readers: ReaderSet,
    *,
    segment_bytes: int = DEFAULT_SEGMENT_BYTES,
    replaces: KeyFile | None = None,
) -> tuple[KeyFile, SecretBytes]:
    """Make the key file of a new stream, and the stream's random file key.

    Parameters
    ----------
    identity : FileIdentity
        What the stream will be.
    readers : ReaderSet
        Who may read it; public keys only, so that recording needs no secret.
    segment_bytes : int
        Size of a segment in the stream.
    replaces : KeyFile, optional
        Key file of the generation before, so that its stream is known as an older copy.

    Raises
    ------
    SettingsError
        If `replaces` is not an earlier generation of the same file.
    """
    key_file = KeyFile(
        identity,
        SegmentLayout(segment_bytes),
        StreamHeader.random(),
        _superseded_by(identity, replaces),
    )
    file_key = SecretBytes.random(KEY_BYTES)
    return seal_to_readers(key_file, file_key, readers), file_key


def seal_to_readers(key_file: KeyFile, file_key: SecretBytes, readers: ReaderSet) -> KeyFile:
    """Return the key file with the file key sealed to these public keys and to no other.

    Parameters
    ----------
    key_file : KeyFile
        Whoever can read the file now.
    file_key : SecretBytes
        Of its stream.
    readers : ReaderSet
        Who may read it; an entry that is there already stays as it is.
    """
    wanted = dict.fromkeys([readers.recovery, *readers.readers])
    entries = []
    for public_key in wanted:
        is_recovery = public_key == readers.recovery
        entry = key_file.entry_for(public_key)
        if entry is None or entry.is_recovery != is_recovery:
            entry = _seal_entry(key_file, file_key, public_key, is_recovery=is_recovery)
        entries.append(entry)
    return replace(key_file, entries=tuple(entries))


def open_file_key(key_file: KeyFile, private_key: PrivateKey) -> SecretBytes:
    """Open the file key with one private key.

    Raises
    ------
    NoKeyMatches
        If the file is not sealed to this key.
    HeaderDamaged
        If it is, and the entry or the parameters it is bound to were altered.
    """
    entry = key_file.entry_for(private_key.public_key)
    if entry is None:
        raise NoKeyMatches(
            phrase(
                "not_sealed",
                "{file}: not sealed to key {key}; someone who can read the file may grant it, or "
                "an administrator with the recovery words, with 'workbench grant LOGIN EVENT "
                "--recovery'",
                file=key_file.identity,
                key=private_key.key_id,
            )
        )
    try:
        return open_sealed_key(entry.sealed, private_key, key_file.parameters())
    except NoKeyMatches as exc:
        raise HeaderDamaged(
            f"{key_file.identity}: the sealed key of {private_key.key_id}, or the parameters "
            "it is bound to, were altered; restore the key file from the mirror"
        ) from exc


def grant(key_file: KeyFile, private_key: PrivateKey, readers: Iterable[PublicKey]) -> KeyFile:
    """Return the key file with the file key sealed to more public keys.

    Parameters
    ----------
    key_file : KeyFile
        Who can read the file now.
    private_key : PrivateKey
        Of someone among them.
    readers : iterable of PublicKey
        Who may read it too; those who already can are left as they are.
    """
    file_key = open_file_key(key_file, private_key)
    added = tuple(
        _seal_entry(key_file, file_key, public_key, is_recovery=False)
        for public_key in dict.fromkeys(readers)
        if key_file.entry_for(public_key) is None
    )
    file_key.wipe()
    return replace(key_file, entries=key_file.entries + added)


def revoke(key_file: KeyFile, public_key: PublicKey) -> KeyFile:
    """Return the key file without one reader; show `REVOCATION_NOTICE` before.

    No private key is needed: an administrator who cannot read the file can revoke.

    Raises
    ------
    SettingsError
        If the key has no grant, or is the recovery key.
    """
    entry = key_file.entry_for(public_key)
    if entry is None:
        raise SettingsError(f"{key_file.identity}: key {public_key.key_id} has no grant to revoke")
    if entry.is_recovery:
        raise SettingsError(
            "the recovery key opens every file and is not revoked; to end all access, "
            "destroy the keys of the file"
        )
    kept = tuple(other for other in key_file.entries if other is not entry)
    return replace(key_file, entries=kept)


def add_recovery_key(key_file: KeyFile, private_key: PrivateKey, public_key: PublicKey) -> KeyFile:
    """Return the key file with the file key sealed to one more recovery key.

    Parameters
    ----------
    key_file : KeyFile
        Who can read the file now.
    private_key : PrivateKey
        Of someone among them.
    public_key : PublicKey
        A recovery key that is to take the place of the one that is there.
    """
    if key_file.entry_for(public_key) is not None:
        return key_file
    file_key = open_file_key(key_file, private_key)
    added = _seal_entry(key_file, file_key, public_key, is_recovery=True)
    file_key.wipe()
    place = sum(entry.is_recovery for entry in key_file.entries)
    entries = (*key_file.entries[:place], added, *key_file.entries[place:])
    return replace(key_file, entries=entries)


def keep_recovery_key(key_file: KeyFile, public_key: PublicKey) -> KeyFile:
    """Return the key file without recovery keys other than this one.

    Without an entry for it the key file stays as it is: a file is never left without a
    recovery key.
    """
    entry = key_file.entry_for(public_key)
    if entry is None or not entry.is_recovery:
        return key_file
    kept = tuple(other for other in key_file.entries if other is entry or not other.is_recovery)
    return replace(key_file, entries=kept)


def complete_key_file(
    key_file: KeyFile, file_key: SecretBytes, stream_bytes: int, sha256: str = NO_HASH
) -> KeyFile:
    """Return the key file with the finished stream's size and hash, proven by the file key."""
    proof = _completion_proof(key_file, file_key, stream_bytes, sha256)
    return replace(key_file, completion=Completion(stream_bytes, sha256, proof))


def check_completion(key_file: KeyFile, file_key: SecretBytes) -> None:
    """Raise `HeaderDamaged` if the completion line was not written with the file key."""
    done = key_file.completion
    if done is None:
        return
    proof = _completion_proof(key_file, file_key, done.stream_bytes, done.sha256)
    if not hmac.compare_digest(proof, done.proof):
        raise HeaderDamaged(
            f"{key_file.identity}: the recorded size or hash of the stream was altered; "
            "restore the key file from the mirror"
        )


def _completion_proof(
    key_file: KeyFile, file_key: SecretBytes, stream_bytes: int, sha256: str
) -> bytes:
    label = _COMPLETE_LABEL + key_file.parameters()
    key = derive_key(file_key, key_file.header.salt, label)
    with key.view() as raw:
        mac = HMAC(raw, SHA256())
    key.wipe()
    mac.update(f"{stream_bytes} {sha256}".encode("ascii"))
    return mac.finalize()


def _seal_entry(
    key_file: KeyFile, file_key: SecretBytes, public_key: PublicKey, *, is_recovery: bool
) -> KeyEntry:
    sealed = seal_key(file_key, public_key, key_file.parameters())
    return KeyEntry(public_key, sealed, is_recovery)


def _superseded_by(identity: FileIdentity, replaces: KeyFile | None) -> tuple[Superseded, ...]:
    if replaces is None:
        return ()
    old = replaces.identity
    same_file = (old.event_id, old.role) == (identity.event_id, identity.role)
    if not same_file or old.generation >= identity.generation:
        raise SettingsError(f"{identity} cannot replace {old}")
    newest = Superseded(old.generation, replaces.header)
    return (newest, *replaces.superseded)[:MAX_SUPERSEDED]
