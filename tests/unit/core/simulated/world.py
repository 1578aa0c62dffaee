"""How does it all go together? Sites and tasks around a coordinator; every step is checked."""

from __future__ import annotations

import itertools
import random
from dataclasses import dataclass
from typing import Any

from tlray.core.books import BatchBook
from tlray.core.frontier import Priority
from tlray.core.lease import LeasedItem
from tlray.core.lifecycle import BatchState, ItemState
from tlray.core.pacing import Errand
from tlray.core.policy import Manners
from tlray.core.retry import RetryPolicy

from .clock import Loop
from .coordinator import Coordinator
from .journal import Row
from .promises import check_rate, check_wanted, note_begin
from .site import Site

CHECKED = 100
"""So many open items are looked at after every step; see `World.check`."""


@dataclass
class Chances:
    """How often what goes wrong."""

    lost_ask: float = 0.0
    lost_answer: float = 0.0
    write_s: float = 0.005


class World(Coordinator):
    """The simulated whole."""

    def __init__(
        self,
        seed: int,
        sites: list[Site],
        *,
        chances: Chances | None = None,
        max_workers: int = 3,
        rates: dict[str, tuple[float, float]] | None = None,
    ) -> None:
        self.chances = chances or Chances()
        super().__init__(Loop(), random.Random(seed), write_s=self.chances.write_s, max_workers=max_workers)
        self.rates = rates or {}
        """What each batch asks for where it is not given a rate."""
        self.sites = {site.name: site for site in sites}
        self.sizes: dict[int, int] = {}
        self.begun_at: dict[int, float] = {}
        """Item → when it was fetched first."""
        self._ids = itertools.count(1)
        self._n_unchecked = 0
        self.loop.spawn(self.coordinating())

    def submit(
        self,
        urls: dict[str, int],
        *,
        priority: Priority = Priority.NORMAL,
        rate: float | None = None,
        **retry: Any,
    ) -> BatchBook:
        """Add a batch: ``urls`` is domain → how many."""
        n = len(self.books) + 1
        for domain, count in urls.items():
            for _ in range(count):
                i = next(self._ids)
                self.journal.add(Row(i, n, domain, f"http://{domain}/{i}", f"f{i}"))
        manners = Manners(rates=dict.fromkeys(self.sites, (rate, 1.0)) if rate else self.rates)
        counts = {ItemState.QUEUED: sum(urls.values())}
        book = BatchBook(
            n, f"b{n}", "", priority, BatchState.RUNNING, counts, manners, RetryPolicy(**retry),
            open_by_domain=dict(urls),
        )  # fmt: skip
        self.books[n], self.sizes[n] = book, book.total
        self.engine.open(book, urls, now=self.loop.now)
        self._known -= set(urls)
        return book

    def begun(self, errand: Errand) -> Site:
        """Note that a fetch begins, and see that it may."""
        now, site = self.loop.now, self.sites[errand.domain]
        note_begin(site, errand, self.engine, self.limiter.gates.get(errand.domain), now=now)
        if isinstance(errand, LeasedItem):
            self.begun_at.setdefault(errand.item_id, now)
            check_wanted(errand, self.journal, self.stopped_at.get(errand.batch_id), now=now)
        return site

    def check(self) -> None:
        """Check what must hold at any moment: after every step, while at most `CHECKED` items are open.

        A check looks at every item, so in a larger world steps are passed over, in proportion.
        """
        self._n_unchecked += CHECKED
        if self._n_unchecked < sum(book.n_open for book in self.books.values()):
            return
        self._n_unchecked = 0
        self.engine.check_invariants()
        for book in self.books.values():
            assert book.total == self.sizes[book.id]

    def run(self, *, until_s: float = 40 * 86_400.0, at_least_until: float = 0.0) -> None:
        """Let time go on until all batches are finished; stuck ones raise."""
        end = self.loop.now + until_s
        for n_steps in itertools.count():
            if self.loop.now >= at_least_until and all(book.state.is_final for book in self.books.values()):
                break
            assert self.loop.step(), "nothing happens any more"
            self.check()
            is_stuck = self.loop.now > end or n_steps > 60_000
            assert not is_stuck, f"stuck: {self.engine!r} {[b for b in self.books.values() if b.n_open]}"
        for book in self.books.values():
            final = {state: n for state, n in book.counts.items() if n}
            assert final == dict(self.journal.counts(book.id)), (final, self.journal.counts(book.id))
            assert all(state.is_final for state in final)
        for site in self.sites.values():
            check_rate(site)
