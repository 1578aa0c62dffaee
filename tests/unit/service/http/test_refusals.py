"""What is refused over HTTP is told in HTTP's words, with a place in the request: no word of a command line, no secret."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from alone import faults, service

from tlray.core.politeness.domain_policy import MOST_AT_ONCE
from tlray.service.http.query_params import _not_utf_8

URL = "/api/v1/batch"
PUBLIC = "https://www.1001tracklists.com/tracklist/1pn8l919/a-set.html"
JSON = {"Content-Type": "application/json"}
RECEIPT = {
    "batch_id": "b", "state": "running", "total": 1, "duplicates": 0, "n_rejected": 0, "rejected": [],
    "duplicate_lines": [], "estimated_completion": None,
}  # fmt: skip


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("TLRAY_CONTACT", raising=False)
    return tmp_path


@pytest.fixture
def http(home: Path) -> httpx.AsyncClient:
    return service(home, contact="you@example.org")


# -- lists --------------------------------------------------------------------------------------------


async def test_an_empty_list_is_told_where_it_is(http: httpx.AsyncClient) -> None:
    for body in ({"urls": []}, {}):
        assert faults(await http.post(URL, json=body)) == [
            ("body.urls", "no URL; give one or more, or a template")
        ]
    lines = await http.post(URL, content="# nothing\n\n", headers={"Content-Type": "text/plain"})
    assert faults(lines) == [("body", "no URL; send one per line")]


async def test_a_list_without_a_good_line_has_each_of_them_with_its_place(http: httpx.AsyncClient) -> None:
    bad = ["ftp://a/b", "http://169.254.169.254/", "x"]
    answer = await http.post(URL, json={"urls": bad})
    assert [where for where, _ in faults(answer)] == ["body.urls.0", "body.urls.1", "body.urls.2"]
    assert faults(answer)[1][1].startswith("private-address")
    assert answer.json()["detail"].startswith(
        "no line is a URL that can be fetched: body.urls.0, 'ftp://a/b': scheme ftp:"
    )
    assert answer.json()["detail"].endswith("(and 2 more such lines)")
    answer = await http.post(URL, content="\n" + "\n".join(bad), headers={"Content-Type": "text/plain"})
    assert [where for where, _ in faults(answer)] == ["line 2", "line 3", "line 4"]


async def test_a_line_of_json_is_refused_alone(home: Path) -> None:
    rows = [
        PUBLIC,
        '{"url": "https://a.org/1"',
        '{"uri": "x"}',
        "123",
        '{"url": "https://a.org/2"}',
        '""',
        "# mine",
    ]
    http = service(home, {"submit": RECEIPT}, contact="you@example.org")
    answer = await http.post(URL, content="\n".join(rows), headers={"Content-Type": "application/x-ndjson"})
    assert answer.status_code == 202, answer.text
    desk = http._transport.app.state.gateway  # type: ignore[attr-defined]
    chunk = desk.heard[-1][1]["chunk"]
    assert [entry.line for entry in chunk.entries] == [1, 5]
    reasons = {line.line: line.reason for line in chunk.refused}
    assert list(reasons) == [2, 3, 4, 6], "lines are accounted for, comments aside"
    assert reasons[2].startswith("invalid JSON: ")
    assert reasons[3].startswith("unknown field 'uri'")
    assert reasons[4].startswith("not a URL")


async def test_who_runs_the_service_is_to_say_who_fetches(home: Path) -> None:
    http = service(home, allow_private_hosts="127.0.0.0/8")
    [(where, what)] = faults(await http.post(URL, json={"urls": ["http://127.0.0.1/", PUBLIC]}))
    assert where == "body.urls.1"
    assert "TLRAY_CONTACT" in what
    assert "--contact" not in what
    [(where, _)] = faults(await http.post(URL, content=PUBLIC, headers={"Content-Type": "text/plain"}))
    assert where == "line 1"
    schedule = {"cron": "@daily", "urls": [PUBLIC]}
    [(where, what)] = faults(await http.post(f"{URL}/schedule", json=schedule))
    assert (where, "--contact" in what) == ("body.urls.0", False)


# -- options ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "where", "what"),
    [
        ({"rates": {"a": "x"}}, "rates.a", "rate 'x' is not of the form N/s, N/8s, N/m or N/s:BURST, nor auto; for example 2/s"),
        ({"rates": {"not a host!": "1/s"}}, "rates.not a host!", "is no domain; write a host, such as example.org"),
        ({"concurrency": {"a.org": 999}}, "concurrency.a.org", "less than or equal to 256"),
        ({"concurrency": {"a/b": 2}}, "concurrency.a/b", "is no domain"),
        ({"ignore_crawl_delay": ["a.org", "a b"]}, "ignore_crawl_delay.1", "is no domain"),
        ({"fresh_for": "soon"}, "fresh_for", "fresh-for 'soon' is no duration"),
        ({"fresh_for": "900d"}, "fresh_for", "more than 366d"),
        ({"retry": {"timeout": {"base": 0}}}, "retry.timeout.base", "must be a duration"),
        ({"retry": {"timeout": {"bass": 1}}}, "retry.timeout.bass", "knows no key 'bass'"),
        ({"retry": {"boredom": {}}}, "retry.boredom", "is no kind of outcome"),
        ({"domains": {"a.org": {"rate": "x"}}}, "domains.a.org.rate", "is not of the form"),
        ({"domains": {"a.org": 1}}, "domains.a.org", "must be a table"),
    ],
)  # fmt: skip
async def test_a_wrong_option_has_its_place(
    http: httpx.AsyncClient, options: dict[str, Any], where: str, what: str
) -> None:
    answer = await http.post(URL, json={"urls": [PUBLIC], "options": options})
    [(found, said)] = faults(answer)
    assert found == f"body.options.{where}"
    assert said.endswith(what) or what in said
    assert ("for example 2/s" in said) == ("for example 2/s" in what)
    assert answer.json()["detail"] == f"{found}: {said}"


async def test_what_is_wrong_in_the_operators_file_is_not_the_requests(home: Path) -> None:
    (home / "domains.toml").write_text('[domains."a.org"]\nrate = "x"\n', encoding="utf-8")
    answer = await service(home, contact="you@example.org").post(URL, json={"urls": [PUBLIC]})
    assert faults(answer) == []
    assert "domains.toml" in answer.json()["detail"]
    assert str(home) not in answer.json()["detail"]


# -- tokens -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "told", ["Bearer sk-secret", "Bearer tlray_000000_cut", "bearer tlray_000000_" + "a" * 44]
)
async def test_what_is_no_token_of_ours_is_told_so_and_never_echoed(
    http: httpx.AsyncClient, told: str
) -> None:
    answer = await http.get(URL, headers={"Authorization": told})
    assert answer.status_code == 401
    assert "is no token of tlray's" in answer.json()["detail"]
    assert told.partition(" ")[2] not in answer.text


@pytest.mark.parametrize("told", ["", "Bearer", "Bearer ", "Basic YTpi"])
async def test_where_there_is_no_token_that_is_told(http: httpx.AsyncClient, told: str) -> None:
    answer = await http.get(URL, headers={"Authorization": told})
    assert (answer.status_code, "has no token" in answer.json()["detail"]) == (401, True)


# -- how it is sent -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("headers", "what"),
    [
        ({"Content-Encoding": "gzip"}, "Content-Encoding 'gzip'; send the body uncompressed"),
        ({"Content-Encoding": "identity, br"}, "Content-Encoding 'identity, br'"),
        ({"Content-Type": "application/json; charset=utf-16"}, "charset 'utf-16'; send UTF-8"),
        ({"Content-Type": "application/json; charset=latin-1"}, "charset 'latin-1'"),
        ({"Content-Type": 'application/json; charset=utf-8; charset="utf-16"'}, "charset 'utf-16'"),
        ({"Content-Type": "application/json; charset="}, "charset ''"),
    ],
)
async def test_a_body_is_utf_8_as_it_is(http: httpx.AsyncClient, headers: dict[str, str], what: str) -> None:
    body = gzip.compress(json.dumps({"urls": [PUBLIC]}).encode())
    answer = await http.post(URL, content=body, headers=JSON | headers)
    assert (answer.status_code, answer.json()["type"]) == (415, "urn:tlray:problem:unsupported-media-type")
    assert what in answer.json()["detail"]


@pytest.mark.parametrize(
    "kind", ["application/json", 'application/json; charset="UTF-8"', "Application/JSON;charset=utf8"]
)
async def test_utf_8_may_be_said(home: Path, kind: str) -> None:
    http = service(home, {"submit": RECEIPT}, contact="you@example.org")
    body = json.dumps({"urls": [PUBLIC]})
    answer = await http.post(
        URL, content=body, headers={"Content-Type": kind, "Content-Encoding": "identity"}
    )
    assert answer.status_code == 202, answer.text


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("application/json", b"\xef\xbb\xbf" + json.dumps({"urls": [PUBLIC]}).encode()),
        ("application/json", json.dumps({"urls": [PUBLIC]}).encode("utf-16")),
        ("application/x-ndjson", f'\ufeff"{PUBLIC}"\r\n'.encode()),
        ("application/x-ndjson", f'# mine\r\ufeff{{"url": "{PUBLIC}"}}\r'.encode("utf-16")),
        ("text/plain", f"\ufeff{PUBLIC}\r\ufeff".encode()),
        ("text/plain; charset=utf-16", PUBLIC.encode("utf-16")),
        ("text/plain; charset=utf-16le", PUBLIC.encode("utf-16-le")),
    ],
)
async def test_what_shells_and_editors_write_before_a_text_is_no_fault(
    home: Path, kind: str, body: bytes
) -> None:
    http = service(home, {"submit": RECEIPT}, contact="you@example.org")
    answer = await http.post(URL, content=body, headers={"Content-Type": kind})
    assert answer.status_code == 202, answer.text


@pytest.mark.parametrize("kind", ["text/plain", "application/x-ndjson"])
async def test_a_line_that_is_no_text_is_a_line_that_is_refused(http: httpx.AsyncClient, kind: str) -> None:
    body = b"# d\xe9j\xe0\nhttp://a.test/\xe9\n{\xff\nhttp://a.test/\0\n"
    told = faults(await http.post(URL, content=body, headers={"Content-Type": kind}))
    assert [where for where, _ in told] == ["line 2", "line 3", "line 4"]
    assert "no UTF-8 text" in told[0][1]


async def test_json_that_is_no_text_is_told(http: httpx.AsyncClient) -> None:
    for body in (b"\xff\xfe{\xd8", b'{"urls": ["\xff"]}', b"\0{\0}\0"):
        answer = await http.post(URL, content=body, headers=JSON)
        assert (answer.status_code, answer.json()["type"]) == (400, "urn:tlray:problem:bad-request")


@pytest.mark.parametrize("path", ["/api/v1/batch", "/api/v1/batch/b/items"])
async def test_a_filter_that_is_empty_is_told(http: httpx.AsyncClient, path: str) -> None:
    [(where, what)] = faults(await http.get(f"{path}?state="))
    assert (where, what.startswith("Input should be")) == ("query.state", True)


@pytest.mark.parametrize(
    ("query", "where", "what"),
    [
        ("state=", "query.state", "Input should be 'receiving'"),
        ("priority=", "query.priority", "Input should be 'immediate', 'normal' or 'low'"),
        ("name=a&name=b", "query.name", "given 2 times; give it once"),
        ("name=%ff", "query.name", "not UTF-8"),
        ("name=a%C3", "query.name", "not UTF-8"),
        ("nme=a&nme=b", "query.nme", "did you mean name?"),
        ("state=receiving&state=receiving", "query.state", "given 2 times"),
    ],
)
async def test_a_query_says_one_thing_in_utf_8(
    http: httpx.AsyncClient, query: str, where: str, what: str
) -> None:
    answer = await http.post(f"{URL}?{query}", content=PUBLIC, headers={"Content-Type": "text/plain"})
    [(found, said)] = faults(answer)
    assert found == where
    assert what in said


def test_bytes_that_no_url_has_are_no_query() -> None:
    assert list(_not_utf_8(b"state=\xc3\xa9&limit=1&a+b=%ff&c=%C3%A9")) == ["state", "a b"]


async def test_names_are_told_in_words(http: httpx.AsyncClient) -> None:
    [(where, what)] = faults(
        await http.post(f"{URL}?name=a%0ab", content=PUBLIC, headers={"Content-Type": "text/plain"})
    )
    assert (where, "one line of text" in what) == ("query.name", True)
    [(where, what)] = faults(await http.put("/api/v1/templates/Bad_Name", json={"urls": [PUBLIC]}))
    assert (where, "lower-case letters, digits and hyphens" in what) == ("path.name", True)
    assert "pattern" not in what


# -- schedules, templates -----------------------------------------------------------------------------


async def test_a_schedule_without_a_list_is_told_where(http: httpx.AsyncClient) -> None:
    [(where, _)] = faults(await http.post(f"{URL}/schedule", json={"cron": "@daily"}))
    assert where == "body.urls"
    asked = {"cron": "@daily", "urls": ["ftp://a/b"]}
    [(where, what)] = faults(await http.post(f"{URL}/schedule", json=asked))
    assert (where, "scheme ftp:" in what) == ("body.urls.0", True)


async def test_urls_of_a_template_that_nothing_can_be_fetched_from_are_refused_at_once(home: Path) -> None:
    urls = [
        "https://a.org/{a}", "ftp://x/{a}", "http://169.254.169.254/{a}", "http://{host}/x", "{+address}{n}",
        "example.org/{a}", "http://10.0.0.1", "gopher://{host}/",
    ]  # fmt: skip
    http = service(home, {"put_template": True})
    found = dict(faults(await http.put("/api/v1/templates/mine", json={"urls": urls})))
    assert list(found) == [f"body.urls.{n}" for n in (1, 2, 5, 6, 7)]
    assert found["body.urls.1"].startswith("scheme ftp:")
    assert found["body.urls.2"].startswith("private-address:")
    assert found["body.urls.5"].startswith("no scheme")
    good = [url for n, url in enumerate(urls) if f"body.urls.{n}" not in found]
    assert (await http.put("/api/v1/templates/mine", json={"urls": good})).status_code == 201


async def test_no_more_fetches_at_once_are_set_for_a_domain_than_it_can_have(http: httpx.AsyncClient) -> None:
    answer = await http.patch("/api/v1/domains/example.org", json={"concurrency": MOST_AT_ONCE + 1})
    assert faults(answer) == [("body.concurrency", "Input should be less than or equal to 256")]
