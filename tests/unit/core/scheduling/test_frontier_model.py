"""The frontier beside a naive model of it: no item is ever lost, and none is handed out twice.

The model is a dict of items, and a journal that is read as the coordinator reads it: window by window, while
other things happen.
"""

from __future__ import annotations

import itertools
from collections import Counter
from dataclasses import dataclass, field

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from tlray.core.model.item import FrontierItem, Priority
from tlray.core.scheduling.frontier import ISOLATE_AFTER_LOST, Frontier
from tlray.core.scheduling.lanes import Dropped, Lane

WINDOW = 3
"""Small, so that windows matter; the frontier leaves the size to who reads the journal."""
DOMAINS = st.sampled_from(["a.test", "b.test", "c.test"])
BATCHES = st.sampled_from([1, 2, 3])
PRIORITIES = {1: Priority.NORMAL, 2: Priority.NORMAL, 3: Priority.IMMEDIATE}
ALLOWANCES = st.fixed_dictionaries(
    {name: st.sampled_from([0, 1, 2, 99]) for name in ("a.test", "b.test", "c.test")}
)


@dataclass
class Known:
    """What the model knows of an item."""

    item: FrontierItem
    state: str = "queued"
    """Or ``waiting``, ``leased``, ``final``."""
    due: float = 0.0


@dataclass
class Read:
    """A window that is on its way from the journal."""

    lane: Lane
    after_id: int
    ids: list[int] | None = None
    """None until it is read."""


@dataclass
class Model:
    """The naive truth."""

    items: dict[int, Known] = field(default_factory=dict)
    paused: set[int] = field(default_factory=set)
    parked: dict[str, Priority] = field(default_factory=dict)
    now: float = 0.0

    def of(self, state: str, batch: int | None = None, domain: str | None = None) -> list[Known]:
        return [
            known
            for known in self.items.values()
            if known.state == state
            and batch in (None, known.item.batch)
            and domain in (None, known.item.domain)
        ]


