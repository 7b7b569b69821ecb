from __future__ import annotations

from pathlib import Path

import matplotlib as mpl

from recorder_core.report.fonts import MONO, NOT_DRAWN, Typesetter


def test_markup_in_a_name_is_shown_not_obeyed() -> None:
    assert Typesetter().markup("<b>A</b> & B") == "&lt;b&gt;A&lt;/b&gt; &amp; B"


def test_lines_and_invisible_characters() -> None:
    assert Typesetter().markup("one\r\ntwo\x00\u202e\u200b three") == "one<br/>two three"
    assert Typesetter().markup("") == ""


def test_accents_written_apart_are_joined() -> None:
    assert Typesetter().markup("Joa\u0303o") == "João"


def test_east_asian_text_uses_one_font_per_line() -> None:
    typesetter = Typesetter()
    assert typesetter.markup("李小龙") == '<font name="STSong-Light">李小龙</font>'
    assert typesetter.markup("山田はな") == '<font name="HeiseiKakuGo-W5">山田はな</font>'
    assert typesetter.markup("金철수") == '<font name="HYGothic-Medium">金철수</font>'
    assert typesetter.uses_reader_fonts
    assert typesetter.not_drawn_count == 0


def test_what_no_font_draws_is_counted() -> None:
    typesetter = Typesetter()
    assert typesetter.markup("a สม \U00020000") == f"a {NOT_DRAWN * 2} {NOT_DRAWN}"
    assert typesetter.not_drawn_count == 3
    assert not typesetter.uses_reader_fonts


def test_a_font_without_the_character_gives_way() -> None:
    # DejaVu Sans Mono has no Hebrew, DejaVu Sans has
    assert Typesetter().markup("דוד", MONO).startswith('<font name="DejaVuSans">')


def test_an_extra_font_is_used_for_what_it_has() -> None:
    folder = Path(mpl.get_data_path(), "fonts", "ttf")
    typesetter = Typesetter((str(folder / "STIXGeneral.ttf"),))
    # a tibetan letter is in neither; MATHEMATICAL DOUBLE-STRUCK is in STIX or DejaVu
    assert typesetter.markup("\u0f40") == NOT_DRAWN
    assert NOT_DRAWN not in typesetter.markup("plain \u2230")
