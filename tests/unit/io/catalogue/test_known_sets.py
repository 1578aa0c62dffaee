"""The planner of refreshes knows each set by its fetches."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from made_catalogue import MadeHome
from test_catch_up import NOON, night

from tlray.core.refresh.known_set import KnownSet, Visit
from tlray.io.catalogue.catch_up import ask
from tlray.io.catalogue.known_sets import known_sets

AT = [(NOON + timedelta(hours=n)).timestamp() for n in range(4)]
DAY = datetime(2026, 5, 15, tzinfo=UTC).timestamp()
URL = "https://www.1001tracklists.com/tracklist/1pn8l919/x.html"


def test_a_set_is_known_by_its_fetches_and_what_each_showed(made: MadeHome) -> None:
    made.batch("b1", [night("s1", "A", "ID", identified_count=1)], [night("s2", "A", date=None)], owner="ann")
    made.batch("b2", [night("s1", "A", "ID", hours=1, identified_count=1)], owner="ann")
    made.batch("b3", [night("s1", "New", "A", "B", hours=2)], owner="ann")
    # the same fetch, parsed again: no visit, and no change of the site
    made.batch("b4", [night("s1", "New", "A", "B", "C", hours=2, parser="1001tracklists/2")], owner="ann")
    made.batch("b6", [night("s1", "New", hours=3)], owner="bob")
    _, known = ask(made.home, lambda db: list(known_sets(db, owner="ann")))
    first = KnownSet(
        "1001tracklists", "s1", URL, DAY, 4, (Visit(AT[0], 1, 0), Visit(AT[1], 1, 0), Visit(AT[2], 0, 2))
    )
    assert known == [first, KnownSet("1001tracklists", "s2", URL, AT[0], 1, (Visit(AT[0], 0, 0),))]
    _, newest = ask(made.home, lambda db: [(k.source_id, k.n_rows) for k in known_sets(db)])
    assert newest == [("s2", 1), ("s1", 1)]


def test_a_set_of_a_file_or_of_an_unknown_time_is_not_fetched_again(made: MadeHome) -> None:
    of_file = night("s1", "A", url="file:///x.cue")
    timeless = night("s2", "A")
    timeless.fetched_at = None
    made.batch("b1", [of_file], [timeless])
    assert ask(made.home, lambda db: list(known_sets(db)))[1] == []
