"""Do the engine's books balance? The invariants of DESIGN.md that can be seen from within.

Too slow for every step of a real run; tests call it after every step of simulated ones.
"""

from __future__ import annotations

from collections import Counter

from tlray.core.model.lifecycle import ItemState
from tlray.core.scheduling.engine_state import EngineState
from tlray.core.scheduling.eviction import Forgetting
from tlray.errors import hold


def check(engine: EngineState, forgetting: Forgetting) -> None:
    """Raise `InvariantBroken` where the books do not balance, or an item is in two places."""
    seen: set[int] = set()
    by_batch: Counter[int] = Counter()
    by_domain: Counter[str] = Counter()
    by_holder: Counter[tuple[str, str]] = Counter()
    for lease in engine.leases.values():
        for item in lease.items.values():
            hold(item.id not in seen, "item {} is in two leases", item.id)
            hold(item.batch in engine.books, "item {} is leased, its batch is closed", item.id)
            seen.add(item.id)
            by_batch[item.batch] += 1
            if item.id not in lease.unfetched:
                by_domain[item.domain] += 1
                by_holder[item.domain, lease.lease_id] += 1
    for lane in (lane for batch in engine.books for lane in engine.frontier.lanes_of(batch)):
        for item in (*lane.ready, *lane.isolated, *lane.behind.values()):
            hold(item.id not in seen, "item {} is in two places", item.id)
            hold(item.domain == lane.domain, "item {} stands in the lane of {}", item.id, lane.domain)
            seen.add(item.id)
    for book in engine.books.values():
        counts = book.counts
        queued = sum(lane.n_queued for lane in engine.frontier.lanes_of(book.id))
        waiting = engine.frontier.n_waiting(book.id)
        held = {ItemState.QUEUED: queued, ItemState.WAITING: waiting, ItemState.LEASED: by_batch[book.id]}
        for state, n in held.items():
            hold(
                counts.get(state, 0) == n,
                "{} {} in the books, {} held: {}",
                counts.get(state),
                state,
                n,
                book,
            )
        hold(min(counts.values(), default=0) >= 0, "a count below 0: {}", book)
        hold(min(book.open_by_domain.values(), default=0) >= 0, "a domain's count below 0: {}", book)
        hold(sum(book.open_by_domain.values()) == book.n_open, "the domains do not add up: {}", book)
        for name in book.open_by_domain:
            hold(book in engine.presence.at(name), "{} is not indexed at {}", book, name)
    for domain in engine.domains.values():
        is_needed = domain.name in engine.presence or domain.name in forgetting
        hold(is_needed, "nobody needs it, and it would never be forgotten: {}", domain)
        name, n_held = domain.name, by_domain[domain.name]
        hold(domain.n_leased == n_held, "{} items are leased: {}", n_held, domain)
        for holder, n in domain.holders.items():
            hold(n == by_holder[name, holder], "{} holds {}: {}", holder, by_holder[name, holder], domain)
