"""Start one kernel: isolated, limited, closed to other processes of the same system user.

The server runs this file by its path, ``python -I kernel_start.py``. On its standard input it gets
one JSON value, with the sockets at which the kernel listens: they lie where the kernel's user has
no business, and neither keys nor the token are in a file, an argument or the environment.
"""

from __future__ import annotations

import contextlib
import ctypes
import importlib
import json
import os
import resource
import socket
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

if TYPE_CHECKING:
    from jupyter_client.connect import KernelConnectionInfo

__all__ = ["main"]

#: where the numbers of a kernel's channels stand in what it is told
_PORTS: Final = ("shell_port", "iopub_port", "stdin_port", "hb_port", "control_port")
_MAX_TOLD_BYTES: Final = 1 << 16
#: prctl(2)
_PR_SET_DUMPABLE: Final = 4
_PR_SET_NO_NEW_PRIVS: Final = 38


def main() -> None:
    """Be a kernel until the server ends it."""
    _close_memory()
    told, listeners = _receive()
    if str(_root()) not in sys.path:
        # behind everything else: it counts where the program is not installed, but lies beside
        sys.path.append(str(_root()))
    # a debugger listens at a port that everybody on the machine can reach
    sys.modules["debugpy"] = None  # type: ignore[assignment]
    from workbench.client.served import remember_server

    _enter(told["where"])
    remember_server(told["address"], told["token"], certificate=told["certificate"])
    app = _application(told["connection"], listeners)
    app.initialize([])
    for name in told["modules"]:
        importlib.import_module(name)
    _limit(told["limits"])
    app.start()


def _root() -> Path:
    return Path(__file__).resolve().parents[2]


def _receive() -> tuple[dict[str, Any], list[int]]:
    """Return what the server tells, and the sockets to listen at; then standard input is empty."""
    with socket.socket(fileno=os.dup(0)) as channel:
        text, listeners, _, _ = socket.recv_fds(channel, _MAX_TOLD_BYTES, len(_PORTS))
        while piece := channel.recv(_MAX_TOLD_BYTES):
            text += piece
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    for each in listeners:
        os.set_inheritable(each, False)
    told: dict[str, Any] = json.loads(text)
    return told, list(listeners)


def _enter(where: str | None) -> None:
    """Begin in the folder of the notebook, if this process may; it is in its person's already."""
    if where is None:
        return
    # the group is the person's own: what one sign-in writes, the next one reads
    os.umask(0o007)
    with contextlib.suppress(OSError, ValueError):
        os.chdir(where.lstrip("/") or ".")


def _application(connection: Mapping[str, Any], listeners: list[int]) -> Any:
    """Return Jupyter's kernel, with sockets that listen already instead of paths to make."""
    import zmq
    from ipykernel.heartbeat import Heartbeat
    from ipykernel.kernelapp import IPKernelApp

    numbers = sorted(connection[name] for name in _PORTS)
    by_number = dict(zip(numbers, listeners, strict=True))

    class Heart(Heartbeat):
        def _try_bind_socket(self) -> None:
            self.socket.setsockopt(zmq.USE_FD, by_number[self.port])
            super()._try_bind_socket()

    class Application(IPKernelApp):
        def init_connection_file(self) -> None:
            self.load_connection_info(cast("KernelConnectionInfo", connection))

        def write_connection_file(self, **_: Any) -> None:
            """Write nothing: who could read it could send the kernel work."""

        def _try_bind_socket(self, s: Any, port: int) -> int:
            s.setsockopt(zmq.USE_FD, by_number[port])
            return int(super()._try_bind_socket(s, port))

        def init_control(self, context: Any) -> None:
            super().init_control(context)
            # the debugger's way to the shell, by a path that is not the kernel's to open
            self.debug_shell_socket.disconnect(self.shell_socket.getsockopt(zmq.LAST_ENDPOINT))

        def init_heartbeat(self) -> None:
            self.heartbeat = Heart(zmq.Context(), (self.transport, self.ip, self.hb_port))
            self.heartbeat.start()

    return Application.instance()


def _limit(limits: Mapping[str, int]) -> None:
    """Limit what this process and those that it starts take, counted from where it is now."""
    os.nice(limits["niceness"])
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if limits["memory_bytes"]:
        # addresses, and not data alone: what is mapped to be shared counts, too
        most = limits["memory_bytes"] + _address_bytes()
        resource.setrlimit(resource.RLIMIT_AS, (most, most))
    if limits["cpu_seconds"]:
        resource.setrlimit(resource.RLIMIT_CPU, (limits["cpu_seconds"], limits["cpu_seconds"]))
    if limits["processes"]:
        resource.setrlimit(resource.RLIMIT_NPROC, (limits["processes"], limits["processes"]))


def _address_bytes() -> int:
    if sys.platform != "linux":
        return 0
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    return pages * resource.getpagesize()


def _close_memory() -> None:
    """Close memory to other processes of the same system user, and the way to a stronger one."""
    if sys.platform == "linux":
        libc = ctypes.CDLL(None)
        libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
        libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)


if __name__ == "__main__":
    main()
