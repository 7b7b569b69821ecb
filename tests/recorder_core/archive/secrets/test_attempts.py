"""Attempts to sign in are counted and slowed."""

from __future__ import annotations

import contextlib
import multiprocessing
from functools import partial

import pytest

from recorder_core.archive import (
    Argon2Settings,
    AttemptFile,
    Attempts,
    DelaySettings,
    Password,
    PrivateKey,
    sign_in,
    wrap_private_key,
)
from recorder_core.archive.secrets import passwords
from recorder_core.errors import ArchiveError, NoKeyMatches, SignInDelayed

FAST = Argon2Settings(memory_kib=64, iterations=1, lanes=1)
RIGHT, WRONG = Password("right password"), Password("wrong password")


@pytest.fixture
def wrapped():
    return wrap_private_key(PrivateKey.generate(), RIGHT, FAST)


@pytest.fixture
def store(tmp_path):
    return AttemptFile(tmp_path / "attempts.json")


class Clock:
    """Wall time that a test moves."""

    now = 1_000_000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


def test_the_right_password(store, wrapped):
    assert sign_in(store, "u1", wrapped, RIGHT).public_key == wrapped.public_key
    assert store.load("u1") == Attempts()


def test_failures_are_slowed_and_success_forgets_them(store, wrapped, clock):
    for _ in range(3):
        with pytest.raises(NoKeyMatches):
            sign_in(store, "u1", wrapped, WRONG, clock=clock)
    waits = []
    for _ in range(12):
        with pytest.raises(SignInDelayed, match="wait") as caught:
            sign_in(store, "u1", wrapped, RIGHT, clock=clock)
        waits.append(caught.value.retry_after_seconds)
        clock.now += caught.value.retry_after_seconds
        with pytest.raises(NoKeyMatches):
            sign_in(store, "u1", wrapped, WRONG, clock=clock)
    assert waits == pytest.approx([2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900])
    clock.now += 900
    sign_in(store, "u1", wrapped, RIGHT, clock=clock)
    assert store.load("u1") == Attempts()


def test_users_do_not_slow_each_other(store, wrapped, clock):
    for _ in range(3):
        with pytest.raises(NoKeyMatches):
            sign_in(store, "u1", wrapped, WRONG, clock=clock)
    sign_in(store, "u2", wrapped, RIGHT, clock=clock)
    assert store.load("u1").failed == 3


def test_a_clock_set_back_does_not_help(store, wrapped, clock):
    for _ in range(5):
        clock.now += 1000
        with pytest.raises(NoKeyMatches):
            sign_in(store, "u1", wrapped, WRONG, clock=clock)
    clock.now -= 5_000_000
    with pytest.raises(SignInDelayed) as caught:
        sign_in(store, "u1", wrapped, RIGHT, clock=clock)
    assert caught.value.retry_after_seconds == pytest.approx(8)


def test_a_clock_that_was_ahead_delays_no_longer_than_one_that_was_right(store, wrapped, clock):
    right = clock.now
    clock.now += 800_000_000  # a flat battery: 25 years
    for _ in range(5):
        clock.now += 1000
        with pytest.raises(NoKeyMatches):
            sign_in(store, "u1", wrapped, WRONG, clock=clock)
    clock.now = right
    with pytest.raises(SignInDelayed):
        sign_in(store, "u1", wrapped, RIGHT, clock=clock)
    clock.now += 7
    with pytest.raises(SignInDelayed) as caught:
        sign_in(store, "u1", wrapped, RIGHT, clock=clock)
    assert caught.value.retry_after_seconds == pytest.approx(1)
    clock.now += 1
    sign_in(store, "u1", wrapped, RIGHT, clock=clock)


