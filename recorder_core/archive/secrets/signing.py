"""Signatures of the audit log: Ed25519, with a key that follows from a private key.

Whoever can open a private key can sign with it; nothing more has to be kept. The signing key
is HKDF-SHA256 of the private key, so that neither key says anything about the other.
"""

from __future__ import annotations

import base64
import binascii
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from recorder_core.archive.secrets.wrapping import PrivateKey

__all__ = ["check_signature", "sign_text", "verify_key_of"]

_KEY_LABEL: Final = b"surgery-workbench signing key 1\n"
_TEXT_LABEL: Final = b"surgery-workbench signature 1\n"
_SEED_BYTES: Final = 32


def verify_key_of(private_key: PrivateKey) -> bytes:
    """Return what checks the signatures of a private key: 32 bytes, not secret."""
    return _signing_key(private_key).public_key().public_bytes_raw()


def sign_text(private_key: PrivateKey, text: str) -> str:
    """Sign an ASCII text; return the signature as base64."""
    signature = _signing_key(private_key).sign(_TEXT_LABEL + text.encode("ascii"))
    return base64.b64encode(signature).decode("ascii")


def check_signature(verify_key: bytes, signature: str, text: str) -> bool:
    """Return whether a signature of a text was made with the key that `verify_key` checks."""
    try:
        key = Ed25519PublicKey.from_public_bytes(verify_key)
        raw = base64.b64decode(signature, validate=True)
        key.verify(raw, _TEXT_LABEL + text.encode("ascii"))
    except (InvalidSignature, ValueError, binascii.Error):
        return False
    return True


def _signing_key(private_key: PrivateKey) -> Ed25519PrivateKey:
    hkdf = HKDF(algorithm=SHA256(), length=_SEED_BYTES, salt=None, info=_KEY_LABEL)
    with private_key.secret.view() as raw:
        return Ed25519PrivateKey.from_private_bytes(hkdf.derive(raw))
