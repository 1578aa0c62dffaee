"""The refresh planner: rates of change, and the choice within a budget."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from benchmarks import changing_world
from tlray.core.refresh.change_rate import ChangeRates, group_of
from tlray.core.refresh.known_set import DAY_S, KnownSet, Visit
from tlray.core.refresh.planner import plan

NOW = 1_000 * DAY_S


def known(
    source_id: str = "s", *, site: str = "a.test", age: float = 100.0, unknown: int = 5, visits: str = "0"
) -> KnownSet:
    """Return a set of 20 rows; ``visits`` are days before now, the last first, with ``*`` where something had changed."""
    seen = [
        Visit(NOW - float(day.rstrip("*")) * DAY_S, unknown, 2 * day.endswith("*"))
        for day in reversed(visits.split())
    ]
    return KnownSet(site, source_id, f"http://{site}/{source_id}", NOW - age * DAY_S, 20, tuple(seen))


def chance(one: KnownSet, rates: ChangeRates | None = None) -> float:
    return (rates or ChangeRates()).expect(one, now=NOW).chance


def test_without_any_history_the_young_and_unknown_come_first() -> None:
    young, old = known("young", age=10, visits="5"), known("old", age=300, visits="5")
    named = known("named", age=10, unknown=0, visits="5")
    picks = plan([old, named, young], ChangeRates(), budget=9, now=NOW)
    assert [pick.known.source_id for pick in picks] == ["young", "old", "named"]
    assert picks[0].why == (
        "17% likely to have changed: 5 of 20 rows unknown, 10 days old, fetched once, last 5 days ago"
    )


def test_a_set_that_changed_at_every_visit_is_more_likely_to_change_than_one_that_never_did() -> None:
    busy, quiet, new = known(visits="2 4* 6* 8"), known(visits="2 4 6 8"), known(visits="2")
    assert chance(busy) > chance(new) > chance(quiet)
    (pick,) = plan([busy], ChangeRates(), budget=1, now=NOW)
    assert "changed at 2 of 3 later visits" in pick.why
    assert pick.expected.gain == pick.expected.chance * pick.expected.n_rows


def test_the_chance_grows_with_the_time_since_the_last_visit() -> None:
    chances = [chance(known(visits=f"{days}")) for days in (0, 1, 10, 90)]
    assert chances == sorted(chances)
    assert chances[0] == 0.0
    assert chances[-1] < 1.0


def test_a_group_is_learned_and_a_strange_site_counts_as_all_sites_together() -> None:
    often = [known(f"{n}", site="often.test", visits="30 31* 32* 33*") for n in range(30)]
    never = [known(f"{n}", site="never.test", visits="30 60 90") for n in range(30)]
    rates = ChangeRates.learned([*often, *never])
    at = [rates.rate(group_of(site, 70, 0.25)) for site in ("often.test", "other.test", "never.test")]
    assert at == sorted(at, reverse=True)
    assert at[0] > 10 * at[-1]
    assert rates.expect(known(age=70, visits="1"), now=NOW).n_rows > 1.8, "each change changed two rows"


def test_a_clock_that_ran_back_and_a_set_of_the_future_break_nothing() -> None:
    back = known(visits="1 9* 3")
    future = KnownSet("a.test", "f", "", NOW + DAY_S, 0, (Visit(NOW + DAY_S, 0),))
    rates = ChangeRates.learned([back, future])
    assert 0.0 < chance(back, rates) < 1.0
    assert chance(future, rates) == 0.0


def test_a_set_that_is_gone_is_not_chosen_and_its_visits_count() -> None:
    gone, quiet = replace(known("gone", visits="90 91* 92*"), is_gone=True), known("quiet", visits="1")
    rates = ChangeRates.learned([gone, quiet])
    assert [pick.known.source_id for pick in plan([gone, quiet], rates, budget=9, now=NOW)] == ["quiet"]
    assert rates.rate(group_of("a.test", 9, 0.25)) > ChangeRates().rate(group_of("a.test", 9, 0.25))


def test_no_site_is_given_more_than_it_may_be_asked() -> None:
    sets = [known(f"{n}", site=site, visits="9") for site in ("a.test", "b.test", "c.test") for n in range(9)]
    picks = plan(sets, ChangeRates(), budget=12, now=NOW, at_most={"a.test": 2, "c.test": 0})
    assert Counter(pick.known.site for pick in picks) == {"a.test": 2, "b.test": 9}
    assert [pick.known.source_id for pick in picks[:2]] == ["0", "1"], "of equal sets the smaller id"
    assert (
        plan(reversed(sets), ChangeRates(), budget=12, now=NOW, at_most={"a.test": 2, "c.test": 0}) == picks
    )


def test_it_finds_more_changes_than_chance_and_than_oldest_first() -> None:
    found = {
        choose.__name__: changing_world.World(3, n_sets=400).run(choose, days=15, budget=12)[0]
        for choose in (changing_world.planned, changing_world.uniform, changing_world.oldest_first)
    }
    assert found["planned"] >= 1.3 * max(found["uniform"], found["oldest_first"]), found
