"""The library of ALSA that FFmpeg uses: where its files lie, and that it prints nothing."""

from __future__ import annotations

import ctypes
import os
from functools import cache
from pathlib import Path
from typing import Final

__all__ = ["prepare_alsa"]

#: where Linux keeps ALSA's files; the library in PyAV looks for them in a folder that is nowhere
_CONFIG: Final = Path("/usr/share/alsa/alsa.conf")
_PLUGINS: Final = ("/usr/lib/x86_64-linux-gnu/alsa-lib", "/usr/lib/aarch64-linux-gnu/alsa-lib")
#: how its file is called in a system, and in a wheel of PyAV
_NAMES: Final = ("libasound.so", "libasound-")
#: file, line, function, number of the error, text and what belongs into it: error.h of alsa-lib
_Handler = ctypes.CFUNCTYPE(
    None, ctypes.c_char_p, ctypes.c_int, ctypes.c_char_p, ctypes.c_int, ctypes.c_char_p
)


def prepare_alsa() -> None:
    """Point the library to the system's files, unless somebody has, and have it print nothing.

    It would print some lines on standard error each time that a card is absent, and a card that was
    unplugged is looked for every few seconds. What is the matter is said by its error.
    """
    if _CONFIG.exists():
        os.environ.setdefault("ALSA_CONFIG_PATH", str(_CONFIG))
    for folder in _PLUGINS:
        if Path(folder).is_dir():
            os.environ.setdefault("ALSA_PLUGIN_DIR", folder)
    _silence()


@cache
def _silence() -> None:
    """Set a handler that prints nothing in the library that FFmpeg has loaded."""
    lines = Path("/proc/self/maps").read_text(encoding="utf-8").splitlines()
    for path in {f"/{line.partition('/')[2]}" for line in lines}:
        if Path(path).name.startswith(_NAMES):
            ctypes.CDLL(path).snd_lib_error_set_handler(_drop)


def _drop_text(*_: object) -> None:
    """Drop what the library would print."""


#: kept: the library may call it as long as the process lives
_drop: Final = _Handler(_drop_text)
