"""How one kernel is started: what it is told, and the sockets at which it listens.

The server makes the sockets, in a folder of its own, and hands them over: nobody else can reach
them by a path, and nothing that a kernel's user can change lies on the server's way to them.
"""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Final, Protocol, cast

from jupyter_client.kernelspec import KernelSpec, KernelSpecManager, NoSuchKernel
from jupyter_server.services.kernels.kernelmanager import ServerKernelManager

__all__ = ["KERNEL_NAME", "START", "TellsKernels", "UserKernel", "WorkbenchSpecs"]

#: the only kind of kernel
KERNEL_NAME: Final = "python3"
#: what a kernel runs first
START: Final = Path(__file__).with_name("kernel_start.py")
#: connections that wait for a kernel that is busy starting
_BACKLOG: Final = 64


class TellsKernels(Protocol):
    """Knows what a kernel is told at its start."""

    def told(self, kernel_id: str) -> dict[str, Any]:
        """Return it, as JSON has it; a token in it is a new one."""


class WorkbenchSpecs(KernelSpecManager):
    """Knows one kind of kernel: this program's own Python."""

    def find_kernel_specs(self) -> dict[str, str]:
        """Return its name and its folder."""
        return {KERNEL_NAME: str(Path(__file__).parent)}

    def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
        """Return how it is started.

        Raises
        ------
        NoSuchKernel
            If another one is asked for.
        """
        if kernel_name != KERNEL_NAME:
            raise NoSuchKernel(kernel_name)
        # isolated: no module is taken from a folder or an environment of anybody's
        return KernelSpec(
            argv=[sys.executable, "-I", str(START)], display_name="Python", language="python"
        )

    def _get_kernel_spec_by_name(self, kernel_name: str, resource_dir: str) -> KernelSpec:
        del resource_dir
        return self.get_kernel_spec(kernel_name)


class UserKernel(ServerKernelManager):
    """One kernel, and what it is handed at each start."""

    async def _async_launch_kernel(self, kernel_cmd: list[str], **options: Any) -> None:
        told = cast(TellsKernels, self.parent).told(self.kernel_id)
        connection = self.get_connection_info()
        # the numbers of the sockets' paths are their places in the list
        paths = [Path(f"{self.ip}-{number}") for number in sorted(self.ports)]
        with _handed(told | {"connection": _as_json(connection)}, paths) as stdin:
            await super()._async_launch_kernel(
                kernel_cmd, **options, stdin=stdin, stdout=_NOWHERE, stderr=_NOWHERE
            )


#: what a kernel says outside of its channels would be lines of the server's own output
_NOWHERE: Final = subprocess.DEVNULL


@contextmanager
def _handed(told: Mapping[str, Any], paths: list[Path]) -> Iterator[int]:
    """Yield the standard input of a kernel, with all that it gets in it."""
    with ExitStack() as stack:
        ours, theirs = (stack.enter_context(each) for each in socket.socketpair())
        listeners = [stack.enter_context(_listen(path)) for path in paths]
        content = json.dumps(told).encode()
        sent = socket.send_fds(ours, [content], [each.fileno() for each in listeners])
        ours.sendall(content[sent:])
        ours.close()
        yield theirs.fileno()


def _listen(path: Path) -> socket.socket:
    path.unlink(missing_ok=True)
    made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    made.bind(str(path))
    made.listen(_BACKLOG)
    made.setblocking(False)
    return made


def _as_json(connection: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: value.decode() if isinstance(value, bytes) else value
        for name, value in connection.items()
    }