class FrontierBesideItsModel(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.frontier, self.model = Frontier(), Model()
        self.reads: list[Read] = []
        self.ids = itertools.count(1)

    def new_items(self, batch: int, domain: str, n: int) -> None:
        for i in itertools.islice(self.ids, n):
            self.model.items[i] = Known(FrontierItem(i, batch, domain, f"http://{domain}/{i}", f"f{i}"))

    def is_paused(self, batch: int) -> bool:
        return batch in self.model.paused

    # -- filling

    @initialize(sizes=st.lists(st.tuples(BATCHES, DOMAINS, st.integers(1, 9)), max_size=5))
    def open(self, sizes: list[tuple[int, str, int]]) -> None:
        for (batch, domain), n in {(b, d): n for b, d, n in sizes}.items():
            self.new_items(batch, domain, n)
            self.frontier.add_lane(batch, domain, PRIORITIES[batch], n)

    @rule(batch=BATCHES, domain=DOMAINS, n=st.integers(1, 5))
    def more_come_into_the_journal(self, batch: int, domain: str, n: int) -> None:
        self.new_items(batch, domain, n)
        self.frontier.restock(batch, domain, PRIORITIES[batch], n, is_paused=self.is_paused(batch))

    @rule()
    def ask_for_windows(self) -> None:
        for lane in self.frontier.wanting():
            assert not any(read.lane is lane for read in self.reads), "a lane is loaded twice at once"
            self.reads.append(Read(lane, lane.cursor))

    @precondition(lambda self: self.reads)
    @rule(data=st.data())
    def read_a_window(self, data: st.DataObject) -> None:
        read = data.draw(st.sampled_from(self.reads))
        if read.ids is None:
            queued = self.model.of("queued", read.lane.batch, read.lane.domain)
            read.ids = [k.item.id for k in queued if k.item.id > read.after_id][:WINDOW]

    @precondition(lambda self: any(read.ids is not None for read in self.reads))
    @rule(data=st.data())
    def take_in_a_window(self, data: st.DataObject) -> None:
        read = data.draw(st.sampled_from([r for r in self.reads if r.ids is not None]))
        self.reads.remove(read)
        self._take_in(read)

    def _take_in(self, read: Read) -> None:
        items = [self.model.items[i].item for i in read.ids or []]
        last_id = max(read.ids or [read.after_id])
        self.frontier.loaded(read.lane, items, last_id=last_id, is_last=len(items) < WINDOW)

    # -- taking, and what comes back

    @rule(n=st.integers(0, 8), allowances=ALLOWANCES)
    def take(self, n: int, allowances: dict[str, int]) -> None:
        before = {item.id for lane in self.takeable_lanes() for item in lane.ready}
        taken = self.frontier.take(n, allowances.__getitem__)
        assert len(taken) <= n
        spent = Counter(item.domain for item in taken)
        for domain, n_spent in spent.items():
            assert n_spent <= allowances[domain], f"{domain} may not be leased so often"
        for item in taken:
            parked_from = self.model.parked.get(item.domain)
            assert parked_from is None or PRIORITIES[item.batch] < parked_from, "parked for this priority"
            known = self.model.items[item.id]
            assert known.state == "queued", f"{item} is handed out, but {known.state}"
            assert not self.is_paused(item.batch)
            assert item.n_lost < ISOLATE_AFTER_LOST
            known.state = "leased"
        self.model.parked = dict(self.frontier._parked)
        if len(taken) < n:  # nothing that might have gone was left
            for lane in self.takeable_lanes():
                assert spent[lane.domain] >= allowances[lane.domain], f"{lane} was passed over"
        elif taken:  # and nothing urgent was passed over for something that is not
            last = max(PRIORITIES[item.batch] for item in taken)
            for lane in self.takeable_lanes():
                assert lane.priority >= last or spent[lane.domain] >= allowances[lane.domain]
        for item in taken:
            assert item.id in before, "taken, and was not ready"

    def takeable_lanes(self) -> list[Lane]:
        return [
            lane
            for batch in PRIORITIES
            for lane in self.frontier.lanes_of(batch)
            if lane.ready and not self.is_paused(batch) and lane.domain not in self.model.parked
        ]

    @rule(allowances=ALLOWANCES)
    def take_alone(self, allowances: dict[str, int]) -> None:
        alone = [
            known.item
            for known in self.model.of("queued")
            if known.item.n_lost >= ISOLATE_AFTER_LOST
            and allowances[known.item.domain]
            and not self.is_paused(known.item.batch)
        ]
        held = {i.id for b in PRIORITIES for lane in self.frontier.lanes_of(b) for i in lane.isolated}
        alone = [item for item in alone if item.id in held]  # else it is in the journal only
        item = self.frontier.take_alone(allowances.__getitem__)
        assert (item is None) == (not alone)
        if item is not None:
            assert item in alone
            assert PRIORITIES[item.batch] == min(PRIORITIES[other.batch] for other in alone)
            self.model.items[item.id].state = "leased"

    def a_leased_one(self, data: st.DataObject) -> Known:
        return data.draw(st.sampled_from(self.model.of("leased")))

    @precondition(lambda self: self.model.of("leased"))
    @rule(data=st.data(), is_lost=st.booleans(), hop_to=st.none() | DOMAINS)
    def give_back(self, data: st.DataObject, is_lost: bool, hop_to: str | None) -> None:
        known = self.a_leased_one(data)
        known.state = "queued"
        known.item.n_lost += is_lost
        known.item.domain = hop_to or known.item.domain
        batch = known.item.batch
        paused = self.is_paused(batch)
        self.frontier.push(known.item, PRIORITIES[batch], first=True, is_paused=paused)
        if known.item.n_lost < ISOLATE_AFTER_LOST:
            lane = self.frontier._lanes[batch, known.item.domain]
            assert lane.ready[0] is known.item, "it had been on its way: it goes first"

    @precondition(lambda self: self.model.of("leased"))
    @rule(data=st.data(), wait_s=st.sampled_from([0.0, 1.0, 5.0]))
    def put_off(self, data: st.DataObject, wait_s: float) -> None:
        known = self.a_leased_one(data)
        known.state, known.due = "waiting", self.model.now + wait_s
        self.frontier.wait(known.item, known.due)

    @precondition(lambda self: not self.reads and self.model.of("leased"))
    @rule(data=st.data())
    def finish(self, data: st.DataObject) -> None:
        """The journal writes in order: a window that was asked for before is there before this is."""
        known = self.a_leased_one(data)
        known.state = "final"
        self.frontier.finish(known.item)

    @precondition(lambda self: self.model.of("final"))
    @rule(data=st.data())
    def revive(self, data: st.DataObject) -> None:
        known = data.draw(st.sampled_from(self.model.of("final")))
        known.state, known.item.n_lost = "queued", 0
        batch, domain = known.item.batch, known.item.domain
        self.frontier.restock(batch, domain, PRIORITIES[batch], 1, is_paused=self.is_paused(batch))

    @rule(later_s=st.sampled_from([0.5, 3.0]))
    def time_goes_on(self, later_s: float) -> None:
        self.model.now += later_s
        due = self.frontier.pop_due(self.model.now)
        expected = [k for k in self.model.of("waiting") if k.due <= self.model.now]
        assert {item.id for item in due} == {known.item.id for known in expected}
        moments = [self.model.items[item.id].due for item in due]
        assert moments == sorted(moments)
        for item in due:
            self.model.items[item.id].state = "queued"
            paused = self.is_paused(item.batch)
            self.frontier.push(item, PRIORITIES[item.batch], is_paused=paused)

    # -- domains and batches

    @rule(batch=BATCHES, is_paused=st.booleans())
    def pause(self, batch: int, is_paused: bool) -> None:
        (self.model.paused.add if is_paused else self.model.paused.discard)(batch)
        self.frontier.pause(batch, is_paused=is_paused)

    @rule(domain=DOMAINS)
    def resume_domain(self, domain: str) -> None:
        self.model.parked.pop(domain, None)
        self.frontier.resume_domain(domain)

    @rule(batch=BATCHES, domain=st.none() | DOMAINS)
    def drop(self, batch: int, domain: str | None) -> None:
        queued, waiting = (self.model.of(state, batch, domain) for state in ("queued", "waiting"))
        assert self.frontier.drop(batch, domain) == Dropped(len(queued), len(waiting))
        for known in queued + waiting:
            known.state = "final"
        # the journal has written it before: what is read from now on does not hold them
        for read in self.reads:
            read.ids = (
                [i for i in read.ids if self.model.items[i].state == "queued"] if read.ids else read.ids
            )

    # -- what holds after every step

    @invariant()
    def everything_is_counted(self) -> None:
        for domain in ("a.test", "b.test", "c.test"):
            queued = [k for k in self.model.of("queued", None, domain) if not self.is_paused(k.item.batch)]
            assert self.frontier.n_queued(domain) == len(queued)
        for batch in PRIORITIES:
            assert self.frontier.n_waiting(batch) == len(self.model.of("waiting", batch))
            for lane in self.frontier.lanes_of(batch):
                assert lane.n_queued == len(self.model.of("queued", batch, lane.domain)), lane
                assert lane.is_paused == self.is_paused(batch)
        due = [known.due for known in self.model.of("waiting")]
        assert self.frontier.next_due() == min(due, default=None)

    @invariant()
    def what_may_be_taken_is_told(self) -> None:
        takeable = self.frontier.takeable_domains()
        assert len(takeable) == len(set(takeable))
        assert {lane.domain for lane in self.takeable_lanes()} <= set(takeable)
        for domain in takeable:
            found = self.frontier.next_at(domain)
            assert found is not None
            assert not self.is_paused(found.batch)

    def teardown(self) -> None:
        """At the end, with nothing in the way, everything that is queued comes out once."""
        for batch in PRIORITIES:
            self.frontier.pause(batch, is_paused=False)
        self.model.paused.clear()
        for domain in ("a.test", "b.test", "c.test"):
            self.resume_domain(domain)
        for _ in range(1_000):
            self.ask_for_windows()
            for read in self.reads:
                queued = self.model.of("queued", read.lane.batch, read.lane.domain)
                if read.ids is None:
                    read.ids = [k.item.id for k in queued if k.item.id > read.after_id][:WINDOW]
                self._take_in(read)
            is_idle = not self.reads
            self.reads.clear()
            taken = self.frontier.take(99, lambda _: 99)
            if (alone := self.frontier.take_alone(lambda _: 99)) is not None:
                taken.append(alone)
            for item in taken:
                assert self.model.items[item.id].state == "queued"
                self.model.items[item.id].state = "leased"
            if is_idle and not taken:
                break
        assert not self.model.of("queued"), "something never comes out"


FrontierBesideItsModel.TestCase.settings = settings(stateful_step_count=40)
TestTheFrontierBesideItsModel = FrontierBesideItsModel.TestCase
