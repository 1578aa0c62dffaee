"""How time goes on in a world, and what is checked on the way and at the end."""

from __future__ import annotations

from collections.abc import Callable

from .processes import Processes
from .promises import check_found, check_gates, check_rate, note_ceilings, note_stops

CHECKED = 400
"""So many open items are looked at after every step; in a larger world steps are passed over, in proportion."""
MAX_STEPS = 2_000_000
RUN_S = 40 * 86_400.0


class Course(Processes):
    """Steps of the loop, each one checked."""

    max_steps = MAX_STEPS
    n_steps = 0
    _n_unchecked = 0
    _seen: object = None

    def until(self, done: Callable[[], bool], *, within_s: float = RUN_S) -> float:
        """Let time go on until something holds; return when that is."""
        end = self.loop.now + within_s
        while not done():
            assert self.loop.now < end, f"still not after {within_s} s: {self.engine_now!r}"
            self.step()
        return self.loop.now

    def go_on(self, for_s: float) -> None:
        """Let time go on for a while."""
        end = self.loop.now + for_s
        while self.loop.now < end:
            self.step()

    def step(self) -> None:
        """Let the next thing happen, and check what must hold."""
        self.n_steps += 1
        assert self.n_steps < self.max_steps, f"goes on for ever: {self.engine_now!r}"
        self.loop.step()
        self.check()

    # -- what must hold ----------------------------------------------------------------------------

    def check(self) -> None:
        """Check what must hold after every step in which something moved."""
        if self.failures:
            raise self.failures[0]
        instance = self.coordinator.instance
        if instance is None:
            return
        engine, state = instance._state.engine, instance._state
        assert state.trouble is None or self.may_halt, f"halted: {state.trouble}"
        if state.trouble is not None:
            return  # it does nothing any more; the next life is checked
        seen = (
            id(engine),
            sum(book.version for book in engine.batches.values()),
            len(engine.leases),
            len(engine.batches),
        )
        if seen == self._seen:
            return
        self._seen = seen
        note_ceilings(self)
        note_stops(self)
        check_gates(self)
        self._n_unchecked += CHECKED
        if self._n_unchecked < sum(book.n_open for book in engine.batches.values()):
            return
        self._n_unchecked = 0
        engine.check_invariants()
        for book in engine.batches.values():
            n_given = book.total - book.n_found - book.n_lists
            assert n_given == self.sizes[book.batch_id], f"{book.total} items of {book.batch_id}"

    def run(self, *, until_s: float = RUN_S, at_least_until: float = 0.0) -> None:
        """Let time go on until all batches are finished; stuck ones raise."""
        end = self.loop.now + until_s
        while self.loop.now < at_least_until or self._doing or not self._is_finished():
            assert self.loop.now < end, f"stuck: {self.engine_now!r} {self.states()}"
            self.step()
        self.check_end()

    def _is_finished(self) -> bool:
        engine = self.engine_now
        if engine is None or engine.batches:
            return False
        return all(state.is_final for state in self.states().values())

    def check_end(self) -> None:
        """See that everything is accounted for, and that every site was treated as promised."""
        for row in self.query("SELECT id, batch_id, state, n_found, n_lists FROM batches"):
            counts = self.counts(row[0])
            blamed = self.query(
                "SELECT id, reason FROM items WHERE batch = ? AND reason LIKE '%task failed%'", row[0]
            )
            assert not blamed, f"charged for what the coordinator did: {blamed[:3]}"
            assert all(state.is_final for state in counts), (row, counts)
            assert sum(counts.values()) == self.sizes[row[1]] + row[3] + row[4], (row, counts)
            n_results = self.query("SELECT count(done_seq) FROM items WHERE batch = ?", row[0])[0][0]
            assert len(self.disk.visible(row[1])) == n_results, (row, counts)
            check_found(self, row[0])
        for site in self.sites.values():
            if site.ceilings:
                check_rate(self, site)
