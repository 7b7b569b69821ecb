"""Which profile may ask which address: one table, and nothing that is not in it.

It stands before Jupyter's own checks, at the router: an address that an extension adds tomorrow is
closed until it has a row here. What an address of the interface returns is asked of the archive
once more.
"""

from __future__ import annotations

import re
from collections.abc import Set
from dataclasses import dataclass
from typing import Final, Literal
from urllib.parse import unquote

from recorder_core.jobs.archive.words import PERMISSIONS, Action, Profile

__all__ = [
    "ACCESS_RULES",
    "ADMINISTRATION_PATH",
    "DASHBOARDS",
    "DASHBOARD_PATH",
    "EVENT_PATH",
    "IMPORT_PATH",
    "PLAYBACK_PATH",
    "PROFILING_PATH",
    "RECORD_PATH",
    "REVIEW_PATH",
    "SMALL_BODY_BYTES",
    "AccessRule",
    "Dashboard",
    "Holder",
    "find_rule",
    "is_known",
    "may_ask",
    "named_kernel",
    "needed_action",
    "shows_dashboard",
]

#: what a token is held by
Holder = Literal["browser", "kernel"]

#: a form, or a few fields
SMALL_BODY_BYTES: Final = 64 << 10
_READ: Final = frozenset({"GET", "HEAD"})
_ASK: Final = _READ | {"POST"}
_ANY: Final = _ASK | {"PUT", "PATCH", "DELETE"}
_EVERYONE: Final = frozenset(Profile)
_CODE: Final = PERMISSIONS[Action.RUN_CODE]
_ADMINISTRATION: Final = PERMISSIONS[Action.MANAGE_USERS]
_BROWSER: Final[frozenset[Holder]] = frozenset({"browser"})
_BOTH: Final[frozenset[Holder]] = frozenset({"browser", "kernel"})


@dataclass(frozen=True, slots=True)
class AccessRule:
    """Who may ask the addresses that match a pattern, and how.

    Attributes
    ----------
    pattern : str
        Matches the whole path.
    profiles : set of Profile, or None
        None: everybody, signed in or not.
    methods : set of str
        Of HTTP.
    holders : set of str
        Whether a browser's token, a kernel's or either will do.
    max_body_bytes : int
        Of a request; one that says it is larger is not read.
    names_files : bool
        Whether the path ends with names that people gave, which may be written with %.
    is_use : bool
        Whether a session goes on because of it; not where a page asks by itself, again and again.
    """

    pattern: str
    profiles: Set[Profile] | None
    methods: Set[str] = _READ
    holders: Set[Holder] = _BROWSER
    max_body_bytes: int = SMALL_BODY_BYTES
    names_files: bool = False
    is_use: bool = True

    def matches(self, method: str, path: str) -> bool:
        """Return whether a request asks for one of these addresses."""
        return method in self.methods and re.fullmatch(self.pattern, path) is not None


#: a table of corrections is the largest that is sent
_TABLE_BODY_BYTES: Final = 2 << 20
#: under which Voila shows dashboards
DASHBOARD_PATH: Final = "/voila/render/"
#: under which the server shows the dashboard of a review
REVIEW_PATH: Final = "/review/"
#: under which the server shows the page of an event
EVENT_PATH: Final = "/event/"
#: the page that imports videos of the inbox
IMPORT_PATH: Final = "/import"
#: the page of an administrator
ADMINISTRATION_PATH: Final = "/administration"
#: the dashboard that compares events
PLAYBACK_PATH: Final = "/playback"
#: the dashboard of how copies were made
PROFILING_PATH: Final = "/profiling"
#: the dashboard that records
RECORD_PATH: Final = "/record"


@dataclass(frozen=True, slots=True)
class Dashboard:
    """A page that is a notebook of this program.

    Attributes
    ----------
    path : str
        Its address; one that ends with / is followed by the id of an event.
    notebook : str
        The file in the folder of the program's dashboards.
    action : Action
        What the profile is asked for.
    """

    path: str
    notebook: str
    action: Action

    @property
    def profiles(self) -> Set[Profile]:
        """Who may open it."""
        return PERMISSIONS[self.action]

    @property
    def module(self) -> str:
        """What the notebook imports its page from."""
        return f"workbench.dashboards.{self.notebook.removesuffix('.ipynb')}"

    @property
    def pattern(self) -> str:
        """What matches its whole address."""
        return rf"{self.path}[A-Za-z0-9-]{{1,64}}" if self.path.endswith("/") else self.path

    def is_at(self, path: str) -> bool:
        """Return whether an address is this page's."""
        return path == self.path or (self.path.endswith("/") and path.startswith(self.path))


