"""The consequence of an outcome: retry, snooze, dead letter or skip, and the domain's cool-down, by one table.

* *retry* spends an attempt and waits: exponential backoff with full jitter, ``base_s * 2 ** (attempt - 1)``
  at most ``cap_s``, times a random number of [0, 1) (Brooker, "Exponential Backoff And Jitter", AWS
  Architecture Blog, 2015), and never under half a second.
* *snooze* puts the item off with its whole domain and spends no attempt; an item that has been put off
  for longer than ``max_snooze_s`` becomes a dead letter.
* *dead* ends the item at once, because a retry would not help. *skip* ends it without failure.

``Retry-After`` is obeyed in full, by the whole domain, up to a bound that an operator sets. A user may change attempts and
waits, for a batch or a domain (`tlray.core.politeness.retry_policy`); no option shortens a site's ``Retry-After``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import Enum

from tlray.core.model.durations import in_words
from tlray.core.model.lifecycle import ItemEvent
from tlray.core.model.outcome import Outcome, OutcomeKind
from tlray.core.politeness.retry_after import MOST_S
from tlray.core.politeness.retry_policy import RetryPolicy, RuleChange

MIN_BACKOFF_S = 0.5
MAX_REST_S = 7 * 86_400.0
"""The longest rest that a site may ask for; an operator may set another (``TLRAY_MAX_REST_S``)."""


class RetryAction(Enum):
    """The action for a kind of outcome."""

    NONE = "none"
    """No action: it succeeded, was redirected, or was not begun."""
    RETRY = "retry"
    SNOOZE = "snooze"
    DEAD = "dead"
    SKIP = "skip"


@dataclass(frozen=True, slots=True)
class Rule:
    """One row of the table."""

    action: RetryAction
    base_s: float = 1.0
    """First backoff; for a snooze the domain's first cool-down without ``Retry-After``."""
    cap_s: float = 300.0
    max_attempts: int | None = None
    """Fewer attempts than the batch's, if more would only annoy the site."""
    reason: str = ""


_K = OutcomeKind
RULES: Mapping[OutcomeKind, Rule] = {
    _K.FETCHED: Rule(RetryAction.NONE, reason="the row is in a part"),
    _K.REDIRECTED: Rule(
        RetryAction.NONE, reason="the next hop is a fetch of its own, with its domain's permit"
    ),
    _K.ANSWERED: Rule(RetryAction.NONE, reason="another batch has a fresh result"),
    _K.LISTED: Rule(RetryAction.NONE, reason="what it lists is in the batch"),
    _K.FOUND: Rule(RetryAction.SKIP, reason="the batch only finds sets"),
    _K.NOT_BEGUN: Rule(RetryAction.NONE, reason="nothing happened"),
    _K.GONE: Rule(RetryAction.DEAD, reason="the site says that there is none"),
    _K.NOT_A_SET: Rule(
        RetryAction.DEAD, reason="a good page, but no tracklist; another fetch brings the same"
    ),
    _K.BLOCKED: Rule(
        RetryAction.SNOOZE, base_s=1_800, cap_s=86_400, reason="the site says not now; the whole domain waits"
    ),
    _K.UNREADABLE: Rule(
        RetryAction.RETRY, base_s=2, max_attempts=3, reason="a half page may come whole next time"
    ),
    _K.THROTTLED: Rule(RetryAction.SNOOZE, base_s=5, cap_s=1_800, reason="too fast; the whole domain waits"),
    _K.UNAVAILABLE: Rule(RetryAction.RETRY, reason="the site is ill for a moment"),
    _K.FORBIDDEN: Rule(
        RetryAction.RETRY,
        base_s=5,
        max_attempts=2,
        reason="mostly final; once more in case a guard was nervous",
    ),
    _K.REFUSED_BY_SITE: Rule(RetryAction.DEAD, reason="the request itself is what the site does not like"),
    _K.TRUNCATED: Rule(RetryAction.RETRY, reason="the connection broke"),
    _K.TOO_LARGE: Rule(RetryAction.DEAD, reason="no tracklist is that large"),
    _K.WRONG_TYPE: Rule(RetryAction.DEAD, reason="no page that is read at this URL"),
    _K.BAD_ENCODING: Rule(RetryAction.RETRY, max_attempts=3, reason="garbled on the way, perhaps"),
    _K.TIMEOUT: Rule(RetryAction.RETRY, reason="slow for a moment"),
    _K.CONNECT: Rule(RetryAction.RETRY, reason="down for a moment"),
    _K.DNS: Rule(RetryAction.RETRY, base_s=2, reason="resolvers fail for a moment, too"),
    _K.TLS: Rule(RetryAction.RETRY, base_s=5, max_attempts=2, reason="people renew certificates"),
    _K.BAD_HTTP: Rule(RetryAction.RETRY, max_attempts=3, reason="a proxy in trouble"),
    _K.ROBOTS: Rule(RetryAction.SKIP, reason="the site says that robots may not"),
    _K.PRIVATE_ADDRESS: Rule(RetryAction.SKIP, reason="not an address that this service fetches"),
    _K.CRASHED: Rule(RetryAction.DEAD, reason="a bug of ours: the same page crashes it again"),
}


@dataclass(frozen=True, slots=True)
class RetryDecision:
    """The consequence for the item and for its domain."""

    event: ItemEvent
    delay_s: float = 0.0
    """The wait of the item, if it waits."""
    cool_down_s: float = 0.0
    """The cool-down of the whole domain."""


