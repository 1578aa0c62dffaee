"""``/api/v1/templates``: named sets of URLs and options, with variables. Each user's own, and the built-in ones."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

from fastapi import APIRouter, Path, Response
from fastapi.responses import JSONResponse
from pydantic import Field

from tlray.core.model.address_policy import AddressPolicy, policy_for
from tlray.core.model.urls import BadUrl, canonicalise, host_of
from tlray.core.schedules.built_in_templates import BUILT_IN
from tlray.core.schedules.template import Template, TemplateError, beginning_of, check
from tlray.io.journal.service_rows import MAX_TEMPLATE_CHARS, MAX_TEMPLATES
from tlray.scrape_options import ScrapeOptions
from tlray.service.http.problems import ProblemError, not_found, problems, validation
from tlray.service.http.validation_errors import MAX_FAULTS_SHOWN
from tlray.service.routes.api_route import ApiRoute
from tlray.service.routes.dependencies import Reader, Submitter, TheGateway
from tlray.service.schemas.batches import (
    MAX_URLS,
    TEMPLATE_NAME,
    Name,
    OptionsRequest,
    RequestBody,
    ResponseBody,
    VariableValue,
)
from tlray.service.submission.permissions import options_for
from tlray.settings import Settings

router = APIRouter(prefix="/api/v1/templates", tags=["templates"], route_class=ApiRoute)
TemplateName = Annotated[str, Path(pattern=TEMPLATE_NAME, examples=["my-festival"])]


class TemplateRequest(RequestBody):
    """A template. `{year}` stands for a value, `{+path}` for one that may contain `/ : ? &`."""

    urls: Annotated[list[Annotated[str, Field(max_length=2_000)]], Field(min_length=1, max_length=MAX_URLS)]
    description: Annotated[str, Field(max_length=1_000)] = ""
    batch_name: Name = ""
    options: OptionsRequest = OptionsRequest()
    defaults: dict[str, VariableValue] = Field({}, description="Default values of variables.")


class TemplateResponse(ResponseBody):
    """A template and its variables."""

    name: str
    description: str
    urls: list[str]
    batch_name: str
    variables: list[str]
    options: dict[str, Any]
    defaults: dict[str, VariableValue]
    built_in: bool


class TemplatesResponse(ResponseBody):
    """All templates that you may use."""

    templates: list[TemplateResponse]


def _response(template: Template) -> TemplateResponse:
    """Return a template for JSON."""
    return TemplateResponse(
        name=template.name,
        description=template.description,
        urls=list(template.urls),
        batch_name=template.batch_name,
        variables=list(template.variables),
        options=dict(template.options),
        defaults=dict(template.defaults),
        built_in=template.is_built_in,
    )


@router.get("")
async def list_templates(gateway: TheGateway, principal: Reader) -> TemplatesResponse:
    """List the built-in templates and your own."""
    found = await gateway.coordinator.list_templates(principal.user)
    return TemplatesResponse(templates=[_response(template) for template in found])


@router.get("/{name}", responses=problems(404))
async def get_template(name: TemplateName, gateway: TheGateway, principal: Reader) -> TemplateResponse:
    """Return a template."""
    found = await gateway.coordinator.get_template(principal.user, name)
    if found is None:
        raise not_found("template", name)
    return _response(found)


@router.put(
    "/{name}",
    response_model=TemplateResponse,
    responses={
        201: {"model": TemplateResponse, "description": "The template is new."},
        **problems(409, 507),
    },
)
async def put_template(
    body: TemplateRequest, name: TemplateName, gateway: TheGateway, principal: Submitter
) -> JSONResponse:
    """Create or replace one of your templates."""
    if name in BUILT_IN:
        raise ProblemError(409, f"{name!r} is a built-in template; choose another name")
    options = body.options.model_dump(exclude_unset=True)
    # raises a problem for options that no batch of this user may have
    await asyncio.to_thread(options_for, principal, ScrapeOptions(**options), gateway.settings)
    template = Template(name, tuple(body.urls), body.description, body.batch_name, options, body.defaults)
    try:
        check(template)
    except TemplateError as error:
        raise validation([("body", str(error))]) from None
    if faults := await asyncio.to_thread(url_faults, template, gateway.settings):
        raise validation(faults)
    is_new = await gateway.coordinator.put_template(principal.user, template)
    if is_new is None:
        raise ProblemError(
            409,
            f"you may have {MAX_TEMPLATES:,} templates with {MAX_TEMPLATE_CHARS:,} characters; delete one first",
        )
    return JSONResponse(_response(template).model_dump(), 201 if is_new else 200)


@router.delete("/{name}", status_code=204, responses=problems(404, 409))
async def delete_template(name: TemplateName, gateway: TheGateway, principal: Submitter) -> Response:
    """Delete one of your templates. Its batches are kept."""
    if name in BUILT_IN:
        raise ProblemError(409, f"{name!r} is a built-in template and cannot be deleted")
    if not await gateway.coordinator.remove_template(principal.user, name):
        raise not_found("template", name)
    return Response(status_code=204)


def url_faults(template: Template, settings: Settings) -> list[tuple[str, str]]:
    """Return the URLs of a template that no values make fetchable, and why."""
    allow = policy_for(settings.networks)
    whys = ((n, _refusal_of(text, allow)) for n, text in enumerate(template.urls))
    return [(f"body.urls.{n}", why) for n, why in whys if why is not None][:MAX_FAULTS_SHOWN]


def _refusal_of(text: str, allow: AddressPolicy) -> str | None:
    if (url := beginning_of(text)) is None:
        return None
    found = canonicalise(url)
    if isinstance(found, BadUrl):
        return found.reason
    why = allow.refusal_of_submitted(host_of(found.domain))
    return why and f"private-address: {why}"
