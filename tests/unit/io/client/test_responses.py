"""What an answer of the service means to a command, and what a list is before it is sent; no socket."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tlray.errors import ServiceRefuses, ServiceUnavailable, TlrayError, UsageError
from tlray.io.client import submit
from tlray.io.client.http_client import batch_path, checked_token, checked_url
from tlray.io.client.responses import (
    MAX_DETAIL_CHARS,
    ForeignResponse,
    RetryLater,
    one_line,
    read_range,
    read_response,
)
from tlray.io.client.submit import pieces

URL = "http://127.0.0.1:8000"


def problem(status: int, detail: str, *faults: tuple[str, str]) -> bytes:
    errors = [{"where": where, "what": what} for where, what in faults]
    return json.dumps({"title": "T", "status": status, "detail": detail, "errors": errors}).encode()


def test_data_is_handed_over() -> None:
    assert read_response(URL, 202, {}, b'{"batch_id": "x"}') == {"batch_id": "x"}
    assert read_response(URL, 204, {}, b"") is None


@pytest.mark.parametrize(
    ("status", "headers", "body", "kind", "said"),
    [
        (422, {}, problem(422, "body.urls: too many", ("body.urls", "too many")), ServiceRefuses, "body.urls: too many"),
        (422, {}, problem(422, "a: no", ("a", "no"), ("b", "neither")), ServiceRefuses, "a: no; b: neither"),
        (422, {}, problem(422, "a: 1", *((f"f{i}", "x") for i in range(9))), ServiceRefuses, "a: 1; f0: x; f1: x; …"),
        (401, {}, problem(401, "this service needs a token"), ServiceRefuses, "needs a token; set TLRAY_TOKEN"),
        (421, {}, problem(421, "unknown host"), ServiceRefuses, "unknown host; or use another name of it in --url"),
        (404, {}, problem(404, "there is no batch 'x'"), ServiceRefuses, "there is no batch 'x'"),
        (422, {}, problem(422, "two\nlines \x1b[2J"), ServiceRefuses, "two lines ?[2J"),
        (400, {}, problem(400, ""), ServiceRefuses, "T"),
        (507, {}, problem(507, "the disk is full"), ServiceUnavailable, "the disk is full"),
        (500, {}, problem(500, "a bug"), ServiceUnavailable, "a bug"),
    ],
)  # fmt: skip
def test_a_problem_is_one_line_of_what_is_wrong(
    status: int, headers: dict[str, str], body: bytes, kind: type[TlrayError], said: str
) -> None:
    with pytest.raises(kind) as caught:
        read_response(URL, status, headers, body)
    told = str(caught.value)
    assert told.startswith(f"{URL}: ")
    assert said in told
    assert "\n" not in told


@pytest.mark.parametrize(
    ("status", "location", "body", "why"),
    [
        (301, "https://x.test/", b"", "it is at https://x.test/"),
        (
            404,
            "",
            b"Path '/api' not found.",
            "it answers 404 Not Found, not as tlray does",
        ),  # Ray Serve's proxy
        (
            404,
            "",
            b'{"detail": "Not Found"}',
            "it answers 404 Not Found, not as tlray does",
        ),  # another FastAPI
        (200, "", b"<html>", "it answers 200 OK, not as tlray does"),
        (500, "", b"oops", "it answers 500 Internal Server Error, not as tlray does"),
        (599, "", b"", "it answers 599, not as tlray does"),
    ],
)
def test_an_answer_of_somebody_else_is_told_apart(status: int, location: str, body: bytes, why: str) -> None:
    found = read_response(URL, status, {"location": location}, body)
    assert isinstance(found, ForeignResponse)
    assert found.why == why
    if status != 200:  # to a range that is a file, which is another by now
        assert read_range(URL, status, {"location": location}, body) == found


@pytest.mark.parametrize(
    ("status", "after", "body", "found"),
    [
        (429, "7", problem(429, "no room"), RetryLater(7.0, "no room", is_full=True)),
        (503, "", problem(503, "starting"), RetryLater(2.0, "starting", is_full=False)),
        (
            503,
            "Wed, 21 Oct 2026 07:28:00 GMT",
            b"",
            RetryLater(2.0, "503 Service Unavailable", is_full=False, is_tlray=False),
        ),
        (502, "-1", b"<html>", RetryLater(2.0, "502 Bad Gateway", is_full=False, is_tlray=False)),
    ],
)
def test_not_now_is_no_error_yet(status: int, after: str, body: bytes, found: RetryLater) -> None:
    assert read_response(URL, status, {"retry-after": after}, body) == found


def test_words_of_somebody_else_are_bounded() -> None:
    assert len(one_line("x" * 10_000)) == MAX_DETAIL_CHARS


@pytest.mark.parametrize(
    "url",
    [
        "",
        "127.0.0.1:8000",
        "ftp://x",
        "http://",
        "http://u:p@x",
        "http://x/?q",
        "http://x:99999",
        "http://[x",
        "http://x\x7f",
    ],
)
def test_what_is_no_address_of_a_service_is_named(url: str) -> None:
    with pytest.raises(UsageError, match=r"--url .*: give the address of a service, such as http://127"):
        checked_url(url)


def test_an_address_may_have_a_path() -> None:
    assert checked_url(" https://sets.test/tlray/\n") == "https://sets.test/tlray"
    assert batch_path("a/../b", "/pause") == "/api/v1/batch/a%2F..%2Fb/pause"


def test_a_token_is_one_word() -> None:
    assert checked_token(" tlray_a_b\n") == "tlray_a_b"
    for wrong in ("", "a b", "a\r\nX-Header: 1", "é"):
        with pytest.raises(UsageError, match="TLRAY_TOKEN is not a token"):
            checked_token(wrong)


def cut(lines: list[str], monkeypatch: pytest.MonkeyPatch, **bounds: int) -> list[list[str]]:
    for name, bound in bounds.items():
        monkeypatch.setattr(submit, name, bound)
    return list(pieces(lines))


def test_a_list_is_cut_where_the_service_bounds_it(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = ["a\n", "\n", "# c\r\n", "dd", "e"]
    assert cut(lines, monkeypatch, MAX_PIECE_LINES=2) == [["a", ""], ["# c", "dd"], ["e"]]
    assert cut(lines, monkeypatch, MAX_PIECE_LINES=9, MAX_BYTES=5) == [["a", ""], ["# c"], ["dd", "e"]]
    assert cut(["é", "x" * 9], monkeypatch, MAX_BYTES=3) == [["é"], ["x" * 9]]  # too long, alone
    assert cut(["a\nb\rc", "\ud800"], monkeypatch, MAX_BYTES=9) == [["a b c", "\ud800"]]
    assert cut([], monkeypatch) == []


def test_no_more_than_a_piece_is_read_ahead() -> None:
    n_read = 0

    def endless() -> Any:
        nonlocal n_read
        while True:
            n_read += 1
            yield "http://127.0.0.1/set"

    stream = pieces(endless())
    for _ in range(3):
        next(stream)
    assert n_read == 3 * submit.MAX_PIECE_LINES + 1