def _changed(rule: Rule, change: RuleChange) -> Rule:
    """Return the rule with the requested waits; a longer first wait raises a cap that was not requested."""
    if change.base_s is None and change.cap_s is None:
        return rule
    base_s = rule.base_s if change.base_s is None else change.base_s
    cap_s = max(rule.cap_s, base_s) if change.cap_s is None else change.cap_s
    return replace(rule, base_s=base_s, cap_s=cap_s)


def backoff_s(rule: Rule, attempt: int, *, jitter: float) -> float:
    """Return the wait before the attempt that follows ``attempt`` (1..); ``jitter`` is a random number of
    [0, 1)."""
    ceiling_s = min(rule.cap_s, rule.base_s * 2.0 ** min(attempt - 1, 60))
    return max(MIN_BACKOFF_S, jitter * ceiling_s)


def is_throttle(outcome: Outcome) -> bool:
    """True if the site asks for a slower rate: 429, or another answer with a ``Retry-After``."""
    return outcome.kind is _K.THROTTLED or (
        outcome.kind is _K.UNAVAILABLE and outcome.retry_after_s is not None
    )


def bounded_outcome(outcome: Outcome, max_rest_s: float) -> Outcome:
    """Return the outcome with a ``Retry-After`` of at most ``max_rest_s``; its reason has the one of the site."""
    requested_s = outcome.retry_after_s
    if requested_s is None or requested_s <= max_rest_s or outcome.kind is _K.NOT_BEGUN:
        return outcome
    reason = "; ".join(
        filter(None, (outcome.reason or str(outcome.status or ""), bounded(requested_s, max_rest_s)))
    )
    return replace(outcome, retry_after_s=max_rest_s, reason=reason)


def bounded(requested_s: float, max_rest_s: float) -> str:
    """Say that a site asks for a longer rest than it gets."""
    or_more = " or more" if requested_s >= MOST_S else ""
    gets = in_words(max_rest_s)
    return f"it asks for a rest of {in_words(requested_s)}{or_more}, and gets {gets} (TLRAY_MAX_REST_S)"


def cool_down_s(rule: Rule, n_in_row: int, retry_after_s: float | None) -> float:
    """Return the domain's cool-down after the ``n_in_row``-th (1..) such answer in a row.

    The site's own word counts in full; after the first answer our own doubling is a floor under it, so that a site with
    ``Retry-After: 0`` is not asked without a pause for ever.
    """
    own_s = max(MIN_BACKOFF_S, min(rule.cap_s, rule.base_s * 2.0 ** min(n_in_row - 1, 60)))
    if retry_after_s is None:
        return own_s
    return max(retry_after_s, MIN_BACKOFF_S if n_in_row <= 1 else own_s)


def decide_retry(
    outcome: Outcome,
    *,
    attempt: int,
    snoozed_s: float,
    n_in_row: int,
    jitter: float,
    policy: RetryPolicy,
    domain: str = "",
    block_cool_down_s: float | None = None,
) -> RetryDecision:
    """Return the consequence of an outcome of the ``attempt``-th attempt (1..).

    ``policy`` is that of the batch; ``snoozed_s`` is how long the item was put off so far, ``n_in_row`` the number of such
    answers of the domain in a row, this one included.
    """
    rule = RULES[outcome.kind]
    if outcome.kind is OutcomeKind.NOT_BEGUN:
        # with its turn far off, the domain waits until then
        return RetryDecision(ItemEvent.GIVE_BACK, cool_down_s=outcome.retry_after_s or 0.0)
    if (event := _AT_ONCE.get(outcome.kind) or _BY_CURE.get(rule.action)) is not None:
        return RetryDecision(event)
    change = policy.change(outcome.kind, domain, most=rule.max_attempts)
    rule = _changed(rule, change)
    if rule.action is RetryAction.SNOOZE or is_throttle(outcome):
        cool_s = cool_down_s(rule, n_in_row, outcome.retry_after_s)
        if outcome.kind is OutcomeKind.BLOCKED and block_cool_down_s is not None:
            own = replace(rule, base_s=block_cool_down_s, cap_s=max(rule.cap_s, block_cool_down_s))
            cool_s = max(cool_down_s(own, n_in_row, None), outcome.retry_after_s or 0.0)
        too_long = snoozed_s + cool_s > policy.snooze_s(domain)
        event = ItemEvent.EXHAUST if too_long else ItemEvent.SNOOZE
        return RetryDecision(event, delay_s=0.0 if too_long else cool_s, cool_down_s=cool_s)
    if attempt >= (change.max_attempts or policy.max_attempts):
        return RetryDecision(ItemEvent.EXHAUST)
    return RetryDecision(ItemEvent.RETRY, delay_s=backoff_s(rule, attempt, jitter=jitter))


_AT_ONCE: Mapping[OutcomeKind, ItemEvent] = {
    _K.FETCHED: ItemEvent.FETCHED,
    _K.LISTED: ItemEvent.FETCHED,
    _K.ANSWERED: ItemEvent.ANSWERED,
    _K.REDIRECTED: ItemEvent.HOP,
}
_BY_CURE: Mapping[RetryAction, ItemEvent] = {
    RetryAction.SKIP: ItemEvent.SKIP,
    RetryAction.DEAD: ItemEvent.EXHAUST,
}
