"""The config of one batch: contact, fetch timeout, number of tasks.

It is stored with the batch, and holds for it alone, in every coordinator.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class BatchConfig:
    """The config of one batch."""

    contact: str | None = None
    """E-mail address or web page of the batch's user, for the sites' owners; part of the User-Agent."""
    fetch_timeout_s: float = 60.0
    """The longest that one fetch may take."""
    max_workers: int | None = None
    """The largest number of scrape tasks while the batch runs; None: the default of the machine or the cluster."""
    api_terms: tuple[str, ...] = ()
    """Sites whose API is used under its published terms, although robots.txt disallows it."""
    max_found: int = 0
    """Sets that pages of lists may add to the batch (`tlray.core.model.discovery`); 0: it finds none."""
    is_only_finding: bool = False
    """True if the sets that it finds are not fetched."""


def user_agent(version: str, contact: str | None) -> str:
    """Return the User-Agent: product, version, and contact."""
    return f"tlray/{version} (+{contact})" if contact else f"tlray/{version}"


def most_workers(running: Iterable[BatchConfig | None], *, default: int, without_terms: int) -> int:
    """Return the largest number of tasks that a running batch asks for.

    ``default`` is the number of a batch that asks for none; ``without_terms`` that of a batch from before there were configs,
    or while none runs.
    """
    numbers = [without_terms if terms is None else terms.max_workers or default for terms in running]
    return max(numbers, default=without_terms)
