"""``workbench user``: who may sign in, and as what."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from recorder_core.errors import SettingsError
from recorder_core.jobs.archive import (
    RESET_NOTICE,
    PasswordReset,
    add_user,
    change_own_password,
    disable_user,
    list_users,
    reset_password,
    set_profile,
)
from recorder_core.jobs.archive.words import Action, Profile, User, is_allowed
from workbench.cli.archive.sign_in import (
    add_archive_arguments,
    named_archive,
    opened,
    read_old_password,
    read_password,
)
from workbench.cli.arguments.common import add_action, add_group, add_new_password_argument
from workbench.cli.terminal.listing import format_count, format_table, format_time, show

__all__ = ["add_parser"]

_PROFILES = [profile.value for profile in Profile]
#: what somebody does with a key that was given
_WITH_A_KEY = (
    Action.READ_IDENTITY,
    Action.VIEW_ORIGINAL,
    Action.VIEW_DEIDENTIFIED,
    Action.VIEW_RELEASED,
    Action.READ_SIGNALS,
)


def add_parser(commands: Any) -> None:
    """Add the commands to the parser."""
    actions = add_group(
        commands,
        "user",
        description="Set who may sign in to an archive, and as what.",
    )
    listing = add_action(actions, "list", _list, "list the users")
    adding = add_action(actions, "add", _add, "add a user")
    adding.add_argument(
        "login", metavar="LOGIN", help="stored in clear, so better not the person's name"
    )
    add_new_password_argument(adding, "of the new user")
    changing = add_action(
        actions,
        "profile",
        _profile,
        "change what a user may do",
        "Change a user's profile, and revoke the keys that the new one does not permit.",
    )
    changing.add_argument("login", metavar="LOGIN", help="whose")
    for parser in (adding, changing):
        parser.add_argument(
            "profile", choices=_PROFILES, metavar="PROFILE", help=", ".join(_PROFILES)
        )
    disabling = add_action(actions, "disable", _disable, "stop a user from signing in")
    enabling = add_action(actions, "enable", _enable, "allow a user to sign in again")
    for parser in (disabling, enabling):
        parser.add_argument("login", metavar="LOGIN", help="whose")
    for parser in (listing, adding, changing, disabling, enabling):
        add_archive_arguments(parser)
    _add_passwd(actions)


def _add_passwd(actions: Any) -> None:
    parser = add_action(
        actions,
        "passwd",
        _passwd,
        "change your own password, or give a new one to a user who forgot it",
        "Change your own password: one key is wrapped again, no file is touched. As an "
        f"administrator, name a LOGIN to give that user a new password. {RESET_NOTICE}",
    )
    parser.add_argument(
        "login", nargs="?", metavar="LOGIN", help="a user who forgot the password; default: you"
    )
    parser.add_argument(
        "--close-access",
        action="store_true",
        help="without the recovery words: the user can open nothing until someone grants it",
    )
    add_new_password_argument(parser, "the new one")
    add_archive_arguments(parser, recovery=True)


def _list(options: argparse.Namespace) -> int:
    with opened(options) as archive:
        users = list_users(archive)
    rows = [
        (user.user_id, user.profile, _state(user), format_time(user.created_utc)) for user in users
    ]
    headings = ("login", "profile", "state", "since")
    content = [dict(zip(headings, row, strict=True)) for row in rows]
    show(options, content, format_table(headings, rows))
    return 0


def _add(options: argparse.Namespace) -> int:
    with opened(options) as archive:
        archive.refuse_unless(Action.MANAGE_USERS)
        password = _new_password(options.new_password_file, options.login)
        user = add_user(archive, options.login, Profile(options.profile), password)
        password.wipe()
    text = f"{user.user_id} is added as {user.profile}"
    if _may_be_given(user.profile):
        text += (
            f"; what is recorded from now on is sealed to {user.user_id}\n"
            "as far as that profile permits; for what is there already a reviewer runs\n"
            f"    workbench grant {user.user_id} --all"
        )
    show(options, {"login": user.user_id, "profile": user.profile}, text)
    return 0


def _new_password(file: Path | None, whose: str) -> Any:
    return read_password(
        file, f"new password of {whose}", option="--new-password-file", repeat=True
    )


def _passwd(options: argparse.Namespace) -> int:
    if options.login not in (None, options.user):
        return _reset(options)
    if options.close_access or options.recovery or options.recovery_file:
        raise SettingsError("--recovery and --close-access are for another user: name the LOGIN")
    named_archive(options)
    old = read_old_password(options)
    new = _new_password(options.new_password_file, options.user)
    with opened(options, password=old) as archive:
        change_own_password(archive, old, new)
    old.wipe()
    new.wipe()
    show(options, {"changed": True}, "the password is changed")
    return 0


def _reset(options: argparse.Namespace) -> int:
    if options.close_access == bool(options.recovery or options.recovery_file):
        raise SettingsError(
            "a forgotten password is replaced with --recovery, which seals what the user could "
            "open to a new key, or with --close-access, which does not: the user then waits for "
            "a grant"
        )
    with opened(options, words_for=Action.MANAGE_USERS) as archive:
        archive.refuse_unless(Action.MANAGE_USERS)
        if options.login not in {user.user_id for user in list_users(archive)}:
            raise SettingsError(
                f"there is no user {options.login}; 'workbench user list' shows who there is"
            )
        password = _new_password(options.new_password_file, options.login)
        result = reset_password(
            archive, options.login, password, keep_access=not options.close_access
        )
        password.wipe()
    content = {"login": options.login, "sealed": result.sealed, "closed": result.closed}
    show(options, content, _reset_text(options.login, result))
    return 0


def _reset_text(login: str, result: PasswordReset) -> str:
    lines = [f"{login} has a new password and a new key; the login and the profile are kept."]
    if result.sealed:
        lines.append(f"Sealed to the new key: {', '.join(result.sealed)}.")
    if result.closed:
        lines.append(f"Not open to {login} any more: {', '.join(result.closed)}.")
        lines.append(f"To grant them again, a reviewer runs\n    workbench grant {login} --all")
    return "\n".join(lines)


def _may_be_given(profile: Profile) -> bool:
    """Return whether a profile opens anything of an event."""
    return any(is_allowed(profile, action) for action in _WITH_A_KEY)


def _profile(options: argparse.Namespace) -> int:
    with opened(options) as archive:
        taken = set_profile(archive, options.login, Profile(options.profile))
    text = f"{options.login} is {options.profile} now; {format_count(len(taken), 'key')} revoked"
    if _may_be_given(Profile(options.profile)):
        text += (
            "\nto grant what that profile permits besides, a reviewer runs\n"
            f"    workbench grant {options.login} --all"
        )
    show(options, {"profile": options.profile, "taken_back": taken}, text)
    return 0


def _disable(options: argparse.Namespace) -> int:
    with opened(options) as archive:
        user = disable_user(archive, options.login)
    text = (
        f"{user.user_id} cannot sign in any more; what was sealed to {user.user_id} stays so "
        f"until you run\n    workbench grant {user.user_id} --all --revoke"
    )
    show(options, {"state": _state(user)}, text)
    return 0


def _enable(options: argparse.Namespace) -> int:
    with opened(options) as archive:
        user = disable_user(archive, options.login, disabled=False)
    text = f"{user.user_id} can sign in again"
    if _may_be_given(user.profile):
        text += (
            "; to grant what was recorded meanwhile, a reviewer runs"
            f"\n    workbench grant {user.user_id} --all"
        )
    show(options, {"state": _state(user)}, text)
    return 0


def _state(user: User) -> str:
    return "disabled" if user.is_disabled else "active"
