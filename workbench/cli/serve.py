"""``workbench serve``: notebooks, dashboards and the pages of an archive, for browsers."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from recorder_core.errors import SettingsError
from recorder_core.jobs.archive import JobPlace, find_archive
from recorder_core.jobs.archive.words import forbid_memory_dumps
from workbench.cli.arguments.common import add_work_argument
from workbench.cli.arguments.numbers import number_range, whole_number
from workbench.cli.summaries import SUMMARIES

if TYPE_CHECKING:
    from workbench.server.kernels.kernel_settings import KernelSettings

__all__ = ["DEFAULT_PORT", "add_parser", "run"]

DEFAULT_PORT: Final = 8420
_MAX_PORT: Final = 65535
_SECONDS_PER_MINUTE: Final = 60.0


def add_parser(commands: Any) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "serve",
        help=SUMMARIES["serve"],
        description=(
            "Serve the pages of an archive to browsers, until Ctrl-C. People sign in with the "
            "logins of the archive. Without --certificate only this machine can reach it."
        ),
    )
    parser.add_argument("archive", type=Path, metavar="ARCHIVE", help="the archive's folder")
    _add_network(parser)
    parser.add_argument(
        "--idle-minutes",
        type=whole_number(1, 24 * 60),
        default=30,
        metavar="N",
        help="who does nothing for so long is signed out; default: 30",
    )
    _add_jobs(parser)
    parser.add_argument(
        "--rooms",
        type=Path,
        metavar="FOLDER",
        help="of the files of rooms, NAME.toml, in which operators record from a page",
    )
    parser.add_argument(
        "--inbox",
        type=Path,
        metavar="FOLDER",
        help="from which operators and reviewers import videos on a page; files stay there",
    )
    _add_kernels(parser)
    parser.set_defaults(run=run, is_demo=False)


def _add_network(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--address",
        default="127.0.0.1",
        metavar="IP",
        help="network address to listen at; default: this machine alone (127.0.0.1)",
    )
    parser.add_argument(
        "--port",
        type=whole_number(0, _MAX_PORT),
        default=DEFAULT_PORT,
        metavar="N",
        help=f"0: any that is free; default: {DEFAULT_PORT}",
    )
    parser.add_argument("--certificate", type=Path, metavar="PEM", help="of the server, for TLS")
    parser.add_argument("--key", type=Path, metavar="PEM", help="of the certificate")
    parser.add_argument(
        "--host-name",
        action="append",
        default=[],
        metavar="NAME",
        help="under which browsers ask for it; may be repeated",
    )


def _add_jobs(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("jobs that people start")
    group.add_argument(
        "--jobs",
        type=whole_number(1, 64),
        default=1,
        metavar="N",
        help="how many imports, and how many others, run at once; the rest waits; default: 1",
    )
    add_work_argument(group)


def _add_kernels(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("dashboards, and code that people run")
    group.add_argument(
        "--dashboards", type=Path, metavar="FOLDER", help="of Jupyter notebooks that are pages"
    )
    group.add_argument(
        "--kernels",
        action="store_true",
        help="let people whose profile may run code do so; as root, each as a system user of "
        "their own",
    )
    group.add_argument(
        "--notebooks",
        type=Path,
        metavar="FOLDER",
        help="to keep people's notebooks in, for JupyterLab; needs --kernels",
    )
    group.add_argument(
        "--kernels-for",
        metavar="LOGIN",
        help="this person alone; needed where the server does not run as root: that person's "
        "code can then do what the server may do",
    )
    group.add_argument(
        "--kernel-uids",
        type=number_range,
        metavar="FIRST-LAST",
        help="unused UIDs, for a server running as root; default: 200000-209999",
    )
    _add_kernel_limits(group)


def _add_kernel_limits(group: Any) -> None:
    group.add_argument(
        "--kernel-memory-mib",
        type=whole_number(256, 1 << 20),
        default=4096,
        metavar="N",
        help="memory that each process may take; default: 4096",
    )
    group.add_argument(
        "--kernel-cpu-minutes",
        type=whole_number(0, 1 << 20),
        default=0,
        metavar="N",
        help="of computing, after which a process of a person's code is ended; default: 0, never",
    )
    group.add_argument(
        "--kernels-per-person",
        type=whole_number(1, 1000),
        default=8,
        metavar="N",
        help="dashboards and code together; default: 8",
    )
    group.add_argument(
        "--no-kernels-ahead",
        action="store_true",
        help="start the kernel of a dashboard when its page is asked for, not before: pages open "
        "later, and who opens none takes no memory",
    )


def run(options: argparse.Namespace) -> int:
    """Serve until somebody stops it."""
    # with Jupyter comes jsonschema, which would build grammars for two seconds, of the addresses in
    # other scripts (iri) that no schema here has: it goes without them where they are not there
    sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]
    # Jupyter takes most of a second to load: other commands must not pay for it
    from workbench.server.application import ServeSettings, serve
    from workbench.server.entrance.sessions import SessionLimits

    settings = ServeSettings(
        archive=options.archive,
        address=options.address,
        port=options.port,
        certificate=options.certificate and options.certificate.resolve(),
        key=options.key and options.key.resolve(),
        host_names=tuple(options.host_name),
        kernels=_kernel_settings(options),
        jobs=JobPlace(options.work.resolve(), options.jobs),
        dashboards=options.dashboards,
        notebooks=options.notebooks,
        rooms=_folder("--rooms", options.rooms, "the files of the rooms"),
        inbox=_folder("--inbox", options.inbox, "videos to import"),
        limits=SessionLimits(idle_seconds=options.idle_minutes * _SECONDS_PER_MINUTE),
    )
    place = find_archive(options.archive)
    if settings.inbox is not None:
        own = (options.notebooks, settings.rooms, place.primary, place.mirror)
        _check_apart(settings.inbox, settings.jobs.work, own)
    os.umask(0o077)
    forbid_memory_dumps()
    serve(settings)
    return 0


def _check_apart(inbox: Path, work: Path, others: Iterable[Path | None]) -> None:
    """Refuse an inbox in which files of the server's own would be offered, or that lies in one.

    It may lie beside the folders of jobs: those are the server's alone.
    """
    for each in filter(None, (work, *others)):
        place = each.resolve()
        is_within = each != work and inbox.is_relative_to(place)
        if is_within or place.is_relative_to(inbox):
            raise SettingsError(
                f"--inbox and {place} lie in one another: give --inbox its own folder"
            )


def _folder(option: str, folder: Path | None, what: str) -> Path | None:
    """Return a folder; a server that promises what is in one and has none does not begin."""
    if folder is not None and not folder.is_dir():
        raise SettingsError(f"{option} is no folder: give one with {what}")
    return folder and folder.resolve()


def _kernel_settings(options: argparse.Namespace) -> KernelSettings:
    from workbench.server.kernels.kernel_settings import KernelSettings
    from workbench.server.system_users.uid_range import DEFAULT_UIDS, UidRange

    has_own_users = os.geteuid() == 0 and not options.is_demo
    uids = options.kernel_uids or (DEFAULT_UIDS if has_own_users else None)
    return KernelSettings(
        are_allowed=options.kernels,
        only_for=options.kernels_for,
        uids=UidRange(*uids) if uids else None,
        max_memory_bytes=options.kernel_memory_mib << 20,
        max_cpu_seconds=options.kernel_cpu_minutes * int(_SECONDS_PER_MINUTE),
        max_per_person=options.kernels_per_person,
        are_ahead=not options.no_kernels_ahead,
        is_demo=options.is_demo,
    )
