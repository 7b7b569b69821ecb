"""The archive of a workbench server, read as if it lay here: :func:`open_archive`.

In a kernel of the server :func:`open_served_archive` opens it without an address or a token.
"""

from workbench.client.archive import RemoteArchive, RemoteEvent, open_archive
from workbench.client.connection import Connection
from workbench.client.remote_file import RemoteFile
from workbench.client.review import RemoteReview, ReviewMoments
from workbench.client.served import open_served_archive

__all__ = [
    "Connection",
    "RemoteArchive",
    "RemoteEvent",
    "RemoteFile",
    "RemoteReview",
    "ReviewMoments",
    "open_archive",
    "open_served_archive",
]
