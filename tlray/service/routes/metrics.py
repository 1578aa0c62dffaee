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
BY: Final[dict[str, tuple[str, str, str]]] = {
    "batches": ("batches", "state", "Batches of the home, by state"),
    "items": ("items", "state", "Items of batches that are not finished, by state"),
    "domains": ("domains", "state", "Domains that cool down, block us, are paused, parked or slowed"),
    "queue": ("queue_items", "priority", "Items queued or waiting, of batches that run"),
    "queue_oldest_s": (
        "queue_oldest_seconds",
        "priority",
        "How long the oldest open item of a batch that runs has waited",
    ),
}
"""Count → name after ``tlray_``, label, help."""
ALONE: Final[dict[str, str]] = {
    "incarnation": "Number of coordinator starts on this home",
    "leases": "Leases that scrape tasks hold",
    "items_in_flight": "Items leased to scrape tasks",
    "is_halted": "1 while no work is done, because nothing can be written or no task can run",
}
REDIS: Final = ("redis_up", "process", "1 while a process reaches Redis")
"""Name after ``tlray_``, label, help; only where there is a Redis."""


@router.get(
    "/metrics",
    response_class=Response,
    responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}},
)
async def metrics(gateway: TheGateway, principal: Admin) -> Response:
    """Return the counts of all batches in Prometheus' text format. For admins."""
    stats = await gateway.within(TIMEOUT_S).stats()
    redis = {
        "coordinator": stats["redis_up"],
        "service": None if gateway.redis is None else gateway.redis.is_up,
    }
    return Response(exposition(stats, redis), media_type=CONTENT_TYPE_LATEST)


def exposition(figures: Mapping[str, Any], redis: Mapping[str, bool | None]) -> bytes:
    """Return the counts in Prometheus' text format; ``redis``: whether a process reaches it, None where it needs none."""
    registry = CollectorRegistry()
    for count, (name, label, about) in BY.items():
        gauge = Gauge(f"tlray_{name}", about, [label], registry=registry)
        for value, n in figures[count].items():
            gauge.labels(value).set(n)
    for name, about in ALONE.items():
        Gauge(f"tlray_{name}", about, registry=registry).set(figures[name])
    if any(is_up is not None for is_up in redis.values()):
        name, label, about = REDIS
        gauge = Gauge(f"tlray_{name}", about, [label], registry=registry)
        for process, is_up in redis.items():
            if is_up is not None:
                gauge.labels(process).set(is_up)
    return generate_latest(registry)
