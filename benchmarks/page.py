"""How calm is a live page? A batch of 10,000 items goes on at 300 a second, watched in Chromium: time to its first paint, the
browser's CPU, long tasks, how often the page is written to; and what the page costs the service. Then 50 pages are open: as many
streams as they ask for, without their browsers.

Everything is on the same two cores: the site, the service with its scrape tasks, and the browser.
"""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser

from benchmarks.chromium import VIEW, chromium, paint_ms
from benchmarks.figures import Answer, Figure
from benchmarks.live_service import LiveService, service_in
from benchmarks.recorded_run import recording_site

QUESTION = (
    "The page: first paint, and its cost in the browser and the service while 300 items a second finish"
)
N_ITEMS = 10_000
PER_S = 300.0
N_DOMAINS = 10
N_PAGES = 50
SERVING = ("proxy", "replica", "coordinator")
_COUNT = """() => {
    window.bursts = 0; window.long = 0;
    new MutationObserver(() => { window.bursts++; }).observe(document.querySelector("main"), {subtree: true, childList: true,
        characterData: true, attributes: true});
    new PerformanceObserver((list) => { window.long += list.getEntries().length; }).observe({type: "longtask", buffered: false});
}"""


def answer(folder: Path, *, quick: bool = False) -> Answer:
    """Measure."""
    seconds = 8.0 if quick else 20.0
    with (
        recording_site(N_DOMAINS, n_rows=2) as site,
        service_in(folder / "service") as service,
        chromium() as browser,
    ):
        each = N_ITEMS // N_DOMAINS
        _looked_at(
            browser, service, service.submit(site.urls(each), per_s=PER_S), 2.0
        )  # everything is loaded once
        runs = []
        for n in range(1 if quick else 3):
            batch = service.submit(site.urls(each, first=(n + 1) * N_ITEMS), per_s=PER_S)
            time.sleep(2.0)
            without = _serving_cpu(service, seconds / 2)
            runs.append({**_looked_at(browser, service, batch, seconds), "without": without})
        coordinators = []
        for n in range(1 if quick else 3):
            for told in service.call("GET", "/api/v1/batch?state=running")["batches"]:
                service.call(
                    "POST", f"/api/v1/batch/{told['batch_id']}/cancel"
                )  # what is watched goes on alone
            batch = service.submit(site.urls(each, first=(n + 9) * N_ITEMS), per_s=PER_S)
            coordinators.append(_coordinator_cpu(service, batch, seconds / 2))
    return Answer(
        QUESTION,
        [
            Figure(
                "first contentful paint of a batch of 10,000",
                [run["paint_ms"] for run in runs],
                " ms",
                most=1_000,
            ),
            Figure("browser: main thread, share of a core", [run["browser"] for run in runs], " %", most=10),
            Figure("browser: tasks of more than 50 ms, a minute", [run["long"] for run in runs], "", most=0),
            Figure(
                "browser: times a second that the page is written to",
                [run["bursts"] for run in runs],
                "",
                most=5,
            ),
            Figure(
                "service: share of a core that the page adds",
                [run["serving"] - run["without"] for run in runs],
                " %",
                most=5,
            ),
            Figure(f"coordinator: CPU with {N_PAGES} pages ÷ with none", coordinators, " ×", most=1.05),
        ],
        runs=runs,
    )


def _looked_at(browser: Browser, service: LiveService, batch: str, seconds: float) -> dict[str, Any]:
    page = browser.new_page(viewport=VIEW)
    page.goto(f"{service.url}/batches/{batch}")
    page.wait_for_selector(".live-table")
    paint = paint_ms(page)
    page.wait_for_timeout(1_000)
    metrics = page.context.new_cdp_session(page)
    metrics.send("Performance.enable")
    page.evaluate(_COUNT)
    before, begun = _task_s(metrics), time.perf_counter()
    cpu_before = _serving_s(service)
    page.wait_for_timeout(seconds * 1_000)
    took = time.perf_counter() - begun
    found = page.evaluate("[window.bursts, window.long]")
    told = {
        "paint_ms": paint,
        "browser": 100 * (_task_s(metrics) - before) / took,
        "serving": 100 * (_serving_s(service) - cpu_before) / took,
        "bursts": found[0] / took,
        "long": 60 * found[1] / took,
    }
    page.close()
    return told


def _task_s(metrics: Any) -> float:
    found = metrics.send("Performance.getMetrics")["metrics"]
    return float(next(one["value"] for one in found if one["name"] == "TaskDuration"))


def _coordinator_cpu(service: LiveService, batch: str, seconds: float) -> float:
    """Return how many times as much CPU the coordinator takes while 50 pages are open as before and after them."""
    time.sleep(2.0)
    before = _serving_cpu(service, seconds / 2, ("coordinator",))
    with _open_pages(service, batch, N_PAGES):
        time.sleep(1.0)
        watched = _serving_cpu(service, seconds, ("coordinator",))
    time.sleep(1.0)
    after = _serving_cpu(service, seconds / 2, ("coordinator",))
    state = service.call("GET", f"/api/v1/batch/{batch}/status")["state"]
    if state != "running":
        raise SystemExit(f"the batch was {state} before all was measured")
    return 2 * watched / (before + after)


@contextlib.contextmanager
def _open_pages(service: LiveService, batch: str, n: int) -> Iterator[None]:
    """Read so many streams of a batch, each as a page asks for it."""
    place = urlsplit(service.url)
    host, port = str(place.hostname), int(place.port or 80)
    asked = f"GET /api/v1/batch/{batch}/events?items=20&every_ms=500 HTTP/1.1\r\nHost: {host}:{port}\r\n\r\n".encode()
    sockets = [socket.create_connection((host, port), timeout=60) for _ in range(n)]
    readers = [threading.Thread(target=_read_all, args=(one, asked)) for one in sockets]
    for reader in readers:
        reader.start()
    yield
    for one, reader in zip(sockets, readers, strict=True):
        one.shutdown(socket.SHUT_RDWR)
        reader.join()
        one.close()


def _read_all(stream: socket.socket, asked: bytes) -> None:
    stream.sendall(asked)
    if b" 200 " not in stream.recv(65_536).split(b"\r\n")[0]:
        raise SystemExit("the service refuses a stream")
    while stream.recv(65_536):
        pass


def _serving_s(service: LiveService, kinds: tuple[str, ...] = SERVING) -> float:
    service.tree.look()
    return sum(cpu for kind, cpu in service.tree.by_kind().items() if kind in kinds)


def _serving_cpu(service: LiveService, seconds: float, kinds: tuple[str, ...] = SERVING) -> float:
    before, begun = _serving_s(service, kinds), time.perf_counter()
    time.sleep(seconds)
    return 100 * (_serving_s(service, kinds) - before) / (time.perf_counter() - begun)
