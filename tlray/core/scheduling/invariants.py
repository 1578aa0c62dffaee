"""The invariants of an engine's state: counts balance, and no item is in two places.

The check is too slow for every step of a real run; tests call it after every simulated step.
"""

from __future__ import annotations

from collections import Counter

from tlray.core.model.lifecycle import ItemState
from tlray.core.scheduling.engine_state import EngineState
from tlray.core.scheduling.eviction import Eviction
from tlray.errors import check_invariant


def check(engine: EngineState, eviction: Eviction) -> None:
    """Raise `InvariantBroken` if the counts do not balance, or an item is in two places."""
    seen: set[int] = set()
    by_batch: Counter[int] = Counter()
    by_domain: Counter[str] = Counter()
    by_holder: Counter[tuple[str, str]] = Counter()
    for lease in engine.leases.values():
        for item in lease.items.values():
            check_invariant(item.id not in seen, "item {} is in two leases", item.id)
            check_invariant(item.batch in engine.batches, "item {} is leased, its batch is closed", item.id)
            seen.add(item.id)
            by_batch[item.batch] += 1
            if item.id not in lease.unfetched:
                by_domain[item.domain] += 1
                by_holder[item.domain, lease.lease_id] += 1
    for lane in (lane for batch_no in engine.batches for lane in engine.frontier.lanes_of(batch_no)):
        for item in (*lane.ready, *lane.isolated, *lane.behind.values()):
            check_invariant(item.id not in seen, "item {} is in two places", item.id)
            check_invariant(
                item.domain == lane.domain, "item {} stands in the lane of {}", item.id, lane.domain
            )
            seen.add(item.id)
    for batch in engine.batches.values():
        counts = batch.counts
        queued = sum(lane.n_queued for lane in engine.frontier.lanes_of(batch.id))
        waiting = engine.frontier.n_waiting(batch.id)
        held = {ItemState.QUEUED: queued, ItemState.WAITING: waiting, ItemState.LEASED: by_batch[batch.id]}
        for state, n in held.items():
            check_invariant(
                counts.get(state, 0) == n,
                "{} {} in the books, {} held: {}",
                counts.get(state),
                state,
                n,
                batch,
            )
        check_invariant(min(counts.values(), default=0) >= 0, "a count below 0: {}", batch)
        check_invariant(
            min(batch.open_by_domain.values(), default=0) >= 0, "a domain's count below 0: {}", batch
        )
        check_invariant(
            sum(batch.open_by_domain.values()) == batch.n_open, "the domains do not add up: {}", batch
        )
        check_invariant(engine.domain_index.is_filed(batch), "it is not filed as what it is: {}", batch)
    n_open, counted = sum(batch.n_open for batch in engine.batches.values()), engine.open_items.of(None)
    check_invariant(counted == n_open, "{} open in the books, {} counted", n_open, counted)
    for domain in engine.domains.values():
        is_needed = domain.name in engine.domain_index or domain.name in eviction
        check_invariant(is_needed, "nobody needs it, and it would never be forgotten: {}", domain)
        name, n_held = domain.name, by_domain[domain.name]
        check_invariant(domain.n_leased == n_held, "{} items are leased: {}", n_held, domain)
        for holder, n in domain.holders.items():
            check_invariant(
                n == by_holder[name, holder], "{} holds {}: {}", holder, by_holder[name, holder], domain
            )
