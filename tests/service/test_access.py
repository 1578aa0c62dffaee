"""Who may ask what: tokens, scopes, owners, tickets, quotas; each rule once kept and once broken."""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest.mock import patch

import httpx
import pytest
import websockets
from closed import Closed, closed_service
from conftest import ROOT, Service, Site, wait_until

from tlray.cli import run

pytestmark = pytest.mark.ray
TOKEN_OF_NOBODY = "tlray_000000_" + "a" * 43


@pytest.fixture(scope="module")
def closed(service: Service, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Closed]:
    home = tmp_path_factory.mktemp("closed")
    limits = dict.fromkeys(("TLRAY_MAX_IMPORT_BYTES", "TLRAY_MAX_UPLOAD_BYTES_PER_USER"), "1000000")
    with closed_service(home, service, TLRAY_MAX_BATCHES_PER_MINUTE="4", **limits) as running:
        yield running


@pytest.fixture(scope="module")
def of_ada(closed: Closed, site: Site) -> str:
    """A batch of ada's."""
    with closed.client("ada") as http:
        answer = http.post("/api/v1/batch", json={"urls": site.urls()[:3], "name": "hers"})
    assert answer.status_code == 202, answer.text
    return str(answer.json()["batch_id"])


def problem(answer: httpx.Response) -> tuple[int, str]:
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    return answer.status_code, answer.json()["type"].rpartition(":")[2]


# -- tokens -------------------------------------------------------------------------------------------


def test_without_a_token_nothing_is_told_but_health(closed: Closed, of_ada: str) -> None:
    with closed.client() as http:
        answer = http.get(f"/api/v1/batch/{of_ada}/status")
        assert problem(answer) == (401, "unauthorized")
        assert answer.headers["www-authenticate"].startswith("Bearer")
        assert problem(http.post("/api/v1/batch", json={"urls": ["https://a.test/"]})) == (
            401,
            "unauthorized",
        )
        assert http.get("/healthz").status_code == http.get("/readyz").status_code == 200


@pytest.mark.parametrize("told", [f"Bearer {TOKEN_OF_NOBODY}", "Bearer x", "Basic YTpi", "", "Bearer"])
def test_a_token_that_is_none_lets_nobody_in(closed: Closed, http: httpx.Client, told: str) -> None:
    with closed.client() as client:
        answer = client.get("/api/v1/batch", headers={"Authorization": told})
        assert problem(answer) == (401, "unauthorized")
    # not even where nobody is asked: whoever sends a token means it
    assert problem(http.get("/api/v1/batch", headers={"Authorization": told})) == (401, "unauthorized")


def test_lines_of_text_are_taken_with_a_token(closed: Closed, site: Site) -> None:
    with closed.client("bob") as http:
        text = {"Content-Type": "text/plain"}
        answer = http.post("/api/v1/batch", content=site.urls()[0], headers=text)
        assert answer.status_code == 202, answer.text
    with closed.client() as http:
        answer = http.post("/api/v1/batch", content=site.urls()[0], headers=text)
        assert problem(answer) == (415, "unsupported-media-type")


def test_each_scope_allows_its_calls_and_no_more(closed: Closed, of_ada: str) -> None:
    with closed.client("reader") as http:
        assert http.get("/api/v1/batch").status_code == 200
        assert problem(http.post("/api/v1/batch", json={"urls": ["https://a.test/"]})) == (403, "forbidden")
    with closed.client("ada") as http:
        assert http.get(f"/api/v1/batch/{of_ada}/status").status_code == 200
        assert problem(http.get("/api/v1/tokens")) == (403, "forbidden")
    with closed.client("root") as http:
        assert http.get("/api/v1/tokens").status_code == 200


def test_an_admin_makes_and_revokes_tokens_and_nobody_is_shown_one_again(closed: Closed) -> None:
    with closed.client("root") as http:
        made = http.post("/api/v1/tokens", json={"user": "eve", "scopes": ["read"]})
        assert made.status_code == 201, made.text
        token, name = made.json()["token"], made.json()["name"]
        theirs = {"Authorization": f"Bearer {token}"}
        assert httpx.get(f"{closed.url}/api/v1/batch", headers=theirs).json()["batches"] == []
        listed = http.get("/api/v1/tokens")
        assert token not in listed.text
        assert {row["user"] for row in listed.json()} >= {"ada", "eve", "root"}
        assert http.delete(f"/api/v1/tokens/{name}").status_code == 204
        assert problem(http.delete("/api/v1/tokens/ffffff")) == (404, "not-found")
        deadline = time.monotonic() + 60
        while (answer := httpx.get(f"{closed.url}/api/v1/batch", headers=theirs)).status_code == 200:
            assert time.monotonic() < deadline, "a replica remembers it for five seconds"
            time.sleep(0.2)
        assert problem(answer) == (401, "unauthorized")
    secret = token.split("_", 2)[2].encode()
    files = list(closed.home.glob("state.db*"))
    assert files
    assert not any(secret in file.read_bytes() for file in files)


