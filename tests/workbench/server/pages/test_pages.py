from __future__ import annotations

import re
import socket
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests

from recorder_core.archive import Password
from recorder_core.jobs.archive import Credentials, disable_user, open_archive
from tests.workbench.server.conftest import PASSWORD, Served, serving


def _library(server: Served, session: requests.Session, **query: str) -> requests.Response:
    return session.get(f"{server.address}/library", params=query, allow_redirects=False)


def test_who_signs_in_sees_the_events_and_no_name(server: Served) -> None:
    session = server.sign_in("rita")
    page = _library(server, session)
    assert page.status_code == 200
    assert "lap-chole" in page.text
    assert "hernia" in page.text
    assert "00:00:03" in page.text
    assert "Zephyrina" not in page.text
    assert "<b>rita</b>" in page.text
    assert page.headers["Cache-Control"] == "no-store"


def test_the_list_is_filtered_by_text_and_state(server: Served) -> None:
    session = server.sign_in("rosa")
    found = _library(server, session, search="HERNIA").text
    assert "hernia" in found
    assert "lap-chole" not in found
    assert "lap-chole" in _library(server, session, state="recorded").text
    assert "No event fits" in _library(server, session, state="archived").text
    nasty = '"><script>alert(1)</script>'
    page = _library(server, session, search=nasty, state=nasty).text
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert" in page


@pytest.mark.parametrize("login", ["rita", "nobody", "", "ri ta", "rita\n", "'; --", "ü" * 2000])
def test_a_wrong_login_or_password_is_answered_alike(server: Served, login: str) -> None:
    answer = server.sign_in(login, "not the password").last  # type: ignore[attr-defined]
    assert answer.status_code in {403, 429}
    assert "Not signed in." in answer.text
    assert "Traceback" not in answer.text
    assert "workbench-session" not in answer.headers.get("Set-Cookie", "")


def test_the_cookie_is_kept_from_scripts_and_from_other_sites(server: Served) -> None:
    session = server.visitor()
    fields = {"login": "egon", "password": PASSWORD, "_xsrf": session.cookies["_xsrf"]}
    answer = session.post(f"{server.address}/login", data=fields, allow_redirects=False)
    cookie = answer.headers["Set-Cookie"]
    assert re.search(r"workbench-session=[\w-]{43};", cookie)
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie


def test_a_copied_cookie_opens_nothing_after_signing_out(server: Served) -> None:
    session = server.sign_in("rita")
    copied = {"workbench-session": session.cookies["workbench-session"]}
    fields = {"_xsrf": session.cookies["_xsrf"]}
    gone = session.post(f"{server.address}/logout", data=fields, allow_redirects=False)
    assert gone.headers["Location"] == "/login"
    answer = requests.get(f"{server.address}/library", cookies=copied, allow_redirects=False)
    assert answer.status_code == 401


def test_a_session_that_was_planted_is_not_the_one_of_who_signs_in(server: Served) -> None:
    session = server.visitor()
    session.cookies.set("workbench-session", "planted-by-somebody-else")
    fields = {"login": "rosa", "password": PASSWORD, "_xsrf": session.cookies["_xsrf"]}
    answer = session.post(f"{server.address}/login", data=fields, allow_redirects=False)
    assert "planted" not in answer.headers["Set-Cookie"]
    planted = {"workbench-session": "planted-by-somebody-else"}
    again = requests.get(f"{server.address}/library", cookies=planted, allow_redirects=False)
    assert again.status_code == 401


def test_signing_in_again_ends_the_session_of_before(server: Served) -> None:
    session = server.sign_in("rita")
    before = session.cookies["workbench-session"]
    fields = {"login": "rosa", "password": PASSWORD, "_xsrf": session.cookies["_xsrf"]}
    session.post(f"{server.address}/login", data=fields)
    assert session.cookies["workbench-session"] != before
    old = requests.get(
        f"{server.address}/library", cookies={"workbench-session": before}, allow_redirects=False
    )
    assert old.status_code == 401


@pytest.mark.parametrize("path", ["/login", "/logout"])
def test_a_request_from_another_site_does_nothing(server: Served, path: str) -> None:
    session = server.sign_in("rita")
    fields = {"login": "rosa", "password": PASSWORD}
    answer = session.post(server.address + path, data=fields, allow_redirects=False)
    assert answer.status_code == 403
    assert _library(server, session).status_code == 200


