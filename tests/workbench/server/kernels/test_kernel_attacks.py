"""What code in a kernel tries against the server, against other people, and against the machine."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from recorder_core.errors import ArchiveError, SettingsError
from tests.waiting import wait_until
from tests.workbench.server.conftest import Served
from tests.workbench.server.kernels.kernel_client import (
    Kernel,
    end_kernel,
    open_dashboard,
    start_kernel,
)
from workbench.server.entrance.sessions import Sessions
from workbench.server.kernels import kernel_settings
from workbench.server.kernels.kernel_settings import KernelSettings
from workbench.server.kernels.kernels import KernelPlace, UserKernels
from workbench.server.system_users.kernel_users import KernelUsers
from workbench.server.system_users.uid_range import UidRange

#: who is not root has no users to give away; docs/server.md says what does not hold then
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root's server has users to give away")
#: says what each line of an attack came to
_REFUSALS = {"PermissionError", "OSError"}
TRY = """
import ctypes, json, mmap, os, pathlib, resource, signal, socket, subprocess, sys
def attempt(work):
    try:
        print('DONE', work())
    except Exception as error:
        print(type(error).__name__)
"""


def _kernel(served: Served, login: str) -> tuple[Kernel, requests.Session]:
    session = served.sign_in(login)
    kernel = Kernel(served, session, start_kernel(served, session), "")
    kernel.run(TRY)
    return kernel, session


@pytest.fixture(scope="module")
def started(server: Served) -> Iterator[tuple[requests.Session, str]]:
    """Rosa's session, and the id of a kernel of hers."""
    kernel, session = _kernel(server, "rosa")
    kernel.close()
    yield session, kernel.kernel_id
    end_kernel(server, session, kernel.kernel_id)


@pytest.fixture
def rosas(server: Served, started: tuple[requests.Session, str]) -> Iterator[Kernel]:
    # the server closes a connection that answers no ping
    kernel = Kernel(server, *started, "")
    yield kernel
    kernel.close()


def _facts(kernel: Kernel) -> dict[str, str]:
    said = kernel.run(
        "print(json.dumps({'pid': os.getpid(), 'uid': os.getuid(), 'gid': os.getgid(),"
        "'home': os.environ['HOME'], 'groups': os.getgroups(), 'cwd': os.getcwd()}))"
    )
    return dict(json.loads(said))


def test_a_kernel_opens_the_archive_and_its_token_is_in_no_environment(rosas: Kernel) -> None:
    said = rosas.run(
        "from workbench.client import open_served_archive\n"
        "with open_served_archive() as archive: print(archive.person()['login'])\n"
        "token = archive._connection._headers['Authorization'].split()[1]\n"
        "seen = [pathlib.Path('/proc/self/cmdline').read_bytes()]\n"
        "seen.append(repr(dict(os.environ)).encode())\n"
        "seen.append(subprocess.run('env; cat /proc/self/environ', shell=True,"
        " capture_output=True).stdout)\n"
        "print(len(token) > 40, any(token.encode() in each for each in seen))"
    )
    assert said == "rosa\nTrue False\n"


@as_root
def test_each_sign_in_has_a_system_user_of_its_own_and_each_person_a_group(
    rosas: Kernel, server: Served
) -> None:
    egons, _ = _kernel(server, "egon")
    again, _ = _kernel(server, "rosa")
    rosa, egon, second = (_facts(each) for each in (rosas, egons, again))
    egons.end()
    again.end()
    uids, gids = ({each[kind] for each in (rosa, egon, second)} for kind in ("uid", "gid"))
    assert len(uids) == 3
    assert rosa["gid"] == second["gid"] != egon["gid"]
    # what belongs to a person, and not to a sign-in, no kernel owns
    assert not uids & gids
    assert {200_000 <= int(each) <= 209_999 for each in uids | gids} == {True}
    assert [each["groups"] for each in (rosa, egon, second)] == [[], [], []]
    assert second["home"] != rosa["home"]


