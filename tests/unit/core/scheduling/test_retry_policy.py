"""What a user may change about retries, and what no choice of his changes."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_engine import leased, only, opened

from tlray.core.model.lifecycle import ItemEvent, ItemState
from tlray.core.model.outcome import Outcome, OutcomeKind
from tlray.core.politeness.retry import (
    MIN_BACKOFF_S,
    RULES,
    RetryAction,
    RetryDecision,
    RetryPolicy,
    decide_retry,
)
from tlray.core.politeness.retry_policy import RetryChoices, RuleChange
from tlray.core.scheduling.decide import decide
from tlray.core.scheduling.lease import Report

K, E = OutcomeKind, ItemEvent
FAILING = [kind for kind, rule in RULES.items() if rule.action in (RetryAction.RETRY, RetryAction.SNOOZE)]


def decided(kind: K, policy: RetryPolicy, *, attempt: int = 1, n: int = 1, after_s: float | None = None,
            block_s: float | None = None, domain: str = "a.test") -> RetryDecision:  # fmt: skip
    outcome = Outcome(1, kind, retry_after_s=after_s)
    return decide_retry(
        outcome, attempt=attempt, snoozed_s=0.0, n_in_row=n, jitter=0.5, policy=policy, domain=domain,
        block_cool_down_s=block_s,
    )  # fmt: skip


def changing(kind: K, **change: object) -> RetryPolicy:
    return RetryPolicy(changes={kind: RuleChange(**change)})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("decision", "expected"),
    [
        # a retry: 0.5 of the wait
        (decided(K.TIMEOUT, changing(K.TIMEOUT, base_s=10.0)), RetryDecision(E.RETRY, 5.0)),
        (decided(K.TIMEOUT, changing(K.TIMEOUT, base_s=10.0), attempt=3), RetryDecision(E.RETRY, 20.0)),
        (decided(K.TIMEOUT, changing(K.TIMEOUT, base_s=900.0), attempt=4), RetryDecision(E.RETRY, 450.0)),  # lifts the cap
        (decided(K.TIMEOUT, changing(K.TIMEOUT, cap_s=4.0), attempt=4), RetryDecision(E.RETRY, 2.0)),
        (decided(K.TIMEOUT, changing(K.TIMEOUT, max_attempts=1)), RetryDecision(E.EXHAUST)),
        (decided(K.TIMEOUT, changing(K.TIMEOUT, max_attempts=9), attempt=8).event, E.RETRY),
        (decided(K.CONNECT, changing(K.TIMEOUT, max_attempts=1)).event, E.RETRY),  # of that kind alone
        # a snooze
        (decided(K.THROTTLED, changing(K.THROTTLED, base_s=60.0), n=2), RetryDecision(E.SNOOZE, 120.0, 120.0)),
        (decided(K.THROTTLED, changing(K.THROTTLED, cap_s=7.0), n=9), RetryDecision(E.SNOOZE, 7.0, 7.0)),
        # a block rests as the domain's policy says, up to the cap that is asked for
        (decided(K.BLOCKED, changing(K.BLOCKED, cap_s=20.0), n=9, block_s=10.0), RetryDecision(E.SNOOZE, 20.0, 20.0)),
        # the site's own word, in full, whatever is asked for
        (decided(K.THROTTLED, changing(K.THROTTLED, base_s=0.1, cap_s=0.1), after_s=90), RetryDecision(E.SNOOZE, 90.0, 90.0)),
        (decided(K.BLOCKED, changing(K.BLOCKED, cap_s=1.0), after_s=90, block_s=1.0), RetryDecision(E.SNOOZE, 90.0, 90.0)),
        (decided(K.UNAVAILABLE, changing(K.UNAVAILABLE, base_s=0.1), after_s=90), RetryDecision(E.SNOOZE, 90.0, 90.0)),
        (decided(K.THROTTLED, changing(K.THROTTLED, base_s=0.01)), RetryDecision(E.SNOOZE, 0.5, 0.5)),  # and never at once
        # what no retry mends, no choice mends
        (decided(K.GONE, changing(K.GONE, max_attempts=9)), RetryDecision(E.EXHAUST)),
    ],
)  # fmt: skip
def test_what_is_asked_for_counts(decision: object, expected: object) -> None:
    assert decision == expected


def test_a_domain_may_be_given_up_earlier_than_the_others() -> None:
    policy = RetryPolicy(by_domain={"a.test": RetryChoices(max_attempts=2, max_snooze_s=50.0)})
    assert decided(K.TIMEOUT, policy, attempt=2).event is E.EXHAUST
    assert decided(K.TIMEOUT, policy, attempt=2, domain="b.test").event is E.RETRY
    assert decided(K.THROTTLED, policy, after_s=51).event is E.EXHAUST
    assert decided(K.THROTTLED, policy, after_s=51, domain="b.test").event is E.SNOOZE


def test_the_judge_asks_for_the_items_own_domain() -> None:
    engine, book = opened({"127.0.0.1": 1})
    book.retry = RetryPolicy(by_domain={"127.0.0.1": RetryChoices(max_attempts=1)})
    leased(engine)
    changeset = decide(engine, Report("L", 1, (Outcome(1, K.TIMEOUT),)), now=0.0, rng=random.Random(1))
    assert only(changeset).after is ItemState.DEAD


@given(
    kind=st.sampled_from(FAILING), base_s=st.none() | st.floats(0.001, 1e6), cap_s=st.none() | st.floats(0.001, 1e6),
    max_attempts=st.none() | st.integers(1, 100), after_s=st.floats(0, 1e5), n=st.integers(1, 20),
    block_s=st.none() | st.floats(0.001, 1e6),
)  # fmt: skip
def test_no_choice_shortens_what_a_site_asks_for_or_makes_a_retry_immediate(
    kind: K, base_s: float | None, cap_s: float | None, max_attempts: int | None, after_s: float, n: int,
    block_s: float | None,
) -> None:  # fmt: skip
    policy = RetryPolicy(changes={kind: RuleChange(max_attempts, base_s, cap_s)}, max_snooze_s=1e9)
    decision = decided(kind, policy, n=n, after_s=after_s, block_s=block_s)
    if decision.event is E.SNOOZE:
        assert decision.delay_s == decision.cool_down_s >= max(after_s, MIN_BACKOFF_S)
    elif decision.event is E.RETRY:
        assert decision.delay_s >= MIN_BACKOFF_S
