"""``/api/v1/domains``: how each site is treated, and an admin's say in it: its rate, how many at once, a pause."""

from __future__ import annotations

from typing import Annotated, Any, Final

from fastapi import APIRouter, Path, Request
from fastapi.responses import JSONResponse

from tlray.core.access.cursor import decode, encode
from tlray.core.politeness.site_profile import parse_politeness_key
from tlray.service.http.bodies import JSON, content_type, read_body, read_json
from tlray.service.http.paging import Cursor, Limit, page
from tlray.service.http.problems import ProblemError, problems, validation
from tlray.service.routes.dependencies import Admin, Reader, TheGateway
from tlray.service.schemas.batches import DomainPatch
from tlray.service.schemas.lists import DomainPage, DomainResponse

router = APIRouter(prefix="/api/v1/domains", tags=["domains"])
Domain = Annotated[
    str,
    Path(
        description="A host, with `:port` where that is not the scheme's own.",
        examples=["1001tracklists.com"],
    ),
]
DOMAIN_BODY: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "content": {JSON: {"schema": {"$ref": "#/components/schemas/DomainPatch"}}},
    }
}
FIELDS: Final = {"max_rate": "rate", "concurrency": "concurrency", "paused": "is_paused"}


@router.get("", response_model=DomainPage, responses=problems(400, 422, 503))
async def domains(
    gateway: TheGateway, principal: Reader, cursor: Cursor = None, limit: Limit = 100
) -> JSONResponse:
    """The domains at which your batches have items, by name."""
    after = decode(cursor, "domains", str)[0] if cursor else ""
    found, next_ = await gateway.coordinator.list_domains(owner=principal.sees, after=after, limit=limit)
    return page("domains", found, None if next_ is None else encode("domains", next_))


@router.get("/{domain}", response_model=DomainResponse, responses=problems(404, 422, 503))
async def domain(domain: Domain, gateway: TheGateway, principal: Reader) -> JSONResponse:
    """How a domain stands."""
    told = await gateway.coordinator.get_domain(_unit(domain), owner=principal.sees)
    if told is None:
        raise ProblemError(404, f"nothing was ever to be fetched from {domain[:80]!r}")
    return JSONResponse(told)


@router.patch(
    "/{domain}",
    response_model=DomainResponse,
    openapi_extra=DOMAIN_BODY,
    responses=problems(400, 413, 415, 422, 503),
)
async def set_domain(request: Request, domain: Domain, gateway: TheGateway, principal: Admin) -> JSONResponse:
    """Set a domain's rate, how many fetches at once, or pause it, or end its rest; null takes back what was set.

    It holds for all batches. What the site's robots.txt asks for stays the ceiling.
    """
    name = _unit(domain)
    content_type(request, (JSON,))
    asked = read_json(await read_body(request), DomainPatch)
    changes = {FIELDS[field]: getattr(asked, field) for field in asked.model_fields_set - {"lift"}}
    if changes.get("is_paused", False) is None:
        changes["is_paused"] = False
    return JSONResponse(await gateway.coordinator.set_domain(name, changes, is_lifted=bool(asked.lift)))


def _unit(text: str) -> str:
    try:
        return parse_politeness_key(text)
    except ValueError as error:
        raise validation([("path.domain", str(error))]) from None
