from __future__ import annotations

import os
import subprocess
import sys

import pytest

from recorder_core.jobs.deidentify.rendering.free_memory import return_free_memory

#: frees blocks between which others stay, and prints what share of the memory is given back
PROGRAM = """
import ctypes
from recorder_core.jobs.deidentify.rendering.free_memory import return_free_memory

def resident():
    return int(open("/proc/self/statm").read().split()[1])

libc = ctypes.CDLL(None)
libc.malloc.restype = ctypes.c_void_p
libc.free.argtypes = [ctypes.c_void_p]
libc.mallopt(-3, 32 << 20)
before = resident()
blocks = [libc.malloc(1 << 20) for _ in range(64)]
for block in blocks:
    ctypes.memset(block, 1, 1 << 20)
full = resident()
for block in blocks[::2]:
    libc.free(block)
held = resident()
return_free_memory()
print((held - resident()) / (full - before))
"""


@pytest.mark.skipif("CS_GNU_LIBC_VERSION" not in os.confstr_names, reason="glibc only")
def test_holes_between_what_is_kept_go_back_to_the_system() -> None:
    words = [sys.executable, "-c", PROGRAM]
    done = subprocess.run(words, check=True, capture_output=True, text=True)
    assert 0.45 < float(done.stdout) < 0.55


def test_another_c_library_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr("os.confstr_names")
    monkeypatch.setattr("ctypes.CDLL", lambda _name: pytest.fail("nothing is to be called"))
    return_free_memory()
