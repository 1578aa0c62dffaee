"""How domains stand, over HTTP, and what a person sets for them."""

from __future__ import annotations

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest
from conftest import Service, StartSite, wait_until

from tlray.cli import run

pytestmark = pytest.mark.ray
URL = "/api/v1/domains"


def test_a_paused_domain_is_left_alone_until_it_goes_on(
    http: httpx.Client, service: Service, start_site: StartSite
) -> None:
    site = start_site("--sites=1", "--sets=60")
    domain = site.bases[0].removeprefix("http://")
    set_before = http.patch(f"{URL}/{domain}", json={"max_rate": 20})
    assert (set_before.status_code, set_before.json()["set"]) == (
        200,
        {"max_rate": 20.0, "concurrency": None},
    )
    batch_id = service.submit(site.urls(), options={"fresh_for": 0})
    wait_until(lambda: service.status(batch_id)["counts"]["succeeded"] >= 5, what="5 items")
    told = http.patch(f"{URL}/{domain}", json={"paused": True}).json()
    assert (told["paused"], told["max_rate"]) == (True, 20.0)
    wait_until(lambda: service.status(batch_id)["counts"]["leased"] == 0, what="giving back what it held")
    before = service.status(batch_id)
    assert (before["state"], before["estimated_completion"]) == ("running", None)
    assert before["domains"][domain]["state"] == "paused"
    time.sleep(1.0)
    assert service.status(batch_id)["counts"]["succeeded"] == before["counts"]["succeeded"] < 60

    told = http.patch(f"{URL}/{domain}", json={"paused": False, "max_rate": None}).json()
    assert (told["paused"], told["max_rate"], told["set"]["max_rate"]) == (False, None, None)
    assert service.wait_for(batch_id)["counts"]["succeeded"] == 60
    assert service.status(batch_id)["retries"] == 0


def test_what_is_set_for_a_bare_host_holds_at_each_of_its_ports(
    http: httpx.Client, service: Service, start_site: StartSite
) -> None:
    site = start_site("--sites=1", "--sets=12")
    domain = site.bases[0].removeprefix("http://")
    host = domain.partition(":")[0]
    try:
        assert http.patch(f"{URL}/{host}", json={"paused": True}).status_code == 200
        batch_id = service.submit(site.urls(), options={"fresh_for": 0})
        assert http.get(f"{URL}/{domain}").json()["paused"]
        time.sleep(1.5)
        assert service.status(batch_id)["counts"]["succeeded"] == 0
        http.patch(f"{URL}/{host}", json={"paused": False, "max_rate": 4})
        told = http.get(f"{URL}/{domain}").json()
        assert (told["max_rate"], told["set"]["max_rate"]) == (4.0, None)
        began = time.monotonic()
        assert service.wait_for(batch_id)["counts"]["succeeded"] == 12
        assert time.monotonic() - began > 11 / 4 - 0.5
    finally:
        http.patch(f"{URL}/{host}", json={"paused": False, "max_rate": None})


def test_a_batch_that_waits_for_its_time_and_a_rate_that_was_a_slip_stall_nobody(
    http: httpx.Client, service: Service, start_site: StartSite
) -> None:
    site = start_site("--sites=1", "--sets=8")
    domain = site.bases[0].removeprefix("http://")
    slow = {"fresh_for": 0, "rates": {domain: "1/1h"}}
    later = service.submit(site.urls()[:2], options=slow, not_before=time.time() + 86_400)
    assert (
        service.wait_for(service.submit(site.urls()[2:5], options={"fresh_for": 0}))["counts"]["succeeded"]
        == 3
    )
    slip = service.submit(site.urls(), options=slow)
    wait_until(
        lambda: service.status(slip)["domains"][domain].get("cooling_until") is not None, what="its rest"
    )
    http.post(f"/api/v1/batch/{slip}/cancel")
    after = service.submit(site.urls()[5:], options={"fresh_for": 0})
    assert service.wait_for(after)["counts"]["succeeded"] == 3
    http.post(f"/api/v1/batch/{later}/cancel")


