"""Secrets stay out of sight."""

from __future__ import annotations

import copy
import hmac
import logging
import pickle
import traceback

import pytest

from recorder_core.archive import (
    Argon2Settings,
    Password,
    PrivateKey,
    unwrap_private_key,
    wrap_private_key,
)
from recorder_core.archive.secrets.secret import SecretBytes
from recorder_core.errors import NoKeyMatches, SettingsError

MARK = "correct horse battery staple"
FAST = Argon2Settings(memory_kib=64, iterations=1, lanes=1)


def test_holds_its_bytes():
    source = bytearray(b"secret")
    secret = SecretBytes(source)
    assert source == bytes(6)
    with secret.view() as view:
        assert view == b"secret"
        with pytest.raises(TypeError):
            view[0] = 1
    assert len(secret) == 6
    assert secret == SecretBytes(b"secret")
    assert secret != SecretBytes(b"secreT")
    assert secret != b"secret"
    with pytest.raises(SettingsError):
        SecretBytes(b"")


def test_compares_in_constant_time(monkeypatch):
    compared = []
    real = hmac.compare_digest

    def compare_digest(one, two):
        compared.append(len(one))
        return real(one, two)

    monkeypatch.setattr("recorder_core.archive.secrets.secret.hmac.compare_digest", compare_digest)
    assert SecretBytes(b"12345678") != SecretBytes(b"12345679")
    assert compared == [8]


def test_wiping():
    secret = SecretBytes(b"secret")
    secret.wipe()
    secret.wipe()
    with pytest.raises(SettingsError, match="wiped"), secret.view():
        pass


@pytest.mark.parametrize("secret", [SecretBytes(MARK.encode()), Password(MARK)])
def test_never_shown_or_pickled(secret):
    assert MARK not in f"{secret} {secret!r} {[secret]} {vars(type(secret))}"
    for act in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError, match="never pickled"):
            act(secret)
    with pytest.raises(TypeError):
        hash(SecretBytes(b"x"))


def test_not_in_tracebacks_or_logs(caplog):
    """Not even when a traceback shows the values of local variables."""
    private_key, password = PrivateKey.generate(), Password(MARK)
    wrapped = wrap_private_key(private_key, password, FAST)
    with private_key.secret.view() as raw:
        key = bytes(raw)
    shown = []
    try:
        unwrap_private_key(wrapped, Password(MARK + "x"))
    except NoKeyMatches as exc:
        logging.getLogger("test").exception("refused")
        report = traceback.TracebackException.from_exception(exc, capture_locals=True)
        # the frames of the program, not this test's own
        frames = [frame for frame in report.stack if "recorder_core/archive" in frame.filename]
        assert any("test_secret" not in frame.filename for frame in frames)
        shown = [
            f"{name}={value}"
            for frame in frames
            if "tests" not in frame.filename
            for name, value in (frame.locals or {}).items()
        ]
        shown.append(str(exc))
    assert shown
    for text in [*shown, caplog.text.replace("MARK", "")]:
        assert MARK not in text
        assert key.hex() not in text
        assert repr(key)[2:-1] not in text


def test_one_password_whatever_the_keyboard():
    wrapped = wrap_private_key(PrivateKey.generate(), Password("coração-São"), FAST)
    decomposed = "corac\u0327a\u0303o-Sa\u0303o"
    unwrap_private_key(wrapped, Password(decomposed))


@pytest.mark.parametrize("text", ["", "x" * 1025, "\ud800"])
def test_passwords_are_bounded(text):
    with pytest.raises(SettingsError) as caught:
        Password(text)
    assert caught.value.__cause__ is None
