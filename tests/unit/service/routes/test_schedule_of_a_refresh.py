"""``POST /api/v1/batch/schedule`` with a ``refresh``: what is kept of it, what is refused, and what a PATCH makes of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import httpx
import pytest
from alone import NEAR, Desk, faults, service

from tlray.service.app import build_app
from tlray.service.backend.gateway import Gateway
from tlray.settings import Settings

URL = "https://sets.example.org/1"
SCHEDULE = {
    "schedule_id": "sch_1", "owner": "", "name": "", "cron": "@daily", "timezone": "UTC", "overlap": "skip",
    "catch_up": "none", "paused": False, "created_at": 1.0, "next_runs": [], "waiting": None, "last_run_at": None,
    "last_batch": None, "runs": 0, "passed_over": 0, "trouble": None,
}  # fmt: skip


class Schedules(Desk):
    """A desk that keeps one schedule."""

    def __init__(self, tmp_path: Path) -> None:
        super().__init__(Settings(home=tmp_path, contact="me@example.org"), {})
        self.kept: dict[str, Any] = {}

    async def add_schedule(self, owner: str, **given: Any) -> dict[str, Any]:
        self.kept = {**SCHEDULE, **given["work"]}
        return self.kept

    async def get_schedule(self, owner: str | None, schedule_id: str) -> dict[str, Any]:
        return self.kept

    async def change_schedule(self, owner: str | None, schedule_id: str, **given: Any) -> dict[str, Any]:
        self.kept |= given["work"]
        return self.kept


@pytest.fixture
def desk(tmp_path: Path) -> Schedules:
    return Schedules(tmp_path)


@pytest.fixture
def http(desk: Schedules) -> httpx.AsyncClient:
    app = build_app(cast(Gateway, desk), desk.settings)
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(app=app, client=NEAR), base_url="http://127.0.0.1:8000",
        headers={"X-Tlray-Client": "tests"},
    )  # fmt: skip


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> httpx.AsyncClient:
    """A service that refuses, one for all."""
    return service(tmp_path_factory.mktemp("home"))


def fresh_for_s(desk: Schedules) -> float:
    return float(desk.kept["options"]["fresh_for_s"])


async def test_a_refresh_fetches_what_is_fresh_too_at_low_priority(
    http: httpx.AsyncClient, desk: Schedules
) -> None:
    answer = await http.post("/api/v1/batch/schedule", json={"cron": "@daily", "refresh": {"budget": 5}})
    assert answer.status_code == 201, answer.text
    told = answer.json()
    assert (told["refresh"], told["urls"], told["priority"]) == ({"budget": 5, "within": "24h"}, [], "low")
    assert fresh_for_s(desk) == 0
    named = {"cron": "@daily", "refresh": {"budget": 5}, "priority": "normal", "options": {"fresh_for": "1h"}}
    told = (await http.post("/api/v1/batch/schedule", json=named)).json()
    assert (told["priority"], told["options"], fresh_for_s(desk)) == ("normal", {"fresh_for": "1h"}, 3600)


async def test_a_list_becomes_a_refresh_and_a_list_again(http: httpx.AsyncClient, desk: Schedules) -> None:
    await http.post("/api/v1/batch/schedule", json={"cron": "@daily", "urls": [URL]})
    assert fresh_for_s(desk) == 86_400
    path = "/api/v1/schedules/sch_1"
    told = (await http.patch(path, json={"refresh": {"budget": 7, "within": "2h"}})).json()
    assert (told["refresh"], told["urls"], fresh_for_s(desk)) == ({"budget": 7, "within": "2h"}, [], 0)
    told = (await http.patch(path, json={"webhook": "https://hooks.example.org/x"})).json()
    assert (told["refresh"]["budget"], told["webhook"]) == (7, "https://hooks.example.org/x")
    told = (await http.patch(path, json={"urls": [URL]})).json()
    assert (told["refresh"], told["urls"], fresh_for_s(desk)) == (None, [URL], 86_400)


async def test_a_schedule_of_an_older_tlray_has_no_refresh(http: httpx.AsyncClient, desk: Schedules) -> None:
    await http.post("/api/v1/batch/schedule", json={"cron": "@daily", "urls": [URL]})
    del desk.kept["refresh"]
    assert (await http.get("/api/v1/schedules/sch_1")).json()["refresh"] is None
    assert (await http.patch("/api/v1/schedules/sch_1", json={"priority": "low"})).json()["urls"] == [URL]


@pytest.mark.parametrize(
    ("work", "where"),
    [
        ({"refresh": {"budget": 0}}, "body.refresh.budget"),
        ({"refresh": {"budget": 10_001}}, "body.refresh.budget"),
        ({"refresh": {"budget": "5"}}, "body.refresh.budget"),
        ({"refresh": {}}, "body.refresh.budget"),
        ({"refresh": {"budget": 5, "within": "soon"}}, "body.refresh.within"),
        ({"refresh": {"budget": 5, "within": "0s"}}, "body.refresh.within"),
        ({"refresh": {"budget": 5, "within": "9999d"}}, "body.refresh.within"),
        ({"refresh": {"budget": 5, "sites": []}}, "body.refresh.sites"),
        ({"refresh": {"budget": 5}, "urls": [URL]}, "body.refresh"),
        ({"refresh": {"budget": 5}, "template": "dj-sets"}, "body.refresh"),
        ({"refresh": {"budget": 5}, "variables": {"a": 1}}, "body.refresh"),
    ],
)
async def test_a_refresh_that_cannot_be_meant_is_named(
    alone: httpx.AsyncClient, work: dict[str, Any], where: str
) -> None:
    answer = await alone.post("/api/v1/batch/schedule", json={"cron": "@daily", **work})
    assert [place for place, _ in faults(answer)] == [where]
