"""The form of key files: one content, one form, and a word for what is wrong."""

from __future__ import annotations

import hashlib

import pytest

from recorder_core.archive import FileIdentity, format_key_file, parse_key_file
from recorder_core.archive.keys.grants import complete_key_file, create_key_file
from recorder_core.errors import ArchiveError, HeaderDamaged, SettingsError


@pytest.fixture
def key_file(people, identity):
    return complete_key_file(*create_key_file(identity, people.readers), 12345, "0f" * 32)


def with_checksum(text):
    body = text.rpartition("checksum ")[0]
    return f"{body}checksum {hashlib.sha256(body.encode()).hexdigest()}\n".encode()


def test_round_trip(key_file):
    assert parse_key_file(format_key_file(key_file), "it") == key_file


def test_every_bit(key_file):
    data = format_key_file(key_file)
    for place in range(len(data)):
        for bit in range(8):
            damaged = bytearray(data)
            damaged[place] ^= 1 << bit
            with pytest.raises(HeaderDamaged):
                parse_key_file(bytes(damaged), "it")


def test_every_length(key_file):
    data = format_key_file(key_file)
    for size in range(len(data)):
        with pytest.raises(HeaderDamaged):
            parse_key_file(data[:size], "it")
    with pytest.raises(HeaderDamaged):
        parse_key_file(data + b"\n", "it")


def test_a_newer_version_is_said_to_be_one(key_file):
    text = format_key_file(key_file).decode().replace("key file 1\n", "key file 2\n")
    with pytest.raises(ArchiveError, match="newer version") as caught:
        parse_key_file(with_checksum(text), "it")
    assert not isinstance(caught.value, HeaderDamaged)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("generation 1\n", "generation 01\n"),
        ("generation 1\n", "generation one\n"),
        ("generation 1\n", "generation 0\n"),
        ("segment-bytes 131072\n", "segment-bytes 10\n"),
        ("segment-bytes 131072\n", "segment-bytes  131072\n"),
        ("role original\n", "role Original\n"),
        ("role original\n", "rolle original\n"),
        ("role original\n", "role original x\n"),
        ("role original\n", ""),
        ("complete 12345", "complete 0x3039"),
        ("complete 12345", "extra line\ncomplete 12345"),
        ("surgery-workbench key file 1", "something else"),
        ("header K", "header J"),
    ],
)
def test_other_forms_are_refused(key_file, old, new):
    text = format_key_file(key_file).decode()
    assert old in text
    with pytest.raises(HeaderDamaged):
        parse_key_file(with_checksum(text.replace(old, new)), "it")


def test_no_text_at_all():
    for data in (b"", b"\xff" * 100, b"checksum \n", with_checksum("checksum ")):
        with pytest.raises(HeaderDamaged):
            parse_key_file(data, "it")


@pytest.mark.parametrize(
    "wrong", [("", "original"), ("a b", "original"), ("a", "Été"), ("a\n", "b"), ("a", "b", 0)]
)
def test_identities_are_checked(wrong):
    with pytest.raises(SettingsError):
        FileIdentity(*wrong)
