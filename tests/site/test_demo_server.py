"""Does the demo site serve what it invented, count its visitors, and turn the hasty ones away?"""

from __future__ import annotations

import asyncio
import gzip
import json
import re
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import aiohttp
import pytest

from tlray.demo.arrivals import read_log
from tlray.demo.guard import Block
from tlray.demo.page import dj_slug, page_of
from tlray.demo.server import DemoSites

pytestmark = pytest.mark.site

StartDemo = Callable[..., Awaitable[DemoSites]]


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(
        auto_decompress=False, headers={"User-Agent": "tlray-test", "Accept-Encoding": "gzip"}
    ) as session:
        yield session


async def test_a_page_is_served_compressed_and_is_the_page_of_its_set(
    demo: DemoSites, http: aiohttp.ClientSession
) -> None:
    async with http.get(demo.url_of(4)) as answer:
        body = await answer.read()
        assert answer.status == 200
        assert answer.headers["Content-Encoding"] == "gzip"
        assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
        assert int(answer.headers["Content-Length"]) == len(body)
    assert gzip.decompress(body).decode() == page_of(demo.sites[0].set_of(4))


async def test_who_takes_no_gzip_gets_the_page_plain(demo: DemoSites) -> None:
    async with (
        aiohttp.ClientSession(headers={"Accept-Encoding": "identity"}) as session,
        session.get(demo.url_of(4)) as answer,
    ):
        assert "Content-Encoding" not in answer.headers
        assert (await answer.read()).startswith(b"<!DOCTYPE html>")


async def test_the_sites_are_different_hosts_on_one_port(
    demo: DemoSites, http: aiohttp.ClientSession
) -> None:
    assert len(set(demo.bases)) == 2
    async with http.get(f"{demo.bases[1]}/urls.txt") as answer:
        urls = (await answer.text()).split()
    assert urls == demo.urls()
    assert {url.split("/tracklist")[0] for url in urls} == set(demo.bases)
    assert demo.urls(0) == urls[::2]


async def test_the_slug_of_a_url_does_not_matter(demo: DemoSites, http: aiohttp.ClientSession) -> None:
    url = demo.url_of(0)
    async with http.get(url) as first, http.get(url.rsplit("/", 1)[0] + "/another-slug.html") as second:
        assert await first.read() == await second.read()


async def test_the_truth_is_served_beside_the_page_and_not_counted(
    demo: DemoSites, http: aiohttp.ClientSession
) -> None:
    async with http.get(f"{demo.bases[0]}/truth/{demo.plan.set_id(4)}.json") as answer:
        truth = await answer.json()
    assert truth == json.loads(json.dumps(demo.truth_of(4)))
    assert truth["url"] == demo.url_of(4)
    assert len(demo.arrivals) == 0


async def test_what_is_not_there_is_a_404_with_the_sites_own_words(
    demo: DemoSites, http: aiohttp.ClientSession
) -> None:
    for path in ("/tracklist/zzzzzzzz/nothing.html", "/nowhere"):
        async with http.get(demo.bases[0] + path) as answer:
            assert answer.status == 404
            assert b"that page does not exist" in gzip.decompress(await answer.read())


async def test_home_and_search_are_pages_of_the_site(demo: DemoSites, http: aiohttp.ClientSession) -> None:
    async with (
        http.get(demo.bases[0] + "/") as home,
        http.get(demo.bases[0] + "/search/result.php") as search,
    ):
        assert home.status == search.status == 200
        assert gzip.decompress(await search.read()).count(b"oItm") >= 20


async def test_lists_go_on_from_page_to_page(demo: DemoSites, http: aiohttp.ClientSession) -> None:
    n_hits, path = 0, "/search/result.php"
    while path:
        async with http.get(demo.bases[0] + path) as answer:
            page = gzip.decompress(await answer.read()).decode()
        n_hits += page.count("oItm")
        path = (re.findall(r'rel="next" href="([^"]+)"', page) or [""])[0]
    assert n_hits == demo.n_sets
    name = dj_slug(demo.plan.head(0).djs[0])
    async with http.get(f"{demo.bases[0]}/dj/{name}/index.html") as answer:
        assert demo.plan.set_id(0) in gzip.decompress(await answer.read()).decode()


async def test_every_arrival_is_on_record(
    start_demo: StartDemo, http: aiohttp.ClientSession, tmp_path: Path
) -> None:
    demo = await start_demo(n_sites=2, n_sets=4, latency="0.1", log=tmp_path / "log.jsonl")
    begun = time.monotonic()

    async def fetch(url: str) -> None:
        async with http.get(url) as answer:
            await answer.read()

    await asyncio.gather(*(fetch(url) for url in demo.urls()))
    assert len(demo.arrivals) == 4
    first = demo.arrivals.of_site(0, pages_only=True)
    assert [arrival.path for arrival in first] == [demo.plan.path(i) for i in (0, 2)]
    assert all(begun <= arrival.at_s <= time.monotonic() for arrival in first)
    assert abs(first[0].wall_s - time.time()) < 10
    assert demo.arrivals.max_in_flight == {0: 2, 1: 2}
    assert first[0].user_agent == "tlray-test"
    assert first[0].host == demo.bases[0].removeprefix("http://")
    assert read_log(tmp_path / "log.jsonl") == list(demo.arrivals)
    async with http.get(f"{demo.bases[0]}/arrivals.json") as answer:
        assert len(await answer.json()) == 4


