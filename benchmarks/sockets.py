"""How live is live? From a change of state in the coordinator to the frame at the client, with 10 and with 200 sockets on a
batch; and what a socket costs in memory, one that reads and one that does not.

Everything is on the same two cores: the site, the service with its scrape tasks, and the clients.
"""

from __future__ import annotations

import base64
import json
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from benchmarks.figures import Answer, Figure
from benchmarks.live_service import LiveService, bare_sockets_in, service_in
from benchmarks.recorded_run import Site, recording_site
from benchmarks.weighed import ROOT, environment

QUESTION = "Live progress: from the coordinator's change to the client's frame, and what a socket costs"
N_DOMAINS = 10
MAX_URLS = 10_000
"""In one call."""
FIRST = 10
"""So many sockets are opened and closed before memory is looked at: the first ones bring code with them."""
LOADS = ((10, 100.0, 100.0), (200, 300.0, 500.0))
"""Sockets, items a second, and the goal for 99 of 100 frames in ms."""


def answer(folder: Path, *, quick: bool = False) -> Answer:
    """Measure."""
    rounds, seconds = (1, 8.0) if quick else (3, 20.0)
    told = Answer(QUESTION, [])
    with recording_site(N_DOMAINS, n_rows=2) as site, service_in(folder / "service") as service:
        numbers = count()

        def batch(n: int, per_s: float) -> str:
            each = n // N_DOMAINS
            return service.submit(site.urls(each, first=next(numbers) * MAX_URLS), per_s=per_s)

        _watched(service, folder, batch(200, 100.0), 10, 2.0)  # everything is loaded once
        for n_sockets, per_s, goal_ms in LOADS:
            runs = [
                _loaded(service, site, folder, batch, n_sockets=n_sockets, per_s=per_s, seconds=seconds)
                for _ in range(rounds)
            ]
            told.runs += runs
            load = f"{n_sockets} sockets, {per_s:g} items/s"
            told.figures += [
                Figure(f"{load}: 99 of 100 frames within", [r["p99_ms"] for r in runs], " ms", most=goal_ms),
                Figure(f"{load}: half of the frames within", [r["p50_ms"] for r in runs], " ms"),
                Figure(f"{load}: page to frame, 99 of 100", [r["page_p99_s"] for r in runs], " s", most=1.5),
                Figure(f"{load}: page to frame, half", [r["page_p50_s"] for r in runs], " s"),
                Figure(f"{load}: items that did finish", [r["items_per_s"] for r in runs], "/s"),
                Figure(f"{load}: frames to each socket", [r["frames_per_s"] for r in runs], "/s"),
            ]
    _memory(told, folder, quick=quick)
    told.notes += [
        (
            "A frame counts with the oldest change in it. *Page to frame* is from a request's arrival at the site, which answers"
            " at once, to the frame that says the item is done. The pages are small: 300 usual ones a second take two cores."
        ),
        (
            "Memory is PSS of proxy, replica and coordinator, before and after. The bare sockets are of an app on Ray Serve that"
            " only accepts them and sends a short text now and then."
        ),
    ]
    return told


