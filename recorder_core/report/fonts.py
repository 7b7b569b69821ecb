"""Which font draws which character, and what is shown where none does.

All fonts are embedded. DejaVu Sans, which comes with matplotlib, draws Latin, Greek,
Cyrillic, Hebrew, Arabic and more; the files in ``typefaces`` draw Chinese, Japanese, Korean
and the languages written in Devanagari; `extra_fonts` names files for other scripts.
Anything else becomes a white square, and the report counts them.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from itertools import groupby
from pathlib import Path
from xml.sax.saxutils import escape

from recorder_core.errors import ReportError

__all__ = ["BOLD", "MONO", "NOT_DRAWN", "REGULAR", "Typesetter", "register_fonts"]

REGULAR = "DejaVuSans"
BOLD = "DejaVuSans-Bold"
MONO = "DejaVuSansMono"

#: what stands for a character that no font draws
NOT_DRAWN = "\u25a1"

_TYPEFACES = Path(__file__).parent / "typefaces"
#: they decide how letters join, and are not seen themselves
_JOINERS = "\u200c\u200d"


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
def _register_file(path: str) -> str:
    """Make one more font known and return its name in the PDF."""
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.ttfonts import TTFError, TTFont

    name = f"file-{Path(path).stem}"
    try:
        pdfmetrics.registerFont(TTFont(name, path))
    except TTFError as error:
        raise ReportError(
            f"the font {path} cannot be used; give a TrueType font (.ttf, not .otf)"
        ) from error
    return name


@cache
def _glyphs(font: str) -> frozenset[int]:
    from reportlab.pdfbase import pdfmetrics

    return frozenset(pdfmetrics.getFont(font).face.charToGlyph)


@dataclass
class Typesetter:
    """Finds fonts for text, and counts what it could not draw."""

    extra_fonts: tuple[str, ...] = ()
    not_drawn_count: int = 0
    _extra_names: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        register_fonts()
        self._extra_names = tuple(_register_file(path) for path in self.extra_fonts)

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
            if belongs_to_last and last and ord(character) in _glyphs(last):
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
        for name in (font, REGULAR, *self._extra_names, *_fallbacks(character)):
            if ord(character) in _glyphs(name):
                return name
        return None


def _fallbacks(character: str) -> tuple[str, ...]:
    """Return the font of this program for the script of a character; read when needed."""
    if unicodedata.east_asian_width(character) in ("W", "F", "H"):
        return (_register_file(str(_TYPEFACES / "DroidSansFallback.ttf")),)
    if unicodedata.name(character, "").startswith("DEVANAGARI"):
        return (_register_file(str(_TYPEFACES / "Lohit-Devanagari.ttf")),)
    return ()


def _visible(line: str) -> str:
    """Return a line without control and direction characters."""
    return "".join(
        c for c in line if c in _JOINERS or unicodedata.category(c) not in ("Cc", "Cf", "Cs", "Co")
    )