async def test_the_rate_guard_answers_429_to_the_hasty(
    start_demo: StartDemo, http: aiohttp.ClientSession
) -> None:
    demo = await start_demo(n_sets=4, rate=1.0)
    answers = []
    for url in demo.urls():
        async with http.get(url) as answer:
            answers.append((answer.status, answer.headers.get("Retry-After")))
    assert answers == [(200, None), (429, "1"), (429, "1"), (429, "1")]
    assert [arrival.fault for arrival in demo.arrivals] == ["", "rate-guard", "rate-guard", "rate-guard"]


async def test_a_block_holds_for_the_whole_site_and_then_lifts(
    start_demo: StartDemo, http: aiohttp.ClientSession
) -> None:
    demo = await start_demo(
        n_sites=2, n_sets=12, blocks=[Block("ip-limit", after=2, lasts_s=1.5, sites=frozenset({0}))]
    )

    async def words(url: str) -> bool:
        async with http.get(url) as answer:
            return b"limited due to overuse" in gzip.decompress(await answer.read())

    assert [await words(url) for url in demo.urls(0)[:4]] == [False, False, True, True]
    assert [await words(url) for url in demo.urls(1)] == [False] * 6
    async with asyncio.timeout(30):
        while await words(demo.urls(0)[0]):  # noqa: ASYNC110 - it is the site that lets go
            await asyncio.sleep(0.1)


async def test_robots_txt_is_each_sites_own(start_demo: StartDemo, http: aiohttp.ClientSession) -> None:
    demo = await start_demo(
        n_sites=3, n_sets=30, robots={0: "crawl-delay=0.2", 1: "503"}, faults="robots=0.5"
    )
    bodies = []
    for base in demo.bases:
        async with http.get(f"{base}/robots.txt") as answer:
            bodies.append((answer.status, await answer.text()))
    assert "Crawl-delay: 0.2" in bodies[0][1]
    assert bodies[1] == (503, "")
    disallowed = [demo.plan.set_id(i) for i in range(30) if demo.plan.site_of(i) == 2 and demo.fault_of(i)]
    assert disallowed
    assert bodies[2][1].count("Disallow: /tracklist/") == len(disallowed)
    assert all(f"Disallow: /tracklist/{set_id}/" in bodies[2][1] for set_id in disallowed)


async def test_several_ports_serve_where_there_is_one_address(start_demo: StartDemo) -> None:
    first = await start_demo(n_sites=2, n_sets=2)
    ports = [int(base.rsplit(":", 1)[1]) for base in first.bases]
    await first.__aexit__()
    again = await start_demo(n_sites=2, n_sets=2, ports=[ports[0], 0])
    assert all(base.startswith("http://127.0.0.1:") for base in again.bases)
    assert len(set(again.bases)) == 2


async def test_an_address_that_the_machine_lacks_is_done_without(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tlray.demo.listen.address", lambda site: "127.0.0.1" if site == 0 else "192.0.2.7")
    async with DemoSites(n_sites=3, n_sets=3) as demo:
        assert len({base for base in demo.bases if base.startswith("http://127.0.0.1:")}) == 3


def test_a_process_says_when_it_is_ready_and_leaves_on_sigterm(tmp_path: Path) -> None:
    log = tmp_path / "arrivals.jsonl"
    command = [
        sys.executable,
        "-m",
        "tlray.demo",
        "--sites",
        "2",
        "--sets",
        "6",
        "--log",
        str(log),
        "--faults",
        "404=1",
        "--warm",
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        ready = json.loads(process.stdout.readline())
        assert len(ready["bases"]) == 2
        assert asyncio.run(_status(f"{ready['bases'][1]}/tracklist/x/y.html")) == 404
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
    assert [arrival.site for arrival in read_log(log)] == [1]


def test_a_process_whose_parent_is_gone_leaves_too() -> None:
    command = [sys.executable, "-m", "tlray.demo", "--sets", "2", "--until-stdin-closes"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        process.stdout.readline()
        process.stdin.close()
        assert process.wait(10) == 0


def test_a_wrong_flag_is_answered_in_one_line() -> None:
    command = [sys.executable, "-m", "tlray.demo", "--faults", "flood=0.1"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith("tlray demo: no fault is called 'flood'")
    assert done.stderr.count("\n") == 1


async def _status(url: str) -> int:
    async with aiohttp.ClientSession() as session, session.get(url) as answer:
        return answer.status
