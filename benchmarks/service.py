"""How fast does the service answer? Lists over HTTP and by the command line, the status of a batch of a million items, and what
a long list costs in memory; beside what Ray Serve takes to say that it is alive (``/healthz``), which is the floor.

Everything is on the same two cores: the site, the service with its scrape tasks, and whoever asks. While lists are submitted
a batch runs, watched by ten sockets.
"""

from __future__ import annotations

import http.client
import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from benchmarks.figures import Answer, Figure
from benchmarks.live_service import LiveService, service_in
from benchmarks.recorded_run import Site, recording_site
from benchmarks.weighed import ROOT, environment

QUESTION = "The service: lists over HTTP, and what is asked of it"
N_DOMAINS = 10
PER_S = 50.0
"""Pages a second that all batches together fetch meanwhile."""
N_SOCKETS = 10
CLOSED = "http://127.0.0.1:9"
"""Nothing listens there: the discard port, on this machine."""
LISTS = ((100, 25.0, 100.0), (1_000, None, 250.0))
"""Lines of a list, and the goals in ms: half of the submissions, 99 of 100."""


def answer(folder: Path, *, quick: bool = False) -> Answer:
    """Measure."""
    told = Answer(QUESTION, [])
    with recording_site(N_DOMAINS, n_rows=2) as site, service_in(folder / "lists") as service:
        _lists(told, service, site, folder, n_times=50 if quick else 300)
    with service_in(folder / "long") as service:
        _long_lists(told, service, folder, rounds=1 if quick else 3, n_most=100_000 if quick else 1_000_000)
    told.notes.append(
        f"Lists of 100 and 1,000: while a batch goes on at {PER_S:g} pages a second, watched by {N_SOCKETS} sockets; a"
        " submission counts from the first byte sent to the answer's last, on a kept connection. /healthz was asked in turn"
        " with them."
    )
    return told


