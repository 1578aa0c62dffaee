"""``/templates``: patterns of URLs with variables; the URLs that values make, before anything is sent; save and delete."""

from __future__ import annotations

import asyncio
from typing import Any, Final

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response

from tlray.core.schedules.template import Template, TemplateError, fill
from tlray.errors import TlrayError
from tlray.service.auth.principal import Principal
from tlray.service.backend.gateway import Gateway
from tlray.service.http.problems import ProblemError, problem_for
from tlray.service.page.calls import checked
from tlray.service.page.form import TheForm
from tlray.service.page.rendering import HEADERS, render, see_other, wants_json
from tlray.service.page.views.new_form import VARIABLE, NewForm, read_form, value_of, value_text
from tlray.service.routes import schedules, templates
from tlray.service.routes.dependencies import Reader, Submitter, TheGateway

router = APIRouter(prefix="/templates", include_in_schema=False)
PREVIEWED: Final = 5
LOOKED_AT: Final = 50
"""Schedules that are searched for the template."""
FIELDS: Final = {"urls": "lines", "name": "name", "description": "description", "batch_name": "batch_name"}
"""Fields of a request → of the form."""


@router.get("")
async def show_templates(request: Request, gateway: TheGateway, principal: Reader) -> Response:
    """Show the templates, one's own first."""
    found = (await templates.list_templates(gateway, principal)).templates
    rows = sorted(found, key=lambda one: (one.built_in, one.name))
    return render(request, "templates.html", rows=rows)


@router.get("/new")
async def new_template(request: Request, gateway: TheGateway, principal: Submitter, of: str = "") -> Response:
    """Show the form of a new template; ``of``: a template that it begins as."""
    given = {} if not of else _typed(await templates.get_template(of, gateway, principal))
    return _form(request, NewForm(given | {"of": of}))


@router.post("/new")
async def save_template(
    request: Request, gateway: TheGateway, principal: Submitter, form: TheForm
) -> Response:
    """Save a template, or show what it makes."""
    new = read_form(form)
    given = new.given
    if given.get("do") == "preview":
        template = Template(given.get("name") or "new", tuple(new.urls), "", given.get("batch_name", ""))
        made = await asyncio.to_thread(_made, template, given)
        return _form(request, new, made)
    try:
        await _save(gateway, principal, new)
    except TlrayError as error:
        _take(new, problem_for(error))
    except ProblemError as error:
        _take(new, error)
    else:
        return see_other(request, f"/templates/{given['name']}")
    return _form(request, new)


@router.get("/{name}")
async def show_template(
    request: Request, name: templates.TemplateName, gateway: TheGateway, principal: Reader
) -> Response:
    """Show a template, and the first URLs that its values make. A script asks for them as JSON."""
    found = await templates.get_template(name, gateway, principal)
    given = {key: value for key, value in request.query_params.items() if key.startswith(VARIABLE)}
    template = Template(name, tuple(found.urls), "", found.batch_name, {}, found.defaults)
    made = await asyncio.to_thread(_made, template, given)
    if wants_json(request):
        return JSONResponse(made, headers=HEADERS)
    listed = (await schedules.list_schedules(gateway, principal)).schedules[:LOOKED_AT]
    details = await asyncio.gather(
        *(schedules.get_schedule(one.schedule_id, gateway, principal) for one in listed)
    )
    return render(
        request,
        "template.html",
        found=found,
        made=made,
        given=given,
        value_text=value_text,
        used_by=[one for one in details if one.template == name],
        **_deletion(name),
    )


@router.get("/{name}/delete")
async def ask_delete(
    request: Request, name: templates.TemplateName, gateway: TheGateway, principal: Submitter
) -> Response:
    """Ask whether a template is to be deleted."""
    await templates.get_template(name, gateway, principal)
    return render(request, "sure.html", back=f"templates/{name}", **_deletion(name))


@router.post("/{name}/delete")
async def delete(
    request: Request, name: templates.TemplateName, gateway: TheGateway, principal: Submitter, form: TheForm
) -> Response:
    """Delete a template."""
    await templates.delete_template(name, gateway, principal)
    return see_other(request, "/templates")


def _made(template: Template, given: dict[str, str]) -> dict[str, Any]:
    """Return how many URLs a template makes with the values of a form, and the first of them; or why it makes none."""
    values = {
        key.removeprefix(VARIABLE): value_of(text)
        for key, text in given.items()
        if key.startswith(VARIABLE) and text.strip()
    }
    known = {name: value for name, value in values.items() if name in template.variables}
    try:
        filled = fill(template, known)
    except TemplateError as fault:
        return {"total": 0, "urls": [], "fault": str(fault)}
    return {
        "total": len(filled.urls),
        "urls": list(filled.urls[:PREVIEWED]),
        "name": filled.batch_name,
        "fault": "",
    }


async def _save(gateway: Gateway, principal: Principal, new: NewForm) -> None:
    given = new.given
    name = given.get("name", "")
    defaults = {
        key.removeprefix(VARIABLE): value_of(text)
        for key, text in given.items()
        if key.startswith(VARIABLE) and text
    }
    template = Template(name, tuple(new.urls), "", given.get("batch_name", ""))
    kept = {key: value for key, value in defaults.items() if key in template.variables}
    options: dict[str, Any] = {}
    if given.get("of"):  # with the options that the form does not show
        options = dict((await templates.get_template(given["of"], gateway, principal)).options)
    options.pop("fresh_for", None)
    if given.get("fresh_for"):
        options["fresh_for"] = given["fresh_for"]
    body = checked(
        templates.TemplateRequest, urls=new.urls, description=given.get("description", ""),
        batch_name=given.get("batch_name", ""), options=options, defaults=kept,
    )  # fmt: skip
    await templates.put_template(body, name, gateway, principal)


def _take(new: NewForm, error: ProblemError) -> None:
    """Take the faults of a problem to the fields that they belong to."""
    if error.status_code in (401, 403, 503):
        raise error
    for where, what in error.errors or [("body.name", str(error.detail))]:
        part = where.removeprefix("body").lstrip(".").partition(".")[0]
        place = "name" if what.startswith("name ") else FIELDS.get(part, "lines")
        is_empty = place == "lines" and not new.urls
        new.faults.append((place, "Write at least one pattern." if is_empty else what))


def _typed(template: templates.TemplateResponse) -> dict[str, str]:
    """Return a template as the fields of the form."""
    name = f"my-{template.name}"[:64] if template.built_in else template.name
    values = {VARIABLE + key: value_text(value) for key, value in template.defaults.items()}
    return {
        "name": name, "lines": "\n".join(template.urls), "description": template.description, "batch_name": template.batch_name,
        "fresh_for": str(template.options.get("fresh_for", "")),
        **values,
    }  # fmt: skip


def _deletion(name: str) -> dict[str, Any]:
    return {
        "path": f"templates/{name}/delete", "question": f"Delete the template “{name}”?",
        "text": "Batches that were made from it are kept. A schedule that uses it makes no more batches.", "verb": "Delete it",
        "keep": "Keep it",
    }  # fmt: skip


def _form(request: Request, new: NewForm, made: dict[str, Any] | None = None) -> Response:
    texts = (*new.urls, new.given.get("batch_name", ""))
    return render(
        request,
        "template_new.html",
        status=422 if new.faults else 200,
        given=new.given,
        faults=new.faults,
        faulty={name for name, _ in new.faults},
        variables=Template("new", texts).variables,
        made=made,
    )
