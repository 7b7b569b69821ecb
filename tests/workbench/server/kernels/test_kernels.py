"""Kernels of people and of dashboards, and what pages may send them."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest
import requests
import websocket

from recorder_core.archive import Password
from recorder_core.jobs.archive import Credentials, open_archive, read_audit
from tests.waiting import wait_until
from tests.workbench.server.conftest import DASHBOARDS, PASSWORD, Served, serving
from tests.workbench.server.kernels.kernel_client import (
    V1,
    Kernel,
    answers_to,
    end_kernel,
    message,
    open_dashboard,
    start_kernel,
)
from workbench.server.kernels.channels import is_page_poll, is_widget_message


@pytest.fixture(scope="module")
def started(server: Served) -> Iterator[tuple[requests.Session, str]]:
    """Rosa's session, and the id of a kernel of hers."""
    session = server.sign_in("rosa")
    kernel_id = start_kernel(server, session)
    yield session, kernel_id
    end_kernel(server, session, kernel_id)


@pytest.fixture
def rosas(server: Served, started: tuple[requests.Session, str]) -> Iterator[Kernel]:
    # the server closes a connection that answers no ping
    kernel = Kernel(server, *started, "")
    yield kernel
    kernel.close()


def _refusals(archive: Path) -> int:
    with open_archive(archive, Credentials("adam", Password(PASSWORD))) as opened:
        rows = read_audit(opened)
    return sum(
        (row.who, row.action, row.outcome) == ("rita", "run_code", "refused") for row in rows
    )


def test_a_researcher_runs_code_and_the_log_has_it(rosas: Kernel, server: Served) -> None:
    assert rosas.run("print(6 * 7)") == "42\n"
    with open_archive(server.archive, Credentials("adam", Password(PASSWORD))) as opened:
        rows = [row for row in read_audit(opened) if row.action == "run_code"]
    assert f"kernel:{rosas.kernel_id}" in {row.detail for row in rows if row.who == "rosa"}


def test_a_kernel_knows_nothing_of_the_servers_environment(rosas: Kernel) -> None:
    names = set(json.loads(rosas.run("import json, os; print(json.dumps(sorted(os.environ)))")))
    assert not {name for name in names if name.startswith("JUPYTER")}
    assert not {"WORKBENCH_USER", "WORKBENCH_ARCHIVE", "USER", "PYTEST_CURRENT_TEST"} & names


def test_nobody_sees_or_reaches_anothers_kernel(rosas: Kernel, server: Served) -> None:
    egon = server.sign_in("egon")
    assert egon.get(f"{server.address}/api/kernels").json() == []
    headers = {"X-XSRFToken": egon.cookies["_xsrf"]}
    place = f"{server.address}/api/kernels/{rosas.kernel_id}"
    assert egon.get(place).status_code == 403
    assert egon.delete(place, headers=headers).status_code == 403
    assert egon.post(f"{place}/interrupt", headers=headers).status_code == 403
    with pytest.raises(websocket.WebSocketBadStatusException, match="403"):
        Kernel(server, egon, rosas.kernel_id, "")
    body = {"kernel_id": rosas.kernel_id}
    answer = egon.post(f"{server.address}/api/kernels", json=body, headers=headers)
    assert answer.status_code == 404
    assert rosas.run("print('still here')") == "still here\n"


def test_a_page_of_another_site_reaches_no_kernel(rosas: Kernel, server: Served) -> None:
    session = server.sign_in("rosa")
    cookies = "; ".join(f"{each.name}={each.value}" for each in session.cookies)
    address = f"{server.address.replace('http', 'ws', 1)}/api/kernels/{rosas.kernel_id}/channels"
    with pytest.raises(websocket.WebSocketBadStatusException, match="403"):
        websocket.create_connection(address, cookie=cookies, origin="http://evil.example")
    with pytest.raises(websocket.WebSocketBadStatusException, match="401"):
        websocket.create_connection(address, origin=server.address)


@pytest.mark.parametrize("protocol", ["", V1])
def test_a_reviewers_page_talks_to_widgets_and_runs_no_code(
    server: Served, protocol: str, tmp_path: Path
) -> None:
    session = server.sign_in("rita")
    kernel = Kernel(server, session, open_dashboard(server, session), protocol)
    before, trace = _refusals(server.archive), tmp_path / "ran"
    code = f"open({str(trace)!r}, 'w').close()"
    attacks = [
        message("execute_request", {"code": code, "silent": True}),
        message("execute_request", {"code": code, "silent": True}, channel="control"),
        message("comm_open", {"comm_id": "x", "target_name": "debugger", "data": {}}),
        message("complete_request", {"code": code, "cursor_pos": 1}),
        message("inspect_request", {"code": code, "cursor_pos": 1}),
        message("history_request", {"hist_access_type": "tail", "n": 10}),
        message("shutdown_request", {"restart": False}, channel="control"),
        message("debug_request", {"command": "evaluate"}, channel="control"),
        message("input_reply", {"value": code}, channel="stdin"),
    ]
    for attack in attacks:
        kernel.send(attack)
    sent = kernel.send(message("comm_info_request", {"target_name": "jupyter.widget"}))
    answers = kernel.answers(
        lambda each: (
            each["header"]["msg_type"] == "comm_info_reply"
            and each["parent_header"]["msg_id"] == sent
        )
    )
    assert len(answers[-1]["content"]["comms"]) >= 3
    assert not {"execute_reply", "history_reply", "execute_input", "shutdown_reply"} & {
        each["header"]["msg_type"] for each in answers
    }
    wait_until(lambda: _refusals(server.archive) >= before + len(attacks))
    assert _refusals(server.archive) == before + len(attacks)
    assert not trace.exists()
    kernel.close()


