from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from recorder_core.errors import EncodeError
from recorder_core.media import output_lock


def test_a_second_run_is_refused_and_the_name_is_free_again_afterwards(tmp_path: Path) -> None:
    output = tmp_path / "copy.mp4"
    with output_lock(output):
        with pytest.raises(EncodeError, match=r"copy\.mp4 is being written by another run"):
            output_lock(output).__enter__()
        with output_lock(tmp_path / "other.mp4"):
            pass
    with output_lock(output):
        pass
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_run_leaves_holds_nothing(tmp_path: Path) -> None:
    output = tmp_path / "copy.mp4"
    code = (
        "import os, signal, sys; from pathlib import Path\n"
        "from recorder_core.media import output_lock\n"
        "with output_lock(Path(sys.argv[1])): os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    done = subprocess.run([sys.executable, "-c", code, output], check=False)
    assert done.returncode == -signal.SIGKILL
    assert [path.name for path in tmp_path.iterdir()] == [".copy.mp4.lock"]
    with output_lock(output):
        pass
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_not_there_is_one_sentence(tmp_path: Path) -> None:
    with (
        pytest.raises(EncodeError, match="the folder for a does not exist"),
        output_lock(tmp_path / "no" / "a"),
    ):
        pass
