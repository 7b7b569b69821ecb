"""The key file: what a sealed file is, how its stream is laid out, and who can open it.

It lies beside the stream, so that granting and revoking never touch the stream and
destroying a few hundred bytes destroys the file. The form is specified in
``docs/archive-format.md``; `format_key_file` and `parse_key_file` are its only writer and
reader.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from recorder_core.archive.identity import FORMAT_LINE, FileIdentity
from recorder_core.archive.secrets.lines import LineReader, decode_base64, encode_base64, join_lines
from recorder_core.archive.secrets.wrapping import PublicKey
from recorder_core.archive.segments.stream import SegmentLayout, StreamHeader
from recorder_core.errors import SettingsError

__all__ = ["Completion", "KeyEntry", "KeyFile", "Superseded", "format_key_file", "parse_key_file"]

#: how many earlier generations of the file are remembered, newest first
MAX_SUPERSEDED: Final = 16
#: stands for "not computed" in a completion line
NO_HASH: Final = "-"


@dataclass(frozen=True, slots=True)
class KeyEntry:
    """The file key, sealed to one public key.

    Attributes
    ----------
    public_key : PublicKey
        Whose private key opens it.
    sealed : bytes
        HPKE encapsulated key and ciphertext, 80 bytes.
    is_recovery : bool
        Whether this is the site's offline recovery key, which is never revoked.
    """

    public_key: PublicKey
    sealed: bytes
    is_recovery: bool


@dataclass(frozen=True, slots=True)
class Superseded:
    """An earlier making of the file, by the header of its stream."""

    generation: int
    header: StreamHeader


@dataclass(frozen=True, slots=True)
class Completion:
    """What the writer knew when it closed the stream.

    Attributes
    ----------
    stream_bytes : int
        Size of the whole stream.
    sha256 : str
        Of the whole stream, hexadecimal, or "-" where it was not computed.
    proof : bytes
        HMAC-SHA256 under a key derived from the file key, 32 bytes.
    """

    stream_bytes: int
    sha256: str
    proof: bytes


@dataclass(frozen=True, slots=True)
class KeyFile:
    """One key file; immutable, changes make a new one."""

    identity: FileIdentity
    layout: SegmentLayout
    header: StreamHeader
    superseded: tuple[Superseded, ...] = ()
    entries: tuple[KeyEntry, ...] = ()
    completion: Completion | None = None

    def __post_init__(self) -> None:
        if len(self.superseded) > MAX_SUPERSEDED:
            raise SettingsError(
                f"a key file remembers at most {MAX_SUPERSEDED} earlier generations"
            )

    def parameters(self) -> bytes:
        """Return the bytes that every sealed key is bound to: all lines above them."""
        return "".join(line + "\n" for line in _parameter_lines(self)).encode("ascii")

    def entry_for(self, public_key: PublicKey) -> KeyEntry | None:
        """Return the entry of one public key, if there is one."""
        return next((entry for entry in self.entries if entry.public_key == public_key), None)


def format_key_file(key_file: KeyFile) -> bytes:
    """Return the key file's bytes."""
    lines = _parameter_lines(key_file)
    for entry in key_file.entries:
        word = "recovery" if entry.is_recovery else "reader"
        lines.append(f"{word} {entry.public_key.to_text()} {encode_base64(entry.sealed)}")
    if key_file.completion is not None:
        done = key_file.completion
        lines.append(f"complete {done.stream_bytes} {done.sha256} {encode_base64(done.proof)}")
    return join_lines(lines)


def parse_key_file(data: bytes, where: str) -> KeyFile:
    """Read a key file.

    Parameters
    ----------
    data : bytes
        The whole file.
    where : str
        Names the file in error messages.

    Raises
    ------
    HeaderDamaged
        If any byte is not as it was written.
    ArchiveError
        If a newer version of the program wrote it.
    """
    reader = LineReader(data, FORMAT_LINE, where)
    try:
        key_file = _read_fields(reader)
    except (ValueError, TypeError) as exc:  # SettingsError is a ValueError
        raise reader.damaged("a value is out of range or malformed") from exc
    if format_key_file(key_file) != data:
        raise reader.damaged("it is not in its one written form")
    return key_file


def _parameter_lines(key_file: KeyFile) -> list[str]:
    lines = key_file.identity.associated_data().decode("ascii").splitlines()
    lines.append(f"segment-bytes {key_file.layout.segment_bytes}")
    lines.append(f"header {encode_base64(key_file.header.to_bytes())}")
    for old in key_file.superseded:
        lines.append(f"superseded {old.generation} {encode_base64(old.header.to_bytes())}")
    return lines


def _read_fields(reader: LineReader) -> KeyFile:
    (event_id,), (role,) = reader.take("event"), reader.take("role")
    (generation,) = reader.take("generation")
    (segment_bytes,), (header,) = reader.take("segment-bytes"), reader.take("header")
    superseded = tuple(
        Superseded(int(number), StreamHeader.from_bytes(decode_base64(text)))
        for number, text in reader.take_all("superseded")
    )
    entries = _read_entries(reader, "recovery") + _read_entries(reader, "reader")
    return KeyFile(
        FileIdentity(event_id, role, int(generation)),
        SegmentLayout(int(segment_bytes)),
        StreamHeader.from_bytes(decode_base64(header)),
        superseded,
        entries,
        _read_completion(reader),
    )


def _read_entries(reader: LineReader, word: str) -> tuple[KeyEntry, ...]:
    return tuple(
        KeyEntry(PublicKey(decode_base64(key)), decode_base64(sealed), word == "recovery")
        for key, sealed in reader.take_all(word)
    )


def _read_completion(reader: LineReader) -> Completion | None:
    if not reader.at("complete"):
        return None
    size, sha256, proof = reader.take("complete")
    return Completion(int(size), sha256, decode_base64(proof))
