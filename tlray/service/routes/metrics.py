"""``/metrics``: counts by state and kind in Prometheus' text format, without URLs, batches or users.

The counts of scrape tasks (outcomes, latencies, bytes) are in Ray's own metrics, as ``ray_tlray_…``: docs/operations.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from fastapi import APIRouter
from fastapi.responses import Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Gauge, generate_latest

from tlray.service.routes.api_route import ApiRoute
from tlray.service.routes.dependencies import Admin, TheGateway

router = APIRouter(tags=["health"], route_class=ApiRoute)
TIMEOUT_S: Final = 10.0
BY: Final[dict[str, tuple[str, str]]] = {
    "batches": ("state", "Batches of the home, by state"),
    "items": ("state", "Items of batches that are not finished, by state"),
    "domains": ("state", "Domains that are cooling, paused, parked or slowed"),
}
ALONE: Final[dict[str, str]] = {
    "incarnation": "Number of coordinator starts on this home",
    "leases": "Leases that scrape tasks hold",
    "items_in_flight": "Items leased to scrape tasks",
    "is_halted": "1 while no work is done, because nothing can be written or no task can run",
}


@router.get(
    "/metrics",
    response_class=Response,
    responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}},
)
async def metrics(gateway: TheGateway, principal: Admin) -> Response:
    """Return the counts of all batches in Prometheus' text format. For admins."""
    return Response(exposition(await gateway.within(TIMEOUT_S).stats()), media_type=CONTENT_TYPE_LATEST)


def exposition(figures: Mapping[str, Any]) -> bytes:
    """Return the counts in Prometheus' text format."""
    registry = CollectorRegistry()
    for name, (label, about) in BY.items():
        gauge = Gauge(f"tlray_{name}", about, [label], registry=registry)
        for value, n in figures[name].items():
            gauge.labels(value).set(n)
    for name, about in ALONE.items():
        Gauge(f"tlray_{name}", about, registry=registry).set(figures[name])
    return generate_latest(registry)
