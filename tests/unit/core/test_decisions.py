"""The small decisions: states, retries, policies, robots, URLs, quality, estimates, workers, progress."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tlray.core.model.item import Priority
from tlray.core.model.lifecycle import (
    BATCH_TRANSITIONS,
    ITEM_TRANSITIONS,
    OPEN_ITEM_STATES,
    BadTransition,
    BatchEvent,
    BatchState,
    ItemEvent,
    ItemState,
    advance,
    advance_batch,
)
from tlray.core.model.outcome import Outcome, OutcomeKind
from tlray.core.model.urls import MAX_URL_CHARS, BadUrl, CanonicalUrl, canonicalise, host_of
from tlray.core.politeness.domain import MAX_ROBOTS_SNOOZE_S, DomainState
from tlray.core.politeness.domain_policy import DomainPolicy
from tlray.core.politeness.override import NO_OVERRIDE
from tlray.core.politeness.policy import PolitenessOptions, ceiling, gentlest
from tlray.core.politeness.rate_text import parse_rate
from tlray.core.politeness.retry import RULES, RetryDecision, backoff_s, decide_retry
from tlray.core.politeness.retry_policy import RetryPolicy
from tlray.core.politeness.robots import MAX_BYTES, decode, rules_of
from tlray.core.scheduling.autoscaling import Demand, needed_workers
from tlray.core.scheduling.batch import Batch
from tlray.core.scheduling.eta import remaining_s
from tlray.core.scheduling.snapshot import snapshot
from tlray.errors import InvariantBroken

K, E = OutcomeKind, ItemEvent


# -- states ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", ItemState)
def test_a_final_item_is_moved_by_nothing_but_a_person(state: ItemState) -> None:
    leaving = {event for (before, event) in ITEM_TRANSITIONS if before is state}
    by_a_person = {E.REVIVE, E.REREAD}  # retry and reparse
    assert state.is_final == (leaving <= by_a_person)
    assert state.is_final == (state not in OPEN_ITEM_STATES)


def test_an_event_that_a_state_does_not_know_names_both() -> None:
    assert advance(ItemState.QUEUED, E.LEASE) is ItemState.LEASED
    assert advance_batch(BatchState.RUNNING, BatchEvent.EMPTY) is BatchState.COMPLETED
    with pytest.raises(BadTransition, match="state 'succeeded' does not know event 'retry'"):
        advance(ItemState.SUCCEEDED, E.RETRY)
    with pytest.raises(BadTransition, match="'cancelled' does not know event 'resume'"):
        advance_batch(BatchState.CANCELLED, BatchEvent.RESUME)


def test_every_batch_state_leads_to_an_end() -> None:
    for state in BatchState:
        assert state.is_final or any(before is state for before, _ in BATCH_TRANSITIONS)


# -- retries -----------------------------------------------------------------------------------------


def decided(kind: OutcomeKind, *, after_s: float | None = None, attempt: int = 1, n: int = 1, snoozed: float = 0.0,
            cool: float | None = None) -> RetryDecision:  # fmt: skip
    outcome = Outcome(1, kind, retry_after_s=after_s)
    return decide_retry(
        outcome, attempt=attempt, snoozed_s=snoozed, n_in_row=n, jitter=0.5, policy=RetryPolicy(),
        block_cool_down_s=cool,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("decision", "event", "delay_s", "cool_s"),
    [
        (decided(K.FETCHED), E.FETCHED, 0, 0),
        (decided(K.REDIRECTED), E.HOP, 0, 0),
        (decided(K.NOT_BEGUN), E.GIVE_BACK, 0, 0),
        (decided(K.NOT_BEGUN, after_s=60), E.GIVE_BACK, 0, 60),  # its turn is far off: the domain waits
        (decided(K.GONE), E.EXHAUST, 0, 0),
        (decided(K.ROBOTS), E.SKIP, 0, 0),
        (decided(K.TIMEOUT), E.RETRY, 0.5, 0),  # 0.5 of 1 s
        (decided(K.TIMEOUT, attempt=4), E.RETRY, 4, 0),  # 0.5 of 8 s
        (decided(K.TIMEOUT, attempt=5), E.EXHAUST, 0, 0),  # the batch's attempts are used up
        (decided(K.UNREADABLE, attempt=3), E.EXHAUST, 0, 0),  # the rule allows fewer
        (decided(K.THROTTLED), E.SNOOZE, 5, 5),  # without Retry-After, our own
        (decided(K.THROTTLED, n=3), E.SNOOZE, 20, 20),  # doubling
        (decided(K.THROTTLED, n=99), E.SNOOZE, 1800, 1800),  # up to a cap
        (decided(K.THROTTLED, after_s=7), E.SNOOZE, 7, 7),  # the site's word, in full
        (decided(K.THROTTLED, after_s=0), E.SNOOZE, 0.5, 0.5),  # but never at once
        (decided(K.THROTTLED, after_s=0, n=4), E.SNOOZE, 40, 40),  # where its word does not help, ours
        (decided(K.UNAVAILABLE, after_s=30), E.SNOOZE, 30, 30),  # 503 with Retry-After is no failure
        (decided(K.UNAVAILABLE), E.RETRY, 0.5, 0),
        (decided(K.THROTTLED, after_s=1e9), E.EXHAUST, 0, 1e9),  # too long for the item; the domain obeys
        (decided(K.BLOCKED), E.SNOOZE, 1800, 1800),
        (decided(K.BLOCKED, cool=2, n=2), E.SNOOZE, 4, 4),
        (decided(K.BLOCKED, cool=2, after_s=9), E.SNOOZE, 9, 9),
        (decided(K.BLOCKED, cool=1e6, n=9, snoozed=0), E.EXHAUST, 0, 1e6),
        (decided(K.BLOCKED, snoozed=172_000), E.EXHAUST, 0, 1800),  # put off for two days: enough
    ],
)
def test_what_follows_from_an_outcome(
    decision: RetryDecision, event: E, delay_s: float, cool_s: float
) -> None:
    assert decision == RetryDecision(event, delay_s, cool_s)


@given(st.integers(1, 10_000), st.floats(0, 1, exclude_max=True), st.sampled_from(list(RULES.values())))
def test_a_backoff_stays_between_half_a_second_and_its_cap(attempt: int, jitter: float, rule: object) -> None:
    assert 0.5 <= backoff_s(rule, attempt, jitter=jitter) <= max(0.5, rule.cap_s)  # type: ignore[attr-defined,arg-type]


# -- domains -----------------------------------------------------------------------------------------


def test_blocks_that_were_in_flight_together_are_one_step() -> None:
    state = DomainState("a.test", DomainPolicy(1.0))
    block = Outcome(1, K.BLOCKED)
    state.count([block, block, Outcome(2, K.FETCHED)], now=0.0)
    state.cool_down(100.0, "blocked")
    state.count([block], now=1.0)
    state.count([Outcome(3, K.FETCHED)], now=2.0)  # begun before the block: no sign of peace
    assert (state.n_blocks, state.n_blocks_ever) == (1, 3)
    state.count([block], now=100.0)
    assert state.n_blocks == 2
    state.count([Outcome(3, K.FETCHED)], now=100.0)
    assert (state.n_blocks, state.n_fetched) == (0, 3)


def test_throttles_are_counted_apart_from_blocks() -> None:
    state = DomainState("a.test", DomainPolicy(1.0))
    state.count([Outcome(1, K.THROTTLED)], now=0.0)
    state.count([Outcome(1, K.UNAVAILABLE, retry_after_s=3.0)], now=0.0)
    state.count([Outcome(1, K.TIMEOUT)], now=0.0)
    assert (state.n_throttles, state.n_blocks) == (2, 0)
    assert state.n_in_row(K.THROTTLED, now=0.0) == 3


def test_robots_txt_that_is_put_off_for_days_counts_as_not_to_be_had() -> None:
    state = DomainState("a.test", DomainPolicy(1.0))
    assert not state.count_robots_failure("429", now=0.0, retry_after_s=60.0)
    assert state.n_robots_failures == 0
    assert state.count_robots_failure("429", now=MAX_ROBOTS_SNOOZE_S + 1, retry_after_s=60.0)
    assert not state.count_robots_failure("429", now=MAX_ROBOTS_SNOOZE_S + 2, retry_after_s=60.0)


def test_a_slow_domain_is_left_to_one_task_and_a_fast_one_is_shared() -> None:
    for rate, expected in ((1.0, 0), (math.inf, 1_022)):
        state = DomainState("a.test", DomainPolicy(rate))
        assert state.allowance("B", 0.0) == 0  # robots.txt is not known
        state.apply_robots("", None, now=0.0)
        state.lease("A", 2)
        assert state.allowance("B", 0.0) == expected
        state.release("A")
        state.release("A")
        assert state.holders == {}
    assert state.allowance("B", 1.0) == 1_024


# -- policies ----------------------------------------------------------------------------------------


def test_a_policy_is_what_the_user_says_over_the_profile_over_the_kind_of_host() -> None:
    politeness = PolitenessOptions(
        rates={"a.test": (5.0, 3.0), "a.test:81": (7.0, 1.0)},
        concurrency={"a.test": 4},
        crawl_delay_ignored=frozenset({"a.test:81"}),
    )
    assert politeness.policy("a.test") == DomainPolicy(5.0, 3.0, 4)
    rested = replace(politeness, block_cool_down_s=9.0)
    assert rested.policy("a.test:81") == DomainPolicy(7.0, 1.0, 4, 9.0, True)
    assert PolitenessOptions().policy("www.1001tracklists.com").rate == 1 / 8
    assert PolitenessOptions().policy("example.org").rate == 1.0
    assert PolitenessOptions().policy("127.0.0.1:8000").rate == math.inf
    assert host_of("[::1]:80") == "[::1]"


def test_under_a_crawl_delay_there_is_no_burst_and_no_higher_rate() -> None:
    policy = DomainPolicy(rate=1 / 16, burst=5.0)
    assert ceiling(policy, NO_OVERRIDE, None) == policy
    assert ceiling(policy, NO_OVERRIDE, 8.0) == DomainPolicy(rate=1 / 16, burst=1.0)
    assert ceiling(DomainPolicy(9.0), NO_OVERRIDE, 8.0).rate == 1 / 8
    agreed = DomainPolicy(9.0, crawl_delay_ignored=True)
    assert ceiling(agreed, NO_OVERRIDE, 8.0) == agreed


def test_two_batches_on_one_domain_get_the_gentler_of_each() -> None:
    one = DomainPolicy(0.1, 1.0, 9, 60.0, crawl_delay_ignored=True)
    other = DomainPolicy(10.0, 5.0, 2, 30.0)
    assert gentlest([one, other]) == DomainPolicy(0.1, 1.0, 2, 60.0, crawl_delay_ignored=False)
    assert gentlest([]) is None


@pytest.mark.parametrize(
    ("text", "rate", "burst"),
    [("5", 5, 1), ("5/s", 5, 1), ("1/8s", 1 / 8, 1), ("30/m", 0.5, 1), (".5/s:3", 0.5, 3), ("6/min", 0.1, 1)],
)
def test_a_rate_is_read(text: str, rate: float, burst: float) -> None:
    assert parse_rate(text) == pytest.approx((rate, burst))


@pytest.mark.parametrize("text", ["", "abc", "-1/s", "0/s", "1/0s", "99999/s", "1/s:0", "1/s:x", "1/d"])
def test_a_wrong_rate_says_what_is_wrong(text: str) -> None:
    with pytest.raises(ValueError, match=r"rate|burst"):
        parse_rate(text)


# -- robots ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "delay_s"),
    [
        ("", None),
        ("User-agent: *\nCrawl-delay: 8", 8.0),
        ("User-agent: *\nCrawl-delay: 86400", 86_400.0),
        ("User-agent: *\nCrawl-delay: -1", None),
        ("User-agent: *\nCrawl-delay: abc", None),
        ("User-agent: *\nCrawl-delay: inf", None),
        ("User-agent: *\nRequest-rate: 1/10\nCrawl-delay: 2", 10.0),  # the slower one counts
        ("User-agent: tlray\nCrawl-delay: 3\n\nUser-agent: *\nCrawl-delay: 9", 3.0),
    ],
)
def test_a_crawl_delay_is_a_positive_number_or_none(text: str, delay_s: float | None) -> None:
    assert rules_of(text).crawl_delay_s == delay_s


def test_robots_txt_says_what_may_be_fetched() -> None:
    rules = rules_of("User-agent: *\nDisallow: /private")
    assert rules.may_fetch("http://a.test/x")
    assert not rules.may_fetch("http://a.test/private/x")
    assert rules_of("").may_fetch("http://a.test/private/x")


def test_a_huge_or_garbled_robots_txt_is_cut_at_a_line_and_read() -> None:
    assert decode(b"\xef\xbb\xbfUser-agent: *") == "User-agent: *"
    assert decode("Disallow: /\xe9".encode("latin-1")) == "Disallow: /%E9"
    text = decode(b"Disallow: /a\n" * 50_000)
    assert len(text) <= MAX_BYTES
    assert text.endswith("/a\n")


# -- URLs --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "url", "domain"),
    [
        ("https://a.test/x", "https://a.test/x", "a.test"),
        (" HTTP://A.Test:80/x#y ", "http://a.test/x", "a.test"),
        ("https://a.test:8443", "https://a.test:8443/", "a.test:8443"),
        ("http://a.test/a/./b/../c/..", "http://a.test/a/", "a.test"),
        ("http://a.test/../..", "http://a.test/", "a.test"),
        ("http://a.test/%7e%2f%c3%a9é", "http://a.test/~%2F%C3%A9%C3%A9", "a.test"),
        ("http://a.test/?utm_source=x&b=1&&fbclid", "http://a.test/?b=1", "a.test"),
        ("http://bücher.test/", "http://xn--bcher-kva.test/", "xn--bcher-kva.test"),
        ("http://[::0001]:81/", "http://[::1]:81/", "[::1]:81"),
        ("http://127.0.0.1/x", "http://127.0.0.1/x", "127.0.0.1"),
    ],
)
def test_a_url_has_one_form(text: str, url: str, domain: str) -> None:
    assert canonicalise(text) == CanonicalUrl(url, domain)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("a.test/x", "no scheme"),
        ("", "no scheme"),
        ("ftp://a.test/", "scheme ftp"),
        ("http://a.test/a b", "space"),
        ("http://u:p@a.test/", "user name"),
        ("http:///x", "host"),
        ("http://a..test/", "host"),
        ("http://1.2.3.400/", "host"),
        ("http://xn--\u00e9.test/", "host"),
        ("http://a.test:0/", "port 0"),
        ("http://a.test:99999/", "not a URL"),
        ("http://a.test/" + "x" * 3_000, "3,014 characters"),
        ("http://a.test/" + "é" * 1_000, "once escaped"),
        ("http://" + "a." * 130 + "test/", "host"),
    ],
)
def test_what_is_no_url_says_why(text: str, reason: str) -> None:
    found = canonicalise(text)
    assert isinstance(found, BadUrl)
    assert reason in found.reason


@given(st.text(max_size=60) | st.from_regex(r"https?://[a-zé.:0-9\[\]]{1,12}/[ -~é]{0,30}", fullmatch=True))
def test_a_canonical_url_is_its_own_canonical_form(text: str) -> None:
    found = canonicalise(text)
    if isinstance(found, CanonicalUrl):
        assert canonicalise(found.url) == found
        assert len(found.url) <= MAX_URL_CHARS


# -- estimates, workers, progress ----------------------------------------------------------------------


def book(**domains: int) -> Batch:
    names = {name.replace("_", "."): n for name, n in domains.items()}
    return Batch(
        1, "b1", "", Priority.NORMAL, BatchState.RUNNING, {ItemState.QUEUED: sum(names.values())},
        open_by_domain=names,
    )  # fmt: skip


def test_the_latest_domain_decides_when_a_batch_is_done() -> None:
    slow, fast = DomainState("a.test", DomainPolicy(0.5)), DomainState("b.test", DomainPolicy(10.0))
    fast.cool_down(1_000.0, "blocked")
    domains = {"a.test": slow, "b.test": fast}
    assert remaining_s(book(), domains, now=0.0) == 0.0
    assert remaining_s(book(a_test=10, b_test=10), domains, now=0.0) == 1_001.0
    assert remaining_s(book(a_test=10, b_test=0), domains, now=0.0) == 20.0


def test_without_a_ceiling_only_what_was_seen_says_when() -> None:
    batch = book(c_test=10)
    assert remaining_s(batch, {}, now=0.0) is None
    batch.move(ItemState.QUEUED, ItemState.LEASED, "c.test", now=9.0, n=5)
    batch.move(ItemState.LEASED, ItemState.SUCCEEDED, "c.test", now=10.0, n=2)
    batch.move(ItemState.LEASED, ItemState.SUCCEEDED, "c.test", now=10.1, n=2)
    batch.move(ItemState.LEASED, ItemState.DEAD, "c.test", now=12.0)
    assert remaining_s(batch, {}, now=12.0) == pytest.approx(5 / 2.5)
    assert batch.rate_per_s(100.0) == 0.0


def test_what_is_cancelled_or_dies_with_its_lane_is_no_page_done() -> None:
    batch = book(c_test=30_000)
    batch.move(ItemState.QUEUED, ItemState.LEASED, "c.test", now=1.0, n=60)
    batch.move(ItemState.LEASED, ItemState.DEAD, "c.test", now=2.0, n=30)
    batch.move(ItemState.LEASED, ItemState.CANCELLED, "c.test", now=3.0, n=10)
    batch.move(ItemState.LEASED, ItemState.WAITING, "c.test", now=3.0, n=20)
    batch.move(ItemState.WAITING, ItemState.CANCELLED, "c.test", now=3.0, n=20)
    batch.move(ItemState.QUEUED, ItemState.DEAD, "c.test", now=3.0, n=940)
    assert snapshot(batch, {}, now=12.0, wall=0.0)["rate_per_min"] == 180.0
    assert remaining_s(batch, {}, now=12.0) == pytest.approx(29_000 / 3)
    batch.move(ItemState.QUEUED, ItemState.CANCELLED, "c.test", now=12.0, n=29_000)
    assert snapshot(batch, {}, now=12.0, wall=0.0)["rate_per_min"] == 180.0


def test_the_rate_of_a_batch_that_is_over_is_that_of_all_its_time() -> None:
    batch = book(c_test=90)
    batch.move(ItemState.QUEUED, ItemState.LEASED, "c.test", now=0.0, n=90)
    batch.move(ItemState.LEASED, ItemState.SUCCEEDED, "c.test", now=60.0, n=60)
    batch.move(ItemState.LEASED, ItemState.DEAD, "c.test", now=60.0, n=30)
    batch.state = BatchState.COMPLETED
    told = snapshot(batch, {}, now=60.0, wall=0.0, elapsed_s=120.004)
    assert told == snapshot(batch, {}, now=9e9, wall=9e9, elapsed_s=120.004), "whenever it is asked"
    assert (told["rate_per_min"], told["elapsed_s"], told["starts_at"]) == (30.0, 120.0, None)
    assert snapshot(batch, {}, now=60.0, wall=0.0, elapsed_s=0.01)["rate_per_min"] == 3_600.0


def test_books_that_would_go_below_nothing_say_so() -> None:
    with pytest.raises(InvariantBroken, match="batch b1: -1 items waiting"):
        book(a_test=1).move(ItemState.WAITING, ItemState.DEAD, "a.test", now=0.0)


@pytest.mark.parametrize(
    ("demand", "n"),
    [
        (Demand(1.0, 0), 0),  # nothing to do
        (Demand(1.0, 1_000), 1),  # slow: one will do
        (Demand(1_000.0, 100_000), 5),  # 1,000 pages/s at 5 ms are five cores
        (Demand(math.inf, 100_000), 10),  # no ceiling but the bound
        (Demand(math.inf, 30), 2),  # too few items to keep more busy
        (Demand(10.0, 9_999, n_in_flight=1_000.0), 4),  # slow answers: loops fill up
    ],
)
def test_workers_follow_the_work_that_politeness_allows(demand: Demand, n: int) -> None:
    assert needed_workers(demand, cpu_s_per_page=0.005, min_workers=1, max_workers=10) == n


def test_a_snapshot_is_plain_data_and_tells_why_a_domain_rests() -> None:
    state = DomainState("a.test", DomainPolicy(2.0))
    state.cool_down(30.0, "blocked: captcha")
    batch = book(a_test=4, b_test=2, c_test=1)
    domains = {"a.test": state, "c.test": DomainState("c.test", DomainPolicy(math.inf))}
    told = snapshot(batch, domains, now=0.0, wall=1_000.0)
    assert told["total"] == 7
    assert told["domains"]["a.test"] == {
        "open": 4, "in_flight": 0, "blocks": 0, "max_rate": 2.0, "rate": 2.0, "cooling_until": 1_030.0,
        "reason": "blocked: captcha",
    }  # fmt: skip
    assert told["domains"]["b.test"] == {"open": 2}
    assert told["domains"]["c.test"]["max_rate"] is None
    batch.state = BatchState.PAUSED
    assert snapshot(batch, {}, now=0.0, wall=0.0)["estimated_completion"] is None
