"""Public-key wrapping: a file key sealed to those who may read the file.

HPKE base mode (RFC 9180) with DHKEM(X25519, HKDF-SHA256), HKDF-SHA256 and AES-256-GCM; the
sealed form is the encapsulated key followed by the ciphertext. Whoever seals needs public
keys only.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from dataclasses import dataclass
from typing import Final, NoReturn

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hpke
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey

from recorder_core.archive.secrets.secret import SecretBytes
from recorder_core.errors import NoKeyMatches, SettingsError

__all__ = ["PrivateKey", "PublicKey", "open_sealed_key", "seal_key"]

RAW_KEY_BYTES: Final = 32
_KEY_ID_LABEL: Final = b"surgery-workbench key id 1\n"
#: any key; an exchange with it fails exactly for public keys of low order (RFC 7748, 6.1)
_PROBE: Final = X25519PrivateKey.from_private_bytes(bytes(range(RAW_KEY_BYTES)))
_SUITE: Final = hpke.Suite(hpke.KEM.X25519, hpke.KDF.HKDF_SHA256, hpke.AEAD.AES_256_GCM)


@dataclass(frozen=True, slots=True)
class PublicKey:
    """An X25519 public key; 32 bytes, not secret.

    Raises
    ------
    SettingsError
        If the bytes are not a key that anything can be sealed to.
    """

    raw: bytes

    def __post_init__(self) -> None:
        if len(self.raw) != RAW_KEY_BYTES:
            raise SettingsError(f"a public key has {RAW_KEY_BYTES} bytes, not {len(self.raw)}")
        try:
            _PROBE.exchange(X25519PublicKey.from_public_bytes(self.raw))
        except ValueError:
            raise SettingsError(
                "this public key is of low order: nothing can be sealed to it"
            ) from None

    @property
    def key_id(self) -> str:
        """16 hexadecimal digits that name the key in messages and logs."""
        return hashlib.sha256(_KEY_ID_LABEL + self.raw).hexdigest()[:16]

    @classmethod
    def from_text(cls, text: str) -> PublicKey:
        """Read the form that `to_text` writes."""
        try:
            return cls(base64.b64decode(text, validate=True))
        except (binascii.Error, ValueError) as exc:
            raise SettingsError("a public key is 44 characters of base64") from exc

    def to_text(self) -> str:
        """Return the key as 44 characters of base64."""
        return base64.b64encode(self.raw).decode("ascii")

    def __repr__(self) -> str:
        return f"PublicKey({self.key_id})"


class PrivateKey:
    """An X25519 private key; shown only by the id of its public key.

    Parameters
    ----------
    secret : SecretBytes
        32 bytes; owned by the key from then on.
    """

    __slots__ = ("_secret", "public_key")

    def __init__(self, secret: SecretBytes) -> None:
        if len(secret) != RAW_KEY_BYTES:
            raise SettingsError(f"a private key has {RAW_KEY_BYTES} bytes, not {len(secret)}")
        self._secret = secret
        self.public_key = PublicKey(self._x25519().public_key().public_bytes_raw())

    @classmethod
    def generate(cls) -> PrivateKey:
        """Make a new random key."""
        return cls(SecretBytes.random(RAW_KEY_BYTES))

    @property
    def key_id(self) -> str:
        """The id of the public key."""
        return self.public_key.key_id

    @property
    def secret(self) -> SecretBytes:
        """The 32 bytes, for wrapping under a password."""
        return self._secret

    def wipe(self) -> None:
        """Overwrite the key."""
        self._secret.wipe()

    def _x25519(self) -> X25519PrivateKey:
        with self._secret.view() as raw:
            return X25519PrivateKey.from_private_bytes(raw)

    def __repr__(self) -> str:
        return f"<PrivateKey {self.key_id}>"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a private key is never pickled or copied")


def seal_key(file_key: SecretBytes, public_key: PublicKey, info: bytes) -> bytes:
    """Seal a file key to one public key, bound to `info`."""
    with file_key.view() as key:
        return _SUITE.encrypt(key, X25519PublicKey.from_public_bytes(public_key.raw), info)


def open_sealed_key(sealed: bytes, private_key: PrivateKey, info: bytes) -> SecretBytes:
    """Open what `seal_key` made.

    Raises
    ------
    NoKeyMatches
        If the private key is another's, or `sealed` or `info` was altered.
    """
    try:
        return SecretBytes(bytearray(_SUITE.decrypt(sealed, private_key._x25519(), info)))
    except InvalidTag:
        raise NoKeyMatches(f"key {private_key.key_id} does not open this sealed key") from None
