"""The segment stream, with Tink as an independent reader and writer."""

from __future__ import annotations

import io
import os

import pytest
import tink
from cryptography.exceptions import InvalidTag
from tink import secret_key_access, streaming_aead
from tink.proto import aes_gcm_hkdf_streaming_pb2, common_pb2, tink_pb2

from recorder_core.archive import SealedPaths, SealedReader, SealedWriter, SealSettings
from recorder_core.archive.keyfile import format_key_file
from recorder_core.archive.keys.grants import complete_key_file, create_key_file, open_file_key
from recorder_core.archive.secrets.secret import SecretBytes
from recorder_core.archive.segments.stream import SegmentCipher, SegmentLayout, StreamHeader
from recorder_core.errors import ArchiveError, SettingsError

KEY_TYPE = "type.googleapis.com/google.crypto.tink.AesGcmHkdfStreamingKey"

#: segment size, and sizes of content around the ends of segments
CASES = [(96, size) for size in (0, 1, 39, 40, 41, 119, 120, 121, 1000)] + [
    (4096, 100_000),
    (131_072, 131_072 - 56),
    (131_072, 131_072 - 55),
    (2**20, 3_000_000),
]


class Kept(io.BytesIO):
    """Keeps what was written when Tink closes it."""

    def close(self):
        self.written = self.getvalue()
        super().close()


def tink_primitive(key, segment_bytes):
    streaming_aead.register()
    parameters = aes_gcm_hkdf_streaming_pb2.AesGcmHkdfStreamingParams(
        ciphertext_segment_size=segment_bytes,
        derived_key_size=32,
        hkdf_hash_type=common_pb2.SHA256,
    )
    proto = aes_gcm_hkdf_streaming_pb2.AesGcmHkdfStreamingKey(key_value=key, params=parameters)
    data = tink_pb2.KeyData(
        type_url=KEY_TYPE,
        value=proto.SerializeToString(),
        key_material_type=tink_pb2.KeyData.SYMMETRIC,
    )
    keyset = tink_pb2.Keyset(primary_key_id=1)
    keyset.key.add(
        key_data=data, status=tink_pb2.ENABLED, key_id=1, output_prefix_type=tink_pb2.RAW
    )
    handle = tink.proto_keyset_format.parse(keyset.SerializeToString(), secret_key_access.TOKEN)
    return handle.primitive(streaming_aead.StreamingAead)


def raw_key(reader, private_key):
    with open_file_key(reader.key_file, private_key).view() as key:
        return bytes(key)


@pytest.mark.parametrize(("segment_bytes", "size"), CASES)
def test_tink_reads_what_the_writer_wrote(root, people, identity, segment_bytes, size):
    content = os.urandom(size)
    settings = SealSettings(segment_bytes=segment_bytes)
    with SealedWriter([root], "file", identity, people.readers, settings=settings) as writer:
        for place in range(0, size, 7777):
            writer.write(content[place : place + 7777])
    with SealedReader(root / "file", people.reviewer, identity) as reader:
        tinks = tink_primitive(raw_key(reader, people.reviewer), segment_bytes)
    stream = io.BytesIO((root / "file.sealed").read_bytes())
    assert tinks.new_decrypting_stream(stream, identity.associated_data()).read() == content
    stream = io.BytesIO((root / "file.sealed").read_bytes())
    with pytest.raises(tink.TinkError):
        tinks.new_decrypting_stream(stream, b"other associated data").read()


@pytest.mark.parametrize(("segment_bytes", "size"), CASES)
def test_the_reader_reads_what_tink_wrote(root, people, identity, segment_bytes, size):
    content = os.urandom(size)
    key_file, file_key = create_key_file(identity, people.readers, segment_bytes=segment_bytes)
    with file_key.view() as key:
        tinks = tink_primitive(bytes(key), segment_bytes)
    target = Kept()
    with tinks.new_encrypting_stream(target, identity.associated_data()) as stream:
        stream.write(content)
    paths = SealedPaths.of(root / "file")
    paths.stream.write_bytes(target.written)
    key_file = with_header(key_file, people, target.written[:40], file_key)
    paths.key.write_bytes(format_key_file(key_file))
    with SealedReader(root / "file", people.reviewer, identity) as reader:
        assert reader.read() == content


def with_header(key_file, people, header, file_key):
    """Bind the key file to the header that Tink drew."""
    from dataclasses import replace

    from recorder_core.archive.keyfile import KeyEntry
    from recorder_core.archive.secrets.wrapping import seal_key

    bare = replace(key_file, header=StreamHeader.from_bytes(header), entries=())
    entries = tuple(
        KeyEntry(
            old.public_key, seal_key(file_key, old.public_key, bare.parameters()), old.is_recovery
        )
        for old in key_file.entries
    )
    return replace(bare, entries=entries)


def test_layout_agrees_with_itself():
    layout = SegmentLayout(96)
    for offset in range(1000):
        index = layout.index_at(offset)
        begin = layout.content_offset(index)
        assert begin <= offset < begin + layout.capacity(index)
    assert [layout.segment_count(size) for size in (0, 40, 41, 96, 97, 192, 193)] == [
        0,
        0,
        1,
        1,
        2,
        2,
        3,
    ]


def test_tag_binds_place_and_end():
    cipher = SegmentCipher(SecretBytes.random(32), StreamHeader.random(), b"file")
    out = bytearray(21)
    cipher.seal_into(7, b"hello", memoryview(out), last=False)
    assert cipher.open(7, bytes(out), last=False) == b"hello"
    for index, last in ((7, True), (6, False), (8, False)):
        with pytest.raises(InvalidTag):
            cipher.open(index, bytes(out), last=last)


def test_limits():
    with pytest.raises(SettingsError):
        SegmentLayout(63)
    with pytest.raises(SettingsError):
        SegmentLayout(2**25)
    with pytest.raises(SettingsError):
        StreamHeader.from_bytes(bytes(40))
    with pytest.raises(SettingsError):
        SegmentCipher(SecretBytes.random(16), StreamHeader.random(), b"")
    cipher = SegmentCipher(SecretBytes.random(32), StreamHeader.random(), b"")
    with pytest.raises(ArchiveError, match="begin another"):
        cipher.seal_into(2**32, b"x", memoryview(bytearray(17)), last=False)


def test_a_completion_is_proven(people, identity):
    key_file, file_key = create_key_file(identity, people.readers)
    assert complete_key_file(key_file, file_key, 5).completion != (
        complete_key_file(key_file, file_key, 6).completion
    )
