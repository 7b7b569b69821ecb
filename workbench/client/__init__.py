"""The archive of a workbench server, read as if it lay here: :func:`open_archive`."""

from workbench.client.archive import RemoteArchive, RemoteEvent, open_archive
from workbench.client.connection import Connection
from workbench.client.errors import error_code, raise_error
from workbench.client.records import from_json, to_json
from workbench.client.remote_file import RemoteFile

__all__ = [
    "Connection",
    "RemoteArchive",
    "RemoteEvent",
    "RemoteFile",
    "error_code",
    "from_json",
    "open_archive",
    "raise_error",
    "to_json",
]
