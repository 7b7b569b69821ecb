"""Two processes that change ``archive.json`` and its settings: nothing of either is lost."""

from __future__ import annotations

import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from recorder_core.jobs.archive import verify_audit
from recorder_core.jobs.archive.place.folders import read_info
from tests.recorder_core.jobs.archive.conftest import PASSWORD

#: opens an archive, waits for a line, and says how a step ended
_CHILD = """
import sys
from pathlib import Path
from recorder_core.archive import Argon2Settings
from recorder_core.errors import RecorderError
from recorder_core.jobs.archive import *
from recorder_core.jobs.archive.words import Password

with open_archive(Path(sys.argv[1]), Credentials("adam", Password(sys.argv[2]))) as archive:
    print("open", flush=True)
    sys.stdin.readline()
    try:
        exec(sys.argv[3])
        print("done", flush=True)
    except RecorderError as error:
        print(type(error).__name__, error, flush=True)
"""


def _child(path: Path, step: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", _CHILD, str(path), PASSWORD, step]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def _together(path: Path, *steps: str) -> list[str]:
    """Return how steps ended of processes that all opened the archive before the first step."""
    with ExitStack() as stack:
        children = [stack.enter_context(_child(path, step)) for step in steps]
        for child in children:
            assert child.stdout is not None
            assert child.stdout.readline() == "open\n"
        for child in children:
            assert child.stdin is not None
            child.stdin.write("\n")
            child.stdin.flush()
        return [child.communicate()[0].strip() for child in children]


def _set_mirror(folder: Path) -> str:
    return f"set_mirror(archive, Path({str(folder)!r}))"


def _set_cost(iterations: int) -> str:
    return f"set_password_cost(archive, Argon2Settings(iterations={iterations}))"


def test_of_two_new_mirrors_one_is_set_and_the_other_refused(site: Any, tmp_path: Path) -> None:
    folders = [tmp_path / "one", tmp_path / "two"]
    ended = _together(site.path, *map(_set_mirror, folders))
    assert ended.count("done") == 1
    winner = folders[ended.index("done")]
    (refused,) = [each for each in ended if each != "done"]
    assert refused.startswith("WrongState another command changed where this archive lies")
    assert f"its mirror is {winner}" in refused
    assert read_info(site.path).mirror == read_info(winner).mirror == str(winner)
    assert [each.exists() for each in folders] == [each == winner for each in folders]
    with site.opened("adam") as archive:
        assert archive.notices == ()
        assert archive.folders.roots() == [site.path, winner]


def test_a_new_cost_and_a_new_place_are_both_kept(site: Any, tmp_path: Path) -> None:
    mirror, moved = tmp_path / "other", tmp_path / "moved"
    assert _together(site.path, _set_mirror(mirror), _set_cost(4)) == ["done", "done"]
    info = read_info(site.path)
    assert (info.mirror, info.cost.iterations) == (str(mirror), 4)
    site.path.rename(moved)
    assert _together(moved, "accept_place(archive)", _set_cost(5)) == ["done", "done"]
    info = read_info(moved)
    assert (info.folder, info.mirror, info.cost.iterations) == (str(moved), str(mirror), 5)


def test_a_check_beside_changes_of_settings_gives_no_false_alarm(site: Any, tmp_path: Path) -> None:
    steps = [
        _set_mirror(tmp_path / "one"),
        _set_cost(4),
        _set_mirror(tmp_path / "two"),
        _set_cost(5),
    ]
    with site.opened("adam") as archive, _child(site.path, "\n".join(2 * steps)) as child:
        assert child.stdout is not None
        assert child.stdin is not None
        assert child.stdout.readline() == "open\n"
        child.stdin.write("\n")
        child.stdin.flush()
        while child.poll() is None:
            assert verify_audit(archive).findings == ()
        assert child.communicate()[0] == "done\n"
