"""Domains that options name, as the coordinator's desk tells of them; and a rest that it lifts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from made_desk import Desk
from made_journal import cool_down

from tlray.core.submission.lines import Chunk, Entry
from tlray.io.intake.url_list import read_line
from tlray.scrape_options import ScrapeOptions

DAY_S = 86_400.0


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    desk = Desk(tmp_path)
    yield desk
    desk.close()


def chunk(*urls: str) -> Chunk:
    return Chunk.of(read_line(number, url) for number, url in enumerate(urls, 1))


URLS = (
    "http://a.test/1",
    "http://b.test:81/2",
    "https://1001.tl/1pn8l919",
    "http://[::1]:82/3",
    "http://☃.test/",
)


@pytest.mark.parametrize(
    ("names", "missing"),
    [
        (["a.test", "a.test:80", "A.TEST:443", "b.test", "b.test:81", "[::1]", "[::1]:82"], []),
        (["www.1001tracklists.com", "1001.tl", "☃.test"], []),  # one site, and one name
        (["c.test"], ["c.test"]),
        (["a.tes", "test", "a.test:8080", "b.test:82", "[::1]:83", "[::2]"],
         ["[::1]:83", "[::2]", "a.tes", "a.test:8080", "b.test:82", "test"]),
    ],
)  # fmt: skip
async def test_a_domain_that_options_name_in_vain_is_told(
    desk: Desk, names: list[str], missing: list[str]
) -> None:
    options, _ = ScrapeOptions(rates=dict.fromkeys(names, "1/4s")).checked()
    receipt = await desk.submit("B1", chunk(*URLS), options=options)
    assert [warning.split(",")[0] for warning in receipt["warnings"]] == [
        f"the options name {name}" for name in missing
    ]
    assert (await desk.coordinator.receipt("B1"))["warnings"] == receipt["warnings"], "told again"


async def test_every_option_that_names_domains_counts_and_the_operators_file_does_not(desk: Desk) -> None:
    options, _ = ScrapeOptions(
        rates={"c.test": "1/s"},
        concurrency={"d.test": 1},
        ignore_crawl_delay=["e.test:80"],
        domains={"f.test": {"max_attempts": 2}},
    ).checked()
    assert options.named == ("c.test", "d.test", "e.test", "f.test")
    assert options.from_json(options.to_json()).named == options.named
    assert len((await desk.submit("B1", chunk(*URLS), options=options))["warnings"]) == 4
    assert (await desk.submit("B2", chunk(*URLS)))["warnings"] == []


async def test_a_list_that_comes_in_pieces_is_told_at_its_end(desk: Desk) -> None:
    options, _ = ScrapeOptions(rates={"a.test:80": "1/s", "c.test": "1/s"}).checked()
    receipt = await desk.coordinator.open_upload(
        "B1", name="", priority=1, options=options, owner="ada", key=None, digest=""
    )
    assert receipt["warnings"] == [], "nothing is known yet"
    await desk.piece("B1", 1, chunk(*URLS))
    receipt = await desk.coordinator.commit_upload("B1", 1)
    assert [warning.split(",")[0] for warning in receipt["warnings"]] == ["the options name c.test"]


async def test_a_lifted_rest_is_over_in_memory_and_in_the_journal(desk: Desk) -> None:
    await desk.submit("B1", Chunk([Entry(1, "http://a.test:81/1", "a.test:81", "f")], []))
    state, engine = desk.state, desk.state.engine
    engine.cool_down("a.test:81", state.now() + DAY_S, "throttled: 429")
    await state.write(cool_down, state.journal, "a.test:81", 9e9, "throttled: 429", 2)
    told = await desk.coordinator.get_domain("a.test:81", owner=None)
    assert told is not None
    assert (told["cooling_until"] or 0) > state.wall() + DAY_S / 2
    assert told["reason"] == "throttled: 429"
    answer = await desk.coordinator.set_domain("a.test", {}, is_lifted=True)
    assert (answer["domain"], answer["cooling_until"]) == ("a.test", None)
    [told] = await desk.coordinator.domains_of_host("a.test")
    assert (told["domain"], told["open"]) == ("a.test:81", 1)
    told = await desk.coordinator.get_domain("a.test:81", owner=None)
    assert told is not None
    assert (told["cooling_until"], told["reason"], told["blocks_in_a_row"]) == (None, None, 0)
    assert not engine.domains["a.test:81"].is_cooling(state.now())
    rows = await state.write(state.journal.domains)
    assert [row.cool_until for row in rows] == [None], "nothing was made known by it"