def _loaded(
    service: LiveService,
    site: Site,
    folder: Path,
    batch: Callable[[int, float], str],
    *,
    n_sockets: int,
    per_s: float,
    seconds: float,
) -> dict[str, Any]:
    """Watch a batch that goes on at a pace; return what was seen."""
    name = batch(min(MAX_URLS, int(per_s * (seconds + 12))), per_s)
    time.sleep(2.0)
    n_before, began_at = _n_done(service, name), time.monotonic()
    run = _watched(service, folder, name, n_sockets, seconds)
    run["items_per_s"] = (_n_done(service, name) - n_before) / (time.monotonic() - began_at)
    service.call("POST", f"/api/v1/batch/{name}/cancel")
    told_at = run.pop("told_at")
    came_at = {f"{site.bases[domain]}{path}": at for domain, at, path in site.arrivals()}
    lags = sorted(at - came_at[url] for url, at in told_at.items() if came_at[url] > began_at)
    return {
        "sockets": n_sockets,
        "wanted_per_s": per_s,
        **run,
        "page_p50_s": lags[len(lags) // 2],
        "page_p99_s": lags[int(len(lags) * 0.99)],
        "n_pages": len(lags),
    }


def _memory(told: Answer, folder: Path, *, quick: bool) -> None:
    """What was freed is used again: each is asked of a service that has had no other sockets."""
    n_open, n_idle, idle_s = (100, 20, 15.0) if quick else (500, 50, 60.0)
    with recording_site(N_DOMAINS, n_rows=2) as site:
        urls = site.urls(MAX_URLS // N_DOMAINS)
        with service_in(folder / "reading") as service:
            reading_kb = _kb_a_socket(service, folder, service.submit(urls, per_s=5.0), n_open)
        with service_in(folder / "idle") as service:
            idle_kb = _kb_of_idle(service, folder, service.submit(urls, per_s=100.0), n_idle, idle_s)
        with bare_sockets_in(folder / "bare") as service:
            bare_kb = _kb_a_socket(service, folder, "any", n_open)
    told.figures += [
        Figure(f"memory for each of {n_open} sockets", [reading_kb], " KB", most=100.0),
        Figure(f"memory for each of {n_open} bare sockets of Ray Serve", [bare_kb], " KB"),
        Figure("a socket ÷ a bare one", [reading_kb / bare_kb], " ×"),
        Figure(
            f"memory for each of {n_idle} sockets that are not read for {idle_s:g} s",
            [idle_kb],
            " KB",
            most=1_000.0,
        ),
    ]


def _watched(service: LiveService, folder: Path, batch: str, n: int, seconds: float) -> dict[str, Any]:
    command = [sys.executable, "-m", "benchmarks.socket_clients", service.url, batch, str(n), str(seconds)]
    done = subprocess.run(
        command, capture_output=True, text=True, env=environment(folder), cwd=ROOT, check=False
    )
    if done.returncode:
        raise SystemExit(f"the clients ended with {done.returncode}: {done.stderr[-500:]}")
    return dict(json.loads(done.stdout))


def _n_done(service: LiveService, batch: str) -> int:
    return int(service.call("GET", f"/api/v1/batch/{batch}/status")["counts"]["succeeded"])


def _kb_a_socket(service: LiveService, folder: Path, batch: str, n: int) -> float:
    """Return what a socket adds while its client reads."""
    _watched(service, folder, batch, FIRST, 1.0)
    before_mb = service.memory_mb()
    command = [sys.executable, "-m", "benchmarks.socket_clients", service.url, batch, str(n), "15"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, env=environment(folder), cwd=ROOT) as clients:
        time.sleep(n * 0.012 + 8.0)
        after_mb = service.memory_mb()
        clients.wait(60)
    return 1000 * (after_mb - before_mb) / (n - FIRST)


def _kb_of_idle(service: LiveService, folder: Path, batch: str, n: int, seconds: float) -> float:
    """Return what a socket adds whose client never reads, at the most."""
    host, port = urlsplit(service.url).netloc.split(":")
    _watched(service, folder, batch, FIRST, 1.0)
    before_mb = service.memory_mb()
    idle = []
    for _ in range(n):
        connection = socket.create_connection((host, int(port)))
        key = base64.b64encode(secrets.token_bytes(16)).decode()
        connection.sendall(
            f"GET /ws/batch/{batch}/progress HTTP/1.1\r\nHost: {host}:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
        )
        idle.append(connection)
    most_mb, until = before_mb, time.monotonic() + seconds
    while time.monotonic() < until:
        time.sleep(1.0)
        most_mb = max(most_mb, service.memory_mb())
    for connection in idle:
        connection.close()
    return 1000 * (most_mb - before_mb) / n
