"""What is to be said about a batch: the sentences under its title, and the states of its domains."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from tlray.core.model.amounts import rate_of
from tlray.core.model.progress import BatchStatus
from tlray.core.politeness.dead_kind import OTHER, kind_of
from tlray.core.politeness.domain import PARKED
from tlray.service.page.text import duration, plural
from tlray.service.page.words import kind_words

MAX_RESTS: Final = 3
"""Domains that rest or were given up, with a sentence each."""


@dataclass(frozen=True, slots=True)
class Note:
    """A sentence under the title."""

    glyph: str
    tone: str
    text: str
    until: float | None = None
    """When it ends."""
    is_bad: bool = False
    href: str = ""
    """The address, below ``/``, of what to do next; "" for none."""
    label: str = ""


def notes(status: BatchStatus, *, may_submit: bool = True) -> list[Note]:
    """Return what a reader has to know, the most important first."""
    found: list[Note] = []
    if status["trouble"]:
        found.append(Note("warn", "bad", f"Nothing goes on: {status['trouble']}", is_bad=True))
    if (note := _of_state(status)) is not None:
        is_of_reader = may_submit or not note.href.startswith("new")
        found.append(note if is_of_reader else replace(note, href="", label=""))
    return [*found, *_rests(status), *_given_up(status)]


def _of_state(status: BatchStatus) -> Note | None:
    state, counts = status["state"], status["counts"]
    n_flying, n_kept, n_left = counts.get("leased", 0), counts.get("succeeded", 0), counts.get("cancelled", 0)
    if state == "paused":
        begun = (
            f"What is in flight ({plural(n_flying, 'page')}) still finishes; nothing"
            if n_flying
            else "Nothing"
        )
        return Note("pause", "wait", f"Paused. {begun} new begins.")
    if state in ("cancelling", "cancelled"):
        return _cancelled(status, n_kept, n_left)
    if state == "scheduled":
        return Note("clock", "wait", "It starts", until=status["starts_at"])
    if state == "completed":
        return _end(status)
    return None


def _cancelled(status: BatchStatus, n_kept: int, n_left: int) -> Note:
    if status["state"] == "cancelling":
        text = "This batch is being cancelled and cannot be resumed."
        return Note("dash", "off", text, href=_again(status), label="New batch from what is left")
    text = f"Cancelled. What was fetched is kept: {plural(n_kept, 'set')}. Not fetched: {plural(n_left, 'item')}."
    if not n_left:
        return Note("dash", "off", text)
    label = "New batch from this one" if n_left == 1 else f"New batch from these {n_left:,}"
    return Note("dash", "off", text, href=_again(status), label=label)


def _again(status: BatchStatus) -> str:
    return f"new?from={status['batch_id']}"


def _end(status: BatchStatus) -> Note:
    n_sets, n_dead = status["counts"].get("succeeded", 0), status["counts"].get("dead", 0)
    if not n_sets and n_dead:
        text = f"Finished without a set: {plural(n_dead, 'dead letter')}."
        return Note("cross", "bad", text, href=_dead(status), label="See why")
    dead = f", {plural(n_dead, 'dead letter')}" if n_dead else ""
    what = f"{plural(n_sets, 'set')}, {plural(status['tracks'], 'track')}{dead}"
    text = f"Done in {duration(status['elapsed_s'])}: {what}."
    if not n_dead:
        return Note("check", "done", text)
    return Note(
        "check", "done", text, href=_dead(status), label="See it" if n_dead == 1 else f"See the {n_dead:,}"
    )


def _dead(status: BatchStatus) -> str:
    return f"dead-letters?batch={status['batch_id']}"


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


def _given_up(status: BatchStatus) -> list[Note]:
    found = []
    for name, why in list(status["parked"].items())[:MAX_RESTS]:
        reason = why.removeprefix(f"{PARKED}: ")
        text = f"{name} was given up: {reason}. Its items are dead letters; leave it alone for a day, then retry them."
        found.append(Note("ban", "bad", text, href=_dead(status), label="See them"))
    return found


def reason_words(reason: str) -> str:
    """Return why a domain rests."""
    kind = kind_of(reason)
    return (reason or "it asked for a pause") if kind == OTHER else kind_words(kind)


_DOMAIN_STATES: Final = {
    "paused": ("pause", "wait", "paused by an admin"),
    "parked": ("ban", "bad", "given up"),
    "resting": ("clock", "wait", "rests"),
    "finished": ("check", "done", "finished"),
}


def domain_state(row: Mapping[str, Any], *, of: str) -> dict[str, str]:
    """Return what the row of a domain shows: glyph, tone and word of its state in a batch of some state, and its rate."""
    goes_on = ("flight", "live", "goes on") if of == "running" else ("pause", "wait", "waits")
    glyph, tone, word = _DOMAIN_STATES.get(row["state"], goes_on)
    return {"glyph": glyph, "tone": tone, "word": word, "rate_text": rate_of(row["rate"], row["max_rate"])}
