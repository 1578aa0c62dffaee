"""What holds for every call of the API before FastAPI reads its JSON body, and for what it finds in it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from alone import faults, service

PATHS = [
    ("POST", "/api/v1/tokens"),
    ("POST", "/api/v1/batch/schedule"),
    ("PUT", "/api/v1/templates/mine"),
    ("PATCH", "/api/v1/domains/a.test"),
    ("PATCH", "/api/v1/schedules/sch_1"),
    ("POST", "/api/v1/batch/b/retry"),
    ("POST", "/api/v1/batch/b/commit"),
]
"""The last two may be sent without a body."""
JSON = {"Content-Type": "application/json"}


@pytest.fixture
def http(tmp_path: Path) -> httpx.AsyncClient:
    return service(tmp_path)


def kind(answer: httpx.Response) -> str:
    return str(answer.json()["type"]).removeprefix("urn:tlray:problem:")


async def unread() -> AsyncIterator[bytes]:
    raise AssertionError("the body was read")
    yield b""


async def test_no_body_is_read_before_its_sender_is_known(tmp_path: Path) -> None:
    closed = service(tmp_path, {"requires_token": True})
    for method, path in PATHS:
        answer = await closed.request(method, path, content=unread(), headers=JSON)
        assert (answer.status_code, kind(answer)) == (401, "unauthorized"), path


async def test_no_body_of_another_type_is_read(http: httpx.AsyncClient) -> None:
    for method, path in PATHS:
        answer = await http.request(method, path, content=unread(), headers={"Content-Type": "text/plain"})
        assert (answer.status_code, kind(answer)) == (415, "unsupported-media-type"), path


async def test_a_body_that_is_no_json_is_a_bad_request(http: httpx.AsyncClient) -> None:
    for method, path in PATHS:
        for body in (b"{", b"[" * 100_000, b'{"a": "\xff"}', b"\xff\xfe{\xd8", b"1" * 5_000):
            answer = await http.request(method, path, content=body, headers=JSON)
            assert (answer.status_code, kind(answer)) == (400, "bad-request"), (path, body[:9])


async def test_a_body_that_does_not_fit_is_told_where(http: httpx.AsyncClient) -> None:
    for method, path in PATHS:
        for body in (b"[]", b"17", b'"a"', b'{"no such": "\\ud800"}', b'{"no such": NaN}', b"null"):
            answer = await http.request(method, path, content=body, headers=JSON)
            assert all(where.startswith("body") for where, _ in faults(answer)), (path, body)


async def test_a_body_that_is_missing_is_told(http: httpx.AsyncClient) -> None:
    for method, path in PATHS[:-2]:
        assert (await http.request(method, path)).status_code == 415
        assert [where for where, _ in faults(await http.request(method, path, headers=JSON))] == ["body"]


async def test_a_body_that_may_be_left_out_may_be_empty(tmp_path: Path) -> None:
    http = service(tmp_path, {"retry": {}, "commit_upload": {}})
    for method, path in PATHS[-2:]:
        for body in (None, b"", b"{}", b"\xef\xbb\xbf{}"):
            answer = await http.request(method, path, content=body, headers=JSON if body else {})
            assert answer.status_code in (200, 202), answer.text
