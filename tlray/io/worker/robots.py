"""How is a site's robots.txt had? One fetch, and what RFC 9309 §2.3.1 makes of each answer.

2xx: its rules. 4xx (429 aside): there is none, everything is allowed. A redirect: the next hop is an errand
of its own, with a permit of the domain that it leads to. 5xx, 429 and an unreachable server: nothing may be
fetched until it can be had.
"""

from __future__ import annotations

from contextlib import nullcontext

from yarl import URL

from tlray.core.model.outcome import LED_INSIDE, OutcomeKind
from tlray.core.politeness.robots import MAX_BYTES, RobotsAnswer, decode, rules_of
from tlray.core.scheduling.lease import RobotsErrand
from tlray.io.http.address_policy import policy_for
from tlray.io.http.fetch import Fetcher
from tlray.io.http.limits import Sender
from tlray.io.http.peer import is_public_peer
from tlray.io.worker.crash_note import Note


async def fetch_robots(
    fetcher: Fetcher, errand: RobotsErrand, note: Note | None = None, *, sender: Sender | None = None
) -> RobotsAnswer:
    """Fetch a robots.txt; its answer says what follows. While it is read the note says so."""
    allow = policy_for(errand.networks, from_public=errand.from_public)
    fetched = await fetcher.get_start(errand.url, MAX_BYTES + 1, allow=allow, sender=sender)
    status = fetched.status
    if fetched.kind is OutcomeKind.REDIRECTED and fetched.location is not None:
        led_by_public = is_public_peer(fetched.peer, URL(fetched.url, encoded=True).raw_host or "")
        return RobotsAnswer(errand.of, None, location=fetched.location, from_public=led_by_public)
    if fetched.kind is OutcomeKind.PRIVATE_ADDRESS:
        why = LED_INSIDE if errand.from_public else fetched.reason
        return RobotsAnswer(errand.of, None, why=why, is_refused=True, networks=errand.networks)
    if status is not None and status < 300 and fetched.kind is None:
        with note.reading_robots(errand.of) if note else nullcontext():
            text = decode(fetched.body)
            return RobotsAnswer(errand.of, text, crawl_delay_s=rules_of(text).crawl_delay_s)
    if status is not None and 400 <= status < 500 and status != 429:
        return RobotsAnswer(errand.of, "")
    why = fetched.reason or str(fetched.kind or status)
    return RobotsAnswer(errand.of, None, why=why, retry_after_s=fetched.retry_after_s)
