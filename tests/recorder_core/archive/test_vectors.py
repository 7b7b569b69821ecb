"""Committed vectors: files of earlier versions open for ever, and fail as they are labelled."""

from __future__ import annotations

import base64
import json
from collections import Counter
from pathlib import Path

import pytest

from recorder_core.archive import (
    FileIdentity,
    Password,
    PrivateKey,
    SealedPaths,
    SealedReader,
    WrappedKey,
    recovery_key_from_words,
    unwrap_private_key,
)
from recorder_core.archive.secrets.secret import SecretBytes
from recorder_core.errors import (
    ArchiveTruncated,
    HeaderDamaged,
    NoKeyMatches,
    PayloadDamaged,
    WrongCopy,
)

FOLDER = Path(__file__).parents[2] / "vectors" / "archive"
VECTORS = {path.stem: json.loads(path.read_text("utf-8")) for path in sorted(FOLDER.glob("*.json"))}
FAILURES = {
    "no-match": NoKeyMatches,
    "header": HeaderDamaged,
    "payload": PayloadDamaged,
    "truncated": ArchiveTruncated,
    "wrong-copy": WrongCopy,
}


def labelled(*labels):
    return pytest.mark.parametrize(
        "vector",
        [pytest.param(v, id=name) for name, v in VECTORS.items() if v["expect"] in labels],
    )


def decode(text):
    return base64.b64decode(text)


def private_key_of(vector):
    return PrivateKey(SecretBytes(bytes.fromhex(vector["private_key"])))


def lay_out(vector, folder):
    paths = SealedPaths.of(folder / "file")
    for part in ("key", "stream", "tail"):
        if vector[part] is not None:
            getattr(paths, part).write_bytes(decode(vector[part]))


def read_all(vector, folder, *, incomplete=False):
    identity = FileIdentity(vector["event"], vector["role"], vector["generation"])
    lay_out(vector, folder)
    with SealedReader(
        folder / "file", private_key_of(vector), identity, incomplete=incomplete
    ) as reader:
        return reader.read()


def test_every_label_has_vectors():
    counts = Counter(vector["expect"] for vector in VECTORS.values())
    assert counts.keys() == FAILURES.keys() | {"success", "incomplete", "unwraps", "spells"}
    assert sum(counts.values()) >= 27


@labelled("success")
def test_opens(vector, tmp_path):
    assert read_all(vector, tmp_path) == decode(vector["content"])


@labelled("incomplete")
def test_opens_as_incomplete(vector, tmp_path):
    with pytest.raises(ArchiveTruncated):
        read_all(vector, tmp_path)
    assert read_all(vector, tmp_path, incomplete=True) == decode(vector["content"])


@labelled(*FAILURES)
def test_fails_as_labelled(vector, tmp_path):
    with pytest.raises(FAILURES[vector["expect"]]) as caught:
        read_all(vector, tmp_path)
    for detail in ("segment", "segments_authentic"):
        if detail in vector:
            assert getattr(caught.value, detail) == vector[detail]


@labelled("unwraps")
def test_unwraps(vector):
    wrapped = WrappedKey.from_bytes(decode(vector["wrapped"]))
    private_key = unwrap_private_key(wrapped, Password(vector["password"]))
    assert private_key.secret == private_key_of(vector).secret


@labelled("spells")
def test_spells(vector):
    assert recovery_key_from_words(vector["words"]).public_key.to_text() == vector["public_key"]
