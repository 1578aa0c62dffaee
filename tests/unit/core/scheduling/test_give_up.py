"""A site may ask for any rest: it is obeyed, said in words, and no batch waits for ever for it."""

from __future__ import annotations

import random

import pytest
from simulated import Site, World
from test_engine import judged, leased, only, opened

from tlray.core.model.durations import in_words, spacing_in_words
from tlray.core.model.lifecycle import BatchEvent, BatchState, ItemState
from tlray.core.model.outcome import Outcome, OutcomeKind
from tlray.core.politeness.domain import FETCHES_A_ROBOTS, LONGEST_TURN_S, PARKED, DomainState
from tlray.core.politeness.domain_policy import DomainPolicy
from tlray.core.politeness.retry_policy import RetryChoices, RetryPolicy
from tlray.core.politeness.robots import NOT_ITS_TURN, RobotsAnswer
from tlray.core.scheduling import lane_ends
from tlray.core.scheduling.decide import decide
from tlray.core.scheduling.lease import Report
from tlray.core.scheduling.snapshot import snapshot

K, S = OutcomeKind, ItemState
DAY_S = 86_400.0
TEN_YEARS_S = 3_650 * DAY_S


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "0 s"), (45, "45 s"), (119, "119 s"), (120, "2 minutes"), (5_400, "90 minutes"), (7_200, "2 hours"), (DAY_S, "24 hours"),
     (2 * DAY_S, "2 days"), (10 * DAY_S, "10 days"), (TEN_YEARS_S, "10 years"), (1e300, "more than a million years")],
)  # fmt: skip
def test_a_duration_is_told_in_its_largest_unit(seconds: float, words: str) -> None:
    assert in_words(seconds) == words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(60, "1 fetch a minute"), (3_600, "1 fetch an hour"), (DAY_S, "1 fetch a day"), (90, "1 fetch every 90 s"),
     (2 * DAY_S, "1 fetch every 2 days")],
)  # fmt: skip
def test_a_spacing_is_told_as_people_say_it(seconds: float, words: str) -> None:
    assert spacing_in_words(seconds) == words


# -- Retry-After ---------------------------------------------------------------------------------------


WEEK_S = 7 * DAY_S
ASKED = "throttled: 429; it asks for a rest of 10 years, and gets 7 days (TLRAY_MAX_REST_S)"


def test_ten_years_of_retry_after_end_the_item_with_a_word_and_the_domain_rests_for_a_week() -> None:
    engine, _ = opened({"a.test": 2})
    leased(engine, 1)
    changeset = judged(engine, Outcome(1, K.THROTTLED, status=429, retry_after_s=TEN_YEARS_S))
    assert only(changeset).after is S.DEAD
    assert only(changeset).reason == f"{ASKED}; put off for 7 days in all, at most 2 days"
    engine.apply(changeset, now=0.0)
    assert engine.domains["a.test"].cool_until == WEEK_S
    [death] = engine.give_up.deaths(0.0)
    assert death.reason == (
        f"parked: {ASKED}; it is to rest for 7 days, nothing waits for longer than 2 days;"
        " `tlray domain a.test --lift` ends the rest"
    )
    assert engine.kill_lane(death, now=0.0, n_queued=1, n_waiting=0), "nothing is open any more"
    assert engine.give_up.deaths(0.0) == []


@pytest.mark.parametrize(
    ("outcome", "state"),
    [
        (Outcome(1, K.FORBIDDEN, status=403, retry_after_s=60.0), S.WAITING),
        (Outcome(1, K.GONE, status=404, retry_after_s=60.0), S.DEAD),
        (Outcome(1, K.UNREADABLE, status=200, retry_after_s=60.0), S.WAITING),
        (Outcome(1, K.REDIRECTED, status=302, location="http://a.test/2", retry_after_s=60.0), S.QUEUED),
        (Outcome(1, K.BAD_HTTP, retry_after_s=60.0), S.WAITING),
    ],
)
def test_a_site_is_left_alone_for_as_long_as_it_asks_with_whatever_answer(
    outcome: Outcome, state: ItemState
) -> None:
    engine, _ = opened({"a.test": 2})
    leased(engine, 1)
    changeset = judged(engine, outcome)
    assert only(changeset).after is state
    assert "put off" not in (only(changeset).reason or "")
    engine.apply(changeset, now=0.0)
    assert engine.domains["a.test"].cool_until == 60.0


