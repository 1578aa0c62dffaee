"""One Chromium, and one service with invented batches in this process, for all tests of the page. No Ray: nothing is scraped.
``TLRAY_SCREENSHOTS=docs/img`` renews the pictures of the documentation.
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from browsing import Look, OpenLook, chromium, looks
from page_app import app_of
from page_seeds import Seeds
from playwright.sync_api import Browser

LARGE, PAUSED = "20261128-120000-00000004", "20261128-120100-00000005"
HOSTILE, ALL_DEAD = "20261110-080000-00000002", "20261120-080000-00000003"


@dataclass
class Served:
    """A service of this process."""

    url: str
    home: Path
    app: Any


@contextmanager
def serving(home: Path, **settings: Any) -> Iterator[Served]:
    """Serve the app in a thread."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    app = app_of(home, **settings)
    server = uvicorn.Server(
        uvicorn.Config(
            app, host="127.0.0.1", port=port, log_level="warning", ws="none", timeout_graceful_shutdown=1
        )
    )
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    served = Served(f"http://127.0.0.1:{port}", home, app)
    deadline = time.monotonic() + 60
    while not server.started:
        assert time.monotonic() < deadline
        assert thread.is_alive(), "it ended before it answered"
        time.sleep(0.05)
    try:
        yield served
    finally:
        server.should_exit = True
        thread.join(timeout=20)


@contextmanager
def serving_some_dead(home: Path, batch_id: str, name: str) -> Iterator[Served]:
    """Serve one batch of 40 items, of which 20 are done, 6 of them dead."""
    seeds = Seeds(home)
    seeds.batch(batch_id, name, 40, n_domains=1)
    seeds.journal.close()
    with serving(home) as one:
        one.app.state.work.finish(batch_id, 20, n_dead=6)
        yield one


def opened(look: OpenLook, path: str, **more: object) -> Look:
    """Open a batch, and wait for the first rows of its live table."""
    one = look(**more)
    one.goto(path)
    one.wait("document.querySelector('.live-table #rows tr:not(.loading)')")
    return one


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("page")) as one:
        yield one


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with chromium() as one:
        yield one


@pytest.fixture
def look(browser: Browser, served: Served) -> Iterator[OpenLook]:
    """Open a page: ``look(width=390, theme="dark", scripts=False)``. No test may leave an error behind."""
    with looks(browser, served.url) as open_one:
        yield open_one
