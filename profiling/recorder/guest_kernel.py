"""What the guest boots: a kernel of Debian, and the first files that it sees."""

from __future__ import annotations

import lzma
import platform
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final, NamedTuple

__all__ = ["MODULES", "GuestError", "GuestKernel", "prepare_kernel"]

#: of the guest: the file systems that it is given, its disks, and its devices with their options
MODULES: Final[Mapping[str, str]] = {
    "virtio_pci": "",
    "9pnet_virtio": "",
    "9p": "",
    "virtio_blk": "",
    "crc32c_generic": "",
    "ext4": "",
    "vivid": "n_devs=1 node_types=0x1 num_inputs=1 input_types=0x0",
    "snd-aloop": "pcm_substreams=1",
    "evdev": "",
    "uinput": "",
}
#: what a kernel has built in is no module
_BUILT_IN: Final = "modules.builtin"
_INIT: Final = """\
#!/bin/busybox sh
/bin/busybox --install -s /bin
export PATH=/bin
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
while read -r module options; do
  insmod "/modules/$module" $options || echo "the module $module was not loaded"
done < /modules/order
mount -t 9p -o trans=virtio,version=9p2000.L,msize=524288,cache=loose,ro host /host
mount -t 9p -o trans=virtio,version=9p2000.L,msize=524288 shared "/host$shared"
mount -t proc proc /host/proc
mount -t sysfs sys /host/sys
mount -t devtmpfs dev /host/dev
mkdir -p /host/dev/pts /host/dev/shm
mount -t devpts pts /host/dev/pts
mount -t tmpfs shm /host/dev/shm
mount -t tmpfs run /host/run
ip link set lo up
chroot /host /bin/sh "$shared/command"
poweroff -f
"""


class GuestError(Exception):
    """The guest cannot be made, or ended by itself."""


class GuestKernel(NamedTuple):
    """A kernel, and a file with the first file system that it sees."""

    image: Path
    initrd: Path


def prepare_kernel(
    folder: Path, unpacked: Path | None = None, options: Mapping[str, str] | None = None
) -> GuestKernel:
    """Return a kernel of Debian, and make the first file system that it sees.

    Parameters
    ----------
    folder : Path
        Where that is made, and what apt-get fetches is kept.
    unpacked : Path, optional
        An unpacked package of a kernel.
    options : mapping of str, optional
        Other options of modules than `MODULES` has.

    Raises
    ------
    GuestError
        If something is missing: what to install.
    """
    if platform.machine() != "x86_64":
        raise GuestError("the guest is a machine of x86-64, and so must this one be")
    busybox = shutil.which("busybox")
    if busybox is None or shutil.which("qemu-system-x86_64") is None:
        raise GuestError("install the packages qemu-system-x86 and busybox-static")
    folder.mkdir(parents=True, exist_ok=True)
    package = unpacked or _fetch_kernel(folder)
    image = max(package.glob("boot/vmlinuz-*"), default=None)
    if image is None:
        raise GuestError(f"there is no kernel in {package}: name an unpacked linux-image-*-amd64")
    modules = package / "lib" / "modules" / image.name.removeprefix("vmlinuz-")
    initrd = folder / "initrd"
    initrd.write_bytes(
        _archive(_first_files(Path(busybox), modules, {**MODULES, **(options or {})}))
    )
    return GuestKernel(image, initrd)


def _fetch_kernel(folder: Path) -> Path:
    """Return the folder of Debian's present kernel, fetched and unpacked unless it is there."""
    package = folder / "package"
    if not package.exists():
        depends = subprocess.run(
            ["apt-cache", "depends", "linux-image-amd64"],
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        name = re.search(r"linux-image-[0-9]\S+", depends)
        if name is None:
            raise GuestError("apt-cache knows no kernel: run apt-get update, or name one")
        subprocess.run(["apt-get", "download", name[0]], check=True, cwd=folder)
        file = next(folder.glob("linux-image-*.deb"))
        subprocess.run(["dpkg", "-x", file, folder / "unpacking"], check=True)
        (folder / "unpacking").rename(package)
        file.unlink()
    return package


def _first_files(
    busybox: Path, modules: Path, wanted: Mapping[str, str]
) -> Iterator[tuple[str, int, bytes]]:
    """Yield path, mode and content of what the kernel finds at first."""
    for name in ("bin", "proc", "sys", "dev", "host", "modules"):
        yield name, 0o40755, b""
    yield "init", 0o100755, _INIT.encode()
    yield "bin/busybox", 0o100755, busybox.read_bytes()
    order = []
    for name, content in _in_order(modules, wanted):
        order.append(f"{name} {wanted.get(name, '')}".rstrip())
        yield f"modules/{name}", 0o100644, content
    yield "modules/order", 0o100644, "".join(f"{line}\n" for line in order).encode()


def _in_order(modules: Path, wanted: Mapping[str, str]) -> Iterator[tuple[str, bytes]]:
    """Yield names and contents of modules, each after those that it needs."""
    files = {_plain(path): path for path in modules.rglob("*.ko*")}
    built_in = {_plain(Path(line)) for line in (modules / _BUILT_IN).read_text().splitlines()}
    done: set[str] = set()

    def load(name: str) -> Iterator[tuple[str, bytes]]:
        plain = name.replace("-", "_")
        if plain in done or plain in built_in:
            return
        done.add(plain)
        if plain not in files:
            raise GuestError(f"the kernel has no module {name}: take the usual one of Debian")
        content = files[plain].read_bytes()
        content = lzma.decompress(content) if files[plain].suffix == ".xz" else content
        needed = re.search(rb"\0depends=([^\0]*)\0", content)
        for each in needed[1].decode().split(",") if needed and needed[1] else ():
            yield from load(each)
        yield name, content

    for name in wanted:
        yield from load(name)


def _plain(path: Path) -> str:
    """Return a module's name as the kernel writes it."""
    return path.name.partition(".ko")[0].replace("-", "_")


def _archive(files: Iterator[tuple[str, int, bytes]]) -> bytes:
    """Return an archive of the kind that a kernel unpacks: cpio's "newc"."""
    pieces = [_entry(number, *file) for number, file in enumerate(files, start=1)]
    return b"".join([*pieces, _entry(0, "TRAILER!!!", 0, b"")])


def _entry(number: int, name: str, mode: int, content: bytes) -> bytes:
    fields = (number, mode, 0, 0, 1, 0, len(content), 0, 0, 0, 0, len(name) + 1, 0)
    head = b"070701" + "".join(f"{each:08X}" for each in fields).encode() + name.encode() + b"\0"
    return head + bytes(-len(head) % 4) + content + bytes(-len(content) % 4)
