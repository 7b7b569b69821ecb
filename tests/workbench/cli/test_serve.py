from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from recorder_core.archive import Argon2Settings, Password
from recorder_core.jobs.archive import create_archive
from workbench.cli import main


@pytest.fixture(autouse=True)
def _umask() -> Iterator[None]:
    before = os.umask(0o022)
    yield
    os.umask(before)


def test_a_folder_without_an_archive_is_not_served(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["serve", str(tmp_path)]) == 1
    assert "archive" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--address", "0.0.0.0"], "give --certificate and --key"),
        (["--certificate", "a.pem"], "TLS needs both"),
        (["--key", "a.pem"], "TLS needs both"),
    ],
)
def test_nothing_crosses_the_network_in_clear(
    options: list[str], says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["serve", str(tmp_path), *options]) == 1
    assert says in capsys.readouterr().err


@pytest.mark.parametrize("place", ["archive", "archive/inbox", ".", "work"])
def test_an_inbox_offers_none_of_the_servers_own_files(
    place: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    archive = tmp_path / "archive"
    create_archive(
        archive,
        site_code="site1",
        administrator="adam",
        password=Password("horse battery"),
        password_cost=Argon2Settings(memory_kib=64, iterations=1, lanes=1),
    )
    inbox = tmp_path / place
    inbox.mkdir(parents=True, exist_ok=True)
    options = ["--inbox", str(inbox), "--work", str(tmp_path / "work")]
    assert main(["serve", str(archive), *options, "--kernel-uids", "200000-200009"]) == 1
    assert "lie in one another: give --inbox its own folder" in capsys.readouterr().err


@pytest.mark.parametrize("words", ["200000", "a-b", "-5-9", "1-"])
def test_a_range_of_users_is_two_numbers(
    words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main(["serve", str(tmp_path), f"--kernel-uids={words}"])
    assert "write FIRST-LAST" in capsys.readouterr().err