def test_a_good_page_asks_for_no_rest() -> None:
    engine, _ = opened({"a.test": 2})
    leased(engine, 1)
    engine.apply(judged(engine, Outcome(1, K.FETCHED, status=200, retry_after_s=60.0)), now=0.0)
    assert not engine.domains["a.test"].is_cooling(0.0)


@pytest.mark.parametrize("after_s", [TEN_YEARS_S, 1.7e308])
def test_a_batch_on_a_site_that_wants_ten_years_ends_and_has_asked_it_once(after_s: float) -> None:
    site = Site("a.test", throttle=1.0, retry_after_s=after_s)
    world = World(31, [site, Site("b.test")])
    book = world.submit({"a.test": 20, "b.test": 5})
    world.run(until_s=3_600.0)
    assert (book.counts[S.DEAD], book.counts[S.SUCCEEDED]) == (20, 5)
    assert len(site.begins) <= 1 + 2  # robots.txt, and two pages may have been in flight
    reasons = {row.reason for row in world.rows() if row.domain == "a.test"}
    assert all(reason and ("put off for" in reason or "it is to rest for" in reason) for reason in reasons)


def test_who_tries_again_is_told_again_and_does_not_wait_either() -> None:
    world = World(32, [Site("a.test", throttle=1.0, retry_after_s=TEN_YEARS_S)])
    book = world.submit({"a.test": 3})
    world.run(until_s=3_600.0)
    n = len(world.sites["a.test"].begins)
    book = world.retried(book)
    world.run(until_s=3_600.0)
    again = world.submit({"a.test": 3})
    world.run(until_s=3_600.0)
    assert book.counts[S.DEAD] == again.counts[S.DEAD] == 3
    assert len(world.sites["a.test"].begins) == n, "and the site is left alone"


@pytest.mark.parametrize(
    ("asked_s", "rest_s"), [(50.0, 50.0), (100.0, 100.0), (101.0, 100.0), (1e300, 100.0)]
)
def test_an_operator_says_how_long_one_answer_may_have_a_domain_rest(asked_s: float, rest_s: float) -> None:
    engine, _ = opened({"a.test": 1})
    engine.max_rest_s = 100.0
    leased(engine)
    changeset = judged(engine, Outcome(1, K.UNAVAILABLE, status=503, retry_after_s=asked_s))
    [cool] = changeset.cool_downs
    assert (cool.until, only(changeset).due) == (rest_s, rest_s)
    assert ("TLRAY_MAX_REST_S" in cool.reason) is (asked_s > 100.0)
    assert only(changeset).outcome is not None
    assert only(changeset).outcome.retry_after_s == rest_s, "nothing longer is stored"  # type: ignore[union-attr]


def test_a_robots_txt_that_asks_for_ten_years_gets_a_week() -> None:
    engine, _ = opened({"a.test": 1}, has_robots=False)
    state = engine.domains["a.test"]
    lane_ends.of_robots(
        engine, RobotsAnswer("a.test", None, reason="429", retry_after_s=TEN_YEARS_S), state, now=0.0
    )
    assert state.cool_until == WEEK_S
    assert state.cool_reason.startswith("robots.txt: 429; it asks for a rest of 10 years, and gets 7 days")
    far = RobotsAnswer("a.test", None, reason=NOT_ITS_TURN, retry_after_s=TEN_YEARS_S)
    lane_ends.of_robots(engine, far, state, now=0.0)
    assert state.turn_until == TEN_YEARS_S, "a turn is no answer of the site"


def test_a_robots_txt_of_a_crawl_delay_without_end_is_read_again_after_a_month() -> None:
    state = DomainState("a.test", DomainPolicy(1.0))
    state.apply_robots("", 1e9, now=0.0)
    assert state.has_robots(LONGEST_TURN_S - 1)
    assert not state.has_robots(LONGEST_TURN_S)


