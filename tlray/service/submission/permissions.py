"""What a user may submit: hosts, options, receivers of e-mail, batches per minute.

A URL with a refused host is a rejected line of its list. A name that resolves to a private address is refused when the connection
is made; for that the batch stores the allowed networks.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tlray.core.model.hosts import is_public_host
from tlray.core.model.item import Priority
from tlray.core.model.urls import host_of
from tlray.core.politeness.policy_limits import (
    delaying_options,
    exceeding_options,
    exceeding_retries,
    may_email,
)
from tlray.io.http.address_policy import AddressPolicy, policy_for
from tlray.io.intake.url_list import MAX_TEXT_KEPT, Chunk
from tlray.io.journal.rows import BatchOptions, RefusedLine
from tlray.scrape_options import ScrapeOptions
from tlray.service.auth.principal import OPEN, Principal
from tlray.service.http.problems import ProblemError, rate_limited
from tlray.settings import Settings

if TYPE_CHECKING:
    from tlray.service.backend.gateway import Gateway


def refusal_of_host(host: str, allow: AddressPolicy) -> str | None:
    """Return reason a URL's host is refused, by its spelling; None if it is allowed."""
    reason = allow.refusal_of_host(host)
    if reason is None and not allow.networks and not is_public_host(host):
        reason = "not a public host"  # localhost, printer.local
    return reason


def without_refused_hosts(chunk: Chunk, settings: Settings) -> Chunk:
    """Return a list in which URLs with refused hosts are rejected lines."""
    allow = policy_for(settings.networks)
    reasons: dict[str, str | None] = {}
    taken = Chunk([], list(chunk.refused))
    for entry in chunk.entries:
        if entry.domain not in reasons:
            reasons[entry.domain] = refusal_of_host(host_of(entry.domain), allow)
        reason = reasons[entry.domain]
        if reason is None:
            taken.entries.append(entry)
        else:
            text = f"private-address: {reason}"
            taken.refused.append(RefusedLine(entry.line, entry.url[:MAX_TEXT_KEPT], text))
    return taken if len(taken.entries) < len(chunk.entries) else chunk


def options_for(
    principal: Principal, wanted: ScrapeOptions, settings: Settings
) -> tuple[BatchOptions, Priority]:
    """Return the options of a batch for the journal; 403 for options that only an admin may set."""
    options, priority = wanted.checked(settings)
    if not principal.is_admin:
        without, _ = ScrapeOptions().checked(settings)
        not_theirs = (
            exceeding_options(options.politeness, without.politeness)
            + exceeding_retries(options.retry, without.retry)
            + delaying_options(options.politeness, without.politeness)
        )
        if not_theirs:
            errors = [(f"options: {domain}", what) for domain, what in not_theirs]
            which = "; ".join(f"{domain}: {what}" for domain, what in not_theirs[:3])
            raise ProblemError(403, f"{which}: only an admin may set this", errors=errors)
    return replace(options, networks=settings.networks), priority


def require_own_address(principal: Principal, address: str) -> None:
    """Raise a problem (403) for mail to another address than the user's, unless for an admin."""
    if not may_email(address, principal.user, is_admin=principal.is_admin):
        raise ProblemError(
            403, f"mail to {address[:80]!r}: only an admin may have mail sent to another address"
        )


async def require_quota(gateway: Gateway, principal: Principal) -> None:
    """Count a batch of a user; 429 if it is over the limit per minute."""
    if principal is OPEN:
        return
    most = gateway.settings.max_batches_per_minute
    wait_s = await gateway.coordinator.take_batch_quota(principal.user, most)
    if wait_s:
        raise rate_limited(wait_s, f"more than {most} batches per minute (TLRAY_MAX_BATCHES_PER_MINUTE)")
