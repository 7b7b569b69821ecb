"""Passwords that a thief tries first are refused, others are not."""

from __future__ import annotations

import pytest

from recorder_core.archive import Password, check_new_password
from recorder_core.errors import SettingsError

REFUSED = {
    "holds a NUL byte": ["correct\0horse", "c\0o\0r\0r\0e\0c\0t"],
    "at least 8": ["short", "1234567"],
    "repeats": ["aaaaaaaa", "abababab", "abcdabcd", "11223344", "........", "ÄäÄäÄäÄä"],
    "is a number": ["20261128", "0170 1234567", "1985-11-28"],
    "run of": ["qwertyuiop", "poiuytrewq", "abcdefgh", "1qaz2wsx", "asdfghjkl", "abcdef123456"],
    "common": [
        "password",
        "Password1!",
        "P@ssw0rd",
        "p4$$word2024",
        "passwordpassword",
        "Administrator",
        "123welcome",
        "hospital2026",
        "surgery#1",
        "Passwort99",
    ],
    "made of the login": [
        "rita.lima",
        "RITA.LIMA",
        "amil.atir",
        "rita.lima2026",
        "rita.limarita.lima",
    ],
}


@pytest.mark.parametrize(
    ("why", "text"), [(why, text) for why, texts in REFUSED.items() for text in texts]
)
def test_refused(why: str, text: str) -> None:
    with pytest.raises(SettingsError, match=why) as told:
        check_new_password(Password(text), "rita.lima")
    assert f" {text} " not in str(told.value).replace("this password", "")


@pytest.mark.parametrize(
    "text",
    [
        "correct horse",
        "battery staple",
        "password-one-9x",
        "password of rita",
        "three blind mice",
        "k7#Qv!2m",
        "Übermut tut gut",
        "28 Nov was a rainy day",
        "92017364528190",
        "手術室の鍵は赤い箱",
    ],
)
def test_accepted(text: str) -> None:
    check_new_password(Password(text), "rita.lima")
