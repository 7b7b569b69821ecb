from __future__ import annotations

import pytest

from recorder_core.catalog.model.profiles import (
    PERMISSIONS,
    Action,
    Profile,
    allowed_actions,
    is_allowed,
    require,
)
from recorder_core.errors import NotAllowed

#: operator, reviewer, researcher, engineer, administrator
MATRIX = """
    record               x....
    finalise_event       .x..x
    mark                 xx...
    take_screenshot      xx...
    view_preview         x....
    import_event         xx...
    list_events          xxxxx
    read_identity        .x...
    write_identity       xx...
    view_original        .x...
    view_deidentified    .x...
    view_released        .xx..
    read_signals         .xx..
    read_detections      .xxx.
    read_unreleased      .x.x.
    deidentify           .x...
    review               .x...
    correct              .x...
    sign_off             .x...
    reopen_review        .x...
    export_original      .x...
    export_released      .xx..
    export_signals       .xx..
    copy_sealed          .xx.x
    copy_all_sealed      ....x
    upload_released      .xx..
    report_full          .x...
    report_deidentified  .xx..
    run_code             ..xx.
    archive_event        ....x
    delete_event         ....x
    grant                .x..x
    manage_users         ....x
    manage_retention     ....x
    manage_settings      ....x
    read_audit           ....x
    repair_mirror        ...xx
    log_in               xxxxx
    change_own_password  xxxxx
    rewrap_own_key       xxxxx
"""
EXPECTED = dict(line.split() for line in MATRIX.strip().splitlines())
#: actions that show a person's face or name
SHOWS_PERSONS = {
    "view_preview", "read_identity", "view_original", "view_deidentified", "view_released",
    "export_original", "export_released", "upload_released", "report_full",
}  # fmt: skip


@pytest.mark.parametrize("action", list(Action))
@pytest.mark.parametrize("profile", list(Profile))
def test_the_whole_matrix(profile: Profile, action: Action) -> None:
    expected = EXPECTED[action.value][list(Profile).index(profile)] == "x"
    assert is_allowed(profile, action) is expected
    assert (action in allowed_actions(profile)) is expected
    if expected:
        require(profile, action)
    else:
        with pytest.raises(NotAllowed, match=f"the profile {profile} may not"):
            require(profile, action)


def test_every_action_has_a_row() -> None:
    assert set(PERMISSIONS) == set(Action) == set(EXPECTED)


@pytest.mark.parametrize(
    ("profile", "action"), [("operator", "fly"), ("nurse", "list_events"), ("", ""), ("*", "*")]
)
def test_what_is_not_in_the_table_is_refused(profile: str, action: str) -> None:
    with pytest.raises(NotAllowed):
        require(profile, action)


def test_engineer_and_administrator_see_no_person() -> None:
    for profile in (Profile.ENGINEER, Profile.ADMINISTRATOR):
        assert not allowed_actions(profile) & SHOWS_PERSONS


def test_a_refusal_is_a_permission_error() -> None:
    assert issubclass(NotAllowed, PermissionError)
