"""The recovery key on paper."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from recorder_core.archive import (
    RECOVERY_NOTICE,
    PrivateKey,
    new_recovery_words,
    recovery_key_from_words,
    recovery_qr_modules,
    recovery_qr_svg,
)
from recorder_core.errors import NoKeyMatches, SettingsError


def test_words_spell_the_key():
    words, key = new_recovery_words()
    assert len(words.split()) == 12
    assert recovery_key_from_words(words).secret == key.secret
    assert isinstance(key, PrivateKey)
    assert new_recovery_words()[0] != words


def test_writing_does_not_matter():
    words, key = new_recovery_words()
    for typed in (words.upper(), words.replace(" ", "-"), words.replace(" ", "\n  "), f" {words} "):
        assert recovery_key_from_words(typed).secret == key.secret


def test_a_misread_letter_is_located_and_not_shown():
    words = new_recovery_words()[0].split()
    for place in range(12):
        wrong = list(words)
        letter = "b" if wrong[place][2] != "b" else "d"
        wrong[place] = wrong[place][:2] + letter + wrong[place][3:]
        with pytest.raises(NoKeyMatches, match=f"word {place + 1} is probably") as caught:
            recovery_key_from_words(" ".join(wrong))
        assert not any(word in str(caught.value) for word in words)


def test_other_mistakes():
    words = new_recovery_words()[0].split()
    swapped = [words[1], words[0], *words[2:]]
    with pytest.raises(NoKeyMatches, match="compare every word"):
        recovery_key_from_words(" ".join(swapped))
    with pytest.raises(SettingsError, match="12 words, not 11"):
        recovery_key_from_words(" ".join(words[1:]))
    with pytest.raises(SettingsError, match=r"word 3 .* not in the word list"):
        recovery_key_from_words(" ".join([*words[:2], "xylem", *words[3:]]))


def test_qr_code_is_read_by_another_program():
    words, key = new_recovery_words()
    picture = np.where(recovery_qr_modules(words), 0, 255).astype(np.uint8)
    # a reader misses a sound code now and then; like a camera, it gets several views of it
    views = (picture.repeat(px, axis=0).repeat(px, axis=1) for px in (3, 4, 5, 6, 8, 10, 12))
    texts = [cv2.QRCodeDetector().detectAndDecode(view)[0] for view in views]
    read = {text for text in texts if text}
    assert len(read) == 1
    assert recovery_key_from_words(read.pop()).secret == key.secret


def test_svg_shows_the_same_modules():
    words, _ = new_recovery_words()
    svg = recovery_qr_svg(words, module_px=5)
    modules = recovery_qr_modules(words)
    assert svg.count("h1v1h-1z") == sum(map(sum, modules))
    assert f'width="{len(modules) * 5}"' in svg
    assert words not in svg


def test_the_notice_is_honest():
    assert "nobody can open the recordings again" in RECOVERY_NOTICE
