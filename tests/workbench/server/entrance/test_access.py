from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing

import pytest
import requests

from recorder_core.catalog import Profile
from tests.workbench.server.conftest import PEOPLE, Served
from workbench.server.entrance.access import (
    ACCESS_RULES,
    find_rule,
    is_known,
    may_ask,
    named_kernel,
    shows_dashboard,
)

LOGINS = {profile: login for login, profile in PEOPLE.items()} | {Profile.ADMINISTRATOR: "adam"}
ANYBODY = frozenset({None, *Profile})
EVERYONE = frozenset(Profile)
#: method and path -> who gets an answer other than a refusal
CODE = frozenset({Profile.RESEARCHER, Profile.ENGINEER})
#: beginnings of patterns
LAB = (
    r"/api/contents",
    r"/api/sessions/",
    r"/files/",
    r"/kernelspecs/",
    r"/lab/api/settings/[",
    r"/lab/api/workspaces/[",
)
NO_KERNEL = "/api/kernels/01234567-89ab-cdef-0123-456789abcdef"
MATRIX: dict[tuple[str, str], frozenset[Profile | None]] = {
    ("GET", "/login"): ANYBODY,
    ("GET", "/workbench/static/workbench.css"): ANYBODY,
    ("GET", "/workbench/static/theme.js"): ANYBODY,
    ("GET", "/favicon.ico"): ANYBODY,
    ("GET", "/"): EVERYONE,
    ("GET", "/library"): EVERYONE,
    ("GET", "/jobs"): EVERYONE,
    ("GET", "/import"): frozenset({Profile.OPERATOR, Profile.REVIEWER}),
    ("GET", "/administration"): frozenset({Profile.ADMINISTRATOR}),
    ("POST", "/library"): frozenset(),
    ("GET", "/logout"): frozenset(),
    ("GET", "/api/kernels"): CODE,
    ("GET", "/api/kernelspecs"): CODE,
    ("GET", "/notebooks"): CODE,
    ("GET", "/lab"): CODE,
    ("GET", "/lab/workspaces/auto-a"): CODE,
    ("GET", "/lab/tree/a%20folder/x.ipynb"): CODE,
    ("GET", "/static/favicons/favicon.ico"): CODE,
    ("GET", "/lab/extensions/anywidget/package.json"): CODE,
    ("GET", "/lab/api/settings"): CODE,
    ("GET", "/lab/api/translations"): CODE,
    ("GET", "/lab/api/workspaces"): CODE,
    ("GET", "/api/me"): CODE,
    ("GET", "/api/sessions"): CODE,
    ("GET", "/voila/static/voila.js"): EVERYONE,
    ("HEAD", "/library"): EVERYONE,
    ("GET", "/voila/templates/lab/conf.json"): frozenset(),
    ("GET", "/voila"): frozenset(),
    ("GET", "/voila/tree"): frozenset(),
    ("GET", "/voila/api/contents/slider.ipynb"): frozenset(),
    ("GET", "/voila/render/slider.py"): frozenset(),
    ("POST", "/review/ae5008fb"): frozenset(),
    ("GET", "/review/ae5008fb/other"): frozenset(),
    # a kernel is its owner's, and this one is nobody's
    ("GET", NO_KERNEL): frozenset(),
    ("GET", f"{NO_KERNEL}/channels"): frozenset(),
    ("POST", f"{NO_KERNEL}/interrupt"): frozenset(),
    ("POST", NO_KERNEL.replace("/api/kernels", "/voila/api/shutdown")): frozenset(),
    # of Jupyter, what nobody needs is closed to everybody
    ("POST", "/api/shutdown"): frozenset(),
    ("GET", "/api/status"): frozenset(),
    ("GET", "/metrics"): frozenset(),
    ("DELETE", "/files/secret.txt"): frozenset(),
    ("GET", "/lab/api/news"): frozenset(),
    ("GET", "/lab/api/extensions"): frozenset(),
    ("GET", "/lab/%74ree/x.ipynb"): frozenset(),
    ("GET", "/view/secret.html"): frozenset(),
    ("GET", "/nbconvert/html/x.ipynb"): frozenset(),
    ("GET", "/api/terminals"): frozenset(),
    ("GET", "/static/favicon.ico"): frozenset(),
    ("GET", "/voila/files/secret.txt"): frozenset(),
    ("GET", "/nothing/here"): frozenset(),
    # spelled so that one part might read what the gate did not
    ("GET", "//library"): frozenset(),
    ("GET", "/library/../api/contents"): frozenset(),
    ("GET", "/lib%72ary"): frozenset(),
    ("GET", "/workbench/static/../access.py"): frozenset(),
    ("GET", "/workbench/static/%2e%2e/access.py"): frozenset(),
}


