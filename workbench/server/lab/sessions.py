"""Jupyter's sessions, which join a notebook and its kernel: each person has their own."""

from __future__ import annotations

from typing import Any

from jupyter_server.services.sessions.sessionmanager import SessionManager
from tornado.web import HTTPError

from workbench.server.kernels.kernels import current_requester

__all__ = ["PeopleSessions"]


class PeopleSessions:
    """Asks the manager of who asks: the same path is another notebook for everybody.

    Parameters
    ----------
    **options
        Of each manager.
    """

    def __init__(self, **options: Any) -> None:
        self._options = options
        self._by_login: dict[str, SessionManager] = {}

    async def session_exists(self, path: str) -> bool:
        """Return whether a notebook has a kernel."""
        return bool(await self._own.session_exists(path))

    async def create_session(self, **asked: Any) -> dict[str, Any]:
        """Start a kernel for a notebook, or name one of the person's own."""
        self._check_own(asked.get("kernel_id"))
        return dict(await self._own.create_session(**asked))

    async def get_session(self, **asked: Any) -> dict[str, Any]:
        """Return one session."""
        return dict(await self._own.get_session(**asked))

    async def update_session(self, session_id: str, **asked: Any) -> None:
        """Change the path, the name or the kernel of a session."""
        self._check_own(asked.get("kernel_id"))
        await self._own.update_session(session_id, **asked)

    async def list_sessions(self) -> list[Any]:
        """Return the sessions of who asks."""
        return list(await self._own.list_sessions())

    async def delete_session(self, session_id: str) -> None:
        """End a session, and its kernel."""
        await self._own.delete_session(session_id)

    def close(self) -> None:
        """Forget all sessions."""
        for each in self._by_login.values():
            each.close()

    def _check_own(self, kernel_id: str | None) -> None:
        kernels = self._options["kernel_manager"]
        if kernel_id is not None and not kernels.is_own(kernel_id, current_requester()):
            raise HTTPError(404, reason="There is no such kernel")

    @property
    def _own(self) -> SessionManager:
        signed_in = current_requester()
        if signed_in is None:
            raise HTTPError(403, reason="Sign in first")
        if signed_in.login not in self._by_login:
            self._by_login[signed_in.login] = SessionManager(**self._options)
        return self._by_login[signed_in.login]
