"""Lists over HTTP: every way to send one, all of it or nothing."""

from __future__ import annotations

import json
import socket
import threading
import time
from typing import Any

import httpx
import pytest
from conftest import Service, Site

pytestmark = pytest.mark.ray
URL = "/api/v1/batch"


def listed(http: httpx.Client) -> set[str]:
    return {batch["batch_id"] for batch in http.get(URL, params={"limit": 1000}).json()["batches"]}


def problem(answer: httpx.Response) -> tuple[int, str]:
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    told = answer.json()
    assert told["status"] == answer.status_code
    assert told["detail"]
    return answer.status_code, told["type"].removeprefix("urn:tlray:problem:")


def test_lines_are_a_list_too(http: httpx.Client, service: Service, site: Site) -> None:
    one, two, three = site.urls()[:3]
    text = b"# d\xe9j\xe0 vu\n" + f"{one}\r\n\r\ufeff{two}\n{one}?".encode() + b"\xff\n" + f"{one}\n".encode()
    told = http.post(
        URL, content=text, params={"name": "as text"}, headers={"content-type": "text/plain"}
    ).json()
    assert (told["total"], told["duplicates"], told["n_rejected"]) == (2, 1, 1)
    assert [line["line"] for line in told["rejected"]] == [5]
    assert (told["duplicate_lines"][0]["line"], told["duplicate_lines"][0]["first_line"]) == (6, 2)
    rows = "\r\n".join([json.dumps(one), json.dumps({"url": two}), three])
    told = http.post(
        URL, content=rows.encode("utf-16"), headers={"content-type": "application/x-ndjson; charset=utf-16"}
    ).json()
    assert (told["total"], told["n_rejected"]) == (3, 0)
    assert service.wait_for(told["batch_id"])["counts"]["succeeded"] == 3


def test_the_same_key_makes_one_batch(http: httpx.Client, site: Site) -> None:
    body = {"urls": [site.urls()[0], "ftp://no"]}
    key = {"Idempotency-Key": "monday"}
    first = http.post(URL, json=body, headers=key)
    again = http.post(URL, json=body, headers=key)
    assert (first.status_code, again.status_code) == (202, 202)
    for name in ("batch_id", "total", "n_rejected", "rejected"):
        assert again.json()[name] == first.json()[name]
    other = http.post(URL, json={"urls": site.urls()[:2]}, headers=key)
    assert problem(other) == (409, "conflict")


