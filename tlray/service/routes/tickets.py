"""``POST /api/v1/tickets``: a ticket opens one socket or event stream, in place of a token.

A browser sends no headers with a WebSocket or an event stream, and URLs are written to logs; so a ticket works once, for half a
minute, and for reading only.
"""

from __future__ import annotations

import secrets

from fastapi import APIRouter
from pydantic import Field

from tlray.core.access.tokens import digest_of
from tlray.service.routes.api_route import ApiRoute
from tlray.service.routes.dependencies import Reader, TheGateway
from tlray.service.schemas.batches import ResponseBody

router = APIRouter(prefix="/api/v1/tickets", tags=["access"], route_class=ApiRoute)


class TicketResponse(ResponseBody):
    """A new ticket."""

    ticket: str = Field(
        description="Use it once, as `?ticket=` of `/ws/batch/{id}/progress` or `/api/v1/batch/{id}/events`."
    )
    expires_in_s: float


@router.post("", status_code=201)
async def create_ticket(gateway: TheGateway, principal: Reader) -> TicketResponse:
    """Create a ticket for one socket or event stream."""
    ticket = secrets.token_urlsafe(32)
    # a ticket has the rights of its token while that is valid: an admin sees all batches
    expires_in_s = await gateway.coordinator.issue_ticket(digest_of(ticket), principal.token)
    return TicketResponse(ticket=ticket, expires_in_s=expires_in_s)
