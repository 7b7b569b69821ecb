"""Kernels of people, and attacks on them from pages and from the code in them."""

from __future__ import annotations

import itertools
import json
import os
import pwd
import re
import struct
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import requests
import websocket

from recorder_core.archive import Password
from recorder_core.errors import SettingsError
from recorder_core.jobs.archive import Credentials, open_archive, read_audit
from tests.workbench.server.conftest import DASHBOARDS, PASSWORD, Served, serving
from workbench.server import kernels
from workbench.server.channels import is_widget_message
from workbench.server.kernels import KernelSettings

V1 = "v1.kernel.websocket.jupyter.org"


def _message(kind: str, content: dict[str, Any], channel: str = "shell") -> dict[str, Any]:
    header = {
        "msg_id": uuid.uuid4().hex,
        "msg_type": kind,
        "session": "page",
        "username": "",
        "version": "5.3",
        "date": "2026-01-01T00:00:00Z",
    }
    empty: dict[str, Any] = {"parent_header": {}, "metadata": {}, "buffers": []}
    return {"channel": channel, "header": header, "content": content, **empty}


class Kernel:
    """One kernel of a person, over the channels that a page has."""

    def __init__(self, served: Served, session: requests.Session, kernel_id: str, protocol: str):
        self.kernel_id, self._protocol = kernel_id, protocol
        cookies = "; ".join(f"{each.name}={each.value}" for each in session.cookies)
        address = served.address.replace("http", "ws", 1)
        self._socket = websocket.create_connection(
            f"{address}/api/kernels/{kernel_id}/channels?session_id=page",
            cookie=cookies,
            origin=served.address,
            subprotocols=[protocol] if protocol else None,
            timeout=20,
        )

    def send(self, message: dict[str, Any]) -> str:
        if self._protocol:
            fields = ("header", "parent_header", "metadata", "content")
            parts = [
                message["channel"].encode(),
                *(json.dumps(message[f]).encode() for f in fields),
            ]
            offsets = [8 * (len(parts) + 2)]
            for part in parts:
                offsets.append(offsets[-1] + len(part))
            head = struct.pack(f"<{len(offsets) + 1}q", len(offsets), *offsets)
            self._socket.send_binary(head + b"".join(parts))
        else:
            self._socket.send(json.dumps(message))
        return str(message["header"]["msg_id"])

    def send_raw(self, text: str) -> None:
        self._socket.send(text)

    def answers(self, until: Callable[[dict[str, Any]], bool]) -> list[dict[str, Any]]:
        """Return what came up to a message that is the last one waited for."""
        found: list[dict[str, Any]] = []
        while not found or not until(found[-1]):
            data = self._socket.recv()
            if not data:
                raise ConnectionError("the server closed the connection")
            found.append(self._read(data))
        return found

    def run(self, code: str) -> str:
        """Return what code printed, or its error."""
        sent = self.send(_message("execute_request", {"code": code, "silent": False}))
        answers = self.answers(
            lambda each: (
                each["header"]["msg_type"] == "status"
                and each["content"]["execution_state"] == "idle"
                and each["parent_header"].get("msg_id") == sent
            )
        )
        return "".join(
            each["content"].get("text", each["content"].get("evalue", ""))
            for each in answers
            if each["header"]["msg_type"] in {"stream", "error"}
        )

    def close(self) -> None:
        self._socket.shutdown()  # it may be closed at its other end already

    def _read(self, data: str | bytes) -> dict[str, Any]:
        if not self._protocol:
            read: dict[str, Any] = json.loads(data)
            return read
        assert isinstance(data, bytes)
        (count,) = struct.unpack_from("<q", data)
        offsets = struct.unpack_from(f"<{count}q", data, 8)
        parts = [data[a:b] for a, b in itertools.pairwise(offsets)]
        header, parent, _, content = (json.loads(part) for part in parts[1:5])
        return {"header": header, "parent_header": parent, "content": content}


def _answers_to(sent: str, answer: dict[str, Any]) -> bool:
    return bool(answer["parent_header"].get("msg_id") == sent)


def _start(served: Served, session: requests.Session) -> str:
    headers = {"X-XSRFToken": session.cookies["_xsrf"]}
    answer = session.post(f"{served.address}/api/kernels", json={}, headers=headers)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def _dashboard(served: Served, session: requests.Session) -> str:
    """Open the dashboard of the tests and return the id of its kernel."""
    page = session.get(f"{served.address}/voila/render/slider.ipynb")
    assert page.status_code == 200
    found = re.search(r'"kernelId": "([0-9a-f-]{36})"', page.text)
    assert found is not None
    return found[1]


@pytest.fixture(scope="module")
def rosas(server: Served) -> Iterator[Kernel]:
    session = server.sign_in("rosa")
    kernel = Kernel(server, session, _start(server, session), "")
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
    assert "WORKBENCH_TOKEN" in names
    assert not {name for name in names if name.startswith("JUPYTER")}
    assert not {"WORKBENCH_USER", "WORKBENCH_ARCHIVE", "USER", "PYTEST_CURRENT_TEST"} & names


