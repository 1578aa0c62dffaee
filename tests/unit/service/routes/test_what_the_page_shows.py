"""What a page of one batch needs beside its status: windows of items, one item, its page, its domains, groups of dead letters."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from alone import faults
from made_desk import chunk
from made_journal import apply_robots, change, commit, cool_down, lease
from made_service import MadeService

from tlray.core.model.item import FrontierItem
from tlray.core.model.lifecycle import ItemEvent, ItemState
from tlray.core.model.outcome import Outcome, OutcomeKind
from tlray.core.scheduling.changeset import Changeset
from tlray.core.submission.lines import Chunk
from tlray.io.http.response import Fetched
from tlray.io.journal.rows import BatchOptions
from tlray.io.results.local_store import LocalStore
from tlray.io.results.part_writer import stage
from tlray.io.results.warc import ArchiveWriter
from tlray.service.routes import items as item_routes

BATCH = "/api/v1/batch/B1"
HOSTILE = b"<!doctype html><script>alert(1)</script>\0 M\xfcnchen"


@pytest.fixture
def made(tmp_path: Path) -> Iterator[MadeService]:
    made = MadeService(tmp_path)
    yield made
    made.close()


async def submit(
    made: MadeService, batch_id: str = "B1", owner: str = "ann", **more: Any
) -> list[FrontierItem]:
    """Submit a batch of six items at one domain and two at another; lease those of the first."""
    both = Chunk([*chunk(6).entries, *(e._replace(domain="f.test", url=f"http://f.test/{e.line}") for e in
                                       chunk(2, first=7, named="b").entries)])  # fmt: skip
    await made.desk.submit(batch_id, both, owner=owner, **more)
    return lease(made.journal, made.journal.batch(batch_id).id, domain="e.test")


def die(made: MadeService, items: list[FrontierItem], kind: OutcomeKind, reason: str, **more: Any) -> None:
    """Make dead letters in the journal and in memory."""
    changes = [
        change(i, ItemEvent.EXHAUST, reason=reason, outcome=Outcome(i.id, kind, started_at=5.0, **more))
        for i in items
    ]
    commit(made.journal, Changeset("L", changes), wall=9.0, node="n1")
    book = made.desk.state.engine.batches[items[0].batch]
    book.move(ItemState.QUEUED, ItemState.DEAD, items[0].domain, now=0.0, n=len(items))


def archive(made: MadeService, body: bytes, batch_id: str = "B1", *, coding: bytes = b"") -> tuple[int, int]:
    """Publish a part ``p1`` with one page."""
    writer = ArchiveWriter()
    headers = [(b"Content-Type", b"text/html; charset=iso-8859-1")]
    headers += [(b"Content-Encoding", coding)] if coding else []
    place = writer.add(
        Fetched(
            url="http://e.test/a0",
            kind=None,
            started_at=5.0,
            latency_s=0.1,
            status_line=b"HTTP/1.1 200 OK",
            raw_headers=tuple(headers),
            wire_body=body,
        )
    )
    store = LocalStore(made.desk.state.home)
    stage(store, batch_id, "p1", [], writer.take())
    store.publish(batch_id, "p1")
    return place


async def get(http: httpx.AsyncClient, path: str, **params: Any) -> dict[str, Any]:
    answer = await http.get(path, params=params)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def test_a_window_of_items_begins_at_a_line(made: MadeService) -> None:
    await submit(made)
    http = made.client()
    first = await get(http, f"{BATCH}/items", from_line=3, limit=2)
    assert [item["line"] for item in first["items"]] == [3, 4]
    rest = await get(http, f"{BATCH}/items", cursor=first["next_cursor"])
    assert [item["line"] for item in rest["items"]] == [5, 6, 7, 8]
    at_f = await get(http, f"{BATCH}/items", domain="f.test", q="/8")
    assert [item["line"] for item in at_f["items"]] == [8]
    both = await get(http, f"{BATCH}/items", from_line=3, limit=2, cursor=first["next_cursor"])
    assert [item["line"] for item in both["items"]] == [5, 6], "who goes on repeats what was asked"


async def test_an_item_has_its_attempts_and_its_page_as_text(made: MadeService) -> None:
    one, *_ = await submit(made)
    place = archive(made, HOSTILE)
    die(made, [one], OutcomeKind.GONE, "gone: 404", status=404, latency_s=0.25, raw=place)
    made.journal._db.execute("UPDATE attempts SET part = 'p1'")  # type: ignore[attr-defined]
    http = made.client()
    item = await get(http, f"{BATCH}/items/{one.id}")
    assert (item["state"], item["kind"], item["n_attempts"], item["has_page"]) == ("dead", "gone", 1, True)
    (attempt,) = item["attempts"]
    assert (attempt["node"], attempt["status"], attempt["latency_s"]) == ("n1", 404, 0.25)
    page = await http.get(f"{BATCH}/items/{one.id}/page")
    assert page.headers["content-type"] == "text/plain; charset=utf-8"
    assert page.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in page.headers["content-security-policy"]
    assert page.text == "<!doctype html><script>alert(1)</script>\ufffd München"
    assert page.headers["x-tlray-truncated"] == "false"


async def test_a_page_that_expands_without_end_is_cut(made: MadeService) -> None:
    one, *_ = await submit(made)
    place = archive(made, gzip.compress(b"a" * 30_000_000), coding=b"gzip")
    die(made, [one], OutcomeKind.TOO_LARGE, "too-large", raw=place)
    made.journal._db.execute("UPDATE attempts SET part = 'p1'")  # type: ignore[attr-defined]
    page = await made.client().get(f"{BATCH}/items/{one.id}/page")
    assert (len(page.content), page.headers["x-tlray-truncated"]) == (1_000_000, "true")


async def test_a_page_that_is_nowhere_is_a_404(made: MadeService, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(item_routes, "TRIES", 1)
    one, two, *_ = await submit(made)
    http = made.client()
    die(made, [one], OutcomeKind.TIMEOUT, "timeout")
    assert (await http.get(f"{BATCH}/items/{one.id}/page")).status_code == 404
    die(made, [two], OutcomeKind.GONE, "gone: 404", raw=(0, 10))
    made.journal._db.execute("UPDATE attempts SET part = 'p9' WHERE raw_offset = 0")  # type: ignore[attr-defined]
    assert (await http.get(f"{BATCH}/items/{two.id}/page")).status_code == 503, "its part is lost"
    made.journal._db.execute("UPDATE attempts SET raw_length = 99000000")  # type: ignore[attr-defined]
    assert (await http.get(f"{BATCH}/items/{two.id}/page")).status_code == 413
    for path in ("9999", "0", "x", "9999/page"):
        assert (await http.get(f"{BATCH}/items/{path}")).status_code in (404, 422), path


async def test_the_domains_of_a_batch_are_all_there_the_finished_ones_too(made: MadeService) -> None:
    items = await submit(made)
    die(made, items, OutcomeKind.GONE, "gone: 404")
    http = made.client()
    first = await get(http, f"{BATCH}/domains", limit=1)
    (done,) = first["domains"]
    assert (done["domain"], done["state"], done["total"], done["done"], done["dead"], done["left"]) == (
        "e.test", "finished", 6, 6, 6, 0,
    )  # fmt: skip
    (waiting,) = (await get(http, f"{BATCH}/domains", cursor=first["next_cursor"]))["domains"]
    assert (waiting["domain"], waiting["state"], waiting["left"], waiting["max_rate"]) == (
        "f.test",
        "waiting",
        2,
        1.0,
    )


async def test_a_cancelled_item_of_a_domain_is_not_done(made: MadeService) -> None:
    die(made, await submit(made), OutcomeKind.GONE, "gone: 404")
    http = made.client()
    assert (await http.post(f"{BATCH}/cancel")).status_code == 200
    while (await get(http, f"{BATCH}/status"))["state"] != "cancelled":
        assert [row["done"] for row in (await get(http, f"{BATCH}/domains"))["domains"]] == [6, 0]
        await asyncio.sleep(0.01)
    rows = (await get(http, f"{BATCH}/domains"))["domains"]
    assert [(row["domain"], row["total"], row["done"], row["left"]) for row in rows] == [
        ("e.test", 6, 6, 0),
        ("f.test", 2, 0, 0),
    ]


async def test_a_group_is_retried_as_it_was_seen(made: MadeService) -> None:
    one, two, three, four, *_ = await submit(made)
    http = made.client()
    die(made, [one, two], OutcomeKind.TIMEOUT, "timeout: 20 s")
    die(made, [three], OutcomeKind.GONE, "gone: 404")
    seen = await get(http, "/api/v1/dead-letters/groups", batch_id="B1")
    assert seen["total"] == 3
    group, other = seen["groups"]
    assert (group["kind"], group["domain"], group["n"], group["retry_helps"]) == (
        "timeout",
        "e.test",
        2,
        "yes",
    )
    assert (group["newest_at"], group["sample"]["item_id"]) == (9.0, str(two.id))
    assert (other["kind"], other["retry_helps"]) == ("gone", "no")
    die(made, [four], OutcomeKind.TIMEOUT, "timeout: 20 s")
    body = {"kind": "timeout", "domain": "e.test", "up_to_version": seen["version"]}
    told = (await http.post(f"{BATCH}/retry", json=body)).json()
    assert (told["n_retried"], told["n_left"], told["counts"]["dead"]) == (2, 1, 2)
    listed = await get(http, "/api/v1/dead-letters", kind="timeout", domain="e.test")
    assert [letter["item_id"] for letter in listed["dead_letters"]] == [str(four.id)]
    again = (await http.post("/api/v1/dead-letters/retry", json=body)).json()
    assert again == {"n_retried": 0, "n_left": 1, "n_batches": 0}
    rest = (
        await http.post("/api/v1/dead-letters/retry", json={"kind": "timeout", "domain": "e.test"})
    ).json()
    assert rest == {"n_retried": 1, "n_left": 0, "n_batches": 1}
    await asyncio.sleep(0)


@pytest.mark.parametrize(
    ("body", "where"),
    [
        ({"kind": "timeout"}, "body.kind"),
        ({"domain": "e.test"}, "body.kind"),
        ({"up_to_version": 3}, "body.kind"),
        ({"kind": "timeout", "domain": "e.test", "reason": "x"}, "body"),
        ({"item_ids": ["1"], "reason": "x"}, "body"),
    ],
)
async def test_a_retry_of_half_a_group_is_refused(
    made: MadeService, body: dict[str, Any], where: str
) -> None:
    await submit(made)
    assert [place for place, _ in faults(await made.client().post(f"{BATCH}/retry", json=body))] == [where]


async def test_what_is_anothers_is_as_if_it_were_not_there(made: MadeService) -> None:
    one, *_ = await submit(made)
    await submit(made, "B2", "bob")
    die(made, [one], OutcomeKind.TIMEOUT, "timeout")
    ann, bob = made.client("ann"), made.client("bob")
    paths = (f"items/{one.id}", f"items/{one.id}/page", "items", "domains")
    for path in paths:
        foreign, none = await bob.get(f"{BATCH}/{path}"), await bob.get(f"/api/v1/batch/B9/{path}")
        assert (foreign.status_code, none.status_code) == (404, 404), path
        assert foreign.text.replace("B1", "B9") == none.text, path
    assert (await bob.get(f"/api/v1/batch/B2/items/{one.id}")).status_code == 404, "of another batch"
    assert (await bob.get("/api/v1/dead-letters/groups", params={"batch_id": "B1"})).status_code == 404
    assert (await get(bob, "/api/v1/dead-letters/groups"))["total"] == 0
    assert (await get(ann, "/api/v1/dead-letters/groups"))["total"] == 1
    body = {"kind": "timeout", "domain": "e.test"}
    assert (await bob.post("/api/v1/dead-letters/retry", json=body)).json()["n_retried"] == 0
    assert (await ann.post("/api/v1/dead-letters/retry", json=body)).json()["n_retried"] == 1


async def test_a_batch_gets_another_name_and_priority_for_good(made: MadeService) -> None:
    await made.desk.submit("B1", chunk(3), owner="ann")
    http = made.client()
    told = (await http.patch(BATCH, json={"name": "monday", "priority": "immediate"})).json()
    assert (told["name"], told["priority"], told["state"]) == ("monday", "immediate", "running")
    assert (await http.patch(BATCH, json={"priority": "low"})).json()["name"] == "monday"
    assert (await http.patch(BATCH, json={})).json()["priority"] == "low"
    (listed,) = (await get(http, "/api/v1/batch"))["batches"]
    assert (listed["name"], listed["priority"]) == ("monday", "low")
    await made.desk.let_die("B1")
    done = await get(http, f"{BATCH}/status")
    told = (await http.patch(BATCH, json={"name": "done"})).json()
    assert (told["name"], told["state"], told["counts"]) == ("done", "completed", done["counts"])
    for body in ({"name": "two\nlines"}, {"priority": "urgent"}, {"owner": "bob"}):
        assert (await http.patch(BATCH, json=body)).status_code == 422
    bob = made.client("bob")
    assert (await bob.patch(BATCH, json={"name": "mine"})).status_code == 404
    assert (await made.client("eve", "read").patch(BATCH, json={"name": "mine"})).status_code == 403


async def test_a_domain_has_what_its_robots_txt_says_and_its_rests(made: MadeService) -> None:
    await submit(made)
    http, bob = made.client(), made.client("bob")
    apply_robots(made.journal, "e.test", "User-agent: *\nCrawl-delay: 8\n" + "#" * 200_000, 8.0, wall=7.0)
    wall = made.desk.state.wall()
    cool_down(made.journal, "e.test", wall + 60, "throttled: 429")
    ann = made.client("ann")
    told = await get(ann, "/api/v1/domains/e.test/history")
    robots = told["robots"]
    assert (robots["fetched_at"], robots["crawl_delay_s"], robots["is_cut"], len(robots["text"])) == (
        7.0,
        8.0,
        True,
        100_000,
    )
    assert [rest["reason"] for rest in told["rests"]] == ["throttled: 429"]
    assert (await get(ann, "/api/v1/domains/f.test/history")) == {
        "domain": "f.test",
        "robots": None,
        "rests": [],
    }
    assert (await bob.get("/api/v1/domains/e.test/history")).status_code == 404
    assert (await ann.get("/api/v1/domains/nowhere.test/history")).status_code == 404
    assert (await http.get("/api/v1/domains/e.test/history")).status_code == 401


async def test_notifications_of_all_batches_are_listed_the_newest_first(made: MadeService) -> None:
    for batch_id, owner in (("B1", "ann"), ("B2", "bob"), ("B3", "ann")):
        options = BatchOptions(webhook=f"https://hooks.example.org/{batch_id}")
        await made.desk.submit(batch_id, chunk(1, named=batch_id), owner=owner, options=options)
        await made.desk.let_die(batch_id)
    ann, bob = made.client("ann"), made.client("bob")
    pages = [await get(ann, "/api/v1/deliveries", limit=3)]
    pages.append(await get(ann, "/api/v1/deliveries", limit=3, cursor=pages[0]["next_cursor"]))
    found = [(one["batch_id"], one["event"]) for page in pages for one in page["deliveries"]]
    assert found == [
        ("B3", "batch.completed"), ("B3", "batch.dead_letters"), ("B1", "batch.completed"), ("B1", "batch.dead_letters"),
    ]  # fmt: skip
    assert pages[1]["next_cursor"] is None
    assert {one["batch_id"] for one in (await get(bob, "/api/v1/deliveries"))["deliveries"]} == {"B2"}
