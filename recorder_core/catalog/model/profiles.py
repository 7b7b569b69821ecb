"""Who may do what: one table of profiles and actions.

Every public operation of the jobs and of the server asks :func:`require` with its
action. An action without a row, or a profile that does not exist, is refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from recorder_core.errors import NotAllowed
from recorder_core.model.values.phrase import phrase

__all__ = ["PERMISSIONS", "Action", "Profile", "allowed_actions", "is_allowed", "require"]


class Profile(StrEnum):
    """What a person is in this program."""

    OPERATOR = "operator"
    REVIEWER = "reviewer"
    RESEARCHER = "researcher"
    ENGINEER = "engineer"
    ADMINISTRATOR = "administrator"


class Action(StrEnum):
    """Everything that can be asked for."""

    RECORD = "record"
    FINALISE_EVENT = "finalise_event"
    MARK = "mark"
    TAKE_SCREENSHOT = "take_screenshot"
    VIEW_PREVIEW = "view_preview"
    IMPORT_EVENT = "import_event"
    LIST_EVENTS = "list_events"
    READ_IDENTITY = "read_identity"
    WRITE_IDENTITY = "write_identity"
    VIEW_ORIGINAL = "view_original"
    VIEW_DEIDENTIFIED = "view_deidentified"
    VIEW_RELEASED = "view_released"
    READ_SIGNALS = "read_signals"
    READ_DETECTIONS = "read_detections"
    READ_UNRELEASED = "read_unreleased"
    DEIDENTIFY = "deidentify"
    REVIEW = "review"
    CORRECT = "correct"
    SIGN_OFF = "sign_off"
    REOPEN_REVIEW = "reopen_review"
    EXPORT_ORIGINAL = "export_original"
    EXPORT_RELEASED = "export_released"
    EXPORT_SIGNALS = "export_signals"
    COPY_SEALED = "copy_sealed"
    COPY_ALL_SEALED = "copy_all_sealed"
    UPLOAD_RELEASED = "upload_released"
    REPORT_FULL = "report_full"
    REPORT_DEIDENTIFIED = "report_deidentified"
    RUN_CODE = "run_code"
    ARCHIVE_EVENT = "archive_event"
    DELETE_EVENT = "delete_event"
    GRANT = "grant"
    MANAGE_USERS = "manage_users"
    MANAGE_RETENTION = "manage_retention"
    MANAGE_SETTINGS = "manage_settings"
    READ_AUDIT = "read_audit"
    REPAIR_MIRROR = "repair_mirror"
    LOG_IN = "log_in"
    CHANGE_OWN_PASSWORD = "change_own_password"  # noqa: S105 - an action, not a password
    REWRAP_OWN_KEY = "rewrap_own_key"


_EVERYONE = frozenset(Profile)
_OPERATOR = frozenset({Profile.OPERATOR})
_REVIEWER = frozenset({Profile.REVIEWER})
_STUDY = frozenset({Profile.REVIEWER, Profile.RESEARCHER})
_ROOM = frozenset({Profile.OPERATOR, Profile.REVIEWER})
_ENGINEER = frozenset({Profile.ENGINEER})
_ADMINISTRATOR = frozenset({Profile.ADMINISTRATOR})

#: an action is open to the profiles of its row and to nobody else
PERMISSIONS: Mapping[str, frozenset[Profile]] = {
    Action.RECORD: _OPERATOR,
    # a cut-off recording is sealed again by somebody who can open it, as a key is
    Action.FINALISE_EVENT: _REVIEWER | _ADMINISTRATOR,
    Action.MARK: _ROOM,
    Action.TAKE_SCREENSHOT: _ROOM,
    Action.VIEW_PREVIEW: _OPERATOR,
    Action.IMPORT_EVENT: _ROOM,
    Action.LIST_EVENTS: _EVERYONE,
    Action.READ_IDENTITY: _REVIEWER,
    Action.WRITE_IDENTITY: _ROOM,
    Action.VIEW_ORIGINAL: _REVIEWER,
    Action.VIEW_DEIDENTIFIED: _REVIEWER,
    Action.VIEW_RELEASED: _STUDY,
    Action.READ_SIGNALS: _STUDY,
    Action.READ_DETECTIONS: _STUDY | _ENGINEER,
    # tables and report of a copy that nobody has released: without a picture of anybody
    Action.READ_UNRELEASED: _REVIEWER | _ENGINEER,
    Action.DEIDENTIFY: _REVIEWER,
    Action.REVIEW: _REVIEWER,
    Action.CORRECT: _REVIEWER,
    Action.SIGN_OFF: _REVIEWER,
    Action.REOPEN_REVIEW: _REVIEWER,
    Action.EXPORT_ORIGINAL: _REVIEWER,
    Action.EXPORT_RELEASED: _STUDY,
    Action.EXPORT_SIGNALS: _STUDY,
    # sealed, of what may be taken in clear; of everything for a backup, without opening it
    Action.COPY_SEALED: _STUDY | _ADMINISTRATOR,
    Action.COPY_ALL_SEALED: _ADMINISTRATOR,
    Action.UPLOAD_RELEASED: _STUDY,
    Action.REPORT_FULL: _REVIEWER,
    Action.REPORT_DEIDENTIFIED: _STUDY,
    Action.RUN_CODE: frozenset({Profile.RESEARCHER, Profile.ENGINEER}),
    Action.ARCHIVE_EVENT: _ADMINISTRATOR,
    Action.DELETE_EVENT: _ADMINISTRATOR,
    # a key is sealed again by somebody who can open it: a reviewer, or the recovery key
    Action.GRANT: _REVIEWER | _ADMINISTRATOR,
    Action.MANAGE_USERS: _ADMINISTRATOR,
    Action.MANAGE_RETENTION: _ADMINISTRATOR,
    Action.MANAGE_SETTINGS: _ADMINISTRATOR,
    Action.READ_AUDIT: _ADMINISTRATOR,
    Action.REPAIR_MIRROR: _ADMINISTRATOR | _ENGINEER,
    Action.LOG_IN: _EVERYONE,
    Action.CHANGE_OWN_PASSWORD: _EVERYONE,
    Action.REWRAP_OWN_KEY: _EVERYONE,
}


def is_allowed(profile: str, action: str) -> bool:
    """Return whether the table opens `action` to `profile`; unknown names are refused."""
    return profile in PERMISSIONS.get(action, frozenset())


def require(profile: str, action: str) -> None:
    """Raise unless `profile` may do `action`.

    Raises
    ------
    NotAllowed
        If it may not, or if there is no such profile or action.
    """
    if not is_allowed(profile, action):
        raise NotAllowed(
            phrase(
                "profile",
                "the profile {profile} may not {action}",
                profile=profile,
                action=action.replace("_", " "),
            )
        )


def allowed_actions(profile: Profile) -> frozenset[Action]:
    """Return everything that `profile` may do."""
    return frozenset(action for action in Action if profile in PERMISSIONS[action])
