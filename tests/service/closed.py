"""A second service whose home has tokens: on the first one's Ray, with a coordinator of its own, under uvicorn."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import httpx
from conftest import ROOT, Service, free_port

from tlray.core.tokens import spell
from tlray.io.home import Home
from tlray.io.journal_sqlite import SqliteJournal
from tlray.io.journal_tokens import create_token

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
        return httpx.Client(base_url=self.url, timeout=30, headers=headers, **more)


def with_tokens(home: Path) -> dict[str, str]:
    """Make a home with a token for each of `USERS`."""
    journal = SqliteJournal(Home(home).create().journal)
    tokens = {}
    for user, scope in USERS.items():
        token = spell(secrets.token_bytes(3), secrets.token_bytes(32))
        keep = partial(
            create_token, name=token.name, digest=token.digest, user=user, scopes=(scope,), now=time.time()
        )
        journal.run(keep)
        tokens[user] = token.text
    journal.close()
    return tokens


def measured() -> list[str]:
    """Have the service's process measured, too, where this one is."""
    if "coverage" not in sys.modules or sys.modules["coverage"].Coverage.current() is None:
        return []
    return [
        "-m",
        "coverage",
        "run",
        "-p",
        f"--rcfile={ROOT / 'pyproject.toml'}",
        f"--data-file={ROOT / '.coverage'}",
    ]


@contextmanager
def closed_service(home: Path, beside: Service, **more_env: str) -> Iterator[Closed]:
    """Run a service with tokens on the Ray of another."""
    tokens, port = with_tokens(home), free_port()
    ray_address = json.loads((beside.home / "coordinator.lock").read_text())["ray_address"]
    env = beside.env | {
        "TLRAY_HOME": str(home),
        "RAY_ADDRESS": ray_address,
        "RAY_AUTH_MODE": "token",
        **more_env,
    }
    process = subprocess.Popen(
        [sys.executable, *measured(), str(Path(__file__).with_name("plain_app.py")), str(port)],
        cwd=ROOT, env=env | {"PYTHONPATH": os.pathsep.join(filter(None, [str(ROOT), env.get("PYTHONPATH")]))},
    )  # fmt: skip
    url = f"http://127.0.0.1:{port}"
    try:
        deadline = time.monotonic() + 60
        while True:
            assert process.poll() is None, "it ended before it answered"
            assert time.monotonic() < deadline, "it does not answer"
            try:
                if httpx.get(f"{url}/readyz").status_code == 200:
                    break
            except httpx.TransportError:
                time.sleep(0.1)
        yield Closed(url, home, tokens)
    finally:
        process.terminate()
        process.wait(timeout=30)
