"""An index from each domain to the open batches that have, or had, items there.

A question about one domain costs the batches of that domain, and the end of a batch costs its own domains.
"""

from __future__ import annotations

from tlray.core.scheduling.batch import Batch


class DomainIndex:
    """Open batches by domain, in order of arrival."""

    def __init__(self) -> None:
        self._at: dict[str, tuple[Batch, ...]] = {}

    def __repr__(self) -> str:
        return f"<Presence at {len(self._at)} domains>"

    def __contains__(self, domain: str) -> bool:
        return domain in self._at

    def at(self, domain: str) -> tuple[Batch, ...]:
        """Return the batches of a domain."""
        return self._at.get(domain, ())

    def add(self, batch: Batch, domain: str) -> None:
        """Add a batch to a domain."""
        here = self._at.get(domain, ())
        if not any(other is batch for other in here):
            self._at[domain] = (*here, batch)

    def remove(self, batch: Batch) -> list[str]:
        """Remove a batch; return its domains."""
        for domain in batch.open_by_domain:
            left = tuple(other for other in self._at.get(domain, ()) if other is not batch)
            if left:
                self._at[domain] = left
            else:
                self._at.pop(domain, None)
        return list(batch.open_by_domain)
