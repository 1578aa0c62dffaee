"""A web page of somebody else does not drive the service on loopback, and the service does not fetch what is inside; each rule
once kept and once broken, against the real thing."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest
import websockets
from closed import Closed, closed_service
from conftest import Service, Site, StartSite

pytestmark = pytest.mark.ray
BATCH = "/api/v1/batch"


@pytest.fixture
def plain(service: Service) -> Iterator[httpx.Client]:
    """A client that adds nothing: what a page could send."""
    with httpx.Client(base_url=service.url, timeout=30) as http:
        yield http


def problem(answer: httpx.Response) -> tuple[int, str]:
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    return answer.status_code, answer.json()["type"].rpartition(":")[2]


# -- who is asked -------------------------------------------------------------------------------------


@pytest.mark.parametrize("host", ["evil.test", "evil.test:8000", "127.0.0.1.evil.test", "10.0.0.1"])
def test_a_host_that_we_are_not_is_not_answered(plain: httpx.Client, host: str) -> None:
    for path in (BATCH, "/", "/docs", "/openapi.json"):
        assert problem(plain.get(path, headers={"Host": host})) == (421, "misdirected-request")
    assert plain.get("/healthz", headers={"Host": host}).status_code == 200, "as a load balancer asks"


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:8000", "127.0.0.1", "[::1]:8000"])
def test_loopback_is_answered_by_every_name(plain: httpx.Client, host: str) -> None:
    assert plain.get(BATCH, headers={"Host": host}).status_code == 200


# -- who asks -----------------------------------------------------------------------------------------

ELSEWHERE = [
    {"Origin": "https://evil.test"},
    {"Origin": "null"},
    {"Origin": "http://127.0.0.1:1"},  # another program on this machine
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
]


@pytest.mark.parametrize("headers", ELSEWHERE, ids=str)
def test_a_page_of_another_site_changes_nothing(plain: httpx.Client, headers: dict[str, str]) -> None:
    body = {"urls": ["http://127.0.0.1:9/x"]}
    assert problem(plain.post(BATCH, json=body, headers=headers)) == (403, "forbidden")
    assert problem(plain.post(f"{BATCH}/x/cancel", headers=headers)) == (403, "forbidden")
    assert problem(plain.post("/api/v1/tickets", headers=headers)) == (403, "forbidden")
    assert problem(plain.patch("/api/v1/domains/a.test", json={}, headers=headers)) == (403, "forbidden")


def test_our_own_page_and_a_program_do(plain: httpx.Client, service: Service) -> None:
    own = {"Origin": service.url, "Sec-Fetch-Site": "same-origin"}
    assert plain.post("/api/v1/tickets", headers=own).status_code == 201
    assert plain.post("/api/v1/tickets").status_code == 201
    assert problem(plain.post(f"{BATCH}/x/cancel", headers=own)) == (404, "not-found")


def test_data_is_not_shown_to_a_page_of_another_site_but_to_who_follows_a_link(plain: httpx.Client) -> None:
    image = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"}
    assert problem(plain.get(BATCH, headers=image)) == (403, "forbidden")
    link = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
    assert plain.get(BATCH, headers=link).status_code == 200


def test_no_other_site_is_given_leave_by_cors(plain: httpx.Client) -> None:
    asked = {"Origin": "https://evil.test", "Access-Control-Request-Method": "POST"}
    for answer in (plain.options(BATCH, headers=asked), plain.get(BATCH, headers=asked)):
        assert not [name for name in answer.headers if name.startswith("access-control")]


async def opened(url: str, *, port: int | None = None, **headers: str) -> int:
    """Open a socket; return the status of the handshake, or 101. ``port``: on loopback, whatever the URL's host."""
    origin, at = headers.pop("Origin", None), {"host": "127.0.0.1", "port": port} if port else {}
    try:
        async with websockets.connect(url, origin=origin, additional_headers=headers, **at):  # type: ignore[arg-type]
            return 101
    except websockets.InvalidStatus as refused:
        return refused.response.status_code


