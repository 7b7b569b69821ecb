"""Write the archive's test vectors, labelled by what must happen when they are opened.

    PYTHONPATH=. python tests/vectors/archive/make_vectors.py

Run once for a version of the format: the vectors hold the compatibility promise of
``docs/archive-format.md``, so those that exist are never made again, only new ones added.
"""

from __future__ import annotations

import base64
import json
import tempfile
from dataclasses import replace
from pathlib import Path

from recorder_core.archive import (
    Argon2Settings,
    FileIdentity,
    Password,
    PrivateKey,
    ReaderSet,
    SealedPaths,
    SealedWriter,
    SealSettings,
    format_key_file,
    grant,
    new_recovery_words,
    wrap_private_key,
)
from recorder_core.archive.secrets.secret import SecretBytes

FOLDER = Path(__file__).parent
IDENTITY = FileIdentity("vector-event-1", "original")
SETTINGS = SealSettings(segment_bytes=128, sync_seconds=1.0)
CONTENT = bytes(place * 11 % 256 for place in range(500))
READER_SEED, STRANGER_SEED, RECOVERY_SEED = b"r" * 32, b"s" * 32, b"o" * 32


def key(seed: bytes) -> PrivateKey:
    """Return the private key of 32 given bytes; for tests only."""
    return PrivateKey(SecretBytes(seed))


READERS = ReaderSet(key(RECOVERY_SEED).public_key, (key(READER_SEED).public_key,))


def seal(folder: Path, name: str, content: bytes, identity: FileIdentity = IDENTITY) -> dict:
    """Seal content and return the vector that opens."""
    with SealedWriter([folder], name, identity, READERS, settings=SETTINGS) as writer:
        writer.write(content)
    return vector(SealedPaths.of(folder / name), content)


def vector(paths: SealedPaths, content: bytes) -> dict:
    """Return the files of one sealed file as a vector that opens."""
    return {
        "expect": "success",
        "event": IDENTITY.event_id,
        "role": IDENTITY.role,
        "generation": IDENTITY.generation,
        "private_key": READER_SEED.hex(),
        "key": text(paths.key.read_bytes()),
        "stream": text(paths.stream.read_bytes()),
        "tail": text(paths.tail.read_bytes()) if paths.tail.exists() else None,
        "content": text(content),
    }


def text(data: bytes) -> str:
    """Return base64."""
    return base64.b64encode(data).decode("ascii")


def changed(good: dict, expect: str, **fields: object) -> dict:
    """Return a vector that must fail, with no content."""
    return {**good, "expect": expect, "content": None, **fields}


def flip(encoded: str, place: int) -> str:
    """Flip one bit of a byte."""
    data = bytearray(base64.b64decode(encoded))
    data[place] ^= 1
    return text(bytes(data))


def segments(encoded: str) -> list[bytes]:
    """Cut a stream into its segments, the header with the first."""
    data = base64.b64decode(encoded)
    return [data[place : place + 128] for place in range(0, len(data), 128)]