#: rules, handlers and which kernels take no code are made from this table
DASHBOARDS: Final = (
    Dashboard(REVIEW_PATH, "review.ipynb", Action.REVIEW),
    Dashboard(PLAYBACK_PATH, "playback.ipynb", Action.READ_SIGNALS),
    Dashboard(PROFILING_PATH, "profiling.ipynb", Action.READ_DETECTIONS),
    Dashboard(RECORD_PATH, "record.ipynb", Action.RECORD),
)
#: of the server's own pages, what the profile is asked for
_PAGES: Final = {ADMINISTRATION_PATH: Action.MANAGE_USERS, IMPORT_PATH: Action.IMPORT_EVENT}
#: a notebook with what it shows, or a file as base64; JupyterLab sends what is larger in pieces
_FILE_BODY_BYTES: Final = 24 << 20
#: the layout of a page of JupyterLab
_LAYOUT_BODY_BYTES: Final = 256 << 10
#: under which JupyterLab reads and writes a person's files
_CONTENTS: Final = r"/api/contents"
_SESSION: Final = r"/api/sessions/[0-9a-f-]{36}"
_KERNEL: Final = r"/api/kernels/[0-9a-f-]{36}"
#: paths that name a kernel: its owner's alone, whatever the profile
_OF_KERNEL: Final = re.compile(r"/(?:api/kernels|voila/api/shutdown)/([^/]*).*")

#: two slashes, a backslash, and what no name has
_MISLEADING: Final = re.compile(r"//|[\\\x00-\x1f\x7f]")

