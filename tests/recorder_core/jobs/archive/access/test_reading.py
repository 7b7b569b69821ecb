"""What is read of the catalog and of files is asked for and logged; nothing is changed."""

from __future__ import annotations

import inspect
from typing import Any

import pytest

from recorder_core.catalog import EventState, Profile, is_allowed
from recorder_core.errors import NotAllowed, NotInCatalog
from recorder_core.jobs.archive import Archive, RecordingRequest, record_event
from recorder_core.jobs.archive.access.reading import CATALOG_READS

USERS = {
    Profile.OPERATOR: "olga",
    Profile.REVIEWER: "rita",
    Profile.RESEARCHER: "rosa",
    Profile.ENGINEER: "egon",
    Profile.ADMINISTRATOR: "adam",
}
PARTS = (
    *("audit", "contents", "events", "grants", "jobs", "moments", "retention", "reviews"),
    *("settings", "users"),
)


def _methods(archive: Archive) -> set[str]:
    """Return every public method of every part of the catalog."""
    return {
        f"{part}.{name}"
        for part in PARTS
        for name, value in vars(type(getattr(archive._session.catalog, part))).items()
        if inspect.isfunction(value) and not name.startswith("_")
    }


def _call(archive: Archive, name: str, event_id: str, user: str) -> object:
    """Call a method with something that exists for each parameter that it must have."""
    part, method = name.split(".")
    function = getattr(getattr(archive._session.catalog, part), method)
    known = {"event_id": event_id, "user_id": user, "action": "log_in", "site_code": "site1"}
    known |= {"file_id": f"{event_id}/original.1", "job_id": "none", "key_name": "original"}
    known |= {"kind": "user", "recipient": "rita"}
    needed = [
        known.get(each.name, "x")
        for each in inspect.signature(function).parameters.values()
        if each.default is each.empty and each.kind is each.POSITIONAL_OR_KEYWORD
    ]
    return getattr(getattr(archive.catalog, part), method)(*needed)


@pytest.mark.parametrize("profile", list(Profile))
def test_every_method_of_the_catalog_asks_the_profile(
    site: Any, event_id: str, profile: Profile
) -> None:
    with site.opened(USERS[profile]) as archive:
        methods = _methods(archive)
        assert set(CATALOG_READS) < methods
        for name in sorted(methods - {"audit.head"}):
            before = archive.catalog.audit.head().seq
            refused = False
            try:
                _call(archive, name, event_id, USERS[profile])
            except NotAllowed:
                refused = True
            except NotInCatalog:
                assert name == "jobs.get"
            action = CATALOG_READS.get(name)
            assert refused is not (action is not None and is_allowed(profile, action)), name
            rows = archive._session.catalog.audit.rows()[before:]
            logged = {(row.action, row.detail) for row in rows if row.outcome != "done"}
            wanted = {(action.value, f"catalog:{name}")} if action else set()
            assert wanted <= logged, name
            assert bool(logged) is bool(action), name


def test_who_records_changes_nothing_else_meanwhile(site: Any, event_id: str) -> None:
    with (
        site.opened("olga") as archive,
        record_event(archive, RecordingRequest(procedure_code="demo")),
    ):
        catalog = archive.catalog
        with pytest.raises(NotAllowed, match="changed by the functions of the archive"):
            catalog.users.set_profile("olga", Profile.ADMINISTRATOR)
        with pytest.raises(NotAllowed, match="changed by the functions of the archive"):
            catalog.events.shred(event_id, "olga")
        with pytest.raises(NotAllowed, match="may not read identity"):
            catalog.events.get_sealed(event_id)
        with pytest.raises(NotAllowed, match="may not read audit"):
            catalog.audit.rows()
        assert catalog.events.get(event_id).state is EventState.RECORDED
    with site.opened("adam") as archive:
        assert archive.catalog.users.get("olga").profile is Profile.OPERATOR


def test_the_catalog_has_no_other_attribute(site: Any) -> None:
    with site.opened("adam") as archive:
        assert set(vars(archive.catalog)) == set(PARTS)
        with pytest.raises(AttributeError):
            archive.catalog.events.nothing_of_this_name  # noqa: B018
        for name in ("transaction", "audited", "delete_event", "path"):
            assert not hasattr(archive.catalog, name)
