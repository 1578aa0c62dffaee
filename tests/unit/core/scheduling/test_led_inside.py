"""A site on the internet does not choose what is fetched inside the user's own network."""

from __future__ import annotations

import random

import pytest
from test_engine import leased, only, opened

from tlray.core.model.lifecycle import ItemState
from tlray.core.model.outcome import LED_INSIDE, Outcome, OutcomeKind
from tlray.core.politeness.robots import RobotsAnswer
from tlray.core.scheduling.changeset import Changeset
from tlray.core.scheduling.decide import decide
from tlray.core.scheduling.engine import Engine
from tlray.core.scheduling.lease import Report

K, S = OutcomeKind, ItemState
DEAD_INSIDE = (S.DEAD, f"private-address: {LED_INSIDE}")


def redirected(engine: Engine, location: str, *, from_public: bool, item_id: int = 1) -> Changeset:
    outcome = Outcome(item_id, K.REDIRECTED, location=location, from_public=from_public)
    return decide(engine, Report("L", 1, (outcome,)), now=0.0, rng=random.Random(1))


@pytest.mark.parametrize(
    "location",
    [
        "http://127.0.0.1/x",
        "http://10.1.2.3:8080/x",
        "http://[::1]/",
        "http://[::ffff:10.0.0.1]/",
        "http://localhost:9000/",
        "http://printer.local/",
        "http://169.254.169.254/latest/meta-data/",
    ],
)
def test_a_redirect_from_a_public_address_to_a_private_one_is_a_dead_letter(location: str) -> None:
    engine, _ = opened({"a.test": 1})
    leased(engine)
    change = only(redirected(engine, location, from_public=True))
    assert (change.after, change.reason) == DEAD_INSIDE


def test_a_private_host_that_the_user_named_may_redirect_to_another() -> None:
    engine, _ = opened({"127.0.0.1": 1})
    [item] = leased(engine)
    engine.apply(redirected(engine, "http://127.0.0.2/x", from_public=False), now=0.0)
    assert (item.domain, item.from_public) == ("127.0.0.2", False)
    [fetch_task] = engine.grant("M", 1, now=0.0).robots
    assert not fetch_task.from_public


def test_a_name_is_followed_from_a_public_address_but_only_to_a_public_one() -> None:
    engine, _ = opened({"a.test": 1})
    [item] = leased(engine)
    engine.apply(redirected(engine, "http://intranet.test/x", from_public=True), now=0.0)
    assert item.from_public
    engine.end("L")
    [fetch_task] = engine.grant("M", 1, now=0.0).robots
    assert (fetch_task.domain, fetch_task.from_public) == ("intranet.test", True)
    engine.apply_robots(Report("M", 1, robots=(RobotsAnswer("intranet.test", ""),)), now=0.0)
    [again] = engine.grant("L", 1, now=0.0).items
    assert again.from_public
    # once led by a public address, always: a public hop between changes nothing
    engine.apply(redirected(engine, "http://c.test/x", from_public=False), now=0.0)
    assert item.from_public
    engine.domains["c.test"].apply_robots("", None, now=0.0)
    leased(engine)
    outcome = Outcome(1, K.PRIVATE_ADDRESS, reason=LED_INSIDE)
    change = only(decide(engine, Report("L", 2, (outcome,)), now=0.0, rng=random.Random(1)))
    assert (change.after, change.reason) == DEAD_INSIDE


def test_a_private_address_that_a_service_refuses_is_a_skip_where_nobody_led_there() -> None:
    engine, _ = opened({"a.test": 1})
    leased(engine)
    outcome = Outcome(1, K.PRIVATE_ADDRESS, reason="not a public address")
    change = only(decide(engine, Report("L", 1, (outcome,)), now=0.0, rng=random.Random(1)))
    assert (change.after, change.reason) == (S.SKIPPED, "private-address: not a public address")


def test_the_robots_txt_of_a_host_that_only_a_redirect_names_is_asked_of_public_addresses_only() -> None:
    engine, _ = opened({"a.test": 1})
    leased(engine)
    engine.apply(redirected(engine, "http://intranet.test/x", from_public=True), now=0.0)
    engine.end("L")
    engine.grant("M", 1, now=0.0)
    refused = RobotsAnswer("intranet.test", None, reason=LED_INSIDE, is_refused=True)
    [death] = engine.apply_robots(Report("M", 1, robots=(refused,)), now=0.0)
    assert (death.domain, death.reason) == ("intranet.test", f"private-address: {LED_INSIDE}")
    assert engine.kill_lane(death, now=0.0, n_queued=1, n_waiting=0), "at once, not after five attempts"
    engine.check_invariants()


def test_a_host_that_a_list_names_too_may_be_asked_for_its_robots_txt_wherever_it_is() -> None:
    engine, _ = opened({"a.test": 1, "intranet.test": 1}, has_robots=False)
    engine.domains["a.test"].apply_robots("", None, now=0.0)
    leased(engine)
    engine.apply(redirected(engine, "http://intranet.test/x", from_public=True), now=0.0)
    engine.end("L")
    assert [fetch_task.from_public for fetch_task in engine.grant("M", 1, now=0.0).robots] == [False]


def test_a_robots_txt_that_a_public_address_keeps_elsewhere_is_not_looked_for_inside() -> None:
    engine, _ = opened({"a.test": 1}, has_robots=False)
    assert not engine.grant("L", 1, now=0.0).robots[0].from_public
    moved = RobotsAnswer("a.test", None, location="http://10.0.0.1/r", from_public=True)
    assert engine.apply_robots(Report("L", 1, robots=(moved,)), now=0.0) == []
    [fetch_task] = engine.grant("L", 1, now=0.0).robots
    assert (fetch_task.url, fetch_task.from_public) == ("http://10.0.0.1/r", True)
    refused = RobotsAnswer("a.test", None, reason=LED_INSIDE, is_refused=True)
    [death] = engine.apply_robots(Report("L", 2, robots=(refused,)), now=0.0)
    assert death.reason == f"private-address: {LED_INSIDE}"
    # who tries again begins at the site itself
    [fetch_task] = engine.grant("L", 1, now=0.0).robots
    assert (fetch_task.url, fetch_task.from_public) == ("http://a.test/robots.txt", False)
