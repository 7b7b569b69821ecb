from __future__ import annotations

import unicodedata

import pytest

from recorder_core.report.scripts import display_order, is_right_to_left


@pytest.mark.parametrize("text", ["", "Maria", "João 12", "Ωμέγα", "(山田)"])
def test_what_is_read_from_the_left_stays(text: str) -> None:
    assert display_order(text) == text
    assert not is_right_to_left(text)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("דוד", "דוד"[::-1]),
        ("דוד 12", "12 " + "דוד"[::-1]),
        ("דוד (Chief) 12", "12 (Chief) " + "דוד"[::-1]),
        ("דוד (ראש)", "(" + "ראש"[::-1] + ") " + "דוד"[::-1]),
        ("Dr. דוד Cohen", "Dr. " + "דוד"[::-1] + " Cohen"),
        ("a) דוד", "a) " + "דוד"[::-1]),
        ("Dr. (x) דוד", "Dr. (x) " + "דוד"[::-1]),
        ("דוד (12)", "(12) " + "דוד"[::-1]),
        ("Room () דוד", "Room () " + "דוד"[::-1]),
    ],
)
def test_hebrew(text: str, shown: str) -> None:
    assert display_order(text) == shown


@pytest.mark.parametrize(
    ("text", "forms"),
    [
        ("محمد", ["INITIAL", "MEDIAL", "MEDIAL", "FINAL"]),
        ("دار", ["ISOLATED", "ISOLATED", "ISOLATED"]),
        ("عبد", ["INITIAL", "MEDIAL", "FINAL"]),
        ("لا", ["ISOLATED"]),
        ("علا", ["INITIAL", "FINAL"]),
        ("پاک", ["INITIAL", "FINAL", "ISOLATED"]),
    ],
)
def test_arabic_letters_join(text: str, forms: list[str]) -> None:
    drawn = display_order(text)[::-1]
    assert [unicodedata.name(character).rsplit(" ", 2)[1] for character in drawn] == forms


def test_marks_stay_with_their_letters_and_do_not_part_them() -> None:
    drawn = display_order("مُحمد")
    assert drawn[-1] == "\u064f"
    assert unicodedata.name(drawn[-2]).endswith("MEEM INITIAL FORM")
    assert unicodedata.normalize("NFKC", display_order("محمد"))[::-1] == "محمد"