def test_two_at_once_under_one_key_make_one_batch(service: Service, site: Site) -> None:
    told: list[dict[str, Any]] = []

    def send() -> None:
        with service.client() as http:
            answer = http.post(URL, json={"urls": site.urls()[:5]}, headers={"Idempotency-Key": "both"})
            told.append(answer.json())

    threads = [threading.Thread(target=send) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(told) == 5
    assert len({answer["batch_id"] for answer in told}) == 1
    assert {answer["total"] for answer in told} == {5}


def test_a_long_list_comes_in_pieces(http: httpx.Client, service: Service, site: Site) -> None:
    urls = site.urls()
    opened = http.post(
        URL, json={"name": "long", "options": {"max_attempts": 2}}, params={"state": "receiving"}
    )
    assert opened.status_code == 202, opened.text
    batch_id = opened.json()["batch_id"]
    assert opened.json()["state"] == "receiving"
    append = f"{URL}/{batch_id}/append"
    text = {"headers": {"content-type": "text/plain"}}

    first = http.post(append, params={"piece": 1}, content="\n".join(urls[:10]), **text)
    assert (first.status_code, first.json()["items"], first.json()["first_line"]) == (200, 10, 1)
    again = http.post(append, params={"piece": 1}, content="\n".join(urls[:10]), **text)
    assert again.json() == first.json()
    assert problem(http.post(append, params={"piece": 1}, content=urls[3], **text)) == (409, "conflict")
    assert problem(http.post(append, params={"piece": 3}, content=urls[3], **text)) == (409, "conflict")
    second = http.post(append, params={"piece": 2}, json={"urls": [*urls[10:20], urls[0], "nonsense"]}).json()
    assert (second["first_line"], second["items"], second["duplicates"], second["n_rejected"]) == (
        11,
        10,
        1,
        1,
    )
    assert second["rejected"][0]["line"] == 22
    assert second["duplicate_lines"] == [{"line": 21, "url": urls[0], "first_line": 1}]

    assert (service.status(batch_id)["state"], service.status(batch_id)["total"]) == ("receiving", 20)
    assert problem(http.post(f"{URL}/{batch_id}/pause")) == (409, "conflict")
    assert problem(http.post(f"{URL}/{batch_id}/commit", json={"pieces": 3})) == (409, "conflict")
    done = http.post(f"{URL}/{batch_id}/commit", json={"pieces": 2})
    assert (done.status_code, done.json()["total"], done.json()["state"]) == (202, 20, "running")
    assert (done.json()["duplicates"], done.json()["n_rejected"]) == (1, 1)
    assert http.post(f"{URL}/{batch_id}/commit").json()["total"] == 20
    assert problem(http.post(append, params={"piece": 3}, content=urls[3], **text)) == (409, "conflict")
    assert service.wait_for(batch_id)["counts"]["succeeded"] == 20


def test_a_list_that_is_given_up_is_gone(http: httpx.Client, site: Site) -> None:
    batch_id = http.post(URL, json={}, params={"state": "receiving"}).json()["batch_id"]
    http.post(f"{URL}/{batch_id}/append", params={"piece": 1}, json={"urls": site.urls()[:3]})
    assert http.post(f"{URL}/{batch_id}/cancel").json()["state"] == "cancelled"
    assert problem(http.post(f"{URL}/{batch_id}/commit")) == (404, "not-found")
    assert batch_id not in listed(http)


@pytest.mark.parametrize(
    ("body", "kind", "told"),
    [
        (b'{"urls": [', "application/json", (400, "bad-request")),
        (b'{"urls": ["http://a.org/\xff"]}', "application/json", (400, "bad-request")),
        (b"[]", "application/json", (422, "validation")),
        (b"17", "application/json", (422, "validation")),
        (b'{"urls": "http://127.0.0.1/"}', "application/json", (422, "validation")),
        (b'{"urls": [1]}', "application/json", (422, "validation")),
        (b'{"urls": []}', "application/json", (422, "validation")),
        (b'{"urls": ["ftp://a/b", ""]}', "application/json", (422, "validation")),
        (b'{"urls": ["http://127.0.0.1/"], "prio": "low"}', "application/json", (422, "validation")),
        (b'{"urls": ["http://127.0.0.1/"], "priority": "urgent"}', "application/json", (422, "validation")),
        (b'{"urls": ["http://127.0.0.1/"], "options": {"rates": {"a.org": "fast"}}}', "application/json", (422, "validation")),
        (b'{"urls": ["http://127.0.0.1/"], "options": {"speed": 9}}', "application/json", (422, "validation")),
        (b'{"urls": ["\\ud800"]}', "application/json", (400, "bad-request")),  # half a surrogate pair is no text
        (b"", "application/json", (400, "bad-request")),
        (b"", "text/plain", (422, "validation")),
        (b"# nothing\n\n", "text/plain", (422, "validation")),
        (b"http://127.0.0.1/\xff\xfe\n", "text/plain", (422, "validation")),
        (b"http://127.0.0.1/\0", "text/plain", (422, "validation")),
        (b"urls=x", "application/x-www-form-urlencoded", (415, "unsupported-media-type")),
        (b"<urls/>", "text/xml", (415, "unsupported-media-type")),
        (b"http://127.0.0.1/", "", (415, "unsupported-media-type")),
        (b"[" * 100_000, "application/json", (400, "bad-request")),
    ],
)  # fmt: skip
def test_bad_lists_are_told_what_is_wrong(
    http: httpx.Client, body: bytes, kind: str, told: tuple[int, str]
) -> None:
    before = listed(http)
    answer = http.post(URL, content=body, headers={"content-type": kind} if kind else {})
    assert problem(answer) == told
    assert listed(http) == before, "nothing of it is kept"


def test_too_many_urls_in_one_call_are_told_the_way(http: httpx.Client) -> None:
    urls = [f"http://127.0.0.1/{n}" for n in range(10_001)]
    assert problem(http.post(URL, json={"urls": urls})) == (413, "content-too-large")
    answer = http.post(URL, content="\n".join(urls), headers={"content-type": "text/plain"})
    assert problem(answer) == (413, "content-too-large")
    assert "/append" in answer.json()["detail"]


def test_a_huge_body_is_refused_before_it_is_read(service: Service) -> None:
    host, port = service.url.removeprefix("http://").split(":")
    started = time.monotonic()
    with socket.create_connection((host, int(port)), timeout=60) as client:
        kind = "Content-Type: application/x-ndjson"
        head = f"POST {URL} HTTP/1.1\r\nHost: {host}:{port}\r\n{kind}\r\nContent-Length: 100000000\r\n\r\n"
        client.sendall(head.encode())
        answer = client.recv(65536)
    assert b" 413 " in answer.splitlines()[0]
    assert time.monotonic() - started < 15, "the body was not waited for"


def test_a_body_without_a_length_is_refused_as_soon_as_it_is_too_long(service: Service) -> None:
    n_sent = 0

    def endless() -> Any:
        nonlocal n_sent
        for _ in range(2_000):
            n_sent += 1
            yield b"x" * 50_000

    with service.client() as http:
        try:
            answer = http.post(URL, content=endless(), headers={"content-type": "text/plain"})
        except httpx.TransportError:
            return  # it closed the connection while we were still sending
    assert problem(answer)[0] == 413


def test_a_client_that_leaves_in_the_middle_leaves_nothing(
    http: httpx.Client, service: Service, site: Site
) -> None:
    before = listed(http)
    body = json.dumps({"urls": site.urls()}).encode()
    host, port = service.url.removeprefix("http://").split(":")
    for share in (0.0, 0.5, 0.99):
        with socket.create_connection((host, int(port)), timeout=20) as client:
            head = (
                f"POST {URL} HTTP/1.1\r\nHost: {host}:{port}\r\nContent-Type: application/json\r\n"
                f"Content-Length: {len(body)}\r\n\r\n"
            )
            client.sendall(head.encode() + body[: int(len(body) * share)])
    time.sleep(0.5)
    assert listed(http) == before
    assert http.get("/readyz").status_code == 200


@pytest.mark.parametrize("name", ["a\nb", "\x1b[2J", "nul\0", "right\u202eto left", "\x9b31m"])
def test_a_name_that_drives_a_terminal_is_refused(http: httpx.Client, site: Site, name: str) -> None:
    answer = http.post("/api/v1/batch", json={"urls": site.urls()[:1], "name": name})
    assert (answer.status_code, answer.json()["errors"][0]["where"]) == (422, "body.name")


def test_a_list_of_json_that_is_too_long_is_told_how_to_be_sent(http: httpx.Client) -> None:
    answer = http.post("/api/v1/batch", json={"urls": [f"http://127.0.0.1/{i}" for i in range(10_001)]})
    assert (answer.status_code, answer.json()["type"]) == (413, "urn:tlray:problem:content-too-large")
    assert "/append" in answer.json()["detail"]
