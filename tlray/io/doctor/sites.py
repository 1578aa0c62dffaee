"""Checks of what sites see of us: the contact, and the robots.txt of a site that a user names.

The robots.txt is fetched as a batch would: by the same fetcher, at most once a day (the journal remembers it), and not while its
domain rests. A redirect is followed as often as a batch follows it.
"""

from __future__ import annotations

import asyncio
import re
import time
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Final

from tlray.core.model.address_policy import policy_for
from tlray.core.model.hosts import is_public_host
from tlray.core.model.outcome import OutcomeKind
from tlray.core.model.urls import BadUrl, canonicalise, host_of, redirected
from tlray.core.politeness.domain import MAX_ROBOTS_HOPS
from tlray.core.politeness.robots import MAX_BYTES, REFETCH_AFTER_S, decode, rules_of
from tlray.core.politeness.site_profile import politeness_key
from tlray.core.scheduling.batch_config import user_agent
from tlray.core.submission.rules import CONTACT_BY_OPTION
from tlray.errors import TlrayError, UsageError
from tlray.io.disk.home import Home
from tlray.io.disk.local_time import rest_text
from tlray.io.doctor.clock import MAX_DRIFT_S, SYNC
from tlray.io.doctor.reach import name_fails
from tlray.io.doctor.report import Grade, Result, failed, ok, warning
from tlray.io.http.fetch import Fetcher
from tlray.io.http.limits import FetchLimits
from tlray.io.http.response import Fetched
from tlray.io.journal.opening import has_journal, open_reader
from tlray.io.journal.rows import DomainRow
from tlray.settings import Settings
from tlray.version import __version__

FETCH_S: Final = 8.0
_LATER: Final = "nothing is fetched from it until this is over; try again later, or ask the site's owner"
_EXAMPLES: Final = ("example.org", "example.com", "example.net", "example", "invalid", "test", "localhost")
"""Names that nobody has (RFC 2606)."""


def contact(settings: Settings) -> Result:
    """Check that sites learn who fetches from them."""
    agent = user_agent(__version__, settings.contact)
    if settings.contact is None:
        return warning("there is no contact: public hosts are not fetched", f"{CONTACT_BY_OPTION}")
    host = _host_of(settings.contact)
    if not re.fullmatch(r"[^\s.@]+(\.[^\s.@]+)+", host):
        return warning(
            f"the contact {settings.contact} reaches nobody: {host or 'nothing'} is no host",
            CONTACT_BY_OPTION,
        )
    if any(f".{host}".endswith(f".{name}") for name in _EXAMPLES):
        return warning(f"the contact {settings.contact} is an example: nobody reads it", CONTACT_BY_OPTION)
    return ok(f"sites see {agent}")


def _host_of(contact: str) -> str:
    """Return the host of an e-mail address or a web page."""
    _, is_page, rest = contact.partition("://")
    host = re.split("[/?#:]", rest, maxsplit=1)[0] if is_page else contact.rpartition("@")[2]
    return host.rstrip(">) .").lower()


def site_url(text: str) -> str:
    """Return the URL of a site that a user names by its URL or host; UsageError if it is none."""
    url = canonicalise(text if "://" in text else f"https://{text}")
    if isinstance(url, BadUrl):
        raise UsageError(f"--site {text[:200]!r}: {url.reason}")
    return url.url


