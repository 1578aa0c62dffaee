"""``/metrics``: how things stand, as Prometheus reads it. Counts by state and kind, never a URL, a batch or a user.

What scrape tasks count (outcomes, latencies, bytes) is in Ray's own metrics, as ``ray_tlray_…``: docs/operations.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from fastapi import APIRouter
from fastapi.responses import Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Gauge, generate_latest

from tlray.service.http.problems import problems
from tlray.service.routes.dependencies import Admin, TheGateway

router = APIRouter(tags=["health"])
TIMEOUT_S: Final = 10.0
BY: Final[dict[str, tuple[str, str]]] = {
    "batches": ("state", "Batches of the home, by state"),
    "items": ("state", "Items of batches that are not finished, by state"),
    "domains": ("state", "Domains that are not simply at work: cooling, paused, parked, slowed"),
}
ALONE: Final[dict[str, str]] = {
    "incarnation": "How often a coordinator was started on this home",
    "leases": "Leases that scrape tasks hold",
    "items_in_flight": "Items leased to scrape tasks",
    "is_halted": "1 while nothing goes on, because nothing can be written or no task can work",
}


@router.get(
    "/metrics",
    response_class=Response,
    responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}, **problems(503)},
)
async def metrics(gateway: TheGateway, principal: Admin) -> Response:
    """How things stand in all batches, in Prometheus' text format; an admin's."""
    return Response(exposition(await gateway.within(TIMEOUT_S).stats()), media_type=CONTENT_TYPE_LATEST)


def exposition(figures: Mapping[str, Any]) -> bytes:
    """Return figures in Prometheus' text format."""
    registry = CollectorRegistry()
    for name, (label, about) in BY.items():
        gauge = Gauge(f"tlray_{name}", about, [label], registry=registry)
        for value, n in figures[name].items():
            gauge.labels(value).set(n)
    for name, about in ALONE.items():
        Gauge(f"tlray_{name}", about, registry=registry).set(figures[name])
    return generate_latest(registry)