def _lists(told: Answer, service: LiveService, site: Site, folder: Path, *, n_times: int) -> None:
    numbers = count(1)
    running = service.submit(site.urls(900), per_s=PER_S)
    with _watched(service, folder, running), Asking(service) as asking:
        for n_lines, half_ms, most_ms in LISTS:
            times = n_times if n_lines == 100 else max(20, n_times // 3)
            submitting, floor = [], []
            for _ in range(times):
                urls = site.urls(n_lines // N_DOMAINS, first=100 * next(numbers))
                body = {"urls": urls, "priority": "low", "options": _slowly(site)}
                floor.append(asking.ms("GET", "/healthz"))
                submitting.append(asking.ms("POST", "/api/v1/batch", body, status=202))
                asking.ms("POST", f"/api/v1/batch/{asking.told['batch_id']}/cancel", status=200)
            told.figures += _shares(f"submit {n_lines:,} URLs", submitting, half_ms, most_ms)
            told.figures += [
                Figure(f"/healthz, {n_lines:,} URLs in between: half within", [_share(floor, 0.5)], " ms"),
                Figure(
                    f"submit {n_lines:,} URLs ÷ /healthz",
                    [_share(submitting, 0.5) / _share(floor, 0.5)],
                    " ×",
                ),
            ]
            told.runs.append({"lines": n_lines, "submit_ms": submitting, "healthz_ms": floor})


def _slowly(site: Site) -> dict[str, Any]:
    """Return options by which all batches of the site together are as fast as the first."""
    return {
        "rates": {urlsplit(base).netloc: f"{PER_S / N_DOMAINS:g}/s" for base in site.bases},
        "fresh_for": 0,
    }


def _long_lists(told: Answer, service: LiveService, folder: Path, *, rounds: int, n_most: int) -> None:
    before = service.tree.pss_mb()
    seconds = []
    for number in range(rounds):
        took_s, _, _ = _send(service, folder, 100_000, number)
        seconds.append(took_s)
    told.figures.append(Figure("submit 100,000 URLs by `tlray submit`", seconds, " s", most=8.0))
    took_s, batch, peaks = _send(service, folder, n_most, rounds)
    told.figures.append(Figure(f"submit {n_most:,} URLs by `tlray submit`", [took_s], " s"))
    told.figures += [
        Figure(
            f"memory, {n_most:,} URLs: {kind} at the most over before", [peaks[kind] - before[kind]], " MB"
        )
        for kind in ("proxy", "replica", "coordinator")
    ]
    with Asking(service) as asking:
        asking.ms("POST", f"/api/v1/batch/{batch}/pause", status=200)
        status, floor = [], []
        for _ in range(200):
            floor.append(asking.ms("GET", "/healthz"))
            status.append(asking.ms("GET", f"/api/v1/batch/{batch}/status"))
        assert asking.told["total"] == n_most  # noqa: S101 - else it was another batch's
        told.figures += _shares(f"status of {n_most:,} items", status, 20.0, None)
        told.figures.append(
            Figure(f"status of {n_most:,} items ÷ /healthz", [_share(status, 0.5) / _share(floor, 0.5)], " ×")
        )
        listing = [asking.ms("GET", f"/api/v1/batch/{batch}/items?limit=100") for _ in range(50)]
        told.figures += _shares(f"100 items of {n_most:,}", listing, None, None)
    told.runs.append({"long_s": seconds, "longest_s": took_s, "before_mb": before, "peaks_mb": peaks})


def _send(
    service: LiveService, folder: Path, n_lines: int, number: int
) -> tuple[float, str, dict[str, float]]:
    """Send a list by the command line; return how long it took, its batch, and the most that each process had in memory."""
    urls = (f"{CLOSED}/tracklist/{number}-{i:07d}/a-set.html" for i in range(n_lines))
    path = folder / f"list-{number}.txt"
    with path.open("w", encoding="utf-8") as out:
        out.writelines(f"{url}\n" for url in urls)
    command = [
        sys.executable, "-m", "tlray", "submit", str(path), f"--url={service.url}", "--priority=low", "--rate=127.0.0.1:9=0.01/s",
    ]  # fmt: skip
    peaks: dict[str, float] = {}
    over = threading.Event()

    def watch() -> None:
        while not over.wait(0.5):
            for kind, mb in service.tree.pss_mb().items():
                peaks[kind] = max(mb, peaks.get(kind, 0.0))

    watcher = threading.Thread(target=watch)
    if number:  # weighing takes a part of the machine's time
        watcher.start()
    begun = time.perf_counter()
    done = subprocess.run(
        command, capture_output=True, text=True, env=environment(folder), cwd=ROOT, check=False
    )
    took_s = time.perf_counter() - begun
    over.set()
    if number:
        watcher.join()
    if done.returncode:
        raise SystemExit(f"tlray submit ended with {done.returncode}: {done.stderr[-500:]}")
    return took_s, done.stdout.strip(), peaks


@contextmanager
def _watched(service: LiveService, folder: Path, batch: str) -> Iterator[None]:
    """Watch a batch by some sockets meanwhile."""
    command = [
        sys.executable,
        "-m",
        "benchmarks.socket_clients",
        service.url,
        batch,
        str(N_SOCKETS),
        "600",
    ]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, env=environment(folder), cwd=ROOT) as clients:
        time.sleep(3.0)
        try:
            yield
        finally:
            clients.terminate()


class Asking:
    """Requests on one kept connection, timed."""

    def __init__(self, service: LiveService) -> None:
        self._connection = http.client.HTTPConnection(urlsplit(service.url).netloc, timeout=60)
        self.told: Any = None
        """What was answered last."""

    def __enter__(self) -> Asking:
        return self

    def __exit__(self, *error: object) -> None:
        self._connection.close()

    def ms(self, method: str, path: str, body: Any = None, *, status: int = 200) -> float:
        """Make a request; return how long it took."""
        data = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json", "X-Tlray-Client": "benchmark"}
        begun = time.perf_counter()
        self._connection.request(method, path, data, headers)
        answer = self._connection.getresponse()
        text = answer.read()
        took_ms = 1000 * (time.perf_counter() - begun)
        if answer.status != status:
            raise SystemExit(f"{method} {path}: {answer.status} {text[:300]!r}")
        self.told = json.loads(text)
        return took_ms


def _shares(name: str, values_ms: list[float], half_ms: float | None, most_ms: float | None) -> list[Figure]:
    return [
        Figure(f"{name}: half within", [_share(values_ms, 0.5)], " ms", most=half_ms),
        Figure(f"{name}: 99 of 100 within", [_share(values_ms, 0.99)], " ms", most=most_ms),
    ]


def _share(values: list[float], share: float) -> float:
    """Return what so large a share of the values does not exceed."""
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]
