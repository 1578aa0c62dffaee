"""``/api/v1/batch/schedule``, ``/api/v1/schedules``: batches that come round by a cron line, in a time zone."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from datetime import UTC, datetime
from typing import Annotated, Any, Final

from fastapi import APIRouter, Path, Request, Response

from tlray.cluster.handlers.schedules import new_schedule_id
from tlray.cluster.handlers.submission import told_lines
from tlray.core.schedules.schedule import CatchUp, Overlap, Timing, check, zone_of
from tlray.core.schedules.template import clock_values
from tlray.io.intake.scheduled_list import chunk_of
from tlray.io.journal.idempotency import MAX_LINES_TOLD
from tlray.io.journal.rows import BatchOptions, RefusedLine
from tlray.service.auth.principal import Principal
from tlray.service.backend.gateway import Gateway
from tlray.service.http.bodies import JSON, content_type, read_body, read_json
from tlray.service.http.problems import ProblemError, problems, validation
from tlray.service.routes.dependencies import Reader, Submitter, TheGateway
from tlray.service.schemas.batches import OptionsRequest
from tlray.service.schemas.schedules import (
    ScheduleDetails,
    SchedulePatch,
    ScheduleReceipt,
    ScheduleRequest,
    SchedulesResponse,
)
from tlray.service.submission.batch_request import checked_options, filled_for, merged_options
from tlray.service.submission.permissions import require_quota, without_refused_hosts
from tlray.service.submission.url_errors import OF_TEMPLATE, OF_URLS, require_contact, require_some_url

router = APIRouter(prefix="/api/v1", tags=["schedules"])
ScheduleId = Annotated[str, Path(max_length=64, examples=["sch_0123456789abcdef"])]
OF_WORK: Final = frozenset({"urls", "template", "variables", "priority", "options", "webhook", "email"})


def _body(model: str) -> dict[str, Any]:
    schema = {"$ref": f"#/components/schemas/{model}"}
    return {"requestBody": {"required": True, "content": {JSON: {"schema": schema}}}}


@router.post(
    "/batch/schedule",
    status_code=201,
    openapi_extra=_body("ScheduleRequest"),
    responses=problems(400, 401, 403, 409, 413, 415, 422, 429, 503, 507),
)
async def add_schedule(
    request: Request, response: Response, gateway: TheGateway, principal: Submitter
) -> ScheduleReceipt:
    """Have batches made when a cron line comes round. All is checked now as it is when a batch is submitted; lines of which no
    run fetches anything are named."""
    content_type(request, (JSON,))
    asked = read_json(await read_body(request), ScheduleRequest)
    timing = _checked(
        Timing(asked.cron, asked.timezone, Overlap(asked.overlap), CatchUp(asked.catch_up)), "body.cron"
    )
    work, refused = await _work(gateway, principal, asked)
    found = await gateway.coordinator.add_schedule(
        principal.user, schedule_id=new_schedule_id(), name=asked.name, timing=timing,
        is_paused=asked.paused, work=work,
    )  # fmt: skip
    response.headers["Location"] = f"/api/v1/schedules/{found['schedule_id']}"
    return _checked_told(found, refused)


@router.get("/schedules", responses=problems(401, 403, 429, 503))
async def list_schedules(gateway: TheGateway, principal: Reader) -> SchedulesResponse:
    """Return your schedules, the oldest first."""
    return SchedulesResponse(schedules=await gateway.coordinator.list_schedules(principal.sees))


@router.get("/schedules/{schedule_id}", responses=problems(401, 403, 404, 422, 429, 503))
async def get_schedule(schedule_id: ScheduleId, gateway: TheGateway, principal: Reader) -> ScheduleDetails:
    """Return one schedule."""
    return _told(await _found(gateway, principal, schedule_id))


@router.patch(
    "/schedules/{schedule_id}",
    openapi_extra=_body("SchedulePatch"),
    responses=problems(400, 401, 403, 404, 413, 415, 422, 429, 503, 507),
)
async def change_schedule(
    schedule_id: ScheduleId, request: Request, gateway: TheGateway, principal: Submitter
) -> ScheduleReceipt:
    """Change when a schedule runs and what it submits, or pause it."""
    content_type(request, (JSON,))
    patch = read_json(await read_body(request), SchedulePatch)
    said = patch.model_dump(exclude_none=True)
    now = await _found(gateway, principal, schedule_id)
    timing: dict[str, Any] = {key: said[key] for key in ("cron", "timezone") if key in said}
    timing |= {"overlap": Overlap(said["overlap"])} if "overlap" in said else {}
    timing |= {"catch_up": CatchUp(said["catch_up"])} if "catch_up" in said else {}
    if timing.keys() & {"cron", "timezone"}:
        _checked(
            Timing(timing.get("cron", now["cron"]), timing.get("timezone", now["timezone"])), "body.cron"
        )
    work, refused = await _changed_work(gateway, principal, now, patch)
    found = await gateway.coordinator.change_schedule(
        principal.sees, schedule_id, name=said.get("name"), timing=timing,
        is_paused=said.get("paused"), work=work,
    )  # fmt: skip
    if found is None:
        raise unknown(schedule_id)
    return _checked_told(found, refused)


@router.post("/schedules/{schedule_id}/run", responses=problems(401, 403, 404, 415, 422, 429, 503, 507))
async def run_schedule(schedule_id: ScheduleId, gateway: TheGateway, principal: Submitter) -> ScheduleDetails:
    """Run a schedule now, too, whatever is under way; `last_batch` is its batch, or `trouble` says why there is none."""
    await require_quota(gateway, principal)
    found = await gateway.coordinator.run_schedule(principal.sees, schedule_id, time.time())
    if found is None:
        raise unknown(schedule_id)
    return _told(found)


@router.delete("/schedules/{schedule_id}", status_code=204, responses=problems(401, 403, 404, 422, 429, 503))
async def delete_schedule(schedule_id: ScheduleId, gateway: TheGateway, principal: Submitter) -> Response:
    """Forget a schedule; batches that it made stay."""
    if not await gateway.coordinator.remove_schedule(principal.sees, schedule_id):
        raise unknown(schedule_id)
    return Response(status_code=204)


async def _found(gateway: Gateway, principal: Principal, schedule_id: str) -> dict[str, Any]:
    found = await gateway.coordinator.get_schedule(principal.sees, schedule_id)
    if found is None:
        raise unknown(schedule_id)
    return dict(found)


def _checked(timing: Timing, where: str) -> Timing:
    try:
        check(timing)
    except ValueError as error:
        place = "body.timezone" if "time zone" in str(error) else where
        raise validation([(place, str(error))]) from None
    return timing


def _asked(found: dict[str, Any]) -> dict[str, Any]:
    """Return the options as they were asked for; an older tlray did not keep them."""
    return dict(found.get("asked", {}))


def _told(found: dict[str, Any]) -> ScheduleDetails:
    return ScheduleDetails(**{**found, "options": _asked(found)})


def _checked_told(found: dict[str, Any], refused: list[RefusedLine]) -> ScheduleReceipt:
    lines = told_lines(sorted(refused, key=lambda line: line.line)[:MAX_LINES_TOLD], [])["rejected"]
    return ScheduleReceipt(
        **{**found, "options": _asked(found), "n_rejected": len(refused), "rejected": lines}
    )


async def _work(
    gateway: Gateway, principal: Principal, asked: ScheduleRequest
) -> tuple[dict[str, Any], list[RefusedLine]]:
    """Return what a run submits, once it is seen that a run now would make a batch, and the lines that are none for it."""
    urls, options = asked.urls, asked.options
    if asked.template is not None:
        local = datetime.now(UTC).astimezone(zone_of(asked.timezone))
        template, filled = await filled_for(gateway, principal, asked, clock_values(local))
        urls, options = list(filled.urls), merged_options(template, asked.options)
    elif asked.variables:
        raise validation([("body.variables", "values for a template, but none is named")])
    kept, _ = await asyncio.to_thread(
        checked_options, principal, asked.model_copy(update={"options": options}), gateway.settings
    )
    chunk = without_refused_hosts(chunk_of(urls), gateway.settings)
    place = OF_URLS if asked.template is None else OF_TEMPLATE
    require_contact(chunk, gateway.settings, place)
    require_some_url(chunk, place)
    work = {
        "urls": asked.urls,
        "template": asked.template,
        "variables": asked.variables,
        "priority": asked.priority,
        "options": kept.to_json(),
        "asked": asked.options.model_dump(exclude_unset=True),
        "webhook": asked.webhook,
        "email": asked.email,
        "contact": gateway.settings.contact,
    }
    return work, chunk.refused


async def _changed_work(
    gateway: Gateway, principal: Principal, now: dict[str, Any], patch: SchedulePatch
) -> tuple[dict[str, Any], list[RefusedLine]]:
    """Return what a schedule submits from now on, as `_work` does; nothing where a patch says nothing of that."""
    said = patch.model_fields_set & OF_WORK
    if not said:
        return {}, []
    if patch.urls and patch.template:
        raise validation([("body.urls", "give URLs or a template, not both")])
    kept = {key: now[key] for key in OF_WORK - {"options"}}
    if patch.urls:
        kept |= {"template": None, "variables": {}}
    elif patch.template:
        kept |= {"urls": [], "options": OptionsRequest(**_asked(now))}
    given = {key: getattr(patch, key) for key in said}
    given = {key: value for key, value in given.items() if value is not None or key in ("webhook", "email")}
    asked = ScheduleRequest(cron=now["cron"], timezone=patch.timezone or now["timezone"], **{**kept, **given})
    work, refused = await _work(gateway, replace(principal, user=now["owner"]), asked)
    if patch.options is None and not patch.template:  # who is told may be another; the manners stay
        new = BatchOptions.from_json(work["options"])
        old = BatchOptions.from_json(now["options"])
        work["options"] = replace(old, webhook=new.webhook, email=new.email).to_json()
        work["asked"] = _asked(now)
    return work, refused


def unknown(schedule_id: str) -> ProblemError:
    """Return the refusal of an id that no schedule has, or only somebody else's."""
    return ProblemError(404, f"there is no schedule {schedule_id!r}")
