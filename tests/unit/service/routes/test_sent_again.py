"""Notifications that were given up are sent again by whoever has their batch; the batches of a schedule are listed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from made_desk import chunk
from made_journal import kill_lane
from made_service import MadeService

from tlray.core.notify.notification import MAX_ATTEMPTS, Delivery
from tlray.core.scheduling.changeset import LaneDeath
from tlray.io.journal.rows import BatchOptions

FAILED = Delivery(503, "not taken")


@pytest.fixture
async def made(tmp_path: Path) -> AsyncIterator[MadeService]:
    """A service with a batch of ann, which has one notification: given up after three attempts."""
    made = MadeService(tmp_path)
    await made.desk.submit("B1", chunk(2), owner="ann", options=BatchOptions(webhook="https://hooks.test/x"))
    kill_lane(made.journal, LaneDeath(made.journal.batch("B1").id, "e.test", "timeout"))
    fail(made, 3)
    yield made
    made.close()


def fail(made: MadeService, n_times: int) -> None:
    """Let the notification fail, and be given up after the last time."""
    (notice,) = made.journal.claim_notices(wall=4e9, hold_s=0.0, limit=1)
    for n in range(n_times):
        next_at = None if n == n_times - 1 else 0.0
        made.journal.settle_notice(notice.notice_id, FAILED, at=1.0, took_s=0.1, next_at=next_at)


async def listed(http: httpx.AsyncClient) -> dict[str, str]:
    (found,) = (await http.get("/api/v1/deliveries")).json()["deliveries"]
    return {"path": f"/api/v1/deliveries/{found['id']}/retry", "state": found["state"]}


async def test_its_owner_has_it_sent_again_and_nobody_else(made: MadeService) -> None:
    ann, eve, reader = made.client("ann"), made.client("eve"), made.client("ann2", scope="read")
    one = await listed(ann)
    assert one["state"] == "given_up"
    assert (await eve.post(one["path"])).status_code == 404
    assert (await reader.post(one["path"])).status_code == 403
    assert (await ann.post("/api/v1/deliveries/msg_none/retry")).status_code == 404
    assert made.journal.claim_notices(wall=4e9, hold_s=0.0, limit=9) == []
    for _ in range(2):  # said twice, it is due once
        answer = await ann.post(one["path"])
        assert (answer.status_code, answer.json()["state"], answer.json()["batch_id"]) == (200, "due", "B1")
    assert len(made.journal.claim_notices(wall=4e9, hold_s=0.0, limit=9)) == 1


async def test_one_that_was_delivered_or_tried_too_often_is_not_sent_again(made: MadeService) -> None:
    root = made.client("root", scope="admin")
    one = await listed(root)
    for _ in range(MAX_ATTEMPTS - 3):
        assert (await root.post(one["path"])).status_code == 200
        fail(made, 1)
    refused = await root.post(one["path"])
    assert (refused.status_code, "25 times" in refused.json()["detail"]) == (409, True)
    assert (await listed(root))["state"] == "given_up"


async def test_the_batches_of_a_schedule_are_listed(made: MadeService) -> None:
    ann, eve = made.client("ann"), made.client("eve")
    for n in (1, 2):
        key = f"schedule sch_1 {n}.000"
        await made.desk.submit(f"S{n}", chunk(1, named=f"s{n}"), owner="ann", key=key)

    async def ids(http: httpx.AsyncClient, query: str) -> list[str]:
        return [one["batch_id"] for one in (await http.get(f"/api/v1/batch?{query}")).json()["batches"]]

    assert await ids(ann, "schedule_id=sch_1") == ["S2", "S1"]
    assert await ids(ann, "") == ["S2", "S1", "B1"]
    assert await ids(eve, "schedule_id=sch_1") == await ids(ann, "schedule_id=sch_2") == []
