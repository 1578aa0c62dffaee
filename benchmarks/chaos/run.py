"""One chaos run: a batch on three nodes, everything of it killed by and by, resumed where nothing was left, and counted."""

from __future__ import annotations

import json
import os
import random
import re
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import pandas as pd

from benchmarks.chaos.nodes import ROOT, Nodes
from benchmarks.chaos.plan import ROUND, Kill, Victim, make_plan
from benchmarks.chaos.recovery import Killed, Recovery
from benchmarks.chaos.site import Site, most_above, pages_only
from benchmarks.chaos.victims import find, kill_at_once, kill_everything
from benchmarks.chaos.watcher import Watcher
from tlray.io.audit.audit import audit_batch
from tlray.io.disk.home import Home
from tlray.io.journal.opening import open_reader

STUCK_S = 120.0
"""No progress for so long is an error of its own."""
GIVES_UP_S = 60.0
"""A driver whose cluster is lost ends within this time …"""
INCOMPLETE, CANNOT_FINISH = 3, 4
"""… with the second of these exit codes; with the first where items have died."""
MAX_ENDED = 3
"""So often is a batch resumed that nobody has killed."""
_NAMED = re.compile(r"^batch ([\w-]+)[:\n]", re.MULTILINE)


@dataclass(slots=True)
class ChaosResult:
    """What came of it."""

    n_items: int
    seed: int
    rate: float
    wall_s: float
    kills: list[Killed]
    missing: list[str]
    why_dead: dict[str, str | None]
    """Of what is missing, what the journal says."""
    twice: list[str]
    unexpected: list[str]
    """Rows of pages that never answer well."""
    counts: dict[str, int]
    n_fetches: int
    n_fetched_again: int
    """Pages that were fetched again though they had answered well: they were in flight, or not yet reported."""
    above_rate: dict[float, float]
    audit: dict[str, Any]
    n_audits: int = 0
    """Audits on the way, one after each kill."""
    wrong_audits: list[dict[str, Any]] = field(default_factory=list)
    """Those of them that found something wrong."""
    ended_by_itself: list[int] = field(default_factory=list)
    """Exit codes of drivers that ended before their time."""


class _Life:
    """A cluster and a driver on it, until they are killed or done."""

    def __init__(self, home: Path, arguments: list[str], log: IO[str]) -> None:
        self._home = home
        env = {name: value for name, value in os.environ.items() if not name.startswith(("TLRAY_", "RAY_"))}
        env |= {
            "PYTHONPATH": str(ROOT),
            "TLRAY_HOME": str(home),
            "TLRAY_FETCH_TIMEOUT_S": "10",
            "TLRAY_MIN_WORKERS": "2",
        }
        self.nodes = Nodes(env, log)
        self._err = home.parent / f"driver-{time.monotonic_ns()}.txt"
        with self._err.open("w", encoding="utf-8") as err:
            self.driver = subprocess.Popen(
                [sys.executable, "-m", "tlray", "scrape", *arguments, "--json"], stdout=subprocess.PIPE, stderr=err,
                text=True, cwd=ROOT, env={**env, "RAY_ADDRESS": self.nodes.address},
            )  # fmt: skip
        self.begun_at = time.monotonic()

    @property
    def roots(self) -> list[int]:
        return [self.nodes.process.pid, self.driver.pid]

    def batch_id(self) -> str:
        """Wait until the driver has named its batch."""
        deadline = time.monotonic() + STUCK_S
        while not (found := _NAMED.search(said := self._err.read_text(encoding="utf-8"))):
            if self.driver.poll() is not None or time.monotonic() > deadline:
                raise SystemExit(f"the driver does not begin: {said}")
            time.sleep(0.05)
        return found[1]

    def kill(self) -> None:
        kill_everything(self.roots)
        self.driver.communicate()
        self.nodes.process.communicate()

    def end(self) -> None:
        """Let the cluster end in order, and by force where it does not."""
        try:
            self.nodes.process.communicate(timeout=30)
        except subprocess.TimeoutExpired:
            kill_everything(self.roots)


