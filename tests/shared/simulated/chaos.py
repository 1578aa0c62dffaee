"""Stories of random events, each from a seed: run, and, where one fails, shrunk to the few events that are needed.

``python -m simulated --seeds 0 200`` runs stories; ``--seed 17`` runs one, and tells it if it fails.
"""

from __future__ import annotations

import random
import re
import traceback
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from tlray.core.model.item import Priority
from tlray.core.model.lifecycle import BatchEvent

from .calls import Chances
from .site import N_LISTS, Site
from .world import World

NAMES = [f"{letter}.test" for letter in "abcdef"]
CHAOS_S = 60.0
POOL = 30
"""Pages of one site that batches choose from, so that they share some."""
MAX_EVENTS = 40
STORY_STEPS = 1_000_000
LAST = 80
"""Lines of what happened last that are told."""


@dataclass(frozen=True)
class Event:
    """One thing that happens."""

    at_s: float
    kind: str
    given: tuple[tuple[str, Any], ...] = ()

    def __str__(self) -> str:
        return f"{self.at_s:8.3f}  {self.kind}  " + " ".join(f"{k}={v}" for k, v in self.given)


@dataclass(frozen=True)
class Story:
    """Everything that a seed decides, but for the times of calls, which the world draws."""

    seed: int
    chances: Chances
    max_workers: int
    sites: tuple[tuple[str, tuple[tuple[str, Any], ...]], ...]
    events: tuple[Event, ...]

    def without(self, gone: Sequence[int]) -> Story:
        """Return the story without some events; in the end it always calms down."""
        return replace(
            self, events=tuple(e for i, e in enumerate(self.events) if i not in gone or e.kind == "calm")
        )


def _site(name: str, r: random.Random) -> tuple[str, tuple[tuple[str, Any], ...]]:
    temper: dict[str, Any] = {
        "latency_s": r.choice([0.02, 0.3, 2.0]),
        "error": r.choice([0, 0, 0.1, 0.4]),
        "throttle": r.choice([0, 0, 0.2]),
        "retry_after_s": r.choice([None, 0.0, 3.0, 40.0]),
        "block": r.choice([0, 0, 0, 0.05]),
        "gone": r.choice([0, 0, 0.2]),
        "hop_to": r.choice(NAMES),
        "hop": r.choice([0, 0, 0.3]),
        "outage": r.choice([(0.0, 0.0), (1000 + 20 * r.random(), 1000 + 200 * r.random())]),
        "crawl_delay_s": r.choice([None, None, 0.05, 0.5, 4.0, 12.0]),
        "robots_fails": r.choice([0, 0, 1, 3, 9]),
        "robots_at": r.choice([None] * 6 + [f"http://{r.choice(NAMES)}/robots.txt"]),
        "robots_kills": r.random() < 0.03,
        "deadly": frozenset(f"http://{name}/{i}" for i in range(POOL) if r.random() < r.choice([0, 0, 0.05])),
    }
    return name, tuple(temper.items())


def _submission(r: random.Random) -> tuple[tuple[str, Any], ...]:
    lines = [
        f"http://{n}/{i}" for n in r.sample(NAMES, r.randint(1, 5)) for i in range(r.choice([1, 5, POOL]))
    ]
    given = {
        "lines": tuple(lines),
        "priority": r.choice(list(Priority)),
        "rate": r.choice([None, 0.5, 5.0, 20.0, 200.0]),
        "fresh_for_s": r.choice([0.0, 0.0, 3600.0]),
        "not_before_s": r.choice([None, None, None, 20 * r.random()]),
    }
    return tuple(given.items())


def _with_lists(event: Event, seed: int, n: int) -> Event:
    """Return a submission with pages of lists, by a dice of their own: the other events of a seed stay as they are."""
    r = random.Random(f"lists {seed} {n}")
    if event.kind != "submit" or r.random() < 0.5:
        return event
    given = dict(event.given)
    lists = [f"http://{name}/list/{r.randrange(N_LISTS)}" for name in r.sample(NAMES, r.randint(1, 3))]
    place = r.randint(0, len(given["lines"]))
    given["lines"] = (*given["lines"][:place], *lists, *given["lines"][place:])
    given["max_found"] = r.choice([1, 7, 20, 1000])
    return replace(event, given=tuple(given.items()))


_BLOWS = (
    *["pause"] * 5, *["cancel"] * 2, *["retry"] * 3, *["limiter"] * 3, *["coordinator"] * 2, *["kill"] * 4, *["hang"] * 2,
    *["domain"] * 4, "disk", "bug", *["everything"] * 2,
)  # fmt: skip


