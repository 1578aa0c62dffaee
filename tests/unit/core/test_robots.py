"""A robots.txt is a stranger's file: whatever it holds, it is read within bounds, and the slower reading counts."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tlray.core.policy import DomainPolicy, under_ceiling
from tlray.core.robots import MAX_BYTES, RobotsRules, decode, rules_of

FOR_ALL = "User-agent: *\n"


@pytest.mark.parametrize(
    ("text", "delay_s"),
    [
        (FOR_ALL + "Crawl-delay: 0", None),  # no wait is no delay
        (FOR_ALL + "Crawl-delay: 0.5", 0.5),
        (FOR_ALL + "crawl-DELAY:8", 8.0),  # as people write it
        (FOR_ALL + "Crawl-delay: 86400", 86_400.0),  # a day: obeyed
        (FOR_ALL + "Crawl-delay: nan", None),
        (FOR_ALL + "Crawl-delay: 1e400", None),
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
    ],
)
def test_a_pace_that_a_site_asks_for_is_kept_where_it_is_one(text: str, delay_s: float | None) -> None:
    assert RobotsRules(text).crawl_delay_s == delay_s


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
    ],
)
def test_who_may_not_come_in_does_not(text: str, may: bool) -> None:
    assert RobotsRules(text).may_fetch("http://a.test/set/1.html") is may


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


def test_latin_1_costs_the_lines_that_hold_it_and_nothing_else() -> None:
    rules = rules_of(
        decode("User-agent: *\nDisallow: /é\nDisallow: /private\nCrawl-delay: 4".encode("latin-1"))
    )
    assert not rules.may_fetch("http://a.test/private")
    assert rules.crawl_delay_s == 4.0


def test_a_text_is_read_once() -> None:
    assert rules_of(FOR_ALL) is rules_of(FOR_ALL)


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
    rules = RobotsRules(decode(body))
    delay_s = rules.crawl_delay_s
    assert delay_s is None or (delay_s > 0 and math.isfinite(delay_s))
    assert rules.may_fetch("http://a.test/x") in (True, False)
    assert under_ceiling(DomainPolicy(1.0, 3.0), delay_s).rate <= 1.0