@pytest.mark.parametrize(
    "body",
    [{"user": ""}, {"user": "a b"}, {"user": "x" * 65}, {"user": "eve", "scopes": []}, {"user": "eve", "scopes": ["root"]}],
)  # fmt: skip
def test_a_token_for_nobody_or_for_nothing_is_not_made(closed: Closed, body: dict[str, object]) -> None:
    with closed.client("root") as http:
        assert problem(http.post("/api/v1/tokens", json=body)) == (422, "validation")


# -- owners -------------------------------------------------------------------------------------------


def test_somebody_elses_batch_is_not_there(closed: Closed, of_ada: str) -> None:
    with closed.client("bob") as http:
        for call in ("status", "items", "results"):
            theirs = http.get(f"/api/v1/batch/{of_ada}/{call}")
            none = http.get(f"/api/v1/batch/20200101-000000-ffffff/{call}")
            assert problem(theirs) == problem(none) == (404, "not-found")
            assert theirs.json()["detail"].replace(of_ada, "") == none.json()["detail"].replace(
                "20200101-000000-ffffff", ""
            )
        for call in ("pause", "resume", "cancel", "append?piece=1", "commit"):
            assert problem(http.post(f"/api/v1/batch/{of_ada}/{call}")) == (404, "not-found")
        assert of_ada not in http.get("/api/v1/batch").text
        assert problem(http.get(f"/api/v1/batch/{of_ada}/events")) == (404, "not-found")
    for user in ("ada", "root"):
        with closed.client(user) as http:
            assert http.get(f"/api/v1/batch/{of_ada}/status").json()["name"] == "hers"
            assert of_ada in http.get("/api/v1/batch").text


def test_files_are_taken_from_those_who_may_submit_into_their_own_batches_and_not_too_many(
    closed: Closed,
) -> None:
    def form(n: int, n_bytes: int = 600_000) -> dict[str, tuple[str, bytes]]:
        return {"file": ("a.txt", bytes([65 + n]) * n_bytes)}

    with closed.client("reader") as reader, closed.client() as nobody:
        assert problem(reader.post("/api/v1/import", files=form(1))) == (403, "forbidden")
        body = {"content": b"x", "headers": {"content-type": "application/octet-stream"}}
        assert problem(nobody.post("/api/v1/import", **body)) == (401, "unauthorized")
    with closed.client("ada") as ada, closed.client("bob") as bob:
        batch_id = ada.post("/api/v1/import", params={"state": "receiving"}).json()["batch_id"]
        append = f"/api/v1/import/{batch_id}/append"
        assert problem(bob.post(append, params={"piece": 1}, files=form(1))) == (404, "not-found")
        for piece in (1, 2):
            assert ada.post(append, params={"piece": piece}, files=form(piece)).json()["items"] == 1
        full = ada.post(append, params={"piece": 3}, files=form(3))
        assert problem(full) == (429, "rate-limited")
        assert "TLRAY_MAX_UPLOAD_BYTES_PER_USER" in full.json()["detail"]
        assert full.headers["retry-after"] == "60"
        assert bob.post("/api/v1/import", files=form(4)).status_code == 202, "ada's files are not his"
        long = bob.post("/api/v1/import", files=form(5, 1_100_000))
        assert problem(long) == (413, "content-too-large")
        assert "TLRAY_MAX_IMPORT_BYTES" in long.json()["detail"]
        assert ada.post(f"/api/v1/batch/{batch_id}/cancel").status_code == 200


def test_one_users_key_is_not_anothers(closed: Closed, site: Site) -> None:
    made = []
    for user in ("bob", "root", "bob"):
        with closed.client(user) as http:
            answer = http.post(
                "/api/v1/batch", json={"urls": site.urls()[:1]}, headers={"Idempotency-Key": "k"}
            )
            assert answer.status_code == 202, answer.text
            made.append(answer.json()["batch_id"])
    assert made[0] == made[2] != made[1]


# -- sockets ------------------------------------------------------------------------------------------


