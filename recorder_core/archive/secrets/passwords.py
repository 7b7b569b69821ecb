"""A private key wrapped under a password: Argon2id, then AES-256-GCM."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from recorder_core.archive.secrets.lines import LineReader, decode_base64, encode_base64, join_lines
from recorder_core.archive.secrets.secret import MIN_PASSWORD_CHARACTERS, Password, SecretBytes
from recorder_core.archive.secrets.wrapping import PrivateKey, PublicKey
from recorder_core.errors import HeaderDamaged, NoKeyMatches, SettingsError

__all__ = [
    "DEFAULT_COST",
    "Argon2Settings",
    "WrappedKey",
    "change_password",
    "check_password",
    "spend_password_time",
    "unwrap_private_key",
    "wrap_private_key",
]

WRAPPED_KIND: Final = "surgery-workbench wrapped key"
#: 1 has no trust line
OLDEST_FORMAT: Final = 1
FORMAT: Final = 2
SALT_BYTES: Final = 16
NONCE_BYTES: Final = 12
KEY_BYTES: Final = 32
#: nonce, key and tag
SEALED_BYTES: Final = NONCE_BYTES + KEY_BYTES + 16
#: a damaged or hostile file must not make the program use all memory or hang
MAX_MEMORY_KIB: Final = 4 * 2**20
MAX_ITERATIONS: Final = 64
MAX_LANES: Final = 64
_TRUST: Final = re.compile(r"([0-9a-f]{64})?")


@dataclass(frozen=True, slots=True)
class Argon2Settings:
    """How much work a guess at a password costs.

    The defaults are the second recommended option of RFC 9106, section 4: 64 MiB, three
    passes, four lanes, a salt of 128 bits and a tag of 256.

    Attributes
    ----------
    memory_kib : int
        Memory, KiB.
    iterations : int
        Passes over the memory.
    lanes : int
        Degree of parallelism.
    """

    memory_kib: int = 64 * 1024
    iterations: int = 3
    lanes: int = 4

    def __post_init__(self) -> None:
        in_range = (
            1 <= self.lanes <= MAX_LANES
            and 1 <= self.iterations <= MAX_ITERATIONS
            and 8 * self.lanes <= self.memory_kib <= MAX_MEMORY_KIB
        )
        if not in_range:
            raise SettingsError(f"{self} is outside what this program accepts")

    def is_weaker_than(self, other: Argon2Settings) -> bool:
        """Return whether a guess costs less memory or fewer passes than with the others."""
        return self.memory_kib < other.memory_kib or self.iterations < other.iterations


#: with which keys are wrapped where the site chose nothing else
DEFAULT_COST: Final = Argon2Settings()


@dataclass(frozen=True, slots=True)
class WrappedKey:
    """A user's private key as it is stored; useless without the password.

    Attributes
    ----------
    public_key : PublicKey
        Of the wrapped private key.
    settings : Argon2Settings
        With which it was wrapped.
    salt : bytes
        16 random bytes.
    sealed : bytes
        Nonce, ciphertext and tag: 60 bytes.
    trust : str
        What the user vouches for: the hash of the row of the audit log on which the trust in
        an archive rests. Nobody changes it without the password. Empty in format 1.
    """

    public_key: PublicKey
    settings: Argon2Settings
    salt: bytes
    sealed: bytes
    trust: str = ""

    def __post_init__(self) -> None:
        if len(self.salt) != SALT_BYTES or len(self.sealed) != SEALED_BYTES:
            raise SettingsError(
                f"a wrapped key has {SALT_BYTES} bytes of salt and {SEALED_BYTES} of sealed key"
            )
        if not _TRUST.fullmatch(self.trust):
            raise SettingsError("what a wrapped key trusts is a SHA-256 in hexadecimal")

    def needs_rewrap(self, settings: Argon2Settings) -> bool:
        """Return whether the key should be wrapped again at the next sign-in, with these."""
        return self.settings != settings

    def to_bytes(self) -> bytes:
        """Return the stored form."""
        bound = _bound_lines(self.public_key, self.settings, self.salt, self.trust)
        return join_lines([*bound, f"sealed {encode_base64(self.sealed)}"])

    @classmethod
    def from_bytes(cls, data: bytes) -> WrappedKey:
        """Read the stored form.

        Raises
        ------
        HeaderDamaged
            If any byte is not as it was written.
        ArchiveError
            If a newer version of the program wrote it.
        """
        newest = f"{WRAPPED_KIND} {FORMAT}"
        reader = LineReader(data, newest, "the wrapped key", oldest=OLDEST_FORMAT)
        try:
            (public,) = reader.take("public")
            memory_kib, iterations, lanes = reader.take("argon2id")
            (salt,) = reader.take("salt")
            (trust,) = reader.take("trust") if reader.at("trust") else ("",)
            (sealed,) = reader.take("sealed")
            wrapped = cls(
                PublicKey(decode_base64(public)),
                Argon2Settings(int(memory_kib), int(iterations), int(lanes)),
                decode_base64(salt),
                decode_base64(sealed),
                trust,
            )
        except ValueError as exc:  # SettingsError is a ValueError
            raise reader.damaged("a value is out of range or malformed") from exc
        if wrapped.to_bytes() != data:
            raise reader.damaged("it is not in its one written form")
        return wrapped


def check_password(password: Password) -> None:
    """Raise a SettingsError if a password is too short to protect a key."""
    if password.characters < MIN_PASSWORD_CHARACTERS:
        raise SettingsError(
            f"a password needs at least {MIN_PASSWORD_CHARACTERS} characters: "
            "several unrelated words are easy to remember"
        )


def wrap_private_key(
    private_key: PrivateKey,
    password: Password,
    settings: Argon2Settings = DEFAULT_COST,
    *,
    trust: str = "",
) -> WrappedKey:
    """Wrap a private key under a password, with a fresh salt.

    Parameters
    ----------
    private_key : PrivateKey
        What is wrapped.
    password : Password
        Opens it.
    settings : Argon2Settings
        How much work a guess costs.
    trust : str, optional
        What the user vouches for; see :class:`WrappedKey`.

    Raises
    ------
    SettingsError
        If the password is shorter than 8 characters.
    """
    check_password(password)
    salt, nonce = secrets.token_bytes(SALT_BYTES), secrets.token_bytes(NONCE_BYTES)
    bound = _bound(private_key.public_key, settings, salt, trust)
    with private_key.secret.view() as raw:
        sealed = _cipher(password, salt, settings).encrypt(nonce, raw, bound)
    return WrappedKey(private_key.public_key, settings, salt, nonce + sealed, trust)


def unwrap_private_key(wrapped: WrappedKey, password: Password) -> PrivateKey:
    """Open a wrapped private key.

    Raises
    ------
    NoKeyMatches
        If the password is another.
    HeaderDamaged
        If what was wrapped is not the private key of the public key.
    """
    nonce, sealed = wrapped.sealed[:NONCE_BYTES], wrapped.sealed[NONCE_BYTES:]
    bound = _bound(wrapped.public_key, wrapped.settings, wrapped.salt, wrapped.trust)
    cipher = _cipher(password, wrapped.salt, wrapped.settings)
    try:
        private_key = PrivateKey(SecretBytes(bytearray(cipher.decrypt(nonce, sealed, bound))))
    except InvalidTag:
        raise NoKeyMatches(f"the password does not open key {wrapped.public_key.key_id}") from None
    if private_key.public_key != wrapped.public_key:
        raise HeaderDamaged(f"key {wrapped.public_key.key_id} wraps the private key of another")
    return private_key


def change_password(
    wrapped: WrappedKey,
    old: Password,
    new: Password,
    settings: Argon2Settings = DEFAULT_COST,
    *,
    trust: str | None = None,
) -> WrappedKey:
    """Wrap the same private key under another password; no file is touched.

    Called with the same password twice, it changes the Argon2id settings, or with `trust`
    what the user vouches for, which else stays.

    Raises
    ------
    NoKeyMatches
        If the old password is another.
    """
    private_key = unwrap_private_key(wrapped, old)
    try:
        kept = wrapped.trust if trust is None else trust
        return wrap_private_key(private_key, new, settings, trust=kept)
    finally:
        private_key.wipe()


def spend_password_time(password: Password, settings: Argon2Settings = DEFAULT_COST) -> None:
    """Spend the time of a sign-in for a user who does not exist, so that time tells nothing."""
    _derive(password, bytes(SALT_BYTES), settings).wipe()


def _cipher(password: Password, salt: bytes, settings: Argon2Settings) -> AESGCM:
    key = _derive(password, salt, settings)
    with key.view() as raw:
        cipher = AESGCM(raw)
    key.wipe()
    return cipher


def _derive(password: Password, salt: bytes, settings: Argon2Settings) -> SecretBytes:
    derived = bytearray(KEY_BYTES)
    argon2id = Argon2id(
        salt=salt,
        length=KEY_BYTES,
        iterations=settings.iterations,
        lanes=settings.lanes,
        memory_cost=settings.memory_kib,
    )
    with password.view() as text:
        # any buffer is accepted; making bytes of it would leave a copy behind
        argon2id.derive_into(text, derived)  # type: ignore[arg-type]
    return SecretBytes(derived)


def _bound_lines(public_key: PublicKey, cost: Argon2Settings, salt: bytes, trust: str) -> list[str]:
    """Return the lines that the encryption is bound to."""
    return [
        f"{WRAPPED_KIND} {FORMAT if trust else OLDEST_FORMAT}",
        f"public {public_key.to_text()}",
        f"argon2id {cost.memory_kib} {cost.iterations} {cost.lanes}",
        f"salt {encode_base64(salt)}",
        *([f"trust {trust}"] if trust else []),
    ]


def _bound(public_key: PublicKey, cost: Argon2Settings, salt: bytes, trust: str) -> bytes:
    lines = _bound_lines(public_key, cost, salt, trust)
    return "".join(line + "\n" for line in lines).encode("ascii")
