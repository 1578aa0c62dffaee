"""``/api/v1/templates``: named sets of URLs and options, with variables. Each user's own, and the built-in ones."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any, Final

from fastapi import APIRouter, Path, Request, Response
from fastapi.responses import JSONResponse
from pydantic import ConfigDict, Field

from tlray.core.model.urls import BadUrl, canonicalise, host_of
from tlray.core.schedules.built_in_templates import BUILT_IN
from tlray.core.schedules.template import Template, TemplateError, beginning_of, check
from tlray.io.http.address_policy import AddressPolicy, policy_for
from tlray.io.journal.templates import MAX_CHARS, MAX_TEMPLATES
from tlray.scrape_options import ScrapeOptions
from tlray.service.http.bodies import JSON, content_type, read_body, read_json
from tlray.service.http.problems import ProblemError, problems, validation
from tlray.service.http.validation_errors import MAX_FAULTS_SHOWN
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
from tlray.service.submission.permissions import options_for, refusal_of_host
from tlray.settings import Settings

router = APIRouter(prefix="/api/v1/templates", tags=["templates"])
TemplateName = Annotated[str, Path(pattern=TEMPLATE_NAME, examples=["my-festival"])]
BODY: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "content": {JSON: {"schema": {"$ref": "#/components/schemas/TemplateRequest"}}},
    }
}


class TemplateRequest(RequestBody):
    """A template. `{year}` is a place for a value, `{+path}` for one that may hold `/ : ? &`."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "urls": ["https://example.org/{event}/{year}/{+set}"],
                    "description": "All sets of one festival.",
                    "batch_name": "{event} {year}",
                    "options": {"fresh_for": "7d"},
                    "defaults": {"event": "tomorrowland"},
                }
            ]
        }
    )

    urls: Annotated[list[Annotated[str, Field(max_length=2_000)]], Field(min_length=1, max_length=MAX_URLS)]
    description: Annotated[str, Field(max_length=1_000)] = ""
    batch_name: Name = ""
    options: OptionsRequest = OptionsRequest()
    defaults: dict[str, VariableValue] = Field({}, description="Values of variables that need none given.")


class TemplateResponse(ResponseBody):
    """A template, with the variables that it has places for."""

    name: str
    description: str
    urls: list[str]
    batch_name: str
    variables: list[str]
    options: dict[str, Any]
    defaults: dict[str, VariableValue]
    built_in: bool


class TemplatesResponse(ResponseBody):
    """Every template that may be taken."""

    templates: list[TemplateResponse]


def told(template: Template) -> TemplateResponse:
    """Return a template as it is told."""
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


@router.get("", responses=problems(401, 403, 429, 503))
async def list_templates(gateway: TheGateway, principal: Reader) -> TemplatesResponse:
    """Return the built-in templates and your own."""
    found = await gateway.coordinator.list_templates(principal.user)
    return TemplatesResponse(templates=[told(template) for template in found])


@router.get("/{name}", responses=problems(401, 403, 404, 422, 429, 503))
async def get_template(name: TemplateName, gateway: TheGateway, principal: Reader) -> TemplateResponse:
    """Return one template."""
    found = await gateway.coordinator.get_template(principal.user, name)
    if found is None:
        raise unknown(name)
    return told(found)


@router.put(
    "/{name}",
    response_model=TemplateResponse,
    openapi_extra=BODY,
    responses={
        201: {"model": TemplateResponse, "description": "It is new."},
        **problems(400, 401, 403, 409, 413, 415, 422, 429, 503, 507),
    },
)
async def put_template(
    name: TemplateName, request: Request, gateway: TheGateway, principal: Submitter
) -> JSONResponse:
    """Keep a template, in the place of your own one of that name."""
    content_type(request, (JSON,))
    asked = read_json(await read_body(request), TemplateRequest)
    if name in BUILT_IN:
        raise ProblemError(409, f"{name!r} is a built-in template; take another name")
    options = asked.options.model_dump(exclude_unset=True)
    # refuses what no batch may have
    await asyncio.to_thread(options_for, principal, ScrapeOptions(**options), gateway.settings)
    template = Template(name, tuple(asked.urls), asked.description, asked.batch_name, options, asked.defaults)
    try:
        check(template)
    except TemplateError as fault:
        raise validation([("body", str(fault))]) from None
    if faults := await asyncio.to_thread(url_faults, template, gateway.settings):
        raise validation(faults)
    is_new = await gateway.coordinator.put_template(principal.user, template)
    if is_new is None:
        raise ProblemError(
            409,
            f"you have {MAX_TEMPLATES:,} templates, or more than {MAX_CHARS:,} characters in them; delete one first",
        )
    return JSONResponse(told(template).model_dump(), 201 if is_new else 200)


@router.delete("/{name}", status_code=204, responses=problems(401, 403, 404, 409, 422, 429, 503))
async def delete_template(name: TemplateName, gateway: TheGateway, principal: Submitter) -> Response:
    """Forget one of your templates; batches made of it stay."""
    if name in BUILT_IN:
        raise ProblemError(409, f"{name!r} is a built-in template; it stays")
    if not await gateway.coordinator.remove_template(principal.user, name):
        raise unknown(name)
    return Response(status_code=204)


def url_faults(template: Template, settings: Settings) -> list[tuple[str, str]]:
    """Return which URLs of a template could never be fetched, whatever their values, and why."""
    allow = policy_for(settings.networks)
    whys = ((n, _refusal_of(text, allow)) for n, text in enumerate(template.urls))
    return [(f"body.urls.{n}", why) for n, why in whys if why is not None][:MAX_FAULTS_SHOWN]


def _refusal_of(text: str, allow: AddressPolicy) -> str | None:
    if (url := beginning_of(text)) is None:
        return None
    found = canonicalise(url)
    if isinstance(found, BadUrl):
        return found.reason
    why = refusal_of_host(host_of(found.domain), allow)
    return why and f"private-address: {why}"


def unknown(name: str) -> ProblemError:
    """Return the refusal of a name that no template has, or only somebody else's."""
    return ProblemError(404, f"there is no template {name!r}")
