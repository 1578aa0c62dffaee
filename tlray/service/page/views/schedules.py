"""``/schedules``: their next runs, what came of the last one; run now, pause, delete, and the form of a new one."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from fastapi import APIRouter, Request
from fastapi.responses import Response
from starlette.exceptions import HTTPException

from tlray.errors import TlrayError
from tlray.service.auth.principal import Principal
from tlray.service.backend.gateway import Gateway
from tlray.service.http.problems import ProblemError, problem_for
from tlray.service.page.form import TheForm, field
from tlray.service.page.rendering import render, see_other
from tlray.service.page.views.new_form import NewForm, read_form, value_text
from tlray.service.routes import schedules, templates
from tlray.service.routes.dependencies import Reader, Submitter, TheGateway
from tlray.service.schemas.schedules import ScheduleDetails, SchedulePatch, ScheduleResponse

router = APIRouter(prefix="/schedules", include_in_schema=False)
URLS_SHOWN: Final = 20
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
    return render(request, "schedules.html", rows=rows, overlap=OVERLAP)


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


@router.get("/{schedule_id}")
async def show_schedule(
    request: Request,
    schedule_id: schedules.ScheduleId,
    gateway: TheGateway,
    principal: Reader,
    left_out: str = "",
) -> Response:
    """Show a schedule."""
    found = await schedules.get_schedule(schedule_id, gateway, principal)
    return render(
        request,
        "schedule.html",
        schedule=_row(found),
        urls=found.urls[:URLS_SHOWN],
        overlap=OVERLAP,
        catch_up=CATCH_UP,
        value_text=value_text,
        left_out=int(left_out[:9]) if left_out.isascii() and left_out.isdigit() else 0,
        **_deletion(found),
    )


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
    return {**schedule.model_dump(), "runs_at": runs, "label": schedule.name or schedule.schedule_id}


def _deletion(schedule: ScheduleDetails) -> dict[str, Any]:
    name = (schedule.name or schedule.schedule_id)[:80]
    return {
        "path": f"schedules/{schedule.schedule_id}/delete", "question": f"Delete the schedule “{name}”?",
        "text": "It never runs again. Its batches and their sets are kept.", "verb": "Delete it", "keep": "Keep it",
    }  # fmt: skip


async def _form(request: Request, gateway: Gateway, principal: Principal, form: NewForm) -> Response:
    found = (await templates.list_templates(gateway, principal)).templates
    return render(
        request,
        "schedule_new.html",
        status=422 if form.faults else 200,
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
