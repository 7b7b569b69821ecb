from __future__ import annotations

from pathlib import Path

import matplotlib as mpl
import pytest

from recorder_core.report.fonts import MONO, NOT_DRAWN, Typesetter


def markup(text: str, font: str | None = None) -> str:
    typesetter = Typesetter()
    lines = typesetter.lines(text)
    return typesetter.markup(lines, font) if font else typesetter.markup(lines)


def test_markup_in_a_name_is_shown_not_obeyed() -> None:
    assert markup("<b>A</b> & B") == "&lt;b&gt;A&lt;/b&gt; &amp; B"


def test_lines_and_invisible_characters() -> None:
    assert markup("one\r\ntwo\x00\u202e\u200b three ") == "one<br/>two three"
    assert markup("") == ""


def test_accents_written_apart_are_joined() -> None:
    assert markup("Joa\u0303o") == "João"


@pytest.mark.parametrize("name", ["李小龙", "山田はな", "金철수", "ㄅㄆ、「」"])
def test_east_asian_text_is_drawn_by_an_embedded_font(name: str) -> None:
    assert markup(f"Dr. {name}") == f'Dr. <font name="file-DroidSansFallback">{name}</font>'


def test_what_no_font_draws_is_counted() -> None:
    typesetter = Typesetter()
    (line,) = typesetter.lines("a \u0e2a\u0e21 \U00020000")
    assert typesetter.markup([line]) == f"a {NOT_DRAWN * 2} {NOT_DRAWN}"
    typesetter.count_not_drawn(line)
    assert typesetter.not_drawn_count == 3


def test_a_font_without_the_character_gives_way() -> None:
    # DejaVu Sans Mono has no Hebrew, DejaVu Sans has
    assert markup("\u05d3", MONO) == '<font name="DejaVuSans">\u05d3</font>'


def test_marks_and_joiners_stay_in_the_font_of_their_letter() -> None:
    runs = list(Typesetter().runs("\u0915\u094d\u200d\u0937 a"))
    assert runs == [("file-Lohit-Devanagari", "\u0915\u094d\u200d\u0937"), ("DejaVuSans", " a")]


def test_an_extra_font_is_used_for_what_it_has() -> None:
    folder = Path(mpl.get_data_path(), "fonts", "ttf")
    typesetter = Typesetter((str(folder / "STIXGeneral.ttf"),))
    # a tibetan letter is in neither; CONTOUR INTEGRAL is in STIX or DejaVu
    assert typesetter.markup(["\u0f40"]) == NOT_DRAWN
    assert NOT_DRAWN not in typesetter.markup(["plain \u2230"])
