"""A robots.txt is a stranger's file: whatever it holds, it is read within bounds, and the slower reading counts."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tlray.core.model.urls import CanonicalUrl, canonicalise, redirected
from tlray.core.politeness.domain_policy import DomainPolicy
from tlray.core.politeness.override import NO_OVERRIDE
from tlray.core.politeness.policy import ceiling
from tlray.core.politeness.retry_after import MOST_S
from tlray.core.politeness.robots import MAX_BYTES, decode, rules_of

FOR_ALL = "User-agent: *\n"


@pytest.mark.parametrize(
    ("text", "delay_s"),
    [
        (FOR_ALL + "Crawl-delay: 0", None),  # no wait is no delay
        (FOR_ALL + "Crawl-delay: 0.5", 0.5),
        (FOR_ALL + "crawl-DELAY:8", 8.0),  # as people write it
        (FOR_ALL + "Crawl-delay: 86400", 86_400.0),  # a day: obeyed
        (FOR_ALL + "Crawl-delay: nan", None),
        (FOR_ALL + "Crawl-delay: 1e400", MOST_S),
        (FOR_ALL + "Crawl-delay: 10s", 10.0),
        (FOR_ALL + "Crawl-delay: 10 seconds", 10.0),
        (FOR_ALL + "Crawl-delay: 10 minutes", None),
        (FOR_ALL + "Crawl-delay: 1_0", None),
        (FOR_ALL + "Request-rate: 1/" + 400 * "9", MOST_S),
        (FOR_ALL + "Request-rate: 1/" + 5_000 * "9", MOST_S),
        (FOR_ALL + "Request-rate: " + 5_000 * "9" + "/1", None),
        (FOR_ALL + "Request-rate: " + 5_000 * "9" + "/" + 5_000 * "9", None),
        (FOR_ALL + "Crawl-delay: 8 # seconds", 8.0),
        (FOR_ALL + "Crawl-delay: 8,5", None),
        (FOR_ALL + "Request-rate: 1/5", 5.0),
        (FOR_ALL + "Request-rate: 1/5s", 5.0),
        (FOR_ALL + "Request-rate: 2/1m", 30.0),
        (FOR_ALL + "Request-rate: 1/2h", 7_200.0),
        (FOR_ALL + "Request-rate: 0/5", None),
        (FOR_ALL + "Request-rate: 5/0", None),
        (FOR_ALL + "Request-rate: fast", None),
        (FOR_ALL + "Request-rate: 1/1\nCrawl-delay: 8", 8.0),  # the slower one
        ("User-agent: other\nCrawl-delay: 9", None),  # not for us
        ("User-agent: TLRAY\nCrawl-delay: 3\n\n" + FOR_ALL + "Crawl-delay: 9", 3.0),  # our own group only
        ("Crawl-delay: 9", None),  # of nobody
        (FOR_ALL + "Crawl-delay: 2\nCrawl-delay: 7", 7.0),  # two in one group: the slower
        (FOR_ALL + "Crawl-delay: 7\nDisallow: /x\nCrawl-delay: 2", 7.0),
        (FOR_ALL + "Crawl-delay: 7\n\nUser-agent: x\nDisallow:\n\n" + FOR_ALL + "Crawl-delay: 2", 7.0),
        (FOR_ALL + "Crawl-delay: 3\n\nUser-agent: tl\nDisallow:", 3.0),  # `tl` is another robot
        (FOR_ALL + "Crawl-delay: 3\n\nUser-agent: tlrayx\nCrawl-delay: 1", 3.0),
        ("User-agent: tlray/0.1.0\nCrawl-delay: 5\n\n" + FOR_ALL + "Crawl-delay: 1", 5.0),  # and this is us
        (FOR_ALL + "Request-rate: 1/10m 1300-1659", 600.0),
        (FOR_ALL + "Crawl-delay: 1" + 24 * "0", MOST_S),  # nothing absurd is stored
        (FOR_ALL + "Request-rate: 1/1" + 24 * "0", MOST_S),
    ],
)
def test_a_pace_that_a_site_asks_for_is_kept_where_it_is_one(text: str, delay_s: float | None) -> None:
    assert rules_of(text).crawl_delay_s == delay_s


@pytest.mark.parametrize(
    ("text", "may"),
    [
        ("", True),
        ("\ufeff  \n", True),
        ("<html>not found</html>", True),  # a page under the name
        (FOR_ALL + "Disallow: /", False),
        (FOR_ALL + "Disallow:", True),
        (FOR_ALL + "Disallow: /set", False),
        (FOR_ALL + "Disallow: /set\nAllow: /set/1", True),  # the longer rule
        (FOR_ALL + "Disallow: /*.html$", False),
        ("User-agent: tlray\nDisallow: /\n\n" + FOR_ALL + "Allow: /", False),  # for us above all
        ("User-agent: tlray\nAllow: /\n\n" + FOR_ALL + "Disallow: /", True),
        (FOR_ALL + "Allow: /\n\nUser-agent: tlray/0.1.0\nDisallow: /", False),  # up to the first / or space
        (FOR_ALL + "Allow: /\n\nUser-agent: TLRay (+you@example.org)\nDisallow: /", False),
        (FOR_ALL + "Disallow: /\n\nUser-agent: tl\nAllow: /", False),  # no part of a token
        (FOR_ALL + "Disallow: /\n\nUser-agent: tlray-news\nAllow: /", False),
        (FOR_ALL + "Disallow: /\n\nUser-agent: tlray2\nAllow: /", True),  # a digit ends a token
        (FOR_ALL + "Disallow: /\n\nUser-agent: Mozilla tlray\nAllow: /", False),
        ("User-agent: x\nCrawl-delay: 2\n" + FOR_ALL + "Disallow: /", False),  # a pace ends no group
        (FOR_ALL + "Crawl-delay: 2\nUser-agent: x\nDisallow: /", False),
    ],
)
def test_who_may_not_come_in_does_not(text: str, may: bool) -> None:
    assert rules_of(text).may_fetch("http://a.test/set/1.html") is may


@pytest.mark.parametrize(
    ("rule", "path", "may"),
    [
        ("Disallow: /caf\xe9".encode("latin-1"), "/caf%E9.html", False),  # a byte is what it is on the wire
        ("Disallow: /café".encode(), "/caf%C3%A9.html", False),
        (b"Disallow: /%7euser", "/~user/1", False),  # RFC 9309 2.2.2: an escape that need not be one
        (b"Disallow: /a%2fb", "/a%2Fb", False),
        (b"Disallow: /a%2Fb", "/a/b", True),  # a reserved character and its escape are two
        (b"Disallow: /a:b", "/a%3Ab", True),
        (b"Disallow: /a%2A", "/a*b", False),  # RFC 9309 2.2.3
        (b"Disallow: /a%24", "/a$b", False),
        (b"Disallow: /a%24", "/a", True),
        (b"Disallow: /*/x$", "/1/2/x", False),
        (b"Disallow: /*/x$", "/1/x/2", True),
        (b"Disallow: /*x*x$", "/x", True),  # one character is not two
        (b"Disallow: *", "/x", False),
        (b"Disallow: $", "/x", True),
        (b"Disallow: /*?sort=", "/list?page=2&sort=up", True),
        (b"Disallow: /*?*sort=", "/list?page=2&sort=up", False),
    ],
)
def test_a_rule_is_compared_with_the_bytes_that_are_asked_for(rule: bytes, path: str, may: bool) -> None:
    assert rules_of(decode(FOR_ALL.encode() + rule)).may_fetch("http://a.test" + path) is may


def test_a_rule_of_many_stars_is_matched_in_one_pass() -> None:
    rules = rules_of(FOR_ALL + "Disallow: /" + "*a" * 200 + "$")
    assert rules.may_fetch("http://a.test/" + "a" * 1_000 + "b")


def test_a_file_of_600_kb_is_read_as_far_as_its_first_half_megabyte() -> None:
    filler = b"Disallow: /" + b"x" * 90 + b"\n"
    n = MAX_BYTES // len(filler) - 1
    body = FOR_ALL.encode() + b"Disallow: /early\n" + filler * n + filler * 900 + b"Disallow: /late\n"
    assert len(body) > 600_000
    rules = rules_of(decode(body))
    assert not rules.may_fetch("http://a.test/early")
    assert rules.may_fetch("http://a.test/late")


def test_a_file_of_one_endless_line_is_no_rule() -> None:
    assert decode(b"Disallow: /" + b"x" * MAX_BYTES) == ""
    assert decode(b"Disallow: /\r" + b"x" * MAX_BYTES) == "Disallow: /\r", "a CR alone ends a line, too"


def test_latin_1_costs_the_lines_that_hold_it_and_nothing_else() -> None:
    rules = rules_of(
        decode("User-agent: *\nDisallow: /é\nDisallow: /private\nCrawl-delay: 4".encode("latin-1"))
    )
    assert not rules.may_fetch("http://a.test/private")
    assert rules.crawl_delay_s == 4.0


def test_a_text_is_read_once() -> None:
    assert rules_of(FOR_ALL) is rules_of(FOR_ALL)


PIECES = st.lists(
    st.sampled_from(("/", "a", "é", "☃", "%2C", ",", "%3a", ":", "%40", "@", "'", "%2F", "%7E", "~", "%62", "%", "*", "$")),
    min_size=1, max_size=8,
).map("".join)  # fmt: skip


@given(PIECES, PIECES | st.just(""))
def test_a_rule_that_names_a_page_in_any_spelling_holds_for_its_url(path: str, query: str) -> None:
    tail = f"/{path}?{query}" if query else f"/{path}"
    rules = rules_of(decode(f"{FOR_ALL}Disallow: {tail}*".encode()))
    for found in (canonicalise("http://a.test" + tail), redirected("http://a.test/", "http://a.test" + tail)):
        assert isinstance(found, CanonicalUrl)
        assert not rules.may_fetch(found.url)


HOSTILE = st.lists(
    st.builds(
        "{}: {}".format,
        st.sampled_from(["User-agent", "Disallow", "Allow", "Crawl-delay", "Request-rate", "Sitemap", "\0", "é"]),
        st.text(max_size=12) | st.sampled_from(["*", "tlray", "/", "1/1", "-1", "1e999", "1/0s", "/*$*", "%zz"]),
    ),
    max_size=8,
).map("\n".join)  # fmt: skip


@settings(max_examples=2 * settings.default.max_examples)
@given(st.binary(max_size=60) | HOSTILE.map(lambda text: text.encode("utf-8", "replace")))
def test_no_robots_txt_is_an_exception_and_none_makes_us_faster(body: bytes) -> None:
    rules = rules_of(decode(body))
    delay_s = rules.crawl_delay_s
    assert delay_s is None or (delay_s > 0 and math.isfinite(delay_s))
    assert rules.may_fetch("http://a.test/x") in (True, False)
    assert ceiling(DomainPolicy(1.0, 3.0), NO_OVERRIDE, delay_s).rate <= 1.0