def story(seed: int) -> Story:
    """Return the story of a seed."""
    r = random.Random(seed)
    call_s = r.choice([0.01, 0.3, 3.0])
    chances = Chances(
        longest_call_s=call_s, repeated=r.choice([0, 0.1]), failed_ask=r.choice([0, 0.05]),
        write_s=r.choice([0.001, 0.2]), connect_s=r.choice([0.0, 0.2]),
    )  # fmt: skip
    events = [Event(0.0, "submit", _submission(r))]
    events += [Event(20 * r.random(), "submit", _submission(r)) for _ in range(r.randint(0, 3))]
    for _ in range(r.choice([0, 6, MAX_EVENTS])):
        at_s, kind, of = CHAOS_S * r.random(), r.choice(_BLOWS), r.random()
        if kind == "pause":
            events.append(Event(at_s, "pause", (("of", of),)))
            events.append(Event(at_s + 20 * r.random() ** 2, "resume", (("of", of),)))
        elif kind == "domain":
            rate = r.choice([None, 0.2, 2.0, 50.0])
            paused = r.random() < 0.2
            events.append(
                Event(at_s, "domain", (("name", r.choice(NAMES)), ("rate", rate), ("paused", paused)))
            )
        else:
            events.append(Event(at_s, kind, (("of", of),)))
    events = [_with_lists(event, seed, n) for n, event in enumerate(events)]
    events.append(Event(CHAOS_S * 1.5, "calm"))
    workers = r.choice([1, 2, 4])
    return Story(
        seed, chances, workers, tuple(_site(n, r) for n in NAMES), tuple(sorted(events, key=lambda e: e.at_s))
    )


def run(told: Story) -> World:
    """Run a story to its end, and return its world, which has ended."""
    sites = [Site(name, **dict(temper)) for name, temper in told.sites]
    with World(
        told.seed, sites, chances=replace(told.chances), max_workers=told.max_workers, tick_s=0.5
    ) as world:
        world.max_steps = STORY_STEPS
        for event in told.events:
            world.loop.call_later(event.at_s, _happen, world, event)
        world.run(at_least_until=world.loop.now + 1.5 * CHAOS_S)
    return world


def _happen(world: World, event: Event) -> None:
    given = dict(event.given)
    of = given.pop("of", 0.0)
    states = world.states() if world.coordinator.instance is not None else {}
    batches = [b for b, state in states.items() if state != "receiving"]
    tasks = list(world.tasks.values())
    begun = [task for task in tasks if task.has_begun]
    world.tell(str(event)[:160])
    match event.kind:
        case "submit":
            lines = list(given.pop("lines"))
            world.submit_lines(lines, max_attempts=3, max_snooze_s=7200.0, **given)
        case "pause" | "resume" | "cancel" if batches:
            world.control(batches[int(of * len(batches))], BatchEvent(event.kind))
        case "retry" if batches:
            world.retry(batches[int(of * len(batches))])
        case "limiter":
            world.kill_limiter()
        case "coordinator":
            world.kill_coordinator()
        case "everything":
            world.kill_everything()
        case "disk":
            world.fill_disk()
        case "bug":
            world.break_code()
        case "kill" if tasks:
            tasks[int(of * len(tasks))].die()
        case "hang" if begun:
            world.hang(begun[int(of * len(begun))])
        case "domain":
            changes = {"rate": given["rate"], "is_paused": given["paused"]}
            world.set_domain(given["name"], changes)
        case "calm":
            _calm(world, batches)


def _calm(world: World, batches: list[str]) -> None:
    """Let everything go on: nobody keeps a domain or a batch paused for ever."""
    world.has_bug = world.writer.fails_next = False
    for name in NAMES:
        world.set_domain(name, {"rate": None, "is_paused": False})
    for batch in batches:
        world.control(batch, BatchEvent.RESUME)


def fails(told: Story) -> str | None:
    """Run a story; return how it fails, or None."""
    try:
        run(told)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is what the story shows
        last = traceback.extract_tb(error.__traceback__)[-1]
        return f"{type(error).__name__}: {error} ({last.name})"
    return None


def kind_of(why: str | None) -> str | None:
    """Return what two failures of one kind have in common: the words of the message, without its numbers."""
    return None if why is None else re.sub(r"[\w.-]*\d[\w.-]*|[a-f]\.test|'[^']*'", "#", why)[:80]


def shrink(told: Story, *, most: int = 300) -> Story:
    """Return a story with as few of the events as still fail."""
    wanted = kind_of(fails(told))
    n_runs, size = 0, max(1, len(told.events) // 2)
    while size >= 1 and n_runs < most:
        begin = 0
        while begin < len(told.events) and n_runs < most:
            smaller = told.without(range(begin, begin + size))
            n_runs += 1
            if kind_of(fails(smaller)) == wanted:
                told = smaller
            else:
                begin += size
        size //= 2
    return told


def failure(seed: int) -> str | None:
    """Run a seed's story; return how it fails, shrunk to what is needed and told to a person, or None."""
    told = story(seed)
    why = fails(told)
    return None if why is None else f"seed {seed}: {why}\n{retell(shrink(told))}"


def retell(told: Story) -> str:
    """Return a story that fails in words: what is made to happen, to which sites, and what comes of it."""
    World.story = happened = []
    try:
        why = fails(told)
    finally:
        World.story = None
    events = [str(event)[:200] for event in told.events]
    sites = [
        f"{name}: {dict(temper)}"
        for name, temper in told.sites
        if any(f"{name}" in str(e) for e in told.events)
    ]
    parts = [f"{told.chances}, {told.max_workers} workers", *sites, *events]
    return "\n".join([str(why), *parts, "what happened:", *happened[-LAST:]])
