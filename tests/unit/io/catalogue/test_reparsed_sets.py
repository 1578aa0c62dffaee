"""The catalogue follows what is read again from the archive."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from made_catalogue import DOMAIN, MadeHome
from made_journal import change
from made_sets import a_set, a_track

from tlray.core.model.lifecycle import ItemEvent
from tlray.core.model.outcome import Outcome, OutcomeKind
from tlray.core.scheduling.changeset import Changeset
from tlray.io.catalogue.block_index import LEVELS
from tlray.io.catalogue.catch_up import catch_up
from tlray.io.catalogue.change_list import changes
from tlray.io.catalogue.database import opened, remove
from tlray.io.catalogue.known_sets import known_sets
from tlray.io.catalogue.newest import iter_newest, read_set
from tlray.io.catalogue.search import Query, find, search
from tlray.io.catalogue.tally import ALL, of_batch, quality_of
from tlray.io.catalogue.version_list import versions
from tlray.io.disk.home import Home
from tlray.io.journal.rows import PartRow, Revised
from tlray.io.results.part_writer import stage
from tlray.io.results.rows import ItemKey
from tlray.io.results.store import PartMoved, replace_parts
from tlray.model import Tracklist

NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)


def night(source_id: str, *names: str, hours: int = 0, **given: Any) -> Tracklist:
    tracks = [a_track(n, artist=name, title=f"T{name}") for n, name in enumerate(names, 1)]
    return a_set(*tracks, source_id=source_id, fetched_at=NOON + timedelta(hours=hours), **given)


def reparse(made: MadeHome, batch_id: str, *pages: list[Tracklist], dead: int | None = None) -> None:
    """Replace the one part of a batch by one with these pages, in the order of its items; one of them was a dead letter."""
    (old,) = made.journal.parts(batch_id)
    items = [item for item in made.journal.items(batch_id) if item.part == old.stem or item.line == dead]
    rows = [
        (ItemKey(batch_id, item.item_id, item.fingerprint), one)
        for item, page in zip(items, pages, strict=True)
        for one in page
    ]
    part = stage(made.store, batch_id, f"{old.stem}r", rows, b"")
    new = PartRow(
        part.stem, batch_id, part.n_sets, part.n_tracks, part.n_bytes, has_rows=True, has_pages=False
    )
    recovered = tuple((item.item_id, 0.0) for item in items if item.line == dead)
    changed = tuple(item.item_id for item in items if item.line != dead)
    with made.journal.transaction():
        made.journal.replace_parts(batch_id, {old.stem: 0}, new)
        made.journal.revise(made.journal.batch(batch_id).id, new.stem, Revised(changed, recovered))
    replace_parts(made.store, batch_id, [old.stem], new.stem)


def lose(made: MadeHome, batch_id: str) -> None:
    """Make a dead letter of the next item."""
    (item,) = made.journal.load_lane(made.journal.batch(batch_id).id, DOMAIN, after_id=0, limit=1)
    outcome = Outcome(item.id, OutcomeKind.UNREADABLE, started_at=1.0, raw=(0, 9))
    lost = change(item, ItemEvent.EXHAUST, outcome=outcome, reason="unreadable: no rows")
    made.journal.commit(Changeset("L", [lost]), now=0.0, wall=1.0, node="")


def newest(home: Home) -> list[list[str]]:
    return sorted([found.source_id or "", *(t.artist for t in found.tracks)] for found in iter_newest(home))


def causes(home: Home) -> list[tuple[str, str, str]]:
    with opened(home) as db:
        return [(c["kind"], c["cause"], c["parser"]) for c in changes(db)]


def test_the_newest_version_is_that_of_todays_parser_and_the_change_says_so(made: MadeHome) -> None:
    made.batch("b1", [night("s1", "A")], [night("s2", "X")])
    made.finish("b1")
    assert newest(made.home) == [["s1", "A"], ["s2", "X"]]
    reparse(made, "b1", [night("s1", "A", "B", parser="1001tracklists/2")], [night("s2", "X")])
    standing = catch_up(made.home)
    assert (standing.n_behind, standing.n_read) == (0, 2), "though its batch was finished and read to its end"
    assert newest(made.home) == [["s1", "A", "B"], ["s2", "X"]]
    assert causes(made.home) == [("added", "parser", "1001tracklists/2")]
    with opened(made.home) as db:
        place = find(db, "1001tracklists", "s1", owner=None)
        of_set = versions(db, "1001tracklists", "s1", owner=None)
    assert place is not None
    assert len(read_set(made.home, place).tracks) == 2
    assert [(v["parser"], v["is_newest"]) for v in of_set] == [
        ("1001tracklists/2", True), ("1001tracklists/1", False),
    ]  # fmt: skip
    assert catch_up(made.home).n_read == 0


@pytest.mark.parametrize("is_made_anew", [False, True])
def test_an_older_fetch_that_is_read_again_is_not_the_newest(made: MadeHome, is_made_anew: bool) -> None:
    made.batch("b1", [night("s1", "A")])
    made.batch("b2", [night("s1", "A", "New", hours=1)])
    catch_up(made.home)
    reparse(made, "b1", [night("s1", "A", "Old", parser="1001tracklists/2")])
    if is_made_anew:
        remove(made.home)
    assert newest(made.home) == [["s1", "A", "New"]]


@pytest.mark.parametrize("is_made_anew", [False, True])
@pytest.mark.parametrize("times", [1, 2])
def test_a_dead_letter_comes_into_the_catalogue_in_its_place(
    made: MadeHome, is_made_anew: bool, times: int
) -> None:
    made.open("b1", 2)
    made.fetch("b1", [night("s1", "A")])
    lose(made, "b1")
    made.finish("b1")
    made.batch("b2", [night("s2", "New", hours=1)])
    catch_up(made.home)
    pages = [[night("s1", "A")], [night("s2", "Old"), night("s3", "C")]]
    for n in range(times):
        reparse(made, "b1", *pages, dead=None if n else 2)
    if is_made_anew:
        remove(made.home)
    assert newest(made.home) == [["s1", "A"], ["s2", "New"], ["s3", "C"]]


@pytest.mark.parametrize("is_made_anew", [False, True])
def test_a_set_that_is_not_on_its_page_any_more_leaves_the_catalogue(
    made: MadeHome, is_made_anew: bool
) -> None:
    made.batch("b0", [night("s3", "Kept", hours=-1)], owner="ann")
    made.batch("b1", [night("s1", "A"), night("s2", "B"), night("s3", "C"), night("s4", "D")])
    made.batch("b2", [night("s4", "Newer", hours=1)])
    catch_up(made.home)
    reparse(made, "b1", [night("s1", "A", "Now")])
    if is_made_anew:
        remove(made.home)
    assert newest(made.home) == [["s1", "A", "Now"], ["s3", "Kept"], ["s4", "Newer"]]
    with opened(made.home) as db:
        assert find(db, "1001tracklists", "s2", owner=None) is None
        assert search(db, Query(q="tb"), owner=None, before=None, limit=9).total == 0
        kept = find(db, "1001tracklists", "s3", owner=None)
        assert quality_of(db, ALL)["sets"] == 3
        for level in LEVELS:
            left = db.execute(f"SELECT 1 FROM {level} WHERE set_id NOT IN (SELECT id FROM sets)")  # noqa: S608
            assert not left.fetchall()
    assert kept is not None
    assert kept.batch_id == "b0"


def test_an_older_fetch_that_has_a_set_too_is_entered_again(made: MadeHome) -> None:
    made.batch("b1", [night("s1", "Old")])
    made.batch("b2", [night("s1", "New", hours=1), night("s2", "B", hours=1)])
    catch_up(made.home)
    reparse(made, "b2", [night("s2", "B", "C", hours=1)])
    catch_up(made.home)
    made.batch("b3", [night("s3", "D")])
    assert newest(made.home) == [["s1", "Old"], ["s2", "B", "C"], ["s3", "D"]]


def test_the_quality_of_a_batch_is_that_of_the_newest_reading(made: MadeHome) -> None:
    made.batch("b1", [night("s1", "A", quality=0.5)], [night("s2", "A", quality=0.5)])
    made.batch("b2", [night("s2", "A", quality=0.8, hours=1)])
    catch_up(made.home)
    reparse(made, "b1", [night("s1", "A", quality=1.0)], [night("s2", "A", quality=0.5)])
    catch_up(made.home)
    with opened(made.home) as db:
        found = quality_of(db, of_batch(made.journal.batch("b1").id))
    assert (found["sets"], found["mean"]) == (2, 0.75)


def test_a_visit_that_is_read_again_is_one_visit(made: MadeHome) -> None:
    made.batch("b1", [night("s1", "A")])
    made.batch("b2", [night("s1", "A", hours=1)])
    catch_up(made.home)
    reparse(made, "b1", [night("s1", "A", "B", parser="1001tracklists/2")])
    catch_up(made.home)
    with opened(made.home) as db:
        (known,) = known_sets(db)
    assert [visit.at for visit in known.visits] == [
        (NOON + timedelta(hours=hours)).timestamp() for hours in (0, 1)
    ]


def test_a_set_that_was_read_again_just_now_is_not_taken_for_another(made: MadeHome) -> None:
    made.batch("b1", [night("s1", "A"), night("s2", "B")])
    catch_up(made.home)
    with opened(made.home) as db:
        place = find(db, "1001tracklists", "s2", owner=None)
    assert place is not None
    reparse(made, "b1", [night("s1", "A")])
    with pytest.raises(PartMoved):
        read_set(made.home, place)