class _Busy(BaseHTTPRequestHandler):
    """A site that asks for an hour's rest once, and has no page."""

    n_pages = 0

    def do_GET(self) -> None:
        type(self).n_pages += self.path != "/robots.txt"
        is_busy = self.path != "/robots.txt" and self.n_pages == 1
        self.send_response(429 if is_busy else 404)
        if is_busy:
            self.send_header("Retry-After", f"{time.time() + 3_600:.0f}")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None: ...


def test_a_rest_is_shown_and_an_admin_lifts_it(
    http: httpx.Client, service: Service, capsys: pytest.CaptureFixture[str]
) -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Busy) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        domain = f"127.0.0.1:{server.server_port}"
        batch_id = service.submit([f"http://{domain}/1"], options={"rates": {"127.0.0.1:80": "9/s"}})
        wait_until(lambda: http.get(f"{URL}/{domain}").json()["cooling_until"] is not None, what="its rest")
        told = http.get(f"{URL}/{domain}").json()
        assert abs(told["cooling_until"] - time.time() - 3_600) < 600
        assert told["reason"] == "throttled: 429"
        assert service.status(batch_id)["counts"]["waiting"] == 1
        assert run(["domain", domain, "--url", service.url]) == 0
        assert "; rests until " in capsys.readouterr().out
        told = http.patch(f"{URL}/{domain}", json={"lift": True}).json()
        assert (told["cooling_until"], told["reason"]) == (None, None)
        assert service.wait_for(batch_id)["counts"]["dead"] == 1
        server.shutdown()
    assert _Busy.n_pages == 2
    assert run(["domain", domain, "--url", service.url, "--lift", "--rate", "1/4s", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["domain"], told["max_rate"], told["cooling_until"]) == (domain, 0.25, None)


def test_a_name_that_fits_no_url_is_a_warning(http: httpx.Client, start_site: StartSite) -> None:
    urls = start_site("--sites=1", "--sets=1").urls()
    told = http.post(
        "/api/v1/batch", json={"urls": urls, "options": {"rates": {"nowhere.example:443": "1/4s"}}}
    )
    assert told.status_code == 202
    assert [warning.split(",")[0] for warning in told.json()["warnings"]] == [
        "the options name nowhere.example"
    ]


def test_domains_are_listed_by_name(http: httpx.Client, service: Service, start_site: StartSite) -> None:
    site = start_site("--sites=3", "--sets=3")
    service.wait_for(service.submit(site.urls()))
    found: list[str] = []
    cursor = None
    while True:
        told = http.get(URL, params={"limit": 2} | ({"cursor": cursor} if cursor else {})).json()
        found += [domain["domain"] for domain in told["domains"]]
        if (cursor := told["next_cursor"]) is None:
            break
    assert found == sorted(set(found))
    assert {base.removeprefix("http://") for base in site.bases} <= set(found)
    one = http.get(f"{URL}/{site.bases[0].removeprefix('http://')}").json()
    assert (one["paused"], one["open"], one["last_fetch_at"] > 0) == (False, 0, True)


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("a.org", {"max_rate": 0}, 422),
        ("a.org", {"max_rate": "fast"}, 422),
        ("a.org", {"max_rate": -1}, 422),
        ("a.org", {"concurrency": 1.5}, 422),
        ("a.org", {"paused": "yes"}, 422),
        ("a.org", {"lift": "now"}, 422),
        ("a.org", {"speed": 9}, 422),
        ("a.org", [], 422),
        ("a%20b", {"paused": True}, 422),
        ("http:%2F%2Fa.org", {"paused": True}, 404),
    ],
)
def test_a_setting_that_makes_no_sense_is_refused(
    http: httpx.Client, path: str, body: object, status: int
) -> None:
    answer = http.patch(f"{URL}/{path}", json=body)
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")


def test_a_domain_that_nobody_named_is_a_404(http: httpx.Client) -> None:
    assert http.get(f"{URL}/nobody.example").json()["type"] == "urn:tlray:problem:not-found"
