"""The links of a page that lists sets: which of them lead to sets, and where the list goes on.

A link is followed if it leads to the page's own domain, or to a set of a site that tlray knows. Anything else is left out, and
counted in the outcome's reason.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from tlray.core.model.discovery import MOST_ON_A_PAGE, FoundUrl
from tlray.core.model.hosts import is_public_host
from tlray.core.model.outcome import OutcomeKind
from tlray.core.model.urls import host_of
from tlray.core.scheduling.lease import LeasedItem
from tlray.core.submission.lines import Entry
from tlray.io.intake.url_list import URL_MARK, read_line
from tlray.model import ParsedPage, Tracklist
from tlray.sites.registry import for_url

LISTS = (
    "lists are read of MixesDB (category, search, Explorer), Discogs (artist, label), NTS (show), 1001tracklists (DJ, search),"
    " and of feeds"
)
NOT_FETCHED = "not fetched"
"""With the kind before it: `tlray.core.model.discovery.ONLY_FOUND`."""
Discovered = tuple[OutcomeKind, str | None, tuple[Tracklist, ...], tuple[FoundUrl, ...]]


def finds_sets(item: LeasedItem) -> bool:
    """True if the batch of an item finds sets."""
    return item.terms is not None and item.terms.max_found > 0


def is_only_found(item: LeasedItem) -> bool:
    """True if an item is a set by its URL, and its batch only finds sets."""
    return item.terms is not None and item.terms.is_only_finding and not item.fingerprint.startswith(URL_MARK)


def discover(item: LeasedItem, page: ParsedPage, kind: OutcomeKind) -> Discovered:
    """Return kind and reason of the outcome of a page, its sets, and its links, for a batch that finds sets."""
    is_only = item.terms is not None and item.terms.is_only_finding
    sets, listed = page.tracklists, [one.url for one in page.found]
    own = [made.page_url or made.url for made in sets]
    if is_only and (listed or page.next_url or len(sets) > 1):
        listed += own
    elif not is_only:
        listed = [url for url in listed if url not in set(own)]
    links, note = _links(item, listed, page.next_url)
    if sets and not is_only:
        return kind, page.reason, sets, links
    if links:
        return OutcomeKind.LISTED, note, (), links
    if sets:
        return OutcomeKind.FOUND, "not stored", (), ()
    if listed or page.next_url:
        return OutcomeKind.NOT_A_SET, f"none of what it lists is followed: {note}", (), ()
    if kind is OutcomeKind.UNREADABLE and not is_only:
        return kind, page.reason, (), ()  # it may be half a page
    return OutcomeKind.NOT_A_SET, f"it lists no sets ({page.reason or 'no list'}); {LISTS}", (), ()


def _links(
    item: LeasedItem, listed: list[str], next_url: str | None
) -> tuple[tuple[FoundUrl, ...], str | None]:
    """Return the links that are followed, each once, and what is left out."""
    links: dict[str, FoundUrl] = {}
    left_out: Counter[str] = Counter()
    for url, is_list in _each(listed, next_url):
        entry = read_line(0, url)
        reason = _refusal(item, entry, is_list=is_list) if isinstance(entry, Entry) else "are no URLs"
        if reason is not None:
            left_out[reason] += 1
        elif isinstance(entry, Entry):
            links.setdefault(entry.fingerprint, FoundUrl(entry.url, entry.domain, entry.fingerprint, is_list))
    if len(listed) > MOST_ON_A_PAGE:
        left_out["are beyond the most of one page"] = len(listed) - MOST_ON_A_PAGE
    note = "; ".join(
        f"{n} {'link' if n == 1 else 'links'} left out: they {why}" for why, n in left_out.items()
    )
    return tuple(links.values()), note or None


def _each(listed: list[str], next_url: str | None) -> Iterable[tuple[str, bool]]:
    yield from ((url, False) for url in listed[:MOST_ON_A_PAGE])
    if next_url:
        yield next_url, True


def _refusal(item: LeasedItem, entry: Entry, *, is_list: bool) -> str | None:
    """Return why a link is not followed; None if it is."""
    site = for_url(entry.url)
    if is_list:
        is_near = entry.domain == item.domain or (site is not None and site is for_url(item.url))
    elif site is not None:
        is_near = not entry.fingerprint.startswith(URL_MARK)
    else:
        is_near = entry.domain == item.domain
    if not is_near:
        return "lead to other hosts, and to no set of a known site"
    if is_public_host(host_of(entry.domain)) and (item.terms is None or item.terms.contact is None):
        return "lead to public hosts, for which a contact is needed"
    return None
