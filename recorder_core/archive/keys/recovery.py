"""The offline recovery key: twelve words on paper, and the same as a QR code.

The words spell 20 random bytes and a checksum of 4. A word is five letters, consonant,
vowel, consonant, vowel, consonant, for 16 bits, so that it can be read aloud and typed in
any of the program's languages; the scheme is that of proquints [1]_. The private key is
derived from the 20 bytes: 160 bits are more than X25519 itself offers.

References
----------
.. [1] D. S. Wilkerson, "A Proposal for Proquints: Identifiers that are Readable, Spellable,
   and Pronounceable", arXiv:0901.4016, 2009.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterator
from typing import Final

from recorder_core.archive.secrets.secret import SecretBytes
from recorder_core.archive.secrets.wrapping import PrivateKey
from recorder_core.archive.segments.stream import derive_key
from recorder_core.errors import NoKeyMatches, SettingsError
from recorder_core.model.values.phrase import phrase

__all__ = [
    "RECOVERY_NOTICE",
    "new_recovery_words",
    "recovery_key_from_words",
    "recovery_qr_modules",
    "recovery_qr_svg",
]

#: what every interface shows when the words are printed
RECOVERY_NOTICE: Final = (
    "Print these words and keep them away from this machine. They open every recording. Whoever "
    "has them needs no password; if they are lost and every password is lost too, nobody can "
    "open the recordings again: not the makers of this program, not anyone."
)

SEED_BYTES: Final = 20
CHECK_BYTES: Final = 4
WORD_COUNT: Final = (SEED_BYTES + CHECK_BYTES) // 2
_CONSONANTS: Final = "bdfghjklmnprstvz"
_VOWELS: Final = "aiou"
_WORD: Final = re.compile(f"([{_CONSONANTS}][{_VOWELS}]){{2}}[{_CONSONANTS}]")
_CHECK_LABEL: Final = b"surgery-workbench recovery words 1\n"
_KEY_LABEL: Final = b"surgery-workbench recovery key 1\n"
#: what a QR code begins with, so that a reader knows what it has scanned
QR_PREFIX: Final = "SWRK1:"
#: white border that the standard asks for (ISO/IEC 18004), modules
QR_BORDER_MODULES: Final = 4


def new_recovery_words() -> tuple[str, PrivateKey]:
    """Make a recovery key.

    Returns
    -------
    tuple of str and PrivateKey
        The twelve words, to be printed once and never stored, and the key that they spell;
        its public key is stored.
    """
    seed = SecretBytes.random(SEED_BYTES)
    with seed.view() as raw:
        words = " ".join(_spell(bytes(raw) + _checksum(raw)))
    return words, _key_of(seed)


def recovery_key_from_words(words: str) -> PrivateKey:
    """Return the key that twelve words spell; case, hyphens and line breaks do not matter.

    Raises
    ------
    SettingsError
        If a word cannot be one, or there are not twelve; the message gives the place.
    NoKeyMatches
        If the words do not belong together; the message names the word that is probably
        misread, never the words themselves.
    """
    parts = words.upper().removeprefix(QR_PREFIX).lower().replace("-", " ").split()
    if len(parts) != WORD_COUNT:
        raise SettingsError(f"a recovery key has {WORD_COUNT} words, not {len(parts)}")
    for place, word in enumerate(parts, start=1):
        if not _WORD.fullmatch(word):
            raise SettingsError(
                f"word {place} of the recovery key is not in the word list; read it again"
            )
    data = bytearray(b"".join(_value(word) for word in parts))
    if not _is_consistent(data):
        raise NoKeyMatches(
            phrase(
                "words_together",
                "the recovery words do not belong together{suspect}",
                suspect=_suspect(parts),
            )
        )
    return _key_of(SecretBytes(data[:SEED_BYTES]))


def recovery_qr_modules(words: str) -> list[list[bool]]:
    """Return the QR code of the words: True for a dark module, the white border included."""
    import qrcode  # type: ignore[import-untyped]
    from qrcode.constants import ERROR_CORRECT_M  # type: ignore[import-untyped]

    code = qrcode.QRCode(error_correction=ERROR_CORRECT_M, border=QR_BORDER_MODULES)
    code.add_data(QR_PREFIX + "-".join(words.upper().split()))
    code.make(fit=True)
    return [[bool(module) for module in row] for row in code.get_matrix()]


def recovery_qr_svg(words: str, *, module_px: int = 8) -> str:
    """Return the QR code of the words as an SVG picture."""
    modules = recovery_qr_modules(words)
    size = len(modules)
    path = "".join(
        f"M{x} {y}h1v1h-1z" for y, row in enumerate(modules) for x, dark in enumerate(row) if dark
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{size * module_px}" '
        f'height="{size * module_px}" viewBox="0 0 {size} {size}" shape-rendering="crispEdges">'
        f'<rect width="{size}" height="{size}" fill="#fff"/><path d="{path}"/></svg>'
    )


def _key_of(seed: SecretBytes) -> PrivateKey:
    key = PrivateKey(derive_key(seed, b"", _KEY_LABEL))
    seed.wipe()
    return key


def _spell(data: bytes) -> Iterator[str]:
    for place in range(0, len(data), 2):
        value = int.from_bytes(data[place : place + 2], "big")
        yield (
            _CONSONANTS[value >> 12]
            + _VOWELS[value >> 10 & 3]
            + _CONSONANTS[value >> 6 & 15]
            + _VOWELS[value >> 4 & 3]
            + _CONSONANTS[value & 15]
        )


def _value(word: str) -> bytes:
    value = 0
    for place, letter in enumerate(word):
        if place % 2:
            value = value << 2 | _VOWELS.index(letter)
        else:
            value = value << 4 | _CONSONANTS.index(letter)
    return value.to_bytes(2, "big")


def _checksum(seed: bytes | bytearray | memoryview) -> bytes:
    return hashlib.sha256(_CHECK_LABEL + seed).digest()[:CHECK_BYTES]


def _is_consistent(data: bytearray) -> bool:
    return hmac.compare_digest(_checksum(data[:SEED_BYTES]), data[SEED_BYTES:])


def _suspect(parts: list[str]) -> str:
    """Name the one word in which a single other letter makes the checksum agree."""
    for place, word in enumerate(parts):
        for other in _misreadings(word):
            tried = [*parts[:place], other, *parts[place + 1 :]]
            if _is_consistent(bytearray(b"".join(_value(part) for part in tried))):
                return f": word {place + 1} is probably misread"
    return ": compare every word with the paper"


def _misreadings(word: str) -> Iterator[str]:
    for place, letter in enumerate(word):
        for other in _VOWELS if place % 2 else _CONSONANTS:
            if other != letter:
                yield word[:place] + other + word[place + 1 :]
