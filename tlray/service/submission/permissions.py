"""What does the service take from this user? URLs of hosts that it fetches from, manners and retries no rougher than they may
ask for, as many batches as they may submit.

A URL of a host that it does not fetch from is refused as a line of its list. What only the network can tell (a name that leads
to a private address) is found where a connection is made; for that the networks travel with the batch.
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
    """Say why a URL's host is not taken, as far as its spelling tells; None where it is."""
    why = allow.refusal_of_host(host)
    if why is None and not allow.networks and not is_public_host(host):
        why = "not a public host"  # localhost, printer.local
    return why


def without_refused_hosts(chunk: Chunk, settings: Settings) -> Chunk:
    """Return a list with the URLs of hosts that the service does not fetch from as refused lines."""
    allow = policy_for(settings.networks)
    found: dict[str, str | None] = {}
    taken = Chunk([], list(chunk.refused))
    for entry in chunk.entries:
        if entry.domain not in found:
            found[entry.domain] = refusal_of_host(host_of(entry.domain), allow)
        why = found[entry.domain]
        if why is None:
            taken.entries.append(entry)
        else:
            reason = f"private-address: {why}"
            taken.refused.append(RefusedLine(entry.line, entry.url[:MAX_TEXT_KEPT], reason))
    return taken if len(taken.entries) < len(chunk.entries) else chunk


def options_for(
    principal: Principal, asked: ScrapeOptions, settings: Settings
) -> tuple[BatchOptions, Priority]:
    """Return a batch's options as the journal keeps them; 403 where its manners or retries are for an admin to allow."""
    options, priority = asked.checked(settings)
    if not principal.is_admin:
        without, _ = ScrapeOptions().checked(settings)
        not_theirs = (
            exceeding_options(options.politeness, without.politeness)
            + exceeding_retries(options.retry, without.retry)
            + delaying_options(options.politeness, without.politeness)
        )
        if not_theirs:
            errors = [(f"options: {domain}", what) for domain, what in not_theirs]
            told = "; ".join(f"{domain}: {what}" for domain, what in not_theirs[:3])
            raise ProblemError(403, f"{told}: only an admin may have sites treated so", errors=errors)
    return replace(options, networks=settings.networks), priority


def require_own_address(principal: Principal, address: str) -> None:
    """Refuse mail to somebody else (403), unless an admin asks for it."""
    if not may_email(address, principal.user, is_admin=principal.is_admin):
        raise ProblemError(403, f"mail to {address[:80]!r}: only an admin may have mail sent to others")


async def require_quota(gateway: Gateway, principal: Principal) -> None:
    """Count one more batch of a user; 429 where that is one too many in a minute."""
    if principal is OPEN:
        return
    most = gateway.settings.max_batches_per_minute
    wait_s = await gateway.coordinator.take_batch_quota(principal.user, most)
    if wait_s:
        raise rate_limited(wait_s, f"more than {most} batches in a minute (TLRAY_MAX_BATCHES_PER_MINUTE)")
