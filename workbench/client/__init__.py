"""The archive of a workbench server, read as if it lay here: :func:`open_archive`."""

from workbench.client.archive import RemoteArchive, RemoteEvent, open_archive
from workbench.client.connection import Connection
from workbench.client.remote_file import RemoteFile
from workbench.client.review import RemoteReview, ReviewMoments

__all__ = [
    "Connection",
    "RemoteArchive",
    "RemoteEvent",
    "RemoteFile",
    "RemoteReview",
    "ReviewMoments",
    "open_archive",
]
