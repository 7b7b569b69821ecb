"""Which font draws which character, and what is shown where none does.

All fonts are embedded. DejaVu Sans, which comes with matplotlib, draws Latin, Greek,
Cyrillic, Hebrew, Arabic and more; `extra_fonts` names files for other scripts, and what
these do not draw is looked for among the fonts of the computer. Anything else becomes a
white square, and the report counts them.
"""

from __future__ import annotations

import hashlib
import struct
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from itertools import chain, groupby
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from recorder_core.errors import ReportError
from recorder_core.report.system_fonts import SystemFonts

__all__ = ["BOLD", "MONO", "NOT_DRAWN", "REGULAR", "Typesetter", "register_fonts"]

REGULAR = "DejaVuSans"
BOLD = "DejaVuSans-Bold"
MONO = "DejaVuSansMono"

#: what stands for a character that no font draws
NOT_DRAWN = "\u25a1"

#: they decide how letters join, and are not seen themselves
_JOINERS = "\u200c\u200d"

#: bytes before fsType in the OS/2 table, and what its bits say
_EMBEDDING_OFFSET = 8
_EMBEDDING_USAGE = 0x000F
_RESTRICTED = 0x0002
#: no part of the font alone, or pictures of the letters only
_NO_PARTS = 0x0300


def register_fonts() -> None:
    """Make the fonts of every page known to reportlab; does nothing the second time.

    Raises
    ------
    ReportError
        If matplotlib came without its fonts.
    """
    import matplotlib as mpl
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.ttfonts import TTFError, TTFont

    if MONO in pdfmetrics.getRegisteredFontNames():
        return
    folder = Path(mpl.get_data_path(), "fonts", "ttf")
    try:
        for name in (REGULAR, BOLD, MONO):
            pdfmetrics.registerFont(TTFont(name, str(folder / f"{name}.ttf")))
    except TTFError as error:
        raise ReportError("the DejaVu fonts of matplotlib are missing; install it again") from error
    pdfmetrics.registerFontFamily(REGULAR, normal=REGULAR, bold=BOLD, italic=REGULAR)


@cache
def _register_file(path: Path) -> str:
    """Make one more font known and return its name in the PDF.

    The name is made from the bytes of the file: reportlab takes fonts of one name for one.
    """
    from reportlab.pdfbase import pdfmetrics

    font = _read_font(path)
    pdfmetrics.registerFont(font)
    return str(font.fontName)


def _read_font(path: Path) -> Any:
    """Return reportlab's font, or raise `ReportError`."""
    from reportlab.pdfbase.ttfonts import TTFError, TTFont

    try:
        digest = hashlib.sha256(path.read_bytes()).hexdigest()[:8]
        font = TTFont(f"file-{digest}", str(path))
    # what reportlab lets through from files that are cut or damaged
    except (
        TTFError, OSError, struct.error, ValueError, LookupError, ArithmeticError, NameError,
        TypeError,
    ) as error:  # fmt: skip
        raise _unusable(path) from error
    if _is_cut(font.face) or _forbids_embedding(font.face):
        raise _unusable(path)
    font.face.name += f"-{digest}".encode()
    return font


def _is_cut(face: Any) -> bool:
    """Return whether the file ends before its tables do; reportlab would meet it when drawing."""
    size = len(face._ttf_data)
    return any(table["offset"] + table["length"] > size for table in face.tables)


def _forbids_embedding(face: Any) -> bool:
    """Return whether the font may not be embedded in parts [1]_.

    References
    ----------
    .. [1] OpenType specification, OS/2 table, fsType.
    """
    if "OS/2" not in face.table:
        return False
    kind = face.get_ushort(face.table["OS/2"]["offset"] + _EMBEDDING_OFFSET)
    return kind & _EMBEDDING_USAGE == _RESTRICTED or bool(kind & _NO_PARTS)


def _unusable(path: Path) -> ReportError:
    return ReportError(
        f"the font {path} cannot be used; give a whole TrueType font that may be embedded "
        "(.ttf or .ttc, not .otf)"
    )


@cache
def _name_if_usable(path: Path) -> str | None:
    """Return the name in the PDF of a font of this computer; None to pass it over."""
    try:
        return _register_file(path)
    except ReportError:
        return None


@cache
def _glyphs(font: str) -> frozenset[int]:
    from reportlab.pdfbase import pdfmetrics

    # glyph 0 stands for what a font does not have
    known = pdfmetrics.getFont(font).face.charToGlyph
    return frozenset(code for code, glyph in known.items() if glyph)


@dataclass
class Typesetter:
    """Finds fonts for text, and counts what it could not draw."""

    extra_fonts: tuple[str, ...] = ()
    not_drawn_count: int = 0
    _extra_names: tuple[str, ...] = field(init=False)
    _system_fonts: SystemFonts = field(init=False, default_factory=SystemFonts)

    def __post_init__(self) -> None:
        register_fonts()
        self._extra_names = tuple(_register_file(Path(path)) for path in self.extra_fonts)

    def lines(self, text: str) -> list[str]:
        """Return a text as lines of characters that fonts can have; at least one line."""
        lines = unicodedata.normalize("NFC", text).splitlines()
        return [_visible(line).strip() for line in lines] or [""]

    def runs(self, line: str, font: str = REGULAR) -> Iterator[tuple[str, str]]:
        """Yield (font, characters) for the parts of a line, in the order of reading.

        Parameters
        ----------
        line : str
            From :meth:`lines`.
        font : str, default DejaVu Sans
            For what it can draw.
        """
        fonts: list[str | None] = []
        for character in line:
            belongs_to_last = unicodedata.combining(character) or character in _JOINERS
            last = fonts[-1] if fonts else None
            if belongs_to_last and last and _has(last, character):
                fonts.append(last)
            else:
                fonts.append(self._font_for(character, font))
        for name, part in groupby(zip(fonts, line, strict=True), key=lambda item: item[0]):
            characters = "".join(character for _, character in part)
            yield (name, characters) if name else (REGULAR, NOT_DRAWN * len(characters))

    def count_not_drawn(self, line: str, font: str = REGULAR) -> None:
        """Remember how many characters of a line no font has."""
        self.not_drawn_count += sum(self._font_for(c, font) is None for c in line)

    def markup(self, lines: list[str], font: str = REGULAR) -> str:
        """Return lines as paragraph markup; markup in them is shown, not obeyed."""
        return "<br/>".join(self._line(line, font) for line in lines)

    def _line(self, line: str, font: str) -> str:
        return "".join(
            escape(part) if name == font else f'<font name="{name}">{escape(part)}</font>'
            for name, part in self.runs(line, font)
        )

    def _font_for(self, character: str, font: str) -> str | None:
        names = (font, REGULAR, *self._extra_names)
        return next(
            (name for name in chain(names, self._found(character)) if _has(name, character)), None
        )

    def _found(self, character: str) -> Iterator[str]:
        """Yield the fonts of this computer for a character; each is read when it is asked for."""
        names = map(_name_if_usable, self._system_fonts.files_for(character))
        return (name for name in names if name)


def _has(font: str, character: str) -> bool:
    return ord(character) in _glyphs(font)


def _visible(line: str) -> str:
    """Return a line without control and direction characters."""
    return "".join(
        c for c in line if c in _JOINERS or unicodedata.category(c) not in ("Cc", "Cf", "Cs", "Co")
    )
