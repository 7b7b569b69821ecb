"""Kernels of a server, as pages and programs reach them."""

from __future__ import annotations

import itertools
import json
import re
import struct
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import requests
import websocket

from tests.workbench.server.conftest import Served

V1 = "v1.kernel.websocket.jupyter.org"


def message(kind: str, content: dict[str, Any], channel: str = "shell") -> dict[str, Any]:
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
        self._served, self._session = served, session
        cookies = "; ".join(f"{each.name}={each.value}" for each in session.cookies)
        address = served.address.replace("http", "ws", 1)
        self._socket = websocket.create_connection(
            f"{address}/api/kernels/{kernel_id}/channels?session_id=page",
            cookie=cookies,
            origin=served.address,
            subprotocols=[protocol] if protocol else None,
            timeout=60,
            sslopt={"ca_certs": session.verify} if isinstance(session.verify, str) else None,
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
        sent = self.send(message("execute_request", {"code": code, "silent": False}))
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

    def end(self) -> None:
        """End the kernel too: a person may have so many at a time, whichever test they are of."""
        self.close()
        end_kernel(self._served, self._session, self.kernel_id)

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


def answers_to(sent: str, answer: dict[str, Any]) -> bool:
    return bool(answer["parent_header"].get("msg_id") == sent)


def start_kernel(served: Served, session: requests.Session) -> str:
    headers = {"X-XSRFToken": session.cookies["_xsrf"]}
    answer = session.post(f"{served.address}/api/kernels", json={}, headers=headers)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def end_kernel(served: Served, session: requests.Session, kernel_id: str) -> None:
    headers = {"X-XSRFToken": session.cookies["_xsrf"]}
    answer = session.delete(f"{served.address}/api/kernels/{kernel_id}", headers=headers)
    assert answer.status_code == 204, answer.text


def open_dashboard(served: Served, session: requests.Session) -> str:
    """Open the dashboard of the tests and return the id of its kernel."""
    page = session.get(f"{served.address}/voila/render/slider.ipynb")
    assert page.status_code == 200
    found = re.search(r'"kernelId": "([0-9a-f-]{36})"', page.text)
    assert found is not None
    return found[1]


def kernel_processes(served: Served) -> dict[int, int]:
    """Return the processes of the server's kernels, and their system users."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parent = (folder / "stat").read_text().rpartition(")")[2].split()[1]
            if int(parent) != served.process.pid:
                continue
            command = (folder / "cmdline").read_bytes()
            fields = dict(
                line.split(":", 1) for line in (folder / "status").read_text().splitlines()
            )
        except OSError:
            continue
        if b"kernel_start" in command:
            found[int(folder.name)] = int(fields["Uid"].split()[0])
    return found
