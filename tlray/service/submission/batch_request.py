"""What may be asked for around a batch? A template in the place of URLs, a time before which nothing begins, who is told."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from pydantic import ValidationError

from tlray.core.model.item import Priority
from tlray.core.model.urls import BadUrl, canonicalise, host_of
from tlray.core.notify.notification import mail_address
from tlray.core.schedules.template import Filled, Template, TemplateError, fill
from tlray.io.http.address_policy import policy_for
from tlray.io.journal.rows import BatchOptions
from tlray.scrape_options import ScrapeOptions
from tlray.service.auth.principal import Principal
from tlray.service.backend.gateway import Gateway
from tlray.service.http.problems import validation
from tlray.service.http.validation_errors import faults_of
from tlray.service.schemas.batches import BatchRequest, OptionsRequest, WorkRequest
from tlray.service.submission.permissions import options_for, refusal_of_host, require_own_address
from tlray.settings import Settings

MAX_AHEAD_S = 366 * 86_400.0
"""How far ahead a batch may be put."""


def checked_options(
    principal: Principal, asked: WorkRequest, settings: Settings, *, not_before: float | None = None
) -> tuple[BatchOptions, Priority]:
    """Return all that is kept with a batch; 422 and 403 say what of it is not as it should be, or not theirs to ask for."""
    wanted = ScrapeOptions(
        name=asked.name, priority=asked.priority, **asked.options.model_dump(exclude_none=True)
    )
    options, priority = options_for(principal, wanted, settings)
    webhook = None if asked.webhook is None else _webhook(asked.webhook, settings)
    email = None if asked.email is None else _email(asked.email, principal, settings)
    return replace(options, not_before=not_before, webhook=webhook, email=email), priority


def start_of(asked: BatchRequest) -> float | None:
    """Return when a batch is to begin, in epoch seconds; None where that is at once."""
    told = asked.not_before
    if told is None:
        return None
    moment = told.timestamp() if isinstance(told, datetime) else told
    if moment < 0:
        raise validation([("body.not_before", "before 1970; leave it out to begin at once")])
    if moment > time.time() + MAX_AHEAD_S:
        raise validation([("body.not_before", "more than a year ahead; a schedule begins batches later on")])
    return moment if moment > time.time() else None


async def with_template(gateway: Gateway, principal: Principal, asked: BatchRequest) -> BatchRequest:
    """Return what is asked for with a template's URLs and options in it, where one is asked for."""
    if asked.template is None:
        if asked.variables:
            raise validation([("body.variables", "values for a template, but none is named")])
        return asked
    template, filled = await filled_for(gateway, principal, asked)
    return asked.model_copy(
        update={
            "urls": list(filled.urls),
            "name": asked.name or filled.batch_name,
            "options": merged_options(template, asked.options),
        }
    )


async def filled_for(
    gateway: Gateway, principal: Principal, asked: WorkRequest, clock: Mapping[str, str] | None = None
) -> tuple[Template, Filled]:
    """Return the template that is asked for, and what it stands for."""
    if asked.urls:
        raise validation([("body.urls", "give URLs or a template, not both")])
    template = await gateway.coordinator.get_template(principal.user, asked.template or "")
    if template is None:
        raise validation([("body.template", f"there is no template {asked.template!r}")])
    try:
        return template, fill(template, asked.variables, clock)
    except TemplateError as fault:
        raise validation([("body.variables", str(fault))]) from None


def merged_options(template: Template, asked: OptionsRequest) -> OptionsRequest:
    """Return a template's options under those that are asked for."""
    said: dict[str, Any] = {**template.options, **asked.model_dump(exclude_unset=True)}
    try:
        return OptionsRequest(**said)
    except ValidationError as error:  # an older tlray took it
        raise validation(faults_of(error.errors(), of="template.options", sent=said)) from None


def _webhook(text: str, settings: Settings) -> str:
    found = canonicalise(text)
    if isinstance(found, BadUrl):
        raise validation([("body.webhook", found.reason)])
    if why := refusal_of_host(host_of(found.domain), policy_for(settings.networks)):
        raise validation([("body.webhook", f"{why}; nothing is sent there")])
    # as it was written: what its path and query mean is the receiver's
    return text.strip().partition("#")[0] if text.isascii() else found.url


def _email(text: str, principal: Principal, settings: Settings) -> str:
    try:
        address = mail_address(text)
    except ValueError as error:
        raise validation([("body.email", str(error))]) from None
    if settings.smtp_url is None:
        raise validation([("body.email", "this service sends no e-mail (TLRAY_SMTP_URL); ask for a webhook")])
    require_own_address(principal, address)
    return address
