"""What is to be said about a batch: the sentences under its title, and the states of its domains."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final
from urllib.parse import urlencode

from tlray.core.model.amounts import rate_of
from tlray.core.model.outcome import OutcomeKind
from tlray.core.model.progress import BatchStatus
from tlray.core.model.receipts import BatchOrigin, DeadGroupRecord
from tlray.core.politeness.dead_kind import OTHER, kind_of
from tlray.core.politeness.domain import PARKED
from tlray.service.page.text import duration, plural
from tlray.service.page.words import kind_words

MAX_RESTS: Final = 3
"""Domains that rest or were given up, with a sentence each."""
BECAUSE: Final = frozenset(
    {
        OutcomeKind.GONE, OutcomeKind.NOT_A_SET, OutcomeKind.BLOCKED, OutcomeKind.UNREADABLE, OutcomeKind.UNAVAILABLE,
        OutcomeKind.TRUNCATED, OutcomeKind.ROBOTS, OutcomeKind.DNS, PARKED,
    }
)  # fmt: skip
"""Kinds whose words are a sentence."""
ASKED_FROM: Final = 1_000
"""A retry of more is asked about, in the view of dead letters."""
SLOW_S: Final = 5.0
"""Seconds between pages from which on a robots.txt is worth a word."""


@dataclass(frozen=True, slots=True)
class Retry:
    """A group of dead letters that a note has a button for."""

    kind: str
    domain: str
    n: int
    seen: int
    """The version of the groups: what died since stays."""


@dataclass(frozen=True, slots=True)
class Note:
    """A sentence under the title."""

    glyph: str
    tone: str
    text: str
    lead: str = ""
    """What happened at ``since``; said before the text."""
    since: float | None = None
    until: float | None = None
    """When it ends."""
    is_bad: bool = False
    href: str = ""
    """The address, below ``/``, of what to do next; "" for none."""
    label: str = ""
    retry: Retry | None = None


@dataclass(frozen=True, slots=True)
class Facts:
    """What the sentences are made of."""

    status: BatchStatus
    origin: BatchOrigin | None = None
    """None where it does not matter."""
    dead: Sequence[DeadGroupRecord] = ()
    """Its dead letters by kind and domain."""
    seen: int = 0
    """The version of these."""
    domains: Sequence[Mapping[str, Any]] = ()

    def dead_of(self, kind: str) -> Iterable[DeadGroupRecord]:
        """Return the groups of a kind."""
        return (group for group in self.dead if group["kind"] == kind)


def notes(facts: Facts, *, may_submit: bool = True) -> list[Note]:
    """Return what a reader has to know, the most important first."""
    status = facts.status
    found: list[Note] = []
    if status["trouble"]:
        found.append(Note("warn", "bad", f"Nothing goes on: {status['trouble']}", is_bad=True))
    if (note := _of_state(facts)) is not None:
        found.append(note)
    found += [*_rests(status), *_given_up(facts), *_forbidden(facts), *_slow(facts)]
    return found if may_submit else [_for_reader(note) for note in found]


def _for_reader(note: Note) -> Note:
    """Return a note without what its reader may not do."""
    is_new = note.href.startswith("new")
    return replace(note, retry=None, href="" if is_new else note.href, label="" if is_new else note.label)


def _of_state(facts: Facts) -> Note | None:
    state = facts.status["state"]
    if state == "paused":
        return _paused(facts)
    if state in ("cancelling", "cancelled"):
        return _cancelled(facts)
    if state == "scheduled":
        return Note("clock", "wait", "It starts", until=facts.status["starts_at"])
    return _end(facts) if state == "completed" else None


def _paused(facts: Facts) -> Note:
    n_flying, origin = facts.status["counts"].get("leased", 0), facts.origin
    text = "Nothing new begins."
    if n_flying:
        text = f"What is in flight ({plural(n_flying, 'page')}) still finishes; nothing new begins."
    if origin is None or origin["paused_at"] is None:
        return Note("pause", "wait", f"Paused. {text}")
    lead = f"Paused by {origin['paused_by']}" if origin["paused_by"] else "Paused"
    return Note("pause", "wait", text, lead=lead, since=origin["paused_at"])


def _cancelled(facts: Facts) -> Note:
    status = facts.status
    n_kept, n_left = status["counts"].get("succeeded", 0), status["counts"].get("cancelled", 0)
    if status["state"] == "cancelling":
        text = "This batch is being cancelled and cannot be resumed."
        return Note("dash", "off", text, href=_again(status), label="New batch from what is left")
    text = f"What was fetched is kept: {plural(n_kept, 'set')}. Not fetched: {plural(n_left, 'item')}."
    at = facts.origin["finished_at"] if facts.origin else None
    note = (
        Note("dash", "off", f"Cancelled. {text}")
        if at is None
        else Note("dash", "off", text, lead="Cancelled", since=at)
    )
    if not n_left:
        return note
    label = "New batch from this one" if n_left == 1 else f"New batch from these {n_left:,}"
    return replace(note, href=_again(status), label=label)


def _again(status: BatchStatus) -> str:
    return f"new?from={status['batch_id']}"


def _end(facts: Facts) -> Note:
    status = facts.status
    n_sets, n_dead = status["counts"].get("succeeded", 0), status["counts"].get("dead", 0)
    if not n_sets and n_dead:
        text = f"Finished without a set: {plural(n_dead, 'dead letter')}{_mostly(facts.dead, n_dead)}."
        return Note("cross", "bad", text, href=_dead(status), label="See why")
    dead = f", {plural(n_dead, 'dead letter')}" if n_dead else ""
    what = f"{plural(n_sets, 'set')}, {plural(status['tracks'], 'track')}{dead}"
    text = f"Done in {duration(status['elapsed_s'])}: {what}."
    if not n_dead:
        return Note("check", "done", text)
    return Note(
        "check", "done", text, href=_dead(status), label="See it" if n_dead == 1 else f"See the {n_dead:,}"
    )


def _mostly(dead: Sequence[DeadGroupRecord], n_dead: int) -> str:
    """Return what most of the dead letters died of."""
    by_kind: dict[str, int] = {}
    for group in dead:
        by_kind[group["kind"]] = by_kind.get(group["kind"], 0) + group["n"]
    if not by_kind:
        return ""
    kind, n = max(by_kind.items(), key=lambda pair: pair[1])
    if n_dead == 1:
        return f", because {kind_words(kind)}" if kind in BECAUSE else f": {kind_words(kind)}"
    who = "all of them" if n == n_dead else f"{n:,} of them"
    return f", {who} {'because ' if kind in BECAUSE else 'of “'}{kind_words(kind)}{'' if kind in BECAUSE else '”'}"


def _dead(status: BatchStatus, **more: str) -> str:
    return f"dead-letters?{urlencode({'batch': status['batch_id'], **more})}"


def _rests(status: BatchStatus) -> list[Note]:
    """Return a note for each domain that rests; one for all if there are many."""
    if status["state"] not in ("running", "paused"):
        return []
    resting = [(name, domain) for name, domain in status["domains"].items() if domain.get("cooling_until")]
    n_open = sum(domain["open"] > 0 for domain in status["domains"].values())
    are_all = len(resting) == n_open > 1
    found = []
    if len(resting) > MAX_RESTS or are_all:
        first = min(float(domain["cooling_until"]) for _, domain in resting)
        who = "All " * are_all + f"{len(resting)} sites"
        found.append(Note("clock", "wait", f"{who} of this batch rest. The first goes on", until=first))
    if len(resting) > MAX_RESTS:
        return found
    for name, domain in resting:
        n = domain["open"]
        goes = f"Its {plural(n, 'item')} {'goes on by itself' if n == 1 else 'go on by themselves'}"
        text = f"{name} rests: {reason_words(domain.get('reason') or '')}. {goes}"
        found.append(Note("clock", "wait", text, until=float(domain["cooling_until"])))
    return found


def _given_up(facts: Facts) -> list[Note]:
    """Return a note for each domain that was given up, with a button for its dead letters."""
    status, found = facts.status, []
    groups = {group["domain"]: group for group in facts.dead_of(PARKED)}
    for name in list(dict.fromkeys([*status["parked"], *groups]))[:MAX_RESTS]:
        why = status["parked"].get(name) or groups[name]["sample"]["reason"] or ""
        text = f"{name} was given up: {why.removeprefix(f'{PARKED}: ')}."
        n = groups[name]["n"] if name in groups else 0
        if n:
            text += f" Its {plural(n, 'item')} {'is a dead letter' if n == 1 else 'are dead letters'}."
        may_retry = 0 < n <= ASKED_FROM and status["state"] in ("running", "completed")
        retry = Retry(PARKED, name, n, facts.seen) if may_retry else None
        href = _dead(status, kind=PARKED, domain=name) if n else ""
        text += " Leave it alone for a day, then retry."
        found.append(Note("ban", "bad", text, href=href, label="See them" if n else "", retry=retry))
    return found


def _forbidden(facts: Facts) -> list[Note]:
    """Return a note on the pages of the batch that a robots.txt forbids."""
    groups = list(facts.dead_of(OutcomeKind.ROBOTS))
    if not groups:
        return []
    n, name = sum(group["n"] for group in groups), groups[0]["domain"]
    whose = (
        f"robots.txt of {name} forbids"
        if len(groups) == 1
        else f"robots.txt of {len(groups):,} sites forbids"
    )
    pages, are = ("this page", "it is") if n == 1 else (f"these {n:,} pages", "they are")
    text = f"{whose} {pages}, so {are} not fetched. A retry changes nothing."
    of_one = {"kind": OutcomeKind.ROBOTS.value, "domain": name} if len(groups) == 1 else {}
    return [
        Note("ban", "off", text, href=_dead(facts.status, **of_one), label="See it" if n == 1 else "See them")
    ]


def _slow(facts: Facts) -> list[Note]:
    """Return a note on the domain whose robots.txt makes the batch slow; on the slowest, if there are more."""
    if facts.status["state"] not in ("running", "paused"):
        return []
    rows = [row for row in facts.domains if (row["robots_delay_s"] or 0.0) >= SLOW_S and row["left"] > 1]
    if not rows:
        return []
    row = max(rows, key=lambda row: row["left"] * row["robots_delay_s"])
    delay_s, n = row["robots_delay_s"], row["left"]
    text = (
        f"robots.txt of {row['domain']} asks for {duration(delay_s)} between pages:"
        f" these {n:,} items need {duration(n * delay_s)} at least."
    )
    return [Note("info", "none", text)]


def reason_words(reason: str) -> str:
    """Return why a domain rests."""
    kind = kind_of(reason)
    return (reason or "it asked for a pause") if kind == OTHER else kind_words(kind)


def resting_text(rows: Iterable[Mapping[str, Any]]) -> str:
    """Return how many domains rest, for the line that folds them; "" for none."""
    n = sum(row["state"] == "resting" for row in rows)
    return f"{n:,} {'rests' if n == 1 else 'rest'}" if n else ""


_DOMAIN_STATES: Final = {
    "paused": ("pause", "wait", "paused by an admin"),
    "parked": ("ban", "bad", "given up"),
    "resting": ("clock", "wait", "rests"),
    "finished": ("check", "done", "finished"),
}


def domain_state(row: Mapping[str, Any], *, of: str) -> dict[str, Any]:
    """Return what the row of a domain shows: glyph, tone and word of its state in a batch of some state, why, and its rate."""
    goes_on = ("flight", "live", "goes on") if of == "running" else ("pause", "wait", "waits")
    glyph, tone, word = _DOMAIN_STATES.get(row["state"], goes_on)
    reason = row["reason"]
    if row["state"] == "resting":
        reason = reason_words(reason or "")
    rate_text = rate_of(row["rate"], row["max_rate"])
    return {"glyph": glyph, "tone": tone, "word": word, "rate_text": rate_text, "reason": reason}