def test_a_lifted_rest_is_over_for_the_domain_and_for_what_it_put_off() -> None:
    engine, book = opened({"a.test": 2, "a.test:81": 1, "b.test": 1})
    [item] = leased(engine, 1)
    assert item.domain == "a.test"
    engine.apply(judged(engine, Outcome(1, K.BLOCKED, reason="wait")), now=0.0)
    engine.cool_down("a.test:81", 500.0, "throttled: 429")
    engine.cool_down("b.test", 500.0, "throttled: 429")
    engine.tick(1.0)
    assert book.counts[S.WAITING] == 1
    assert engine.registry.lift("a.test", now=1.0) == {"a.test", "a.test:81"}, "a host's ports, too"
    engine.tick(1.0)
    assert book.counts[S.WAITING] == 0
    states = engine.domains
    assert [states[name].is_cooling(1.0) for name in ("a.test", "a.test:81", "b.test")] == [
        False,
        False,
        True,
    ]
    assert (states["a.test"].n_blocks, item.snoozed_since) == (0, None)
    assert {one.domain for one in engine.grant("L2", 9, now=1.0).items} == {"a.test", "a.test:81"}
    engine.check_invariants()


def test_whoever_lifts_a_rest_has_the_site_asked_at_once() -> None:
    site = Site("a.test", throttle=1.0, retry_after_s=DAY_S)
    world = World(36, [site])
    book = world.submit({"a.test": 3})
    world.until(lambda: world.engine.domains["a.test"].is_cooling(world.loop.now))
    world.go_on(60.0)
    n_before, lifted_at = len(site.begins), world.loop.now
    site.throttle = 0.0
    lifting = world.ask(lambda c: c.set_domain("a.test", {}, is_lifted=True))
    world.until(lifting.done)
    world.run(until_s=lifted_at + 3_600.0)
    assert book.counts[S.SUCCEEDED] == 3
    assert min(site.begins[n_before:]) < lifted_at + 60.0


def test_a_lift_shortens_no_backoff_of_an_item() -> None:
    engine, book = opened({"a.test": 1})
    leased(engine)
    engine.apply(judged(engine, Outcome(1, K.UNAVAILABLE, status=500)), now=0.0)
    engine.registry.lift("a.test", now=0.0)
    engine.tick(0.0)
    assert book.counts[S.WAITING] == 1


def test_a_lift_revives_a_domain_that_was_parked() -> None:
    engine, _ = opened({"a.test": 1})
    state = engine.domains["a.test"]
    state.parked, state.n_blocks = "parked: blocked 4 times in a row", 4
    state.breaker.open_since = 0.0
    engine.registry.lift("a.test", now=0.0)
    assert (state.parked, state.n_blocks, state.breaker.open_since) == (None, 0, None)


def test_a_robots_txt_that_is_put_off_for_ten_years_is_none_to_wait_for() -> None:
    engine, _ = opened({"a.test": 1}, has_robots=False)
    engine.domains["a.test"].count_robots_failure("429", now=0.0, retry_after_s=TEN_YEARS_S)
    engine.give_up.check("a.test")
    [death] = engine.give_up.deaths(0.0)
    assert death.reason.startswith("parked: robots.txt: 429; it is to rest for 10 years")


def test_an_item_that_comes_to_a_resting_domain_by_a_redirect_does_not_wait_either() -> None:
    engine, _ = opened({"a.test": 1, "b.test": 1})
    engine.cool_down("b.test", TEN_YEARS_S, "throttled: 429")
    engine.give_up.deaths(0.0)
    [item] = leased(engine, 1)
    assert item.domain == "a.test"
    engine.apply(judged(engine, Outcome(1, K.REDIRECTED, location="http://b.test/x")), now=0.0)
    assert [death.domain for death in engine.give_up.deaths(0.0)] == ["b.test"]


def test_each_batch_has_its_own_patience() -> None:
    engine, book = opened({"a.test": 1, "b.test": 1})
    book.retry = RetryPolicy(max_snooze_s=60.0, by_domain={"b.test": RetryChoices(max_snooze_s=7_200.0)})
    for name in ("a.test", "b.test"):
        engine.cool_down(name, 3_600.0, "throttled: 429")
    assert [death.domain for death in engine.give_up.deaths(0.0)] == ["a.test"]
    assert [death.domain for death in engine.give_up.deaths(0.0)] == []


def test_a_paused_batch_keeps_its_items_until_it_goes_on() -> None:
    engine, book = opened({"a.test": 1})
    engine.cool_down("a.test", TEN_YEARS_S, "throttled: 429")
    book.state = BatchState.PAUSED
    assert engine.give_up.deaths(0.0) == []
    book.state = BatchState.RUNNING
    assert len(engine.give_up.deaths(0.0)) == 1


# -- crawl-delay ---------------------------------------------------------------------------------------


