"""A list becomes a batch over HTTP."""

from __future__ import annotations

import os
import signal

import httpx
import pytest
from conftest import Service, Site, StartSite

pytestmark = pytest.mark.ray


def test_a_list_is_submitted_and_comes_to_its_end(http: httpx.Client, service: Service, site: Site) -> None:
    urls = site.urls()[:20]
    answer = http.post(
        "/api/v1/batch", json={"urls": [*urls, urls[0], "ftp://a/b", ""], "name": "first", "priority": "low"}
    )
    assert answer.status_code == 202, answer.text
    told = answer.json()
    assert (told["total"], told["duplicates"], told["n_rejected"], told["state"]) == (20, 1, 2, "running")
    assert [line["line"] for line in told["rejected"]] == [22, 23]
    assert told["duplicate_lines"][0]["first_line"] == 1
    assert answer.headers["location"] == f"/api/v1/batch/{told['batch_id']}/status"

    done = service.wait_for(told["batch_id"])
    assert (done["counts"]["succeeded"], done["name"]) == (20, "first")


URL = "/api/v1/batch"


def test_a_page_that_lists_sets_is_expanded_and_says_where_each_was_found(
    http: httpx.Client, service: Service, site: Site
) -> None:
    page = f"{site.bases[0]}/search/result.php"
    batch_id = service.submit([page], options={"find": {"max_found": 5}})
    done = service.wait_for(batch_id)
    assert (done["found"], done["lists"], done["total"]) == (5, 0, 6)
    assert done["counts"]["succeeded"] == 6
    items = http.get(f"{URL}/{batch_id}/items").json()["items"]
    assert [item["found_on"] for item in items] == [None, *[page] * 5]
    assert items[0]["reason"].endswith(" left out: max-found 5 is reached")
    results = http.get(f"{URL}/{batch_id}/results").text.splitlines()
    assert len(results) == 5, "the page itself is no result"
    answer = http.post(URL, json={"urls": [page], "options": {"find": {"max_found": 0}}})
    assert answer.status_code == 422
    assert "max_found" in answer.text


def test_a_batch_is_paused_resumed_and_cancelled(
    http: httpx.Client, service: Service, start_site: StartSite
) -> None:
    slow = start_site("--sites=1", "--sets=40")
    rates = {slow.bases[0].removeprefix("http://"): "5/s"}
    batch_id = service.submit(slow.urls(), options={"rates": rates, "fresh_for": 0})
    told = http.post(f"{URL}/{batch_id}/pause")
    assert (told.status_code, told.json()["state"]) == (200, "paused")
    assert http.post(f"{URL}/{batch_id}/pause").json()["state"] == "paused", "again changes nothing"
    assert http.post(f"{URL}/{batch_id}/resume").json()["state"] == "running"
    assert http.post(f"{URL}/{batch_id}/cancel").json()["state"] in ("cancelling", "cancelled")
    done = service.wait_for(batch_id, "cancelled")
    assert done["counts"]["cancelled"] > 20
    assert http.post(f"{URL}/{batch_id}/cancel").json()["state"] == "cancelled", "again changes nothing"
    for action in ("pause", "resume", "retry"):
        answer = http.post(f"{URL}/{batch_id}/{action}")
        assert (answer.status_code, answer.json()["type"]) == (409, "urn:tlray:problem:conflict"), action


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "status"),
        ("GET", "items"),
        ("GET", "results"),
        ("POST", "pause"),
        ("POST", "resume"),
        ("POST", "cancel"),
        ("POST", "retry"),
        ("POST", "commit"),
    ],
)
@pytest.mark.parametrize("batch_id", ["20200101-000000-ffffff", "%F0%9F%8E%B5", "a'%20OR%201=1", "x" * 3000])
def test_a_batch_that_is_not_there_is_a_404(
    http: httpx.Client, method: str, path: str, batch_id: str
) -> None:
    answer = http.request(method, f"{URL}/{batch_id}/{path}")
    assert (answer.status_code, answer.json()["type"]) == (404, "urn:tlray:problem:not-found")


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/api/v1/nothing", 404), ("DELETE", "/api/v1/batch", 405), ("GET", "/api/v1/batch/x/pause", 405),
     ("GET", "/api/v1/batch?limit=0", 422), ("GET", "/api/v1/batch?limit=many", 422), ("GET", "/api/v1/batch?state=odd", 422)],
)  # fmt: skip
def test_every_error_is_a_problem_document(http: httpx.Client, method: str, path: str, status: int) -> None:
    answer = http.request(method, path)
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    assert {"type", "title", "status", "detail", "instance"} <= set(answer.json())


def test_a_coordinator_that_dies_is_waited_for(
    http: httpx.Client, service: Service, start_site: StartSite
) -> None:
    slow = start_site("--sites=1", "--sets=30")
    rates = {slow.bases[0].removeprefix("http://"): "8/s"}
    batch_id = service.submit(slow.urls(), options={"rates": rates, "fresh_for": 0})
    before = service.coordinator_pid()
    os.kill(before, signal.SIGKILL)
    answer = http.get(f"{URL}/{batch_id}/status")
    assert (answer.status_code, answer.json()["total"]) == (200, 30)
    assert service.coordinator_pid() != before
    assert service.wait_for(batch_id)["counts"]["succeeded"] == 30
