"""The catalogue follows the journal's results, whatever happens to either."""

from __future__ import annotations

import sqlite3
from contextlib import closing, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from made_catalogue import DOMAIN, MadeHome
from made_journal import kill_lane
from made_sets import a_set, a_track
from older_parts import as_before_november_2026

from tlray.core.scheduling.changeset import LaneDeath
from tlray.errors import HomeUnusable, StorageFull
from tlray.io.catalogue import catch_up as module
from tlray.io.catalogue.catch_up import Standing, catch_up
from tlray.io.catalogue.change_list import NoStart, changed_sets, changes, cursor_of, last_change, start_of
from tlray.io.catalogue.change_table import CHANGES, table, write
from tlray.io.catalogue.database import opened
from tlray.io.catalogue.newest import iter_newest, load, merge_all, read_set
from tlray.io.catalogue.search import NoWords, Query, TooShort, find, search
from tlray.io.catalogue.version_list import find_version, versions
from tlray.io.disk.home import Home
from tlray.io.journal.rows import PartRow
from tlray.io.results.compaction import merge
from tlray.io.results.store import PartFile, replace_parts
from tlray.model import Identity, Tracklist

OLDER = (
    "UPDATE meta SET value = '1' WHERE key = 'version'",
    "DROP TABLE blocks_new",
    "DROP TABLE links",
    "ALTER TABLE sets DROP COLUMN n_changes",
    "CREATE TABLE of_an_older_tlray (a, b)",
    "CREATE INDEX sets_date ON sets (date)",
)
"""A catalogue of an older tlray: its tables are not ours."""
NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)


def night(source_id: str = "s1", *names: str, hours: int = 0, **given: Any) -> Tracklist:
    """A set of tracks with these names, fetched so many hours after noon."""
    tracks = [
        a_track(n, artist=name, title=f"T{name}")
        if name != "ID"
        else a_track(n, artist="ID", title="ID", identity=Identity.ID)
        for n, name in enumerate(names, 1)
    ]
    return a_set(*tracks, source_id=source_id, fetched_at=NOON + timedelta(hours=hours), **given)


def dump(home: Home) -> dict[str, list[Any]]:
    """All rows of the catalogue."""
    with opened(home) as db:
        return {
            table: db.execute(f"SELECT * FROM {table} ORDER BY 1, 2").fetchall()  # noqa: S608
            for table in ("sets", "contents", "versions", "changes")
        }


def kinds(home: Home, **conditions: Any) -> list[tuple[str, str, str]]:
    catch_up(home)
    with opened(home) as db:
        return [(c["source_id"], c["kind"], c["after"] or "") for c in changes(db, **conditions)]


def total(home: Home, owner: str | None = None, **query: Any) -> int:
    catch_up(home)
    with opened(home) as db:
        return search(db, Query(**query), owner=owner, before=None, limit=10).total


