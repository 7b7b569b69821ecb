"""Every address against every profile."""

from __future__ import annotations

from typing import Any

import pytest

from recorder_core.catalog import Action, Profile, is_allowed
from recorder_core.errors import NotAllowed, RecorderError, WrongState
from recorder_core.jobs.archive.place.roles import ROLES, read_action
from workbench.server.api import ENDPOINTS, Endpoint

USERS = {
    Profile.OPERATOR: "olga",
    Profile.REVIEWER: "rita",
    Profile.RESEARCHER: "rosa",
    Profile.ENGINEER: "egon",
    Profile.ADMINISTRATOR: "adam",
}


#: what of a copy that is not released asks for more than the address does
_OF_COPY = {
    "/events/{event}/detections": Action.READ_UNRELEASED,
    "/events/{event}/redactions": Action.READ_UNRELEASED,
    "/events/{event}/boxes": Action.READ_UNRELEASED,
    "/events/{event}/corrections": Action.READ_UNRELEASED,
    "/events/{event}/thumbnail": Action.VIEW_DEIDENTIFIED,
}


def _cases() -> list[tuple[Endpoint, str, Action]]:
    """Every endpoint, with a role and what that needs where the address has one."""
    cases = []
    for endpoint in ENDPOINTS:
        if endpoint.action is not None:
            is_read = endpoint.method == "GET"
            action = _OF_COPY.get(endpoint.path) if is_read else None
            cases.append((endpoint, "original", action or endpoint.action))
            if "/frames/" in endpoint.path:
                cases.append((endpoint, "deidentified", Action.READ_UNRELEASED))
            continue
        videos = [role.name for role in ROLES.values() if role.is_video]
        for role in videos if "{frame}" in endpoint.path else ROLES:
            is_export = "/export/" in endpoint.path
            action = ROLES[role].export if is_export else read_action(role, is_released=False)
            cases.append((endpoint, role, action))
    return cases


@pytest.mark.parametrize("profile", list(Profile))
@pytest.mark.parametrize("case", _cases(), ids=lambda each: f"{each[0].path} {each[1]}")
def test_an_address_asks_the_profile(
    api: Any, profile: Profile, case: tuple[Endpoint, str, Action]
) -> None:
    endpoint, role, action = case
    named = {"event": api.unreleased, "job": "x", "correction": 10**9, "moment": "1-2-0-0-9-9"}
    named |= {"login": "nobody", "command": "mark", "room": "or_1", "screenshot": "x"}
    path = endpoint.path.format(role=role, frame=3, **named)
    connection = api.connection(USERS[profile])
    is_refused = False
    try:
        if endpoint.method == "POST":
            # who may not is refused before anybody looks at the body, which is wrong here
            connection.post(path, {"nothing": "known"})
        else:
            connection.get(path)
    except NotAllowed:
        is_refused = True
    except RecorderError:
        pass
    assert is_refused is not is_allowed(profile, action)


def test_a_copy_is_a_researcher_s_once_it_is_released(api: Any) -> None:
    rosa = api.connection("rosa")
    tables = ("detections", "redactions", "boxes", "corrections", "frames/deidentified")
    reports = ("files/redactions", "files/deidentification", "thumbnail", "export/deidentified")
    for kind in ("files/deidentified", "pictures/deidentified/0", *tables, *reports):
        assert rosa.get(f"/events/{api.released}/{kind}").status == 200
        with pytest.raises(WrongState if "export" in kind else NotAllowed):
            rosa.get(f"/events/{api.unreleased}/{kind}")
    for kind in ("files/original", "pictures/original/0", "files/screenshot", "names"):
        with pytest.raises(NotAllowed):
            rosa.get(f"/events/{api.released}/{kind}")


def test_refusals_are_in_the_log(api: Any) -> None:
    with pytest.raises(NotAllowed):
        api.connection("egon").get(f"/events/{api.released}/files/original")
    with api.local("adam") as archive:
        rows = archive._session.catalog.audit.rows()
    newest = [row for row in rows if row.who == "egon" and row.outcome == "refused"][-1]
    assert (newest.action, newest.event_id) == (Action.VIEW_ORIGINAL.value, api.released)


def test_no_address_answers_who_has_no_token(api: Any) -> None:
    api.tokens["nobody"] = "forged"
    nobody = api.connection("nobody")
    for endpoint in ENDPOINTS:
        named = {"job": "x", "login": "x", "correction": 1, "moment": "1", "command": "x"}
        named |= {"room": "x", "screenshot": "x"}
        path = endpoint.path.format(event=api.released, role="original", frame=0, **named)
        with pytest.raises(NotAllowed):
            nobody.ask(endpoint.method, path)
