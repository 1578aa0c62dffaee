"""``/api/v1/batch/{id}/deliveries``, ``/api/v1/webhooks/secret``: what was told to whom, and what signs it."""

from __future__ import annotations

from typing import Literal

from fastapi import APIRouter
from pydantic import Field

from tlray.cluster.handlers.outbox import fresh_secret
from tlray.service.http.problems import problems
from tlray.service.routes.dependencies import Reader, Submitter, TheGateway
from tlray.service.schemas.batches import Moment, ResponseBody

router = APIRouter(prefix="/api/v1", tags=["notifications"])


class DeliveryAttempt(ResponseBody):
    """One attempt to deliver a notice."""

    at: Moment
    took_s: float
    status: int | None = Field(description="The receiver's, of HTTP or SMTP; null where none came.")
    why: str = Field(description="In words; empty where it was taken.")


class DeliveryResponse(ResponseBody):
    """A notice, and every attempt to deliver it."""

    id: str = Field(description="The `webhook-id`, the same at every attempt.", examples=["msg_0123456789ab"])
    event: Literal["batch.completed", "batch.cancelled", "batch.dead_letters", "domain.blocked"]
    channel: Literal["webhook", "email"]
    target: str
    state: Literal["due", "delivered", "given_up"]
    made_at: Moment
    next_attempt_at: Moment | None
    domain: str | None = Field(description="Of a block.")
    attempts: list[DeliveryAttempt]


class DeliveriesResponse(ResponseBody):
    """A batch's notices, the oldest first."""

    deliveries: list[DeliveryResponse]


class SecretResponse(ResponseBody):
    """What signs your webhooks."""

    secret: str = Field(
        description="Base64 after `whsec_`.", examples=["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"]
    )


@router.get("/batch/{batch_id}/deliveries", responses=problems(401, 403, 404, 429, 503))
async def deliveries(batch_id: str, gateway: TheGateway, principal: Reader) -> DeliveriesResponse:
    """Return who was told what of a batch, and what came of it. A notice is tried for a day."""
    await gateway.see(principal, batch_id)
    return DeliveriesResponse(deliveries=await gateway.coordinator.list_deliveries(batch_id))


@router.get("/webhooks/secret", responses=problems(401, 403, 429, 503))
async def webhook_secret(gateway: TheGateway, principal: Submitter) -> SecretResponse:
    """Return the secret that signs your webhooks (Standard Webhooks)."""
    found = await gateway.coordinator.webhook_secrets(principal.user)
    return SecretResponse(secret=found[0])


@router.post("/webhooks/secret", status_code=201, responses=problems(401, 403, 415, 429, 503))
async def change_webhook_secret(gateway: TheGateway, principal: Submitter) -> SecretResponse:
    """Make another secret. For a day the one before signs beside it."""
    found = await gateway.coordinator.change_webhook_secret(principal.user, fresh_secret())
    return SecretResponse(secret=found[0])