def test_a_reviewers_page_that_sends_nonsense_is_refused(server: Served) -> None:
    session = server.sign_in("rita")
    kernel = Kernel(server, session, open_dashboard(server, session), "")
    for text in ("", "{", "[]", "null", '{"channel": "shell"}', '{"header": 1}', "[" * 5000):
        kernel.send_raw(text)
    sent = kernel.send(message("kernel_info_request", {}))
    kernel.answers(partial(answers_to, sent))
    kernel.close()


def test_a_reviewer_starts_no_kernel_of_their_own(server: Served) -> None:
    session = server.sign_in("rita")
    headers = {"X-XSRFToken": session.cookies["_xsrf"]}
    answer = session.post(f"{server.address}/api/kernels", json={}, headers=headers)
    assert answer.status_code == 403


def test_a_dashboard_runs_without_kernels_and_takes_no_code_of_anybody(archive: Path) -> None:
    with serving(archive, "--dashboards", str(DASHBOARDS), kernels=False) as served:
        for login in ("rita", "rosa", "adam"):
            session = served.sign_in(login)
            kernel = Kernel(served, session, open_dashboard(served, session), "")
            kernel.send(message("execute_request", {"code": "print('ran')", "silent": False}))
            sent = kernel.send(message("comm_info_request", {"target_name": "jupyter.widget"}))
            answers = kernel.answers(partial(answers_to, sent))
            kinds = {each["header"]["msg_type"] for each in answers}
            assert not {"execute_reply", "execute_input", "stream"} & kinds
            kernel.close()
        rosa = served.sign_in("rosa")
        refused = [rosa.get(f"{served.address}{path}") for path in ("/notebooks", "/api/contents")]
        assert [each.status_code for each in refused] == [501, 501]
        assert ["--kernels and --notebooks FOLDER" in each.text for each in refused] == [True, True]


def test_signing_out_ends_the_kernels(server: Served) -> None:
    session = server.sign_in("rosa")
    kernel = Kernel(server, session, start_kernel(server, session), "")
    assert kernel.run("print('here')") == "here\n"
    session.post(f"{server.address}/logout", data={"_xsrf": session.cookies["_xsrf"]})
    again = server.sign_in("rosa")
    while kernel.kernel_id in {
        each["id"] for each in again.get(f"{server.address}/api/kernels").json()
    }:
        pass
    with pytest.raises((websocket.WebSocketException, OSError)):
        kernel.run("print('still here')")
    kernel.close()


def test_the_source_of_a_dashboard_is_not_in_its_page(server: Served) -> None:
    session = server.sign_in("rita")
    page = session.get(f"{server.address}/voila/render/slider.ipynb").text
    assert "Strength" in page
    assert "import ipywidgets" not in page
    for path in ("slider.ipynb?voila-template=lab", "../slider.ipynb", "none.ipynb"):
        answer = session.get(f"{server.address}/voila/render/{path}")
        assert "Traceback" not in answer.text


@pytest.mark.parametrize(
    ("channel", "kind", "content", "may"),
    [
        ("shell", "comm_msg", {}, True),
        ("shell", "comm_open", {"target_name": "jupyter.widget.control"}, True),
        ("shell", "comm_open", {"target_name": "jupyter.widget"}, False),
        ("shell", "comm_open", [], False),
        ("control", "comm_msg", {}, False),
        (None, "comm_msg", {}, False),
        ("shell", "execute_request", {}, False),
        ("shell", ["comm_msg"], {}, False),
    ],
)
def test_what_reaches_widgets_only(
    channel: object, kind: object, content: object, may: bool
) -> None:
    assert is_widget_message(channel, kind, content) is may


def test_a_kernel_starts_without_loading_the_server() -> None:
    code = (
        "import sys, workbench.server.kernels.kernel_start; print('jupyter_server' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


@pytest.mark.parametrize(
    ("kind", "content", "is_poll"),
    [
        ("comm_msg", {"data": {"method": "custom", "content": {"what": "look"}}}, True),
        ("comm_msg", {"data": {"method": "custom", "content": {"what": "rank"}}}, False),
        ("comm_msg", {"data": {"method": "custom", "content": {"kind": "save"}}}, False),
        ("comm_msg", {"data": {"method": "update", "state": {"frame": 3}}}, False),
        ("comm_msg", {"data": ["look"]}, False),
        ("comm_msg", None, False),
        ("kernel_info_request", {}, True),
        ("comm_info_request", {}, True),
    ],
)
def test_a_page_that_only_asks_what_is_new_is_no_use_of_a_session(
    kind: str, content: object, is_poll: bool
) -> None:
    assert is_page_poll(kind, content) is is_poll


def test_who_asks_for_many_kernels_at_once_gets_as_many_as_may_be(archive: Path) -> None:
    options = ("--kernels-per-person", "2", "--dashboards", str(DASHBOARDS))
    with serving(archive, *options) as served:
        rosa = served.sign_in("rosa")
        headers = {"X-XSRFToken": rosa.cookies["_xsrf"]}

        def start(_: int) -> int:
            return rosa.post(f"{served.address}/api/kernels", json={}, headers=headers).status_code

        with ThreadPoolExecutor(6) as pool:
            assert sorted(pool.map(start, range(6))) == [201, 201, 429, 429, 429, 429]
        known = rosa.get(f"{served.address}/api/kernels").json()
        assert len(known) == 2
        # a place that is free again is anybody's
        rosa.delete(f"{served.address}/api/kernels/{known[0]['id']}", headers=headers)
        assert start(0) == 201
        # a page that is opened ends the oldest page of its person
        rita = served.sign_in("rita")
        assert len({open_dashboard(served, rita) for _ in range(3)}) == 3
