"""The service's app in this process on a real coordinator without Ray (`made_desk`): requests reach the journal."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
from made_desk import Desk

from tlray.core.access.tokens import digest_of, spell
from tlray.service.app import build_app
from tlray.service.backend.gateway import Gateway
from tlray.settings import Settings

NEAR = ("127.0.0.1", 40_000)


class LocalGateway(Gateway):
    """The real gateway, with calls in the place of those through Ray."""

    def __init__(self, settings: Settings, desk: Desk) -> None:
        super().__init__(settings)
        self.desk = desk

    async def _call(self, timeout_s: float, method: str, *args: Any, **given: Any) -> Any:
        return await getattr(self.desk.coordinator, method)(*args, **given)


class MadeService:
    """A home, its coordinator, and the app in front of it."""

    def __init__(self, path: Path, **env: Any) -> None:
        self.desk = Desk(path)
        settings = Settings(home=path, contact="me@example.org", **env)
        self._app = build_app(LocalGateway(settings, self.desk), settings)
        self.journal = self.desk.state.journal

    def client(self, user: str | None = None, scope: str = "submit") -> httpx.AsyncClient:
        """Return a client; with a user, one that shows a token of that user."""
        headers = {"X-Tlray-Client": "tests"}
        if user is not None:
            token = spell(user.encode()[:3], user.encode().ljust(32, b"x")).text
            digest = digest_of(token)
            self.journal.create_token(name=user, digest=digest, user=user, scopes=[scope], now=1.0)
            headers["Authorization"] = f"Bearer {token}"
        transport = httpx.ASGITransport(app=self._app, client=NEAR)
        return httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8000", headers=headers)

    def close(self) -> None:
        self.desk.close()
