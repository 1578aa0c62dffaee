"""The brain of a coordinator: what is leased to whom, and what follows from what comes back.

It is plain and synchronous: the time is handed to it, it does no I/O, it knows no Ray. The actor in
``cluster/coordinator/coordinator.py`` asks it and does what it says; a simulator can drive it through a million URLs in
virtual time. The order is always: `decide` (changes nothing) → the journal commits → `apply`. Times are
monotonic seconds.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Mapping, Sequence

from tlray.core.model.item import FrontierItem
from tlray.core.model.lifecycle import ItemEvent, ItemState
from tlray.core.model.outcome import Outcome, OutcomeKind
from tlray.core.politeness.retry import MAX_REST_S
from tlray.core.scheduling import lane_ends
from tlray.core.scheduling.autoscaling import Demand
from tlray.core.scheduling.batch import BatchBook
from tlray.core.scheduling.changeset import ItemChange, LaneDeath, Verdict
from tlray.core.scheduling.crash_suspect import NOBODY, Suspect
from tlray.core.scheduling.domain_registry import Treatment
from tlray.core.scheduling.engine_state import EngineState
from tlray.core.scheduling.eta import remaining_s
from tlray.core.scheduling.eviction import Forgetting
from tlray.core.scheduling.frontier import Lane
from tlray.core.scheduling.give_up import Patience
from tlray.core.scheduling.granting import Granting
from tlray.core.scheduling.invariants import check
from tlray.core.scheduling.lease import Lease, Report, Work
from tlray.core.scheduling.result_reuse import Answering
from tlray.errors import hold


class Engine(EngineState):
    """All batches, domains, items and leases that are alive, and the decisions about them."""

    def __init__(
        self,
        *,
        lease_s: float = 30.0,
        max_rest_s: float = MAX_REST_S,
        limiter_of: Callable[[str], int] = lambda _: 0,
    ) -> None:
        super().__init__(lease_s, max_rest_s)
        self.answering = Answering(self)
        self.patience = Patience(self)
        self.forgetting = Forgetting(self)
        self.treatment = Treatment(self, self.patience, self.forgetting)
        self._granting = Granting(self, self.treatment, self.answering, self.forgetting, limiter_of)

    def __repr__(self) -> str:
        known = f"{len(self.books)} batches, {len(self.domains)} domains, {len(self.leases)} leases"
        return f"<Engine {known}, {self.frontier!r}>"

    # -- batches and domains -----------------------------------------------------------------

    def open(self, book: BatchBook, lanes: Mapping[str, int], *, now: float) -> None:
        """Take in a batch whose items are journalled: ``lanes`` is domain → queued items."""
        self.books[book.id] = self.named[book.batch_id] = book
        for domain in book.open_by_domain:
            self.presence.come(book, domain)
        for domain, n in lanes.items():
            self.frontier.add_lane(book.id, domain, book.priority, n, is_paused=not book.may_lease)
            self.treatment.learn_of(domain, book, now).try_anew(now=now)

    def close(self, batch: int, *, now: float) -> None:
        """Forget a finished batch, and soon the domains that no other has to do with."""
        book = self.books.pop(batch, None)
        self.answering.close(batch)
        self.frontier.drop(batch)
        if book is not None:
            self.named.pop(book.batch_id, None)
            left = self.presence.leave(book)
            self.treatment.look_again(left)
            idle = [name for name in left if name in self.domains and name not in self.presence]
            self.forgetting.note(idle, now=now)

    def forget_idle(self, now: float) -> set[str]:
        """Forget the domains that nothing has to do with any more, and return them."""
        gone = self.forgetting.step(now)
        for name in gone:
            self.treatment.forget(name)
            self.patience.forget(name)
            self._granting.forget(name)
        return gone

    def loaded(self, lane: Lane, items: list[FrontierItem], *, last_id: int, is_last: bool) -> None:
        """Take in items that the journal gave for a lane."""
        self._note_named(lane.domain, items)
        self.frontier.loaded(lane, items, last_id=last_id, is_last=is_last)

    def wait(self, item: FrontierItem, due: float) -> None:
        """Take in an item that may not be fetched before ``due``."""
        self._note_named(item.domain, (item,))
        self.frontier.wait(item, due)

    def _note_named(self, domain: str, items: Iterable[FrontierItem]) -> None:
        state = self.domains[domain]
        state.is_named = state.is_named or any(not item.from_public for item in items)

    def pause(self, batch: int, *, is_paused: bool) -> None:
        """Lease nothing more of a batch, or go on; its manners have a say in its domains' while it does."""
        book = self.books[batch]
        for name in book.open_by_domain:
            self.treatment.look_at(self.domains[name], book)
            self.robots_wanted.wake(name)
        self.frontier.pause(batch, is_paused=is_paused or book.is_answering)

    def begin(self, batch: int, *, now: float) -> None:
        """Lease of a batch that was put off until now, as of one that was just taken in."""
        for name in self.books[batch].open_by_domain:
            self.domains[name].try_anew(now=now)
        self.pause(batch, is_paused=False)

    def all_answered(self, batch: int) -> None:
        """Take in that kept results have answered what they can: the rest of the batch is to be fetched."""
        book = self.books[batch]
        book.is_answering = False
        self.pause(batch, is_paused=not book.may_lease)

    def cool_down(self, domain: str, until: float, reason: str) -> None:
        """Fetch nothing of a domain before ``until``."""
        self.domains[domain].cool_down(until, reason)
        self.patience.look_at(domain)
        heapq.heappush(self.timers, (until, domain))

    def cancel_open(self, batch: int, *, now: float) -> bool:
        """Take in that a batch's queued and waiting items are cancelled; True when it has nothing open any
        more."""
        book = self.books[batch]
        self.answering.drop(batch)
        self.frontier.drop(batch)
        leased: dict[str, int] = {}
        for lease in self.leases.values():
            for item in lease.items.values():
                if item.batch == batch:
                    leased[item.domain] = leased.get(item.domain, 0) + 1
        n_waiting = book.counts.get(ItemState.WAITING, 0)
        for domain, n_open in list(book.open_by_domain.items()):
            n = n_open - leased.get(domain, 0)
            n_of_waiting = min(n, n_waiting)
            n_waiting -= n_of_waiting
            book.move(ItemState.WAITING, ItemState.CANCELLED, domain, now=now, n=n_of_waiting)
            book.move(ItemState.QUEUED, ItemState.CANCELLED, domain, now=now, n=n - n_of_waiting)
        return not book.n_open

    def revive(self, batch: int, by_domain: Mapping[str, int], *, now: float) -> None:
        """Take in that dead letters are queued again: ``by_domain`` is how many of each domain."""
        book = self.books[batch]
        for domain, n in by_domain.items():
            book.move(ItemState.DEAD, ItemState.QUEUED, domain, now=now, n=n)
            self.frontier.restock(batch, domain, book.priority, n, is_paused=not book.may_lease)
            self.treatment.learn_of(domain, book, now).try_anew(now=now)

    # -- leasing -------------------------------------------------------------------------------

    def demand(self, now: float) -> Demand:
        """Return the work that politeness allows now, what is leased already included."""
        return self._granting.demand(now)

    def grant(self, lease_id: str, n: int, *, now: float, n_leases: int = 1) -> Work:
        """Lease up to ``n`` items, and robots.txt errands, to a new lease or one that goes on; an empty
        `Work` if there is none.

        ``n_leases`` is how many tasks share the work: none takes more than its part of what is there.
        """
        return self._granting.grant(lease_id, n, now=now, n_leases=n_leases)

    def tick(self, now: float) -> None:
        """Move on what only time moves: items that are due, cool-downs that end."""
        for item in self.frontier.pop_due(now):
            book = self.books.get(item.batch)
            if book is None:
                self.frontier.finish(item)
                continue
            book.move(ItemState.WAITING, ItemState.QUEUED, item.domain, now=now)
            self.frontier.push(item, book.priority, is_paused=not book.may_lease)
            self.robots_wanted.wake(item.domain)
        while self.timers and self.timers[0][0] <= now:
            _, name = heapq.heappop(self.timers)
            state = self.domains.get(name)
            if state is None:
                continue  # it has been forgotten
            if state.is_cooling(now):
                heapq.heappush(self.timers, (state.cool_until, name))
            else:
                self.frontier.unpark(name)

    def next_event(self) -> float | None:
        """Return when time moves something next, or None."""
        moments = [
            m
            for m in (
                self.frontier.next_due(),
                self.timers[0][0] if self.timers else None,
                self.forgetting.next_at(),
            )
            if m is not None
        ]
        moments += [lease.until for lease in self.leases.values() if not lease.is_committing]
        return min(moments, default=None)

    def remaining_s(self, batch: int, *, now: float) -> float | None:
        """Return the seconds that a running batch still needs, or None while nothing can be said honestly."""
        last_due = self.frontier.last_due(batch)
        return remaining_s(
            self.books[batch], self.domains, now=now, others_at=self.presence.at, last_due=last_due
        )

    # -- what comes back -------------------------------------------------------------------------

    def renew(self, lease_id: str, *, now: float) -> Lease | None:
        """Return a lease and let it live on, or None if it is over."""
        lease = self.leases.get(lease_id)
        if lease is not None:
            lease.until = now + self.lease_s
        return lease

    def expired(self, now: float) -> list[str]:
        """Return the leases whose task has not been heard of for too long."""
        return [i for i, lease in self.leases.items() if lease.until <= now and not lease.is_committing]

    def learn_robots(self, report: Report, *, now: float) -> list[LaneDeath]:
        """Take in what the lease found as robots.txt; return the lanes that die of having none."""
        deaths = []
        lease = self.leases[report.lease_id]
        for answer in report.robots:
            state = self.domains[answer.domain]
            if answer.domain in lease.robots:
                lease.robots.discard(answer.domain)
                state.robots_lease = None
            deaths += lane_ends.of_robots(self, answer, state, now=now)
            if state.knows_robots(now):
                self.frontier.unpark(answer.domain)
            else:
                self.robots_wanted[answer.domain] = None
                heapq.heappush(self.timers, (state.cool_until, answer.domain))
                self.patience.look_at(answer.domain)
            for other in self.leases.values():
                other.told.discard(answer.domain)
        return deaths

    def prepare(self, verdict: Verdict) -> None:
        """Lease nothing more of the lanes that a verdict ends, while the journal writes it."""
        for death in verdict.deaths:
            self.frontier.close_lane(death.batch, death.domain)
            self.answering.drop(death.batch, death.domain)

    def apply(self, verdict: Verdict, *, now: float, killed: Sequence[tuple[int, int]] = ()) -> list[int]:
        """Take in a verdict that the journal has committed; return the batches that have nothing open any
        more. ``killed`` is how many queued and waiting items each of its deaths has ended, where `prepare` was called before.
        """
        lease = self.leases.get(verdict.lease_id) or Lease(verdict.lease_id, until=now)
        touched: dict[int, None] = {}
        outcomes: dict[str, list[Outcome]] = {}
        moves: dict[tuple[int, ItemState, ItemState, str], int] = {}
        for change in verdict.changes:
            touched[change.item.batch] = None
            if change.after.is_final and change.event is not ItemEvent.ANSWERED:
                self.domains[change.item.domain].pace.n_final += 1
            found = outcomes.setdefault(change.item.domain, [])
            if change.outcome is not None and change.outcome.kind is not OutcomeKind.ANSWERED:
                found.append(change.outcome)
            move = change.item.batch, change.before, change.after, change.item.domain
            moves[move] = moves.get(move, 0) + 1
            self._apply_change(change, lease, now)  # may carry the item to another domain
        for (batch, before, after, domain), n in moves.items():
            self.books[batch].move(before, after, domain, now=now, n=n)
        for domain, found in outcomes.items():
            state = self.domains[domain]
            was = state.effective
            if found:
                state.count(found, now=now)
            if state.effective is not was:
                self.treatment.note(domain)
            self.frontier.unpark(domain)
            self.patience.look_at(domain)
        for cool in verdict.cool_downs:
            self.cool_down(cool.domain, cool.until, cool.reason)
        for turn in verdict.turns:
            self.domains[turn.domain].wait_turn(turn.until, turn.reason)
            self.patience.look_at(turn.domain)
            heapq.heappush(self.timers, (turn.until, turn.domain))
        for part in verdict.parts:
            book = self.named.get(part.batch_id)
            if book is not None:
                book.n_sets += part.n_sets
                book.n_tracks += part.n_tracks
        for death, (n_queued, n_waiting) in zip(verdict.deaths, killed, strict=False):
            self.frontier.reopen_lane(death.batch, death.domain)
            self.kill_lane(death, now=now, n_queued=n_queued, n_waiting=n_waiting)
            touched[death.batch] = None
        return [batch for batch in touched if batch in self.books and not self.books[batch].n_open]

    def _apply_change(self, change: ItemChange, lease: Lease, now: float) -> None:
        item = change.item
        book = self.books[item.batch]
        book.note(change, now=now)
        self.answering.let_go(lease, item)
        book.n_answered += change.event is ItemEvent.ANSWERED
        book.n_blocked += change.outcome is not None and change.outcome.kind is OutcomeKind.BLOCKED
        book.n_retries += change.event is ItemEvent.RETRY
        item.attempt, item.n_lost, item.n_hops = change.attempt, change.n_lost, change.n_hops
        item.snoozed_since, item.url, item.from_public = change.snoozed_since, change.url, change.from_public
        if change.domain != item.domain:
            book.rehome(item.domain, change.domain)
            item.domain = change.domain
            self.treatment.learn_of(item.domain, book, now)
            self._note_named(item.domain, (item,))
        if change.after is ItemState.QUEUED:
            item.is_suspect = change.is_suspect
            item.n_unanswered += change.outcome is not None and change.outcome.kept is not None
            self.frontier.push(item, book.priority, first=True, is_paused=not book.may_lease)
            self.robots_wanted.wake(item.domain)
        elif change.after is ItemState.WAITING:
            self.frontier.wait(item, now if change.due is None else change.due)
        else:
            self.frontier.finish(item)

    def kill_lane(self, death: LaneDeath, *, now: float, n_queued: int, n_waiting: int) -> bool:
        """Take in that the journal has made dead letters of a lane's queued and waiting items.

        How many they are it counted; which were queued and which waiting is only known here, because an item
        that has become due is not written down before it is leased. True when the batch has nothing open.
        """
        book = self.books.get(death.batch)
        if book is None:
            return False  # it died twice, of two reports, and the first death was the end of its batch
        self.answering.drop(death.batch, death.domain)
        gone = self.frontier.drop(death.batch, death.domain)
        counted = n_queued + n_waiting
        held = gone.n_queued + gone.n_waiting
        hold(held == counted, "{} open in the journal, {} in memory: {}", counted, held, death)
        book.move(ItemState.QUEUED, ItemState.DEAD, death.domain, now=now, n=gone.n_queued)
        book.move(ItemState.WAITING, ItemState.DEAD, death.domain, now=now, n=gone.n_waiting)
        return not book.n_open

    def end(self, lease_id: str, *, suspect: Suspect = NOBODY) -> list[LaneDeath]:
        """Forget a lease that has no items left; return the lanes that die of a robots.txt that kills who reads it."""
        lease = self.leases.pop(lease_id, None)
        for name in lease.robots if lease else ():
            self.domains[name].robots_lease = None
            self.robots_wanted[name] = None
        deaths = lane_ends.of_lost_reader(self, suspect)
        if suspect.robots_of in self.domains:
            self.domains[suspect.robots_of].lose_robots()
        return deaths

    # -- invariants --------------------------------------------------------------------------------

    def check_invariants(self) -> None:
        """Raise `InvariantBroken` where the books do not balance, or an item is in two places."""
        check(self, self.forgetting)
