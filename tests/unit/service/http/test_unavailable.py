"""What is answered in the place of a service that begins or ends: by Ray Serve's proxy, and by a stand-in at its port."""

from __future__ import annotations

import socket
from base64 import b64encode
from hashlib import sha256

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Mount, Route
from starlette.types import Message, Receive, Scope, Send

from tlray.service.http.problems import CONTENT_TYPE, ProblemError, problem_response
from tlray.service.http.unavailable import UnavailableMiddleware, middlewares
from tlray.service.http.unavailable_server import UnavailableServer, shares_ports


async def proxy(scope: Scope, receive: Receive, send: Send) -> None:
    """Answers as Ray Serve's proxy does at a path that nobody serves, a socket's too."""
    await send(
        {
            "type": "http.response.start",
            "status": 404,
            "headers": [(b"content-type", b"text/plain; charset=utf-8")],
        }
    )
    await send(
        {
            "type": "http.response.body",
            "body": b"Path '/x' not found. Ping http://.../-/routes for available routes.",
        }
    )


async def unknown(request: Request) -> Response:
    return problem_response(request, ProblemError(404, "there is no batch 'B'"))


async def plain(request: Request) -> Response:
    return PlainTextResponse("metrics 1")


async def busy(request: Request) -> Response:
    return PlainTextResponse("deployment is unavailable", 503)


async def health(request: Request) -> Response:
    return PlainTextResponse("not found", 404)


async def no_media_type(request: Request) -> Response:
    return Response(b"", 404)


APP = Starlette(routes=[
    Route("/unknown", unknown), Route("/plain", plain), Route("/busy", busy), Route("/-/healthz", health),
    Route("/bare", no_media_type), Mount("/", proxy),
])  # fmt: skip


def client() -> httpx.AsyncClient:
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(app=UnavailableMiddleware(APP)), base_url="http://127.0.0.1"
    )


@pytest.mark.parametrize("path", ["/", "/api/v1/batch", "/busy"])
async def test_the_proxys_own_answer_is_a_problem_that_says_when_to_come_back(path: str) -> None:
    async with client() as http:
        told = await http.get(path)
    assert (told.status_code, told.headers["content-type"], told.headers["retry-after"]) == (
        503,
        CONTENT_TYPE,
        "5",
    )
    assert told.json()["type"] == "urn:tlray:problem:unavailable"
    assert told.json()["instance"] == path


@pytest.mark.parametrize(
    ("path", "status", "words"),
    [
        ("/unknown", 404, "there is no batch"),  # the service's own
        ("/plain", 200, "metrics 1"),
        ("/-/healthz", 404, "not found"),  # Ray Serve's own
        ("/bare", 404, ""),
    ],
)
async def test_what_the_service_answers_is_left_as_it_is(path: str, status: int, words: str) -> None:
    async with client() as http:
        told = await http.get(path)
    assert told.status_code == status
    assert words in told.text


async def test_a_socket_is_closed_before_it_is_open() -> None:
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    async def receive() -> Message:
        return {"type": "websocket.connect"}

    await UnavailableMiddleware(proxy)({"type": "websocket", "path": "/ws", "headers": []}, receive, send)
    assert [(m["type"], m["code"]) for m in sent] == [("websocket.close", 1013)]


def test_ray_serve_takes_the_middleware() -> None:
    [one] = middlewares()
    assert one.cls is UnavailableMiddleware


# -- the stand-in ---------------------------------------------------------------------------------------


def a_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_every_call_is_answered_while_the_service_begins_and_none_afterwards() -> None:
    port = a_port()
    with UnavailableServer("127.0.0.1", port), httpx.Client(base_url=f"http://127.0.0.1:{port}") as http:
        for told in (
            http.get("/api/v1/batch?state=running"),
            http.post("/api/v1/batch", content=b"x" * 300_000),
            http.head("/healthz"),
        ):
            assert (told.status_code, told.headers["retry-after"]) == (503, "5")
            assert told.headers["content-type"] == CONTENT_TYPE
        assert http.get("/api/v1/batch?state=running").json()["instance"] == "/api/v1/batch"
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"http://127.0.0.1:{port}/")


def test_nonsense_and_silence_cost_nobody_else_anything(caplog: pytest.LogCaptureFixture) -> None:
    port = a_port()
    with (
        UnavailableServer("127.0.0.1", port) as unavailable,
        socket.create_connection(("127.0.0.1", port)) as silent,
        socket.create_connection(("127.0.0.1", port)) as rude,
    ):
        rude.sendall(b"\x16\x03\x01\r\n\r\n")
        assert rude.recv(1_000).startswith(b"HTTP/1.1 400 ")
        assert httpx.get(f"http://127.0.0.1:{port}/").status_code == 503
        unavailable.close()
        assert silent.recv(1) == b"", "it is let go"
    assert not caplog.records


def test_it_shares_its_port_with_the_proxy_and_leaves_it_to_it() -> None:
    port = a_port()
    with socket.socket() as proxy:
        proxy.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        unavailable = UnavailableServer("127.0.0.1", port)
        with unavailable:
            proxy.bind(("127.0.0.1", port))
            proxy.listen()
        unavailable.close()  # once more does no harm
        with socket.create_connection(("127.0.0.1", port)):
            proxy.accept()[0].close()


def test_where_ray_serve_does_not_share_its_port_nobody_stands_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SERVE_SOCKET_REUSE_PORT_ENABLED", "0")
    assert not shares_ports()
    port = a_port()
    with UnavailableServer("127.0.0.1", port), pytest.raises(httpx.ConnectError):
        httpx.get(f"http://127.0.0.1:{port}/")


def test_a_port_that_cannot_be_had_stops_nothing() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as taken,
        UnavailableServer("127.0.0.1", taken.getsockname()[1]),
    ):
        pass


async def test_a_browser_gets_a_page_that_asks_again() -> None:
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(UnavailableMiddleware(proxy)), base_url="http://tlray"
    ) as http:
        page = await http.get("/batches", headers={"Accept": "text/html"})
        data = await http.get("/api/v1/batch", headers={"Accept": "text/html"})
    assert (page.status_code, page.headers["refresh"]) == (503, "3")
    assert "Nothing is lost" in page.text
    style = page.text.partition("<style>")[2].partition("</style>")[0]
    assert b64encode(sha256(style.encode()).digest()).decode() in page.headers["content-security-policy"]
    assert data.headers["content-type"] == CONTENT_TYPE