def test_code_in_a_kernel_reaches_neither_keys_nor_other_kernels(
    rosas: Kernel, server: Served
) -> None:
    said = rosas.run(
        "import ctypes, pathlib\n"
        "print('dumpable', ctypes.CDLL(None).prctl(3))\n"
        "print('files', sorted({p.suffix for p in pathlib.Path('..').glob('*.*')}))"
    )
    assert said == "dumpable 0\nfiles []\n"
    if os.geteuid() != 0:  # as root, kernels run as another user: the test below
        pid = server.process.pid
        said = rosas.run(
            f"for name in ('mem', 'environ', 'maps'):\n"
            f"    try: open('/proc/{pid}/' + name, 'rb').read(1); print('OPEN')\n"
            f"    except PermissionError: print('closed')\n"
            f"print(ctypes.CDLL(None).ptrace(16, {pid}, 0, 0))"
        )
        assert said == "closed\nclosed\nclosed\n-1\n"


def test_another_system_user_reaches_neither_memory_nor_files(server: Served) -> None:
    """As with `--kernel-user`; who is not root stays the same user, and is let in as little."""
    settings = KernelSettings(user="nobody") if os.geteuid() == 0 else KernelSettings()
    pid = server.process.pid
    attack = (
        f"for each in /proc/{pid}/mem /proc/{pid}/environ /proc/{pid}/maps; "
        "do head -c 1 $each && echo OPEN $each; done; ls -l /proc/{pid}/fd && echo OPEN fd; id -u"
    ).replace("{pid}", str(pid))
    done = subprocess.run(
        ["/bin/sh", "-c", attack],
        capture_output=True,
        text=True,
        check=False,
        cwd="/",
        **settings.process(),
    )
    assert "OPEN" not in done.stdout
    assert done.stderr.count("ermission denied") >= 3
    user = pwd.getpwnam("nobody").pw_uid if os.geteuid() == 0 else os.geteuid()
    assert done.stdout.split()[-1] == str(user)


def test_a_server_of_root_needs_a_user_for_kernels(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernels.os, "geteuid", lambda: 0)
    for user in (None, "root", "no-such-user"):
        with pytest.raises(SettingsError, match="--kernel-user"):
            KernelSettings(user=user)
    assert KernelSettings(user="nobody").process()["extra_groups"] == []
    monkeypatch.setattr(kernels.os, "geteuid", lambda: pwd.getpwnam("nobody").pw_uid)
    assert KernelSettings().process() == KernelSettings(user="nobody").process() == {}
    with pytest.raises(SettingsError, match="only root"):
        KernelSettings(user="root")


def test_a_kernel_that_asks_for_too_much_memory_is_told_so(rosas: Kernel) -> None:
    assert rosas.run("x = bytearray(64 << 20); print(len(x))") == f"{64 << 20}\n"
    rosas.run("x = bytearray(9 << 30)")
    assert rosas.run("print('goes on')") == "goes on\n"


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
    kernel = Kernel(server, session, _dashboard(server, session), protocol)
    before, trace = _refusals(server.archive), tmp_path / "ran"
    code = f"open({str(trace)!r}, 'w').close()"
    attacks = [
        _message("execute_request", {"code": code, "silent": True}),
        _message("execute_request", {"code": code, "silent": True}, channel="control"),
        _message("comm_open", {"comm_id": "x", "target_name": "debugger", "data": {}}),
        _message("complete_request", {"code": code, "cursor_pos": 1}),
        _message("inspect_request", {"code": code, "cursor_pos": 1}),
        _message("history_request", {"hist_access_type": "tail", "n": 10}),
        _message("shutdown_request", {"restart": False}, channel="control"),
        _message("debug_request", {"command": "evaluate"}, channel="control"),
        _message("input_reply", {"value": code}, channel="stdin"),
    ]
    for attack in attacks:
        kernel.send(attack)
    sent = kernel.send(_message("comm_info_request", {"target_name": "jupyter.widget"}))
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
    assert _refusals(server.archive) == before + len(attacks)
    assert not trace.exists()
    kernel.close()


def test_a_reviewers_page_that_sends_nonsense_is_refused(server: Served) -> None:
    session = server.sign_in("rita")
    kernel = Kernel(server, session, _dashboard(server, session), "")
    for text in ("", "{", "[]", "null", '{"channel": "shell"}', '{"header": 1}', "[" * 5000):
        kernel.send_raw(text)
    sent = kernel.send(_message("kernel_info_request", {}))
    kernel.answers(partial(_answers_to, sent))
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
            kernel = Kernel(served, session, _dashboard(served, session), "")
            kernel.send(_message("execute_request", {"code": "print('ran')", "silent": False}))
            sent = kernel.send(_message("comm_info_request", {"target_name": "jupyter.widget"}))
            answers = kernel.answers(partial(_answers_to, sent))
            kinds = {each["header"]["msg_type"] for each in answers}
            assert not {"execute_reply", "execute_input", "stream"} & kinds
            kernel.close()


def test_signing_out_ends_the_kernels(server: Served) -> None:
    session = server.sign_in("rosa")
    kernel = Kernel(server, session, _start(server, session), "")
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
    code = "import sys, workbench.server.kernel_start; print('tornado' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
