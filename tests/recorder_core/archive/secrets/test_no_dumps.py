"""What was decrypted in memory is not left in a core file."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

SECRET = "8c2f-original-in-clear"
CRASH = f"""
import os, resource, sys
resource.setrlimit(resource.RLIMIT_CORE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
from pathlib import Path
from workbench.cli.archive.sign_in import read_password, read_recovery_words
secret = "-".join({SECRET.split("-")!r})
if sys.argv[1] == "password":
    read_password(Path(sys.argv[2]), "", option="")
elif sys.argv[1] == "words":
    read_recovery_words(Path(sys.argv[2]))
status = dict(l.split(":", 1) for l in Path("/proc/self/status").read_text().splitlines())
print(resource.getrlimit(resource.RLIMIT_CORE)[0], os.stat("/proc/self/mem").st_uid)
sys.stdout.flush()
if os.fork() == 0:
    os.kill(os.getpid(), 11)
os.wait()
os.kill(os.getpid(), 11)
"""


@pytest.mark.parametrize("given", ["password", "words", "nothing"])
def test_a_crash_with_a_password_leaves_no_core_file(tmp_path: Path, given: str) -> None:
    file = tmp_path / "secret.txt"
    file.write_text("correct horse\n")
    file.chmod(0o600)
    command = [sys.executable, "-c", CRASH, given, str(file)]
    ended = subprocess.run(
        command, cwd=tmp_path, capture_output=True, text=True, check=False, env=dict(os.environ)
    )
    assert ended.returncode == -signal.SIGSEGV
    assert (ended.stdout.split()[0] == "0") == (given != "nothing")
    cores = [path for path in tmp_path.iterdir() if path != file]
    if given != "nothing":
        assert cores == []