async def frames(url: str, **more: object) -> tuple[int, list[int]]:
    """Open a socket; return the code that it was closed with, and the versions of its messages."""
    async with websockets.connect(url, **more) as socket:  # type: ignore[arg-type]
        versions: list[int] = []
        with contextlib.suppress(websockets.ConnectionClosed):
            while True:
                versions.append(json.loads(await socket.recv())["version"])
        return socket.close_code or 0, versions


def test_a_socket_is_opened_by_a_token_or_once_by_a_ticket(closed: Closed, of_ada: str) -> None:
    url = f"{closed.url.replace('http', 'ws')}/ws/batch/{of_ada}/progress"
    header = {"Authorization": f"Bearer {closed.tokens['ada']}"}
    code, versions = asyncio.run(frames(url, additional_headers=header))
    assert (code, bool(versions)) == (1000, True)
    with closed.client("ada") as http:
        told = http.post("/api/v1/tickets")
    assert told.status_code == 201, told.text
    ticket = f"?ticket={told.json()['ticket']}"
    assert 0 < told.json()["expires_in_s"] <= 60
    assert asyncio.run(frames(url + ticket))[0] == 1000
    assert asyncio.run(frames(url + ticket)) == (4401, []), "once"
    assert asyncio.run(frames(url)) == (4401, [])
    assert asyncio.run(frames(f"{url}?token={closed.tokens['ada']}")) == (4401, []), "no token in a URL"


def test_an_event_stream_takes_a_ticket_too_and_other_calls_take_none(closed: Closed, of_ada: str) -> None:
    def ticket(user: str) -> dict[str, str]:
        with closed.client(user) as http:
            return {"ticket": http.post("/api/v1/tickets").json()["ticket"]}

    with closed.client() as http:
        assert "event: end" in http.get(f"/api/v1/batch/{of_ada}/events", params=ticket("ada")).text
        assert problem(http.get(f"/api/v1/batch/{of_ada}/events")) == (401, "unauthorized")
        # somebody else's ticket opens what somebody else may see
        answer = http.get(f"/api/v1/batch/{of_ada}/events", params=ticket("bob"))
        assert problem(answer) == (404, "not-found")
        answer = http.get(f"/api/v1/batch/{of_ada}/status", params=ticket("ada"))
        assert problem(answer) == (401, "unauthorized")


# -- how much, how often, how roughly -----------------------------------------------------------------


def test_a_user_has_so_many_batches_a_minute_and_others_have_theirs(closed: Closed, site: Site) -> None:
    with closed.client("root") as http:
        made = http.post("/api/v1/tokens", json={"user": "busy", "scopes": ["submit"]}).json()["token"]
    busy = {"Authorization": f"Bearer {made}"}
    body = {"urls": site.urls()[:1]}
    answers = [httpx.post(f"{closed.url}/api/v1/batch", json=body, headers=busy) for _ in range(5)]
    assert [answer.status_code for answer in answers] == [202] * 4 + [429]
    assert problem(answers[-1]) == (429, "rate-limited")
    assert 1 <= int(answers[-1].headers["retry-after"]) <= 15
    assert httpx.get(f"{closed.url}/api/v1/batch", headers=busy).status_code == 200


def test_who_asks_too_often_is_told_when_to_come_back(
    service: Service, tmp_path_factory: pytest.TempPathFactory
) -> None:
    home = tmp_path_factory.mktemp("slow")
    with closed_service(home, service, TLRAY_MAX_REQUESTS_PER_S="1") as running:
        with running.client("ada") as http:
            answers = [http.get("/api/v1/batch") for _ in range(20)]
        assert {answer.status_code for answer in answers} == {200, 429}
        refused = next(answer for answer in answers if answer.status_code == 429)
        assert problem(refused) == (429, "rate-limited")
        assert refused.headers["retry-after"] == "1"
        with running.client("bob") as bob:
            assert bob.get("/api/v1/batch").status_code == 200
        with running.client() as http:
            wrong = [
                http.get("/api/v1/batch", headers={"Authorization": f"Bearer {TOKEN_OF_NOBODY}"})
                for _ in range(40)
            ]
        assert {answer.status_code for answer in wrong} == {401, 429}, "nor are tokens tried out"
        time.sleep(5.1)  # what is remembered of a token
        with running.client() as http:
            wrong = [
                http.get("/api/v1/batch", headers={"Authorization": f"Bearer {TOKEN_OF_NOBODY}"})
                for _ in range(50)
            ]
        assert 429 in {answer.status_code for answer in wrong}
        with running.client("bob") as bob, running.client() as http:
            assert bob.get("/api/v1/batch").status_code == 200, "one that is good is let in all the same"
            ticket = {"ticket": bob.post("/api/v1/tickets").json()["ticket"]}
            answer = http.get("/api/v1/batch/x/events", params=ticket)
            assert problem(answer) == (404, "not-found"), "and a ticket"
        with running.client("reader") as reader:
            assert reader.get("/api/v1/batch").status_code == 200, "and a token that was not seen before"