@as_root
def test_code_of_one_person_reaches_nothing_of_another(rosas: Kernel, server: Served) -> None:
    egons, _ = _kernel(server, "egon")
    rosa = _facts(rosas)
    home, pid = Path(rosa["home"]), rosa["pid"]
    ours = home.parents[1]
    sockets = sorted((ours / "sockets").glob(f"*{rosas.kernel_id}*"))
    assert len([each for each in sockets if each.is_socket()]) == 5
    attacks = [
        f"open('/proc/{pid}/environ').read()",
        f"open('/proc/{pid}/mem', 'rb').read(1)",
        f"os.listdir('/proc/{pid}/fd')",
        f"os.kill({pid}, signal.SIGTERM)",
        f"os.listdir({str(home)!r})",
        f"os.listdir({str(home.parent)!r})",
        f"open({str(home / 'x')!r}, 'w')",
        f"os.listdir({str(ours)!r})",
        f"os.listdir({str(ours / 'sockets')!r})",
        *(f"socket.socket(socket.AF_UNIX).connect({str(each)!r})" for each in sockets),
        f"open('/proc/{server.process.pid}/mem', 'rb')",
        f"open({str(server.archive / 'archive.json')!r})",
        "os.setuid(0)",
    ]
    code = "\n".join(f"attempt(lambda: {attack})" for attack in attacks)
    assert set(egons.run(code).split()) == {"PermissionError"}
    assert f"ptrace {-1}\n" == egons.run(
        f"print('ptrace', ctypes.CDLL(None).ptrace(16, {pid}, 0, 0))"
    )
    assert rosas.run("print('lives')") == "lives\n"
    egons.end()


@as_root
def test_nothing_that_root_makes_can_be_turned_elsewhere(server: Served) -> None:
    kernel, session = _kernel(server, "rosa")
    home = _facts(kernel)["home"]
    before = {path: Path(path).stat().st_uid for path in ("/etc", "/etc/passwd")}
    tried = kernel.run(
        f"home = {home!r}\n"
        "attempt(lambda: os.rename(home, home + '-mine'))\n"
        "attempt(lambda: os.rmdir(home))\n"
        "attempt(lambda: os.symlink('/etc', home + '-mine'))\n"
        "attempt(lambda: os.symlink('/etc', os.path.dirname(home) + '/home-rosa'))\n"
        "for name in ('ipython', 'matplotlib', 'kernel.json'):\n"
        "    subprocess.run(['rm', '-rf', home + '/' + name])\n"
        "    os.symlink('/etc', home + '/' + name)"
    )
    # Python says beside them that its history is gone
    assert len([line for line in tried.splitlines() if line in _REFUSALS]) == 4
    assert "DONE" not in tried
    headers = {"X-XSRFToken": session.cookies["_xsrf"]}
    place = f"{server.address}/api/kernels/{kernel.kernel_id}"
    assert session.post(f"{place}/restart", headers=headers).status_code == 200
    kernel.close()
    kernel = Kernel(server, session, kernel.kernel_id, "")
    assert kernel.run("print('again')") == "again\n"
    other = Kernel(server, session, start_kernel(server, session), "")
    assert other.run("print('another')") == "another\n"
    for each in (kernel, other):
        each.end()
    assert {path: Path(path).stat().st_uid for path in before} == before
    assert Path("/etc").stat().st_mode & 0o022 == 0
    wait_until(lambda: not os.path.lexists(home))
    assert Path("/etc/passwd").exists()


