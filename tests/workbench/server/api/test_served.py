"""The interface behind the gate of `workbench serve`, as a browser asks for it."""

from __future__ import annotations

from typing import Any

import requests

from workbench.server.api import API_PATH


def test_a_browser_that_signed_in_reads_the_interface(server: Any) -> None:
    session = server.sign_in("rita")
    me = session.get(f"{server.address}{API_PATH}/me")
    assert (me.status_code, me.json()["login"], me.json()["profile"]) == (200, "rita", "reviewer")
    events = session.get(f"{server.address}{API_PATH}/events").json()["events"]
    assert {row["procedure_code"] for row in events} == {"lap-chole", "hernia"}
    assert me.headers["Cache-Control"] == "no-store"
    path = f"{server.address}{API_PATH}/events/{events[0]['event_id']}/files/original"
    part = session.get(path, headers={"Range": "bytes=4-7"})
    assert (part.status_code, part.content) == (206, b"ftyp")


def test_nobody_reads_it_without_signing_in(server: Any) -> None:
    for headers in ({}, {"Authorization": "token forged"}, {"Cookie": "workbench-session=forged"}):
        for path in ("/me", "/events", "/openapi.json", "/no-such-address"):
            answer = requests.get(f"{server.address}{API_PATH}{path}", headers=headers)
            assert answer.status_code in (401, 403)


def test_another_site_s_page_changes_nothing(server: Any) -> None:
    session = server.sign_in("rita")
    path, body = f"{server.address}{API_PATH}/name-search", {"text": "zephyrina"}
    assert session.post(path, json=body).status_code == 403
    assert session.post(path, json=body, headers={"X-XSRFToken": "forged"}).status_code == 403
    right = {"X-XSRFToken": session.cookies["_xsrf"]}
    found = session.post(path, json=body, headers=right)
    assert found.json()["found"][0]["names"]["patient_name"] == "Zephyrina Qux"
