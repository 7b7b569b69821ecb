"""What a page may send to a kernel: widgets' messages to a dashboard's, anything to one's own."""

from __future__ import annotations

import contextlib
import json
from asyncio import Future
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final, cast

from jupyter_server.services.kernels.connection.base import (
    deserialize_binary_message,
    deserialize_msg_from_ws_v1,
)
from jupyter_server.services.kernels.connection.channels import ZMQChannelsWebsocketConnection
from jupyter_server.services.kernels.websocket import KernelWebsocketHandler
from tornado.ioloop import IOLoop
from tornado.websocket import WebSocketHandler, WebSocketProtocol, WebSocketProtocol13

from recorder_core.errors import RecorderError
from recorder_core.jobs.archive.words import Action
from workbench.server.entrance.sessions import SignedIn
from workbench.server.kernels.kernels import UserKernels

__all__ = [
    "CHANNEL_HANDLERS",
    "FilteredChannels",
    "OwnPings",
    "is_page_poll",
    "is_widget_message",
]

_V1: Final = "v1.kernel.websocket.jupyter.org"
#: of messages that carry no code
_ALLOWED: Final = frozenset(
    {"comm_msg", "comm_close", "comm_info_request", "kernel_info_request", "comm_open"}
)
#: the one target at which a page opens a comm: what a widget manager asks for its widgets
_CONTROL: Final = "jupyter.widget.control"
#: of a page, that are not in the log yet; a page that goes on is closed
_MAX_REFUSALS: Final = 64
_LOGGING: Final = ThreadPoolExecutor(1, thread_name_prefix="refusals")
#: what would show a page the code of a dashboard
_HIDDEN: Final = frozenset({"execute_input"})


def is_page_poll(kind: object, content: object) -> bool:
    """Return whether a page sends a message by itself, again and again: it is no use of it.

    Parameters
    ----------
    kind : object
        Of the message.
    content : object
        Of the message.
    """
    if kind != "comm_msg":
        return True
    for part in ("data", "content"):
        content = content.get(part) if isinstance(content, Mapping) else None
    return isinstance(content, Mapping) and content.get("what") == "look"


def is_widget_message(channel: object, kind: object, content: object) -> bool:
    """Return whether a message can only reach widgets.

    Parameters
    ----------
    channel : object
        Of the kernel, as it was sent.
    kind : object
        Of the message.
    content : object
        Of the message.
    """
    if channel != "shell" or not isinstance(kind, str) or kind not in _ALLOWED:
        return False
    if kind != "comm_open":
        return True
    return isinstance(content, Mapping) and content.get("target_name") == _CONTROL


def _refuse(owner: SignedIn) -> None:
    with contextlib.suppress(RecorderError), owner.lock:
        owner.archive.refuse_unless(Action.RUN_CODE)


class OwnPings(WebSocketHandler):
    """Leaves the pings to Jupyter, which pings each page, and counts in milliseconds.

    Tornado takes the same numbers for seconds: it would ping never, and warns of that.
    """

    def get_websocket_protocol(self) -> WebSocketProtocol | None:
        """Return how messages are sent, without pings of Tornado's."""
        protocol = super().get_websocket_protocol()
        if isinstance(protocol, WebSocketProtocol13):
            protocol.params.ping_interval = protocol.params.ping_timeout = None
        return protocol


class _Channels(OwnPings, KernelWebsocketHandler):
    """The way from a page to its kernel."""


class FilteredChannels(ZMQChannelsWebsocketConnection):
    """The channels of one kernel, for one page of its owner."""

    #: that are not in the log yet
    _refusals = 0

    def handle_incoming_message(self, incoming_msg: str | bytes) -> None:
        """Send a message on to the kernel, if the owner may send such a one."""
        owner = self._owner()
        if owner is None:
            self.websocket_handler.close(reason="the session has ended")
            return
        is_use = self._kernels.runs_code_of(owner, self.kernel_id)
        if not is_use:
            channel, kind, content = self._read_parts(incoming_msg)
            if not is_widget_message(channel, kind, content):
                self._log_refusal(owner)
                return
            is_use = not is_page_poll(kind, content)
        if is_use:
            self._kernels.sessions.find(owner.token)
        super().handle_incoming_message(incoming_msg)  # type: ignore[arg-type]

    def handle_outgoing_message(self, stream: str, outgoing_msg: list[Any]) -> None:
        """Send a message on to the page, unless it shows the code of a dashboard."""
        owner = self._owner()
        if owner is None:
            return
        if not self._kernels.runs_code_of(owner, self.kernel_id):
            _, parts = self.session.feed_identities(outgoing_msg)
            if self.session.unpack(parts[1]).get("msg_type") in _HIDDEN:
                return
        super().handle_outgoing_message(stream, outgoing_msg)

    def _log_refusal(self, owner: SignedIn) -> None:
        """Log in the archive that somebody tried, without keeping others waiting meanwhile."""
        if self._refusals >= _MAX_REFUSALS:
            self.websocket_handler.close(reason="too many messages that may not be sent")
            return
        self._refusals += 1
        IOLoop.current().run_in_executor(_LOGGING, _refuse, owner).add_done_callback(self._logged)

    def _logged(self, done: Future[None]) -> None:
        self._refusals -= 1
        done.result()

    @property
    def _kernels(self) -> UserKernels:
        return cast(UserKernels, self.multi_kernel_manager)

    def _owner(self) -> SignedIn | None:
        """Return whose kernel it is, while that person's session lasts; it is no use of it."""
        owner = self._kernels.owner(self.kernel_id)
        return owner if owner is not None and self._kernels.sessions.is_open(owner) else None

    def _read_parts(self, message: str | bytes) -> tuple[object, object, object]:
        """Return channel, kind and content of a message; None each of one that cannot be read."""
        try:
            return self._parts(message)
        except (ValueError, TypeError, KeyError, IndexError, AttributeError, RecursionError):
            return None, None, None  # it is sent on to nobody

    def _parts(self, message: str | bytes) -> tuple[object, object, object]:
        """Return channel, kind and content of a message, as the kernel will read them."""
        if self.subprotocol == _V1:
            channel, parts = deserialize_msg_from_ws_v1(message)
            return channel, self.session.unpack(parts[0])["msg_type"], self.session.unpack(parts[3])
        read = deserialize_binary_message(message) if isinstance(message, bytes) else None
        read = read or json.loads(message)
        # the kind stands twice in this protocol, and the kernel reads it in the header
        return read["channel"], read["header"]["msg_type"], read["content"]


#: pattern and handler, as Tornado takes them
CHANNEL_HANDLERS: Final[list[tuple[Any, ...]]] = [
    (r"/api/kernels/(?P<kernel_id>[0-9a-f-]{36})/channels", _Channels)
]
