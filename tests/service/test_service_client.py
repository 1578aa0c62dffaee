"""What the client does when connections break: a real one, to a server on loopback that follows a script."""

from __future__ import annotations

import io
import json
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from conftest import free_port

from tlray.errors import ServiceRefuses, ServiceUnavailable
from tlray.io.client import submit
from tlray.io.client.download import download_export
from tlray.io.client.events import follow
from tlray.io.client.http_client import PATIENCE_S, ServiceClient
from tlray.io.client.submit import send_list

TOKEN = "tlray_3fa9c1_secret"  # noqa: S105 - of nobody
CUT = b""
"""An answer that never comes: the connection ends."""


def answer(status: int, data: object, *headers: str) -> bytes:
    body = json.dumps(data).encode()
    head = [f"HTTP/1.1 {status} X", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join([*head, "", ""]).encode() + body


def problem(status: int, detail: str, *headers: str) -> bytes:
    return answer(status, {"status": status, "detail": detail}, *headers)


def of_the_proxy(status: int, words: str = "Internal Server Error", *headers: str) -> bytes:
    """Return an answer of Ray Serve's proxy, or of another program: some text."""
    head = [f"HTTP/1.1 {status} X", f"Content-Length: {len(words)}", "Content-Type: text/plain", *headers]
    return "\r\n".join([*head, "", words]).encode()


def events(*told: dict[str, Any]) -> bytes:
    text = "".join(
        f"id: {frame['version']}\ndata: {json.dumps(frame)}\n\nevent: beat\ndata: {{}}\n\n" for frame in told
    )
    text = f"retry: 1000\n{text}event: leaving\ndata: {{}}\n\ndata: cut"
    head = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Type: text/event-stream; charset=utf-8"
    return f"{head}\r\n\r\n{text}".encode()


@dataclass
class Scripted:
    """Gives one answer a request, in their order, and keeps the requests."""

    url: str
    answers: list[bytes] = field(default_factory=list)
    requests: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)

    def serve(self, listening: socket.socket) -> None:
        while True:
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            with connection, connection.makefile("rb") as file:
                while self._one(connection, file):
                    pass

    def _one(self, connection: socket.socket, file: Any) -> bool:
        first = file.readline().decode()
        if not first:
            return False
        headers = {}
        while line := file.readline().decode().strip():
            name, _, value = line.partition(": ")
            headers[name.lower()] = value
        body = file.read(int(headers.get("content-length", 0)))
        self.requests.append((first.rsplit(" ", 1)[0], headers, body))
        told = self.answers.pop(0)
        connection.sendall(told)
        return bool(told) and b"Connection: close" not in told


@pytest.fixture
def script() -> Iterator[Scripted]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        scripted = Scripted(f"http://127.0.0.1:{listening.getsockname()[1]}")
        thread = threading.Thread(target=scripted.serve, args=(listening,), daemon=True)
        thread.start()
        yield scripted
        listening.shutdown(socket.SHUT_RDWR)
    thread.join(5)
    assert not thread.is_alive()


@dataclass
class Clock:
    """Time that passes by sleeping only."""

    now: float = 0.0
    slept: list[float] = field(default_factory=list)

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


def client_of(url: str, clock: Clock, **more: Any) -> ServiceClient:
    return ServiceClient(url, clock=clock, sleep=clock.sleep, **more)


def test_a_service_that_is_not_there_is_told_of_at_once() -> None:
    clock, url = Clock(), f"http://127.0.0.1:{free_port()}"
    with client_of(url, clock) as client:
        for ask in (
            lambda: client.get("/x"),
            lambda: next(follow(client, "b", clock=clock, sleep=clock.sleep)),
        ):
            with pytest.raises(
                ServiceUnavailable, match=r"connection refused\); start one with `tlray serve`"
            ):
                ask()
    assert clock.slept == []


def test_a_request_says_who_asks_and_keeps_its_connection(script: Scripted) -> None:
    script.answers = [answer(200, {"a": 1}), answer(200, {"b": 2})]
    with client_of(script.url + "/tlray/", Clock(), token=TOKEN) as client:
        assert client.get("/x", cursor=None, limit=2) == {"a": 1}
        assert client.request("POST", "/y", body={"é": 1}, key="k") == {"b": 2}
    (first, headers, _), (second, more, body) = script.requests
    assert (first, second) == ("GET /tlray/x?limit=2", "POST /tlray/y")
    assert (headers["authorization"], headers["x-tlray-client"]) == (f"Bearer {TOKEN}", "tlray")
    assert (more["content-type"], more["idempotency-key"], body) == (
        "application/json",
        "k",
        b'{"\xc3\xa9": 1}',
    )


