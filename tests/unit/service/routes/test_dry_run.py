"""A list is checked before it is sent: nothing is stored."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from alone import faults
from made_journal import cool_down
from made_service import MadeService

URLS = [
    "https://example.org/1", "https://www.1001tracklists.com/tracklist/1pn8l919/a.html", "ftp://no",
    "https://www.1001tracklists.com/tracklist/1pn8l919/another.html", "https://example.org/2", "http://127.0.0.1/x",
]  # fmt: skip


@pytest.fixture
def made(tmp_path: Path) -> Iterator[MadeService]:
    made = MadeService(tmp_path)
    yield made
    made.close()


@pytest.mark.parametrize("kind", ["application/json", "application/x-ndjson", "text/plain"])
async def test_a_list_is_counted_in_every_form_and_nothing_is_stored(made: MadeService, kind: str) -> None:
    body = json.dumps({"urls": URLS}) if kind.endswith("/json") else "\n".join(URLS)
    answer = await made.client().post(
        "/api/v1/batch", params={"dry_run": "true"}, content=body, headers={"Content-Type": kind}
    )
    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert (told["total"], told["duplicates"], told["n_rejected"], told["n_domains"]) == (3, 1, 2, 2)
    assert [line["line"] for line in told["rejected"]] == [3, 6]
    assert [(line["line"], line["first_line"]) for line in told["duplicate_lines"]] == [(4, 2)]
    slow, fast = told["domains"]
    assert (slow["domain"], slow["items"], slow["max_rate"], slow["takes_s"]) == (
        "1001tracklists.com",
        1,
        0.125,
        8.0,
    )
    assert (fast["domain"], fast["items"], fast["max_rate"], fast["takes_s"]) == ("example.org", 2, 1.0, 2.0)
    assert (told["takes_s"], told["estimate_waits_on"]) == (8.0, "1001tracklists.com")
    assert (await made.client().get("/api/v1/batch")).json()["batches"] == []
    assert made.journal.batches() == []


async def test_options_rests_and_other_batches_count(made: MadeService) -> None:
    http = made.client()
    sent: dict[str, Any] = {"urls": [f"https://example.org/{n}" for n in range(30)]}
    assert (await http.post("/api/v1/batch", json=sent)).status_code == 202

    async def check(**more: Any) -> dict[str, Any]:
        answer = await http.post("/api/v1/batch?dry_run=true", json=sent | more)
        return dict(answer.json())

    assert (await check())["takes_s"] == 60.0, "they take turns"
    assert (await check(priority="immediate"))["takes_s"] == 30.0
    told = await check(options={"rates": {"example.org": "0.5/s", "example.com": "1/s"}})
    assert (told["takes_s"], len(told["warnings"])) == (120.0, 1)
    cool_down(made.journal, "rest.test", made.desk.state.wall() + 3_600, "throttled: 429")
    await http.patch("/api/v1/domains/example.org", json={"paused": True})
    (domain,) = (await check())["domains"]
    assert (domain["paused"], domain["takes_s"]) == (True, None)
    assert (await check())["takes_s"] is None


async def test_a_list_without_a_good_line_is_told_and_not_refused(made: MadeService) -> None:
    answer = await made.client().post("/api/v1/batch?dry_run=true", json={"urls": ["ftp://no"]})
    assert (answer.status_code, answer.json()["total"], answer.json()["n_rejected"]) == (200, 0, 1)


async def test_what_is_no_list_is_refused_as_in_a_submission(made: MadeService) -> None:
    http = made.client()
    pieces = await http.post("/api/v1/batch?dry_run=true&state=receiving", json={})
    assert faults(pieces)[0][0] == "query.dry_run"
    long = await http.post("/api/v1/batch?dry_run=true", json={"urls": ["https://example.org/1"] * 10_001})
    assert long.status_code == 413
    rude = await made.client("bob").post(
        "/api/v1/batch?dry_run=true", json={"urls": URLS, "options": {"rates": {"example.org": "50/s"}}}
    )
    assert rude.status_code == 403
