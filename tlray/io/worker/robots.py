"""Fetch a robots.txt (RFC 9309 §2.3.1).

2xx: its rules. 4xx except 429: there is none, everything is allowed. A redirect: the next hop is a request of its own, with a
permit of its domain. 5xx, 429 and an unreachable server: nothing may be fetched until robots.txt can be read.
"""

from __future__ import annotations

from contextlib import nullcontext

from yarl import URL

from tlray.core.model.address_policy import policy_for
from tlray.core.model.outcome import LED_INSIDE, OutcomeKind
from tlray.core.politeness.robots import MAX_BYTES, RobotsAnswer, decode, rules_of
from tlray.core.scheduling.lease import RobotsRequest
from tlray.io.http.fetch import Fetcher
from tlray.io.http.limits import Sender
from tlray.io.http.peer import is_public_peer
from tlray.io.worker.crash_note import CrashNote


async def fetch_robots(
    fetcher: Fetcher, request: RobotsRequest, note: CrashNote | None = None, *, sender: Sender | None = None
) -> RobotsAnswer:
    """Fetch a robots.txt and return what it allows; ``note`` records that it is being parsed."""
    allow = policy_for(request.networks, from_public=request.from_public)
    fetched = await fetcher.get_start(request.url, MAX_BYTES + 1, allow=allow, sender=sender)
    status = fetched.status
    if fetched.kind is OutcomeKind.REDIRECTED and fetched.location is not None:
        led_by_public = is_public_peer(fetched.peer, URL(fetched.url, encoded=True).raw_host or "")
        return RobotsAnswer(request.of, None, location=fetched.location, from_public=led_by_public)
    if fetched.kind is OutcomeKind.PRIVATE_ADDRESS:
        why = LED_INSIDE if request.from_public else fetched.reason
        return RobotsAnswer(request.of, None, reason=why, is_refused=True, networks=request.networks)
    if status is not None and status < 300 and fetched.kind is None:
        with note.reading_robots(request.of) if note else nullcontext():
            text = decode(fetched.body)
            return RobotsAnswer(request.of, text, crawl_delay_s=rules_of(text).crawl_delay_s)
    if status is not None and 400 <= status < 500 and status != 429:
        return RobotsAnswer(request.of, "")
    why = fetched.reason or str(fetched.kind or status)
    return RobotsAnswer(request.of, None, reason=why, retry_after_s=fetched.retry_after_s)
