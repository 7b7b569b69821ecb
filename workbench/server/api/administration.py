"""The endpoints of an administrator: attention, users, settings, mirror, retention, the log."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Final

from recorder_core.errors import SettingsError
from recorder_core.jobs.archive import (
    RESET_NOTICE,
    add_user,
    archive_status,
    disable_user,
    list_users,
    on_same_disk,
    read_audit,
    reset_password,
    retention_due,
    retention_rules,
    set_mirror,
    set_profile,
    set_retention_rule,
    set_reviewers_needed,
    with_recovery_words,
)
from recorder_core.jobs.archive.words import Action, Password, Profile, RetentionRule, User
from recorder_core.model.values.phrase import said
from workbench.server.api.endpoints import Answering, ApiRequest, Endpoint, Field
from workbench.server.api.keys import RECOVERY_WORDS
from workbench.server.system_users.foreign_folders import foreign_part
from workbench.wire import to_json

__all__ = ["ADMINISTRATION_ENDPOINTS"]

_CODE: Final = {"type": "string", "pattern": "^[A-Za-z0-9][A-Za-z0-9_.-]{0,31}$"}
_LOGIN: Final = {"type": "string", "pattern": "^[a-z0-9][a-z0-9._-]{0,31}$"}
_PROFILE: Final = {"type": "string", "enum": [each.value for each in Profile]}
_FOLDER: Final = {"type": "string", "minLength": 1, "maxLength": 4096}
_DAYS: Final = {"type": "integer", "minimum": 0, "maximum": 36_525}
_MAX_ROWS: Final = 1000
_PASSWORD: Final = Field(
    "password", {"type": "string", "minLength": 1, "maxLength": 1024}, is_required=True
)


def _user(user: User) -> dict[str, Any]:
    """Return what is sent of a user: no key, sealed or not."""
    return {
        "login": user.user_id,
        "profile": user.profile,
        "is_disabled": user.is_disabled,
        "created_utc": user.created_utc,
    }


def _answer_status(request: ApiRequest) -> Any:
    status = archive_status(request.archive)
    lists = {name: getattr(status, name) for name in ("faults", "reminders", "notices")}
    # for pages, what has a name in other languages, at the same places
    return status.to_dict() | {
        "said": {name: [said(each) for each in texts] for name, texts in lists.items()}
    }


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


def _answer_password(request: ApiRequest) -> Any:
    archive, words = request.archive, request["recovery_words"]
    password = Password(request["password"])
    try:
        with with_recovery_words(archive, words):
            made = reset_password(
                archive, request["login"], password, keep_access=not request["close_access"]
            )
    finally:
        password.wipe()
    return {"sealed": made.sealed, "closed": made.closed, "notice": RESET_NOTICE}


def _answer_mirror(request: ApiRequest) -> Any:
    archive, folder = request.archive, _own_folder(Path(request["folder"]))
    before, here = archive.folders.mirror, archive.folders.primary
    set_mirror(archive, folder)
    return {
        "mirror": str(folder),
        "before": str(before) if before else None,
        "is_on_same_disk": on_same_disk(here, folder),
    }


def _own_folder(folder: Path) -> Path:
    """Return a folder for the mirror, without links; SettingsError unless root may write there."""
    if not folder.is_absolute():
        raise SettingsError("give the whole path of the mirror's folder, beginning with /")
    if not _is_folder(folder):
        raise SettingsError(
            f"there is no folder {folder} on the server's machine: make it there, or mount its disk"
        )
    found = folder.resolve()
    foreign = foreign_part(found) if os.geteuid() == 0 else None
    if foreign is not None:
        raise SettingsError(
            f"other users of the server's machine can change {foreign}: give the mirror a folder "
            "that root alone can write, with those above it"
        )
    return found


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:  # no file has so long a name
        return False


def _answer_reviewers(request: ApiRequest) -> Any:
    set_reviewers_needed(request.archive, request["reviewers_needed"])
    return {"reviewers_needed": request["reviewers_needed"]}


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
            _PASSWORD,
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
        "POST",
        "/users/{login}/password",
        Action.MANAGE_USERS,
        "Give a user who forgot the password a new one and a new key: with the recovery words, "
        "what the user could open is sealed to it; else `close_access`",
        _answer_password,
        body=(_PASSWORD, RECOVERY_WORDS, Field("close_access", {"type": "boolean"}, False)),
    ),
    Endpoint(
        "POST",
        "/mirror",
        Action.MANAGE_SETTINGS,
        "Set a folder of the server's machine as the mirror from now on; the job `repair` fills it",
        _answer_mirror,
        body=(Field("folder", _FOLDER, is_required=True),),
    ),
    Endpoint(
        "POST",
        "/reviewers",
        Action.MANAGE_SETTINGS,
        "Set how many different reviewers sign a copy off before it is released",
        _answer_reviewers,
        body=(Field("reviewers_needed", {"type": "integer", "enum": [1, 2]}, is_required=True),),
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
