"""What is counted and indexed as batches come, pause, move and go equals what a look at all of them says."""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from tlray.core.model.item import Priority
from tlray.core.model.lifecycle import BatchState, ItemState
from tlray.core.politeness.domain_policy import DomainPolicy
from tlray.core.politeness.policy import PolitenessOptions, gentlest
from tlray.core.scheduling.batch import Batch
from tlray.core.scheduling.engine import Engine

DOMAINS = ["a.test", "b.test", "c.test:81"]
OWNERS = ["", "ada", "bob"]
OPTIONS = [
    PolitenessOptions(),
    PolitenessOptions(rates={"a.test": (2.0, 1.0), "c.test": (0.5, 4.0)}),
    PolitenessOptions(concurrency={"a.test": 1, "b.test": 7}, crawl_delay_ignored=frozenset(DOMAINS)),
    PolitenessOptions(block_cool_down_s=7_200.0, rates={"c.test:81": (9.0, 1.0)}),
]


def plain_policy(engine: Engine, domain: str) -> DomainPolicy | None:
    here = [batch for batch in engine.batches.values() if domain in batch.open_by_domain]
    at_work = [b for b in here if b.state not in (BatchState.SCHEDULED, BatchState.PAUSED)]
    return gentlest(batch.politeness.policy(domain) for batch in at_work or here)


class Batches(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.engine = Engine()
        self.n = 0

    def some(self, number: int) -> Batch:
        every = list(self.engine.batches.values())
        return every[number % len(every)]

    has_batches = precondition(lambda self: bool(self.engine.batches))

    @rule(
        domains=st.sets(st.sampled_from(DOMAINS), min_size=1),
        options=st.sampled_from(OPTIONS),
        state=st.sampled_from([BatchState.RUNNING, BatchState.PAUSED, BatchState.SCHEDULED]),
        priority=st.sampled_from(Priority),
        owner=st.sampled_from(OWNERS),
        n=st.integers(1, 3),
    )
    def come(
        self, domains: set[str], options: PolitenessOptions, state: BatchState, priority: Priority, owner: str, n: int
    ) -> None:  # fmt: skip
        self.n += 1
        lanes = dict.fromkeys(sorted(domains), n)
        counts = {ItemState.QUEUED: n * len(lanes)}
        batch = Batch(
            self.n,
            f"b{self.n}",
            "",
            priority,
            state,
            counts,
            options,
            owner=owner,
            open_by_domain=dict(lanes),
        )
        self.engine.open(batch, lanes, now=0.0)  # fmt: skip

    @has_batches
    @rule(
        number=st.integers(0, 9),
        state=st.sampled_from([BatchState.RUNNING, BatchState.PAUSED, BatchState.CANCELLING]),
    )
    def change(self, number: int, state: BatchState) -> None:  # fmt: skip
        batch = self.some(number)
        batch.state = state
        self.engine.pause(batch.id, is_paused=state is not BatchState.RUNNING)

    @has_batches
    @rule(number=st.integers(0, 9), to=st.sampled_from(DOMAINS))
    def redirect(self, number: int, to: str) -> None:
        """A page of it is found elsewhere, at a domain where it may have had nothing so far."""
        batch = self.some(number)
        source = next((name for name, n in batch.open_by_domain.items() if n), None)
        if source is not None:
            batch.move_domain(source, to)
            self.engine.registry.register(to, batch, 0.0)

    @has_batches
    @rule(number=st.integers(0, 9))
    def cancel(self, number: int) -> None:
        self.engine.cancel_open(self.some(number).id, now=0.0)

    @has_batches
    @rule(number=st.integers(0, 9))
    def go(self, number: int) -> None:
        self.engine.close(self.some(number).id, now=0.0)

    @has_batches
    @rule(number=st.integers(0, 9), domain=st.sampled_from(DOMAINS))
    def revive(self, number: int, domain: str) -> None:
        batch = self.some(number)
        batch.counts[ItemState.DEAD] = batch.counts.get(ItemState.DEAD, 0) + 2
        self.engine.revive(batch.id, {domain: 2}, now=0.0)

    @invariant()
    def equals_the_plain_count(self) -> None:
        engine = self.engine
        for domain in DOMAINS:
            here = [batch for batch in engine.batches.values() if domain in batch.open_by_domain]
            assert sorted(batch.id for batch in engine.domain_index.at(domain)) == [b.id for b in here]
            assert (domain in engine.domain_index) is bool(here)
            assert engine.domain_index.policy(domain) == plain_policy(engine, domain)
            if here and domain in engine.domains:
                assert engine.domains[domain].policy == plain_policy(engine, domain)
            priorities = [lane.priority for lane in engine.frontier.lanes_at(domain)]
            assert engine.frontier.priority_at(domain) == min(priorities, default=None)
        for owner in (None, *OWNERS):
            n_open = sum(b.n_open for b in engine.batches.values() if owner in (None, b.owner))
            assert engine.open_items.of(owner) == n_open
        assert all(engine.domain_index.is_filed(batch) for batch in engine.batches.values())


TestBatches = Batches.TestCase
TestBatches.settings = settings(stateful_step_count=40, max_examples=150)
