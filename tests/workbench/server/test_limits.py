"""What one person, one address or one stolen cookie can do to everybody else."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import os
import socket
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests
import urllib3

from recorder_core.archive import Password
from recorder_core.jobs.archive import (
    Credentials,
    ImportRequest,
    import_video,
    open_archive,
    read_audit,
)
from tests.workbench.server.conftest import DASHBOARDS, PASSWORD, Served, copied, serving
from tests.workbench.server.kernels.kernel_client import Kernel, open_dashboard, start_kernel
from workbench.server.entrance.peers import find_uid
from workbench.server.web.turns import TooMany, Turns

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root's server has users to give away")


def _connect(served: Served, source: str) -> http.client.HTTPConnection:
    place = urlsplit(served.address)
    assert place.hostname is not None
    return http.client.HTTPConnection(
        place.hostname, place.port, timeout=60, source_address=(source, 0)
    )


def _status(served: Served, source: str, path: str, cookies: str) -> int:
    connection = _connect(served, source)
    connection.request("GET", path, headers={"Cookie": cookies})
    status = connection.getresponse().status
    connection.close()
    return status


def _cookies(session: requests.Session) -> str:
    return "; ".join(f"{each.name}={each.value}" for each in session.cookies)


def test_a_cookie_opens_nothing_from_another_address(server: Served) -> None:
    cookies = _cookies(server.sign_in("rita"))
    assert _status(server, "127.0.0.1", "/library", cookies) == 200
    assert _status(server, "127.0.0.2", "/library", cookies) == 401
    assert _status(server, "127.0.0.1", "/library", cookies) == 200


@as_root
def test_a_cookie_that_a_kernel_gets_hold_of_opens_nothing_there(server: Served) -> None:
    """As that of a page which a kernel shows at another port of the same host would."""
    cookies = _cookies(server.sign_in("rita"))
    session = server.sign_in("rosa")
    kernel = Kernel(server, session, start_kernel(server, session), "")
    said = kernel.run(
        "import urllib.request, urllib.error\n"
        f"asked = urllib.request.Request({server.address + '/workbench/api/v1/me'!r},"
        f" headers={{'Cookie': {cookies!r}}})\n"
        "try: print(urllib.request.urlopen(asked).status)\n"
        "except urllib.error.HTTPError as error: print(error.code)"
    )
    kernel.end()
    assert said == "401\n"
    assert _status(server, "127.0.0.1", "/workbench/api/v1/me", cookies) == 200


def test_a_form_must_carry_the_sessions_own_token(server: Served) -> None:
    session = server.sign_in("rita")
    ours = session.cookies["_xsrf"]
    assert ours != server.sign_in("rita").cookies["_xsrf"]
    planted = "ab" * 16
    cookies = {**session.cookies.get_dict(), "_xsrf": planted}
    forged = requests.post(
        f"{server.address}/logout", data={"_xsrf": planted}, cookies=cookies, timeout=60
    )
    assert forged.status_code == 403
    assert session.get(f"{server.address}/library").status_code == 200
    done = session.post(f"{server.address}/logout", data={"_xsrf": ours}, allow_redirects=False)
    assert done.status_code == 302


def test_a_body_that_is_too_large_is_not_read(server: Served) -> None:
    session = server.sign_in("rita")
    for path, size in (("/login", 1 << 20), ("/workbench/api/v1/name-search", 8 << 20)):
        connection = _connect(server, "127.0.0.1")
        connection.putrequest("POST", path)
        connection.putheader("Cookie", _cookies(session))
        connection.putheader("Content-Type", "application/json")
        connection.putheader("Content-Length", str(size))
        connection.endheaders()
        # not one byte of it is sent
        assert connection.getresponse().status == 400
        connection.close()


def test_half_requests_of_one_address_do_not_keep_others_out(server: Served) -> None:
    place = urlsplit(server.address)
    assert place.hostname is not None
    held = []
    try:
        for _ in range(300):
            held.append(
                socket.create_connection((place.hostname, place.port), 60, ("127.0.0.3", 0))
            )
            held[-1].sendall(b"GET /login HTTP/1.1\r\nHost: 127.0.0.1\r\n")
        held[-1].settimeout(60)
        with contextlib.suppress(ConnectionResetError):
            assert held[-1].recv(1) == b""
        assert _status(server, "127.0.0.1", "/login", "") == 200
    finally:
        for each in held:
            each.close()


def test_frames_that_one_person_asks_for_do_not_stop_another(server: Served) -> None:
    rita, adam = server.sign_in("rita"), server.sign_in("adam")
    event = rita.get(f"{server.address}/workbench/api/v1/events").json()["events"][0]["event_id"]
    path = f"{server.address}/workbench/api/v1/events/{event}/pictures/original/"
    statuses: list[tuple[int, str | None]] = []

    def ask(frame: int) -> None:
        answer = requests.get(f"{path}{frame}", cookies=rita.cookies, timeout=120)
        statuses.append((answer.status_code, answer.headers.get("Retry-After")))

    threads = [threading.Thread(target=ask, args=(number % 60,)) for number in range(60)]
    for each in threads:
        each.start()
    assert adam.get(f"{server.address}/library").status_code == 200
    for each in threads:
        each.join()
    assert {(200, None), (429, "1")} >= set(statuses)
    assert (200, None) in statuses


def test_a_server_starts_without_a_warning(
    served_archive: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with serving(copied(served_archive, tmp_path), kernels=False) as served:
        assert served.visitor().cookies["_xsrf"]
    assert "Warning" not in capfd.readouterr().err


def test_one_line_waits_and_the_next_does_not() -> None:
    async def play() -> None:
        turns, gate = Turns(at_once=1, waiting=1), asyncio.Event()

        async def hold(whose: str) -> str:
            async with turns.turn(whose):
                await gate.wait()
            return whose

        first, second = (asyncio.ensure_future(hold("rita")) for _ in range(2))
        await asyncio.sleep(0)
        with pytest.raises(TooMany) as error:
            await hold("rita")
        assert error.value.status_code == 429
        other = asyncio.ensure_future(hold("rosa"))
        await asyncio.sleep(0)
        gate.set()
        assert await asyncio.gather(first, second, other) == ["rita", "rita", "rosa"]
        assert not turns._lines

    asyncio.run(play())


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_the_other_end_of_a_connection_is_known_by_its_user(host: str) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.create_server((host, 0), family=family) as listener:
        ours = socket.create_connection(listener.getsockname()[:2])
        theirs, _ = listener.accept()
        with ours, theirs:
            assert find_uid(theirs) == os.geteuid()
            if os.geteuid() == 0:
                os.fchown(ours.fileno(), 1_200_500, -1)
                assert find_uid(theirs) == 1_200_500


@pytest.fixture(scope="module")
def with_a_large_file(
    served_archive: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Served, str]]:
    folder = tmp_path_factory.mktemp("large")
    archive, noise = copied(served_archive, folder), folder / "noise.mp4"
    picture = "color=gray:s=640x360:r=25:d=3,noise=alls=100:allf=t+u"
    command = ["ffmpeg", "-v", "error", "-f", "lavfi", "-i", picture, "-c:v", "libx264", "-qp", "0"]
    subprocess.run([*command, "-preset", "ultrafast", str(noise)], check=True)
    assert noise.stat().st_size > 20 << 20
    with open_archive(archive, Credentials("olga", Password(PASSWORD))) as opened:
        event = import_video(opened, ImportRequest(source=noise, procedure_code="noise"))
    with serving(archive, "--dashboards", str(DASHBOARDS)) as served:
        yield served, event.event.event_id


def test_a_file_stops_when_its_reader_signs_out(with_a_large_file: tuple[Served, str]) -> None:
    served, event = with_a_large_file
    session = served.sign_in("rita")
    path = f"{served.address}/workbench/api/v1/events/{event}/files/original"
    whole = int(session.head(path).headers["Content-Length"])
    with session.get(path, stream=True) as answer:
        assert answer.status_code == 200
        read = len(answer.raw.read(1 << 20))
        data = {"_xsrf": session.cookies["_xsrf"]}
        requests.post(f"{served.address}/logout", data=data, cookies=session.cookies, timeout=60)
        with contextlib.suppress(urllib3.exceptions.ProtocolError):
            while piece := answer.raw.read(1 << 20):
                read += len(piece)
    assert read < whole


def test_refusals_and_starts_are_in_the_log_of_the_archive(
    with_a_large_file: tuple[Served, str],
) -> None:
    served, _ = with_a_large_file
    rita = served.sign_in("rita")
    headers = {"X-XSRFToken": rita.cookies["_xsrf"]}
    answer = rita.post(f"{served.address}/api/kernels", json={}, headers=headers)
    assert answer.status_code == 403
    kernel_id = open_dashboard(served, rita)
    with open_archive(served.archive, Credentials("adam", Password(PASSWORD))) as opened:
        rows = [(row.who, row.action, row.outcome, row.detail) for row in read_audit(opened)]
    assert [row[:3] for row in rows].count(("rita", "run_code", "refused")) == 1
    assert ("rita", "list_events", "begun", f"dashboard:{kernel_id}") in rows


def test_a_dashboard_of_a_server_with_tls(served_archive: Path, tmp_path: Path) -> None:
    archive = copied(served_archive, tmp_path)
    pem, key = tmp_path / "server.pem", tmp_path / "server.key"
    words = [
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:prime256v1",
        "-nodes",
        "-days",
        "2",
    ]
    names = ["-subj", "/CN=workbench", "-addext", "subjectAltName=IP:127.0.0.1"]
    made = ["openssl", *words, "-keyout", str(key), "-out", str(pem), *names]
    subprocess.run(made, check=True, capture_output=True)
    options = ["--certificate", str(pem), "--key", str(key), "--dashboards", str(DASHBOARDS)]
    with serving(archive, *options) as served:
        session = requests.Session()
        session.verify, session.trust_env = str(pem), False
        session.get(f"{served.address}/login").raise_for_status()
        fields = {"login": "rosa", "password": PASSWORD, "_xsrf": session.cookies["_xsrf"]}
        answer = session.post(f"{served.address}/login", data=fields, allow_redirects=False)
        cookie = answer.headers["Set-Cookie"]
        assert "__Host-workbench-session=" in cookie
        assert {"Secure", "HttpOnly", "Path=/", "SameSite=Strict"} <= {
            each.strip() for each in cookie.replace(",", ";").split(";")
        }
        stranger = requests.Session()
        stranger.verify, stranger.trust_env = str(pem), False
        stranger.cookies["workbench-session"] = session.cookies["__Host-workbench-session"]
        assert stranger.get(f"{served.address}/library").status_code == 401
        headers = {"X-XSRFToken": session.cookies["_xsrf"], "Referer": served.address}
        started = session.post(f"{served.address}/api/kernels", json={}, headers=headers)
        assert started.status_code == 201, started.text
        kernel = Kernel(served, session, started.json()["id"], "")
        said = kernel.run(
            "from workbench.client import open_served_archive\n"
            "with open_served_archive() as archive: print(archive.person()['login'])"
        )
        kernel.close()
        assert said == "rosa\n"
