from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import matplotlib as mpl
import pytest
from fontTools.ttLib import TTCollection, TTFont

from recorder_core.errors import ReportError
from recorder_core.report.fonts import MONO, NOT_DRAWN, REGULAR, Typesetter

Make = Callable[..., Path]


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


def fonts_of(line: str, typesetter: Typesetter | None = None) -> list[str]:
    return [name for name, _ in (typesetter or Typesetter()).runs(line)]


@pytest.mark.usefixtures("east_asian_font")
@pytest.mark.parametrize("name", ["李小龙", "山田はな", "金철수", "ㄅㄆ、「」"])
def test_east_asian_text_is_drawn_by_a_font_of_the_computer(name: str) -> None:
    (regular, found), (_, text) = zip(*Typesetter().runs(f"Dr. {name}"), strict=True)
    assert (regular, text) == (REGULAR, name)
    assert markup(f"Dr. {name}") == f'Dr. <font name="{found}">{name}</font>'


def test_without_such_a_font_each_letter_is_a_counted_square() -> None:
    typesetter = Typesetter()
    (line,) = typesetter.lines("Dr. 李小龙 राम")
    assert typesetter.markup([line]) == f"Dr. {NOT_DRAWN * 3} {NOT_DRAWN * 3}"
    typesetter.count_not_drawn(line)
    assert typesetter.not_drawn_count == 6


def test_the_preferred_font_draws_what_it_has_and_the_next_one_the_rest(
    font_folder: Path, make_font: Make
) -> None:
    make_font(font_folder / "DroidSansFallbackFull.ttf", "王明")
    make_font(font_folder / "wqy-zenhei.ttf", "王小明")
    first, second, third = fonts_of("王小明")
    assert first == third != second


def test_two_fonts_of_one_name_are_two_fonts(font_folder: Path, make_font: Make) -> None:
    make_font(font_folder / "a" / "DroidSansFallback.ttf", "王")
    make_font(font_folder / "b" / "DroidSansFallback.ttf", "小")
    assert len(set(fonts_of("王小"))) == 2
    assert NOT_DRAWN not in markup("王小")


@pytest.mark.parametrize("kept", [0.0, 0.02, 0.3, 0.6, 0.99])
def test_a_font_that_is_cut_is_passed_over(kept: float, font_folder: Path, make_font: Make) -> None:
    path = make_font(font_folder / "DroidSansFallbackFull.ttf", "王小明")
    path.write_bytes(path.read_bytes()[: int(kept * path.stat().st_size)])
    assert markup("王") == NOT_DRAWN
    with pytest.raises(ReportError, match="give a whole TrueType font"):
        Typesetter((str(path),))
    make_font(font_folder / "uming.ttf", "王小明")
    assert NOT_DRAWN not in markup("王")


@pytest.mark.parametrize(("embedding", "is_used"), [(0x2, False), (0x100, False), (0x8, True)])
def test_a_font_that_may_not_be_embedded_is_passed_over(
    embedding: int, is_used: bool, font_folder: Path, make_font: Make
) -> None:
    make_font(font_folder / "DroidSansFallback.ttf", "王", embedding=embedding)
    assert (NOT_DRAWN not in markup("王")) == is_used


def test_the_first_font_of_a_collection_is_used(font_folder: Path, make_font: Make) -> None:
    collection = TTCollection()
    collection.fonts = [
        TTFont(make_font(font_folder.parent / f"{number}.ttf", characters))
        for number, characters in enumerate(("王", "小"))
    ]
    font_folder.mkdir()
    collection.save(font_folder / "uming.ttc")
    assert NOT_DRAWN not in markup("王")
    assert markup("小") == NOT_DRAWN


@pytest.mark.usefixtures("east_asian_font")
def test_a_font_that_is_given_comes_before_one_that_is_found(
    tmp_path: Path, make_font: Make
) -> None:
    given = make_font(tmp_path / "given.ttf", "王")
    (found,) = fonts_of("王")
    first, second = fonts_of("王小", Typesetter((str(given),)))
    assert first != found == second


def test_what_no_font_draws_is_counted() -> None:
    typesetter = Typesetter()
    (line,) = typesetter.lines("a \u0e2a\u0e21 \U00020000")
    assert typesetter.markup([line]) == f"a {NOT_DRAWN * 2} {NOT_DRAWN}"
    typesetter.count_not_drawn(line)
    assert typesetter.not_drawn_count == 3


def test_a_font_without_the_character_gives_way() -> None:
    # DejaVu Sans Mono has no Hebrew, DejaVu Sans has
    assert markup("\u05d3", MONO) == '<font name="DejaVuSans">\u05d3</font>'


@pytest.mark.usefixtures("devanagari_font")
def test_marks_and_joiners_stay_in_the_font_of_their_letter() -> None:
    (font, letters), rest = Typesetter().runs("\u0915\u094d\u200d\u0937 a")
    assert letters == "\u0915\u094d\u200d\u0937"
    assert font != REGULAR
    assert rest == (REGULAR, " a")


def test_an_extra_font_is_used_for_what_it_has() -> None:
    folder = Path(mpl.get_data_path(), "fonts", "ttf")
    typesetter = Typesetter((str(folder / "STIXGeneral.ttf"),))
    # a tibetan letter is in neither; CONTOUR INTEGRAL is in STIX or DejaVu
    assert typesetter.markup(["\u0f40"]) == NOT_DRAWN
    assert NOT_DRAWN not in typesetter.markup(["plain \u2230"])
