"""A second service whose home has tokens: on the first one's Ray, with a coordinator of its own, under uvicorn."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from conftest import TLS, Service
from plain_service import plain_service

from tlray.core.access.tokens import spell
from tlray.io.disk.home import Home
from tlray.io.journal.sqlite.journal import SqliteJournal

USERS = {"ada": "submit", "bob": "submit", "reader": "read", "root": "admin"}


@dataclass(frozen=True)
class Closed:
    """A running service that asks for tokens."""

    url: str
    home: Path
    tokens: dict[str, str]
    """User → token."""

    def client(self, user: str | None = None, **more: Any) -> httpx.Client:
        headers = {"Authorization": f"Bearer {self.tokens[user]}"} if user else {}
        return httpx.Client(base_url=self.url, timeout=30, headers=headers, verify=TLS, **more)


def with_tokens(home: Path) -> dict[str, str]:
    """Make a home with a token for each of `USERS`."""
    journal = SqliteJournal(Home(home).create().journal)
    tokens = {}
    for user, scope in USERS.items():
        token = spell(secrets.token_bytes(3), secrets.token_bytes(32))
        journal.create_token(
            name=token.name, digest=token.digest, user=user, scopes=(scope,), now=time.time()
        )
        tokens[user] = token.text
    journal.close()
    return tokens


@contextmanager
def closed_service(home: Path, beside: Service, **more_env: str) -> Iterator[Closed]:
    """Run a service with tokens on the Ray of another."""
    tokens = with_tokens(home)
    with plain_service(beside, TLRAY_HOME=str(home), **more_env) as (url, process):
        try:
            yield Closed(url, home, tokens)
        finally:
            process.terminate()
            process.wait(timeout=30)
