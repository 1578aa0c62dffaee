"""What must hold at every moment: rates and slots at the sites, stops, the books, and what a reader sees."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tlray.core.model.lifecycle import BatchState, ItemState
from tlray.core.pacing.pacer import FetchTask
from tlray.core.pacing.send_pacing import LATE_S, MAX_SLACK
from tlray.core.scheduling.lease import LeasedItem

from .loop import START
from .site import Site, listed

if TYPE_CHECKING:
    from .world import World

STOP_HEARD_S = 2.6
"""A task asks its limiters at least every 2 s while it has something; with the answer it hears of a stop."""
POLICY_HEARD_S = 4.0
"""A limiter is told of a domain's changes once a second; permits reach half a second ahead."""
CLOCK_S = 0.005
"""A loop does not wake to the microsecond, and `tlray.core.politeness.token_bucket.SLACK_S` allows for it."""
WINDOW = 60
"""Fetches after each one that the rate is checked over."""


def late_s(world: World) -> float:
    """Return how much later calls may make anything known."""
    return 4 * world.chances.longest_call_s + 4 * world.chances.write_s


def note_ceilings(world: World) -> None:
    """Note which ceilings the living engine holds from now on."""
    if world.engine_now is None:
        return
    for name, state in world.engine_now.domains.items():
        site = world.sites.get(name)
        made_of = (state.policy, state.override, state.crawl_delay_s)
        if site is not None and site.last_seen != made_of:
            site.last_seen = made_of
            site.allow(world.loop.now, state.ceiling)


def note_stops(world: World) -> None:
    """Note since when nothing of which batch may begin, and see that what was put off has lost nothing."""
    for book in world.engine_now.batches.values() if world.engine_now else ():
        if book.state in (BatchState.PAUSED, BatchState.CANCELLING):
            world.stop_began.setdefault(book.batch_id, world.loop.now)
        else:
            world.stop_began.pop(book.batch_id, None)
        if book.state is BatchState.SCHEDULED:
            lost = book.total - book.counts.get(ItemState.QUEUED, 0)
            assert not lost, f"{lost} items of {book.batch_id} are lost before it begins: {book.counts}"


def check_gates(world: World) -> None:
    """See that no limiter keeps a rougher rate than the engine's for longer than it takes to tell it."""
    if world.engine_now is None or world.limiter.instance is None:
        world.rough_since.clear()
        return
    grace_s = POLICY_HEARD_S + late_s(world)
    sent = world.coordinator.instance._limiters._sent if world.coordinator.instance else {}
    for name, state in world.engine_now.domains.items():
        gate = world.limiter.instance._gates.get(name) if name in sent else None
        since, rate = world.rough_since.get(name, (world.loop.now, 0.0))
        if gate is None or gate.policy.rate <= 1.001 * state.effective.rate or rate != state.effective.rate:
            world.rough_since[name] = max(world.loop.now, world.limiter_up_at), state.effective.rate
        else:
            assert world.loop.now <= since + grace_s, (
                f"the limiter has had {gate.policy.rate:g}/s for {name} since {world.loop.now - since:.1f} s,"
                f" the engine {rate:g}/s"
            )


def check_begin(world: World, fetch_task: FetchTask, site: Site, heard_stops: dict[str, float]) -> None:
    """Note that a request goes on the wire, and see that it may."""
    now, grace_s = (
        world.loop.now,
        POLICY_HEARD_S + late_s(world) + max(0.0, world.limiter_up_at - world.loop.now + 10),
    )
    site.begins.append(now)
    _, _, concurrency = site.allowed(now, now, grace_s)
    assert site.n_in_flight <= concurrency, (
        f"{site.n_in_flight} in flight at {site.name}, {concurrency} are allowed"
    )
    if not isinstance(fetch_task, LeasedItem):
        return
    began_at, heard_of_at = (
        world.stop_began.get(fetch_task.batch_id),
        heard_stops.get(fetch_task.batch_id, -1.0),
    )
    assert began_at is None or heard_of_at < began_at, (
        f"item {fetch_task.item_id} of {fetch_task.batch_id} is fetched, though its task has heard"
        f" {now - heard_of_at:.2f} s ago that the batch is stopped"
    )
    stopped_at = world.stopped_at.get(fetch_task.batch_id)
    if stopped_at is not None:
        heard_at = max(stopped_at, world.limiter_up_at) + STOP_HEARD_S + late_s(world)
        assert now <= heard_at, (
            f"item {fetch_task.item_id} of {fetch_task.batch_id} is fetched {now - stopped_at:.2f} s after its batch was stopped"
        )
    state = world.item_state(fetch_task.item_id)
    is_wanted = state not in (ItemState.SUCCEEDED, ItemState.SKIPPED, ItemState.CANCELLED)
    assert is_wanted, f"item {fetch_task.item_id} is fetched, though it is {state}"


def check_rate(world: World, site: Site) -> None:
    """In any window of t seconds at most burst + rate·t fetches began."""
    grace_s = POLICY_HEARD_S + late_s(world)
    begins = site.begins
    for i in range(len(begins)):
        for j in range(i + 1, min(len(begins), i + WINDOW)):
            rate, burst, _ = site.allowed(begins[i], begins[j], grace_s)
            t = (
                begins[j]
                - begins[i]
                + CLOCK_S
                + world.chances.connect_s
                + max(0.0, world.chances.longest_call_s - 0.3)
            )
            # what is late by so much may be made good (tlray.core.pacing.send_pacing)
            most = burst + rate * t + (min(MAX_SLACK, rate * LATE_S) if rate >= 1 else 0.0)
            assert j - i + 1 <= most + 1e-6, (
                f"{j - i + 1} fetches of {site.name} in {t:.3f} s at {rate:g}/s, burst {burst:g}"
                f" (from {begins[i] - START:.3f} on)"
            )


def check_found(world: World, batch: int) -> None:
    """See that a batch has each set that its pages of lists list, and none beyond what it may find."""
    state, n_found, n_lists, options = world.query(
        "SELECT state, n_found, n_lists, options FROM batches WHERE id = ?", batch
    )[0]
    max_found = (json.loads(options)["terms"] or {}).get("max_found", 0)
    items = world.query("SELECT fingerprint, found_on, list_depth > 0 FROM items WHERE batch = ?", batch)
    assert n_found == sum(found_on is not None and not is_list for _, found_on, is_list in items) <= max_found
    assert n_lists == sum(is_list for *_, is_list in items)
    had = {fingerprint for fingerprint, *_ in items}
    if state == "cancelled" or n_found == max_found:
        return
    pages = world.query(
        "SELECT coalesce(fetch_url, url) FROM items WHERE batch = ? AND state = 'succeeded' AND done_seq IS NULL",
        batch,
    )
    for (url,) in pages:
        lost = [one.url for one in listed(url) if one.fingerprint not in had]
        assert not lost, f"{url} lists {lost[:3]}, which batch {batch} has not"