def test_an_attempt_is_counted_before_it_is_made(store, wrapped, monkeypatch):
    """Killing the process in the middle of the attempt does not hide it."""

    def killed(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("recorder_core.archive.secrets.attempts.unwrap_private_key", killed)
    with pytest.raises(KeyboardInterrupt):
        sign_in(store, "u1", wrapped, WRONG)
    assert store.load("u1").failed == 1


def test_an_attempt_for_which_there_was_no_memory_does_not_count(store, wrapped, monkeypatch):
    def no_memory(*_):
        raise MemoryError

    monkeypatch.setattr("recorder_core.archive.secrets.attempts.unwrap_private_key", no_memory)
    for _ in range(5):
        with pytest.raises(MemoryError):
            sign_in(store, "u1", wrapped, RIGHT)
    assert store.load("u1").failed == 0


def test_an_unknown_user_costs_and_says_the_same(store, wrapped, monkeypatch):
    spent = []
    monkeypatch.setattr(
        "recorder_core.archive.secrets.attempts.spend_password_time",
        lambda password, settings: spent.append(settings),
    )
    with pytest.raises(NoKeyMatches) as unknown:
        sign_in(store, "nobody", None, WRONG)
    with pytest.raises(NoKeyMatches) as known:
        sign_in(store, "u1", wrapped, WRONG)
    assert str(unknown.value) == str(known.value)
    assert spent == [Argon2Settings()]
    assert store.load("nobody").failed == 1
    passwords.spend_password_time(WRONG, FAST)


def test_a_damaged_record_is_not_a_fresh_start(tmp_path, wrapped):
    deep, huge = b"[" * 100_000, b'{"u1": [1e999, 0]}'
    for damage in (b"", b"{", b"[]", b'{"u1": 3}', b'{"u1": ["many", 0]}', deep, huge):
        path = tmp_path / "attempts.json"
        path.write_bytes(damage)
        now = path.stat().st_mtime
        with pytest.raises(SignInDelayed, match="5 attempts to sign in have failed: wait 8 s"):
            sign_in(AttemptFile(path), "u1", wrapped, RIGHT, clock=partial(float, now))
        with pytest.raises(NoKeyMatches):
            sign_in(AttemptFile(path), "u1", wrapped, WRONG, clock=partial(float, now + 9))
        with pytest.raises(SignInDelayed, match="6 attempts"):
            sign_in(AttemptFile(path), "u1", wrapped, RIGHT, clock=partial(float, now + 10))
        sign_in(AttemptFile(path), "u1", wrapped, RIGHT, clock=partial(float, now + 60))
        assert path.read_bytes() == b"{}"


def _fail_once(path, wrapped_bytes):
    wrapped = passwords.WrappedKey.from_bytes(wrapped_bytes)
    patient = DelaySettings(free_attempts=100)
    with contextlib.suppress(NoKeyMatches):
        sign_in(AttemptFile(path), "u1", wrapped, Password("wrong password"), delays=patient)


def test_processes_count_together(tmp_path, wrapped, store):
    spawn = multiprocessing.get_context("fork")
    processes = [
        spawn.Process(target=_fail_once, args=(tmp_path / "attempts.json", wrapped.to_bytes()))
        for _ in range(8)
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert store.load("u1").failed == 8


def test_the_record_is_private(tmp_path, store, wrapped):
    with pytest.raises(NoKeyMatches):
        sign_in(store, "u1", wrapped, WRONG)
    for path in tmp_path.iterdir():
        assert path.stat().st_mode & 0o077 == 0


def test_nobody_signs_in_uncounted(tmp_path, wrapped):
    with pytest.raises(ArchiveError, match="cannot be counted"):
        sign_in(AttemptFile(tmp_path / "gone" / "attempts.json"), "u1", wrapped, RIGHT)


def test_a_full_disk_lets_nobody_in(store, wrapped, monkeypatch):
    def replace_file(path, data, *, beside):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("recorder_core.archive.secrets.attempts.replace_file", replace_file)
    with pytest.raises(ArchiveError, match="No space left"):
        sign_in(store, "u1", wrapped, RIGHT)