@pytest.mark.parametrize(
    ("options", "what"),
    [
        ({"rates": {"1001tracklists.com": "1/s"}}, "a rate of 1/s is above 0.125/s"),
        ({"rates": {"example.org": "auto"}}, "a rate of"),
        ({"concurrency": {"example.org": 9}}, "9 fetches at once"),
        ({"ignore_crawl_delay": ["example.org"]}, "crawl-delay"),
        ({"domains": {"example.org": {"rate": "9/s"}}}, "a rate of 9/s"),
        ({"api_terms": ["musicbrainz"]}, "api_terms"),
    ],
)
def test_only_an_admin_loosens_manners(closed: Closed, options: dict[str, object], what: str) -> None:
    body = {"urls": ["https://example.org/set"], "options": options}
    with closed.client("bob") as http:
        answer = http.post("/api/v1/batch", json=body)
    assert problem(answer) == (403, "forbidden")
    assert what in answer.text


def test_gentler_manners_are_everybodys(closed: Closed, site: Site) -> None:
    body = {
        "urls": site.urls()[:1],
        "options": {"rates": {"127.0.0.1": "50/s"}, "concurrency": {"127.0.0.1": 1}},
    }
    with closed.client("bob") as http:
        answer = http.post("/api/v1/batch", json=body)
    assert answer.status_code == 202, answer.text


# -- a service without tokens is loopback's -----------------------------------------------------------


@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded", "X-Real-IP"])
def test_a_proxy_does_not_open_a_service_without_tokens_to_others(service: Service, header: str) -> None:
    with httpx.Client(base_url=service.url) as http:
        assert http.get("/api/v1/batch").status_code == 200
        answer = http.get("/api/v1/batch", headers={header: "203.0.113.9"})
    assert problem(answer) == (403, "forbidden")


# -- the command line ---------------------------------------------------------------------------------


def tlray(service: Service, *arguments: str, **more_env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tlray", *arguments],
        capture_output=True, text=True, cwd=ROOT, env=service.env | more_env, timeout=60, check=False,
    )  # fmt: skip


def here(service: Service, *arguments: str, **more_env: str) -> tuple[int, str, str]:
    """Call a command that needs no Ray in this process: exit code, stdout, stderr."""
    out, err = io.StringIO(), io.StringIO()
    env = patch.dict(os.environ, service.env | more_env, clear=True)
    with env, contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = run(list(arguments))
    return code, out.getvalue(), err.getvalue()


def test_a_token_is_made_in_a_home_that_a_service_uses_and_on_the_service_itself(
    closed: Closed, service: Service
) -> None:
    made = tlray(service, "token", "create", "--user=kim", "--scope=read", f"--home={closed.home}")
    assert made.returncode == 0, made.stderr
    token = made.stdout.strip()
    theirs = {"Authorization": f"Bearer {token}"}
    assert httpx.get(f"{closed.url}/api/v1/batch", headers=theirs).status_code == 200
    listing = ("token", "list", "--json", f"--url={closed.url}")

    def kim() -> dict[str, Any]:
        _, listed, _ = here(service, *listing, TLRAY_TOKEN=closed.tokens["root"])
        (row,) = [row for row in map(json.loads, listed.splitlines()) if row["user"] == "kim"]
        return row

    assert (kim()["name"], kim()["scopes"]) == (token.split("_")[1], ["read"])
    wait_until(lambda: kim()["last_used_at"] is not None, what="a note of the token's use")
    code, _, refused = here(service, *listing, TLRAY_TOKEN=token)
    assert (code, "scope 'admin'" in refused) == (2, True)


def test_others_than_loopback_are_not_listened_to_without_a_token(service: Service, tmp_path: Path) -> None:
    for arguments in (("--host=0.0.0.0",), ("--host=::",), ("--host=192.0.2.1",)):
        code, _, refused = here(service, "serve", *arguments, f"--home={tmp_path}")
        assert code == 2, refused
        assert "tlray token create" in refused
        assert refused.count("\n") == 1
