"""The consequences of a report: a change for each outcome, cool-downs of domains, ends of lanes.

Nothing is applied here; see `tlray.core.scheduling.changeset`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from tlray.core.model.discovery import PageFound
from tlray.core.model.durations import in_words
from tlray.core.model.hosts import is_public_host
from tlray.core.model.item import FrontierItem
from tlray.core.model.lifecycle import BatchState, ItemEvent, ItemState, advance
from tlray.core.model.outcome import LED_INSIDE, Outcome, OutcomeKind
from tlray.core.model.urls import BadUrl, CanonicalUrl, host_of, redirected
from tlray.core.politeness.circuit_breaker import CircuitBreaker
from tlray.core.politeness.domain import PARK_AFTER_BLOCKS, DomainState, blocked_too_often
from tlray.core.politeness.retry import RetryDecision, bounded_outcome, decide_retry
from tlray.core.politeness.site_profile import politeness_key
from tlray.core.scheduling import lane_ends
from tlray.core.scheduling.changeset import Changeset, DomainChange, ItemChange
from tlray.core.scheduling.crash_suspect import ANY_ITEM, CrashSuspect
from tlray.core.scheduling.engine_state import EngineState
from tlray.core.scheduling.lease import Report

if TYPE_CHECKING:
    import random

_NO_RETRY_AFTER = frozenset(
    {OutcomeKind.FETCHED, OutcomeKind.LISTED, OutcomeKind.FOUND, OutcomeKind.ANSWERED, OutcomeKind.NOT_BEGUN}
)
MAX_HOPS = 5
MAX_LOST = 3
"""An item whose lease was lost so often "kills its worker"."""


def decide(engine: EngineState, report: Report, *, now: float, rng: random.Random) -> Changeset:
    """Return the consequences of a report of a live lease."""
    lease = engine.leases[report.lease_id]
    stems = {part.batch_id: part.stem for part in report.parts}
    changeset = Changeset(report.lease_id, parts=report.parts, robots=report.robots)
    cool_downs: dict[str, DomainChange] = {}
    turns: dict[str, DomainChange] = {}
    left = dict(lease.items)
    breakers: dict[str, CircuitBreaker] = {}
    for reported in report.outcomes:
        outcome = bounded_outcome(reported, engine.max_rest_s)
        item = left.pop(outcome.item_id, None)
        if item is None:
            continue  # not of this lease, or reported twice
        batch = engine.batches[item.batch]
        domain = engine.domains[item.domain]
        n_in_row = domain.n_in_row(outcome.kind, now=now)
        snoozed_s = now - item.snoozed_since if item.snoozed_since is not None else 0.0
        decision = decide_retry(
            outcome,
            attempt=item.attempt,
            snoozed_s=snoozed_s,
            n_in_row=n_in_row,
            jitter=rng.random(),
            policy=batch.retry,
            domain=item.domain,
            block_cool_down_s=domain.policy.block_cool_down_s,
        )
        breaker = breakers.get(item.domain) or breakers.setdefault(item.domain, domain.breaker.copy())
        cool = cool_downs.get(item.domain)
        cool_until = max(domain.cool_until, cool.until if cool else domain.cool_until)
        rest_s = breaker.count(item.id, outcome.kind, now=now, cool_until=cool_until)
        if rest_s is not None:
            decision = RetryDecision(ItemEvent.SNOOZE, delay_s=rest_s, cool_down_s=rest_s)
        if outcome.kind is OutcomeKind.BLOCKED and n_in_row >= PARK_AFTER_BLOCKS:
            decision = replace(decision, event=ItemEvent.EXHAUST, delay_s=0.0)
        if outcome.kind is OutcomeKind.PRIVATE_ADDRESS and item.from_public:
            # no rule of a user or a site skips the page, so it is no skip
            decision = RetryDecision(ItemEvent.EXHAUST)
        domain_rests_s = max(decision.cool_down_s, _requested_s(outcome))
        waits = turns if outcome.kind is OutcomeKind.NOT_BEGUN else cool_downs
        if domain_rests_s and (item.domain not in waits or now + domain_rests_s > waits[item.domain].until):
            n_blocks = n_in_row if outcome.kind is OutcomeKind.BLOCKED else domain.n_blocks
            reason = f"no answer, {_reason(outcome)}" if rest_s else _cooling_reason(outcome, domain, now)
            until, prolongs = now + domain_rests_s, now < domain.rest_until
            waits[item.domain] = DomainChange(item.domain, until, reason, n_blocks, prolongs)
        change = _change(item, outcome, decision, now=now, stem=stems.get(batch.batch_id))
        if decision.event is ItemEvent.EXHAUST and decision.cool_down_s:
            put_off = f"put off for {in_words(snoozed_s + decision.cool_down_s)} in all"
            most = in_words(batch.retry.snooze_s(item.domain))
            change = replace(change, reason=f"{_reason(outcome)}; {put_off}, at most {most}")
        if outcome.kind is OutcomeKind.BLOCKED and n_in_row >= PARK_AFTER_BLOCKS:
            change = replace(change, reason=blocked_too_often(n_in_row))
        if batch.state is BatchState.CANCELLING and not change.after.is_final:
            change = _with(item, ItemEvent.CANCEL, outcome=outcome, stem=change.stem, reason="cancelled")
        changeset.changes.append(change)
    changeset.cool_downs, changeset.turns = [*cool_downs.values()], [*turns.values()]
    changeset.found = _pages_found(engine, changeset.changes)
    changeset.deaths = lane_ends.of_report(engine, report, changeset, now=now)
    return changeset


def _pages_found(engine: EngineState, changes: list[ItemChange]) -> list[PageFound]:
    """Return what pages add to their batches: to those that find sets, and are not being cancelled."""
    pages = []
    for change in changes:
        item, outcome = change.item, change.outcome
        if outcome is None or not outcome.found or change.after is not ItemState.SUCCEEDED:
            continue
        batch = engine.batches[item.batch]
        terms = batch.terms
        if terms is not None and terms.max_found and batch.state is not BatchState.CANCELLING:
            from_public = item.from_public or outcome.from_public
            note = outcome.reason if outcome.kind is OutcomeKind.LISTED else None
            pages.append(
                PageFound(item, outcome.found, from_public, terms.max_found, terms.is_only_finding, note)
            )
    return pages


def decide_lost(
    engine: EngineState, lease_id: str, reason: str, suspect: CrashSuspect = ANY_ITEM
) -> Changeset:
    """Return the consequences of a lost lease: the loss counts against the suspects only."""
    changeset = Changeset(lease_id)
    for item in engine.leases[lease_id].items.values():
        if engine.batches[item.batch].state is BatchState.CANCELLING:
            change = _with(item, ItemEvent.CANCEL, reason="cancelled")
        elif not suspect.accuses(item.id):
            change = _with(item, ItemEvent.GIVE_BACK, reason=reason)
        elif item.n_lost + 1 >= MAX_LOST:
            change = _with(
                item, ItemEvent.EXHAUST, n_lost=item.n_lost + 1, reason=f"kills its worker ({reason})"
            )
        else:
            change = _with(
                item,
                ItemEvent.GIVE_BACK,
                n_lost=item.n_lost + 1,
                is_suspect=item.id == suspect.item_id,
                reason=reason,
            )
        changeset.changes.append(change)
    changeset.deaths = lane_ends.of_lost_reader(engine, suspect)
    return changeset


def give_back(engine: EngineState, lease_id: str) -> Changeset:
    """Return the consequences for items that a task which ended in order has not begun."""
    cancelling = {b.id for b in engine.batches.values() if b.state is BatchState.CANCELLING}
    items = engine.leases[lease_id].items.values()
    return Changeset(
        lease_id,
        [_with(i, ItemEvent.CANCEL if i.batch in cancelling else ItemEvent.GIVE_BACK) for i in items],
    )


def _change(
    item: FrontierItem, outcome: Outcome, decision: RetryDecision, *, now: float, stem: str | None
) -> ItemChange:
    rest: dict[str, Any] = {"outcome": outcome, "stem": stem if outcome.raw or outcome.n_sets else None}
    match decision.event:
        case ItemEvent.HOP:
            return _hop(item, outcome, rest)
        case ItemEvent.RETRY:
            return _with(
                item,
                ItemEvent.RETRY,
                attempt=item.attempt + 1,
                snoozed_since=None,
                due=now + decision.delay_s,
                reason=_reason(outcome),
                **rest,
            )
        case ItemEvent.SNOOZE:
            since = item.snoozed_since if item.snoozed_since is not None else now
            due = now + decision.delay_s
            return _with(
                item, ItemEvent.SNOOZE, due=due, snoozed_since=since, reason=_reason(outcome), **rest
            )
        case ItemEvent.FETCHED | ItemEvent.GIVE_BACK:
            return _with(item, decision.event, **rest)
        case event:
            return _with(item, event, reason=_reason(outcome), **rest)


def _hop(item: FrontierItem, outcome: Outcome, rest: dict[str, Any]) -> ItemChange:
    target = redirected(item.url, outcome.location or "")
    if isinstance(target, BadUrl):
        return _with(item, ItemEvent.EXHAUST, reason=f"redirected to no good URL: {target.reason}", **rest)
    rest["from_public"] = item.from_public or outcome.from_public
    if rest["from_public"] and not is_public_host(host_of(target.domain)):
        return _with(item, ItemEvent.EXHAUST, reason=f"{OutcomeKind.PRIVATE_ADDRESS}: {LED_INSIDE}", **rest)
    if item.n_hops >= MAX_HOPS or target.url == item.url:
        return _with(
            item, ItemEvent.EXHAUST, reason=f"redirected in a loop, last to {target.url}"[:200], **rest
        )
    return _hopped(item, target, rest)


def _hopped(item: FrontierItem, target: CanonicalUrl, rest: dict[str, Any]) -> ItemChange:
    return _with(
        item,
        ItemEvent.HOP,
        n_hops=item.n_hops + 1,
        url=target.url,
        domain=politeness_key(target.domain),
        **rest,
    )


def _with(item: FrontierItem, event: ItemEvent, **changed: Any) -> ItemChange:
    values: dict[str, Any] = {
        "attempt": item.attempt,
        "n_lost": item.n_lost,
        "n_hops": item.n_hops,
        "snoozed_since": item.snoozed_since,
        "url": item.url,
        "domain": item.domain,
        "from_public": item.from_public,
    }
    after = advance(ItemState.LEASED, event)
    return ItemChange(item=item, before=ItemState.LEASED, after=after, event=event, **{**values, **changed})


def _requested_s(outcome: Outcome) -> float:
    """Return the seconds of an outcome's ``Retry-After``; it counts with every answer but a good one."""
    return 0.0 if outcome.kind in _NO_RETRY_AFTER else outcome.retry_after_s or 0.0


def _cooling_reason(outcome: Outcome, domain: DomainState, now: float) -> str:
    """Return why a domain cools down; an item given back because of that adds no reason."""
    if outcome.kind is not OutcomeKind.NOT_BEGUN:
        return _reason(outcome)
    if domain.is_cooling(now) and domain.cool_reason:
        return domain.cool_reason
    return domain.slow_because or "its next turn is far off"


def _reason(outcome: Outcome) -> str:
    detail = outcome.reason or (str(outcome.status) if outcome.status else "")
    return f"{outcome.kind}: {detail}" if detail else str(outcome.kind)
