"""The work that a schedule submits at each run: checked when the schedule is created or changed, as a batch would be now."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final

from tlray.core.schedules.schedule import zone_of
from tlray.core.schedules.template import clock_values
from tlray.core.submission.lines import RefusedLine
from tlray.io.intake.scheduled_list import chunk_of
from tlray.io.journal.rows import BatchOptions
from tlray.service.auth.principal import Principal
from tlray.service.backend.gateway import Gateway
from tlray.service.http.problems import validation
from tlray.service.schemas.batches import OptionsRequest
from tlray.service.schemas.schedules import SchedulePatch, ScheduleRequest
from tlray.service.submission.batch_request import (
    NO_TEMPLATE,
    URLS_AND_TEMPLATE,
    checked_options,
    filled_for,
    merged_options,
)
from tlray.service.submission.url_errors import OF_TEMPLATE, OF_URLS, checked_list, require_some_url

FIELDS: Final = frozenset({"urls", "template", "variables", "priority", "options", "webhook", "email"})


def requested_options(schedule: dict[str, Any]) -> dict[str, Any]:
    """Return the options as they were requested; older versions of tlray did not store them."""
    return dict(schedule.get("asked", {}))


async def work_of(
    gateway: Gateway, principal: Principal, request: ScheduleRequest
) -> tuple[dict[str, Any], list[RefusedLine]]:
    """Return what a run submits, and the rejected lines; a problem if a run now would create no batch."""
    urls, options = request.urls, request.options
    if request.template is not None:
        local = datetime.now(UTC).astimezone(zone_of(request.timezone))
        template, filled = await filled_for(gateway, principal, request, clock_values(local))
        urls, options = list(filled.urls), merged_options(template, request.options)
    elif request.variables:
        raise validation(NO_TEMPLATE)
    kept, _ = await asyncio.to_thread(
        checked_options, principal, request.model_copy(update={"options": options}), gateway.settings
    )
    place = OF_URLS if request.template is None else OF_TEMPLATE
    chunk = checked_list(chunk_of(urls), gateway.settings, place)
    require_some_url(chunk, place)
    work = {
        "urls": request.urls,
        "template": request.template,
        "variables": request.variables,
        "priority": request.priority,
        "options": kept.to_json(),
        "asked": request.options.model_dump(exclude_unset=True),
        "webhook": request.webhook,
        "email": request.email,
        "contact": gateway.settings.contact,
    }
    return work, chunk.refused


async def changed_work(
    gateway: Gateway, principal: Principal, schedule: dict[str, Any], patch: SchedulePatch
) -> tuple[dict[str, Any], list[RefusedLine]]:
    """Return what a schedule submits after a patch, as `work_of` does; nothing if the patch does not change it."""
    given = {
        name: value
        for name in patch.model_fields_set & FIELDS
        if (value := getattr(patch, name)) is not None or name in ("webhook", "email")
    }
    if not patch.model_fields_set & FIELDS:
        return {}, []
    if patch.urls and patch.template:
        raise validation(URLS_AND_TEMPLATE)
    kept = {key: schedule[key] for key in FIELDS - {"options"}}
    if patch.urls:
        kept |= {"template": None, "variables": {}}
    elif patch.template:
        kept |= {"urls": [], "options": OptionsRequest(**requested_options(schedule))}
    times = {"cron": schedule["cron"], "timezone": patch.timezone or schedule["timezone"]}
    request = ScheduleRequest(**{**times, **kept, **given})
    work, rejected = await work_of(gateway, replace(principal, user=schedule["owner"]), request)
    if (
        patch.options is None and not patch.template
    ):  # the options stay, but for the receivers of notifications
        new = BatchOptions.from_json(work["options"])
        old = BatchOptions.from_json(schedule["options"])
        work["options"] = replace(old, webhook=new.webhook, email=new.email).to_json()
        work["asked"] = requested_options(schedule)
    return work, rejected