def robots(url: str, settings: Settings) -> Result:  # noqa: PLR0911 - a list of rules
    """Check what a site's robots.txt says about a URL."""
    found = canonicalise(url)
    assert not isinstance(found, BadUrl)  # noqa: S101 - `site_url` has read it
    try:
        known = _known(settings.home, found.domain)
    except TlrayError:
        return failed(
            f"{found.domain}: nothing was fetched, because the journal cannot be read",
            "see the check journal",
        )
    now = time.time()
    if known is not None and (known.cool_until or 0.0) > now:
        reason = f"{found.domain} {rest_text(known.cool_until or 0.0, now)} ({known.cool_reason})"
        return warning(f"{reason}; nothing was fetched", f"wait, or `tlray domain {found.domain}`")
    if (
        known is not None
        and known.robots_text is not None
        and now - (known.robots_at or 0.0) < REFETCH_AFTER_S
    ):
        return _rules(found.domain, url, known.robots_text, "in the journal")
    if settings.contact is None and is_public_host(host_of(found.domain)):
        return failed(f"{found.domain} is a public host, and nothing was fetched", CONTACT_BY_OPTION)
    scheme, place = url.partition("://")[0], f"{found.domain}/robots.txt"
    if (result := name_fails(place, host_of(found.domain), 443, setting="--site")) is not None:
        return result
    try:
        fetched = asyncio.run(_fetch(f"{scheme}://{place}", settings))
    except TimeoutError:
        return failed(f"{place}: no whole answer within {FETCH_S:g} s", _LATER)
    return _answer(found.domain, url, fetched)


def _known(home: Path, domain: str) -> DomainRow | None:
    if not has_journal(Home(home)):
        return None
    with open_reader(home) as journal:
        return journal.domain(politeness_key(domain))


async def _fetch(url: str, settings: Settings) -> Fetched:
    limits = FetchLimits(total_timeout_s=FETCH_S, connect_timeout_s=FETCH_S)
    agent = user_agent(__version__, settings.contact)
    is_public = is_public_host(host_of(url.partition("://")[2].partition("/")[0]))
    async with asyncio.timeout(FETCH_S), Fetcher(limits, user_agent=agent, allow=policy_for(None)) as fetcher:
        for _ in range(MAX_ROBOTS_HOPS + 1):
            fetched = await fetcher.get_start(
                url, MAX_BYTES + 1, allow=policy_for(None, from_public=is_public)
            )
            if fetched.kind is not OutcomeKind.REDIRECTED or fetched.location is None:
                break
            target = redirected(url, fetched.location)
            if isinstance(target, BadUrl):
                break
            url = target.url
    return fetched


def _answer(domain: str, url: str, fetched: Fetched) -> Result:
    status, place = fetched.status, f"{domain}/robots.txt"
    if fetched.kind is OutcomeKind.REDIRECTED:
        target = fetched.location or "nowhere"
        reason = f"redirected more than {MAX_ROBOTS_HOPS} times, or to what is not fetched ({target})"
        return failed(f"{place}: {reason}", _LATER)
    if status is not None and 400 <= status < 500 and status != 429:
        rules = ok(f"{domain} has no robots.txt ({status}): everything is allowed")
    elif status is not None and status < 300 and fetched.kind is None:
        rules = _rules(domain, url, decode(fetched.body), "just now")
    else:
        return failed(f"{place}: {fetched.reason or fetched.kind or f'status {status}'}", _LATER)
    drift_s = _drift(fetched)
    if rules.grade is Grade.OK and drift_s is not None and abs(drift_s) > MAX_DRIFT_S:
        return warning(f"{rules.what}; but its clock and ours differ by {abs(drift_s):,.0f} s", SYNC)
    return rules


def _rules(domain: str, url: str, text: str, where: str) -> Result:
    rules = rules_of(text)
    delay = "" if rules.crawl_delay_s is None else f", one page per {rules.crawl_delay_s:g} s"
    if not rules.may_fetch(url):
        return failed(
            f"robots.txt of {domain} ({where}) disallows {url}", "tlray obeys it; ask the site's owner"
        )
    return ok(f"robots.txt of {domain} ({where}) allows {url}{delay}")


def _drift(fetched: Fetched) -> float | None:
    """Return by how many seconds the server's clock is ahead of ours; None if it does not say."""
    headers = {name.lower(): value for name, value in fetched.raw_headers}
    if b"age" in headers:  # of a cache, which keeps the date
        return None
    try:
        return parsedate_to_datetime(headers[b"date"].decode("ascii")).timestamp() - fetched.started_at
    except (KeyError, ValueError, TypeError, OverflowError):
        return None
