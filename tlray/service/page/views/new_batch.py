"""``/new``: a list or files become a batch; what would become of them is shown before."""

from __future__ import annotations

import secrets
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response

from tlray.core.schedules.schedule import Timing, check
from tlray.errors import TlrayError
from tlray.service.auth.principal import Principal
from tlray.service.backend.gateway import Gateway
from tlray.service.http.problems import ProblemError, problem_for
from tlray.service.page.calls import body_of
from tlray.service.page.form import TheForm
from tlray.service.page.rendering import HEADERS, render, see_other, wants_json
from tlray.service.page.views.new_form import NewForm, read_form, value_text
from tlray.service.routes import batches, schedules, templates
from tlray.service.routes.dependencies import Submitter, TheGateway
from tlray.service.submission.batch_request import with_template

router = APIRouter(include_in_schema=False)
OPTIONS = frozenset({"name", "priority", "fresh_for", "not_before", "cron", "timezone", "webhook", "email"})
"""Fields that are folded away."""
NO_LINES = "Paste one URL or more, one a line."


@router.get("/new")
async def new(request: Request, gateway: TheGateway, principal: Submitter, template: str = "") -> Response:
    """Show the form."""
    return await _shown(
        request, gateway, principal, NewForm({"template": template, "key": secrets.token_hex(8)})
    )


@router.post("/new")
async def submit(request: Request, gateway: TheGateway, principal: Submitter, form: TheForm) -> Response:
    """Check the list, or start the batch. A script gets the answer as JSON."""
    new_form = read_form(form)
    is_check = new_form.given.get("do") != "start"
    answer: dict[str, Any] = {}
    try:
        answer = await (_started if not is_check else _checked)(gateway, principal, new_form)
    except TlrayError as error:
        new_form.take(problem_for(error))
    except ProblemError as error:
        new_form.take(error)
    if wants_json(request):
        body = {**answer, "faults": [{"field": name, "what": what} for name, what in new_form.faults]}
        return JSONResponse(body, 422 if new_form.faults else 200, headers=HEADERS)
    if not new_form.faults and "path" in answer:
        return see_other(request, answer["path"])
    return await _shown(request, gateway, principal, new_form, answer)


async def _checked(gateway: Gateway, principal: Principal, form: NewForm) -> dict[str, Any]:
    """Return what would become of the list."""
    if not form.given.get("template") and not form.urls:
        form.faults.append(("lines", NO_LINES))
        return {}
    request = form.batch()
    if request is None:
        return {}
    _check_times(form)
    request = await with_template(gateway, principal, request)
    sent = form.sent(request)
    checked = body_of(await batches.take_list(gateway, principal, sent, key=None, digest="", dry_run=True))
    return {"preview": checked, "first_urls": request.urls[:5] if request.template else []}


def _check_times(form: NewForm) -> None:
    """Add what is wrong with the cron line, if there is one."""
    if cron := form.given.get("cron"):
        try:
            check(Timing(cron, form.given.get("timezone") or "UTC"))
        except ValueError as error:
            form.faults.append(("cron", str(error)))


async def _started(gateway: Gateway, principal: Principal, form: NewForm) -> dict[str, Any]:
    """Submit the batch, or create the schedule; return where it is."""
    if form.given.get("cron"):
        wanted = form.schedule()
        if wanted is None:
            return {}
        made = await schedules.add_schedule(wanted, Response(), gateway, principal)
        return {"path": f"/schedules/{made.schedule_id}"}
    request = form.batch()
    if request is None:
        return {}
    request = await with_template(gateway, principal, request)
    sent = form.sent(request)
    key = form.given.get("key") or None
    receipt = body_of(await batches.take_list(gateway, principal, sent, key=key, digest=sent.digest))
    return {"path": f"/batches/{receipt['batch_id']}", "batch_id": receipt["batch_id"]}


async def _shown(
    request: Request,
    gateway: Gateway,
    principal: Principal,
    form: NewForm,
    answer: dict[str, Any] | None = None,
) -> Response:
    found = (await templates.list_templates(gateway, principal)).templates
    chosen = next((one for one in found if one.name == form.given.get("template")), None)
    return render(
        request,
        "new.html",
        status=422 if form.faults else 200,
        given=form.given,
        faults=form.faults,
        faulty={name for name, _ in form.faults},
        opens_options=any(name in OPTIONS for name, _ in form.faults),
        preview=(answer or {}).get("preview"),
        first_urls=(answer or {}).get("first_urls", []),
        templates=found,
        chosen=chosen,
        value_text=value_text,
        has_mail=gateway.settings.smtp_url is not None,
    )
