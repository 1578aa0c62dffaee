"""The engine: what is leased to which task, and the consequences of reports.

It is plain and synchronous: the time is an argument, there is no I/O and no Ray. The actor in
``cluster/handlers/coordinator.py`` calls it and does the I/O; a simulator runs a million URLs in virtual time. The order is
always: `decide` (changes nothing) → the journal commits → `apply`. Moments are monotonic seconds.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Mapping, Sequence

from tlray.core.model.discovery import AddedItems
from tlray.core.model.item import FrontierItem, Priority
from tlray.core.model.lifecycle import ItemEvent, ItemState
from tlray.core.model.outcome import Outcome, OutcomeKind
from tlray.core.politeness.retry import MAX_REST_S
from tlray.core.scheduling import lane_ends
from tlray.core.scheduling.autoscaling import Demand
from tlray.core.scheduling.batch import Batch
from tlray.core.scheduling.changeset import Changeset, ItemChange, LaneDeath
from tlray.core.scheduling.crash_suspect import NO_ITEM, CrashSuspect
from tlray.core.scheduling.domain_registry import DomainRegistry
from tlray.core.scheduling.engine_state import EngineState
from tlray.core.scheduling.eta import Outlook, outlook
from tlray.core.scheduling.eviction import Eviction
from tlray.core.scheduling.give_up import GiveUp
from tlray.core.scheduling.granting import Granting
from tlray.core.scheduling.invariants import check
from tlray.core.scheduling.lanes import Lane
from tlray.core.scheduling.lease import Lease, Report, Work
from tlray.core.scheduling.result_reuse import ResultReuse
from tlray.errors import check_invariant


class Engine(EngineState):
    """The engine's state, and the decisions about it."""

    def __init__(
        self,
        *,
        lease_s: float = 30.0,
        max_rest_s: float = MAX_REST_S,
        limiter_of: Callable[[str], int] = lambda _: 0,
    ) -> None:
        super().__init__(lease_s, max_rest_s)
        self.reuse = ResultReuse(self)
        self.give_up = GiveUp(self)
        self.eviction = Eviction(self)
        self.registry = DomainRegistry(self, self.give_up, self.eviction)
        self._granting = Granting(self, self.registry, self.reuse, self.eviction, limiter_of)

    def __repr__(self) -> str:
        known = f"{len(self.batches)} batches, {len(self.domains)} domains, {len(self.leases)} leases"
        return f"<Engine {known}, {self.frontier!r}>"

    # -- batches and domains -----------------------------------------------------------------

    def open(self, batch: Batch, lanes: Mapping[str, int], *, now: float) -> None:
        """Add a batch from the journal: ``lanes`` is domain → queued items."""
        self.batches[batch.id] = self.by_batch_id[batch.batch_id] = batch
        batch.open_items = self.open_items
        self.open_items.add(batch.owner, batch.n_open)
        for domain in batch.open_by_domain:
            self.domain_index.add(batch, domain)
        for domain, n in lanes.items():
            self.frontier.add_lane(batch.id, domain, batch.priority, n, is_paused=not batch.may_lease)
            self.registry.register(domain, batch, now).try_again(now=now)

    def close(self, batch_no: int, *, now: float) -> None:
        """Remove a finished batch, and later the domains that no other batch needs."""
        batch = self.batches.pop(batch_no, None)
        self.reuse.close(batch_no)
        self.frontier.drop(batch_no)
        if batch is not None:
            self.by_batch_id.pop(batch.batch_id, None)
            self.open_items.add(batch.owner, -batch.n_open)
            left = self.domain_index.remove(batch)
            self.registry.recompute_left(left)
            idle = [name for name in left if name in self.domains and name not in self.domain_index]
            self.eviction.note(idle, now=now)

    def forget_idle(self, now: float) -> set[str]:
        """Remove the domains that are not needed, and return them."""
        gone = self.eviction.step(now)
        for name in gone:
            self.registry.forget(name)
            self.give_up.forget(name)
            self._granting.forget(name)
        return gone

    def loaded(self, lane: Lane, items: list[FrontierItem], *, last_id: int, is_last: bool) -> None:
        """Add items that the journal loaded for a lane."""
        self._note_named(lane.domain, items)
        self.frontier.loaded(lane, items, last_id=last_id, is_last=is_last)

    def wait(self, item: FrontierItem, due: float) -> None:
        """Add an item that may not be fetched before ``due``."""
        self._note_named(item.domain, (item,))
        self.frontier.wait(item, due)

    def _note_named(self, domain: str, items: Iterable[FrontierItem]) -> None:
        state = self.domains[domain]
        state.is_named = state.is_named or any(not item.from_public for item in items)

    def pause(self, batch_no: int, *, is_paused: bool) -> None:
        """Pause or resume a batch, and recompute the policies of its domains."""
        batch = self.batches[batch_no]
        self.domain_index.refile(batch)
        for name in batch.open_by_domain:
            self.registry.recompute(self.domains[name], batch)
            self.robots_queue.wake(name)
        self.frontier.pause(batch_no, is_paused=is_paused or batch.is_matching)

    def begin(self, batch_no: int, *, now: float) -> None:
        """Start a scheduled batch."""
        for name in self.batches[batch_no].open_by_domain:
            self.domains[name].try_again(now=now)
        self.pause(batch_no, is_paused=False)

    def matching_done(self, batch_no: int) -> None:
        """End the matching of a batch against other batches' results: its other items are to be fetched."""
        batch = self.batches[batch_no]
        batch.is_matching = False
        self.pause(batch_no, is_paused=not batch.may_lease)

    def cool_down(self, domain: str, until: float, reason: str) -> None:
        """Fetch nothing of a domain before ``until``."""
        self.domains[domain].cool_down(until, reason)
        self.give_up.check(domain)
        heapq.heappush(self.timers, (until, domain))

    def cancel_open(self, batch_no: int, *, now: float) -> bool:
        """Cancel a batch's queued and waiting items; True if it has no open item left."""
        batch = self.batches[batch_no]
        self.reuse.drop(batch_no)
        self.frontier.drop(batch_no)
        leased: dict[str, int] = {}
        for lease in self.leases.values():
            for item in lease.items.values():
                if item.batch == batch_no:
                    leased[item.domain] = leased.get(item.domain, 0) + 1
        n_waiting = batch.counts.get(ItemState.WAITING, 0)
        for domain, n_open in list(batch.open_by_domain.items()):
            n = n_open - leased.get(domain, 0)
            n_of_waiting = min(n, n_waiting)
            n_waiting -= n_of_waiting
            batch.move(ItemState.WAITING, ItemState.CANCELLED, domain, now=now, n=n_of_waiting)
            batch.move(ItemState.QUEUED, ItemState.CANCELLED, domain, now=now, n=n - n_of_waiting)
        return not batch.n_open

    def revive(self, batch_no: int, by_domain: Mapping[str, int], *, now: float) -> None:
        """Queue dead letters again: ``by_domain`` is their number by domain."""
        batch = self.batches[batch_no]
        for domain, n in by_domain.items():
            batch.move(ItemState.DEAD, ItemState.QUEUED, domain, now=now, n=n)
            self.frontier.restock(batch_no, domain, batch.priority, n, is_paused=not batch.may_lease)
            self.registry.register(domain, batch, now).try_again(now=now)

    def set_priority(self, batch_no: int, priority: Priority) -> None:
        """Give a batch another priority. What is leased of it counts for the new one, too."""
        batch = self.batches[batch_no]
        for lease in self.leases.values():
            for item in lease.items.values():
                if item.batch == batch_no and item.id not in lease.unfetched:
                    leased_at = self.domains[item.domain].leased_at
                    leased_at[batch.priority] -= 1
                    leased_at[priority] += 1
        self.frontier.set_priority(batch_no, priority)
        batch.priority = priority
        batch.version += 1

    # -- leasing -------------------------------------------------------------------------------

    def demand(self, now: float) -> Demand:
        """Return the demand that politeness allows now, leased items included."""
        return self._granting.demand(now)

    def grant(self, lease_id: str, n: int, *, now: float, n_leases: int = 1) -> Work:
        """Lease up to ``n`` items, and requests for robots.txt, to a new or a live lease; an empty `Work` if there is none.

        ``n_leases`` tasks share the work: none gets more than its share.
        """
        return self._granting.grant(lease_id, n, now=now, n_leases=n_leases)

    def tick(self, now: float) -> None:
        """Apply the passing of time: due items, ended cool-downs."""
        for item in self.frontier.pop_due(now):
            batch = self.batches.get(item.batch)
            if batch is None:
                self.frontier.finish(item)
                continue
            batch.move(ItemState.WAITING, ItemState.QUEUED, item.domain, now=now)
            self.frontier.push(item, batch.priority, is_paused=not batch.may_lease)
            self.robots_queue.wake(item.domain)
        while self.timers and self.timers[0][0] <= now:
            _, name = heapq.heappop(self.timers)
            state = self.domains.get(name)
            if state is None:
                continue  # it was evicted
            if state.is_cooling(now):
                heapq.heappush(self.timers, (state.cool_until, name))
            else:
                self.frontier.resume_domain(name)

    def next_event(self) -> float | None:
        """Return the next moment at which `tick` has work, or None."""
        moments = [
            m
            for m in (
                self.frontier.next_due(),
                self.timers[0][0] if self.timers else None,
                self.eviction.next_at(),
            )
            if m is not None
        ]
        moments += [lease.until for lease in self.leases.values() if not lease.is_committing]
        return min(moments, default=None)

    def remaining_s(self, batch_no: int, *, now: float) -> float | None:
        """Return the seconds that a running batch still needs; None while there is no honest estimate."""
        return self.outlook(batch_no, now=now).left_s

    def outlook(self, batch_no: int, *, now: float) -> Outlook:
        """Return what is known of a running batch's end."""
        last_due = self.frontier.last_due(batch_no)
        return outlook(
            self.batches[batch_no], self.domains, now=now, others_at=self.domain_index.at, last_due=last_due
        )

    # -- what comes back -------------------------------------------------------------------------

    def renew(self, lease_id: str, *, now: float) -> Lease | None:
        """Renew and return a lease; None if it is over."""
        lease = self.leases.get(lease_id)
        if lease is not None:
            lease.until = now + self.lease_s
        return lease

    def expired(self, now: float) -> list[str]:
        """Return the leases whose task was silent for too long."""
        return [i for i, lease in self.leases.items() if lease.until <= now and not lease.is_committing]

    def apply_robots(self, report: Report, *, now: float) -> list[LaneDeath]:
        """Apply the answers to requests for robots.txt; return the lanes that end because there is none."""
        deaths = []
        lease = self.leases[report.lease_id]
        for answer in report.robots:
            state = self.domains[answer.domain]
            if answer.domain in lease.robots:
                lease.robots.discard(answer.domain)
                state.robots_lease = None
            deaths += lane_ends.of_robots(self, answer, state, now=now)
            if state.has_robots(now):
                self.frontier.resume_domain(answer.domain)
            else:
                self.robots_queue[answer.domain] = None
                heapq.heappush(self.timers, (state.cool_until, answer.domain))
                self.give_up.check(answer.domain)
            for other in self.leases.values():
                other.configured.discard(answer.domain)
        return deaths

    def prepare(self, changeset: Changeset) -> None:
        """Lease nothing of the lanes that a changeset ends, while the journal writes it."""
        for death in changeset.deaths:
            self.frontier.close_lane(death.batch, death.domain)
            self.reuse.drop(death.batch, death.domain)

    def apply(
        self,
        changeset: Changeset,
        *,
        now: float,
        killed: Sequence[tuple[int, int]] = (),
        added: Sequence[AddedItems] = (),
    ) -> list[int]:
        """Apply a changeset that the journal has committed; return the batches without open items. ``killed`` is the number of
        queued and waiting items that each of its ends of lanes had, if `prepare` was called; ``added`` is what pages of lists
        have added."""
        listed = {one.item_id: one.reason for one in added}
        lease = self.leases.get(changeset.lease_id) or Lease(changeset.lease_id, until=now)
        touched: dict[int, None] = {}
        outcomes: dict[str, list[Outcome]] = {}
        moves: dict[tuple[int, ItemState, ItemState, str], int] = {}
        for change in changeset.changes:
            touched[change.item.batch] = None
            change.reason = listed.get(change.item.id, change.reason)
            if change.after.is_final and change.event is not ItemEvent.ANSWERED:
                self.domains[change.item.domain].throughput.n_final += 1
            found = outcomes.setdefault(change.item.domain, [])
            if change.outcome is not None and change.outcome.kind is not OutcomeKind.ANSWERED:
                found.append(change.outcome)
            move = change.item.batch, change.before, change.after, change.item.domain
            moves[move] = moves.get(move, 0) + 1
            self._apply_change(change, lease, now)  # may move the item to another domain
        for (batch_no, before, after, domain), n in moves.items():
            self.batches[batch_no].move(before, after, domain, now=now, n=n)
        self._add_found(added, now=now)
        for domain, found in outcomes.items():
            state = self.domains[domain]
            was = state.effective
            if found:
                state.count(found, now=now)
            if state.effective is not was:
                self.registry.note_change(domain)
            self.frontier.resume_domain(domain)
            self.give_up.check(domain)
        for cool in changeset.cool_downs:
            self.cool_down(cool.domain, cool.until, cool.reason)
        for turn in changeset.turns:
            self.domains[turn.domain].wait_turn(turn.until, turn.reason)
            self.give_up.check(turn.domain)
            heapq.heappush(self.timers, (turn.until, turn.domain))
        for part in changeset.parts:
            batch = self.by_batch_id.get(part.batch_id)
            if batch is not None:
                batch.n_sets += part.n_sets
                batch.n_tracks += part.n_tracks
        for death, (n_queued, n_waiting) in zip(changeset.deaths, killed, strict=False):
            self.frontier.reopen_lane(death.batch, death.domain)
            self.kill_lane(death, now=now, n_queued=n_queued, n_waiting=n_waiting)
            touched[death.batch] = None
        return [
            batch_no for batch_no in touched if batch_no in self.batches and not self.batches[batch_no].n_open
        ]

    def _apply_change(self, change: ItemChange, lease: Lease, now: float) -> None:
        item = change.item
        batch = self.batches[item.batch]
        batch.log_change(change, now=now)
        self.reuse.release_item(lease, item)
        batch.n_answered += change.event is ItemEvent.ANSWERED
        batch.n_blocked += change.outcome is not None and change.outcome.kind is OutcomeKind.BLOCKED
        batch.n_retries += change.event is ItemEvent.RETRY
        item.attempt, item.n_lost, item.n_hops = change.attempt, change.n_lost, change.n_hops
        item.snoozed_since, item.url, item.from_public = change.snoozed_since, change.url, change.from_public
        if change.domain != item.domain:
            batch.move_domain(item.domain, change.domain)
            item.domain = change.domain
            self.registry.register(item.domain, batch, now)
            self._note_named(item.domain, (item,))
        if change.after is ItemState.QUEUED:
            item.is_suspect = change.is_suspect
            item.n_unanswered += change.outcome is not None and change.outcome.reused is not None
            self.frontier.push(item, batch.priority, first=True, is_paused=not batch.may_lease)
            self.robots_queue.wake(item.domain)
        elif change.after is ItemState.WAITING:
            self.frontier.wait(item, now if change.due is None else change.due)
        else:
            self.frontier.finish(item)

    def _add_found(self, added: Sequence[AddedItems], *, now: float) -> None:
        for one in added:
            batch = self.batches[one.batch]
            batch.add_found(one)
            for domain, n in one.queued.items():
                self.frontier.restock(batch.id, domain, batch.priority, n, is_paused=not batch.may_lease)
                self.registry.register(domain, batch, now)

    def kill_lane(self, death: LaneDeath, *, now: float, n_queued: int, n_waiting: int) -> bool:
        """Apply the end of a lane that the journal has written; True if the batch has no open item left.

        The journal counted the items. How many were queued and how many waiting is known only here, because an item that
        becomes due is not journalled before its lease.
        """
        batch = self.batches.get(death.batch)
        if batch is None:
            return False  # it ended twice, by two reports, and the first closed its batch
        self.reuse.drop(death.batch, death.domain)
        gone = self.frontier.drop(death.batch, death.domain)
        counted = n_queued + n_waiting
        held = gone.n_queued + gone.n_waiting
        check_invariant(held == counted, "{} open in the journal, {} in memory: {}", counted, held, death)
        batch.move(ItemState.QUEUED, ItemState.DEAD, death.domain, now=now, n=gone.n_queued)
        batch.move(ItemState.WAITING, ItemState.DEAD, death.domain, now=now, n=gone.n_waiting)
        return not batch.n_open

    def end(self, lease_id: str, *, suspect: CrashSuspect = NO_ITEM) -> list[LaneDeath]:
        """Remove a lease without items; return the lanes that end because their robots.txt kills its reader."""
        lease = self.leases.pop(lease_id, None)
        for name in lease.robots if lease else ():
            self.domains[name].robots_lease = None
            self.robots_queue[name] = None
        deaths = lane_ends.of_lost_reader(self, suspect)
        if suspect.robots_of in self.domains:
            self.domains[suspect.robots_of].count_robots_crash()
        return deaths

    # -- invariants --------------------------------------------------------------------------------

    def check_invariants(self) -> None:
        """Raise `InvariantBroken` if the counts do not balance, or an item is in two places."""
        check(self, self.eviction)