class ChaosRun:
    """A batch, a plan of kills, and what was measured."""

    def __init__(
        self,
        folder: Path,
        site: Site,
        *,
        n_kills: int,
        seed: int,
        rate: float,
        victims: Sequence[Victim] = ROUND,
    ) -> None:
        self._site = site
        self._seed = seed
        self._rate = rate
        self._rng = random.Random(seed)  # noqa: S311 - which of several victims: to be repeated, no secret
        self._plan = make_plan(site.n_sets, n_kills, seed, victims)
        self._home = folder / "sets"
        self._folder = folder
        self._watcher = Watcher(self._home)
        self._recovery = Recovery(self._watcher)
        self._ended: list[int] = []
        self._n_audits = 0
        self._wrong_audits: list[dict[str, Any]] = []

    def go(self) -> ChaosResult:
        """Run it to its end."""
        begun = time.monotonic()
        list_file = self._folder / "urls.txt"
        list_file.write_text("\n".join(self._site.urls()) + "\n", encoding="utf-8")
        rates = [f"--rate={domain}={self._rate}/s" for domain in self._site.domains]
        with (self._folder / "nodes.log").open("w", encoding="utf-8") as log:
            life = _Life(self._home, [str(list_file), *rates], log)
            try:
                self._batch_id = life.batch_id()
                for kill in self._plan:
                    life = self._until(kill.at, life, log)
                    life = self._kill(kill, life, log)
                life = self._until(self._site.n_sets, life, log)
                life.driver.communicate(timeout=STUCK_S)
                code = life.driver.returncode
                if code not in (0, INCOMPLETE):
                    self._ended.append(code)
                life.end()
            finally:
                kill_everything(life.roots)
                self._watcher.close()
        return self._result(time.monotonic() - begun)

    def _until(self, n_final: int, life: _Life, log: IO[str]) -> _Life:
        """Wait until so many items are final; a driver that gives up is told on, and its batch resumed."""
        n_before, since = -1, time.monotonic()
        while (n := self._watcher.n_final()) < n_final:
            code = life.driver.poll()
            if code is not None:
                self._ended.append(code)
                if len(self._ended) > MAX_ENDED:
                    raise SystemExit(f"drivers end by themselves, with {self._ended}")
                life.kill()
                life = self._resume(log)
            if n != n_before:
                n_before, since = n, time.monotonic()
            if time.monotonic() - since > STUCK_S:
                raise SystemExit(f"no progress since {STUCK_S:g} s, at {n} of {self._site.n_sets} items")
            time.sleep(0.02)
        return life

    def _kill(self, kill: Kill, life: _Life, log: IO[str]) -> _Life:
        n_final = self._watcher.n_final()
        sys.stderr.write(f"{n_final} items done: kill {kill.victim}\n")
        before = self._recovery.look()
        if kill.victim is Victim.EVERYTHING:
            life.kill()
            self._look_at_the_books()
            life = self._resume(log)
            self._recovery.of_everything(kill, n_final, before, begun_at=life.begun_at)
            return life
        if kill.victim is Victim.GCS:
            kill_at_once(find(kill.victim, life.roots, self._rng))
            if (code := self._end_of(life)) != CANNOT_FINISH:
                self._ended.append(code)
            life.kill()
            self._look_at_the_books()
            life = self._resume(log)
            self._recovery.of_everything(kill, n_final, before, begun_at=life.begun_at)
            return life
        while not (victims := find(kill.victim, life.roots, self._rng)):
            # a task that has just ended, an actor that is being started again
            if self._watcher.n_final() >= self._site.n_sets or life.driver.poll() is not None:
                return life
            time.sleep(0.02)
        at = time.monotonic()
        kill_at_once(victims)
        if kill.victim in (Victim.RAYLET, Victim.NODE):
            life.nodes.add()
        self._recovery.of(kill, n_final, at, before)
        self._look_at_the_books()
        return life

    def _end_of(self, life: _Life) -> int:
        """Wait until a driver has ended whose cluster is lost; -1 where it goes on for ever."""
        try:
            return life.driver.wait(GIVES_UP_S)
        except subprocess.TimeoutExpired:
            return -1

    def _look_at_the_books(self) -> None:
        """Audit the batch as it is: with a coordinator at work, or with nobody left."""
        audit = audit_batch(Home(self._home), self._batch_id)
        self._n_audits += 1
        if not audit.is_right:
            self._wrong_audits.append(audit.to_json())

    def _resume(self, log: IO[str]) -> _Life:
        life = _Life(self._home, ["--resume", self._batch_id], log)
        life.batch_id()
        return life

    def _why_dead(self, urls: set[str]) -> dict[str, str | None]:
        with open_reader(self._home) as journal:
            return {
                item.url: f"{item.state}: {item.reason}; {[row.kind for row in journal.attempts([item.item_id])[item.item_id]]}"
                for item in journal.items(self._batch_id)
                if item.url in urls
            }

    def _result(self, wall_s: float) -> ChaosResult:
        arrivals = self._site.arrivals()
        rows = Counter(pd.read_parquet(self._home / "results" / self._batch_id / "tracklists").url)
        good = self._site.good_urls()
        env = {**os.environ, "PYTHONPATH": str(ROOT), "TLRAY_HOME": str(self._home)}
        audit = subprocess.run(
            [sys.executable, "-m", "tlray", "audit", self._batch_id, "--json", "--pages"],
            capture_output=True, text=True, cwd=ROOT, env=env, check=False,
        )  # fmt: skip
        told = (
            json.loads(audit.stdout.splitlines()[-1])
            if audit.stdout
            else {"is_right": False, "error": audit.stderr}
        )
        pages = pages_only(arrivals)
        n_faulty = sum(1 for arrival in pages if arrival["fault"])
        return ChaosResult(
            n_items=self._site.n_sets, seed=self._seed, rate=self._rate, wall_s=wall_s,
            kills=self._recovery.told(arrivals),
            missing=sorted(good - set(rows)), why_dead=self._why_dead(good - set(rows)),
            twice=sorted(url for url, n in rows.items() if n > 1),
            unexpected=sorted(set(rows) - good), counts=told.get("counts", {}),
            n_fetches=len(pages), n_fetched_again=len(pages) - n_faulty - len(good),
            above_rate=most_above(arrivals, self._rate), audit=told, ended_by_itself=self._ended,
            n_audits=self._n_audits, wrong_audits=self._wrong_audits,
        )  # fmt: skip
