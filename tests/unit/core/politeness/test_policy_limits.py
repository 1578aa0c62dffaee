"""What is rougher than the profile, the default or the operator's word is found; what is gentler is nobody's business."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tlray.core.model.lifecycle import ItemEvent
from tlray.core.model.outcome import Outcome, OutcomeKind
from tlray.core.politeness.policy import PolitenessOptions
from tlray.core.politeness.policy_limits import (
    EVERYBODYS_ATTEMPTS,
    EVERYWHERE,
    delaying_options,
    exceeding_options,
    exceeding_retries,
    may_email,
)
from tlray.core.politeness.rate_text import AUTO_BURST, AUTO_MAX
from tlray.core.politeness.requested_policy import read_tables
from tlray.core.politeness.retry import RULES, RetryAction, RetryDecision, decide_retry
from tlray.core.politeness.retry_policy import RetryChoices, RetryPolicy, RuleChange
from tlray.core.politeness.site_profile import profiles

PO = PolitenessOptions
SITE = "1001tracklists.com"
K = OutcomeKind


# -- manners ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "domain", "what"),
    [
        (PO(rates={SITE: (1.0, 1.0)}), SITE, "a rate of 1/s is above 0.125/s"),
        (PO(rates={"a.test": (1.0, 5.0)}), "a.test", "a burst of 5 is above 1"),
        (
            PO(rates={"a.test": (AUTO_MAX, AUTO_BURST)}),
            "a.test",
            "a rate of 50/s is above 1/s",
        ),
        (PO(concurrency={"a.test": 3}), "a.test", "3 fetches at once are more than 2"),
        (PO(crawl_delay_ignored=frozenset({SITE})), SITE, "crawl-delay"),
        (
            PO(block_cool_downs={"a.test": 60.0}),
            "a.test",
            "a rest of 60 s after a block is shorter",
        ),
        # of the whole batch, although no domain is named
        (
            PO(block_cool_down_s=0.001),
            "*",
            "a rest of 0.001 s after a block is shorter than 1800 s",
        ),
    ],
)
def test_what_is_rougher_is_named(asked: PolitenessOptions, domain: str, what: str) -> None:
    found = exceeding_options(asked, PO())
    assert found[0].domain == domain
    assert what in found[0].what
    assert len({why for _, why in found}) == len(found), "no domain repeats what is so everywhere"


@pytest.mark.parametrize(
    "asked",
    [
        PO(),
        PO(rates={SITE: (0.01, 1.0), "a.test": (1.0, 1.0)}),
        PO(concurrency={"a.test": 1}),
        PO(rates={"127.0.0.1:8000": (1000.0, 1.0)}),  # a private host has no ceiling of ours
        PO(block_cool_downs={"a.test": 86_400.0}),
        PO(block_cool_down_s=1800.0),  # as the default
        PO(block_cool_down_s=86_400.0),
    ],
)
def test_what_is_gentler_or_the_same_is_not(asked: PolitenessOptions) -> None:
    assert exceeding_options(asked, PO()) == []


def test_what_the_service_was_set_up_with_is_no_loosening() -> None:
    owner = PO(rates={SITE: (5.0, 1.0)}, crawl_delay_ignored=frozenset({SITE}))
    assert exceeding_options(owner, owner) == []
    assert (
        len(exceeding_options(PO(rates={SITE: (6.0, 1.0)}, crawl_delay_ignored=frozenset({SITE})), owner))
        == 1
    )


PORT = "a.test:8080"
AUTO_10 = PO(rates={"a.test": (10.0, AUTO_BURST)})


@pytest.mark.parametrize(
    ("asked", "without", "domain", "what"),
    [
        # a rest that the operator made longer, or shorter, than the default
        (PO(block_cool_down_s=1800.0), PO(block_cool_down_s=7200.0), "*", "shorter than 7200 s"),
        (PO(block_cool_down_s=60.0), PO(block_cool_down_s=300.0), "*", "shorter than 300 s"),
        # the operator's word for one port, gone because the user speaks of the host
        (PO(rates={"a.test": (1.0, 1.0)}), PO(rates={PORT: (1 / 60, 1.0)}), PORT, "above 0.0166667/s"),
        (PO(concurrency={"a.test": 2}), PO(concurrency={PORT: 1}), PORT, "2 fetches at once"),
        (PO(block_cool_downs={"a.test": 1e4}), PO(block_cool_downs={PORT: 1e5}), PORT, "a rest of 10000 s"),
        # the operator lets the site find its level, up to as much
        (PO(rates={"a.test": (10.0, 1.0)}), AUTO_10, "a.test", "a rate of 10/s whatever it bears"),
    ],
)  # fmt: skip
def test_the_operators_word_is_not_loosened(
    asked: PolitenessOptions, without: PolitenessOptions, domain: str, what: str
) -> None:
    found = exceeding_options(asked, without)
    assert [where for where, _ in found] == [domain]
    assert what in found[0].what


@pytest.mark.parametrize(
    ("asked", "without"),
    [
        # gentler than the operator is at any port
        (PO(rates={"a.test": (1 / 99, 1.0)}), PO(rates={PORT: (1 / 60, 1.0)})),
        # both are told: the port keeps what it has
        (
            PO(rates={"a.test": (1.0, 1.0), PORT: (1 / 60, 1.0)}),
            PO(rates={PORT: (1 / 60, 1.0)}),
        ),
        # it finds its level below as well, or begins at no more than that does
        (PO(rates={"a.test": (5.0, AUTO_BURST)}), AUTO_10),
        (PO(rates={"a.test": (1.0, 1.0)}), AUTO_10),
        # the operator allows a shorter rest than the default
        (PO(block_cool_down_s=60.0), PO(block_cool_down_s=60.0)),
        (PO(block_cool_down_s=90.0), PO(block_cool_down_s=60.0)),
    ],
)
def test_what_the_operator_allows_is_everybodys(asked: PolitenessOptions, without: PolitenessOptions) -> None:
    assert exceeding_options(asked, without) == []


def test_a_rest_that_a_profile_asks_for_is_not_loosened_for_the_whole_batch(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    known = profiles()[SITE]
    longer = replace(known, block_cool_down_s=7200.0)
    monkeypatch.setitem(profiles(), SITE, longer)  # type: ignore[arg-type]
    found = exceeding_options(PO(block_cool_down_s=3600.0), PO())
    assert found == [(SITE, "a rest of 3600 s after a block is shorter than 7200 s")]


@pytest.mark.parametrize(
    ("asked", "domain", "what"),
    [
        (
            PO(rates={"a.test": (1 / 3600, 1.0)}),
            "a.test",
            "a rate of 0.000278/s is below 0.00833/s",
        ),
        (PO(rates={"127.0.0.1": (1 / 121, 1.0)}), "127.0.0.1", "below 0.00833/s"),
        (PO(rates={SITE: (1 / 121, 1.0)}), SITE, "below 0.00833/s"),
        (
            PO(block_cool_down_s=86_401.0),
            "*",
            "a rest of 86401 s after a block is longer than 86400 s",
        ),
    ],
)
def test_what_has_all_others_wait_is_named(asked: PolitenessOptions, domain: str, what: str) -> None:
    found = delaying_options(asked, PO())
    assert found[0].domain == domain
    assert what in found[0].what


def test_what_is_a_little_gentler_holds_up_nobody_nor_does_what_the_operator_says_anyhow() -> None:
    for politeness in (
        PO(),
        PO(rates={"a.test": (1 / 120, 1.0), SITE: (1 / 120, 1.0)}, block_cool_down_s=86_400.0),
    ):
        assert delaying_options(politeness, PO()) == []
    slow = PO(rates={"a.test": (1 / 3600, 1.0)}, block_cool_down_s=1e6)
    assert delaying_options(slow, slow) == []
    assert delaying_options(PO(rates={"a.test": (1 / 36_000, 1.0)}), slow) == [], (
        "a tenth of what is slow already"
    )


# -- retries ---------------------------------------------------------------------------------------


def changing(kind: K, **change: Any) -> dict[K, RuleChange]:
    return {kind: RuleChange(**change)}


def at(domain: str, **choices: Any) -> RetryPolicy:
    return RetryPolicy(by_domain={domain: RetryChoices(**choices)})


@pytest.mark.parametrize(
    ("asked", "without", "found"),
    [
        # waits of the whole batch
        (RetryPolicy(changes=changing(K.THROTTLED, base_s=0.001)), RetryPolicy(),
         ("*", "a first wait of 0.001 s is shorter than 5 s, after throttled")),
        (RetryPolicy(changes=changing(K.UNAVAILABLE, cap_s=10.0)), RetryPolicy(),
         ("*", "a longest wait of 10 s is shorter than 300 s, after unavailable")),
        # a longer first wait does not make up for it
        (RetryPolicy(changes=changing(K.TIMEOUT, base_s=60.0, cap_s=60.0)), RetryPolicy(),
         ("*", "a longest wait of 60 s is shorter than 300 s, after timeout")),
        # the longest rest after a block; the first one is the manners' (and the table's 1,800 s are not said to be cut)
        (RetryPolicy(changes=changing(K.BLOCKED, cap_s=60.0)), RetryPolicy(),
         ("*", "a longest wait of 60 s is shorter than 86400 s, after blocked")),
        # attempts: more than anybody's, of all kinds that the table does not bound
        (RetryPolicy(max_attempts=11), RetryPolicy(),
         ("*", "11 attempts are more than 10, after unavailable, truncated, timeout, connect, dns")),
        (RetryPolicy(changes=changing(K.TIMEOUT, max_attempts=11)), RetryPolicy(),
         ("*", "11 attempts are more than 10, after timeout")),
        # the table's own bounds: not by one
        (RetryPolicy(changes=changing(K.FORBIDDEN, max_attempts=3)), RetryPolicy(),
         ("*", "3 attempts are more than 2, after forbidden")),
        (RetryPolicy(changes=changing(K.TLS, max_attempts=100)), RetryPolicy(),
         ("*", "100 attempts are more than 2, after tls")),
        (RetryPolicy(changes=changing(K.UNREADABLE, max_attempts=4)), RetryPolicy(),
         ("*", "4 attempts are more than 3, after unreadable")),
        # the same at one domain
        (at("x.test", changes=changing(K.THROTTLED, base_s=1.0, cap_s=1e4)), RetryPolicy(),
         ("x.test", "a first wait of 1 s is shorter than 5 s, after throttled")),
        (at("x.test", max_attempts=100), RetryPolicy(),
         ("x.test", "100 attempts are more than 10, after unavailable, truncated, timeout, connect, dns")),
        (at("x.test:81", changes=changing(K.FORBIDDEN, max_attempts=9)), RetryPolicy(),
         ("x.test:81", "9 attempts are more than 2, after forbidden")),
        # the operator's word: of a kind, of a domain, of a port that goes under in the user's word for the host
        (RetryPolicy(), RetryPolicy(changes=changing(K.TIMEOUT, max_attempts=2)),
         ("*", "5 attempts are more than 2, after timeout")),
        (RetryPolicy(changes=changing(K.DNS, base_s=5.0)), RetryPolicy(changes=changing(K.DNS, base_s=60.0)),
         ("*", "a first wait of 5 s is shorter than 60 s, after dns")),
        (RetryPolicy(), at("x.test", max_attempts=4),
         ("x.test", "5 attempts are more than 4, after unavailable, truncated, timeout, connect, dns")),
        (at("x.test", changes=changing(K.DNS, base_s=5.0)), at("x.test:81", changes=changing(K.DNS, base_s=60.0)),
         ("x.test:81", "a first wait of 5 s is shorter than 60 s, after dns")),
    ],
)  # fmt: skip
def test_a_sooner_retry_and_one_more_are_named(
    asked: RetryPolicy, without: RetryPolicy, found: tuple[str, str]
) -> None:
    assert exceeding_retries(asked, without) == [found]


@pytest.mark.parametrize(
    ("asked", "without"),
    [
        (RetryPolicy(), RetryPolicy()),
        # as many attempts as are anybody's; a bound of the table stays one
        (RetryPolicy(max_attempts=10), RetryPolicy()),
        (at("x.test", max_attempts=10), RetryPolicy()),
        (RetryPolicy(changes=changing(K.TIMEOUT, max_attempts=10)), RetryPolicy()),
        # fewer attempts, longer waits
        (RetryPolicy(max_attempts=1), RetryPolicy()),
        (RetryPolicy(changes=changing(K.FORBIDDEN, max_attempts=1)), RetryPolicy()),
        (RetryPolicy(changes=changing(K.THROTTLED, base_s=60.0)), RetryPolicy()),
        (RetryPolicy(changes=changing(K.THROTTLED, base_s=9e4)), RetryPolicy()),  # lifts the cap
        (RetryPolicy(changes=changing(K.BLOCKED, cap_s=1e6)), RetryPolicy()),
        # a shorter first wait that the operator's own cap has already cut
        (RetryPolicy(changes=changing(K.DNS, base_s=1.5, cap_s=1.0)), RetryPolicy(changes=changing(K.DNS, cap_s=1.0))),
        (at("x.test", changes=changing(K.UNAVAILABLE, base_s=2.0, cap_s=300.0)), RetryPolicy()),
        # for how long an item is put off says nothing of how a site is treated
        (RetryPolicy(max_snooze_s=1.0), RetryPolicy()),
        (at("x.test", max_snooze_s=1.0), RetryPolicy()),
        # what the operator allows: in general, of a kind, at a domain
        (RetryPolicy(max_attempts=20), RetryPolicy(max_attempts=20)),
        (RetryPolicy(changes=changing(K.FORBIDDEN, max_attempts=4, base_s=1.0)),
         RetryPolicy(changes=changing(K.FORBIDDEN, max_attempts=4, base_s=1.0))),
        (at("x.test", max_attempts=50), at("x.test", max_attempts=50)),
        # more elsewhere, and no more at the domain that the operator named
        (RetryPolicy(max_attempts=9, by_domain={"x.test": RetryChoices(max_attempts=2)}), at("x.test", max_attempts=2)),
    ],
)  # fmt: skip
def test_a_later_retry_and_as_many_are_not(asked: RetryPolicy, without: RetryPolicy) -> None:
    assert exceeding_retries(asked, without) == []


def test_what_is_so_everywhere_is_not_said_of_each_domain() -> None:
    asked = RetryPolicy(
        max_attempts=99, by_domain={"x.test": RetryChoices(changes=changing(K.TLS, base_s=1.0))}
    )
    assert [where for where, _ in exceeding_retries(asked, RetryPolicy())] == [EVERYWHERE, "x.test"]


def tables() -> st.SearchStrategy[dict[str, Any]]:
    """What a user, or an operator, may write; few names and numbers, so that they meet."""
    number = st.sampled_from([0.001, 1.0, 60.0, 1e5])
    waits = st.fixed_dictionaries({}, optional={"base": number, "cap": number}).filter(
        lambda w: w.get("base", 0.0) <= w.get("cap", math.inf)
    )
    attempts = st.fixed_dictionaries({}, optional={"max_attempts": st.sampled_from([1, 2, 3, 5, 10, 100])})
    spent = st.builds(lambda a, b: {**a, **b}, waits, attempts)
    retry = st.fixed_dictionaries(
        {}, optional={"throttled": waits, "blocked": waits, "forbidden": spent, "dns": spent}
    )
    domain = st.builds(lambda a, r: {**a, "retry": r}, attempts, retry)
    domains = st.fixed_dictionaries({}, optional={"x.test": domain, "x.test:81": domain})
    return st.fixed_dictionaries({}, optional={"retry": retry, "domains": domains})


def decided(
    kind: K, policy: RetryPolicy, politeness: PolitenessOptions, domain: str, n: int
) -> RetryDecision:
    return decide_retry(
        Outcome(1, kind), attempt=n, snoozed_s=-1e12, n_in_row=n, jitter=1 - 2**-53, policy=policy, domain=domain,
        block_cool_down_s=politeness.policy(domain).block_cool_down_s,
    )  # fmt: skip


@given(
    user=tables(), operator=tables(), n=st.integers(1, 30), max_attempts=st.sampled_from([None, 1, 8, 100])
)
def test_where_nothing_is_found_no_site_is_asked_sooner_or_more_often(
    user: dict[str, Any], operator: dict[str, Any], n: int, max_attempts: int | None
) -> None:
    without = read_tables(operator, of="file")
    wishes = read_tables(user, of="options")
    asked = replace(wishes, retry=replace(wishes.retry, max_attempts=max_attempts)).over(without)
    found = exceeding_options(asked.politeness, without.politeness) + exceeding_retries(
        asked.retry_policy(), without.retry_policy()
    )
    may = replace(without.retry_policy(), max_attempts=EVERYBODYS_ATTEMPTS)
    rougher = False
    for kind in (K.THROTTLED, K.BLOCKED, K.FORBIDDEN, K.DNS):
        for domain in ("x.test", "x.test:81", "x.test:82", "y.test"):
            mine = decided(kind, asked.retry_policy(), asked.politeness, domain, n)
            theirs = decided(kind, may, without.politeness, domain, n)
            if mine.event is not ItemEvent.EXHAUST:
                rougher |= theirs.event is ItemEvent.EXHAUST or mine.delay_s < theirs.delay_s
    assert found or not rougher


def test_every_kind_that_is_tried_again_is_looked_at() -> None:
    again = [kind for kind, rule in RULES.items() if rule.action in (RetryAction.RETRY, RetryAction.SNOOZE)]
    for kind in again:
        asked = RetryPolicy(changes=changing(kind, base_s=0.001, cap_s=0.001))
        assert any(
            what.endswith(f"after {kind.value}") for _, what in exceeding_retries(asked, RetryPolicy())
        ), kind


# -- mail ------------------------------------------------------------------------------------------


def test_only_an_admin_has_mail_sent_to_others() -> None:
    assert may_email("bob@example.org", "ada", is_admin=True)
    assert may_email("Ada@Example.org", "ada@example.org", is_admin=False)
    assert not may_email("bob@example.org", "ada@example.org", is_admin=False)
    assert not may_email("ada", "ada", is_admin=False)
