"""The segment stream: the layout of Tink's AES256_GCM_HKDF streaming AEAD.

::

    stream   header ‖ segment 0 ‖ segment 1 ‖ ... ‖ last segment
    header   0x28 ‖ salt (32 bytes) ‖ nonce prefix (7 bytes)
    segment  AES-256-GCM ciphertext ‖ tag (16 bytes), no associated data
    key      HKDF-SHA256(file key, salt, info = associated data), 32 bytes
    nonce    nonce prefix ‖ index (4 bytes, big-endian) ‖ 1 if last else 0

Every segment but the last fills `segment_bytes` of the stream; the header counts into
segment 0. Counter nonces are safe here because each stream has its own key (a fresh salt)
and one writer that seals each index once [1]_. Nothing in this module touches a file.

References
----------
.. [1] Tink, "AES-GCM-HKDF streaming AEAD",
   https://developers.google.com/tink/streaming-aead/aes_gcm_hkdf_streaming
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from recorder_core.archive.secrets.secret import SecretBytes
from recorder_core.errors import ArchiveError, SettingsError

__all__ = [
    "HEADER_BYTES",
    "KEY_BYTES",
    "TAG_BYTES",
    "SegmentCipher",
    "SegmentLayout",
    "StreamHeader",
    "derive_key",
]

KEY_BYTES: Final = 32
SALT_BYTES: Final = 32
PREFIX_BYTES: Final = 7
TAG_BYTES: Final = 16
#: first byte of the stream is its header's length
HEADER_BYTES: Final = 1 + SALT_BYTES + PREFIX_BYTES
#: the index has 4 bytes
MAX_SEGMENTS: Final = 2**32
MIN_SEGMENT_BYTES: Final = 64
MAX_SEGMENT_BYTES: Final = 16 * 2**20


@dataclass(frozen=True, slots=True)
class SegmentLayout:
    """Where the segments of a stream lie.

    Attributes
    ----------
    segment_bytes : int
        Size of a whole segment in the stream, tag included; 64 bytes to 16 MiB.
    """

    segment_bytes: int

    def __post_init__(self) -> None:
        if not MIN_SEGMENT_BYTES <= self.segment_bytes <= MAX_SEGMENT_BYTES:
            raise SettingsError(
                f"a segment has {MIN_SEGMENT_BYTES} to {MAX_SEGMENT_BYTES} bytes, "
                f"not {self.segment_bytes}"
            )

    def capacity(self, index: int) -> int:
        """Return how many bytes of content a whole segment holds."""
        return self.segment_bytes - TAG_BYTES - (HEADER_BYTES if index == 0 else 0)

    def content_offset(self, index: int) -> int:
        """Return the offset in the content at which a segment begins."""
        return index * (self.segment_bytes - TAG_BYTES) - (HEADER_BYTES if index else 0)

    def stream_offset(self, index: int) -> int:
        """Return the offset in the stream at which a segment begins."""
        return index * self.segment_bytes if index else HEADER_BYTES

    def index_at(self, content_offset: int) -> int:
        """Return the index of the segment that holds this offset of the content."""
        return (content_offset + HEADER_BYTES) // (self.segment_bytes - TAG_BYTES)

    def segment_count(self, stream_bytes: int) -> int:
        """Return how many segments, a cut one included, a stream of this size has."""
        if stream_bytes <= HEADER_BYTES:
            return 0
        return -(-stream_bytes // self.segment_bytes)


@dataclass(frozen=True, slots=True)
class StreamHeader:
    """The random part of a stream's beginning; public."""

    salt: bytes
    nonce_prefix: bytes

    @classmethod
    def random(cls) -> StreamHeader:
        """Draw a fresh header, and with it a key that no other stream has."""
        return cls(secrets.token_bytes(SALT_BYTES), secrets.token_bytes(PREFIX_BYTES))

    @classmethod
    def from_bytes(cls, data: bytes) -> StreamHeader:
        """Read the 40 bytes at the beginning of a stream.

        Raises
        ------
        SettingsError
            If there are not 40 bytes or the first is not 40.
        """
        if len(data) != HEADER_BYTES or data[0] != HEADER_BYTES:
            raise SettingsError(f"a stream header has {HEADER_BYTES} bytes and begins with 0x28")
        return cls(data[1 : 1 + SALT_BYTES], data[1 + SALT_BYTES :])

    def to_bytes(self) -> bytes:
        """Return the 40 bytes at the beginning of the stream."""
        return bytes([HEADER_BYTES]) + self.salt + self.nonce_prefix


def derive_key(file_key: SecretBytes, salt: bytes, info: bytes) -> SecretBytes:
    """Derive a key of 32 bytes from a file key with HKDF-SHA256 (RFC 5869)."""
    derived = bytearray(KEY_BYTES)
    with file_key.view() as key:
        HKDF(SHA256(), KEY_BYTES, salt, info).derive_into(key, derived)
    return SecretBytes(derived)


class SegmentCipher:
    """Seals and opens the segments of one stream.

    Parameters
    ----------
    file_key : SecretBytes
        32 bytes.
    header : StreamHeader
        The stream's salt and nonce prefix.
    associated_data : bytes
        What the stream is bound to.
    """

    def __init__(self, file_key: SecretBytes, header: StreamHeader, associated_data: bytes) -> None:
        if len(file_key) != KEY_BYTES:
            raise SettingsError(f"a file key has {KEY_BYTES} bytes, not {len(file_key)}")
        derived = derive_key(file_key, header.salt, associated_data)
        with derived.view() as key:
            self._aead = AESGCM(key)
        derived.wipe()
        self._prefix = header.nonce_prefix

    def seal_into(
        self, index: int, content: bytes | bytearray | memoryview, out: memoryview, *, last: bool
    ) -> None:
        """Write a segment's ciphertext and tag to `out`, which is 16 bytes longer.

        The caller seals each index once; sealing one again with other content would
        break the encryption of both.

        Raises
        ------
        ArchiveError
            If the stream has no indices left.
        """
        if index >= MAX_SEGMENTS:
            raise ArchiveError(f"a sealed file has at most {MAX_SEGMENTS} segments: begin another")
        self._aead.encrypt_into(self._nonce(index, last), content, None, out)

    def open(self, index: int, segment: bytes | memoryview, *, last: bool) -> bytes:
        """Return a segment's content.

        Raises
        ------
        cryptography.exceptions.InvalidTag
            If the segment is not authentic at this place.
        """
        return self._aead.decrypt(self._nonce(index, last), segment, None)

    def open_into(self, index: int, segment: memoryview, out: memoryview, *, last: bool) -> None:
        """Write a segment's content to `out`, which is 16 bytes shorter; else as `open`."""
        try:
            self._aead.decrypt_into(self._nonce(index, last), segment, None, out)
        except InvalidTag:
            out[:] = bytes(len(out))  # what was decrypted before the tag was known
            raise

    def _nonce(self, index: int, last: bool) -> bytes:
        return self._prefix + index.to_bytes(4, "big") + (b"\1" if last else b"\0")
