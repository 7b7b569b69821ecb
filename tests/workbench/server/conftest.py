"""A small archive with one person of each profile and two events."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests

from recorder_core.archive import Argon2Settings, Password
from recorder_core.catalog import Profile
from recorder_core.jobs.archive import (
    Credentials,
    EventNames,
    ImportRequest,
    add_user,
    create_archive,
    import_video,
    open_archive,
)
from tests.workbench.server.reachable import reachable_to_all

PASSWORD = "correct horse"
DASHBOARDS = Path(__file__).parent / "dashboards"
#: ends a server that builds grammars which it does not need: two seconds at each start
_NO_GRAMMARS = """
import os, sys
sys.addaudithook(lambda what, about: what == "import" and about[0] == "lark" and os._exit(9))
"""
PEOPLE = {
    "olga": Profile.OPERATOR,
    "rita": Profile.REVIEWER,
    "rosa": Profile.RESEARCHER,
    "egon": Profile.ENGINEER,
}


@pytest.fixture(scope="session")
def served_archive(tmp_path_factory: pytest.TempPathFactory, drawn_source: Path) -> Path:
    """An archive without a mirror; tests that change it copy it with `archive`."""
    path = tmp_path_factory.mktemp("served") / "archive"
    quick = Argon2Settings(memory_kib=64, iterations=1, lanes=1)
    create_archive(
        path,
        site_code="site1",
        administrator="adam",
        password=Password(PASSWORD),
        password_cost=quick,
    )
    with open_archive(path, Credentials("adam", Password(PASSWORD))) as opened:
        for login, profile in PEOPLE.items():
            add_user(opened, login, profile, Password(PASSWORD))
    with open_archive(path, Credentials("olga", Password(PASSWORD))) as opened:
        for code, patient in (("lap-chole", "Zephyrina Qux"), ("hernia", "Ñandú <script>")):
            names = EventNames(patient_name=patient)
            import_video(
                opened, ImportRequest(source=drawn_source, procedure_code=code, names=names)
            )
    return path


def copied(archive: Path, folder: Path) -> Path:
    """Return a copy of an archive in another folder, which it knows as its place."""
    path = folder / "archive"
    shutil.copytree(archive, path)
    info = json.loads((path / "archive.json").read_text())
    (path / "archive.json").write_text(json.dumps(info | {"folder": str(path)}))
    return path


@pytest.fixture
def archive(served_archive: Path, tmp_path: Path) -> Path:
    """The same archive in a folder of the test's own."""
    return copied(served_archive, tmp_path)


@dataclass(frozen=True)
class Served:
    """A server that runs, and the archive that it serves."""

    address: str
    archive: Path
    process: subprocess.Popen[str]

    def visitor(self) -> requests.Session:
        """Return a browser's stand-in that has opened the login page."""
        session = requests.Session()
        session.trust_env = False
        session.get(f"{self.address}/login").raise_for_status()
        return session

    def sign_in(self, login: str, password: str = PASSWORD) -> requests.Session:
        """Return a browser's stand-in that is signed in; what it was answered stands in it."""
        session = self.visitor()
        fields = {"login": login, "password": password, "_xsrf": session.cookies["_xsrf"]}
        session.last = session.post(f"{self.address}/login", data=fields)  # type: ignore[attr-defined]
        return session


@contextmanager
def serving(
    archive: Path,
    *options: str,
    kernels: bool = True,
    ahead: bool = False,
    before: str = "",
    inside: Sequence[str] = (),
) -> Iterator[Served]:
    """Serve an archive on a free port of this machine, in a process of its own.

    No kernels are started ahead unless asked for: most tests open no page that takes one. `before`
    is code that runs in the server before it begins, and `inside` stands before the command, as
    what gives it disks of its own.
    """
    code = f"{before}\nimport sys\n"
    code += "from workbench.cli import main; sys.exit(main(sys.argv[1:]))"
    command = [*inside, *reachable_to_all(), sys.executable, "-c", code, "serve", str(archive)]
    command += ["--port", "0", *options, *([] if ahead else ["--no-kernels-ahead"])]
    if kernels:
        command += ["--kernels"] if os.geteuid() == 0 else ["--kernels", "--kernels-for", "rosa"]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            assert line.startswith("workbench: http"), line
            yield Served(line.split()[1].rstrip("/"), archive, process)
        finally:
            process.terminate()
            process.wait(60)


@pytest.fixture(scope="session")
def server(served_archive: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """One server for all tests that change nothing in the archive but its log."""
    archive = copied(served_archive, tmp_path_factory.mktemp("server"))
    # the folders of tests are closed to others, and everybody passes through this one
    place = Path(tempfile.mkdtemp(prefix="workbench-notebooks-", dir="/var/tmp"))
    place.chmod(0o711)
    options = ("--dashboards", str(DASHBOARDS), "--notebooks", str(place / "notebooks"))
    try:
        with serving(archive, *options, before=_NO_GRAMMARS) as served:
            yield served
    finally:
        forget_claims(place)
        shutil.rmtree(place)


def forget_claims(place: Path) -> None:
    """Give the system users of the notebooks in a folder back to the machine."""
    for claim in Path("/var/lib/workbench-kernel-uids").glob("*"):
        if claim.read_text(encoding="utf-8").startswith(f"{place}/"):
            claim.unlink()


@pytest.fixture(scope="session")
def visits(server: Served) -> Callable[[str], requests.Session]:
    """Return a function that signs somebody in once for all tests."""
    known: dict[str, requests.Session] = {}

    def visit(login: str) -> requests.Session:
        if login not in known:
            known[login] = server.sign_in(login) if login else server.visitor()
        return known[login]

    return visit
