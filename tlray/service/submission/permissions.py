"""The rules of submission (`tlray.core.submission`) as the service applies them: its networks, its contact, its users.

A URL of a host that the service does not fetch from is a refused line of its list. A name that leads to a private address is
found where a connection is made; for that the networks travel with the batch.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tlray.core.model.address_policy import policy_for
from tlray.core.model.item import Priority
from tlray.core.submission.permissions import NotAllowed, QuotaExceeded, require_within_limits
from tlray.core.submission.rules import CONTACT_BY_OPERATOR, ListRules
from tlray.io.journal.rows import BatchOptions
from tlray.scrape_options import ScrapeOptions
from tlray.service.auth.principal import OPEN, Principal
from tlray.service.http.problems import ProblemError, rate_limited
from tlray.settings import Settings

if TYPE_CHECKING:
    from tlray.service.backend.gateway import Gateway


def list_rules(settings: Settings) -> ListRules:
    """Return the rules of a list that is sent to the service."""
    return ListRules(settings.contact, policy_for(settings.networks), CONTACT_BY_OPERATOR)


def options_for(
    principal: Principal, wanted: ScrapeOptions, settings: Settings
) -> tuple[BatchOptions, Priority]:
    """Return a batch's options as the journal keeps them; 403 where they are for an admin to allow."""
    options, priority = wanted.checked(settings)
    if not principal.is_admin:
        without, _ = ScrapeOptions().checked(settings)
        try:
            require_within_limits((options.politeness, options.retry), (without.politeness, without.retry))
        except NotAllowed as error:
            errors = [(f"options: {domain}", what) for domain, what in error.limits]
            raise ProblemError(403, str(error), errors=errors) from None
    return replace(options, networks=settings.networks), priority


async def require_quota(gateway: Gateway, principal: Principal) -> None:
    """Count a batch of a user; 429 if it is over the limit per minute."""
    if principal is OPEN:
        return
    try:
        await gateway.coordinator.take_batch_quota(
            principal.user, gateway.settings.max_batches_per_minute, "TLRAY_MAX_BATCHES_PER_MINUTE"
        )
    except QuotaExceeded as error:
        raise rate_limited(error.retry_after_s, str(error)) from None
