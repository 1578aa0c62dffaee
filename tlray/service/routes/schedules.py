"""``/api/v1/batch/schedule``, ``/api/v1/schedules``: batches by a cron line in a time zone."""

from __future__ import annotations

import time
from typing import Annotated, Any

from fastapi import APIRouter, Path, Response

from tlray.cluster.handlers.schedules import new_schedule_id
from tlray.core.schedules.schedule import CatchUp, Overlap, Timing, check
from tlray.core.submission.lines import RefusedLine
from tlray.core.submission.receipt_lines import MAX_LINES_LISTED
from tlray.service.auth.principal import Principal
from tlray.service.backend.gateway import Gateway
from tlray.service.http.problems import not_found, problems, validation
from tlray.service.routes.api_route import ApiRoute
from tlray.service.routes.dependencies import Reader, Submitter, TheGateway
from tlray.service.schemas.batches import RejectedLine
from tlray.service.schemas.schedules import (
    ScheduleDetails,
    SchedulePatch,
    ScheduleReceipt,
    ScheduleRequest,
    SchedulesResponse,
)
from tlray.service.submission.permissions import require_quota
from tlray.service.submission.scheduled_work import changed_work, requested_options, work_of

router = APIRouter(prefix="/api/v1", tags=["schedules"], route_class=ApiRoute)
ScheduleId = Annotated[str, Path(max_length=64, examples=["sch_0123456789abcdef"])]


@router.post("/batch/schedule", status_code=201, responses=problems(409, 507))
async def add_schedule(
    body: ScheduleRequest, response: Response, gateway: TheGateway, principal: Submitter
) -> ScheduleReceipt:
    """Create a schedule that submits batches by a cron line. Its list is checked now, as for a batch; the answer names the lines
    that no run can fetch."""
    timing = _checked(Timing(body.cron, body.timezone, Overlap(body.overlap), CatchUp(body.catch_up)))
    work, rejected = await work_of(gateway, principal, body)
    schedule = await gateway.coordinator.add_schedule(
        principal.user, schedule_id=new_schedule_id(), name=body.name, timing=timing,
        is_paused=body.paused, work=work,
    )  # fmt: skip
    response.headers["Location"] = f"/api/v1/schedules/{schedule['schedule_id']}"
    return _receipt(schedule, rejected)


@router.get("/schedules")
async def list_schedules(gateway: TheGateway, principal: Reader) -> SchedulesResponse:
    """List your schedules, oldest first."""
    return SchedulesResponse(schedules=await gateway.coordinator.list_schedules(principal.sees))


@router.get("/schedules/{schedule_id}", responses=problems(404))
async def get_schedule(schedule_id: ScheduleId, gateway: TheGateway, principal: Reader) -> ScheduleDetails:
    """Return a schedule."""
    return _details(await _schedule(gateway, principal, schedule_id))


@router.patch("/schedules/{schedule_id}", responses=problems(404, 507))
async def change_schedule(
    body: SchedulePatch, schedule_id: ScheduleId, gateway: TheGateway, principal: Submitter
) -> ScheduleReceipt:
    """Change the times of a schedule or what it submits, or pause it."""
    given = body.model_dump(exclude_none=True)
    old = await _schedule(gateway, principal, schedule_id)
    timing: dict[str, Any] = {key: given[key] for key in ("cron", "timezone") if key in given}
    timing |= {"overlap": Overlap(given["overlap"])} if "overlap" in given else {}
    timing |= {"catch_up": CatchUp(given["catch_up"])} if "catch_up" in given else {}
    if timing.keys() & {"cron", "timezone"}:
        _checked(Timing(timing.get("cron", old["cron"]), timing.get("timezone", old["timezone"])))
    work, rejected = await changed_work(gateway, principal, old, body)
    schedule = await gateway.coordinator.change_schedule(
        principal.sees, schedule_id, name=given.get("name"), timing=timing,
        is_paused=given.get("paused"), work=work,
    )  # fmt: skip
    if schedule is None:
        raise not_found("schedule", schedule_id)
    return _receipt(schedule, rejected)


@router.post("/schedules/{schedule_id}/run", responses=problems(404, 507))
async def run_schedule(schedule_id: ScheduleId, gateway: TheGateway, principal: Submitter) -> ScheduleDetails:
    """Run a schedule now, whatever else is running. `last_batch` is its batch; if there is none, `trouble` says why."""
    await require_quota(gateway, principal)
    schedule = await gateway.coordinator.run_schedule(principal.sees, schedule_id, time.time())
    if schedule is None:
        raise not_found("schedule", schedule_id)
    return _details(schedule)


@router.delete("/schedules/{schedule_id}", status_code=204, responses=problems(404))
async def delete_schedule(schedule_id: ScheduleId, gateway: TheGateway, principal: Submitter) -> Response:
    """Delete a schedule. Its batches are kept."""
    if not await gateway.coordinator.remove_schedule(principal.sees, schedule_id):
        raise not_found("schedule", schedule_id)
    return Response(status_code=204)


async def _schedule(gateway: Gateway, principal: Principal, schedule_id: str) -> dict[str, Any]:
    schedule = await gateway.coordinator.get_schedule(principal.sees, schedule_id)
    if schedule is None:
        raise not_found("schedule", schedule_id)
    return dict(schedule)


def _checked(timing: Timing) -> Timing:
    try:
        check(timing)
    except ValueError as error:
        place = "body.timezone" if "time zone" in str(error) else "body.cron"
        raise validation([(place, str(error))]) from None
    return timing


def _details(schedule: dict[str, Any]) -> ScheduleDetails:
    return ScheduleDetails(**{**schedule, "options": requested_options(schedule)})


def _receipt(schedule: dict[str, Any], rejected: list[RefusedLine]) -> ScheduleReceipt:
    first = sorted(rejected, key=lambda line: line.line)[:MAX_LINES_LISTED]
    lines = [RejectedLine(line=line.line, url=line.text, reason=line.reason) for line in first]
    return ScheduleReceipt(**_details(schedule).model_dump(), n_rejected=len(rejected), rejected=lines)
