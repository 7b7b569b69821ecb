"""Text whose letters change with their neighbours, or that is read from right to left.

A paragraph of reportlab draws one glyph per character from left to right. Here HarfBuzz
chooses and places the glyphs of Arabic, Devanagari and the like, lines are broken in the
order of reading, and each is then laid out in the order of showing. Arabic and Hebrew glyphs
say which letters they are; for the others the letters are written beside the glyphs
(ActualText, ISO 32000-1, 14.9.4), so that both can be found and copied.
"""

from __future__ import annotations

import unicodedata
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from reportlab.lib.enums import TA_RIGHT
from reportlab.pdfbase.pdfmetrics import stringWidth
from reportlab.pdfbase.ttfonts import ShapedStr, shapeStr
from reportlab.platypus import Flowable

from recorder_core.report.fonts import Typesetter
from recorder_core.report.scripts import Run, base_level, has_changing_letters, visual_runs

__all__ = ["Line", "ShapedText", "break_line"]

#: reportlab's unit of a glyph's advance, parts of the font size
_UNITS = 1000.0
_MIRRORED = str.maketrans("()[]{}<>", ")(][}{><")


@dataclass(frozen=True, slots=True)
class Line:
    """One line in the order of reading, and the level of its paragraph: 1 begins at the right."""

    text: str
    base: int

    @classmethod
    def of(cls, text: str) -> Line:
        """Return a whole paragraph as a line."""
        return cls(text, base_level(text))


@dataclass(frozen=True, slots=True)
class _Piece:
    """Glyphs of one font; `glyphs` is a text, or reportlab's text with places."""

    font: str
    glyphs: Any
    #: the letters, where the glyphs do not say them
    letters: str | None = None

    def width(self, size: float) -> float:
        if isinstance(self.glyphs, ShapedStr):
            return float(
                sum(place.x_advance for place in self.glyphs.__shapeData__) * size / _UNITS
            )
        return float(stringWidth(self.glyphs, self.font, size))


class ShapedText(Flowable):  # type: ignore[misc] # reportlab has no types
    """Lines on a page, broken when the width is known.

    A paragraph that is broken aligns with the side at which it is read; a short one stays at
    the left, beside its label.

    Parameters
    ----------
    lines : sequence of Line
        Of characters that :meth:`Typesetter.lines` left.
    style : ParagraphStyle
        Font, size, leading, colour and alignment.
    typesetter : Typesetter
        Finds the fonts.
    """

    def __init__(self, lines: Sequence[Line], style: Any, typesetter: Typesetter) -> None:
        super().__init__()
        self.style = style
        self._lines = list(lines)
        self._typesetter = typesetter
        self._broken: list[Line] = []

    def wrap(self, width: float, _: float) -> tuple[float, float]:
        """Break the lines for a width; return width and height, all in points."""
        self._broken = [
            part for line in self._lines for part in break_line(line, width, self._measure)
        ]
        self.width, self.height = width, self.style.leading * len(self._broken)
        return self.width, self.height

    def split(self, width: float, height: float) -> list[Any]:
        """Return what fits into a height, and the rest; nothing if not even a line fits."""
        self.wrap(width, height)
        fitting = int(height / self.style.leading)
        parts = self._broken[:fitting], self._broken[fitting:]
        if not fitting:
            return []
        return [ShapedText(part, self.style, self._typesetter) for part in parts if part]

    def draw(self) -> None:
        """Draw the lines; their place is the origin."""
        # a paragraph of reportlab has its first line here too
        top = self.height - self.style.fontSize
        is_broken = len(self._broken) > len(self._lines)
        self.canv.setFillColor(self.style.textColor)
        for number, line in enumerate(self._broken):
            is_right = self.style.alignment == TA_RIGHT or (is_broken and line.base == 1)
            x = self.width - self._measure(line) if is_right else 0.0
            self._draw_line(line, x, top - number * self.style.leading)

    def _draw_line(self, line: Line, x: float, y: float) -> None:
        for piece in self._pieces(line):
            if piece.letters:
                letters = f"\ufeff{piece.letters}".encode("utf-16-be").hex()
                self.canv.addLiteral(f"/Span <</ActualText <{letters}>>> BDC")
            self.canv.setFont(piece.font, self.style.fontSize)
            self.canv.drawString(x, y, piece.glyphs)
            if piece.letters:
                self.canv.addLiteral("EMC")
            x += piece.width(self.style.fontSize)

    def _measure(self, line: Line) -> float:
        return sum(piece.width(self.style.fontSize) for piece in self._pieces(line))

    def _pieces(self, line: Line) -> Iterator[_Piece]:
        for run in visual_runs(line.text, line.base):
            parts = list(self._typesetter.runs(run.text, self.style.fontName))
            for font, text in reversed(parts) if run.is_right_to_left else parts:
                yield _shape(Run(text, run.is_right_to_left), font, self.style.fontSize)


def break_line(line: Line, room: float, measure: Callable[[Line], float]) -> list[Line]:
    """Break a line at spaces, and words that are too long between letters.

    Parameters
    ----------
    line : Line
        Of any length.
    room : float
        Width of the page's column.
    measure : callable
        Gives the width of a line.

    Returns
    -------
    list of Line
        In the order of reading; each fits, unless it is a single letter.
    """
    space = measure(Line(" ", line.base))
    parts: list[str] = []
    used = 0.0
    for word in line.text.split(" "):
        width = measure(Line(word, line.base))
        if parts and used + space + width <= room:
            parts[-1] += f" {word}"
            used += space + width
            continue
        pieces = _break_word(word, lambda text: measure(Line(text, line.base)) <= room)
        parts += pieces
        used = width if len(pieces) == 1 else measure(Line(pieces[-1], line.base))
    return [Line(part, line.base) for part in parts]


def _break_word(word: str, fits: Callable[[str], bool]) -> list[str]:
    pieces = []
    while not fits(word) and len(word) > 1:
        cut = max(bisect_right(range(1, len(word)), 0, key=lambda stop: not fits(word[:stop])), 1)
        while cut > 1 and unicodedata.category(word[cut]).startswith("M"):
            cut -= 1  # marks stay with their letter
        pieces.append(word[:cut])
        word = word[cut:]
    return [*pieces, word]


def _shape(run: Run, font: str, size: float) -> _Piece:
    if not has_changing_letters(run.text):
        text = run.text[::-1].translate(_MIRRORED) if run.is_right_to_left else run.text
        return _Piece(font, text)
    letters = None if run.is_right_to_left else run.text
    return _Piece(font, shapeStr(run.text, font, size), letters)