def test_a_broken_connection_is_made_anew_and_the_same_is_sent_again(script: Scripted) -> None:
    script.answers = [answer(200, {}), CUT, CUT, answer(202, {"done": True})]
    clock, told = Clock(), []
    with client_of(script.url, clock, on_wait=lambda what, why: told.append(what)) as client:
        client.get("/x")
        assert client.request("POST", "/y", body=b"http://a\n", key="k") == {"done": True}
    assert (
        len({(first, headers["idempotency-key"], body) for first, headers, body in script.requests[1:]}) == 1
    )
    assert told == ["asking again"] * 2
    assert clock.slept == [0.1, 0.2]


def test_a_service_that_is_gone_is_asked_for_a_minute(script: Scripted) -> None:
    script.answers = [answer(200, {}), *[problem(503, "starting")] * 100]
    clock = Clock()
    with client_of(script.url, clock) as client:
        client.get("/x")
        with pytest.raises(ServiceUnavailable, match=r": starting$"):
            client.get("/y")
    assert PATIENCE_S <= clock.now < PATIENCE_S + 5


NO_ROUTE = "Path '/x' not found. Ping http://.../-/routes for available routes."


@pytest.mark.parametrize("status", [500, 404, 502, 302])
def test_what_is_answered_in_the_place_of_tlray_is_a_service_that_is_away(
    script: Scripted, status: int
) -> None:
    away = of_the_proxy(status, NO_ROUTE)
    script.answers = [answer(200, {}), away, away, answer(202, {"done": True})]
    clock, told = Clock(), []
    with client_of(script.url, clock, on_wait=lambda what, why: told.append(what)) as client:
        client.get("/x")
        assert client.request("POST", "/y", body=b"http://a\n", key="k") == {"done": True}
    assert len({(first, str(headers), body) for first, headers, body in script.requests[1:]}) == 1
    assert (told, clock.slept) == (["asking again"] * 2, [2.0, 2.0])


def test_a_problem_of_tlrays_own_says_too_that_it_is_there(script: Scripted) -> None:
    script.answers = [problem(404, "there is no batch 'b'"), of_the_proxy(404, NO_ROUTE), answer(200, {})]
    with client_of(script.url, Clock()) as client:
        with pytest.raises(ServiceRefuses, match="no batch 'b'"):
            client.get("/x")
        assert client.get("/x") == {}


def test_who_stays_in_the_place_of_tlray_is_asked_for_a_minute(script: Scripted) -> None:
    script.answers = [answer(200, {}), *[of_the_proxy(404, NO_ROUTE)] * 100]
    clock = Clock()
    with client_of(script.url, clock) as client:
        client.get("/x")
        with pytest.raises(ServiceUnavailable, match=r": it answers 404 Not Found, not as tlray does$"):
            client.get("/y")
    assert PATIENCE_S <= clock.now < PATIENCE_S + 5


@pytest.mark.parametrize(
    ("answers", "said"),
    [
        (
            [of_the_proxy(404, NO_ROUTE)],
            "it answers 404 Not Found, not as tlray does; check --url",
        ),
        ([of_the_proxy(500)], "500 Internal Server Error, not as tlray does; check --url"),
        ([of_the_proxy(200, "<html>")], "it answers 200 OK, not as tlray does; check --url"),
        # a gateway that has nobody behind it is not tlray yet
        ([of_the_proxy(502), of_the_proxy(404)], "it answers 404 Not Found, not as tlray does; check"),
        ([of_the_proxy(301, "", "Location: http://x.test/")], "it is at http://x.test/; use that as --url"),
    ],
)
def test_who_never_answered_as_tlray_is_refused(script: Scripted, answers: list[bytes], said: str) -> None:
    closing = [told.replace(b" X\r\n", b" X\r\nConnection: close\r\n", 1) for told in answers]
    for ask in (
        lambda client: client.get("/x"),
        lambda client: next(follow(client, "b", sleep=lambda s: None)),
    ):
        script.answers = [*closing]
        with client_of(script.url, Clock()) as client, pytest.raises(ServiceRefuses) as caught:
            ask(client)
        assert said in str(caught.value)


def test_room_is_waited_for_as_long_as_one_likes(script: Scripted) -> None:
    full = problem(429, "no room", "Retry-After: 25")
    script.answers = [*[full] * 6, answer(202, {}), full, full]
    clock = Clock()
    with client_of(script.url, clock) as client:
        client.request("POST", "/y", max_wait_s=float("inf"))
        assert clock.slept == [25.0] * 6
        with pytest.raises(ServiceUnavailable, match="no room"):
            client.request("POST", "/y", max_wait_s=20)
    assert clock.slept == [25.0] * 7


