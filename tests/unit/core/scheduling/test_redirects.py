"""A redirect is a fetch of its own: of its own domain, with its permit, and not for ever."""

from __future__ import annotations

import pytest
from simulated import Site, World
from test_engine import judged, leased, only, opened

from tlray.core.model.lifecycle import ItemState
from tlray.core.model.outcome import Outcome, OutcomeKind
from tlray.core.scheduling.decide import MAX_HOPS

K, S = OutcomeKind, ItemState


@pytest.mark.parametrize(
    ("location", "url", "domain"),
    [
        ("/x", "http://a.test/x", "a.test"),
        ("//b.test/x", "http://b.test/x", "b.test"),
        ("http://A.test:80/x#part", "http://a.test/x", "a.test"),
        ("http://a.test:8080/x", "http://a.test:8080/x", "a.test:8080"),  # another port is another domain
        ("https://a.test:443/x", "https://a.test/x", "a.test"),
        ("http://bücher.test/ü", "http://xn--bcher-kva.test/%C3%BC", "xn--bcher-kva.test"),
        ("http://☃.example/", "http://xn--n3h.example/", "xn--n3h.example"),
        ("/a%3Ab", "http://a.test/a%3Ab", "a.test"),  # as the site spells it, for it may insist on that
        ("/a:b,c@d'e", "http://a.test/a:b,c@d'e", "a.test"),
        ("/%7euser?u=a%2fb&&utm_source=x&", "http://a.test/%7euser?u=a%2fb&&utm_source=x&", "a.test"),
        ("/100%", "http://a.test/100%", "a.test"),
        ("x//y;", "http://a.test/s/x//y;", "a.test"),
        ("?page=2", "http://a.test/s/1?page=2", "a.test"),
        (
            "../a/%2e%2E/b",
            "http://a.test/b",
            "a.test",
        ),  # escaped dots are dots, or robots.txt would be got round
        ("http://xn--bcher-kva.test:81/", "http://xn--bcher-kva.test:81/", "xn--bcher-kva.test:81"),
    ],
)
def test_a_hop_goes_to_the_domain_that_its_url_has(location: str, url: str, domain: str) -> None:
    engine, book = opened({"a.test": 1})
    [item] = leased(engine)
    item.url = "http://a.test/s/1"
    changeset = judged(engine, Outcome(1, K.REDIRECTED, location=location))
    assert (only(changeset).url, only(changeset).domain) == (url, domain)
    engine.apply(changeset, now=0.0)
    assert (item.url, item.domain) == (url, domain)
    assert book.open_by_domain[domain] == 1
    engine.check_invariants()


@pytest.mark.parametrize(
    "location", ["ftp://b.test/", "javascript:alert(1)", "http://a b/", "http://b.test:0/", "http://u:p@b.test/", "http://[::1"]
)  # fmt: skip
def test_a_hop_to_what_cannot_be_fetched_ends_the_item(location: str) -> None:
    engine, _ = opened({"a.test": 1})
    leased(engine)
    change = only(judged(engine, Outcome(1, K.REDIRECTED, location=location)))
    assert change.after is S.DEAD
    assert (change.reason or "").startswith("redirected to no good URL: ")


def test_a_site_that_sends_everybody_to_its_own_spelling_is_followed_and_one_that_sends_us_back_is_a_loop() -> (
    None
):
    engine, _ = opened({"a.test": 1})
    [item] = leased(engine)
    item.url = "http://a.test/a:b"
    assert only(judged(engine, Outcome(1, K.REDIRECTED, location="/a%3Ab"))).url == "http://a.test/a%3Ab"
    item.url = "http://a.test/a%3Ab"
    assert "in a loop" in (only(judged(engine, Outcome(1, K.REDIRECTED, location="/a%3Ab"))).reason or "")


def test_each_hop_spends_a_permit_of_the_domain_that_it_leads_to() -> None:
    here, there = Site("a.test", hop=1.0, hop_to="b.test"), Site("b.test", crawl_delay_s=5.0)
    world = World(21, [here, there])
    book = world.submit({"a.test": 8})
    world.run()  # which holds the fetches of each site against its rate
    assert book.counts[S.SUCCEEDED] == 8
    assert (len(here.begins), len(there.begins)) == (1 + 8, 1 + 8), "robots.txt, and each page once"
    gaps = [b - a for a, b in zip(there.begins[1:], there.begins[2:], strict=False)]
    assert min(gaps) >= 5.0 - 0.1


def test_two_sites_that_send_each_other_their_visitors_are_left_after_a_few_hops() -> None:
    sites = [Site("a.test", hop=1.0, hop_to="b.test"), Site("b.test", hop=1.0, hop_to="a.test")]
    world = World(22, sites)
    book = world.submit({"a.test": 3, "b.test": 2})
    world.run()
    assert book.counts[S.DEAD] == 5
    assert all("redirected in a loop" in (row.reason or "") for row in world.rows())
    assert sum(len(site.begins) for site in sites) == 2 + 5 * (1 + MAX_HOPS)
