"""Private keys under passwords."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import pytest

from recorder_core.archive import (
    Argon2Settings,
    Password,
    PrivateKey,
    SealedReader,
    WrappedKey,
    change_password,
    unwrap_private_key,
    wrap_private_key,
)
from recorder_core.errors import ArchiveError, HeaderDamaged, NoKeyMatches, SettingsError

FAST = Argon2Settings(memory_kib=64, iterations=1, lanes=1)
PASSWORD = Password("three blind mice")


@pytest.fixture
def private_key():
    return PrivateKey.generate()


@pytest.fixture
def wrapped(private_key):
    return wrap_private_key(private_key, PASSWORD, FAST)


def test_default_is_the_second_option_of_rfc_9106():
    assert Argon2Settings() == Argon2Settings(memory_kib=65536, iterations=3, lanes=4)


def test_round_trip_with_the_real_settings(private_key):
    wrapped = wrap_private_key(private_key, PASSWORD)
    assert unwrap_private_key(wrapped, PASSWORD).secret == private_key.secret


def test_wrong_password(wrapped):
    with pytest.raises(NoKeyMatches, match=wrapped.public_key.key_id):
        unwrap_private_key(wrapped, Password("three blind mince"))


def test_stored_form(wrapped):
    data = wrapped.to_bytes()
    assert WrappedKey.from_bytes(data) == wrapped
    for place in range(len(data)):
        damaged = bytearray(data)
        damaged[place] ^= 1 << place % 8
        for wrong in (bytes(damaged), data[:place]):
            with pytest.raises(HeaderDamaged):
                WrappedKey.from_bytes(wrong)


def with_checksum(text):
    body = text.rpartition("checksum ")[0]
    return f"{body}checksum {hashlib.sha256(body.encode()).hexdigest()}\n".encode()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("argon2id 64 1 1", "argon2id 9999999999 1 1"),
        ("argon2id 64 1 1", "argon2id 64 1000 1"),
        ("argon2id 64 1 1", "argon2id 64 1 0"),
        ("argon2id 64 1 1", "argon2id 64 1"),
        ("argon2id 64 1 1", "scrypt 64 1 1"),
    ],
)
def test_hostile_settings_are_refused_before_any_work(wrapped, old, new):
    with pytest.raises(HeaderDamaged):
        WrappedKey.from_bytes(with_checksum(wrapped.to_bytes().decode().replace(old, new)))


def test_a_newer_form_says_so(wrapped):
    text = wrapped.to_bytes().decode().replace("wrapped key 1", "wrapped key 7")
    with pytest.raises(ArchiveError, match="newer version"):
        WrappedKey.from_bytes(with_checksum(text))


def test_all_of_it_is_bound(wrapped):
    other = PrivateKey.generate().public_key
    for changed in (
        {"salt": bytes(16)},
        {"settings": replace(FAST, iterations=2)},
        {"public_key": other},
        {"sealed": wrapped.sealed[:-1] + bytes([wrapped.sealed[-1] ^ 1])},
    ):
        with pytest.raises(NoKeyMatches):
            unwrap_private_key(replace(wrapped, **changed), PASSWORD)


def test_sizes_are_checked(wrapped):
    for changed in ({"salt": b""}, {"sealed": wrapped.sealed[:-1]}):
        with pytest.raises(SettingsError):
            replace(wrapped, **changed)


def test_changing_a_password_rewraps_one_key(sealer, people, content):
    """No file is touched, and each stays open to the same private key."""
    paths = sealer.seal(content(100))
    before = [path.read_bytes() for path in (paths.stream, paths.key)]
    wrapped = wrap_private_key(people.reviewer, PASSWORD, FAST)
    new = Password("a much better one")
    changed = change_password(wrapped, PASSWORD, new, FAST)
    with pytest.raises(NoKeyMatches):
        unwrap_private_key(changed, PASSWORD)
    with pytest.raises(NoKeyMatches):
        change_password(changed, PASSWORD, new, FAST)
    private_key = unwrap_private_key(changed, new)
    with sealer.open() as reader:
        identity = reader.identity
    with SealedReader(sealer.root / "file", private_key, identity) as reader:
        assert reader.read() == content(100)
    assert before == [path.read_bytes() for path in (paths.stream, paths.key)]
    assert changed.salt != wrapped.salt


def test_settings_are_upgraded(wrapped, private_key):
    stronger = replace(FAST, iterations=2)
    assert wrapped.needs_rewrap(stronger)
    assert wrapped.needs_rewrap(replace(FAST, lanes=2))
    assert not wrapped.needs_rewrap(FAST)
    assert FAST.is_weaker_than(stronger)
    assert not stronger.is_weaker_than(FAST)
    upgraded = change_password(wrapped, PASSWORD, PASSWORD, stronger)
    assert not upgraded.needs_rewrap(stronger)
    assert unwrap_private_key(upgraded, PASSWORD).secret == private_key.secret


def test_short_passwords_are_not_accepted(private_key):
    with pytest.raises(SettingsError, match="at least 8"):
        wrap_private_key(private_key, Password("1234567"), FAST)
