"""File keys sealed to public keys, with Tink as an independent reader and writer of HPKE."""

from __future__ import annotations

import copy
import pickle

import pytest
import tink
from tink import hybrid, secret_key_access
from tink.proto import hpke_pb2, tink_pb2

from recorder_core.archive import PrivateKey, PublicKey
from recorder_core.archive.secrets.secret import SecretBytes
from recorder_core.archive.secrets.wrapping import open_sealed_key, seal_key
from recorder_core.errors import NoKeyMatches, SettingsError


def tink_private_key(private_key):
    hybrid.register()
    parameters = hpke_pb2.HpkeParams(
        kem=hpke_pb2.DHKEM_X25519_HKDF_SHA256,
        kdf=hpke_pb2.HKDF_SHA256,
        aead=hpke_pb2.AES_256_GCM,
    )
    public = hpke_pb2.HpkePublicKey(params=parameters, public_key=private_key.public_key.raw)
    with private_key.secret.view() as raw:
        private = hpke_pb2.HpkePrivateKey(public_key=public, private_key=bytes(raw))
    data = tink_pb2.KeyData(
        type_url="type.googleapis.com/google.crypto.tink.HpkePrivateKey",
        value=private.SerializeToString(),
        key_material_type=tink_pb2.KeyData.ASYMMETRIC_PRIVATE,
    )
    keyset = tink_pb2.Keyset(primary_key_id=1)
    keyset.key.add(
        key_data=data, status=tink_pb2.ENABLED, key_id=1, output_prefix_type=tink_pb2.RAW
    )
    return tink.proto_keyset_format.parse(keyset.SerializeToString(), secret_key_access.TOKEN)


def test_tink_opens_what_was_sealed():
    private_key, file_key = PrivateKey.generate(), SecretBytes.random(32)
    sealed = seal_key(file_key, private_key.public_key, b"info")
    opened = tink_private_key(private_key).primitive(hybrid.HybridDecrypt).decrypt(sealed, b"info")
    assert SecretBytes(opened) == file_key


def test_what_tink_sealed_opens():
    private_key = PrivateKey.generate()
    handle = tink_private_key(private_key).public_keyset_handle()
    sealed = handle.primitive(hybrid.HybridEncrypt).encrypt(b"k" * 32, b"info")
    assert open_sealed_key(sealed, private_key, b"info") == SecretBytes(b"k" * 32)


def test_every_bit_and_every_length():
    private_key = PrivateKey.generate()
    sealed = seal_key(SecretBytes.random(32), private_key.public_key, b"info")
    for place in range(len(sealed)):
        damaged = bytearray(sealed)
        damaged[place] ^= 1 << place % 8
        for wrong in (bytes(damaged), sealed[:place]):
            with pytest.raises(NoKeyMatches, match=private_key.key_id):
                open_sealed_key(wrong, private_key, b"info")
    with pytest.raises(NoKeyMatches):
        open_sealed_key(sealed, private_key, b"other info")
    with pytest.raises(NoKeyMatches):
        open_sealed_key(sealed, PrivateKey.generate(), b"info")


def test_public_keys_as_text():
    public_key = PrivateKey.generate().public_key
    assert PublicKey.from_text(public_key.to_text()) == public_key
    assert len(public_key.key_id) == 16
    for wrong in ("", "short", public_key.to_text()[:-2], "é" * 44):
        with pytest.raises(SettingsError):
            PublicKey.from_text(wrong)


@pytest.mark.parametrize("raw", [bytes(32), b"\1" + bytes(31), bytes(31)])
def test_useless_public_keys(raw):
    """Low-order points (RFC 7748, section 6.1) would seal to everybody."""
    with pytest.raises(SettingsError):
        PublicKey(raw)


def test_private_keys_do_not_leak():
    private_key = PrivateKey.generate()
    with private_key.secret.view() as raw:
        shown = (bytes(raw).hex(), repr(bytes(raw))[2:-1])
    for text in (repr(private_key), str(private_key), f"{private_key}"):
        assert private_key.key_id in text
        assert not any(secret in text for secret in shown)
    for act in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError, match="never pickled"):
            act(private_key)


def test_a_wiped_key_is_useless():
    private_key = PrivateKey.generate()
    sealed = seal_key(SecretBytes.random(32), private_key.public_key, b"")
    private_key.wipe()
    with pytest.raises(SettingsError, match="wiped"):
        open_sealed_key(sealed, private_key, b"")
    with pytest.raises(SettingsError, match="32 bytes"):
        PrivateKey(SecretBytes(b"short"))