def make_streams(folder: Path) -> dict[str, dict]:
    """Return the vectors of whole files and of damaged ones."""
    good = seal(folder, "good", CONTENT)
    other = seal(folder, "other", CONTENT, FileIdentity("vector-event-2", "original"))
    parts = segments(good["stream"])
    swapped = [parts[0], parts[2], parts[1], *parts[3:]]
    repeated = [parts[0], parts[1], parts[1], *parts[3:]]
    foreign = [parts[0], segments(other["stream"])[1], *parts[2:]]
    return {
        "whole": good,
        "empty": seal(folder, "empty", b""),
        "one-segment": seal(folder, "one", CONTENT[:72]),
        "two-segments": seal(folder, "two", CONTENT[:73]),
        "recovery-key": {**good, "private_key": RECOVERY_SEED.hex()},
        "wrong-key": changed(good, "no-match", private_key=STRANGER_SEED.hex()),
        "key-file-damaged": changed(good, "header", key=flip(good["key"], 200)),
        "key-file-cut": changed(good, "header", key=good["key"][:400]),
        "stream-header-damaged": changed(good, "header", stream=flip(good["stream"], 20)),
        "segment-2-damaged": changed(good, "payload", stream=flip(good["stream"], 300), segment=2),
        "tag-damaged": changed(good, "payload", stream=flip(good["stream"], 127), segment=0),
        "end-damaged": changed(
            good, "payload", stream=flip(good["stream"], -1), segment=len(parts) - 1
        ),
        "segments-swapped": changed(good, "payload", stream=text(b"".join(swapped)), segment=1),
        "segment-repeated": changed(good, "payload", stream=text(b"".join(repeated)), segment=2),
        "segment-foreign": changed(good, "payload", stream=text(b"".join(foreign)), segment=1),
        "appended": changed(
            good, "payload", stream=text(b"".join(parts) + b"x"), segment=len(parts) - 1
        ),
        "truncated-at-segment": changed(
            good, "truncated", stream=text(b"".join(parts[:2])), segments_authentic=2
        ),
        "truncated-in-segment": changed(
            good, "truncated", stream=text(b"".join(parts)[:-20]), segments_authentic=4
        ),
        "stream-of-another-file": changed(good, "wrong-copy", stream=other["stream"]),
        "another-file": changed(good, "wrong-copy", stream=other["stream"], key=other["key"]),
        "older-copy": changed(good, "wrong-copy", generation=2),
    }


def make_states(folder: Path) -> dict[str, dict]:
    """Return a recording that a crash cut off, a grant, and a second generation."""
    writer = SealedWriter([folder], "cut", IDENTITY, READERS, settings=SETTINGS)
    writer.write(CONTENT[:300])
    writer.sync()
    writer.write(CONTENT[300:])
    writer.abandon()
    cut = vector(SealedPaths.of(folder / "cut"), CONTENT)
    with SealedWriter([folder], "base", IDENTITY, READERS, settings=SETTINGS) as writer:
        writer.write(CONTENT)
    granted = grant(writer.key_file, key(READER_SEED), [key(STRANGER_SEED).public_key])
    base = vector(SealedPaths.of(folder / "base"), CONTENT)
    second = replace(IDENTITY, generation=2)
    with SealedWriter(
        [folder], "second", second, READERS, settings=SETTINGS, replaces=writer.key_file
    ) as newer:
        newer.write(CONTENT)
    new = {**vector(SealedPaths.of(folder / "second"), CONTENT), "generation": 2}
    return {
        "cut-off": {**cut, "expect": "incomplete"},
        "granted": {
            **base,
            "key": text(format_key_file(granted)),
            "private_key": STRANGER_SEED.hex(),
        },
        "second-generation": new,
        "second-generation-with-first-stream": changed(new, "wrong-copy", stream=base["stream"]),
    }


def make_keys() -> dict[str, dict]:
    """Return a key under a password and a recovery key."""
    password = "coração de açúcar"
    settings = Argon2Settings(memory_kib=256, iterations=2, lanes=2)
    wrapped = wrap_private_key(key(READER_SEED), Password(password), settings)
    words, recovery = new_recovery_words()
    return {
        "password": {
            "expect": "unwraps",
            "password": password,
            "wrapped": text(wrapped.to_bytes()),
            "private_key": READER_SEED.hex(),
        },
        "recovery-words": {
            "expect": "spells",
            "words": words,
            "public_key": recovery.public_key.to_text(),
        },
    }


def main() -> None:
    """Write every vector that does not exist yet."""
    with tempfile.TemporaryDirectory() as folder:
        vectors = {**make_streams(Path(folder)), **make_states(Path(folder)), **make_keys()}
    for name, fields in vectors.items():
        path = FOLDER / f"{name}.json"
        if not path.exists():
            path.write_text(json.dumps(fields, indent=2, ensure_ascii=False) + "\n", "utf-8")


if __name__ == "__main__":
    main()