def test_a_socket_is_not_opened_for_a_page_of_another_site(service: Service, site: Site) -> None:
    batch_id = service.submit(site.urls()[:1])
    url = f"{service.url.replace('http', 'ws')}/ws/batch/{batch_id}/progress"
    for headers in ELSEWHERE:
        assert asyncio.run(opened(url, **headers)) == 403
    rebound = url.replace("127.0.0.1", "evil.test")
    assert asyncio.run(opened(rebound, port=int(service.url.rpartition(":")[2]))) == 403
    assert asyncio.run(opened(url, Host="evil.test")) == 403, "two hosts are none"
    assert asyncio.run(opened(url, Origin=service.url)) == 101
    assert asyncio.run(opened(url)) == 101
    with httpx.Client(base_url=service.url) as http:
        events = http.get(f"{BATCH}/{batch_id}/events", headers={"Sec-Fetch-Site": "cross-site"})
    assert problem(events) == (403, "forbidden")


# -- bodies -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "kind", ["text/plain", "text/plain; charset=utf-8", "application/x-www-form-urlencoded", "multipart/form-data", None]
)  # fmt: skip
def test_what_any_page_may_send_unasked_is_not_taken(plain: httpx.Client, kind: str | None) -> None:
    answer = plain.post(
        BATCH, content=b"http://127.0.0.1:9/x", headers={"Content-Type": kind} if kind else {}
    )
    assert problem(answer) == (415, "unsupported-media-type")
    assert "X-Tlray-Client" in answer.json()["detail"], "it says how to mend it"


def test_with_a_header_that_no_page_may_send_lines_are_taken(plain: httpx.Client, site: Site) -> None:
    lines = {"content": site.urls()[0]}
    text = {"Content-Type": "text/plain"}
    told = plain.post(BATCH, headers=text | {"X-Tlray-Client": "curl"}, **lines)  # type: ignore[arg-type]
    assert told.status_code == 202, told.text
    ndjson = plain.post(BATCH, headers={"Content-Type": "application/x-ndjson"}, **lines)  # type: ignore[arg-type]
    assert ndjson.status_code == 202, "a page would have to ask us first"
    form = plain.post(BATCH, data={"urls": "x"}, headers={"X-Tlray-Client": "curl"})
    assert problem(form) == (415, "unsupported-media-type"), "nobody takes a form"


def test_a_body_beyond_every_bound_is_refused_before_it_is_sent(service: Service) -> None:
    host, port = service.url.removeprefix("http://").split(":")
    for path in (BATCH, "/api/v1/tokens", "/api/v1/templates/x"):
        head = f"POST {path} HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n"
        with socket.create_connection((host, int(port)), timeout=10) as connection:
            connection.sendall(f"{head}Content-Length: 100000000\r\n\r\n".encode())
            answer = connection.recv(65_536).decode()
        assert answer.startswith("HTTP/1.1 413")


# -- what a browser is told ---------------------------------------------------------------------------


@pytest.mark.parametrize("path", [BATCH, f"{BATCH}/x/status", "/docs", "/not-found", "/healthz"])
def test_every_answer_has_the_headers_that_a_browser_obeys(plain: httpx.Client, path: str) -> None:
    headers = plain.get(path).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert headers["referrer-policy"] == "no-referrer"
    if path.startswith("/api"):
        assert "default-src 'none'" in headers["content-security-policy"]
        assert headers["cache-control"] == "no-store"


# -- what is fetched ----------------------------------------------------------------------------------

INSIDE = [
    "http://10.0.0.1/a",
    "http://192.168.1.1/a",
    "http://169.254.169.254/latest/meta-data/",
    "http://[fd00:ec2::254]/",
    "http://metadata.google.internal/",
    "http://[::ffff:10.0.0.1]/a",
    "http://0x0a000001/a",
    "http://167772161/a",
    "http://012.1/a",
    "http://[64:ff9b::a00:1]/a",
    "http://0.0.0.0/a",
    "http://100.100.100.200/",
]


