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
from playwright.sync_api import Browser, Error, Page, sync_playwright

from tests.shared.real_parts import missing


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
    """What axe-core finds wrong with a page as it stands, in its theme and in the other one; without another load."""
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
        one.page.set_default_timeout(60_000)
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
