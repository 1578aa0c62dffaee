"""The terms of one batch: in whose name its pages are fetched, how long a fetch may take, how many tasks it may use.

They are kept with the batch and hold for it alone, whoever started the coordinator that works on it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class BatchTerms:
    """The terms of one batch."""

    contact: str | None = None
    """E-mail address or web page of the batch's user, for the sites' owners; part of the User-Agent."""
    fetch_timeout_s: float = 60.0
    """The longest that one fetch may take."""
    max_workers: int | None = None
    """The largest number of scrape tasks while the batch runs; None: the default of the machine or the cluster."""


def user_agent(version: str, contact: str | None) -> str:
    """Return the honest User-Agent: product, version, and whom to write to."""
    return f"tlray/{version} (+{contact})" if contact else f"tlray/{version}"


def most_workers(running: Iterable[BatchTerms | None], *, default: int, without_terms: int) -> int:
    """Return the largest number of tasks that one of the running batches asks for.

    ``default`` is the number of a batch that asks for none; ``without_terms`` that of one that was written before there were
    terms, or where none is running.
    """
    numbers = [without_terms if terms is None else terms.max_workers or default for terms in running]
    return max(numbers, default=without_terms)
