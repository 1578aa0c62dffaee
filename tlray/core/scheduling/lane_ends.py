"""Lanes that a changeset ends: decided before anything is written, so that they die in the same transaction.

A lane dies where its domain is parked (it blocks again and again, or is gone), where its robots.txt cannot be had, lies at an
address that the batch may not fetch from, or kills the worker that reads it. What the report will make of a domain is found on a
copy of its state; the engine itself stays as it is until the journal has committed.
"""

from __future__ import annotations

from tlray.core.model.outcome import Outcome, OutcomeKind
from tlray.core.politeness.domain import DomainState
from tlray.core.politeness.retry import bounded
from tlray.core.politeness.robots import NOT_ITS_TURN, RobotsAnswer
from tlray.core.scheduling.changeset import LaneDeath, Verdict
from tlray.core.scheduling.crash_suspect import Suspect
from tlray.core.scheduling.engine_state import EngineState
from tlray.core.scheduling.lease import Report

KILLS_READERS = "its robots.txt kills the worker that reads it"


def of_report(engine: EngineState, report: Report, verdict: Verdict, *, now: float) -> list[LaneDeath]:
    """Return the lanes that end with a report whose other consequences are in ``verdict``."""
    ahead: dict[str, DomainState] = {}
    answers: dict[str, list[Outcome]] = {}
    for change in verdict.changes:
        answers.setdefault(change.item.domain, []).extend(filter(None, [change.outcome]))
        answers.setdefault(change.domain, [])
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
    """Return the lanes of a domain that are given up because it is parked."""
    return [
        LaneDeath(book.id, name, why)
        for book in engine.presence.at(name)
        if book.has_begun
        and book.open_by_domain.get(name, 0) > 0
        and (why := state.why_parked(book.retry.snooze_s(name), now=now)) is not None
    ]


def of_robots(
    engine: EngineState, answer: RobotsAnswer, state: DomainState, *, now: float
) -> list[LaneDeath]:
    """Take a robots.txt's answer into a domain's state; return the lanes that die of it."""
    if answer.location is not None and state.follow_robots(answer.location, from_public=answer.from_public):
        return []
    if answer.is_refused:
        state.forget_where_robots_lies()
        why = f"{OutcomeKind.PRIVATE_ADDRESS}: {answer.why}"
        return [
            LaneDeath(lane.batch, answer.domain, why)
            for lane in engine.frontier.lanes_at(answer.domain)
            if engine.books[lane.batch].networks == answer.networks and engine.books[lane.batch].has_begun
        ]
    if answer.text is not None or answer.location is not None:
        state.learn_robots(answer.text or "", answer.crawl_delay_s, now=now)
        return []
    why, after_s = answer.why or "no answer", answer.retry_after_s
    if why != NOT_ITS_TURN and after_s is not None and after_s > engine.max_rest_s:
        why, after_s = f"{why}; {bounded(after_s, engine.max_rest_s)}", engine.max_rest_s
    if not state.miss_robots(why, now=now, retry_after_s=after_s):
        return []
    return _begun_lanes(engine, answer.domain, f"robots.txt cannot be had: {answer.why}")


def of_lost_reader(engine: EngineState, suspect: Suspect) -> list[LaneDeath]:
    """Return the lanes that end because a robots.txt has killed its reader once too often."""
    name = suspect.robots_of or ""
    if name not in engine.domains or not engine.domains[name].forecast().lose_robots():
        return []
    return _begun_lanes(engine, name, KILLS_READERS)


def _begun_lanes(engine: EngineState, name: str, why: str) -> list[LaneDeath]:
    """Return a domain's lanes, but for those of batches that were put off: what happens before is not their matter."""
    lanes = engine.frontier.lanes_at(name)
    return [LaneDeath(lane.batch, name, why) for lane in lanes if engine.books[lane.batch].has_begun]
