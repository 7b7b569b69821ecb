"""Text of a composite: accents are drawn, and what is too long says so."""

from __future__ import annotations

import numpy as np
import pytest

from recorder_core.composite.lettering import blank_picture, text_width, write_text

#: in no font
NOBODY = "\ufffe"


def drawn(text: str, **options: float) -> np.ndarray:
    picture = blank_picture(400, 60, (0, 0, 0))
    write_text(picture, text, (10, 40), 30, (255, 255, 255), max_width_px=options.get("width"))
    return np.asarray(picture)[..., 0]


@pytest.mark.parametrize("letter", "ÀÉÎÕÜçñßøŁĞžŐΩЖ₂µ°…·№")
def test_accents_and_signs_are_drawn(letter: str) -> None:
    assert drawn(letter).any()
    assert not np.array_equal(drawn(letter), drawn(NOBODY))


def test_the_end_of_a_long_line_is_left_out() -> None:
    width = text_width("Colecistectomia", 30)
    cut = np.nonzero(drawn("Colecistectomia laparoscópica", width=200.0))[1].max()
    assert cut <= 210
    assert np.array_equal(drawn("Colecistectomia", width=width), drawn("Colecistectomia"))
