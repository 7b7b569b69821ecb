"""``workbench user``: who may sign in, and as what."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from recorder_core.catalog import Profile, User
from recorder_core.jobs.archive import (
    add_user,
    change_own_password,
    disable_user,
    list_users,
    set_profile,
)
from workbench.cli.listing import format_table, format_time, print_json
from workbench.cli.sign_in import add_archive_arguments, opened, read_password

__all__ = ["add_parser", "run"]

_PROFILES = [profile.value for profile in Profile]


def add_parser(commands: Any) -> None:
    """Add the commands to the parser."""
    parser = commands.add_parser(
        "user",
        help="add users, change passwords and profiles",
        description="Say who may sign in to an archive, and as what.",
    )
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    _add_list(actions)
    _add_add(actions)
    _add_passwd(actions)
    _add_profile(actions)
    _add_disable(actions)


def run(options: argparse.Namespace) -> int:
    """Run one action."""
    return int(options.act(options))


def _add_list(actions: Any) -> None:
    parser = actions.add_parser("list", help="list the users")
    add_archive_arguments(parser)
    parser.set_defaults(run=run, act=_list)


def _add_add(actions: Any) -> None:
    parser = actions.add_parser("add", help="add a user")
    parser.add_argument("login", metavar="LOGIN", help="in clear: better not the person's name")
    parser.add_argument("profile", choices=_PROFILES, metavar="PROFILE", help=", ".join(_PROFILES))
    parser.add_argument(
        "--new-password-file", type=Path, metavar="FILE", help="of the new user; else asked for"
    )
    add_archive_arguments(parser)
    parser.set_defaults(run=run, act=_add)


def _add_passwd(actions: Any) -> None:
    parser = actions.add_parser(
        "passwd",
        help="change your own password",
        description="Change your own password: one key is wrapped again, no file is touched.",
    )
    parser.add_argument(
        "--new-password-file", type=Path, metavar="FILE", help="the new one; else asked for"
    )
    add_archive_arguments(parser)
    parser.set_defaults(run=run, act=_passwd)


def _add_profile(actions: Any) -> None:
    parser = actions.add_parser(
        "profile",
        help="change what a user may do",
        description="Change a user's profile, and take back the keys that it does not open.",
    )
    parser.add_argument("login", metavar="LOGIN")
    parser.add_argument("profile", choices=_PROFILES, metavar="PROFILE", help=", ".join(_PROFILES))
    add_archive_arguments(parser)
    parser.set_defaults(run=run, act=_profile)


def _add_disable(actions: Any) -> None:
    parser = actions.add_parser("disable", help="refuse a user's sign-ins, or permit them again")
    parser.add_argument("login", metavar="LOGIN")
    parser.add_argument("--undo", action="store_true", help="permit them again")
    add_archive_arguments(parser)
    parser.set_defaults(run=run, act=_disable)


def _list(options: argparse.Namespace) -> int:
    with opened(options) as archive:
        users = list_users(archive)
    rows = [
        (user.user_id, user.profile, _state(user), format_time(user.created_utc)) for user in users
    ]
    headings = ("login", "profile", "state", "since")
    if options.json:
        print_json([dict(zip(headings, row, strict=True)) for row in rows])
    else:
        print(format_table(headings, rows))
    return 0


def _add(options: argparse.Namespace) -> int:
    with opened(options) as archive:
        prompt = f"new password of {options.login}"
        password = read_password(options.new_password_file, prompt, repeat=True)
        user = add_user(archive, options.login, Profile(options.profile), password)
        password.wipe()
    _say(options, {"login": user.user_id, "profile": user.profile}, f"{user.user_id} is added")
    return 0


def _passwd(options: argparse.Namespace) -> int:
    old = read_password(options.password_file, f"password of {options.user}")
    new = read_password(options.new_password_file, f"new password of {options.user}", repeat=True)
    with opened(options, password=old) as archive:
        change_own_password(archive, old, new)
    old.wipe()
    new.wipe()
    _say(options, {"changed": True}, "the password is changed")
    return 0


def _profile(options: argparse.Namespace) -> int:
    with opened(options) as archive:
        taken = set_profile(archive, options.login, Profile(options.profile))
    text = f"{options.login} is {options.profile} now; {len(taken)} keys were taken back"
    _say(options, {"profile": options.profile, "taken_back": taken}, text)
    return 0


def _disable(options: argparse.Namespace) -> int:
    with opened(options) as archive:
        user = disable_user(archive, options.login, disabled=not options.undo)
    _say(options, {"state": _state(user)}, f"{user.user_id} is {_state(user)}")
    return 0


def _state(user: User) -> str:
    return "disabled" if user.is_disabled else "active"


def _say(options: argparse.Namespace, content: object, text: str) -> None:
    if options.json:
        print_json(content)
    else:
        print(text)
