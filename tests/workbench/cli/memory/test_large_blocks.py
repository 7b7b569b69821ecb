from __future__ import annotations

import os
import subprocess
import sys

import pytest

from workbench.cli.memory.large_blocks import map_large_blocks

#: frees a large block, and prints whether glibc maps the next one by itself: the second bit of the
#: word before a block (malloc.c, IS_MMAPPED)
PROGRAM = """
import ctypes, sys
from workbench.cli.memory.large_blocks import map_large_blocks
libc = ctypes.CDLL(None)
libc.malloc.restype = ctypes.c_void_p
libc.free.argtypes = [ctypes.c_void_p]
if sys.argv[1] == "fixed":
    map_large_blocks()
libc.free(libc.malloc(16 << 20))
block = libc.malloc(8 << 20)
print(bool(ctypes.c_size_t.from_address(block - ctypes.sizeof(ctypes.c_size_t)).value & 2))
"""


@pytest.mark.skipif("CS_GNU_LIBC_VERSION" not in os.confstr_names, reason="glibc only")
def test_blocks_are_mapped_by_themselves_whatever_was_freed_before() -> None:
    def mapped(how: str) -> str:
        words = [sys.executable, "-c", PROGRAM, how]
        return subprocess.run(words, check=True, capture_output=True, text=True).stdout.strip()

    assert mapped("fixed") == "True"
    assert mapped("as glibc does") == "False"


def test_another_c_library_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr("os.confstr_names")
    monkeypatch.setattr("ctypes.CDLL", lambda _name: pytest.fail("nothing is to be set"))
    map_large_blocks()