#: the first that matches counts
ACCESS_RULES: Final[tuple[AccessRule, ...]] = (
    AccessRule(r"/login", None, _ASK),
    AccessRule(r"/workbench/static/[a-z.]+", None),
    AccessRule(r"/favicon\.ico", None),
    AccessRule(r"/", _EVERYONE),
    AccessRule(r"/logout", _EVERYONE, frozenset({"POST"})),
    AccessRule(r"/library", _EVERYONE),
    AccessRule(rf"{EVENT_PATH}[A-Za-z0-9-]{{1,64}}", _EVERYONE),
    AccessRule(r"/jobs", _EVERYONE),
    AccessRule(IMPORT_PATH, PERMISSIONS[Action.IMPORT_EVENT]),
    AccessRule(ADMINISTRATION_PATH, _ADMINISTRATION),
    # the archive asks the profile for each of them
    AccessRule(r"/workbench/api/.+", _EVERYONE, _ANY, _BOTH, _TABLE_BODY_BYTES),
    # a dashboard runs our code, and a page of who runs no code may send it widgets' messages only
    *(AccessRule(each.pattern, each.profiles, frozenset({"GET"})) for each in DASHBOARDS),
    AccessRule(rf"{DASHBOARD_PATH}[\w./-]+\.ipynb", _EVERYONE, frozenset({"GET"})),
    AccessRule(r"/voila/(static|templates/[\w-]+/static|labextensions|api/themes)/.+", _EVERYONE),
    AccessRule(r"/voila/api/shutdown/[0-9a-f-]{36}", _EVERYONE, frozenset({"POST"})),
    AccessRule(rf"{_KERNEL}/channels", _EVERYONE, frozenset({"GET"})),
    AccessRule(r"/api/kernelspecs", _CODE, is_use=False),
    AccessRule(r"/api/kernels", _CODE, is_use=False),
    AccessRule(r"/api/kernels", _CODE, _ASK),
    # its state: a dashboard's page asks before it opens the channels
    AccessRule(_KERNEL, _EVERYONE, is_use=False),
    AccessRule(_KERNEL, _CODE, frozenset({"DELETE"})),
    AccessRule(rf"{_KERNEL}/(interrupt|restart)", _CODE, frozenset({"POST"})),
    # JupyterLab, whose pages ask for kernels, sessions and files as long as they are open
    AccessRule(r"/notebooks", _CODE, _ASK),
    AccessRule(r"/lab(/workspaces/[\w-]{1,32})?", _CODE, frozenset({"GET"})),
    AccessRule(
        r"/lab(/workspaces/[\w-]{1,32})?/tree/.*", _CODE, frozenset({"GET"}), names_files=True
    ),
    AccessRule(r"/static/(lab|favicons)/[\w./-]+", _CODE),
    AccessRule(r"/kernelspecs/python3/[\w.-]+", _CODE),
    AccessRule(r"/lab/extensions/[@\w./-]+", _CODE),
    AccessRule(r"/lab/api/(themes|translations)(/[@\w./-]*)?", _CODE),
    AccessRule(r"/lab/api/settings(/([@\w./-]+:[\w-]+)?)?", _CODE),
    AccessRule(r"/lab/api/settings/[@\w/-]+:[\w-]+", _CODE, frozenset({"PUT"})),
    AccessRule(r"/lab/api/workspaces(/[\w-]{1,32})?", _CODE, is_use=False),
    AccessRule(
        r"/lab/api/workspaces/[\w-]{1,32}",
        _CODE,
        frozenset({"PUT"}),
        max_body_bytes=_LAYOUT_BODY_BYTES,
        is_use=False,
    ),
    AccessRule(r"/api/(me|nbconvert|events/subscribe)", _CODE, frozenset({"GET"}), is_use=False),
    AccessRule(r"/api/sessions", _CODE, is_use=False),
    AccessRule(r"/api/sessions", _CODE, frozenset({"POST"})),
    AccessRule(_SESSION, _CODE, is_use=False),
    AccessRule(_SESSION, _CODE, frozenset({"PATCH", "DELETE"})),
    AccessRule(rf"{_CONTENTS}(/.*)?", _CODE, names_files=True, is_use=False),
    AccessRule(
        rf"{_CONTENTS}(/.*)?",
        _CODE,
        _ANY - _READ,
        max_body_bytes=_FILE_BODY_BYTES,
        names_files=True,
    ),
    AccessRule(r"/files/.+", _CODE, names_files=True),
)


def find_rule(method: str, path: str) -> AccessRule | None:
    """Return the row for a request; None if nobody may ask for it."""
    rule = next((each for each in ACCESS_RULES if each.matches(method, path)), None)
    # what one part of the server decodes another way than the next is asked for by nobody
    if rule is None or ("%" in path and not rule.names_files):
        return None
    decoded = unquote(path)
    if _MISLEADING.search(decoded) or "/../" in f"{decoded}/" or unquote(decoded) != decoded:
        return None
    return rule


def is_known(path: str) -> bool:
    """Return whether there is anything at an address, whoever may ask for it."""
    return any(find_rule(method, path) for method in _ANY)


def shows_dashboard(path: str) -> bool:
    """Return whether an address is that of a dashboard: its kernel takes no code of anybody's."""
    return path.startswith(DASHBOARD_PATH) or any(each.is_at(path) for each in DASHBOARDS)


def needed_action(path: str) -> Action | None:
    """Return what somebody must be allowed to do at an address; None where nothing says it."""
    for each in DASHBOARDS:
        if each.is_at(path):
            return each.action
    if (action := _PAGES.get(path)) is not None:
        return action
    rows = [each for each in ACCESS_RULES if re.fullmatch(each.pattern, path)]
    return Action.RUN_CODE if rows and all(each.profiles == _CODE for each in rows) else None


def named_kernel(path: str) -> str | None:
    """Return the id of the kernel that a path names; None if it names none."""
    found = _OF_KERNEL.fullmatch(path)
    return found[1] if found else None


def may_ask(profile: Profile | None, method: str, path: str, *, holder: Holder = "browser") -> bool:
    """Return whether somebody may ask for an address; None is who has not signed in."""
    rule = find_rule(method, path)
    if rule is None:
        return False
    if rule.profiles is None:
        return True
    return profile in rule.profiles and holder in rule.holders
