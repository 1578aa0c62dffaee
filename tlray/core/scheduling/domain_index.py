"""An index of who is where: domain → the open batches that have, or had, items there.

So a question about one domain looks at the batches of that domain, and the end of a batch at its own domains, however many
others there are.
"""

from __future__ import annotations

from tlray.core.scheduling.batch import BatchBook


class Presence:
    """Open batches by domain, in the order in which they came."""

    def __init__(self) -> None:
        self._at: dict[str, tuple[BatchBook, ...]] = {}

    def __repr__(self) -> str:
        return f"<Presence at {len(self._at)} domains>"

    def __contains__(self, domain: str) -> bool:
        return domain in self._at

    def at(self, domain: str) -> tuple[BatchBook, ...]:
        """Return the batches of a domain."""
        return self._at.get(domain, ())

    def come(self, book: BatchBook, domain: str) -> None:
        """Take in that a batch has items at a domain."""
        here = self._at.get(domain, ())
        if not any(other is book for other in here):
            self._at[domain] = (*here, book)

    def leave(self, book: BatchBook) -> list[str]:
        """Take in that a batch is gone; return the domains that it was at."""
        for domain in book.open_by_domain:
            left = tuple(other for other in self._at.get(domain, ()) if other is not book)
            if left:
                self._at[domain] = left
            else:
                self._at.pop(domain, None)
        return list(book.open_by_domain)
