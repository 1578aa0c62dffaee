"""The options of a batch request: a template in place of URLs, the start time, the receivers of notifications."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from pydantic import ValidationError

from tlray.core.model.address_policy import policy_for
from tlray.core.model.item import Priority
from tlray.core.model.urls import BadUrl, canonicalise, host_of
from tlray.core.notify.notification import mail_address
from tlray.core.schedules.template import Filled, Template, TemplateError, fill
from tlray.core.submission.permissions import NotAllowed, require_own_address
from tlray.io.journal.rows import BatchOptions
from tlray.scrape_options import ScrapeOptions
from tlray.service.auth.principal import Principal
from tlray.service.backend.gateway import Gateway
from tlray.service.http.problems import ProblemError, validation
from tlray.service.http.validation_errors import faults_of
from tlray.service.schemas.batches import (
    BatchRequest,
    OptionsRequest,
    WorkRequest,
)
from tlray.service.submission.permissions import options_for
from tlray.settings import Settings

MAX_AHEAD_S = 366 * 86_400.0
"""The latest start time, from now."""
URLS_AND_TEMPLATE: Final = (("body.urls", "give URLs or a template, not both"),)
NO_TEMPLATE: Final = (("body.variables", "these are values for a template, but no template is given"),)


def checked_options(
    principal: Principal, request: WorkRequest, settings: Settings, *, not_before: float | None = None
) -> tuple[BatchOptions, Priority]:
    """Return the options of a batch and its priority; a problem (422, 403) names invalid and forbidden ones."""
    wanted = ScrapeOptions(
        name=request.name, priority=request.priority, **request.options.model_dump(exclude_none=True)
    )
    options, priority = options_for(principal, wanted, settings)
    webhook = None if request.webhook is None else _webhook(request.webhook, settings)
    email = None if request.email is None else _email(request.email, principal, settings)
    return replace(options, not_before=not_before, webhook=webhook, email=email), priority


def start_of(request: BatchRequest) -> float | None:
    """Return the start time in epoch seconds; None for at once."""
    start = request.not_before
    if start is None:
        return None
    moment = start.timestamp() if isinstance(start, datetime) else start
    if moment < 0:
        raise validation([("body.not_before", "this is before 1970; leave it out to start at once")])
    if moment > time.time() + MAX_AHEAD_S:
        raise validation([("body.not_before", "this is more than a year ahead; use a schedule")])
    return moment if moment > time.time() else None


async def with_template(gateway: Gateway, principal: Principal, request: BatchRequest) -> BatchRequest:
    """Return a request with the URLs and options of its template, if it has one."""
    if request.template is None:
        if request.variables:
            raise validation(NO_TEMPLATE)
        return request
    template, filled = await filled_for(gateway, principal, request)
    return request.model_copy(
        update={
            "urls": list(filled.urls),
            "name": request.name or filled.batch_name,
            "options": merged_options(template, request.options),
        }
    )


async def filled_for(
    gateway: Gateway, principal: Principal, request: WorkRequest, clock: Mapping[str, str] | None = None
) -> tuple[Template, Filled]:
    """Return the template of a request, and its URLs with the values filled in."""
    if request.urls:
        raise validation(URLS_AND_TEMPLATE)
    template = await gateway.coordinator.get_template(principal.user, request.template or "")
    if template is None:
        raise validation([("body.template", f"there is no template {request.template!r}")])
    try:
        return template, fill(template, request.variables, clock)
    except TemplateError as fault:
        raise validation([("body.variables", str(fault))]) from None


def merged_options(template: Template, request: OptionsRequest) -> OptionsRequest:
    """Return the options of a template, overridden by those of the request."""
    said: dict[str, Any] = {**template.options, **request.model_dump(exclude_unset=True)}
    try:
        return OptionsRequest(**said)
    except ValidationError as error:  # an older version accepted it
        raise validation(faults_of(error.errors(), of="template.options", sent=said)) from None


def _webhook(text: str, settings: Settings) -> str:
    found = canonicalise(text)
    if isinstance(found, BadUrl):
        raise validation([("body.webhook", found.reason)])
    if why := policy_for(settings.networks).refusal_of_submitted(host_of(found.domain)):
        raise validation([("body.webhook", f"{why}; choose another URL")])
    # unchanged: only the receiver knows how to read its path and query
    return text.strip().partition("#")[0] if text.isascii() else found.url


def _email(text: str, principal: Principal, settings: Settings) -> str:
    try:
        address = mail_address(text)
    except ValueError as error:
        raise validation([("body.email", str(error))]) from None
    if settings.smtp_url is None:
        raise validation(
            [("body.email", "this service sends no e-mail (TLRAY_SMTP_URL is not set); use a webhook")]
        )
    try:
        require_own_address(address, principal.user, is_admin=principal.is_admin)
    except NotAllowed as error:
        raise ProblemError(403, str(error)) from None
    return address
