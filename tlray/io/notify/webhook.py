"""Delivery of a webhook: one POST, to an allowed address, within limits.

The connection goes to the address that was checked (`CheckedResolver`). No redirect is followed, no proxy of the environment is
used, and only the head of the response is read.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import aclosing

import aiohttp
from yarl import URL

from tlray.core.model.address_policy import AddressPolicy
from tlray.core.model.outcome import OutcomeKind
from tlray.core.notify.notification import Delivery, of_status
from tlray.core.politeness.retry_after import retry_after_s
from tlray.io.http.checked_resolver import CheckedResolver
from tlray.io.http.errors import NETWORK_ERRORS, translate
from tlray.io.http.resolver import NameLookup
from tlray.io.http.response_head import LenientConnector

TIMEOUT_S = 15.0
CONNECT_TIMEOUT_S = 5.0


async def post(
    url: str, body: bytes, headers: Mapping[str, str], *, allow: AddressPolicy, user_agent: str
) -> Delivery:
    """Send one notification and return the result."""
    try:
        target = URL(url, encoded=True)
        if why := allow.refusal_of_host(target.raw_host or ""):
            return Delivery(None, why, is_hopeless=True)
        async with (
            aclosing(NameLookup(1)) as names,
            aiohttp.ClientSession(
                connector=LenientConnector(
                    resolver=CheckedResolver(allow, names), use_dns_cache=False, force_close=True, limit=1
                ),
                headers={"User-Agent": user_agent, "Content-Type": "application/json", "Accept": "*/*"},
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
                trust_env=False,
                timeout=aiohttp.ClientTimeout(total=TIMEOUT_S, sock_connect=CONNECT_TIMEOUT_S),
            ) as session,
            session.post(target, data=body, headers=headers, allow_redirects=False) as answer,
        ):
            asked_s = retry_after_s(", ".join(answer.headers.getall("Retry-After", ())), now=time.time())
            return of_status(answer.status, asked_s)
    except NETWORK_ERRORS as error:
        kind, why = translate(error, body_began=False)
        return Delivery(None, why, is_hopeless=kind is OutcomeKind.PRIVATE_ADDRESS)
