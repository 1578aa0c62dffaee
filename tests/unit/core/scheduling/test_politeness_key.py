"""What one bucket is for: a site that is reached by two names has one, where its profile says so."""

from __future__ import annotations

import pytest
from simulated import Site, World
from test_engine import leased, only, opened
from test_led_inside import redirected

from tlray.core.politeness.policy import PolitenessOptions
from tlray.core.politeness.site_profile import parse_politeness_key, politeness_key
from tlray.core.submission.lines import Entry
from tlray.io.intake.url_list import read_line


@pytest.mark.parametrize(
    ("domain", "unit"),
    [
        ("www.1001tracklists.com", "1001tracklists.com"),
        ("1001tracklists.com", "1001tracklists.com"),
        ("www.mixesdb.com", "mixesdb.com"),
        ("www.mixesdb.com:8080", "mixesdb.com:8080"),
        ("www.example.org", "www.example.org"),  # two names of an unknown site may be two owners
        ("www.www.mixesdb.com", "www.www.mixesdb.com"),
        ("m.mixesdb.com", "m.mixesdb.com"),
        ("[::1]:80", "[::1]:80"),
        ("1001.tl", "1001tracklists.com"),  # its own short links
        ("www.1001.tl", "1001tracklists.com"),
        ("1001.tl:8080", "1001tracklists.com:8080"),
        ("m.1001.tl", "m.1001.tl"),
    ],
)
def test_a_site_that_is_one_with_www_is_one_unit(domain: str, unit: str) -> None:
    assert politeness_key(domain) == unit


@pytest.mark.parametrize(
    ("text", "unit"),
    [
        (" Example.ORG ", "example.org"),
        ("www.mixesdb.com", "mixesdb.com"),
        ("bücher.test", "xn--bcher-kva.test"),  # as its URLs are written
        ("XN--bcher-kva.test:8080", "xn--bcher-kva.test:8080"),
        ("example.org.", "example.org"),
        ("example.org:443", "example.org"),  # with a default port or without, one domain
        ("example.org:80", "example.org"),
        ("[::1]:80", "[::1]"),
        ("☃.example:443", "xn--n3h.example"),
        ("[::0001]:81", "[::1]:81"),
        ("127.0.0.1", "127.0.0.1"),
    ],
)
def test_a_unit_is_named_as_people_write_hosts(text: str, unit: str) -> None:
    assert parse_politeness_key(text) == unit


@pytest.mark.parametrize(
    "text",
    ["", "*", "a b.test", "http://a.test", "a.test/x", "a.test?x", "a.test#x", "a..test", "a.test:0", "a.test:http",
     "me@a.test", "1.2.3.400"],
)  # fmt: skip
def test_what_is_no_domain_says_how_one_looks(text: str) -> None:
    with pytest.raises(ValueError, match=r"is no domain; write a host, such as example\.org"):
        parse_politeness_key(text)


def test_a_short_link_has_the_manners_of_its_site() -> None:
    assert PolitenessOptions().policy("1001.tl") == PolitenessOptions().policy("www.1001tracklists.com")
    assert (
        PolitenessOptions(rates={parse_politeness_key("1001.tl"): (1 / 20, 1.0)})
        .policy("1001tracklists.com")
        .rate
        == 1 / 20
    )


def test_the_robots_txt_of_a_sites_short_links_is_the_sites() -> None:
    engine, _ = opened({"1001tracklists.com": 1}, has_robots=False)
    item = engine.frontier.next_at("1001tracklists.com")
    assert item is not None
    item.url = "https://1001.tl/1pn8l919"
    [fetch_task] = engine.grant("L", 1, now=0.0).robots
    assert (fetch_task.of, fetch_task.domain) == ("1001tracklists.com", "1001tracklists.com")
    assert fetch_task.url == "https://www.1001tracklists.com/robots.txt"


def test_a_rate_for_either_name_holds_for_both() -> None:
    politeness = PolitenessOptions(rates={parse_politeness_key("www.mixesdb.com"): (0.1, 1.0)})
    assert politeness.policy("mixesdb.com").rate == politeness.policy("www.mixesdb.com").rate == 0.1


def test_an_item_stands_in_the_lane_of_its_unit_however_its_url_is_written() -> None:
    hosts = ["www.mixesdb.com", "mixesdb.com", "www.example.org", "example.org"]
    lines = [f"https://{host}/w/1" for host in hosts]
    entries = [entry for n, line in enumerate(lines) if isinstance(entry := read_line(n, line), Entry)]
    assert [entry.domain for entry in entries] == ["mixesdb.com", *hosts[1:]]
    assert [entry.url for entry in entries] == lines, "what is fetched is what was asked for"


def test_a_redirect_to_the_other_name_stays_in_its_lane() -> None:
    engine, book = opened({"mixesdb.com": 1})
    leased(engine)
    changeset = redirected(engine, "https://www.mixesdb.com/w/1", from_public=True)
    assert (only(changeset).domain, only(changeset).url) == ("mixesdb.com", "https://www.mixesdb.com/w/1")
    engine.apply(changeset, now=0.0)
    assert book.open_by_domain == {"mixesdb.com": 1}


def test_robots_txt_is_asked_of_the_name_that_the_list_has_for_a_permit_of_the_unit() -> None:
    engine, _ = opened({"mixesdb.com": 1}, has_robots=False)
    item = engine.frontier.next_at("mixesdb.com")
    assert item is not None
    item.url = "https://www.mixesdb.com/w/1"
    [fetch_task] = engine.grant("L", 1, now=0.0).robots
    assert (fetch_task.of, fetch_task.domain, fetch_task.url) == (
        "mixesdb.com", "mixesdb.com", "https://www.mixesdb.com/robots.txt",
    )  # fmt: skip


def test_two_names_of_one_site_together_stay_under_its_one_ceiling() -> None:
    site = Site("mixesdb.com", hop_to="www.mixesdb.com", hop=0.3, robots_at=None, crawl_delay_s=4.0)
    world = World(12, [site])
    pages = world.pages("mixesdb.com", 40)
    pages[::2] = [url.replace("mixesdb.com", "www.mixesdb.com") for url in pages[::2]]
    book = world.submit(pages)
    world.run()  # which checks each window of the site's fetches
    assert book.n_open == 0
    assert set(world.engine.domains) == {"mixesdb.com"}
    n, took_s = len(site.begins), site.begins[-1] - site.begins[0]
    assert n > 45
    assert took_s >= (n - 1) * 4 - 0.1, f"{n} fetches of both names in {took_s} s"