def test_a_set_that_is_fetched_again_is_compared_with_its_last_version(made: MadeHome) -> None:
    made.batch("b1", [night("s1", "A", "ID", "C")], [night("s2", "A")])
    made.batch("b2", [night("s1", "New", "A", "B", "C", hours=1)])
    assert kinds(made.home) == [("s1", "added", "New - TNew"), ("s1", "revealed", "B - TB")]
    with opened(made.home) as db:
        (added, revealed) = changes(db)
        assert (added["index_before"], added["index"], added["cause"]) == (None, 1, "source")
        assert (revealed["index_before"], revealed["index"], revealed["before"]) == (2, 3, "ID - ID")
        assert revealed["changed_at"] == "2026-11-01T13:00:00Z"
        newer, older = versions(db, "1001tracklists", "s1", owner=None)
        assert (newer["version"], newer["is_newest"], newer["changes"]) == (
            2,
            True,
            {"added": 1, "revealed": 1},
        )
        assert (older["version"], older["is_newest"], older["changes"]) == (1, False, {})
        places = [find_version(db, "1001tracklists", "s1", number, owner=None) for number in range(-2, 4)]
        assert [place is None for place in places] == [True, True, True, False, False, True]
        place = find(db, "1001tracklists", "s1", owner=None)
        assert place is not None
        assert (place.batch_id, place.summary["n_versions"], place.summary["n_changes"]) == ("b2", 2, 2)
        assert find(db, "1001tracklists", "s9", owner=None) is None
        assert last_change(db) == int(revealed["seq"])
        assert [(b, s["changes"]) for b, s in changed_sets(db, after=-1, until=2**62)] == [
            ("b2", {"added": 1, "revealed": 1})
        ]
    found = [read_set(made.home, place) for place in places if place is not None]
    assert [[track.artist for track in one.tracks] for one in found] == [
        ["A", "ID", "C"],
        ["New", "A", "B", "C"],
    ]
    assert kinds(made.home, since=(NOON + timedelta(hours=2)).timestamp()) == []
    assert len(kinds(made.home, since=(NOON + timedelta(hours=1)).timestamp())) == 2
    assert kinds(made.home, of_set=("1001tracklists", "s2")) == []
    assert len(kinds(made.home, of_set=("1001tracklists", "s1"), limit=1)) == 1


def test_search_finds_the_newest_version_only(made: MadeHome) -> None:
    made.batch("b1", [night("s1", "Alpha", "Béta", djs=["Sven Väth"], sources=["Time Warp"])])
    assert total(made.home, q="alpha beta") == total(made.home, dj="sven vath") == 1
    assert (
        total(made.home, q="alp*")
        == total(made.home, artist="ALPHA")
        == total(made.home, source="time warp")
        == 1
    )
    assert total(made.home, source="1001tracklists", first_day="2026-05-15", last_day="2026-05-15") == 1
    assert (
        total(made.home, dj="vath sven") == total(made.home, label="alpha") == total(made.home, q="alp") == 0
    )
    assert total(made.home, first_day="2026-05-16") == total(made.home, min_quality=0.1) == 0
    made.batch("b2", [night("s1", "Gamma", hours=1)])
    assert total(made.home, q="alpha") == 0
    assert total(made.home, q="gamma") == total(made.home) == 1


@pytest.mark.parametrize(
    "text", ['"', 'a" OR "b', "NEAR(a b)", "-", "*", "djs:x", "\0", "abc*b", "(", "é" * 300]
)
def test_any_text_may_be_searched_for(made: MadeHome, text: str) -> None:
    made.batch("b1", [night("s1", "Alpha")])
    if any(char.isalnum() for char in text):
        assert total(made.home, q=text) == total(made.home, dj=text) == 0
    else:
        with pytest.raises(NoWords, match="no letter"):
            total(made.home, q=text)


def test_a_beginning_of_a_word_has_three_letters(made: MadeHome) -> None:
    with pytest.raises(TooShort, match="q has a \\* after fewer than 3 letters"):
        total(made.home, q="al*")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (None, (-1, None)),
        (cursor_of(7), (7, None)),
        ("2026-11-01", (-1, 1793491200.0)),
        ("2026-11-01T01:00:00+01:00", (-1, 1793491200.0)),
        ("2026-11-01T01:00:00 01:00", (-1, 1793491200.0)),  # a + that no client has encoded
        ("2026-11-01 00:00", (-1, 1793491200.0)),
        ("2d", (-1, 1793491200.0)),
        (" 48h ", (-1, 1793491200.0)),
    ],
)
def test_a_list_of_changes_begins_at_a_moment_or_behind_a_change(
    monkeypatch: pytest.MonkeyPatch, text: str | None, expected: tuple[int, float | None]
) -> None:
    monkeypatch.setattr("time.time", lambda: 1793664000.0)
    assert start_of(text) == expected


