"""Keys of a person for one purpose, made from the private key: nothing of them is stored."""

from __future__ import annotations

from typing import Final

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from recorder_core.archive.secrets.wrapping import PrivateKey

__all__ = ["derive_key"]

DERIVED_KEY_BYTES: Final = 32
_LABEL: Final = b"surgery-workbench derived key 1\n"


def derive_key(private_key: PrivateKey, purpose: str) -> bytes:
    """Derive 32 bytes that are the same for a private key and a purpose at all times.

    Parameters
    ----------
    private_key : PrivateKey
        Of a person.
    purpose : str
        What the key is for, and for which thing; another purpose gives an unrelated key.

    References
    ----------
    .. [1] HKDF-SHA256 without a salt, RFC 5869, sections 2.2 and 2.3.
    """
    hkdf = HKDF(SHA256(), DERIVED_KEY_BYTES, salt=None, info=_LABEL + purpose.encode())
    with private_key.secret.view() as raw:
        return hkdf.derive(raw)
