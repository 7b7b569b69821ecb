from __future__ import annotations

import os
from pathlib import Path

import pytest

from workbench.cli import main

#: root's server needs one
KERNEL_USER = ["--kernel-user", "nobody"] if os.geteuid() == 0 else []


def test_a_folder_without_an_archive_is_not_served(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["serve", str(tmp_path), *KERNEL_USER]) == 1
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
    assert main(["serve", str(tmp_path), *KERNEL_USER, *options]) == 1
    assert says in capsys.readouterr().err
