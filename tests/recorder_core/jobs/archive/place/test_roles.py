"""The table of kinds of files: every kind against every profile."""

from __future__ import annotations

from typing import get_args

import pytest

from recorder_core.catalog import Profile, is_allowed
from recorder_core.errors import SettingsError
from recorder_core.jobs.archive.place.roles import (
    COPY_ROLES,
    ROLES,
    FileRole,
    VideoRole,
    read_action,
    role_of,
)
from recorder_core.report.code_words import CODES

OPERATOR, REVIEWER, RESEARCHER, ENGINEER, ADMINISTRATOR = Profile
#: kind -> who reads it; the operator and the administrator read nothing
READERS = {
    "original": {REVIEWER},
    "deidentified": {REVIEWER, RESEARCHER},
    "signals": {REVIEWER, RESEARCHER},
    "raw": {REVIEWER},
    "detections": {REVIEWER, RESEARCHER, ENGINEER},
    "redactions": {REVIEWER, RESEARCHER, ENGINEER},
    "deidentification": {REVIEWER, RESEARCHER, ENGINEER},
    "screenshot": {REVIEWER},
    "report": {REVIEWER},
    "room": {REVIEWER},
    "journal": {REVIEWER},
}


@pytest.mark.parametrize("name", ROLES)
def test_every_kind_has_its_readers(name: str) -> None:
    assert ROLES[name].readers == READERS[name]
    action = read_action(name, is_released=True)
    assert {each for each in Profile if is_allowed(each, action)} == READERS[name]


def test_a_copy_and_what_belongs_to_it_wait_for_its_release() -> None:
    unreleased = {
        name: {each for each in Profile if is_allowed(each, read_action(name, is_released=False))}
        for name in ROLES
    }
    beside = ("detections", "redactions", "deidentification")
    waiting = {name: {REVIEWER, ENGINEER} for name in beside} | {"deidentified": {REVIEWER}}
    assert unreleased == READERS | waiting


def test_the_names_of_the_table_are_those_of_the_types() -> None:
    assert set(ROLES) == set(get_args(FileRole)) == set(READERS)
    assert {name for name in ROLES if ROLES[name].is_video} == set(get_args(VideoRole))
    assert all(len(CODES[name]) == 3 for name in ROLES)


def test_what_leaves_without_being_named_shows_no_face_and_no_name() -> None:
    assert {name for name in ROLES if ROLES[name].is_deidentified} == {
        *COPY_ROLES,
        "signals",
    }
    assert COPY_ROLES == ("deidentified", "detections", "redactions", "deidentification")
    assert {name for name in ROLES if ROLES[name].is_numbered} == {"screenshot", "report"}


def test_what_is_recorded_grows() -> None:
    recorded = {name: role.recorded_as for name, role in ROLES.items() if role.recorded_as}
    assert recorded == {
        "original": "video",
        "room": "video",
        "signals": "signal log",
        "raw": "raw log",
        "detections": "detection log",
        "journal": "journal",
    }


def test_a_kind_that_does_not_exist_is_named() -> None:
    with pytest.raises(SettingsError, match="no kind of file 'video'; there are original, "):
        role_of("video")
