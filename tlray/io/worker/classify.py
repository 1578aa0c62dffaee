"""The outcome of a fetched item, from the response's status and the page's content.

A block page wins over any status: a captcha comes with 200, 206, 401, 403, 429 or 503.
"""

from __future__ import annotations

from datetime import UTC, datetime

from yarl import URL

from tlray.core.model.discovery import FoundUrl
from tlray.core.model.outcome import LED_INSIDE, Outcome, OutcomeKind
from tlray.core.model.quality import assess
from tlray.core.scheduling.lease import LeasedItem
from tlray.io.http.peer import is_public_peer
from tlray.io.http.response import Fetched, printable_reason
from tlray.io.worker.found_links import discover, finds_sets
from tlray.model import PageKind, Tracklist
from tlray.sites.interface import THROTTLED
from tlray.sites.registry import NO_PARSER, PAGE_TYPES, parse_page

_KINDS = {
    PageKind.TRACKLIST: OutcomeKind.FETCHED,
    PageKind.BLOCKED: OutcomeKind.BLOCKED,
    PageKind.GONE: OutcomeKind.GONE,
    PageKind.SEARCH: OutcomeKind.NOT_A_SET,
    PageKind.UNKNOWN: OutcomeKind.UNREADABLE,
}
_MAY_LIST = frozenset({OutcomeKind.FETCHED, OutcomeKind.NOT_A_SET, OutcomeKind.UNREADABLE})


def read_page(item: LeasedItem, fetched: Fetched) -> tuple[Outcome, tuple[Tracklist, ...]]:
    """Return the outcome of an item, and the sets on its page."""
    kind, reason = fetched.kind, fetched.reason
    sets: tuple[Tracklist, ...] = ()
    found: tuple[FoundUrl, ...] = ()
    if fetched.has_page and kind is not OutcomeKind.REDIRECTED:
        page = parse_page(fetched.body, item.url, fetched.charset)
        if page.reason == NO_PARSER and fetched.content_type not in {*PAGE_TYPES, ""}:
            kind, reason = kind or OutcomeKind.WRONG_TYPE, reason or fetched.content_type
        elif kind is None or page.kind is PageKind.BLOCKED:
            kind, reason = _KINDS[page.kind], page.reason
            if page.kind is PageKind.BLOCKED and reason == THROTTLED:
                kind = OutcomeKind.THROTTLED
            sets = page.tracklists if kind is OutcomeKind.FETCHED else ()
            if finds_sets(item) and kind in _MAY_LIST:
                kind, reason, sets, found = discover(item, page, kind)
            elif kind is OutcomeKind.NOT_A_SET and page.found:
                reason = f"{reason}; --find scrapes what it lists"
    elif kind is None:
        kind, reason = OutcomeKind.UNREADABLE, "empty"
    elif kind is OutcomeKind.PRIVATE_ADDRESS and item.from_public:
        reason = LED_INSIDE
    is_led_by_public = (kind is OutcomeKind.REDIRECTED or bool(found)) and is_public_peer(
        fetched.peer, URL(fetched.url, encoded=True).raw_host or ""
    )
    outcome = Outcome(
        item.item_id,
        kind,
        reason=printable_reason(reason),
        status=fetched.status,
        started_at=fetched.started_at,
        latency_s=fetched.latency_s,
        retry_after_s=fetched.retry_after_s,
        location=fetched.location,
        from_public=is_led_by_public,
        peer=fetched.peer if sets else None,
        n_sets=len(sets),
        n_tracks=sum(t.track_count for t in sets),
        n_bytes=fetched.n_bytes,
        found=found,
    )
    if sets:
        fetched_at = datetime.fromtimestamp(fetched.started_at, UTC)
        for tracklist in sets:
            tracklist.fetched_at = fetched_at
            tracklist.quality, tracklist.quality_issues = assess(tracklist)
    return outcome, sets