def test_pages_are_read_to_the_last(script: Scripted) -> None:
    script.answers = [
        answer(200, {"rows": [1, 2], "next_cursor": "c"}),
        answer(200, {"rows": [3], "next_cursor": None}),
    ]
    with client_of(script.url, Clock()) as client:
        assert list(client.pages("/r", "rows", limit=2)) == [1, 2, 3]
    assert [first for first, _, _ in script.requests] == ["GET /r?limit=2", "GET /r?cursor=c&limit=2"]


def frame(version: int, state: str = "running") -> dict[str, Any]:
    return {"version": version, "state": state}


def test_a_stream_that_breaks_is_opened_again_from_the_last_version(script: Scripted) -> None:
    script.answers = [
        events(frame(3), frame(5)),
        CUT,
        problem(503, "starting", "Connection: close"),
        events(frame(5), frame(8)),  # the first frame is how things stand, and may be one that was seen
        events(frame(9, "completed"), frame(10)),
    ]
    clock = Clock()
    with client_of(script.url, clock) as client:
        found = list(follow(client, "b", clock=clock, sleep=clock.sleep))
    assert [told["version"] for told in found] == [3, 5, 8, 9]
    paths = [first for first, _, _ in script.requests]
    start = "GET /api/v1/batch/b/events"
    assert paths == [start, *[f"{start}?since=5"] * 3, f"{start}?since=8"]


def test_a_batch_that_is_not_there_ends_the_watching(script: Scripted) -> None:
    script.answers = [problem(404, "there is no batch 'b'", "Connection: close")]
    with client_of(script.url, Clock()) as client, pytest.raises(ServiceRefuses, match="no batch 'b'"):
        next(follow(client, "b"))


def test_a_stream_whose_service_is_being_taken_down_is_asked_for_again(script: Scripted) -> None:
    away = of_the_proxy(404, NO_ROUTE, "Connection: close")
    script.answers = [events(frame(3)), *[away] * 3, events(frame(9, "completed"))]
    clock = Clock()
    with client_of(script.url, clock) as client:
        found = list(follow(client, "b", clock=clock, sleep=clock.sleep))
    assert [told["version"] for told in found] == [3, 9]
    script.answers = [events(frame(3)), *[away] * 100]
    gives_up = pytest.raises(ServiceUnavailable, match="it answers 404 Not Found, not as tlray does")
    with client_of(script.url, clock) as client, gives_up:
        list(follow(client, "b", clock=clock, sleep=clock.sleep))


def test_a_stream_that_stays_away_is_given_up(script: Scripted) -> None:
    script.answers = [events(frame(1)), *[CUT] * 100]
    clock = Clock()
    gives_up = pytest.raises(ServiceUnavailable, match="no service answers")
    with client_of(script.url, clock) as client, gives_up:
        list(follow(client, "b", clock=clock, sleep=clock.sleep))
    assert clock.now > PATIENCE_S


Send = Callable[..., dict[str, Any]]


@pytest.fixture
def send(script: Scripted, monkeypatch: pytest.MonkeyPatch) -> Send:
    monkeypatch.setattr(submit, "MAX_PIECE_LINES", 3)

    def send(lines: list[str], **asked: Any) -> dict[str, Any]:
        with client_of(script.url, Clock()) as client:
            client.has_answered = True
            return send_list(client, lines, asked, key="k", max_wait_s=5)

    return send


def receipt(**more: Any) -> bytes:
    return answer(202, {"batch_id": "b", "rejected": [], "duplicate_lines": [], **more})


def test_a_short_list_is_one_call_and_its_lines_keep_their_numbers(script: Scripted, send: Send) -> None:
    rows = [{"line": 2, "url": "x", "reason": "bad"}]
    again = [{"line": 2, "url": "http://a", "first_line": 1}]
    script.answers = [receipt(rejected=rows, duplicate_lines=again)]
    told = send(["# mine", " http://a \n", "x"], name="n")
    assert (told["rejected"][0]["line"], told["duplicate_lines"][0]) == (
        3,
        {**again[0], "line": 3, "first_line": 2},
    )
    (first, headers, body) = script.requests[0]
    assert (first, headers["idempotency-key"]) == ("POST /api/v1/batch", "k")
    assert json.loads(body) == {"name": "n", "urls": ["http://a", "x"]}


