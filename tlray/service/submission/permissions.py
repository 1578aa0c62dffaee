"""The rules of submission (`tlray.core.submission`) with the service's networks, contact and users.

A URL with a refused host is a rejected line of its list. A name that resolves to a private address is refused when the connection
is made; for that the batch stores the allowed networks.
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
    """Return the rules for a list that is sent to the service."""
    return ListRules(settings.contact, policy_for(settings.networks), CONTACT_BY_OPERATOR)


def options_for(
    principal: Principal, wanted: ScrapeOptions, settings: Settings
) -> tuple[BatchOptions, Priority]:
    """Return the options of a batch for the journal; 403 for options that only an admin may set."""
    options, priority = wanted.checked(settings)
    if not principal.is_admin:
        if wanted.api_terms:
            story = "api_terms: only an admin may use an API that robots.txt disallows"
            raise ProblemError(403, story, errors=[("options: api_terms", "only an admin may set this")])
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
