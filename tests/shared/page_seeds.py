"""Batches in every state for the page: thousands of items, dead letters of many kinds, hostile names. The names are invented."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Final

from made_journal import change, commit, new_batch
from steer_seeds import steer

from tlray.core.model.item import Priority
from tlray.core.model.lifecycle import BatchState, ItemEvent
from tlray.core.model.outcome import Outcome, OutcomeKind
from tlray.core.scheduling.changeset import Changeset, DomainChange
from tlray.core.submission.lines import Entry, RefusedLine
from tlray.io.disk.home import Home
from tlray.io.journal.rows import BatchOptions
from tlray.io.journal.sqlite.journal import SqliteJournal

HOSTILE: Final = "<img src=x onerror=alert(1)></script>\u202egnp.exe " + "Z\u0335" * 40 + " " + "long" * 300
DOMAINS: Final = ("sets.example.org", "mixes.example.net", "radio.example.com", "archive.example.org")
DEAD: Final = (
    (OutcomeKind.GONE, "gone: 404", 404), (OutcomeKind.BLOCKED, "blocked: captcha", 403), (OutcomeKind.TIMEOUT, "timeout", None),
    (OutcomeKind.UNREADABLE, "unreadable: rows 50 of 72", 200), (OutcomeKind.UNAVAILABLE, "unavailable: 503", 503),
    (OutcomeKind.ROBOTS, "robots: disallowed", None),
)  # fmt: skip
WORDS: Final = (
    "closing",
    "sunrise",
    "warehouse",
    "terrace",
    "afterhours",
    "b2b",
    "live",
    "all-night-long",
    "essential",
    "tiny-room",
)


class Seeds:
    """A journal that is filled."""

    def __init__(self, home: Path) -> None:
        self.now = time.time()
        self.journal = SqliteJournal(Home(home).create().journal)
        self.journal.begin_incarnation(is_restart=False)

    def batch(
        self, batch_id: str, name: str, n: int, *, n_done: int = 0, n_dead: int = 0, ago_s: float = 600, n_domains: int = 2,
        owner: str = "", refused: int = 0, priority: Priority = Priority.NORMAL, webhook: str | None = None,
    ) -> int:  # fmt: skip
        """Submit a batch, and let its first items succeed or die; return its number."""
        self.journal.open_batch(
            new_batch(
                batch_id,
                name=name,
                created_at=self.now - ago_s,
                owner=owner,
                priority=priority,
                options=BatchOptions(webhook=webhook),
            )
        )
        domains = DOMAINS[:n_domains]
        for first in range(1, n + 1, 20_000):
            lines = [
                _entry(batch_id, i, domains[i % n_domains]) for i in range(first, min(n, first + 19_999) + 1)
            ]
            self.journal.add_lines(batch_id, lines, [])
        bad = [
            RefusedLine(n + i, f"ftp://a/{i}", "scheme ftp: is not fetched") for i in range(1, refused + 1)
        ]
        if bad:
            self.journal.add_lines(batch_id, [], bad)
        self.journal.commit_batch(batch_id)
        number = self.journal.batch(batch_id).id
        for at, domain in enumerate(domains):
            n_here = (n_done + n_dead) // n_domains + (at < (n_done + n_dead) % n_domains)
            self._finish(number, domain, n_here, n_dead // n_domains + (at < n_dead % n_domains), ago_s)
        return number

    def _finish(self, batch: int, domain: str, n: int, n_dead: int, ago_s: float) -> None:
        items = self.journal.load_lane(batch, domain, after_id=0, limit=n)
        self.journal.mark_leased([item.id for item in items])
        changes = []
        for i, item in enumerate(items):
            at = self.now - ago_s * (1 - i / max(1, n))
            if i < n_dead:
                kind, reason, status = DEAD[i % len(DEAD)]
                outcome = Outcome(item.id, kind, reason=reason, status=status, started_at=at, latency_s=0.4)
                changes.append(change(item, ItemEvent.EXHAUST, reason=reason, outcome=outcome))
            else:
                outcome = Outcome(
                    item.id,
                    OutcomeKind.FETCHED,
                    status=200,
                    started_at=at,
                    latency_s=0.2,
                    n_sets=1,
                    n_tracks=21,
                )
                changes.append(change(item, ItemEvent.FETCHED, stem=f"p{batch}", outcome=outcome))
        commit(self.journal, Changeset("L", changes), wall=self.now)


def _entry(batch_id: str, i: int, domain: str) -> Entry:
    slug = f"{WORDS[i % 10]}-{WORDS[i // 10 % 10]}-{2010 + i % 17}"
    return Entry(
        i,
        f"https://{domain}/tracklist/{i * 7919 % 1_000_003:06x}/someone-at-{slug}.html",
        domain,
        f"{batch_id}:{i}",
    )


def seed(home: Path, *, n_large: int = 10_000) -> None:
    """Fill a home."""
    seeds = Seeds(home)
    seeds.batch(
        "20261101-080000-00000001",
        "festival season, all stages",
        1_200,
        n_done=1_188,
        n_dead=12,
        ago_s=500_000,
    )
    seeds.batch("20261110-080000-00000002", HOSTILE, 40, n_done=30, n_dead=10, ago_s=90_000)
    seeds.batch("20261120-080000-00000003", "radio archive 1998", 60, n_dead=60, ago_s=40_000, n_domains=3)
    for number in (1, 2, 3):
        seeds.journal.set_batch_state(number, BatchState.COMPLETED, finished_at=seeds.now - 30_000 / number)
    seeds.batch(
        "20261128-120000-00000004",
        "closing sets of November",
        n_large,
        n_done=4_830,
        n_dead=37,
        refused=4,
        ago_s=1_500,
        n_domains=4,
    )
    paused = seeds.batch(
        "20261128-120100-00000005", "every warehouse night", 312, n_done=120, n_dead=1, ago_s=4_000
    )
    seeds.journal.set_batch_state(paused, BatchState.PAUSED)
    seeds.batch("20261128-120200-00000006", "sunrise sets", 84, ago_s=30, n_domains=1, priority=Priority.LOW)
    rest = DomainChange("archive.example.org", 540.0, "throttled: 429", 1)
    commit(seeds.journal, Changeset("", cool_downs=[rest]), wall=seeds.now)
    steer(seeds, HOSTILE)
    seeds.journal.close()
