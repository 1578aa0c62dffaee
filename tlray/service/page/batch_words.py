"""What is to be said about a batch: the sentences under its title, and the states of its domains."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from tlray.core.model.progress import BatchStatus
from tlray.service.page.text import duration, plural, rate


@dataclass(frozen=True, slots=True)
class Note:
    """A sentence under the title."""

    glyph: str
    tone: str
    text: str
    until: float | None = None
    """When it ends."""
    is_bad: bool = False


def notes(status: BatchStatus) -> list[Note]:
    """Return what a reader has to know, the most important first."""
    found: list[Note] = []
    state, counts, n_dead = status["state"], status["counts"], status["counts"].get("dead", 0)
    if status["trouble"]:
        found.append(Note("warn", "bad", f"Nothing goes on: {status['trouble']}", is_bad=True))
    if state == "paused":
        n = counts.get("leased", 0)
        flying = f"The {plural(n, 'page')} in flight still finish; nothing" if n else "Nothing"
        found.append(Note("pause", "wait", f"Paused. {flying} new begins."))
    elif state == "cancelling":
        found.append(Note("dash", "off", "This batch is being cancelled and cannot be resumed."))
    elif state == "cancelled":
        kept, left = counts.get("succeeded", 0), counts.get("cancelled", 0)
        found.append(
            Note(
                "dash",
                "off",
                f"Cancelled. The {plural(kept, 'set')} that were fetched are kept; {plural(left, 'item')} were not fetched.",
            )
        )
    elif state == "scheduled" and status["starts_at"] is not None:
        found.append(Note("clock", "wait", "Starts", until=status["starts_at"]))
    elif state == "completed":
        found.append(_end(status, n_dead))
    return found + _rests(status)


def _end(status: BatchStatus, n_dead: int) -> Note:
    n_sets = status["counts"].get("succeeded", 0)
    if not n_sets and n_dead:
        return Note("cross", "bad", f"Finished without a set: all {plural(n_dead, 'item')} are dead letters.")
    dead = f", {plural(n_dead, 'dead letter')}" if n_dead else ""
    took = duration(status["elapsed_s"])
    return Note(
        "check",
        "done",
        f"Done in {took}: {plural(n_sets, 'set')}, {plural(status['tracks'], 'track')}{dead}.",
    )


def _rests(status: BatchStatus) -> list[Note]:
    """Return a note for each domain that rests or was given up; one for all if there are many."""
    found = []
    resting = [(name, domain) for name, domain in status["domains"].items() if domain.get("cooling_until")]
    if status["state"] in ("running", "paused"):
        if len(resting) > 3:
            first = min(float(domain["cooling_until"]) for _, domain in resting)
            found.append(
                Note(
                    "clock",
                    "wait",
                    f"{len(resting)} sites of this batch rest. The first goes on",
                    until=first,
                )
            )
        else:
            for name, domain in resting:
                why = domain.get("reason") or "it asked for a pause"
                text = f"{name} rests: {why}. Its {plural(domain['open'], 'item')} go on by themselves"
                found.append(Note("clock", "wait", text, until=float(domain["cooling_until"])))
    for name, why in list(status["parked"].items())[:3]:
        found.append(
            Note(
                "ban",
                "bad",
                f"{name} was given up: {why}. Its items are dead letters; leave it alone for a day, then retry.",
            )
        )
    return found


_DOMAIN_STATES: Final = {
    "paused": ("pause", "wait", "paused by an admin"),
    "parked": ("ban", "bad", "given up"),
    "resting": ("clock", "wait", "rests"),
    "finished": ("check", "done", "finished"),
}


def domain_state(row: Mapping[str, Any]) -> dict[str, str]:
    """Return what the row of a domain shows: glyph, tone and word of its state, and its rate."""
    glyph, tone, word = _DOMAIN_STATES.get(row["state"], ("flight", "live", "goes on"))
    ceiling, now = row["max_rate"], row["rate"]
    text = rate(now)
    if ceiling is not None and now is not None and abs(ceiling - now) > 0.02 * ceiling:
        text = f"{rate(now)} of {rate(ceiling)}"
    return {"glyph": glyph, "tone": tone, "word": word, "rate_text": text}
