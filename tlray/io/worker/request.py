"""The request for an item's page: the URL that its site is read by, and the media types that its parser takes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from tlray.core.model.outcome import Outcome, OutcomeKind
from tlray.core.politeness.robots import rules_of
from tlray.core.scheduling.lease import LeasedItem
from tlray.io.worker.found_links import LISTS, NOT_FETCHED, finds_sets, is_only_found
from tlray.sites.registry import shared


@dataclass(frozen=True, slots=True)
class PageRequest:
    """What is fetched for an item."""

    url: str
    types: frozenset[str]
    """The media types of an answer that is read."""
    by_terms: bool = False
    """True if the site's terms allow it, whatever its robots.txt says: the batch's user chose so (``--api-terms``)."""


def request_for(item: LeasedItem) -> PageRequest | None:
    """Return what is fetched for an item; None where its URL names nothing that its site gives."""
    return _request(item.url, item.terms.api_terms if item.terms else ())


def refusal_of(item: LeasedItem, robots: str) -> Outcome | None:
    """Return the outcome of an item that is not fetched: its site gives nothing at its URL, or robots.txt disallows it."""
    if is_only_found(item):
        return Outcome(item.item_id, OutcomeKind.FOUND, reason=NOT_FETCHED)
    asked = request_for(item)
    if asked is None:
        hint = f"; {LISTS}" if finds_sets(item) else ""
        return Outcome(
            item.item_id, OutcomeKind.NOT_A_SET, reason=f"no set of this site has such a URL{hint}"
        )
    if asked.by_terms or rules_of(robots).may_fetch(asked.url):
        return None
    return Outcome(item.item_id, OutcomeKind.ROBOTS, reason="robots.txt disallows it")


@lru_cache(maxsize=256)  # asked before and after the permit
def _request(url: str, api_terms: tuple[str, ...]) -> PageRequest | None:
    site, types = shared().api_of(url), shared().media_types(url)
    if site is None:
        return PageRequest(url, types)
    if site.name in api_terms and (by_terms := site.terms_url(url)):
        return PageRequest(by_terms, types, by_terms=True)
    fetched = site.fetch_url(url)
    return None if fetched is None else PageRequest(fetched, types)