@pytest.mark.parametrize("text", ["", "yesterday", "2026-13-01", "1700000000", "d", "-2d", cursor_of(7)[:-1]])
def test_another_beginning_is_refused(text: str) -> None:
    with pytest.raises(NoStart, match="neither a moment"):
        start_of(text)


def test_the_table_of_changes_has_its_columns_even_if_it_is_empty(made: MadeHome, tmp_path: Path) -> None:
    made.batch("b1", [night("s1", "A")])
    assert table(made.home).schema == CHANGES
    made.batch("b2", [night("s1", "A", "B", hours=1)])
    write(table(made.home), tmp_path / "changes.parquet")
    frame = pd.read_parquet(tmp_path / "changes.parquet")
    assert frame[["source_id", "kind", "index", "after"]].to_numpy().tolist() == [
        ["s1", "added", 2, "B - TB"]
    ]
    assert list(frame.dtypes) == list(table(made.home, since="2030-01-01").to_pandas().dtypes)


def test_one_set_is_read_from_its_part(made: MadeHome) -> None:
    made.batch("b1", [night("s1", "A")], [night("s2", "A"), night("s3", "B")])
    catch_up(made.home)
    with opened(made.home) as db:
        place = find(db, "1001tracklists", "s3", owner=None)
    assert place is not None
    assert read_set(made.home, place).tracks[0].artist == "B"


def test_pages_go_on_where_the_last_one_ended(made: MadeHome) -> None:
    made.batch("b1", *([night(f"s{n}", "A")] for n in range(5)))
    catch_up(made.home)
    seen: list[str] = []
    before = None
    with opened(made.home) as db:
        while True:
            page = search(db, Query(q="someone"), owner=None, before=before, limit=2)
            assert page.total == 5
            seen += [found["source_id"] for found in page.sets]
            before = page.next_id
            if before is None:
                break
    assert seen == ["s4", "s3", "s2", "s1", "s0"]


def test_a_user_has_the_versions_of_their_own_batches(made: MadeHome) -> None:
    made.batch("b1", [night("s1", "A", "Secret")], owner="ann")
    made.batch("b2", [night("s1", "A", hours=1)], [night("s2", "A")], owner="bob")
    assert total(made.home, owner="ann", q="secret") == 1
    assert total(made.home, owner="bob", q="secret") == total(made.home, q="secret") == 0
    assert total(made.home, owner="ann") == 1
    assert total(made.home, owner="bob") == total(made.home) == 2
    assert kinds(made.home) == []
    with opened(made.home) as db:
        assert len(versions(db, "1001tracklists", "s1", owner="ann")) == 1
        assert len(versions(db, "1001tracklists", "s1", owner=None)) == 2
        assert find(db, "1001tracklists", "s2", owner="ann") is None
    made.batch("b3", [night("s1", "A", "B", "C", hours=2)], owner="ann")
    assert [kind for _, kind, _ in kinds(made.home, owner="ann")] == ["added", "added", "removed"]
    assert kinds(made.home, owner="bob") == []
    assert [t.source_id for t in iter_newest(made.home)] == ["s2", "s1"]


# -- order -------------------------------------------------------------------------------------------


def test_the_order_of_publication_counts_where_a_clock_ran_back(made: MadeHome) -> None:
    made.batch("b1", [night("s1", "A", hours=10)])
    made.batch("b2", [night("s1", "A", "B", hours=-10)])
    assert kinds(made.home) == [("s1", "added", "B - TB")]
    assert [len(t.tracks) for t in iter_newest(made.home)] == [2]


def test_a_copy_of_an_older_fetch_is_not_the_newest_version(made: MadeHome) -> None:
    made.batch("b1", [night("s1", "A")])
    made.batch("b2", [night("s1", "A", "B", hours=1)])
    made.batch("b3", [night("s1", "A")])
    assert kinds(made.home) == [("s1", "added", "B - TB")]
    with opened(made.home) as db:
        assert [v["batch_id"] for v in versions(db, "1001tracklists", "s1", owner=None)] == ["b3", "b2", "b1"]
        assert total(made.home, q="tb") == 1