@as_root
def test_what_a_kernel_started_ends_with_its_sign_in(server: Served) -> None:
    kernel, session = _kernel(server, "egon")
    # the person sits at another machine, too
    other, _ = _kernel(server, "egon")
    assert _facts(kernel)["uid"] != _facts(other)["uid"]
    pid = int(
        kernel.run(
            "command = 'trap \"\" TERM HUP; while :; do sleep 1; done'\n"
            "child = subprocess.Popen(['sh', '-c', command], start_new_session=True)\n"
            "print(child.pid)"
        )
    )
    assert Path(f"/proc/{pid}").exists()
    session.post(f"{server.address}/logout", data={"_xsrf": session.cookies["_xsrf"]})
    wait_until(lambda: not Path(f"/proc/{pid}").exists())
    kernel.close()
    assert other.run("print('still here')") == "still here\n"
    other.end()


@as_root
def test_dashboards_run_as_their_persons_user_too(server: Served) -> None:
    session = server.sign_in("rita")
    open_dashboard(server, session)
    here = {int(uid) for each in Path("/proc").glob("[0-9]*") for uid in _uids_below(each, server)}
    assert any(200_000 <= uid <= 209_999 for uid in here)
    assert 0 not in here


def _uids_below(process: Path, served: Served) -> list[str]:
    """Return as whom a process runs, if it is a kernel of a server."""
    try:
        fields = dict(line.split(":", 1) for line in (process / "status").read_text().splitlines())
    except OSError:
        return []
    return fields["Uid"].split() if int(fields["PPid"]) == served.process.pid else []


def test_a_kernel_has_no_more_than_its_limits(rosas: Kernel) -> None:
    said = rosas.run(
        "attempt(lambda: len(bytearray(64 << 20)))\n"
        "attempt(lambda: bytearray(9 << 30))\n"
        "attempt(lambda: mmap.mmap(-1, 9 << 30))\n"
        "attempt(lambda: resource.setrlimit(resource.RLIMIT_AS, (-1, -1)))\n"
        "print(pathlib.Path('/proc/self/status').read_text().count('NoNewPrivs:\\t1'))\n"
        "print(ctypes.CDLL(None).prctl(3), sys.stdin.read() if sys.stdin else '')\n"
        "print('debugpy' in sys.modules and sys.modules['debugpy'])\n"
        "print(resource.getrlimit(resource.RLIMIT_NPROC)[1], resource.getrlimit(4))"
    )
    processes = "2048" if os.geteuid() == 0 else str(-1)
    first, *rest = said.splitlines()
    assert first == f"DONE {64 << 20}"
    assert rest[:3] == ["MemoryError", "OSError", "ValueError"]
    assert rest[3:6] == ["1", "0 ", "None"]
    if os.geteuid() == 0:
        assert rest[6] == f"{processes} (0, 0)"


@as_root
def test_a_kernels_own_lines_are_none_of_the_servers(rosas: Kernel, server: Served) -> None:
    outputs = {str(Path(f"/proc/{server.process.pid}/fd/{number}").readlink()) for number in (1, 2)}
    pid = _facts(rosas)["pid"]
    kernels = {str(each.readlink()) for each in Path(f"/proc/{pid}/fd").iterdir()}
    assert outputs
    assert not (outputs - {"/dev/null"}) & kernels


