r"""The tail: what a recording has received but cannot yet seal as a whole segment.

Segments of the stream have a fixed size, so a slow source would lose minutes if the power
went. Once a second, what is new since then is appended to the tail file as a record::

    record   head ‖ AES-256-GCM ciphertext ‖ tag (16 bytes)
    head     counter ‖ segment index ‖ offset in the segment ‖ ciphertext bytes with tag
             (4 bytes each, big-endian); it is the record's associated data
    key      HKDF-SHA256(file key, the stream's salt, info = "surgery-workbench tail 1\n"
             ‖ associated data of the stream), 32 bytes
    nonce    8 zero bytes ‖ counter

The counter never repeats in one recording, and the key is not the stream's, so that a
segment's beginning may be sealed here and the whole segment there. A record is dropped when
its segment is safe in the stream; the file is deleted when the stream is complete.
"""

from __future__ import annotations

import struct
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from recorder_core.archive.secrets.secret import SecretBytes
from recorder_core.archive.segments.stream import StreamHeader, derive_key

__all__ = ["TailCipher", "read_tail", "safe_segments", "tail_segment"]

TAIL_LABEL: Final = b"surgery-workbench tail 1\n"
_HEAD: Final = struct.Struct(">IIII")


class TailCipher:
    """Seals and opens the tail records of one stream."""

    def __init__(self, file_key: SecretBytes, header: StreamHeader, associated_data: bytes) -> None:
        derived = derive_key(file_key, header.salt, TAIL_LABEL + associated_data)
        with derived.view() as key:
            self._aead = AESGCM(key)
        derived.wipe()
        self._counter = 0

    def seal(self, segment: int, offset: int, content: bytes | bytearray | memoryview) -> bytes:
        """Return the next record; every call uses a new nonce."""
        head = _HEAD.pack(self._counter, segment, offset, len(content) + 16)
        record = head + self._aead.encrypt(_nonce(self._counter), content, head)
        self._counter += 1
        return record

    def open(self, head: bytes, sealed: bytes) -> bytes:
        """Return a record's content; raise `InvalidTag` if it is not authentic."""
        return self._aead.decrypt(_nonce(_HEAD.unpack(head)[0]), sealed, head)


def read_tail(data: bytes, cipher: TailCipher, segment: int) -> bytes:
    """Return what the tail holds of one segment, from the segment's beginning.

    Records of other segments are passed over. Reading stops at the first record that is
    cut, altered or does not continue the one before: what follows a crash is not trusted.
    """
    content = bytearray()
    place, last_counter = 0, -1
    while place + _HEAD.size <= len(data):
        head = data[place : place + _HEAD.size]
        counter, index, offset, size = _HEAD.unpack(head)
        sealed = data[place + _HEAD.size : place + _HEAD.size + size]
        try:
            part = cipher.open(head, sealed)
        except InvalidTag:
            break
        if counter <= last_counter or (index == segment and offset != len(content)):
            break
        if index == segment:
            content += part
        last_counter = counter
        place += _HEAD.size + size
    return bytes(content)


def tail_segment(data: bytes) -> int | None:
    """Return the segment to which the first record of a tail belongs; None if there is none."""
    return int(_HEAD.unpack_from(data)[1]) if len(data) >= _HEAD.size else None


def safe_segments(data: bytes, cipher: TailCipher) -> int:
    """Return how many segments were safe in the stream when the tail was begun; 0: nobody knows."""
    head = data[: _HEAD.size]
    try:
        _, index, _, size = _HEAD.unpack(head)
        cipher.open(head, data[_HEAD.size : _HEAD.size + size])
    except (InvalidTag, struct.error):
        return 0
    return int(index)


def _nonce(counter: int) -> bytes:
    return bytes(8) + counter.to_bytes(4, "big")
