"""The lanes that a changeset ends: decided before it is written, so that they end in the same transaction.

A lane ends if its domain is parked (it blocks again and again, or is gone), or if its robots.txt cannot be fetched, lies at an
address that the batch may not fetch from, or kills the worker that reads it. The effect of a report on a domain is computed on
a copy; the engine's state stays until the journal has committed.
"""

from __future__ import annotations

from tlray.core.model.outcome import Outcome, OutcomeKind
from tlray.core.politeness.domain import DomainState
from tlray.core.politeness.retry import bounded
from tlray.core.politeness.robots import NOT_ITS_TURN, RobotsAnswer
from tlray.core.scheduling.changeset import Changeset, LaneDeath
from tlray.core.scheduling.crash_suspect import CrashSuspect
from tlray.core.scheduling.engine_state import EngineState
from tlray.core.scheduling.lease import Report

KILLS_READERS = "its robots.txt kills the worker that reads it"


def of_report(engine: EngineState, report: Report, changeset: Changeset, *, now: float) -> list[LaneDeath]:
    """Return the lanes that end with a report; ``changeset`` has its other consequences."""
    ahead: dict[str, DomainState] = {}
    answers: dict[str, list[Outcome]] = {}
    for change in changeset.changes:
        answers.setdefault(change.item.domain, []).extend(filter(None, [change.outcome]))
        answers.setdefault(change.domain, [])
    for page in changeset.found:  # what it lists may come to a domain that is given up
        for name in dict.fromkeys(url.domain for url in page.urls):
            answers.setdefault(name, [])
    for name, outcomes in answers.items():
        state = engine.domains.get(name)
        if state is not None and (state.parked or state.may_park(outcomes)):
            ahead[name] = state.forecast()
            ahead[name].count_answers(outcomes, now=now)
    deaths = [death for name, state in ahead.items() for death in parked_lanes(engine, name, state, now=now)]
    for answer in report.robots:
        deaths += of_robots(engine, answer, engine.domains[answer.domain].forecast(), now=now)
    return list(dict.fromkeys(deaths))


def parked_lanes(engine: EngineState, name: str, state: DomainState, *, now: float) -> list[LaneDeath]:
    """Return the lanes of a parked domain that are given up."""
    return [
        LaneDeath(batch.id, name, reason)
        for batch in engine.domain_index.at(name)
        if batch.has_begun
        and batch.open_by_domain.get(name, 0) > 0
        and (reason := state.parked_reason(batch.retry.snooze_s(name), now=now)) is not None
    ]


def of_robots(
    engine: EngineState, answer: RobotsAnswer, state: DomainState, *, now: float
) -> list[LaneDeath]:
    """Apply a robots.txt answer to a domain; return the lanes that it ends."""
    if answer.location is not None and state.follow_robots_redirect(
        answer.location, from_public=answer.from_public
    ):
        return []
    if answer.is_refused:
        state.reset_robots_location()
        reason = f"{OutcomeKind.PRIVATE_ADDRESS}: {answer.reason}"
        return [
            LaneDeath(lane.batch, answer.domain, reason)
            for lane in engine.frontier.lanes_at(answer.domain)
            if engine.batches[lane.batch].networks == answer.networks and engine.batches[lane.batch].has_begun
        ]
    if answer.text is not None or answer.location is not None:
        state.apply_robots(answer.text or "", answer.crawl_delay_s, now=now)
        return []
    reason, after_s = answer.reason or "no answer", answer.retry_after_s
    if reason != NOT_ITS_TURN and after_s is not None and after_s > engine.max_rest_s:
        reason, after_s = f"{reason}; {bounded(after_s, engine.max_rest_s)}", engine.max_rest_s
    if not state.count_robots_failure(reason, now=now, retry_after_s=after_s):
        return []
    return _begun_lanes(engine, answer.domain, f"robots.txt cannot be fetched: {answer.reason}")


def of_lost_reader(engine: EngineState, suspect: CrashSuspect) -> list[LaneDeath]:
    """Return the lanes that end because a robots.txt has killed its reader too often."""
    name = suspect.robots_of or ""
    if name not in engine.domains or not engine.domains[name].forecast().count_robots_crash():
        return []
    return _begun_lanes(engine, name, KILLS_READERS)


def _begun_lanes(engine: EngineState, name: str, reason: str) -> list[LaneDeath]:
    """Return a domain's lanes, without those of scheduled batches."""
    lanes = engine.frontier.lanes_at(name)
    return [LaneDeath(lane.batch, name, reason) for lane in lanes if engine.batches[lane.batch].has_begun]
