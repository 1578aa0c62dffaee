"""The service's app without Ray, on a socket or without: real routes and words, on a coordinator's desk that knows nothing."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import httpx
import uvicorn

from tlray.io.disk.home import Home
from tlray.io.redis.submissions import SubmissionKeys
from tlray.service.app import build_app
from tlray.service.backend.gateway import Gateway
from tlray.settings import Settings

SLOW_S = 5.0
NEAR = ("127.0.0.1", 40_000)


class Desk:
    """In the place of a gateway: it is asked nothing but whether tokens are asked for, and what a test has it say."""

    def __init__(self, settings: Settings, says: Mapping[str, Any]) -> None:
        self.settings, self.home = settings, Home(settings.home)
        self._says = {"requires_token": False, **says}
        self.heard: list[tuple[str, dict[str, Any]]] = []
        self.is_slow = False
        self.redis, self.submission_keys = None, SubmissionKeys(None)

    @property
    def coordinator(self) -> Desk:
        return self

    def within(self, timeout_s: float) -> Desk:
        return self

    def __getattr__(self, method: str) -> Any:
        async def answer(*args: Any, **given: Any) -> Any:
            assert method in self._says, f"{method} was called, which what is refused should not be"
            self.heard.append((method, given))
            if self.is_slow:
                await asyncio.sleep(SLOW_S)
            return self._says[method]

        return answer

    async def see(self, principal: object, batch_id: str) -> None: ...


def service(tmp_path: Path, says: Mapping[str, Any] | None = None, **env: Any) -> httpx.AsyncClient:
    """Return a client of a service that has only a desk."""
    settings = Settings(home=tmp_path, **env)
    desk = Desk(settings, says or {})
    transport = httpx.ASGITransport(app=build_app(cast(Gateway, desk), settings), client=NEAR)
    headers = {"X-Tlray-Client": "tests"}
    return httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8000", headers=headers)


@contextmanager
def listening(home: Path) -> Iterator[str]:
    """Serve a home on a socket, without a coordinator; the address."""
    settings = Settings(home=home)
    app = build_app(cast(Gateway, Desk(settings, {})), settings)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()  # who connects before the server is up waits for it
        port = taken.getsockname()[1]
        server = uvicorn.Server(uvicorn.Config(app, lifespan="off", log_level="error"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [taken]})
        thread.start()
        yield f"http://127.0.0.1:{port}"
        server.should_exit = True
        thread.join()


def faults(answer: httpx.Response, status: int = 422) -> list[tuple[str, str]]:
    """Return what is told to be wrong, each with its place."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    return [(fault["where"], fault["what"]) for fault in answer.json()["errors"]]
