"""Rows of reused results, read again from the parts that have them."""

from __future__ import annotations

from pathlib import Path

import pytest
from made_parts import a_set

from tlray.core.model.outcome import OutcomeKind, ReusableResult
from tlray.core.scheduling.lease import LeasedItem
from tlray.errors import StorageUnavailable
from tlray.io.disk.home import Home
from tlray.io.results.item_reader import read_items
from tlray.io.results.local_store import LocalStore
from tlray.io.results.open_part import OpenPart
from tlray.io.results.part_writer import stage
from tlray.io.results.store import PartFile


def test_kept_rows_become_rows_of_another_batch_under_its_own_url(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.create()
    stage(LocalStore(home), "b1", "p", [a_set(1), a_set(2, 5), a_set(3)], b"")
    LocalStore(home).publish("b1", "p")
    sets = read_items(LocalStore(home), "b1", "p", [2, 3, 99])
    assert {item: [len(s.tracks) for s in found] for item, found in sets.items()} == {2: [5], 3: [3]}

    part = OpenPart("b2")
    kept = ReusableResult("b1", "p", 2, 500.0)
    item = LeasedItem(7, "b2", "a.test", "https://a.test/other-slug", "f", 1, reused=kept)
    outcome = part.add_reused(item, sets[2])
    assert (outcome.kind, outcome.n_sets, outcome.n_tracks, outcome.reused) == (
        OutcomeKind.ANSWERED,
        1,
        5,
        kept,
    )
    [(key, tracklist)] = part.rows
    assert (key.batch_id, key.item_id, tracklist.url) == ("b2", 7, "https://a.test/other-slug")
    assert tracklist.tracks == a_set(2, 5)[1].tracks
    assert not part.pages.take(), "the page stays in the archive of the batch that fetched it"


def test_rows_that_are_not_there_any_more_answer_nothing(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.create()
    assert read_items(LocalStore(home), "b1", "merged-away", [1]) == {}
    stage(LocalStore(home), "b1", "p", [a_set(1)], b"")
    LocalStore(home).publish("b1", "p")
    LocalStore(home).published("b1", "p", PartFile.TRACKS).write_bytes(b"PAR1 damaged")
    assert read_items(LocalStore(home), "b1", "p", [1]) == {}
    item = LeasedItem(7, "b2", "a.test", "https://a.test/", "f", 1, reused=ReusableResult("b1", "p", 1, 5.0))
    outcome = OpenPart("b2").add_reused(item, ())
    assert (outcome.kind, outcome.reused) == (OutcomeKind.NOT_BEGUN, item.reused)


def test_a_storage_that_is_away_is_no_part_that_has_moved(tmp_path: Path) -> None:
    with pytest.raises(StorageUnavailable):
        read_items(LocalStore(Home(tmp_path), is_storage=True), "b1", "p1", {1})
