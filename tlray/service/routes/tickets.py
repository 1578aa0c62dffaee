"""``POST /api/v1/tickets``: a word that opens one socket, within seconds, in the place of a token.

A browser sends no headers with a WebSocket or an event stream, and what stands in a URL is written into logs; so what stands
there is good once, for half a minute, and for reading only.
"""

from __future__ import annotations

import secrets

from fastapi import APIRouter
from pydantic import ConfigDict, Field

from tlray.core.access.tokens import digest_of
from tlray.service.http.problems import problems
from tlray.service.routes.dependencies import Reader, TheGateway
from tlray.service.schemas.batches import ResponseBody

router = APIRouter(prefix="/api/v1/tickets", tags=["access"])


class TicketResponse(ResponseBody):
    """A new ticket."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"ticket": "Zk3…", "expires_in_s": 30.0}]},
    )

    ticket: str = Field(
        description="For `?ticket=` of `/ws/batch/{id}/progress` or `/api/v1/batch/{id}/events`, once."
    )
    expires_in_s: float


@router.post("", status_code=201, responses=problems(401, 403, 429, 503))
async def create_ticket(gateway: TheGateway, principal: Reader) -> TicketResponse:
    """Return a ticket for one socket."""
    ticket = secrets.token_urlsafe(32)
    # it stands for the token, for as long as that is good: who sees everybody's batches sees them there, too
    expires_in_s = await gateway.coordinator.issue_ticket(digest_of(ticket), principal.token)
    return TicketResponse(ticket=ticket, expires_in_s=expires_in_s)
