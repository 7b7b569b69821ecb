from __future__ import annotations

import importlib
import os
import shutil
from pathlib import Path
from types import ModuleType

import pytest


@pytest.fixture
def tool(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(Path(__file__).parents[2] / "tools")
    return importlib.import_module("install_test_programs")


@pytest.fixture
def commands(tool: ModuleType, monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """What was run, instead of running it."""
    ran: list[list[str]] = []

    class Done:
        returncode = 0

    def run(command: list[str], **_: object) -> Done:
        ran.append(command)
        return Done()

    monkeypatch.setattr(tool.subprocess, "run", run)
    monkeypatch.setattr(shutil, "which", lambda name: f"/usr/bin/{name}")
    return ran


def test_what_is_there_is_used(
    tool: ModuleType, commands: list[list[str]], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(tool, "PROGRAMS", dict.fromkeys(tool.PROGRAMS, tmp_path))
    tool.main()
    assert commands == []


def test_root_installs_it_and_others_are_told_how(
    tool: ModuleType, commands: list[list[str]], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(tool, "PROGRAMS", {"chromium": tmp_path / "none", "xvfb": tmp_path})
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(SystemExit, match=r"sudo apt-get install chromium\)"):
        tool.main()
    assert commands == []
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    tool.main()
    assert commands[-1][-1] == "chromium"
    monkeypatch.setattr(tool, "PROGRAMS", dict.fromkeys(tool.PROGRAMS, tmp_path / "none"))
    tool.main()
    assert commands[-1][-2:] == ["chromium", "xvfb"]