@as_root
def test_a_number_is_never_two_peoples_nor_two_servers(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    uids = UidRange(1_200_000, 1_200_001)
    first = KernelUsers(uids, tmp_path / "one" / "homes")
    rosa, egon = (first.process_options(each)["user"] for each in ("rosa", "egon"))
    assert {rosa, egon} == set(uids)
    assert first.process_options("rosa")["user"] == rosa
    with pytest.raises(ArchiveError, match="--kernel-uids"):
        first.process_options("rita")
    code = (
        "import sys, pathlib; from workbench.server.system_users.uid_range import UidRange\n"
        "from workbench.server.system_users.kernel_users import KernelUsers\n"
        "users = KernelUsers(UidRange(1200000, 1200001), pathlib.Path(sys.argv[1]))\n"
        "print(users.process_options('another')['user'])"
    )
    other = [sys.executable, "-c", code, str(tmp_path / "two")]
    done = subprocess.run(other, capture_output=True, text=True, check=False)
    assert "no system user is left" in done.stderr
    first.close()
    left = Path("/dev/shm/workbench-left-over")
    left.touch()
    try:
        os.chown(left, rosa, rosa)
        again = KernelUsers(uids, tmp_path / "three")
        assert again.process_options("somebody")["user"] == egon
        with pytest.raises(ArchiveError):
            again.process_options("else")
        again.close()
    finally:
        left.unlink()


@as_root
def test_a_home_is_fresh_its_users_alone_and_removed_without_following_links(
    tmp_path: Path,
) -> None:
    tmp_path.chmod(0o755)
    users = KernelUsers(UidRange(1_200_010, 1_200_019), tmp_path / "homes")
    home, another = users.make_home("rosa"), users.make_home("rosa")
    uid = users.process_options("rosa")["user"]
    assert home != another
    assert (home.stat().st_uid, home.stat().st_mode & 0o777) == (uid, 0o700)
    assert (home.parent.stat().st_uid, home.parent.stat().st_mode & 0o777) == (0, 0o711)
    kept = tmp_path / "kept"
    kept.mkdir()
    (kept / "file").touch()
    (home / "link").symlink_to(kept)
    (home / "file").symlink_to(kept / "file")
    (home / "closed").mkdir(mode=0o000)
    users.remove_home(home)
    assert not home.exists()
    assert (kept / "file").exists()
    users.close()
    assert not another.exists()


def test_who_may_run_code_on_a_server_of_root_or_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernel_settings.os, "geteuid", lambda: 0)
    uids = UidRange(1_200_000, 1_200_010)
    with pytest.raises(SettingsError, match="--kernel-uids"):
        KernelSettings()
    with pytest.raises(SettingsError, match="--kernel-uids"):
        KernelSettings(is_demo=True, are_allowed=True)
    assert KernelSettings(is_demo=True).uids is None
    assert KernelSettings(uids=uids, are_allowed=True).only_for is None
    monkeypatch.setattr(kernel_settings.os, "geteuid", lambda: 1000)
    with pytest.raises(SettingsError, match="only root"):
        KernelSettings(uids=uids)
    with pytest.raises(SettingsError, match="--kernels-for LOGIN"):
        KernelSettings(are_allowed=True)
    with pytest.raises(SettingsError, match="needs --kernels"):
        KernelSettings(only_for="rosa")
    assert KernelSettings(are_allowed=True, only_for="rosa").uids is None


@pytest.mark.parametrize("ends", [(0, 10), (65_000, 70_000), (5_000, 4_000), (2_000, 2**31)])
def test_a_range_of_numbers_that_somebody_has_is_refused(ends: tuple[int, int]) -> None:
    with pytest.raises(SettingsError, match="--kernel-uids"):
        UidRange(*ends)


def test_a_socket_that_a_kernel_listens_at_is_the_servers_to_open(server: Served) -> None:
    """The path of a socket leads through a folder of the server's alone."""
    session = server.sign_in("rita")
    kernel_id = open_dashboard(server, session)
    folders = [
        each for each in Path("/tmp").glob("workbench-*") if each.stat().st_uid == os.geteuid()
    ]
    found = [path for each in folders for path in (each / "sockets").glob(f"*{kernel_id}*-1")]
    assert len(found) == 1
    assert found[0].parent.stat().st_mode & 0o777 == 0o700
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(str(found[0]))


def test_a_server_of_roots_says_at_its_start_that_dashboards_cannot_open(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(KernelUsers, "can_read", lambda *_: False)
    kernels = UserKernels()
    kernels.sessions = Sessions(tmp_path)
    place = KernelPlace(KernelUsers(None, tmp_path / "homes"), tmp_path / "sockets", "")
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    kernels.begin(KernelSettings(), place)
    says = capsys.readouterr().err
    assert "dashboards will not open" in says
    assert "install it where everybody can, such as /opt" in says
