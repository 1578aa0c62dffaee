"""``/new``: a list or files become a batch; what would become of them is shown before."""

from __future__ import annotations

import secrets
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request
from fastapi.responses import JSONResponse, Response

from tlray.core.model.lifecycle import ItemState
from tlray.core.schedules.schedule import Timing, check
from tlray.errors import TlrayError
from tlray.service.auth.principal import Principal
from tlray.service.backend.gateway import Gateway
from tlray.service.http.bodies import LINES
from tlray.service.http.paging import MAX_LIMIT
from tlray.service.http.problems import ProblemError, problem_for
from tlray.service.page.calls import body_of
from tlray.service.page.form import TheForm
from tlray.service.page.rendering import HEADERS, render, see_other, wants_json
from tlray.service.page.views.new_form import NewForm, read_form, value_text
from tlray.service.routes import batches, items, schedules, templates
from tlray.service.routes.dependencies import Submitter, TheGateway
from tlray.service.schemas.batches import MAX_URLS
from tlray.service.submission.batch_request import with_template
from tlray.service.submission.list_body import SentList

router = APIRouter(include_in_schema=False)
OPTIONS = frozenset({"name", "priority", "fresh_for", "not_before", "cron", "timezone", "webhook", "email"})
"""Fields that are folded away."""
NO_LINES = "Paste one URL or more, one a line."


@router.get("/new")
async def new(
    request: Request,
    gateway: TheGateway,
    principal: Submitter,
    template: str = "",
    from_: Annotated[str, Query(alias="from")] = "",
) -> Response:
    """Show the form; ``from``: with the URLs of a batch that were not fetched because it was cancelled."""
    given = {"template": template, "key": secrets.token_hex(8)}
    if from_:
        urls, has_more = await _not_fetched(gateway, principal, from_)
        more = f"# the first {MAX_URLS:,}; there are more\n" * has_more
        name = (await gateway.status(from_))["name"]
        given |= {"lines": more + "".join(f"{url}\n" for url in urls), "name": name}
    return await _shown(request, gateway, principal, NewForm(given))


async def _not_fetched(gateway: Gateway, principal: Principal, batch_id: str) -> tuple[list[str], bool]:
    """Return the URLs of the items that a batch was cancelled with, at most those of one list, and whether there are more."""
    urls: list[str] = []
    cursor: str | None = None
    while True:
        page = body_of(
            await items.items(
                batch_id, gateway, principal, state=ItemState.CANCELLED, domain=None, reason=None, q=None,
                from_line=None, cursor=cursor, limit=MAX_LIMIT,
            )
        )  # fmt: skip
        urls += [item["url"] for item in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None or len(urls) >= MAX_URLS:
            return urls[:MAX_URLS], cursor is not None


@router.post("/new")
async def submit(request: Request, gateway: TheGateway, principal: Submitter, form: TheForm) -> Response:
    """Check the list, or start the batch. A script gets the answer as JSON."""
    new_form = read_form(form)
    act = ACTIONS.get(new_form.given.get("do", ""), _checked)
    answer: dict[str, Any] = {}
    try:
        answer = await act(gateway, principal, new_form)
    except (TlrayError, ProblemError) as error:
        problem = problem_for(error) if isinstance(error, TlrayError) else error
        if problem.status_code == 429 and wants_json(request):  # the script tries again
            raise problem from None
        new_form.take(problem)
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
    form.check_start()
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
        form.check_start()
        if wanted is None or form.faults:
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


async def _opened(gateway: Gateway, principal: Principal, form: NewForm) -> dict[str, Any]:
    """Open a batch for a list that is too long for a form; its pieces are sent to the API."""
    if form.given.get("cron"):
        form.faults.append(
            ("cron", f"A schedule has at most {MAX_URLS:,} lines. Shorten the list, or empty this field.")
        )
        return {}
    request = form.batch()
    if request is None:
        return {}
    sent = SentList([], LINES[0], request, "")
    receipt = body_of(
        await batches.take_list(gateway, principal, sent, key=None, digest="", state="receiving")
    )
    return {"batch_id": receipt["batch_id"]}


ACTIONS: Final = {"start": _started, "open": _opened}
"""By the button; any other one checks the list."""


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
        most_bytes=gateway.settings.max_import_bytes,
    )
