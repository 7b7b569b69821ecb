from __future__ import annotations

import pytest

from recorder_core.report.scripts import base_level, levels_of, needs_shaping, visual_runs


def shown(text: str) -> str:
    """Return a line as it is drawn: runs from the right turned round, with their brackets."""
    turned = str.maketrans("()", ")(")
    return "".join(
        run.text[::-1].translate(turned) if run.is_right_to_left else run.text
        for run in visual_runs(text, base_level(text))
    )


@pytest.mark.parametrize("text", ["", "Maria", "João 12", "Ωμέγα", "(山田) [x", "12:30 + 45%"])
def test_what_is_read_from_the_left_stays(text: str) -> None:
    assert shown(text) == text
    assert not needs_shaping(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("דוד", "דוד"[::-1]),
        ("דוד 12", "12 " + "דוד"[::-1]),
        ("דוד (Chief) 12", "12 (Chief) " + "דוד"[::-1]),
        ("דוד (ראש)", "(" + "ראש"[::-1] + ") " + "דוד"[::-1]),
        ("Dr. דוד Cohen", "Dr. " + "דוד"[::-1] + " Cohen"),
        ("Dr. דוד 12 כהן Cohen", "Dr. " + "כהן"[::-1] + " 12 " + "דוד"[::-1] + " Cohen"),
        ("Dr. (x) דוד", "Dr. (x) " + "דוד"[::-1]),
        ("Room () דוד", "Room () " + "דוד"[::-1]),
        ("a דוד (b) c", "a " + "דוד"[::-1] + " (b) c"),
        ("דוד 3/4 12:30", "12:30 3/4 " + "דוד"[::-1]),
        ("שכר 50%", "50% " + "שכר"[::-1]),
        ("محمد ١٢٣-٤٥", "٤٥-١٢٣ " + "محمد"[::-1]),
        ("abc דוד!", "abc " + "דוד"[::-1] + "!"),
        ("דוד abc!", "!abc " + "דוד"[::-1]),
    ],
)
def test_both_directions(text: str, expected: str) -> None:
    assert shown(text) == expected


def test_a_line_of_a_paragraph_keeps_its_direction() -> None:
    runs = visual_runs("Room 4 דוד", 1)
    assert [run.text for run in runs] == [" דוד", "Room 4"]
    assert levels_of("ab  ", 1)[-2:] == [1, 1]


@pytest.mark.parametrize("text", ["محمد", "דוד", "प्रिया", "தமிழ்", "ที่", "١٢"])
def test_what_needs_shaping(text: str) -> None:
    assert needs_shaping(f"Dr. {text}")
