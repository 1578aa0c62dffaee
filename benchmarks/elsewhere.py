"""How soon does another machine go on with a batch, when the one that worked at it is gone?

The journal is in PostgreSQL and the results in S3 (SeaweedFS), both on this machine. A home stands for a machine: everything of
the first one is killed at once, and the second one starts at that moment, in an empty folder, with a Ray of its own.
"""

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path
from unittest.mock import patch

from benchmarks.figures import Answer, Figure
from benchmarks.recorded_run import Site, recording_site
from benchmarks.weighed import environment
from tests.shared.broker import free_ports
from tests.shared.machine import Machine
from tests.shared.postgres_server import PostgresServer, fresh_schema, programs
from tests.shared.s3_server import BUCKET, running_s3

QUESTION = "Another machine goes on"
N_SETS, RATE, N_BEFORE = 400, 5.0, 20
MOST_S = 30.0
WAYS = {"tlray scrape --resume": ["scrape", "--resume"], "tlray serve": ["serve", "--port"]}


def answer(folder: Path, *, quick: bool = False) -> Answer:
    """Measure."""
    rounds = 1 if quick else 5
    place = Path(tempfile.mkdtemp(prefix="tlray-pg-", dir=folder.parent.parent))
    place.chmod(0o755)
    server = PostgresServer(programs(), place, is_durable=True)
    told = Answer(QUESTION, [])
    try:
        server.start()
        with running_s3() as s3:
            for number, (name, command) in enumerate(rounds * list(WAYS.items())):
                where = {
                    "TLRAY_JOURNAL": server.url(fresh_schema()),
                    "TLRAY_STORAGE": f"s3://{BUCKET}/{number}",
                }
                home = folder / f"{number}"
                home.mkdir()
                with patch.dict(os.environ, {**environment(home), **where, **s3.environ()}, clear=True):
                    told.runs.append({"way": name, "s": _next_fetch_s(home, command)})
    finally:
        server.close()
    told.figures += [
        Figure(
            f"killed → next fetch, {name}", [r["s"] for r in told.runs if r["way"] == name], " s", most=MOST_S
        )
        for name in WAYS
    ]
    return told


def _next_fetch_s(home: Path, command: list[str]) -> float:
    """Return the seconds from the death of a machine to the first page that the next one fetches."""
    with recording_site(n_rows=4) as site:
        domain = site.bases[0].split("//")[1]
        first = Machine(home / "first", "scrape", *site.urls(N_SETS), f"--rate={domain}={RATE:g}/s")
        try:
            batch_id = first.says("batch ").split()[1].rstrip(":")
            while len(_pages(site)) < N_BEFORE:
                time.sleep(0.1)
        finally:
            first.switch_off()
        killed_at, n_before = time.monotonic(), len(_pages(site))
        of_command = batch_id if command[0] == "scrape" else str(free_ports(1)[0])
        second = Machine(home / "second", *command, of_command)
        try:
            while len(pages := _pages(site)) <= n_before:
                time.sleep(0.1)
        finally:
            second.switch_off()
        return pages[n_before] - killed_at


def _pages(site: Site) -> list[float]:
    """Return when pages were asked for; by the clock of `time.monotonic`."""
    return sorted(at for _, at, path in site.arrivals() if "/tracklist/" in path)
