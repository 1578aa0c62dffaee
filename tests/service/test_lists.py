"""Lists over HTTP: batches, items, dead letters, results; page by page, nothing twice and nothing left out."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest
from conftest import Service, Site, StartSite

pytestmark = pytest.mark.ray


@pytest.fixture(scope="module")
def finished(service: Service, site: Site) -> str:
    """A batch that is done: 25 sets."""
    batch_id = service.submit(site.urls()[:25], name="finished")
    service.wait_for(batch_id)
    return batch_id


def all_pages(http: httpx.Client, url: str, name: str, **params: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for _ in range(100):
        answer = http.get(url, params=params)
        assert answer.status_code == 200, answer.text
        found += answer.json()[name]
        if answer.json()["next_cursor"] is None:
            return found
        params["cursor"] = answer.json()["next_cursor"]
    raise AssertionError("it has no end")


def test_items_are_listed_in_the_order_of_the_list(http: httpx.Client, finished: str, site: Site) -> None:
    for limit in (7, 100):
        items = all_pages(http, f"/api/v1/batch/{finished}/items", "items", limit=limit)
        assert [item["url"] for item in items] == site.urls()[:25]
    succeeded = all_pages(http, f"/api/v1/batch/{finished}/items", "items", state="succeeded")
    assert len(succeeded) == 25
    assert not all_pages(http, f"/api/v1/batch/{finished}/items", "items", state="dead")


def test_batches_are_listed_the_newest_first(
    http: httpx.Client, service: Service, finished: str, site: Site
) -> None:
    newer = service.submit(site.urls()[:1], name="newer")
    found = all_pages(http, "/api/v1/batch", "batches", limit=1)
    ids = [batch["batch_id"] for batch in found]
    assert ids.index(newer) < ids.index(finished)
    mine = next(batch for batch in found if batch["batch_id"] == finished)
    assert (mine["total"], mine["counts"]["succeeded"], mine["state"]) == (25, 25, "completed")
    service.wait_for(newer)
    assert all_pages(http, "/api/v1/batch", "batches", state="paused") == []


def test_results_can_be_read_on_from_any_line(http: httpx.Client, finished: str, site: Site) -> None:
    whole = http.get(f"/api/v1/batch/{finished}/results")
    assert whole.headers["content-type"] == "application/x-ndjson"
    assert "x-next-cursor" not in whole.headers, "nothing will follow"
    lines = whole.text.splitlines()
    sets = [json.loads(line) for line in lines]
    assert sorted(one["url"] for one in sets) == sorted(site.urls()[:25])
    assert all(one["tracks"] and one["title"] for one in sets)
    for at in (0, 11, 24):
        rest = http.get(f"/api/v1/batch/{finished}/results", params={"cursor": sets[at]["cursor"]})
        assert rest.text.splitlines() == lines[at + 1 :]

    in_pieces, cursor = [], None
    while True:
        params = {"limit": 10} | ({"cursor": cursor} if cursor else {})
        piece = http.get(f"/api/v1/batch/{finished}/results", params=params)
        in_pieces += piece.text.splitlines()
        if (cursor := piece.headers.get("x-next-cursor")) is None:
            break
    assert in_pieces == lines


def test_results_follow_a_batch_that_runs(service: Service, start_site: StartSite) -> None:
    slow = start_site("--sites=1", "--sets=12")
    rates = {slow.bases[0].removeprefix("http://"): "6/s"}
    batch_id = service.submit(slow.urls(), options={"rates": rates, "fresh_for": 0})
    seen: list[str] = []
    n_answers, cursor = 0, None
    with service.client() as http:
        while True:
            params = {"follow": "true"} | ({"cursor": cursor} if cursor else {})
            answer = http.get(f"/api/v1/batch/{batch_id}/results", params=params)
            assert answer.status_code == 200, answer.text
            n_answers += 1
            seen += [json.loads(line)["url"] for line in answer.text.splitlines()]
            if (cursor := answer.headers.get("x-next-cursor")) is None:
                break
    assert sorted(seen) == sorted(slow.urls())
    assert n_answers >= 2, "it did not wait for the end"


def test_dead_letters_are_listed_and_retried(http: httpx.Client, service: Service, site: Site) -> None:
    missing = [f"{site.bases[0]}/tracklist/zzz{n}/none.html" for n in range(3)]
    batch_id = service.submit([*missing, site.urls()[0]])
    done = service.wait_for(batch_id)
    assert done["counts"]["dead"] == 3
    dead = all_pages(http, "/api/v1/dead-letters", "dead_letters", batch_id=batch_id, limit=2)
    assert [letter["url"] for letter in dead] == missing
    assert all(letter["reason"].startswith("gone") for letter in dead)
    assert all([tried["status"] for tried in letter["attempts"]] == [404] for letter in dead)
    assert all_pages(http, "/api/v1/dead-letters", "dead_letters", batch_id=batch_id, reason="timeout") == []

    told = http.post(f"/api/v1/batch/{batch_id}/retry", json={"item_ids": [dead[0]["item_id"]]})
    assert (told.status_code, told.json()["n_retried"], told.json()["state"]) == (200, 1, "running")
    service.wait_for(batch_id)
    told = http.post(f"/api/v1/batch/{batch_id}/retry", json={"reason": "gone"})
    assert told.json()["n_retried"] == 3
    service.wait_for(batch_id)
    assert http.post(f"/api/v1/batch/{batch_id}/retry").json()["n_retried"] == 3
    service.wait_for(batch_id)


def test_a_retry_of_items_that_the_batch_does_not_have_is_refused_whole(
    http: httpx.Client, service: Service, site: Site
) -> None:
    dead = service.submit([f"{site.bases[0]}/tracklist/zzz9/none.html"])
    other = service.submit(site.urls()[:1])
    service.wait_for(dead)
    path = f"/api/v1/batch/{dead}"
    [mine] = http.get(f"{path}/items").json()["items"]
    [theirs] = http.get(f"/api/v1/batch/{other}/items").json()["items"]
    answer = http.post(f"{path}/retry", json={"item_ids": [mine["item_id"], theirs["item_id"]]})
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")
    assert f"has no item {theirs['item_id']}" in answer.json()["detail"]
    assert http.get(f"{path}/status").json()["state"] == "completed"


@pytest.mark.parametrize(
    ("path", "where", "what"),
    [
        ("batch?satte=dead", "query.satte", "did you mean state?"),
        (
            "batch/{id}/items?page=2",
            "query.page",
            "this call takes cursor, domain, from_line, limit, q, reason, state",
        ),
        ("batch/{id}/status?follow=1", "query.follow", "this call takes none"),
    ],
)
def test_a_name_that_a_call_does_not_know_is_refused(
    http: httpx.Client, finished: str, path: str, where: str, what: str
) -> None:
    answer = http.get("/api/v1/" + path.format(id=finished))
    assert answer.status_code == 422
    [error] = answer.json()["errors"]
    assert error["where"] == where
    assert what in error["what"]


def test_health_and_documentation_are_asked_as_others_like(http: httpx.Client) -> None:
    for path in ("/healthz?at=1", "/readyz?at=1", "/metrics?at=1", "/docs?at=1"):
        assert http.get(path).status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        "batch?cursor=made-up",
        "batch/{id}/items?cursor=AAAAAAAA",
        "batch/{id}/results?cursor=%F0%9F%8E%B5",
        "dead-letters?cursor=bm90aGluZw",
    ],
)
def test_a_made_up_cursor_is_refused(http: httpx.Client, finished: str, path: str) -> None:
    answer = http.get("/api/v1/" + path.format(id=finished))
    assert (answer.status_code, answer.json()["type"]) == (400, "urn:tlray:problem:bad-request")


def test_a_cursor_of_another_list_is_refused(http: httpx.Client, finished: str) -> None:
    cursor = http.get(f"/api/v1/batch/{finished}/items?limit=1").json()["next_cursor"]
    assert http.get("/api/v1/batch", params={"cursor": cursor}).status_code == 400


def test_a_cursor_of_another_batch_is_refused(
    http: httpx.Client, service: Service, finished: str, site: Site
) -> None:
    other = service.submit([*site.urls()[:2], "ftp://no/1", "ftp://no/2"])
    service.wait_for(other)
    path = f"/api/v1/batch/{other}"
    results = http.get(f"{path}/results", params={"limit": 1}).headers["x-next-cursor"]
    for name, cursor in (
        ("items", http.get(f"{path}/items?limit=1").json()["next_cursor"]),
        ("lines", http.get(f"{path}/lines?limit=1").json()["next_cursor"]),
        ("results", results),
    ):
        assert http.get(f"{path}/{name}", params={"cursor": cursor}).status_code == 200
        answer = http.get(f"/api/v1/batch/{finished}/{name}", params={"cursor": cursor})
        assert (answer.status_code, answer.json()["type"]) == (400, "urn:tlray:problem:bad-request"), name


def test_lines_that_made_no_item_are_listed_all_of_them(
    http: httpx.Client, service: Service, site: Site
) -> None:
    good = site.urls()[0]
    batch_id = service.submit([good, *(f"ftp://no/{i}" for i in range(25)), good])
    lines = all_pages(http, f"/api/v1/batch/{batch_id}/lines", "lines", limit=10)
    assert [line["line"] for line in lines] == list(range(2, 28))
    assert [line["first_line"] for line in lines] == [None] * 25 + [1]
    assert lines[3]["url"] == "ftp://no/3"


def test_an_empty_cursor_is_the_first_page(http: httpx.Client, finished: str) -> None:
    told = http.get(f"/api/v1/batch/{finished}/items?cursor=").json()
    assert told == http.get(f"/api/v1/batch/{finished}/items").json()
