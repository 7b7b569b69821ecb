"""Short texts that only some people may read: names, free text, the source's file name.

Each reader gets a copy of the whole text, sealed to the public key (HPKE) and bound to
its place. A text of a few hundred bytes needs no key of its own.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterable, Sequence
from typing import Any, Final

from recorder_core.archive import PrivateKey, PublicKey
from recorder_core.archive.secrets.secret import SecretBytes
from recorder_core.archive.secrets.wrapping import open_sealed_key, seal_key
from recorder_core.catalog import IDENTITY
from recorder_core.errors import HeaderDamaged, NoKeyMatches
from recorder_core.model.values.json_text import parse_json

__all__ = [
    "add_readers",
    "names_associated_data",
    "open_record",
    "record_readers",
    "remove_reader",
    "seal_record",
]

FORMAT: Final = 1


def names_associated_data(event_id: str, record_name: str = IDENTITY) -> str:
    """Return what the sealed names of an event, or a note of it, are bound to."""
    return f"event {event_id} {record_name}"


def seal_record(content: dict[str, Any], readers: Iterable[PublicKey], place: str) -> bytes:
    """Seal a text to its readers.

    Parameters
    ----------
    content : dict
        Plain JSON values.
    readers : iterable of PublicKey
        Who may read it; the recovery key belongs among them.
    place : str
        Event and name of the record; a copy in another place does not open.

    Returns
    -------
    bytes
        For :meth:`recorder_core.catalog.Events.put_sealed`.
    """
    # half a surrogate pair, of a file name that is no text, is sealed as its escape
    text = SecretBytes(
        bytearray(json.dumps(content, ensure_ascii=False), "utf-8", "backslashreplace")
    )
    try:
        copies = {
            reader.to_text(): seal_key(text, reader, _bound(place))
            for reader in dict.fromkeys(readers)
        }
    finally:
        text.wipe()
    return _format(copies)


def open_record(sealed: bytes, private_keys: Sequence[PrivateKey], place: str) -> dict[str, Any]:
    """Open a text with the first key that has a copy of it.

    Raises
    ------
    NoKeyMatches
        If it is sealed to none of the keys.
    HeaderDamaged
        If it was altered, or belongs to another place.
    """
    copies = _parse(sealed)
    for key in private_keys:
        copy = copies.get(key.public_key.to_text())
        if copy is not None:
            return _open(copy, key, place)
    raise NoKeyMatches(
        f"{place}: not sealed to this key; someone who can read it may grant it, or an "
        "administrator with the recovery words, with 'workbench grant LOGIN EVENT --recovery'"
    )


def add_readers(
    sealed: bytes, private_keys: Sequence[PrivateKey], readers: Iterable[PublicKey], place: str
) -> bytes:
    """Return the record with copies for more readers; a key that opens it is needed."""
    content = open_record(sealed, private_keys, place)
    added = _parse(seal_record(content, readers, place))
    return _format(added | _parse(sealed))


def record_readers(sealed: bytes) -> list[PublicKey]:
    """Return to whom a record is sealed; HeaderDamaged if it is damaged."""
    return [PublicKey.from_text(text) for text in _parse(sealed)]


def remove_reader(sealed: bytes, reader: PublicKey) -> bytes:
    """Return the record without one reader's copy; no key is needed."""
    copies = _parse(sealed)
    copies.pop(reader.to_text(), None)
    return _format(copies)


def _open(copy: bytes, key: PrivateKey, place: str) -> dict[str, Any]:
    try:
        text = open_sealed_key(copy, key, _bound(place))
    except NoKeyMatches as error:
        raise HeaderDamaged(f"{place}: the sealed text was altered") from error
    with text.view() as raw:
        content = _parse_content(bytes(raw), place)
    text.wipe()
    return content


def _parse_content(raw: bytes, place: str) -> dict[str, Any]:
    """Read what anybody may have sealed: the keys for that are public."""
    try:
        content = parse_json(raw, surrogates="replace")
    except ValueError:
        content = None  # the original error carries the text
    if not isinstance(content, dict):
        raise HeaderDamaged(f"{place}: the sealed text holds no record")
    return content


def _bound(place: str) -> bytes:
    return f"surgery-workbench sealed record {FORMAT}\n{place}\n".encode("ascii")


def _format(copies: dict[str, bytes]) -> bytes:
    texts = {key: base64.b64encode(copy).decode("ascii") for key, copy in copies.items()}
    return json.dumps({"format": FORMAT, "sealed": texts}, sort_keys=True).encode("ascii")


def _parse(sealed: bytes) -> dict[str, bytes]:
    try:
        content = parse_json(sealed)
        texts = content["sealed"]
        return {str(key): base64.b64decode(text, validate=True) for key, text in texts.items()}
    except (ValueError, KeyError, TypeError, AttributeError, binascii.Error) as error:
        raise HeaderDamaged("a sealed record of the catalog is damaged") from error