def test_urls_of_hosts_inside_are_refused_line_by_line(http: httpx.Client, site: Site) -> None:
    told = http.post(BATCH, json={"urls": [site.urls()[0], *INSIDE]}).json()
    assert (told["total"], told["n_rejected"]) == (1, len(INSIDE)), (
        "127.0.0.0/8 is listed, the others are not"
    )
    assert [line["line"] for line in told["rejected"]] == list(range(2, len(INSIDE) + 2))
    assert {line["reason"] for line in told["rejected"]} == {
        "private-address: not a public address",
        "private-address: a cloud's metadata address",
        "no valid host name in the URL",  # 0x…, which no list needs
    }


@pytest.fixture(scope="module")
def strict(service: Service, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Closed]:
    """A service that lists no network, but the one of the demo site's second address."""
    home = tmp_path_factory.mktemp("strict")
    with closed_service(home, service, TLRAY_ALLOW_PRIVATE_HOSTS="127.0.0.2/32") as running:
        yield running


def test_a_name_that_leads_inside_is_found_when_it_is_connected_to(
    strict: Closed, start_site: StartSite
) -> None:
    """``localhost`` is a name; its address is not listed."""
    site = start_site("--sites=2", "--sets=4")
    by_name = site.urls()[0].replace("127.0.0.1", "localhost").replace("127.0.0.2", "localhost")
    allowed = [url for url in site.urls() if "//127.0.0.2" in url][:1]
    with strict.client("ada") as http:
        told = http.post(BATCH, json={"urls": [by_name, *allowed]}).json()
        assert told["total"] == 2, told
        done = wait_for_end(http, told["batch_id"])
        assert done["counts"]["succeeded"] == 1
        refused = [i for i in items(http, told["batch_id"]) if i["state"] != "succeeded"]
    assert [item["url"] for item in refused] == [by_name]
    assert "not a public address" in refused[0]["reason"]
    assert not [a for a in arrivals(site) if a["host"].startswith("localhost")], "not even for robots.txt"


def test_a_redirect_leads_nowhere_inside(strict: Closed) -> None:
    """Neither a page's nor that of a robots.txt: what is listed may not lead to what is not."""
    with answering("127.0.0.1") as inside:
        led = {"/set": f"{inside.url}/secret"}
        with (
            answering("127.0.0.2", led) as page,
            answering("127.0.0.2", {"/robots.txt": inside.url}) as robots,
        ):
            urls = [f"{page.url}/set", f"{robots.url}/set"]
            with strict.client("ada") as http:
                batch_id = http.post(BATCH, json={"urls": urls}).json()["batch_id"]
                done = wait_for_end(http, batch_id)
                assert done["counts"].get("succeeded", 0) == 0
                reasons = [item["reason"] for item in items(http, batch_id)]
    assert all("not a public address" in reason for reason in reasons), reasons
    assert page.paths == ["/robots.txt", "/set"]
    assert robots.paths == ["/robots.txt"]
    assert inside.paths == []


@dataclass
class ScriptedServer:
    """A small server."""

    url: str
    paths: list[str] = field(default_factory=list)


@contextmanager
def answering(host: str, led: dict[str, str] | None = None) -> Iterator[ScriptedServer]:
    """Answer at ``host``: ``led`` is path → where it redirects to, all else is not there."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            told.paths.append(self.path)
            target = (led or {}).get(self.path)
            self.send_response(302 if target else 404)
            if target:
                self.send_header("Location", target)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None: ...

    with ThreadingHTTPServer((host, 0), Handler) as server:
        told = ScriptedServer(f"http://{host}:{server.server_address[1]}")
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield told
        server.shutdown()


def items(http: httpx.Client, batch_id: str) -> list[dict[str, str]]:
    return list(http.get(f"{BATCH}/{batch_id}/items").json()["items"])


def arrivals(site: Site) -> list[dict[str, str]]:
    return list(json.loads(httpx.get(site.bases[0] + "/arrivals.json").text))


def wait_for_end(http: httpx.Client, batch_id: str) -> dict[str, dict[str, int]]:
    deadline = time.monotonic() + 60
    while (told := http.get(f"{BATCH}/{batch_id}/status").json())["state"] != "completed":
        assert time.monotonic() < deadline, f"not completed: {told}"
        time.sleep(0.2)
    return dict(told)
