"""Do the work on one person's files, as that person's system user: ``python -I worker.py``.

The server runs this file by its path, in the person's folder. Each request and each answer is one
JSON value after its length, over standard input. This process may do what the person's kernels may,
and nothing else: it follows their links no further than they do.
"""

from __future__ import annotations

import ctypes
import json
import os
import resource
import socket
import sys
from pathlib import Path
from typing import Any, Final

__all__ = ["main"]

#: of a file that a page opens or a notebook that it saves, as JSON
MAX_BYTES: Final = 48 << 20
_MEMORY_BYTES: Final = 1 << 30
_LENGTH_BYTES: Final = 8
#: what the server may ask for
_METHODS: Final = frozenset(
    {
        *("copy", "delete", "dir_exists", "file_exists", "get", "is_hidden", "new", "new_untitled"),
        *("rename", "save", "update"),
        *("create_checkpoint", "delete_checkpoint", "list_checkpoints", "restore_checkpoint"),
    }
)
#: prctl(2)
_PR_SET_DUMPABLE: Final = 4
_PR_SET_NO_NEW_PRIVS: Final = 38


def main() -> None:
    """Answer until the server ends the connection."""
    _limit()
    files = _files()
    with socket.socket(fileno=0) as channel:
        while (request := _receive(channel)) is not None:
            _send(channel, _answer(files, *request))


def _limit() -> None:
    os.umask(0o007)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_BYTES, _MEMORY_BYTES))
    if sys.platform == "linux":
        libc = ctypes.CDLL(None)
        libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
        libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)


def _files() -> Any:
    """Return Jupyter's own manager of files, for the folder that this process is in."""
    # as the server does: grammars that no notebook's schema needs, and two seconds to build them
    sys.modules["rfc3987_syntax"] = None  # type: ignore[assignment]
    from jupyter_server.services.contents.largefilemanager import LargeFileManager
    from tornado.web import HTTPError

    class Files(LargeFileManager):
        """Files of one person; no notebook is trusted because somebody once wrote it."""

        def get(self, path: str, content: bool = True, *rest: Any, **options: Any) -> Any:
            place = Path(self._get_os_path(path))
            if content and place.is_file() and place.stat().st_size > MAX_BYTES:
                raise HTTPError(413, f"{place.name} is larger than {MAX_BYTES >> 20} MiB")
            return super().get(path, content, *rest, **options)

        def check_and_sign(self, nb: Any, path: str = "", **_: Any) -> None:
            """Sign nothing."""

        def mark_trusted_cells(self, nb: Any, path: str = "") -> None:
            """Trust nothing."""

    return Files(root_dir=str(Path.cwd()), allow_hidden=False, delete_to_trash=False)


def _answer(files: Any, method: str, arguments: list[Any], options: dict[str, Any]) -> Any:
    from tornado.web import HTTPError

    if method not in _METHODS:
        return {"status": 400, "error": "there is no such work"}
    try:
        return {"result": getattr(files, method)(*arguments, **options)}
    except HTTPError as error:
        said = error.reason or (error.log_message or "") % error.args
        return {"status": error.status_code, "error": said}
    except OSError as error:
        return {"status": 400, "error": os.strerror(error.errno or 0)}
    except MemoryError:
        return {"status": 413, "error": "the file is too large"}
    except Exception as error:
        return {"status": 400, "error": f"this does not work ({type(error).__name__})"}


def _receive(channel: socket.socket) -> Any:
    head = _read(channel, _LENGTH_BYTES)
    return json.loads(_read(channel, int.from_bytes(head, "big"))) if head else None


def _read(channel: socket.socket, count: int) -> bytes:
    found = bytearray()
    while len(found) < count:
        piece = channel.recv(min(1 << 20, count - len(found)))
        if not piece:
            return b""
        found += piece
    return bytes(found)


def _send(channel: socket.socket, answer: Any) -> None:
    content = json.dumps(answer, default=lambda value: {"utc": value.isoformat()}).encode()
    channel.sendall(len(content).to_bytes(_LENGTH_BYTES, "big") + content)


if __name__ == "__main__":
    main()
