"""``/healthz``: this replica is alive. ``/readyz``: it reaches the coordinator."""

from __future__ import annotations

from fastapi import APIRouter

from tlray.service.http.problems import problems
from tlray.service.routes.dependencies import TheGateway
from tlray.version import __version__

router = APIRouter(tags=["health"])
READY_TIMEOUT_S = 10.0


@router.get("/healthz", summary="Check that this replica answers")
async def healthz() -> dict[str, str]:
    """Check that this replica answers."""
    return {"status": "alive", "version": __version__}


@router.get("/readyz", summary="Check that the coordinator answers, too", responses=problems(503))
async def readyz(gateway: TheGateway) -> dict[str, str | int]:
    """Check that the coordinator answers, too. `redis` is "away" while this replica does not reach it, and works without."""
    life = await gateway.within(READY_TIMEOUT_S).ready()
    redis = {} if gateway.redis is None else {"redis": "ok" if gateway.redis.is_up else "away"}
    return {"status": "ready", "incarnation": life, **redis}
