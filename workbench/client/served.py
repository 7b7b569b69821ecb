"""In a kernel: the archive of the server that runs it."""

from __future__ import annotations

import ssl
from dataclasses import dataclass, field

from recorder_core.errors import SettingsError
from workbench.client.archive import RemoteArchive, open_archive

__all__ = ["open_served_archive", "remember_server"]


@dataclass(frozen=True, slots=True)
class _Server:
    address: str
    token: str = field(repr=False)
    certificate: str | None = field(repr=False)


_server: list[_Server] = []


def remember_server(address: str, token: str, *, certificate: str | None = None) -> None:
    """Set which server runs this process; the server itself sees to it.

    Parameters
    ----------
    address : str
        Of the server.
    token : str
        Of this process, for the person for whom it runs.
    certificate : str, optional
        Of the server, in PEM; it is trusted as it stands, whatever name is in it.
    """
    _server[:] = [_Server(address, token, certificate)]


def open_served_archive() -> RemoteArchive:
    """Open the archive of the server that runs this kernel, for the person for whom it runs.

    Returns
    -------
    RemoteArchive
        A context manager with the methods of an archive of this machine.

    Raises
    ------
    SettingsError
        If no server runs this process.
    NotAllowed
        If the person has signed out.
    """
    if not _server:
        raise SettingsError(
            "this is no kernel of a workbench server: use open_archive(ADDRESS, token=TOKEN), or "
            "recorder_core.open_archive(PATH)"
        )
    (server,) = _server
    context = _context(server.certificate) if server.certificate else None
    return open_archive(server.address, token=server.token, context=context, is_of_page=True)


def _context(certificate: str) -> ssl.SSLContext:
    """Return what trusts one certificate and no other."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    context.load_verify_locations(cadata=certificate)
    return context
