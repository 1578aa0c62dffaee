"""Sets of different sites that are one performance: linked as they come, seen by whom they belong to, and merged."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pandas as pd
import pytest
from made_catalogue import MadeHome
from made_sets import a_set, a_track

from benchmarks.performed_world import World
from tlray.io.catalogue import block_index, linking, merging
from tlray.io.catalogue import catch_up as catch_up_module
from tlray.io.catalogue.block_index import LEVELS
from tlray.io.catalogue.catch_up import catch_up
from tlray.io.catalogue.database import opened, remove
from tlray.io.catalogue.merging import iter_merged, load
from tlray.io.catalogue.performances import same_as
from tlray.io.catalogue.search import Query, find
from tlray.io.disk.home import Home
from tlray.model import Tracklist

NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)
NAMES = "ABCDEFGH"
ALL_BLOCKS = " UNION ALL ".join(f"SELECT * FROM {level}" for level in LEVELS)  # noqa: S608


def night(
    site: str, source_id: str | None = "1", names: str = NAMES, *, hours: int = 0, **given: Any
) -> Tracklist:
    """A set of tracks with these names, as a site has it."""
    tracks = [a_track(n, artist=name, title=f"T{name}") for n, name in enumerate(names, 1)]
    return a_set(
        *tracks,
        site=site,
        source_id=source_id,
        url=f"https://{site}/{source_id}",
        fetched_at=NOON + timedelta(hours=hours),
        **given,
    )


def linked(home: Home, site: str, source_id: str = "1", owner: str | None = None) -> list[str]:
    """The sets that one is linked with."""
    catch_up(home)
    with opened(home) as db:
        place = find(db, site, source_id, owner=owner)
        assert place is not None
        return [f"{one['site']}:{one['source_id']}" for one in same_as(db, place, owner=owner)]


def all_links(home: Home) -> list[Any]:
    catch_up(home)
    with opened(home) as db:
        return [
            db.execute(sql).fetchall()
            for sql in ("SELECT * FROM links", f"{ALL_BLOCKS} ORDER BY 1, 2", "SELECT * FROM performances")
        ]


def test_sets_of_one_performance_are_linked_as_they_come(made: MadeHome) -> None:
    made.batch("b1", [night("a.test")])
    assert linked(made.home, "a.test") == []
    made.batch("b2", [night("b.test", names="ABCXEFGH", title="SOMEONE - Live at Somewhere")])
    assert linked(made.home, "a.test") == ["b.test:1"]
    made.batch("b3", [night("c.test", djs=[], date=None)], [night("d.test", djs=["Nobody"])])
    assert linked(made.home, "b.test") == ["a.test:1", "c.test:1"]
    with opened(made.home) as db:
        place = find(db, "b.test", "1", owner=None)
        assert place is not None
        (first, second) = same_as(db, place, owner=None)
    assert first == {
        "site": "a.test", "source_id": "1", "url": "https://a.test/1", "score": 1.0,
        "reasons": [
            "7 tracks in the same order, 88% of the shorter list", "the same day", "a common DJ", "the same event by name",
        ],
    }  # fmt: skip
    assert second["score"] < 1.0


def test_a_changed_set_is_linked_anew(made: MadeHome) -> None:
    made.batch("b1", [night("a.test")], [night("b.test")])
    assert linked(made.home, "a.test") == ["b.test:1"]
    made.batch("b2", [night("b.test", names="STUVWXYZ", hours=1)])
    assert linked(made.home, "a.test") == linked(made.home, "b.test") == []
    made.batch("b3", [night("b.test", hours=2)])
    assert linked(made.home, "a.test") == ["b.test:1"]


def test_links_are_the_same_after_a_rebuild_and_whatever_came_first(made: MadeHome) -> None:
    pages = [page.tracklist for page in World(3, n_performances=40).pages()]
    for n in range(0, len(pages), 30):
        made.batch(f"b{n}", *([page] for page in pages[n : n + 30]))
        catch_up(made.home)
    before = all_links(made.home)
    assert len(before[0]) > 40
    remove(made.home)
    assert all_links(made.home) == before


def test_blocks_move_on_and_are_found_and_deleted_wherever_they_are(
    made: MadeHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    pages = [page.tracklist for page in World(4, n_performances=60).pages()]
    changed = [replace(page, tracks=page.tracks[2:], fetched_at=NOON) for page in pages[::3]]
    for n in range(0, len(pages), 20):
        made.batch(f"b{n}", *([page] for page in pages[n : n + 20]))
    for n in range(0, len(changed), 20):
        made.batch(f"c{n}", *([page] for page in changed[n : n + 20]))
    in_one_table = all_links(made.home)
    assert len(in_one_table[0]) > 60
    remove(made.home)
    monkeypatch.setattr(catch_up_module, "WINDOW", 7)
    monkeypatch.setattr(block_index, "ROOM", {"blocks_new": 40, "blocks_recent": 200})
    assert all_links(made.home) == in_one_table
    with opened(made.home) as db:
        sizes = [db.execute(f"SELECT count(*) FROM {level}").fetchone()[0] for level in LEVELS]  # noqa: S608
    assert sum(sizes) == len(in_one_table[1])
    assert sizes[0] <= 40
    assert 100 < sizes[1] <= 200 < sizes[2]


def test_a_window_that_was_cut_off_while_blocks_moved_is_read_again(
    made: MadeHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    pages = [page.tracklist for page in World(5, n_performances=30).pages()]
    made.batch("b1", *([page] for page in pages))
    whole = all_links(made.home)
    remove(made.home)
    monkeypatch.setattr(catch_up_module, "WINDOW", 10)
    monkeypatch.setattr(block_index, "ROOM", {"blocks_new": 30, "blocks_recent": 100})
    moved = block_index._move

    def cut_off(db: sqlite3.Connection, level: str, larger: str, n_rows: int) -> None:
        moved(db, level, larger, n_rows)
        if level == "blocks_recent" and n_rows > 0:
            raise KeyboardInterrupt

    with monkeypatch.context() as broken:
        broken.setattr(block_index, "_move", cut_off)
        with pytest.raises(KeyboardInterrupt):
            catch_up(made.home)
    assert all_links(made.home) == whole


def test_through_a_third_set(made: MadeHome) -> None:
    """Two halves of a list say nothing of each other, and the whole list is like both."""
    halves = [("a.test", "ABCD"), ("b.test", NAMES), ("c.test", "EFGH")]
    made.batch("b1", *([night(site, names=names)] for site, names in halves))
    catch_up(made.home)
    with opened(made.home) as db:
        place = find(db, "a.test", "1", owner=None)
        assert place is not None
        assert [one["reasons"][-1] for one in same_as(db, place, owner=None)] == [
            "the same event by name",
            "through b.test:1",
        ]


def test_nobody_sees_another_ones_sets(made: MadeHome) -> None:
    made.batch("b1", [night("a.test")], owner="ann")
    made.batch("b2", [night("b.test")], owner="bob")
    assert linked(made.home, "a.test", owner="ann") == []
    assert linked(made.home, "b.test", owner="bob") == []
    assert linked(made.home, "a.test") == ["b.test:1"]
    made.batch("b3", [night("b.test", hours=1)], owner="ann")  # hers is the newest now, and has not changed
    assert linked(made.home, "a.test", owner="ann") == ["b.test:1"]
    assert linked(made.home, "a.test") == ["b.test:1"]
    made.batch("b4", [night("b.test", hours=2)], owner="bob")
    assert linked(made.home, "a.test") == ["b.test:1"]
    assert len(load(made.home, merged=True)[0]) == 1


def test_a_block_that_many_sets_have_is_passed_over(made: MadeHome, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(linking, "MAX_IN_BLOCK", 2)
    made.batch("b1", *([night("a.test", f"{n}")] for n in range(3)))
    made.batch("b2", [night("b.test")])
    assert linked(made.home, "b.test") == []


def test_a_set_is_linked_with_the_surest_of_a_site(made: MadeHome) -> None:
    """A show and its repeat have one list; a page without a date may be either, and is linked with one."""
    made.batch("b1", [night("a.test", "1")], [night("a.test", "2", date=date(2026, 6, 1))])
    made.batch("b2", [night("b.test", date=None)], [night("b.test", "2", date=date(2026, 6, 1))])
    assert linked(made.home, "b.test", "2") == ["a.test:2"]
    assert linked(made.home, "b.test", "1") == ["a.test:1"]


def test_the_merged_catalogue_has_a_row_a_performance(made: MadeHome) -> None:
    made.batch(
        "b1",
        [night("a.test")],
        [night("a.test", "2", "XYZ", djs=["Other"])],
    )
    made.batch(
        "b2", [night("b.test", names="ABCD", quality=0.1)], [night("c.test", None, "Q", djs=["Third"])]
    )
    tracklists, tracks = load(made.home, merged=True)
    by_name = {
        tuple(names): row
        for names, row in zip(tracklists["merged_from"], tracklists.to_dict("records"), strict=True)
    }
    assert set(by_name) == {("a.test:1", "b.test:1"), ("a.test:2",), ("c.test:url:2",)}
    whole = by_name["a.test:1", "b.test:1"]
    assert (whole["title_from"], whole["track_count"], whole["batch_id"]) == ("a.test:1", 8, "b1")
    of_whole = tracks[(tracks["item_id"] == whole["item_id"]) & (tracks["set_index"] == whole["set_index"])]
    assert list(of_whole["artist"]) == list(NAMES)
    assert set(of_whole["name_from"]) == {"a.test:1"}
    assert of_whole["cue_from"].isna().all()
    assert len(list(iter_merged(made.home))) == 3
    assert len(load(made.home, Query(min_quality=0.99), merged=True)[0]) == 0
    empty = load(made.home, Query(min_quality=2.0), merged=True)
    for frame, filled in zip(empty, (tracklists, tracks), strict=True):
        pd.testing.assert_series_equal(frame.dtypes, filled.dtypes)


def test_a_performance_whose_sets_changed_meanwhile_is_merged_of_the_others(
    made: MadeHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    made.batch("b1", [night("a.test")], [night("b.test")])
    catch_up(made.home)
    before = merging._known(made.home)
    made.batch("b2", [night("b.test", names="STUVWXYZ", hours=1)])
    monkeypatch.setattr(merging, "_known", lambda _home, _owner: before)
    found = sorted(one.merged_from for one in iter_merged(made.home))
    assert found == [["a.test:1"], ["b.test:1"]]
