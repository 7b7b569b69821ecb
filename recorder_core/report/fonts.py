"""Which font draws which character, and what is shown where none does.

DejaVu Sans (embedded; comes with matplotlib) draws Latin, Greek, Cyrillic, Hebrew and
Arabic. Chinese, Japanese and Korean use the standard fonts of PDF readers, which are
not embedded, unless `extra_fonts` names a font that has them. Anything else becomes a
white square, and the report counts them.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, field
from functools import cache
from itertools import groupby
from pathlib import Path
from xml.sax.saxutils import escape

from recorder_core.errors import ReportError
from recorder_core.report.scripts import display_order

__all__ = ["BOLD", "MONO", "REGULAR", "Typesetter", "register_fonts"]

REGULAR = "DejaVuSans"
BOLD = "DejaVuSans-Bold"
MONO = "DejaVuSansMono"

#: what stands for a character that no font draws
NOT_DRAWN = "\u25a1"

_HANGUL = "HYGothic-Medium"
_KANA = "HeiseiKakuGo-W5"
_HAN = "STSong-Light"


def register_fonts() -> None:
    """Make the fonts known to reportlab; does nothing the second time.

    Raises
    ------
    ReportError
        If matplotlib came without its fonts.
    """
    import matplotlib as mpl
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.cidfonts import UnicodeCIDFont
    from reportlab.pdfbase.ttfonts import TTFError, TTFont

    if MONO in pdfmetrics.getRegisteredFontNames():
        return
    folder = Path(mpl.get_data_path(), "fonts", "ttf")
    for name in (_HANGUL, _KANA, _HAN):
        pdfmetrics.registerFont(UnicodeCIDFont(name))
    try:
        for name in (REGULAR, BOLD, MONO):
            pdfmetrics.registerFont(TTFont(name, str(folder / f"{name}.ttf")))
    except TTFError as error:
        raise ReportError("the DejaVu fonts of matplotlib are missing; install it again") from error
    pdfmetrics.registerFontFamily(REGULAR, normal=REGULAR, bold=BOLD, italic=REGULAR)


@cache
def _register_extra(path: str) -> str:
    """Make one more font known and return its name in the PDF."""
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.ttfonts import TTFError, TTFont

    name = f"extra-{Path(path).stem}"
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
    """Turns text into the markup of a paragraph, and counts what it could not draw."""

    extra_fonts: tuple[str, ...] = ()
    not_drawn_count: int = 0
    uses_reader_fonts: bool = False
    _extra_names: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        register_fonts()
        self._extra_names = tuple(_register_extra(path) for path in self.extra_fonts)

    def markup(self, text: str, font: str = REGULAR) -> str:
        """Return text as paragraph markup, each run in a font that has its characters.

        Parameters
        ----------
        text : str
            Anything; markup in it is shown, not obeyed.
        font : str, default DejaVu Sans
            For what it can draw.
        """
        lines = unicodedata.normalize("NFC", text).splitlines() or [""]
        return "<br/>".join(self._line(_visible(line), font) for line in lines)

    def _line(self, line: str, font: str) -> str:
        han_font = _han_font(line)
        pieces = []
        for name, run in groupby(
            display_order(line), key=lambda character: self._font_for(character, font, han_font)
        ):
            characters = "".join(run)
            if name is None:
                self.not_drawn_count += len(characters)
                pieces.append(NOT_DRAWN * len(characters))
            elif name == font:
                pieces.append(escape(characters))
            else:
                self.uses_reader_fonts |= name in (_HANGUL, _KANA, _HAN)
                pieces.append(f'<font name="{name}">{escape(characters)}</font>')
        return "".join(pieces)

    def _font_for(self, character: str, font: str, han_font: str) -> str | None:
        for name in (font, REGULAR, *self._extra_names):
            if ord(character) in _glyphs(name):
                return name
        # these fonts are encoded in UCS-2: what lies beyond the basic plane has no place in them
        is_east_asian = ord(character) < 0x10000 and _script(character) is not None
        return han_font if is_east_asian else None


def _script(character: str) -> str | None:
    """Return the reader's font that a Chinese, Japanese or Korean character asks for."""
    name = unicodedata.name(character, "")
    if name.startswith(("HIRAGANA", "KATAKANA")):
        return _KANA
    if name.startswith("HANGUL"):
        return _HANGUL
    return _HAN if name.startswith(("CJK", "IDEOGRAPHIC", "FULLWIDTH")) else None


def _han_font(line: str) -> str:
    """Choose one font for a line: Han characters look different in each language."""
    scripts = {_script(character) for character in line}
    return next((font for font in (_KANA, _HANGUL) if font in scripts), _HAN)


def _visible(line: str) -> str:
    """Return a line without control and direction characters."""
    return "".join(c for c in line if unicodedata.category(c) not in ("Cc", "Cf", "Cs", "Co"))