@pytest.mark.parametrize(
    "place", ["//evil.example", "https://evil.example/", "/\\evil.example", "x"]
)
def test_the_login_leads_to_no_other_site(server: Served, place: str) -> None:
    session = server.visitor()
    fields = {
        "login": "rita",
        "password": PASSWORD,
        "_xsrf": session.cookies["_xsrf"],
        "next": place,
    }
    answer = session.post(f"{server.address}/login", data=fields, allow_redirects=False)
    assert answer.headers["Location"] == "/"
    # a form belongs to the session that it was shown in
    fields |= {"next": "/library?state=recorded", "_xsrf": session.cookies["_xsrf"]}
    answer = session.post(f"{server.address}/login", data=fields, allow_redirects=False)
    assert answer.headers["Location"] == "/library?state=recorded"


def test_a_page_asked_for_without_signing_in_comes_after_the_login(server: Served) -> None:
    headers = {"Accept": "text/html"}
    answer = requests.get(f"{server.address}/library", headers=headers, allow_redirects=False)
    assert answer.headers["Location"] == "/login?next=%2Flibrary"


@pytest.mark.parametrize("page", ["/login", "/library"])
def test_no_page_may_load_anything_from_elsewhere(server: Served, page: str) -> None:
    answer = server.sign_in("rita").get(server.address + page)
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert not re.search(r"(src|href)=\"(https?:)?//", answer.text)


def test_no_form_puts_what_is_typed_into_an_address(server: Served) -> None:
    adam = server.sign_in("adam")
    library = adam.get(f"{server.address}/library").text
    event = re.findall(r'href="(/event/[^"]+)"', library)[0]
    forms = 0
    for page in ("/library", "/administration", "/jobs", "/login", event):
        found = re.findall(r"<form[^>]*>", adam.get(server.address + page).text)
        forms += len(found)
        for form in found:
            # sent by the browser itself, also before a script listens; a search may be kept
            is_search = 'action="/library"' in form
            assert 'method="post"' in form or 'method="dialog"' in form or is_search, form
    assert forms > 8


def test_another_host_name_is_refused(server: Served) -> None:
    """A name of somebody else's that leads to this machine must not be taken for it."""
    answer = requests.get(f"{server.address}/login", headers={"Host": "evil.example"})
    assert answer.status_code == 403


def test_what_is_no_request_ends_without_a_trace(server: Served) -> None:
    place = urlsplit(server.address)
    assert place.hostname is not None
    for line in (b"GET / HTTP/9.9\r\n\r\n", b"\x16\x03\x01\x00", b"GET /\x00 HTTP/1.1\r\n\r\n"):
        with socket.create_connection((place.hostname, place.port or 0), 10) as connection:
            connection.sendall(line)
            connection.shutdown(socket.SHUT_WR)
            assert b"Traceback" not in connection.recv(65536)
    assert requests.get(f"{server.address}/login").status_code == 200


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("multipart/form-data", b"x"),
        ("multipart/form-data; boundary=a", b"--a\r\nContent-Disposition: x\r\n\r\n"),
        ("application/x-www-form-urlencoded", b"login=%ff%fe&password=%zz&_xsrf=%00"),
        ("application/x-www-form-urlencoded", b"&=&=&;;" * 1000),
    ],
)
def test_a_form_that_cannot_be_read_is_refused(server: Served, kind: str, body: bytes) -> None:
    for session in (server.visitor(), requests.Session()):
        headers = {"Content-Type": kind, "Accept": "text/html"}
        answer = session.post(f"{server.address}/login", data=body, headers=headers)
        assert answer.status_code in {400, 403}
        assert "<h1 " in answer.text
        assert "data-error=" in answer.text
        assert "Traceback" not in answer.text


def test_a_user_who_is_disabled_meanwhile_is_signed_out(archive: Path) -> None:
    with serving(archive) as served:
        session = served.sign_in("rita")
        assert _library(served, session).status_code == 200
        with open_archive(archive, Credentials("adam", Password(PASSWORD))) as opened:
            disable_user(opened, "rita")
        answer = _library(served, session)
        while answer.status_code == 200:
            answer = _library(served, session)
        assert answer.status_code == 401
        assert "disabled" in served.sign_in("rita").last.text  # type: ignore[attr-defined]


def test_no_code_runs_unless_the_server_is_started_for_it(archive: Path) -> None:
    with serving(archive, kernels=False) as served:
        session = served.sign_in("rosa")
        answer = session.post(
            f"{served.address}/api/kernels",
            json={},
            headers={"X-XSRFToken": session.cookies["_xsrf"]},
        )
        assert (answer.status_code, "runs no code for people" in answer.text) == (501, True)
        assert session.get(f"{served.address}/api/kernels").json() == []
