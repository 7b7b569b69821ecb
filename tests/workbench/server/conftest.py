"""A small archive with one person of each profile and two events."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

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

PASSWORD = "correct horse"
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


@pytest.fixture
def archive(served_archive: Path, tmp_path: Path) -> Path:
    """The same archive in a folder of the test's own."""
    path = tmp_path / "archive"
    shutil.copytree(served_archive, path)
    info = json.loads((path / "archive.json").read_text())
    (path / "archive.json").write_text(json.dumps(info | {"folder": str(path)}))
    return path