def test_a_change_that_only_a_parser_made_says_so(made: MadeHome) -> None:
    made.batch("b1", [night("s1", "A")])
    made.batch("b2", [night("s1", "A", "B", parser="1001tracklists/2")])
    made.batch("b3", [night("s1", "A", "B", "C", parser="1001tracklists/3", hours=1)])
    catch_up(made.home)
    with opened(made.home) as db:
        found = [(c["cause"], c["parser_before"], c["parser"]) for c in changes(db)]
    assert found == [
        ("parser", "1001tracklists/1", "1001tracklists/2"),
        ("either", "1001tracklists/2", "1001tracklists/3"),
    ]


def test_batches_that_run_at_once_are_read_in_the_order_of_their_results(
    made: MadeHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    made.open("b1", 4)
    made.open("b2", 4)
    for n in range(4):
        made.fetch("b1", [night("s1", *"ABCDEFGH"[: 2 * n + 1], hours=2 * n)])
        made.fetch("b2", [night("s1", *"ABCDEFGH"[: 2 * n + 2], hours=2 * n + 1)])
    monkeypatch.setattr(module, "WINDOW", 3)
    assert [after for _, _, after in kinds(made.home)] == [f"{c} - T{c}" for c in "BCDEFGH"]


def test_a_version_with_fewer_rows_is_the_newest_like_any_other(made: MadeHome) -> None:
    made.batch("b1", [night("s1", *"ABCDEF", quality=0.9)], [night("s2", "A")])
    made.batch("b2", [night("s1", "A", "F", hours=1, quality=0.2)])
    assert kinds(made.home) == [("s1", "removed", "")] * 4
    assert [len(found.tracks) for found in iter_newest(made.home) if found.source_id == "s1"] == [2]
    assert (total(made.home, q="tc"), total(made.home, q="tf"), total(made.home, min_quality=0.5)) == (
        0,
        1,
        0,
    )
    merge_all(made.home)
    assert load(made.home)[1].groupby("source_id").size().to_dict() == {"s1": 2, "s2": 1}
    made.batch("b3", [night("s1", hours=2)])
    assert total(made.home, q="tf") == 0
    assert kinds(made.home)[4:] == [("s1", "removed", "")] * 2


def test_unchanged_sets_change_nothing(made: MadeHome) -> None:
    made.batch("b1", [night("s1", "A", "B")])
    made.batch("b2", [night("s1", "A", "B", hours=1)])
    assert kinds(made.home) == []
    with opened(made.home) as db:
        assert [v["batch_id"] for v in versions(db, "1001tracklists", "s1", owner=None)] == ["b2", "b1"]


# -- keys --------------------------------------------------------------------------------------------


def test_sets_without_an_id_have_the_fingerprint_of_their_page_and_those_of_one_page_a_number(
    made: MadeHome,
) -> None:
    first = night("s1", "A")
    made.batch("b1", [a_set(source_id=None), a_set(source_id=None), first, night("s1", "B")])
    catch_up(made.home)
    with opened(made.home) as db:
        found = search(db, Query(), owner=None, before=None, limit=10)
    assert sorted(s["source_id"] for s in found.sets) == ["s1", "s1#4", "url:1", "url:1#2"]
    assert len(list(iter_newest(made.home))) == 4


# -- what goes wrong ---------------------------------------------------------------------------------


def test_a_catalogue_that_was_deleted_or_damaged_or_is_of_another_version_is_the_same_again(
    made: MadeHome,
) -> None:
    made.batch("b1", [night("s1", "A", "ID")], [night("s2", "A")])
    made.batch("b2", [night("s1", "A", "B", hours=1)])
    catch_up(made.home)
    before = dump(made.home)
    assert before["changes"]
    path = made.home.catalogue
    for spoil in (
        path.unlink,
        lambda: path.write_bytes(b"rubbish" * 1000),
        lambda: path.write_bytes(b""),
        lambda: _change(path, "UPDATE meta SET value = 'older' WHERE key = 'version'"),
        lambda: _change(path, *OLDER),
    ):
        spoil()
        assert catch_up(made.home).n_behind == 0
        assert dump(made.home) == before
    assert path.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("name", ["meta", "batches", "sets", "contents", "versions", "blocks", "words"])
def test_a_catalogue_without_one_of_its_tables_is_made_anew(made: MadeHome, name: str) -> None:
    made.batch("b1", [night("s1", "A", "ID")])
    catch_up(made.home)
    before = dump(made.home)
    _change(made.home.catalogue, f"DROP TABLE {name}")
    made.batch("b2", [night("s1", "A", "B", hours=1)])
    for _ in range(2):  # whoever finds it is told, the next one makes it anew
        with suppress(HomeUnusable):
            catch_up(made.home)
        with suppress(HomeUnusable):
            total(made.home, q="someone")
    assert total(made.home, q="tb") == 1
    after = dump(made.home)
    assert (len(after["versions"]), len(after["changes"])) == (len(before["versions"]) + 1, 1)


def _change(path: Path, *statements: str) -> None:
    with closing(sqlite3.connect(path)) as db, db:
        for statement in statements:
            db.execute(statement)


def test_a_catalogue_of_another_journal_is_made_anew(made: MadeHome, tmp_path: Path) -> None:
    made.batch("b1", [night("s1", "A")], [night("s2", "A")])
    catch_up(made.home)
    other = MadeHome(tmp_path / "other")
    other.batch("x1", [night("s3", "A")])
    other.close()
    other.home.catalogue.write_bytes(made.home.catalogue.read_bytes())
    assert catch_up(other.home) == Standing(1, 1, 1)
    assert [t.source_id for t in iter_newest(other.home)] == ["s3"]


def test_a_set_that_has_vanished_from_its_site_keeps_its_last_version(made: MadeHome) -> None:
    made.batch("b1", [night("s1", "A")], [night("s2", "A")])
    made.open("b2", 2)
    made.fetch("b2", [night("s2", "A", "B", hours=1)])
    death = LaneDeath(made.journal.batch("b2").id, DOMAIN, "gone: 404")
    assert kill_lane(made.journal, death) == (1, 0)
    made.finish("b2")
    assert kinds(made.home) == [("s2", "added", "B - TB")]
    assert total(made.home) == 2
    assert sorted(t.source_id or "" for t in iter_newest(made.home)) == ["s1", "s2"]


def test_parts_that_are_merged_are_read_where_they_are_now(made: MadeHome) -> None:
    made.open("b1", 2)
    stems = [made.fetch("b1", [night(f"s{n}", "A")]) for n in range(2)]
    part = merge(made.store, "b1", stems, "0001-000001-00001m").part
    row = PartRow(part.stem, "b1", part.n_sets, part.n_tracks, part.n_bytes, True, False)
    made.journal.replace_parts("b1", dict.fromkeys(stems, 0), row)
    replace_parts(made.store, "b1", stems, part.stem)
    assert total(made.home) == 2
    assert [t.source_id for t in iter_newest(made.home)] == ["s0", "s1"]


def test_a_part_that_is_damaged_is_passed_over_and_read_once_it_is_whole(
    made: MadeHome, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("tlray.io.catalogue.records.PAUSE_S", 0.0)
    made.open("b1", 3)
    stem = made.fetch("b1", [night("s1", "A")])
    file = made.store.published("b1", stem, PartFile.TRACKLISTS)
    whole = file.read_bytes()
    file.write_bytes(whole[: len(whole) // 2])
    made.fetch("b1", [night("s2", "A")])
    assert total(made.home) == 1
    file.unlink()
    made.fetch("b1", [night("s3", "A")])
    assert total(made.home) == 2
    for within_s in (1.0, None):
        caplog.clear()
        assert catch_up(made.home, within_s=within_s).n_unread == 1
        assert ("results not in the catalogue n=1" in caplog.text) == (within_s is None)
    file.write_bytes(whole)
    assert total(made.home) == 3
    made.batch("b2", [night("s4", "A")])
    assert (total(made.home), catch_up(made.home).n_unread) == (4, 0)


def test_a_part_of_an_older_tlray_is_a_version_like_any_other(made: MadeHome) -> None:
    rows = [a_track(1, 0.0), a_track(2, 61.5)]
    made.batch("b1", [a_set(*rows, source_id="s1", fetched_at=NOON)])
    for kind in (PartFile.TRACKLISTS, PartFile.TRACKS):
        as_before_november_2026(made.store.published("b1", "0001-000001-00001", kind))
    made.batch("b2", [a_set(*rows, source_id="s1", fetched_at=NOON + timedelta(hours=1))])
    assert kinds(made.home) == []
    made.batch("b3", [a_set(*rows[:1], source_id="s1", fetched_at=NOON + timedelta(hours=2))])
    assert [kind for _, kind, _ in kinds(made.home)] == ["removed"]


def test_a_storage_that_is_away_is_an_error_and_no_lost_part(
    made: MadeHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    made.batch("b1", [night("s1", "A")])
    with monkeypatch.context() as away:

        def read_tables(*args: Any, **given: Any) -> None:
            raise StorageFull("the storage")

        away.setattr("tlray.io.catalogue.records.read_tables", read_tables)
        with pytest.raises(StorageFull):
            catch_up(made.home)
    assert total(made.home) == 1


def test_a_part_that_is_not_published_yet_counts(made: MadeHome) -> None:
    made.open("b1", 1)
    made.fetch("b1", [night("s1", "A")], publish=False)
    assert total(made.home) == 1


def test_catching_up_stops_at_its_time_and_says_how_far_it_is(
    made: MadeHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    made.batch("b1", *([night(f"s{n}", "A")] for n in range(5)))
    monkeypatch.setattr(module, "WINDOW", 2)
    ticks = iter(range(100))
    found = catch_up(made.home, within_s=0.5, clock=lambda: float(next(ticks)))
    assert (found.position, found.n_behind, found.n_read) == (2, 3, 2)
    assert catch_up(made.home) == Standing(5, 5, 3)
    assert catch_up(made.home).n_read == 0


def test_a_process_that_finds_another_one_at_work_does_not_wait_beyond_its_time(made: MadeHome) -> None:
    made.batch("b1", [night("s1", "A")])
    with opened(made.home) as other:
        other.execute("BEGIN IMMEDIATE")
        assert catch_up(made.home, within_s=0.05).n_behind == 1
        other.execute("ROLLBACK")
    assert catch_up(made.home).n_behind == 0


def test_a_batch_that_is_opened_again_is_read_again(made: MadeHome) -> None:
    made.open("b1", 2)
    made.fetch("b1", [night("s1", "A")])
    made.finish("b1")
    assert total(made.home) == 1
    made.fetch("b1", [night("s2", "A")])
    made.finish("b1", at=3.0)
    assert total(made.home) == 2


# -- all of it ---------------------------------------------------------------------------------------


def test_load_has_the_newest_version_of_every_set_with_one_dtype_for_a_column(made: MadeHome) -> None:
    empty = load(made.home)
    made.batch("b1", [night("s1", "A", "B")], [night("s2", "A", is_live=True, quality=0.9)])
    made.batch("b2", [night("s1", "A", "C", "D", hours=1)])
    tracklists, tracks = load(made.home)
    assert sorted(tracklists["source_id"]) == ["s1", "s2"]
    assert tracks.groupby("source_id").size().to_dict() == {"s1": 3, "s2": 1}
    assert [list(f.dtypes) for f in empty] == [list(tracklists.dtypes), list(tracks.dtypes)]
    assert list(load(made.home, Query(min_quality=0.5))[0]["source_id"]) == ["s2"]
