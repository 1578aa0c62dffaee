"""The work that a schedule submits at each run: checked when the schedule is created or changed, as a batch would be now."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final

from tlray.core.model.durations import LONGEST_S, parse_duration_s
from tlray.core.schedules.schedule import zone_of
from tlray.core.schedules.template import clock_values
from tlray.core.submission.lines import RefusedLine
from tlray.io.intake.scheduled_list import chunk_of
from tlray.io.journal.rows import BatchOptions
from tlray.service.auth.principal import Principal
from tlray.service.backend.gateway import Gateway
from tlray.service.http.problems import validation
from tlray.service.schemas.batches import OptionsRequest
from tlray.service.schemas.schedules import RefreshRequest, SchedulePatch, ScheduleRequest
from tlray.service.submission.batch_request import (
    NO_TEMPLATE,
    URLS_AND_TEMPLATE,
    checked_options,
    filled_for,
    merged_options,
)
from tlray.service.submission.url_errors import OF_TEMPLATE, OF_URLS, checked_list, require_some_url

FIELDS: Final = frozenset(
    {"urls", "template", "variables", "refresh", "priority", "options", "webhook", "email"}
)
_ONE_LIST: Final = (("body.refresh", "give URLs, a template or a refresh, not two of them"),)


def requested_options(schedule: dict[str, Any]) -> dict[str, Any]:
    """Return the options as they were requested; older versions of tlray did not store them."""
    return dict(schedule.get("asked", {}))


async def work_of(
    gateway: Gateway, principal: Principal, request: ScheduleRequest
) -> tuple[dict[str, Any], list[RefusedLine]]:
    """Return what a run submits, and the rejected lines; a problem if a run now would create no batch."""
    urls, options = request.urls, request.options
    place = OF_URLS if request.template is None else OF_TEMPLATE
    if request.refresh is not None:
        options = _of_refresh(request)
    elif request.template is not None:
        local = datetime.now(UTC).astimezone(zone_of(request.timezone))
        template, filled = await filled_for(gateway, principal, request, clock_values(local))
        urls, options = list(filled.urls), merged_options(template, request.options)
    elif request.variables:
        raise validation(NO_TEMPLATE)
    kept, _ = await asyncio.to_thread(
        checked_options, principal, request.model_copy(update={"options": options}), gateway.settings
    )
    chunk = checked_list(chunk_of(urls), gateway.settings, place)
    if request.refresh is None:
        require_some_url(chunk, place)
    work = {
        "urls": request.urls,
        "template": request.template,
        "variables": request.variables,
        "refresh": None if request.refresh is None else request.refresh.model_dump(),
        "priority": request.priority
        if "priority" in request.model_fields_set or not request.refresh
        else "low",
        "options": kept.to_json(),
        "asked": request.options.model_dump(exclude_unset=True),
        "webhook": request.webhook,
        "email": request.email,
        "contact": gateway.settings.contact,
    }
    return work, chunk.refused


def _of_refresh(request: ScheduleRequest) -> OptionsRequest:
    """Return the options of a refresh: its pages are fetched, however fresh they are."""
    refresh = request.refresh
    if refresh is None or request.urls or request.template or request.variables:
        raise validation(_ONE_LIST)
    try:
        is_time = 0 < parse_duration_s(refresh.within) <= LONGEST_S
    except ValueError:
        is_time = False
    if not is_time:
        what = f"{refresh.within!r} is no duration up to 366d; write 24h, 2h or 7d"
        raise validation([("body.refresh.within", what)])
    asked = request.options
    return asked if "fresh_for" in asked.model_fields_set else asked.model_copy(update={"fresh_for": "0"})


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
    kept = {key: schedule.get(key) for key in FIELDS - {"options"}}
    kept |= {"refresh": RefreshRequest(**kept["refresh"])} if kept["refresh"] else {}
    is_other_list = bool(patch.template or patch.refresh or (patch.urls and kept["refresh"]))
    if patch.urls or patch.template or patch.refresh:
        kept |= {"urls": [], "template": None, "refresh": None}
        kept |= {} if patch.template else {"variables": {}}
    if is_other_list:
        kept |= {"options": OptionsRequest(**requested_options(schedule))}
    times = {"cron": schedule["cron"], "timezone": patch.timezone or schedule["timezone"]}
    request = ScheduleRequest(**{**times, **kept, **given})
    work, rejected = await work_of(gateway, replace(principal, user=schedule["owner"]), request)
    if (
        patch.options is None and not is_other_list
    ):  # the options stay, but for the receivers of notifications
        new = BatchOptions.from_json(work["options"])
        old = BatchOptions.from_json(schedule["options"])
        work["options"] = replace(old, webhook=new.webhook, email=new.email).to_json()
        work["asked"] = requested_options(schedule)
    return work, rejected
