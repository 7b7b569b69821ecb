from __future__ import annotations

import unicodedata
from typing import Any

import pytest
from reportlab.lib.styles import ParagraphStyle
from reportlab.pdfbase.ttfonts import ShapedStr

from recorder_core.report.fonts import NOT_DRAWN, REGULAR, Typesetter
from recorder_core.report.shaping import Line, ShapedText, break_line


def make_text(*texts: str) -> ShapedText:
    typesetter = Typesetter()
    style = ParagraphStyle("test", fontName=REGULAR, fontSize=10, leading=12)
    lines = [Line.of(line) for text in texts for line in typesetter.lines(text)]
    return ShapedText(lines, style, typesetter)


def pieces_of(text: str) -> list[Any]:
    flowable = make_text(text)
    return list(flowable._pieces(flowable._lines[0]))


@pytest.mark.parametrize(
    ("text", "forms"),
    [
        ("محمد", ["INITIAL", "MEDIAL", "MEDIAL", "FINAL"]),
        ("عبد", ["INITIAL", "MEDIAL", "FINAL"]),
        ("علا", ["INITIAL", "FINAL"]),
        ("پاک", ["INITIAL", "FINAL", "ISOLATED"]),
    ],
)
def test_arabic_letters_join(text: str, forms: list[str]) -> None:
    (piece,) = pieces_of(text)
    names = [unicodedata.name(glyph) for glyph in reversed(piece.glyphs)]
    found = [name.split()[-2] if name.endswith("FORM") else "ISOLATED" for name in names]
    assert found == forms
    # what is copied out of the file are the letters
    letters = [unicodedata.normalize("NFKC", glyph) for glyph in reversed(piece.glyphs)]
    assert "".join(letters) == text


@pytest.mark.usefixtures("devanagari_font")
def test_devanagari_is_reordered_and_says_its_letters() -> None:
    (piece,) = pieces_of("क्षत्रिय")
    assert piece.font != REGULAR
    assert isinstance(piece.glyphs, ShapedStr)
    assert len(piece.glyphs) < len("क्षत्रिय")
    # the vowel sign that is written before its consonant comes first
    (before,) = pieces_of("कि")
    assert before.glyphs[0] == "ि"
    assert piece.letters == "क्षत्रिय"


@pytest.mark.usefixtures("east_asian_font", "devanagari_font")
def test_each_piece_has_a_font_that_has_it() -> None:
    pieces = pieces_of("Dr. محمد 王 राम")
    chinese, hindi = pieces[3].font, pieces[5].font
    assert [piece.font for piece in pieces] == [
        REGULAR, REGULAR, REGULAR, chinese, REGULAR, hindi,
    ]  # fmt: skip
    assert len({REGULAR, chinese, hindi}) == 3
    assert str(pieces[0].glyphs) == "Dr. "


def test_arabic_digits_keep_their_order_and_brackets_open_to_their_text() -> None:
    assert [str(piece.glyphs) for piece in pieces_of("١٢٣")] == ["١٢٣"]
    drawn = "".join(str(piece.glyphs) for piece in pieces_of("דוד (ראש)"))
    assert drawn == "(" + "ראש"[::-1] + ") " + "דוד"[::-1]


def test_lines_break_in_the_order_of_reading() -> None:
    def measure(line: Line) -> float:
        return float(len(line.text))

    lines = break_line(Line("aa bb ccccccc d", 1), 5.0, measure)
    assert [line.text for line in lines] == ["aa bb", "ccccc", "cc d"]
    assert all(line.base == 1 for line in lines)
    assert [line.text for line in break_line(Line("", 0), 5.0, measure)] == [""]
    assert [line.text for line in break_line(Line("abc", 0), 0.5, measure)] == ["a", "b", "c"]


def test_long_text_fits_the_width_and_splits_between_pages() -> None:
    text = make_text("نص طويل جدا " * 40)
    width, height = text.wrap(200.0, 1000.0)
    assert width == 200.0
    assert height == 12 * len(text._broken)
    assert len(text._broken) > 5
    assert all(text._measure(line) <= 200.0 for line in text._broken)
    first, rest = text.split(200.0, 30.0)
    assert (len(first._lines), len(rest._lines)) == (2, len(text._broken) - 2)
    assert text.split(200.0, 5.0) == []
    words = " ".join(line.text for part in (first, rest) for line in part._lines)
    assert words == ("نص طويل جدا " * 40).strip()


def test_what_no_font_draws_is_a_square() -> None:
    assert str(pieces_of("تبت \u0f40")[0].glyphs) == NOT_DRAWN
