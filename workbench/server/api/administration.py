"""The endpoints of an administrator: what needs attention, users, retention, the log."""

from __future__ import annotations

from typing import Any, Final

from recorder_core.jobs.archive import (
    add_user,
    archive_status,
    disable_user,
    list_users,
    read_audit,
    retention_due,
    retention_rules,
    set_profile,
    set_retention_rule,
)
from recorder_core.jobs.archive.words import Action, Password, Profile, RetentionRule, User
from workbench.server.api.endpoints import Answering, ApiRequest, Endpoint, Field
from workbench.wire import to_json

__all__ = ["ADMINISTRATION_ENDPOINTS"]

_CODE: Final = {"type": "string", "pattern": "^[A-Za-z0-9][A-Za-z0-9_.-]{0,31}$"}
_LOGIN: Final = {"type": "string", "pattern": "^[a-z0-9][a-z0-9._-]{0,31}$"}
_PROFILE: Final = {"type": "string", "enum": [each.value for each in Profile]}
_DAYS: Final = {"type": "integer", "minimum": 0, "maximum": 36_525}
_MAX_ROWS: Final = 1000


def _user(user: User) -> dict[str, Any]:
    """Return what is sent of a user: no key, sealed or not."""
    return {
        "login": user.user_id,
        "profile": user.profile,
        "is_disabled": user.is_disabled,
        "created_utc": user.created_utc,
    }


def _answer_status(request: ApiRequest) -> Any:
    return archive_status(request.archive).to_dict()


def _answer_users(request: ApiRequest) -> Any:
    return {"users": [_user(each) for each in list_users(request.archive)]}


def _answer_add_user(request: ApiRequest) -> Any:
    password = Password(request["password"])
    try:
        user = add_user(request.archive, request["login"], Profile(request["profile"]), password)
    finally:
        password.wipe()
    return {"user": _user(user)}


def _answer_profile(request: ApiRequest) -> Any:
    lost = set_profile(request.archive, request["login"], Profile(request["profile"]))
    return {"revoked": lost}


def _disabling(*, disabled: bool) -> Answering:
    """Return what disables a user, or enables one again."""

    def answer(request: ApiRequest) -> Any:
        return {"user": _user(disable_user(request.archive, request["login"], disabled=disabled))}

    return answer


def _answer_retention(request: ApiRequest) -> Any:
    return {"rules": retention_rules(request.archive), "due": retention_due(request.archive)}


def _answer_set_retention(request: ApiRequest) -> Any:
    rule = RetentionRule(
        site_code=request["site_code"],
        minimum_days=request["minimum_days"],
        warn_after_days=request["warn_after_days"],
        deletes_itself=request["deletes_itself"],
    )
    set_retention_rule(request.archive, rule)
    return {"rule": rule}


def _answer_audit(request: ApiRequest) -> Any:
    rows = read_audit(request.archive, event=request["event"], newest=request["newest"])
    hidden = ("facts", "signature", "previous_hash")
    shown = [
        {name: each for name, each in to_json(row).items() if name not in hidden} for row in rows
    ]
    return {"rows": shown}


ADMINISTRATION_ENDPOINTS: Final = (
    Endpoint(
        "GET", "/status", Action.MANAGE_USERS, "What needs attention in the archive", _answer_status
    ),
    Endpoint("GET", "/users", Action.MANAGE_USERS, "Users, without keys", _answer_users),
    Endpoint(
        "POST",
        "/users",
        Action.MANAGE_USERS,
        "Add a user",
        _answer_add_user,
        body=(
            Field("login", _LOGIN, is_required=True),
            Field("profile", _PROFILE, is_required=True),
            Field(
                "password", {"type": "string", "minLength": 1, "maxLength": 1024}, is_required=True
            ),
        ),
    ),
    Endpoint(
        "POST",
        "/users/{login}/profile",
        Action.MANAGE_USERS,
        "Give a user another profile; keys that it may not hold are revoked",
        _answer_profile,
        body=(Field("profile", _PROFILE, is_required=True),),
    ),
    Endpoint(
        "POST",
        "/users/{login}/disable",
        Action.MANAGE_USERS,
        "Disable a user, who is out within seconds",
        _disabling(disabled=True),
    ),
    Endpoint(
        "POST",
        "/users/{login}/enable",
        Action.MANAGE_USERS,
        "Enable a user again",
        _disabling(disabled=False),
    ),
    Endpoint(
        "GET",
        "/retention",
        Action.MANAGE_RETENTION,
        "Rules of the sites, and the events that are due",
        _answer_retention,
    ),
    Endpoint(
        "POST",
        "/retention",
        Action.MANAGE_RETENTION,
        "Set the rule of a site",
        _answer_set_retention,
        body=(
            Field("site_code", _CODE, is_required=True),
            Field("minimum_days", _DAYS, default=0),
            Field("warn_after_days", _DAYS),
            Field("deletes_itself", {"type": "boolean"}, default=False),
        ),
    ),
    Endpoint(
        "GET",
        "/audit",
        Action.READ_AUDIT,
        "Newest rows of the audit log, oldest first",
        _answer_audit,
        query=(
            Field("event", {"type": "string", "pattern": "^[A-Za-z0-9-]{1,64}$"}),
            Field("newest", {"type": "integer", "minimum": 1, "maximum": _MAX_ROWS}, default=200),
        ),
    ),
)