@pytest.mark.parametrize("profile", [None, *Profile])
@pytest.mark.parametrize(("method", "path"), MATRIX)
def test_every_address_answers_whom_the_table_says_and_refuses_the_rest(
    method: str,
    path: str,
    profile: Profile | None,
    server: Served,
    visits: Callable[[str], requests.Session],
) -> None:
    session = visits(LOGINS[profile] if profile else "")
    request = requests.Request(method, server.address, cookies=session.cookies).prepare()
    request.url = server.address + path  # as it stands: nothing is put right on its way
    answer = session.send(request, allow_redirects=False)
    if profile in MATRIX[method, path]:
        assert answer.status_code in {200, 302}
    else:
        refused = 403 if is_known(path) else 404
        assert answer.status_code == (refused if profile else 401)
        # nothing but a sentence, what it is called for pages in other languages, and its number
        assert method == "HEAD" or set(answer.json()) == {"error", "id", "code", "said"}
    if named_kernel(path) is None:
        assert may_ask(profile, method, path) is (profile in MATRIX[method, path])


def test_every_row_of_the_table_has_an_address_in_the_matrix_or_a_test_of_its_own() -> None:
    own = {r"/logout", r"/workbench/api/.+", r"/voila/render/[\w./-]+\.ipynb"}
    own |= {r"/review/[A-Za-z0-9-]{1,64}", r"/event/[A-Za-z0-9-]{1,64}"}
    own |= {"/playback", "/profiling", "/record"}
    # of JupyterLab, in test_lab.py
    own |= {row.pattern for row in ACCESS_RULES if row.pattern.startswith(LAB)}
    found = {find_rule(*asked) for asked in MATRIX} - {None}
    met = {row.pattern for row in found if row}
    assert {row.pattern for row in ACCESS_RULES} == met | own


def test_a_kernels_token_asks_the_interface_and_nothing_else() -> None:
    assert may_ask(Profile.RESEARCHER, "GET", "/workbench/api/v1/events", holder="kernel")
    assert not may_ask(Profile.RESEARCHER, "GET", "/library", holder="kernel")
    assert not may_ask(Profile.RESEARCHER, "POST", "/logout", holder="kernel")
    assert not may_ask(None, "GET", "/workbench/api/v1/events", holder="kernel")


#: dashboards -> whose they are; a page that is opened starts a kernel, so the table is asked
PAGES = {
    "/review/ae5008fb": {Profile.REVIEWER},
    "/playback": {Profile.REVIEWER, Profile.RESEARCHER},
    "/profiling": {Profile.REVIEWER, Profile.RESEARCHER, Profile.ENGINEER},
    "/record": {Profile.OPERATOR},
}


@pytest.mark.parametrize("profile", [None, *Profile])
@pytest.mark.parametrize("path", PAGES)
def test_a_dashboard_is_open_to_whom_the_table_says(path: str, profile: Profile | None) -> None:
    assert shows_dashboard(path)
    assert may_ask(profile, "GET", path) is (profile in PAGES[path])
    assert not may_ask(profile, "POST", path)
    assert not may_ask(profile, "GET", path, holder="kernel")


@pytest.mark.parametrize("profile", [None, *Profile])
@pytest.mark.parametrize(
    ("method", "path"),
    [
        *((method, "/api/contents/a%20b.ipynb") for method in ("GET", "PUT", "PATCH", "DELETE")),
        ("POST", "/api/contents/x/checkpoints"),
        ("GET", "/files/x.csv"),
        ("GET", "/kernelspecs/python3/logo-svg.svg"),
        ("PUT", "/lab/api/settings/@jupyterlab/apputils-extension:themes"),
        ("PUT", "/lab/api/workspaces/default"),
        ("POST", "/api/sessions"),
        ("DELETE", "/api/sessions/01234567-89ab-cdef-0123-456789abcdef"),
        ("GET", "/api/events/subscribe"),
    ],
)
def test_jupyterlab_is_open_to_who_may_run_code(
    method: str, path: str, profile: Profile | None
) -> None:
    assert may_ask(profile, method, path) is (profile in CODE)
    assert not may_ask(profile, method, path, holder="kernel")


@pytest.mark.parametrize(
    "path", ["/api/contents/%2e%2e/x", "/api/contents/a%5cb", "/api/contents/%00", "/files/%2fx",
    "/api/contents/%252e%252e/x", "/api/contents/..", "/api/contents//etc/passwd"],
)  # fmt: skip
def test_what_two_parts_could_read_in_two_ways_is_closed(path: str) -> None:
    assert find_rule("GET", path) is None


def test_a_refused_page_is_in_the_log(
    server: Served, visits: Callable[[str], requests.Session]
) -> None:
    pages = {
        "/review/0": ("rosa", "review"),
        "/playback": ("egon", "read_signals"),
        "/profiling": ("olga", "read_detections"),
        "/administration": ("rita", "manage_users"),
        "/lab": ("rita", "run_code"),
    }
    for path, (login, _) in pages.items():
        assert visits(login).get(server.address + path).status_code == 403
    with closing(sqlite3.connect(server.archive / "catalog.db")) as catalog:
        found = catalog.execute("SELECT who, action FROM audit WHERE outcome = 'refused'")
        assert set(pages.values()) <= set(found.fetchall())
