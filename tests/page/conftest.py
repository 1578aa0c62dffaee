"""One Chromium, and one service with invented batches in this process, for all tests of the page. No Ray: nothing is scraped.

``TLRAY_SCREENSHOTS=docs/img`` keeps the screenshots that the tests make.
"""

from __future__ import annotations

import os
import shutil
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from page_app import app_of
from playwright.sync_api import Browser, Page, sync_playwright

from tests.shared.real_parts import missing

CHROMIUM = shutil.which("chromium")
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


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("page")) as one:
        yield one


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    if CHROMIUM is None:
        missing("chromium", "apt-get install chromium")
    with sync_playwright() as playwright:
        one = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-dev-shm-usage"]
        )
        yield one
        one.close()


@dataclass
class Look:
    """A page in the browser, and what went wrong with it."""

    page: Page
    base: str
    errors: list[str] = field(default_factory=list)
    """Errors of scripts, violations of the CSP and of Trusted Types."""
    answers: list[Any] = field(default_factory=list)

    def goto(self, path: str) -> Page:
        self.page.goto(self.base + path)
        return self.page

    def status(self, batch_id: str) -> dict[str, Any]:
        return dict(httpx.get(f"{self.base}/api/v1/batch/{batch_id}/status").json())

    def wait(self, claim: str, *, timeout_s: float = 20) -> None:
        """Wait until an expression is true; one that fails is not true yet. Playwright's own way evaluates in the page,
        which the CSP forbids."""
        script = f"() => {{ try {{ return Boolean({claim}); }} catch {{ return false; }} }}"
        deadline = time.monotonic() + timeout_s
        while not self.page.evaluate(script):
            assert time.monotonic() < deadline, f"not so within {timeout_s} s: {claim}"
            self.page.wait_for_timeout(50)


OpenLook = Callable[..., Look]


@pytest.fixture
def look(browser: Browser, served: Served) -> Iterator[OpenLook]:
    """Open a page: ``look(width=390, theme="dark", scripts=False)``. No test may leave an error behind."""
    opened: list[Look] = []

    def open_one(
        *, base: str = "", width: int = 1280, theme: str = "light", scripts: bool = True, **more: Any
    ) -> Look:
        context = browser.new_context(
            viewport={"width": width, "height": 860 if width > 600 else 844}, color_scheme=theme, timezone_id="Europe/Berlin",
            java_script_enabled=scripts, reduced_motion="reduce", device_scale_factor=1 if width > 600 else 2, **more,
        )  # fmt: skip
        one = Look(context.new_page(), base or served.url)
        one.page.set_default_timeout(20_000)
        one.page.on("pageerror", lambda error: one.errors.append(str(error)))
        one.page.on("dialog", lambda dialog: one.errors.append(f"a dialog: {dialog.message}"))
        one.page.on(
            "console",
            lambda said: (
                one.errors.append(said.text)
                if "Content Security" in said.text or "TrustedType" in said.text
                else None
            ),
        )
        one.page.on("response", lambda answer: one.answers.append(answer))  # noqa: PLW0108 - playwright marks what it is given
        opened.append(one)
        return one

    yield open_one
    for one in opened:
        one.page.context.close()
    assert not [error for one in opened for error in one.errors]


@pytest.fixture(scope="session")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where screenshots are kept."""
    kept = os.environ.get("TLRAY_SCREENSHOTS")
    path = Path(kept) if kept else tmp_path_factory.mktemp("pictures")
    path.mkdir(parents=True, exist_ok=True)
    return path