def test_a_long_list_goes_in_numbered_pieces_and_a_lost_answer_sends_its_piece_again(
    script: Scripted, send: Send
) -> None:
    script.answers = [receipt(), answer(200, {}), CUT, answer(200, {}), receipt(total=4)]
    assert send(["http://a", "# c", "", "http://b", "http://c"], name="n")["total"] == 4
    assert [(first, body) for first, _, body in script.requests] == [
        ("POST /api/v1/batch?state=receiving", b'{"name": "n"}'),
        ("POST /api/v1/batch/b/append?piece=1", b"http://a\n# c\n\n"),
        ("POST /api/v1/batch/b/append?piece=2", b"http://b\nhttp://c\n"),
        ("POST /api/v1/batch/b/append?piece=2", b"http://b\nhttp://c\n"),
        ("POST /api/v1/batch/b/commit", b'{"pieces": 2}'),
    ]


def test_a_replica_that_dies_costs_its_piece_a_second_call_and_not_the_list(
    script: Scripted, send: Send
) -> None:
    died = of_the_proxy(500)
    script.answers = [receipt(), answer(200, {}), died, died, answer(200, {}), died, receipt(total=4)]
    assert send(["http://a", "http://b", "http://c", "http://d"])["total"] == 4
    asked = [first.removeprefix("POST /api/v1/batch") for first, _, _ in script.requests]
    assert asked == ["?state=receiving", "/b/append?piece=1", *["/b/append?piece=2"] * 3, *["/b/commit"] * 2]


def test_a_piece_that_is_refused_leaves_the_list_uncommitted(script: Scripted, send: Send) -> None:
    script.answers = [receipt(), problem(413, "the list has more than 3 items"), answer(200, {})]
    with pytest.raises(ServiceRefuses, match="more than 3 items"):
        send(["http://a"] * 4)
    asked = [first for first, _, _ in script.requests]
    assert not any("commit" in first for first in asked)
    assert asked[-1] == "POST /api/v1/batch/b/cancel"


def test_a_list_whose_end_is_unknown_is_not_dropped(script: Scripted, send: Send) -> None:
    script.answers = [receipt(), answer(200, {}), answer(200, {}), problem(507, "the disk is full")]
    with pytest.raises(ServiceUnavailable, match="the disk is full"):
        send(["http://a"] * 4)
    assert "commit" in script.requests[-1][0], "it may have been made real all the same"


# -- files ---------------------------------------------------------------------------------------------


def part(text: bytes, first: int, n: int, etag: str) -> bytes:
    """Return some bytes of a file, as a service sends them."""
    body = text[first : first + n]
    head = f"HTTP/1.1 206 X\r\nContent-Length: {len(body)}\r\nETag: {etag}\r\n"
    return f"{head}Content-Range: bytes {first}-{first + len(body) - 1}/{len(text)}\r\n\r\n".encode() + body


def test_a_file_comes_in_ranges_whatever_breaks(script: Scripted) -> None:
    text, out = b"0123456789abc", io.BytesIO()
    script.answers = [
        part(text, 0, 5, '"a"'),
        CUT,
        part(text, 5, 5, '"a"'),
        problem(503, "away"),
        part(text, 10, 5, '"a"'),
    ]
    with ServiceClient(script.url, sleep=lambda s: None) as client:
        assert download_export(client, "B", out, format="csv") == 13
    assert out.getvalue() == text
    asked = [(headers["range"], headers.get("if-range")) for _, headers, _ in script.requests]
    assert asked == [
        ("bytes=0-", None), ("bytes=5-", '"a"'), ("bytes=5-", '"a"'), ("bytes=10-", '"a"'), ("bytes=10-", '"a"'),
    ]  # fmt: skip
    assert script.requests[0][0] == "GET /api/v1/batch/B/export?format=csv"


def test_a_file_outlives_the_replica_that_sends_it(script: Scripted) -> None:
    text, out = b"0123456789abc", io.BytesIO()
    script.answers = [part(text, 0, 5, '"a"'), of_the_proxy(500), part(text, 5, 8, '"a"')]
    with ServiceClient(script.url, sleep=lambda s: None) as client:
        assert download_export(client, "B", out, format="csv") == 13
    assert out.getvalue() == text


@pytest.mark.parametrize("changed", [answer(200, "all of the new one"), problem(413, "take it in ranges")])
def test_a_file_that_changes_meanwhile_is_taken_anew(script: Scripted, changed: bytes) -> None:
    old, new, out = b"0123456789abc", b"ABC", io.BytesIO()
    script.answers = [part(old, 0, 5, '"a"'), changed, part(new, 0, 5, '"b"')]
    with ServiceClient(script.url) as client:
        assert download_export(client, "B", out, format="csv") == 3
    assert out.getvalue() == new


def test_an_export_that_is_refused_is_told(script: Scripted) -> None:
    script.answers = [problem(404, "there is no batch 'B'")]
    with ServiceClient(script.url) as client, pytest.raises(ServiceRefuses, match="there is no batch 'B'"):
        download_export(client, "B", io.BytesIO(), format="csv")