def test_a_crawl_delay_of_a_day_is_obeyed_and_told() -> None:
    site = Site("a.test", crawl_delay_s=DAY_S)
    world = World(33, [site])
    book = world.submit({"a.test": 4})
    world.until(lambda: site.begins)
    world.go_on(60.0)
    told = snapshot(book, world.engine.domains, now=world.loop.now, wall=0.0)["domains"]["a.test"]
    assert told["slow_because"] == "robots.txt asks for 1 fetch a day"
    assert (told["reason"], round(told["max_rate"] * DAY_S)) == (told["slow_because"], 1)
    world.run(until_s=10 * DAY_S)
    assert book.counts[S.SUCCEEDED] == 4
    assert len(site.begins) == 1 + 4, "its robots.txt takes none of the four turns"
    gaps = [b - a for a, b in zip(site.begins[1:], site.begins[2:], strict=False)]
    assert min(gaps) >= DAY_S - 1


def test_a_crawl_delay_of_a_year_is_a_no() -> None:
    world = World(34, [Site("a.test", crawl_delay_s=366 * DAY_S)])
    book = world.submit({"a.test": 4})
    world.run(until_s=3_600.0)
    assert book.counts[S.DEAD] == 4
    assert {row.reason for row in world.rows()} == {"parked: robots.txt asks for 1 fetch every 366 days"}


@pytest.mark.parametrize(
    ("delay_s", "policy", "told"),
    [
        (None, DomainPolicy(1.0), None),
        (8.0, DomainPolicy(1.0), None),  # nothing to wonder at
        (3_600.0, DomainPolicy(1.0), "robots.txt asks for 1 fetch an hour"),
        (3_600.0, DomainPolicy(1 / 7_200), None),  # the user asks for less
        (3_600.0, DomainPolicy(1.0, crawl_delay_ignored=True), None),
    ],
)
def test_a_slow_pace_is_explained_where_robots_txt_is_the_reason(
    delay_s: float | None, policy: DomainPolicy, told: str | None
) -> None:
    state = DomainState("a.test", policy)
    state.apply_robots("", delay_s, now=0.0)
    assert state.slow_because == told


def test_robots_txt_is_read_again_after_a_day_or_ten_fetches() -> None:
    state = DomainState("a.test", DomainPolicy(1.0))
    state.apply_robots("", 8.0, now=0.0)
    assert not state.has_robots(DAY_S)
    state.apply_robots("", DAY_S, now=0.0)
    assert state.has_robots(FETCHES_A_ROBOTS * DAY_S - 1)
    assert not state.has_robots(FETCHES_A_ROBOTS * DAY_S)


def test_a_turn_that_is_far_off_is_waited_for_though_a_rest_of_that_length_is_not() -> None:
    state = DomainState("a.test", DomainPolicy(1.0))
    state.apply_robots("", 7 * DAY_S, now=0.0)
    state.cool_down(7 * DAY_S, "its next turn")
    assert state.give_up_reason(2 * DAY_S, now=0.0) is None
    state.cool_down(8 * DAY_S, "throttled: 429")
    assert (state.give_up_reason(2 * DAY_S, now=0.0) or "").startswith(
        f"{PARKED}: throttled: 429; it is to rest"
    )
    own = DomainState("b.test", DomainPolicy(1 / (40 * DAY_S)))
    own.cool_down(39 * DAY_S, "its next turn is far off")
    assert own.give_up_reason(2 * DAY_S, now=0.0) == f"{PARKED}: its next turn is far off"


def test_a_reason_that_is_over_explains_no_new_rest() -> None:
    engine, _ = opened({"a.test": 1})
    engine.cool_down("a.test", 10.0, "throttled: 429")
    leased_at = 20.0
    engine.tick(leased_at)
    assert engine.grant("L", 1, now=leased_at)
    far = Report("L", 1, (Outcome(1, K.NOT_BEGUN, retry_after_s=50.0),))
    [cool] = decide(engine, far, now=leased_at, rng=random.Random(1)).turns
    assert cool.reason == "its next turn is far off"


def test_a_cancelled_batch_is_not_given_up_a_second_time() -> None:
    world = World(35, [Site("a.test", throttle=1.0, retry_after_s=TEN_YEARS_S)])
    book = world.submit({"a.test": 30}, rate=0.01)
    world.loop.call_later(5.0, world.control, book, BatchEvent.CANCEL)
    world.run(until_s=3_600.0)
    assert book.state is BatchState.CANCELLED
