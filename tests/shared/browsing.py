"""Debian's Chromium, driven by Playwright, and pages in it that note what goes wrong with them."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any, Final, Literal

import httpx
from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Browser, Error, Locator, Page, Route, expect, sync_playwright

from tests.shared.real_parts import missing

SLOWNESS: Final = int(os.environ.get("TLRAY_SLOW_BROWSER", "0"))
"""How many times slower than this machine each page is, which then waits for each answer, too: whatever is read before it has
come is read too early. 0: as fast as it can be."""
LATENCY_MS: Final = 200


MOST_MS: Final = 60_000
"""What anything may take on a machine that has other work."""
expect.set_options(timeout=MOST_MS)


def says(part: Locator, *words: str) -> None:
    """Wait until a part of a page shows some words."""
    for some in words:
        expect(part).to_contain_text(some, use_inner_text=True)


def follow(link: Locator) -> None:
    """Click what leads to another document, and wait until that one is there, with its scripts."""
    with link.page.expect_navigation():
        link.click()


@contextmanager
def chromium() -> Iterator[Browser]:
    """Start a browser; skip, or fail in CI, where there is none.

    The shell without windows, where it is there, does the same for two thirds of the CPU time: the other one makes a window, with
    processes for its frame, for each of our contexts.
    """
    path = shutil.which("chromium-headless-shell") or shutil.which("chromium")
    if path is None:
        missing("chromium", "apt-get install chromium-headless-shell (or chromium)")
    with sync_playwright() as playwright:
        arguments = ["--no-sandbox", "--disable-dev-shm-usage"]  # as root, in a container
        arguments += ["--disable-gpu", "--disable-software-rasterizer"]  # no process that plays one
        one = playwright.chromium.launch(executable_path=path, args=arguments)
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

    def __post_init__(self) -> None:
        if SLOWNESS:
            devtools = self.page.context.new_cdp_session(self.page)
            devtools.send("Emulation.setCPUThrottlingRate", {"rate": SLOWNESS})
            late = {"offline": False, "latency": LATENCY_MS, "downloadThroughput": -1, "uploadThroughput": -1}
            devtools.send("Network.emulateNetworkConditions", late)

    def _is_so(self, script: str) -> bool:
        try:
            return bool(self.page.evaluate(script))
        except Error:  # the page is on its way to another
            return False

    def hear(self, text: str) -> None:
        """Note what the console says of policies."""
        if "Content Security" in text or "TrustedType" in text:
            self.errors.append(text)

    def goto(self, path: str) -> Page:
        self.page.goto(self.base + path)
        return self.page

    def status(self, batch_id: str) -> dict[str, Any]:
        return dict(httpx.get(f"{self.base}/api/v1/batch/{batch_id}/status").json())

    def wait(self, claim: str, *, timeout_s: float = 60) -> None:
        """Wait until an expression is true; one that fails is not true yet. Playwright's own way evaluates in the page,
        which the CSP forbids."""
        script = f"() => {{ try {{ return Boolean({claim}); }} catch {{ return false; }} }}"
        deadline = time.monotonic() + timeout_s
        while not self._is_so(script):
            assert time.monotonic() < deadline, f"not so within {timeout_s} s: {claim}"
            self.page.wait_for_timeout(50)


class Held:
    """Requests of a page that wait until they are let go, so that an order is certain."""

    def __init__(self, page: Page, pattern: str) -> None:
        self._page = page
        self._routes: list[Route] = []
        self._is_open = False
        page.route(pattern, self._take)

    def _take(self, route: Route) -> None:
        if self._is_open:
            route.continue_()
        else:
            self._routes.append(route)

    def wait(self, n: int = 1) -> None:
        """Wait until so many are held."""
        deadline = time.monotonic() + MOST_MS / 1000
        while len(self._routes) < n:
            assert time.monotonic() < deadline, f"{len(self._routes)} of {n} requests came"
            self._page.wait_for_timeout(20)

    def let_go(self) -> None:
        """Let them go on, and all others that come."""
        self._is_open = True
        for route in self._routes:
            route.continue_()


OpenLook = Callable[..., Look]


Theme = Literal["light", "dark"]
AXE_OPTIONS: Final = {"resultTypes": ["violations"], "preload": False}
"""Styles and media are loaded once more for two rules alone, which are off (css-orientation-lock) or have nothing here to look
at (no-autoplay-audio)."""
COLOUR_OPTIONS: Final = {**AXE_OPTIONS, "runOnly": ["color-contrast", "link-in-text-block"]}
"""The rules that another theme can break; all others read the same document."""
PICTURE_COLOURS: Final = 128
_AXE = """async options => (await axe.run(options)).violations.flatMap(rule => rule.nodes.slice(0, 3).map(
    node => `${rule.id}: ${node.html.slice(0, 160)} ${node.failureSummary}`))"""


def violations(page: Page) -> list[str]:
    """What axe-core finds wrong with a page as it stands, in its theme and in the other one; without another load. Nothing
    is asked of a slow browser: it finds what a fast one does."""
    if SLOWNESS:
        return []
    page.evaluate(AXE_SCRIPT)
    found = list(page.evaluate(_AXE, AXE_OPTIONS))
    theme: Theme = "light"
    other: Theme = "dark"
    if page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches"):
        theme, other = other, theme
    page.emulate_media(color_scheme=other)
    found += [f"{other}: {one}" for one in page.evaluate(_AXE, COLOUR_OPTIONS)]
    page.emulate_media(color_scheme=theme)
    return found


def take_picture(page: Page, name: str) -> None:
    """Take a screenshot of the documentation, where ``TLRAY_SCREENSHOTS`` says (docs/img); nothing without it."""
    if folder := os.environ.get("TLRAY_SCREENSHOTS"):
        from PIL import Image  # noqa: PLC0415

        taken = Image.open(BytesIO(page.screenshot())).convert("RGB")
        small = taken.quantize(PICTURE_COLOURS, dither=Image.Dither.NONE)
        small.save(Path(folder) / f"{name}.png", optimize=True)


@contextmanager
def looks(browser: Browser, url: str) -> Iterator[OpenLook]:
    """Open pages of a service; at the end none of them may have had an error."""
    opened: list[Look] = []

    def open_one(
        *, base: str = "", width: int = 1280, theme: Any = "light", scripts: bool = True, **more: Any
    ) -> Look:
        context = browser.new_context(
            viewport={"width": width, "height": 860 if width > 600 else 844}, color_scheme=theme, timezone_id="Europe/Berlin",
            java_script_enabled=scripts, reduced_motion="reduce", device_scale_factor=1 if width > 600 else 2, **more,
        )  # fmt: skip
        one = Look(context.new_page(), base or url)
        one.page.set_default_timeout(MOST_MS)
        one.page.on("pageerror", lambda error: one.errors.append(str(error)))
        one.page.on("dialog", lambda dialog: one.errors.append(f"a dialog: {dialog.message}"))
        one.page.on("console", lambda said: one.hear(said.text))
        one.page.on("response", lambda answer: one.answers.append(answer))  # noqa: PLW0108 - playwright marks it
        opened.append(one)
        return one

    try:
        yield open_one
    finally:
        for one in opened:
            one.page.context.close()
    assert not [error for one in opened for error in one.errors]
