from __future__ import annotations

import hashlib
import hmac

from recorder_core.archive import PrivateKey, derive_key
from recorder_core.archive.secrets.secret import SecretBytes

RAW = bytes(range(32))


def _key(raw: bytes = RAW) -> PrivateKey:
    return PrivateKey(SecretBytes(bytearray(raw)))


def test_a_derived_key_is_hkdf_of_the_private_key() -> None:
    # RFC 5869 by hand: no salt is one of zeros, and one block is all that is asked for
    pseudorandom = hmac.digest(bytes(32), RAW, "sha256")
    label = b"surgery-workbench derived key 1\npurpose\x01"
    assert derive_key(_key(), "purpose") == hmac.digest(pseudorandom, label, "sha256")


def test_another_purpose_or_person_has_another_key() -> None:
    keys = {derive_key(_key(), "a"), derive_key(_key(), "b"), derive_key(_key(RAW[::-1]), "a")}
    assert len(keys) == 3
    assert hashlib.sha256(RAW).digest() not in keys
