"""``/api/v1/batch/{id}/deliveries``, ``/api/v1/webhooks/secret``: notifications, their attempts, and the signing secret."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Path
from fastapi.responses import JSONResponse
from pydantic import Field

from tlray.cluster.handlers.outbox import fresh_secret
from tlray.core.access.cursor import decode, encode
from tlray.service.http.paging import Cursor, Limit, page
from tlray.service.http.problems import not_found, problems
from tlray.service.routes.api_route import ApiRoute
from tlray.service.routes.dependencies import BatchId, Reader, Submitter, TheGateway
from tlray.service.schemas.batches import Moment, ResponseBody
from tlray.service.schemas.lists import NextCursor

router = APIRouter(prefix="/api/v1", tags=["notifications"], route_class=ApiRoute)
DeliveryId = Annotated[str, Path(max_length=64, examples=["msg_0123456789ab"])]


class DeliveryAttempt(ResponseBody):
    """One attempt to deliver a notification."""

    at: Moment
    took_s: float
    status: int | None = Field(
        description="The receiver's status of HTTP or SMTP; null if there was no answer."
    )
    why: str = Field(description="The reason of a failure; empty after a success.")


class DeliveryResponse(ResponseBody):
    """A notification, and every attempt to deliver it."""

    id: str = Field(
        description="The `webhook-id`, the same for every attempt.", examples=["msg_0123456789ab"]
    )
    event: Literal[
        "batch.completed", "batch.cancelled", "batch.dead_letters", "domain.blocked", "tracklist.changed"
    ]
    channel: Literal["webhook", "email"]
    target: str
    state: Literal["due", "delivered", "given_up"]
    made_at: Moment
    next_attempt_at: Moment | None
    domain: str | None = Field(description="The domain of a block.")
    attempts: list[DeliveryAttempt]


class DeliveriesResponse(ResponseBody):
    """The notifications of a batch, oldest first."""

    deliveries: list[DeliveryResponse]


class BatchDelivery(DeliveryResponse):
    """A notification of one of your batches."""

    batch_id: str


class DeliveryPage(ResponseBody):
    """A page of notifications, newest first."""

    deliveries: list[BatchDelivery]
    next_cursor: NextCursor


class SecretResponse(ResponseBody):
    """The secret that signs your webhooks."""

    secret: str = Field(
        description="`whsec_` and base64.", examples=["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"]
    )


@router.get("/batch/{batch_id}/deliveries", responses=problems(404))
async def deliveries(batch_id: BatchId, gateway: TheGateway, principal: Reader) -> DeliveriesResponse:
    """List the notifications of a batch and their attempts. A notification is retried for a day."""
    await gateway.see(principal, batch_id)
    return DeliveriesResponse(deliveries=await gateway.coordinator.list_deliveries(batch_id))


@router.get("/deliveries", response_model=DeliveryPage, responses=problems(400))
async def all_deliveries(
    gateway: TheGateway, principal: Reader, cursor: Cursor = None, limit: Limit = 100
) -> JSONResponse:
    """List the notifications of all your batches and their attempts, newest first."""
    before = decode(cursor, "deliveries", int)[0] if cursor else None
    found, next_ = await gateway.coordinator.list_all_deliveries(
        owner=principal.sees, before=before, limit=limit
    )
    return page("deliveries", found, None if next_ is None else encode("deliveries", next_))


@router.post("/deliveries/{delivery_id}/retry", responses=problems(404, 409))
async def retry_delivery(delivery_id: DeliveryId, gateway: TheGateway, principal: Submitter) -> BatchDelivery:
    """Send a notification again that was given up. It keeps its id, and is tried 25 times at most in all."""
    found = await gateway.coordinator.resend_notice(principal.sees, delivery_id)
    if found is None:
        raise not_found("notification", delivery_id)
    return BatchDelivery(**found)


@router.get("/webhooks/secret")
async def webhook_secret(gateway: TheGateway, principal: Submitter) -> SecretResponse:
    """Return the secret that signs your webhooks (Standard Webhooks)."""
    found = await gateway.coordinator.webhook_secrets(principal.user)
    return SecretResponse(secret=found[0])


@router.post("/webhooks/secret", status_code=201)
async def change_webhook_secret(gateway: TheGateway, principal: Submitter) -> SecretResponse:
    """Create a new secret. The old one signs beside it for a day."""
    found = await gateway.coordinator.change_webhook_secret(principal.user, fresh_secret())
    return SecretResponse(secret=found[0])
