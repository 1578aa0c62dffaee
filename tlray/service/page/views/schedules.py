"""``/schedules``: their next runs, what came of the last ones; run now, pause, delete, and the form of a new or a changed one."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException

from tlray.core.schedules.schedule import Timing, check, in_words, next_runs, zone_of
from tlray.errors import TlrayError
from tlray.service.auth.principal import Principal
from tlray.service.backend.gateway import Gateway
from tlray.service.http.problems import ProblemError, problem_for
from tlray.service.page.calls import body_of, checked
from tlray.service.page.form import TheForm, field
from tlray.service.page.recent import answered
from tlray.service.page.rendering import HEADERS, render, see_other
from tlray.service.page.views.new_form import VARIABLE, NewForm, read_form, value_text
from tlray.service.routes import lists, schedules, templates
from tlray.service.routes.dependencies import Reader, Submitter, TheGateway
from tlray.service.schemas.schedules import (
    ScheduleDetails,
    SchedulePatch,
    ScheduleRequest,
    ScheduleResponse,
)

router = APIRouter(prefix="/schedules", include_in_schema=False)
URLS_SHOWN: Final = 20
RUNS_SHOWN: Final = 10
TOLD_S: Final = 1.0
"""For so long what was told is told again."""
N_TOLD: Final = 5
"""Next runs of a cron line that is being typed."""
CHANGEABLE: Final = (
    "name", "cron", "timezone", "overlap", "catch_up", "priority", "webhook", "email", "template", "variables", "refresh",
)  # fmt: skip
OVERLAP: Final = {"skip": "left out while one runs", "queue": "waits for the one before"}
CATCH_UP: Final = {"none": "a missed run is left out", "last": "the last missed run is made up for"}
OPTIONS: Final = frozenset({"priority", "fresh_for", "webhook", "email", "overlap", "catch_up"})
"""Fields that are folded away."""


@router.get("")
async def show_schedules(request: Request, gateway: TheGateway, principal: Reader) -> Response:
    """Show the schedules, the next run first; those that are paused last."""
    found = (await schedules.list_schedules(gateway, principal)).schedules
    rows = [_row(one) for one in found]
    rows.sort(key=lambda row: (row["paused"], row["runs_at"][0]["at"] if row["runs_at"] else 0.0))
    return render(request, "schedules.html", rows=rows, overlap=OVERLAP, stand=_stand(found))


def _stand(found: Sequence[ScheduleResponse]) -> str:
    """Return a word that changes with any of the schedules."""
    return hashlib.sha256(repr(found).encode()).hexdigest()[:20]


@router.get("/stand")
async def stand(request: Request, gateway: TheGateway, principal: Reader) -> Response:
    """Return a word that changes with any schedule, for the script."""

    async def ask() -> str:
        return _stand((await schedules.list_schedules(gateway, principal)).schedules)

    told = await request.app.state.recent.get(("schedules", principal.sees), ask, for_s=TOLD_S)
    return answered(request, {"stand": told})


@router.get("/new")
async def new_schedule(
    request: Request, gateway: TheGateway, principal: Submitter, template: str = "", source: str = ""
) -> Response:
    """Show the form of a new schedule."""
    given = {"template": template} | ({"budget": "500", "within": "24h"} if source == "refresh" else {})
    return await _form(request, gateway, principal, NewForm(given))


@router.post("/new")
async def add_schedule(
    request: Request, gateway: TheGateway, principal: Submitter, form: TheForm
) -> Response:
    """Create a schedule."""
    new = read_form(form)
    try:
        new.given.setdefault("cron", "")
        wanted = new.schedule()
        if wanted is not None:
            made = await schedules.add_schedule(wanted, Response(), gateway, principal)
            left_out = f"?left_out={made.n_rejected}" if made.n_rejected else ""
            return see_other(request, f"/schedules/{made.schedule_id}{left_out}")
    except TlrayError as error:
        new.take(problem_for(error))
    except ProblemError as error:
        new.take(error)
    return await _form(request, gateway, principal, new)


@router.get("/when")
async def when(request: Request, principal: Reader, cron: str = "", timezone: str = "UTC") -> JSONResponse:
    """Return a cron line in words, and its next runs; or what is wrong with it. For the script of the form."""
    timing = Timing(cron[:200], timezone[:60])
    try:
        check(timing)
    except ValueError as error:
        return JSONResponse({"fault": str(error), "words": "", "runs": []}, headers=HEADERS)
    zone = zone_of(timing.timezone)
    runs = [
        {"at": at, "theirs": f"{datetime.fromtimestamp(at, UTC).astimezone(zone):%a %d %b, %H:%M}"}
        for at in next_runs(timing, after=time.time(), n=N_TOLD)
    ]
    return JSONResponse({"fault": "", "words": in_words(timing.cron), "runs": runs}, headers=HEADERS)


@router.get("/{schedule_id}")
async def show_schedule(
    request: Request,
    schedule_id: schedules.ScheduleId,
    gateway: TheGateway,
    principal: Reader,
    left_out: str = "",
    cursor: str = "",
) -> Response:
    """Show a schedule."""
    found = await schedules.get_schedule(schedule_id, gateway, principal)
    batches = await lists.batches(
        gateway, principal, schedule_id=schedule_id, cursor=cursor or None, limit=RUNS_SHOWN
    )
    return render(
        request,
        "schedule.html",
        schedule=_row(found),
        history=body_of(batches),
        is_older=bool(cursor),
        urls=found.urls[:URLS_SHOWN],
        overlap=OVERLAP,
        catch_up=CATCH_UP,
        value_text=value_text,
        left_out=int(left_out[:9]) if left_out.isascii() and left_out.isdigit() else 0,
        **_deletion(found),
    )


@router.get("/{schedule_id}/edit")
async def edit(
    request: Request, schedule_id: schedules.ScheduleId, gateway: TheGateway, principal: Submitter
) -> Response:
    """Show the form of a schedule that is changed."""
    found = await schedules.get_schedule(schedule_id, gateway, principal)
    return await _form(request, gateway, principal, NewForm(_given(found)), of=found)


@router.post("/{schedule_id}/edit")
async def save(
    request: Request,
    schedule_id: schedules.ScheduleId,
    gateway: TheGateway,
    principal: Submitter,
    form: TheForm,
) -> Response:
    """Change what a form says otherwise than the schedule does."""
    found = await schedules.get_schedule(schedule_id, gateway, principal)
    new = read_form(form)
    new.given.setdefault("cron", "")
    try:
        wanted = new.schedule()
        if wanted is not None:
            patch = _changes(found, wanted, new)
            changed = await schedules.change_schedule(patch, schedule_id, gateway, principal)
            left_out = f"?left_out={changed.n_rejected}" if changed.n_rejected else ""
            return see_other(request, f"/schedules/{schedule_id}{left_out}")
    except TlrayError as error:
        new.take(problem_for(error))
    except ProblemError as error:
        new.take(error)
    return await _form(request, gateway, principal, new, of=found)


@router.get("/{schedule_id}/delete")
async def ask_delete(
    request: Request, schedule_id: schedules.ScheduleId, gateway: TheGateway, principal: Submitter
) -> Response:
    """Ask whether a schedule is to be deleted."""
    found = await schedules.get_schedule(schedule_id, gateway, principal)
    return render(request, "sure.html", back=f"schedules/{schedule_id}", **_deletion(found))


@router.post("/{schedule_id}/delete")
async def delete(
    request: Request,
    schedule_id: schedules.ScheduleId,
    gateway: TheGateway,
    principal: Submitter,
    form: TheForm,
) -> Response:
    """Delete a schedule."""
    await schedules.delete_schedule(schedule_id, gateway, principal)
    return see_other(request, "/schedules")


@router.post("/{schedule_id}")
async def change(
    request: Request,
    schedule_id: schedules.ScheduleId,
    gateway: TheGateway,
    principal: Submitter,
    form: TheForm,
) -> Response:
    """Run a schedule now, or pause it."""
    action = field(form, "do")
    if action == "run":
        await schedules.run_schedule(schedule_id, gateway, principal)
    elif action in ("pause", "resume"):
        await schedules.change_schedule(
            SchedulePatch(paused=action == "pause"), schedule_id, gateway, principal
        )
    else:
        raise HTTPException(404, "there is no such action")
    return see_other(request, "/schedules" if field(form, "back") == "list" else f"/schedules/{schedule_id}")


def _row(schedule: ScheduleResponse) -> dict[str, Any]:
    """Return what a view shows of a schedule: its next runs in its own zone, too."""
    runs = [
        {"at": run.at, "theirs": f"{datetime.fromisoformat(run.local):%a %d %b, %H:%M}"}
        for run in schedule.next_runs
    ]
    try:
        words = in_words(schedule.cron)
    except ValueError:  # of an older tlray, which accepted more
        words = ""
    return {
        **schedule.model_dump(), "runs_at": runs, "label": schedule.name or schedule.schedule_id, "words": words,
    }  # fmt: skip


def _given(schedule: ScheduleDetails) -> dict[str, str]:
    """Return a schedule as its form says it."""
    given = {name: getattr(schedule, name) or "" for name in CHANGEABLE[:8]}
    given["fresh_for"] = str(schedule.options.get("fresh_for", ""))
    if schedule.refresh is not None:
        return given | {"budget": str(schedule.refresh.budget), "within": schedule.refresh.within}
    if schedule.template is not None:
        values = {VARIABLE + name: value_text(value) for name, value in schedule.variables.items()}
        return given | {"template": schedule.template} | values
    return given | {"lines": "\n".join(schedule.urls)}


def _changes(schedule: ScheduleDetails, wanted: ScheduleRequest, form: NewForm) -> SchedulePatch:
    """Return the patch of what a form says otherwise: times that stay the same are not begun anew."""
    changes = {
        name: getattr(wanted, name)
        for name in CHANGEABLE
        if (getattr(wanted, name) or None) != (getattr(schedule, name) or None)
    }
    if wanted.urls != schedule.urls:
        changes["urls"] = wanted.urls
    fresh_for = form.given.get("fresh_for", "")
    if fresh_for != str(schedule.options.get("fresh_for", "")):
        others = {name: value for name, value in schedule.options.items() if name != "fresh_for"}
        changes["options"] = others | ({"fresh_for": fresh_for} if fresh_for else {})
    return checked(SchedulePatch, **changes)


def _deletion(schedule: ScheduleDetails) -> dict[str, Any]:
    name = (schedule.name or schedule.schedule_id)[:80]
    return {
        "path": f"schedules/{schedule.schedule_id}/delete", "question": f"Delete the schedule “{name}”?",
        "text": "It never runs again. Its batches and their sets are kept.", "verb": "Delete it", "keep": "Keep it",
    }  # fmt: skip


async def _form(
    request: Request, gateway: Gateway, principal: Principal, form: NewForm, of: ScheduleDetails | None = None
) -> Response:
    """Show the form of a new schedule, or of one that is changed."""
    found = (await templates.list_templates(gateway, principal)).templates
    return render(
        request,
        "schedule_new.html",
        status=422 if form.faults else 200,
        of=of,
        given=form.given,
        faults=form.faults,
        faulty={name for name, _ in form.faults},
        opens_options=any(name in OPTIONS for name, _ in form.faults),
        templates=found,
        chosen=next((one for one in found if one.name == form.given.get("template")), None),
        value_text=value_text,
        overlap=OVERLAP,
        catch_up=CATCH_UP,
        has_mail=gateway.settings.smtp_url is not None,
    )
