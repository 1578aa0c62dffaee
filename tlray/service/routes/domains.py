"""``/api/v1/domains``: the state of each domain, and its overrides by an admin: rate, concurrency, pause."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Path
from fastapi.responses import JSONResponse

from tlray.core.access.cursor import decode, encode
from tlray.core.model.progress import DomainHistory, DomainStatus
from tlray.core.politeness.site_profile import parse_politeness_key
from tlray.service.http.paging import Cursor, Limit, page
from tlray.service.http.problems import not_found, problems, validation
from tlray.service.routes.api_route import ApiRoute
from tlray.service.routes.dependencies import Admin, Reader, TheGateway
from tlray.service.schemas.batches import DomainPatch
from tlray.service.schemas.lists import DomainPage

router = APIRouter(prefix="/api/v1/domains", tags=["domains"], route_class=ApiRoute)
Domain = Annotated[
    str,
    Path(
        description="A host, with `:port` if it is not the default port.",
        examples=["1001tracklists.com"],
    ),
]
FIELDS: Final = {"max_rate": "rate", "concurrency": "concurrency", "paused": "is_paused"}


@router.get("", response_model=DomainPage, responses=problems(400))
async def domains(
    gateway: TheGateway, principal: Reader, cursor: Cursor = None, limit: Limit = 100
) -> JSONResponse:
    """List the domains of your batches, by name."""
    after = decode(cursor, "domains", str)[0] if cursor else ""
    found, next_ = await gateway.coordinator.list_domains(owner=principal.sees, after=after, limit=limit)
    return page("domains", found, None if next_ is None else encode("domains", next_))


@router.get("/{domain}", response_model=DomainStatus, responses=problems(404))
async def domain(domain: Domain, gateway: TheGateway, principal: Reader) -> JSONResponse:
    """Return the state of a domain."""
    status = await gateway.coordinator.get_domain(_unit(domain), owner=principal.sees)
    if status is None:
        raise not_found("domain", domain)
    return JSONResponse(status)


@router.get("/{domain}/history", response_model=DomainHistory, responses=problems(404))
async def history(domain: Domain, gateway: TheGateway, principal: Reader) -> JSONResponse:
    """Return what a domain's robots.txt says, and its last rests."""
    found = await gateway.coordinator.domain_history(_unit(domain), owner=principal.sees)
    if found is None:
        raise not_found("domain", domain)
    return JSONResponse(found)


@router.patch("/{domain}", response_model=DomainStatus)
async def set_domain(
    body: DomainPatch, domain: Domain, gateway: TheGateway, principal: Admin
) -> JSONResponse:
    """Set a domain's rate and concurrency, pause it, or end its cool-down; null removes a setting.

    It holds for all batches. The crawl-delay of the site's robots.txt still applies.
    """
    changes = {FIELDS[field]: getattr(body, field) for field in body.model_fields_set - {"lift"}}
    if changes.get("is_paused", False) is None:
        changes["is_paused"] = False
    status = await gateway.coordinator.set_domain(_unit(domain), changes, is_lifted=bool(body.lift))
    return JSONResponse(status)


def _unit(text: str) -> str:
    try:
        return parse_politeness_key(text)
    except ValueError as error:
        raise validation([("path.domain", str(error))]) from None
