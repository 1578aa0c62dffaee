"""The stored state of domains, loaded when they come, or come back after they were forgotten.

A batch brings what is remembered of its own domains when it is opened. Domains that come otherwise (a redirect, a manual
retry, a robots.txt that lies elsewhere) are strangers to the engine until the journal has been asked; nothing of them is
handed out before.
"""

from __future__ import annotations

from tlray.cluster.coordinator.state import CoordinatorState
from tlray.io.journal.rows import DomainRow


def remember(state: CoordinatorState, row: DomainRow) -> None:
    """Take in what the journal knows of a domain: its robots.txt, and its rest."""
    now, wall = state.now(), state.wall()
    domain = state.engine.domains.get(row.name)
    if domain is None:
        return
    if row.robots_text is not None and row.robots_at and wall >= row.robots_at:
        # one that is too old is asked for again; till then its crawl-delay holds
        domain.apply_robots(row.robots_text, row.crawl_delay_s, now=now - (wall - row.robots_at))
    if row.cool_until and row.cool_until > wall:
        domain.n_blocks = max(domain.n_blocks, row.n_blocks)
        state.engine.cool_down(row.name, now + row.cool_until - wall, row.cool_reason or "")


async def recall(state: CoordinatorState) -> None:
    """Ask the journal for the domains that the engine does not know yet. They stay strangers until it has answered, so that who
    asks meanwhile waits, too."""
    names = list(state.engine.unrecalled)
    if not names:
        return
    rows = await state.write(lambda: [state.journal.domain(name) for name in names])
    for row in rows:
        if row is not None and row.name in state.engine.unrecalled:
            remember(state, row)
    state.engine.registry.recalled(names)
