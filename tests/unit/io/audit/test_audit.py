"""An audit finds every kind of damage, says where, and does not cry wolf."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest
from made_batch import MadeBatch
from made_parts import BATCH, a_set

from tlray.core.audit.findings import Finding, FindingKind
from tlray.core.model.lifecycle import ItemState
from tlray.errors import NoSuchBatch
from tlray.io.audit import checks
from tlray.io.audit.audit import Audit, audit_batch, check_journal, unknown_folders
from tlray.io.disk.home import Holder, Home
from tlray.io.journal.rows import PartRow
from tlray.io.results.compaction import merge
from tlray.io.results.local_store import LocalStore
from tlray.io.results.part_writer import stage
from tlray.io.results.store import PartFile

K = FindingKind


@pytest.fixture
def batch(tmp_path: Path) -> Iterator[MadeBatch]:
    """Twelve items: ten sets in two parts, two dead letters."""
    made = MadeBatch.submitted(Home(tmp_path / "a home").create(), 12)
    made.fetch(6)
    made.fetch(4)
    made.lose()
    made.lose()
    made.finish()
    yield made
    made.journal.close()


def look(batch: MadeBatch) -> Audit:
    return audit_batch(batch.home, BATCH, reads_pages=True)


def kinds(batch: MadeBatch) -> dict[FindingKind, int]:
    return look(batch).findings.counts


def only(batch: MadeBatch, kind: FindingKind) -> list[Finding]:
    """What was found, which is of this kind alone."""
    found = look(batch).findings
    assert set(found.counts) == {kind}, found.kept
    return found.examples[kind]


def file(batch: MadeBatch, piece: PartFile, number: int = 1) -> Path:
    return LocalStore(batch.home).published(BATCH, f"0001-000001-{number:05d}", piece)


def rewrite(path: Path, change: Callable[[pd.DataFrame], pd.DataFrame]) -> None:
    """Change the rows of a Parquet file."""
    table = pq.read_table(path)
    frame = change(table.to_pandas())
    pq.write_table(type(table).from_pandas(frame, schema=table.schema, preserve_index=False), path)


def test_what_is_right_is_right(batch: MadeBatch) -> None:
    audit = look(batch)
    assert audit.is_right, audit.findings
    assert (audit.n_parts, audit.n_rows, audit.n_track_rows, audit.n_pages) == (2, 10, 55, 10)
    assert audit.n_bytes == sum(
        path.stat().st_size for path in batch.home.path.glob("*/b1/**/*") if path.is_file()
    )
    books = audit.books
    assert (books.total, books.n_duplicates, books.n_rejected, books.n_lines) == (12, 1, 1, 14)
    assert books.counts == {ItemState.SUCCEEDED: 10, ItemState.DEAD: 2}
    told = audit.to_json()
    assert (told["is_right"], told["missing"], told["twice"], told["findings"], told["notes"]) == (
        True,
        0,
        0,
        [],
        [],
    )


def test_parts_that_were_merged_are_right(batch: MadeBatch) -> None:
    stems = [part.stem for part in batch.journal.parts(BATCH)]
    merged = merge(LocalStore(batch.home), BATCH, stems, "m")
    note = merged.part
    row = PartRow("m", BATCH, note.n_sets, note.n_tracks, note.n_bytes, has_rows=True, has_pages=True)
    batch.journal.replace_parts(BATCH, merged.warc_offsets, row)
    LocalStore(batch.home).delete(BATCH, stems)
    LocalStore(batch.home).publish(BATCH, "m")
    audit = look(batch)
    assert audit.is_right, audit.findings
    assert (audit.n_parts, audit.n_rows, audit.n_pages) == (1, 10, 10)


# -- files -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("piece", [PartFile.TRACKS, PartFile.TRACKLISTS])
def test_a_missing_file_is_named_with_the_items_that_are_gone_with_it(
    batch: MadeBatch, piece: PartFile
) -> None:
    file(batch, piece).unlink()
    found = look(batch).findings
    (missing,) = found.examples[K.PART_MISSING]
    assert missing.part == "0001-000001-00001"
    assert f"results/b1/{piece}/0001-000001-00001.parquet" in missing.what
    assert found.counts.get(K.ROW_MISSING, 0) == (6 if piece is PartFile.TRACKLISTS else 0)
    for row in found.examples.get(K.ROW_MISSING, []):
        assert row.url == f"https://example.org/{row.line}"
        assert row.part == "0001-000001-00001"


def test_a_manifest_entry_without_any_file_is_found(batch: MadeBatch) -> None:
    batch.run("INSERT INTO parts VALUES ('0001-000009-00001', 1, 0, 0, 10, 1, 1)")
    assert kinds(batch) == {K.PART_MISSING: 3, K.PART_DAMAGED: 1}


@pytest.mark.parametrize("piece", [PartFile.TRACKS, PartFile.TRACKLISTS])
def test_a_truncated_table_is_found(batch: MadeBatch, piece: PartFile) -> None:
    path = file(batch, piece)
    path.write_bytes(path.read_bytes()[:-200])
    found = look(batch).findings
    (damaged,) = found.examples[K.PART_DAMAGED]
    assert (damaged.part, damaged.what.split()[0]) == (
        "0001-000001-00001",
        str(path.relative_to(batch.home.path)),
    )


@pytest.mark.parametrize("piece", [PartFile.TRACKS, PartFile.TRACKLISTS])
def test_one_flipped_bit_is_found_by_the_checksum_of_its_page(batch: MadeBatch, piece: PartFile) -> None:
    path = file(batch, piece)
    whole = path.read_bytes()
    text = whole.index(b"example.org")  # plain in the file: snappy keeps what it sees first
    path.write_bytes(whole[:text] + bytes([whole[text] ^ 1]) + whole[text + 1 :])
    (damaged,) = look(batch).findings.examples[K.PART_DAMAGED]
    assert "CRC" in damaged.what


def test_a_truncated_archive_is_found_by_its_size_and_by_reading_it(batch: MadeBatch) -> None:
    path = file(batch, PartFile.ARCHIVE, 2)
    path.write_bytes(path.read_bytes()[:-50])
    assert set(audit_batch(batch.home, BATCH).findings.counts) == {K.PART_DIFFERS}, (
        "without reading every page"
    )
    assert kinds(batch) == {K.PART_DIFFERS: 1, K.PART_DAMAGED: 1}


def test_a_page_that_an_attempt_points_to_is_read(batch: MadeBatch) -> None:
    path = file(batch, PartFile.ARCHIVE, 1)
    whole = path.read_bytes()
    at = whole.index(b"WARC-Type: response")
    path.write_bytes(whole[:at] + b"X" + whole[at + 1 :])
    (page,) = audit_batch(batch.home, BATCH).findings.examples[K.PAGE_MISSING]
    assert page.item_id == 1
    path.unlink()
    found = audit_batch(batch.home, BATCH).findings
    assert set(found.counts) == {K.PART_MISSING, K.PAGE_MISSING}


def test_an_attempt_that_points_beside_a_page_is_found(batch: MadeBatch) -> None:
    batch.run("UPDATE attempts SET raw_offset = 0, raw_length = 200 WHERE item = 1")
    batch.run("UPDATE attempts SET part = 'gone' WHERE item = 7")
    found = audit_batch(batch.home, BATCH).findings.examples[K.PAGE_MISSING]
    assert {(one.item_id, one.part) for one in found} == {(1, "0001-000001-00001"), (7, "gone")}


def test_a_page_that_is_not_in_the_archive_is_found_where_pages_are_kept(batch: MadeBatch) -> None:
    batch.run("UPDATE items SET url = 'https://example.org/other' WHERE id = 3")
    (missing,) = only(batch, K.PAGE_MISSING)
    assert (missing.item_id, missing.url) == (3, "https://example.org/other")
    assert audit_batch(batch.home, BATCH).is_right, "without --pages nobody looks"
    batch.run(
        "UPDATE batches SET options = replace(options, '\"keeps_pages\": true', '\"keeps_pages\": false')"
    )
    assert look(batch).is_right


def test_an_item_that_a_kept_result_answers_has_its_row_and_no_page_of_its_own(batch: MadeBatch) -> None:
    batch.run("UPDATE items SET url = 'https://example.org/other', answered_by = 1000 WHERE id = 3")
    assert look(batch).is_right


@pytest.mark.parametrize(
    "name", ["tracklists/0001-000007-00001.parquet", "tracks/notes.txt", "tracks/0001-000001-00001.csv"]
)
def test_a_published_file_that_no_manifest_names_is_an_orphan(batch: MadeBatch, name: str) -> None:
    shutil.copy(file(batch, PartFile.TRACKLISTS), batch.home.results(BATCH) / name)
    (orphan,) = only(batch, K.ORPHAN)
    assert orphan.part == f"results/b1/{name}"
    assert "pandas reads it" in orphan.what
    (batch.home.results(BATCH) / name).rename(batch.home.results(BATCH) / "tracks" / "_hidden.parquet")
    assert look(batch).is_right, "pandas does not see a leading _"


def test_an_archive_of_no_part_is_an_orphan(batch: MadeBatch) -> None:
    shutil.copy(file(batch, PartFile.ARCHIVE), batch.home.archive(BATCH) / "0009-000001-00001.warc.gz")
    assert "lies among the pages" in only(batch, K.ORPHAN)[0].what


# -- rows ------------------------------------------------------------------------------------------


def test_a_row_twice_is_found_whether_in_one_part_or_in_two(batch: MadeBatch) -> None:
    rewrite(file(batch, PartFile.TRACKLISTS, 2), lambda rows: pd.concat([rows, rows.iloc[:1]]))
    audit = look(batch)
    assert (audit.n_twice, audit.findings.examples[K.ROW_TWICE][0].item_id) == (1, 7)
    rewrite(file(batch, PartFile.TRACKLISTS, 2), lambda rows: rows.iloc[:-1])
    first = pd.read_parquet(file(batch, PartFile.TRACKLISTS, 1)).iloc[:1]
    rewrite(file(batch, PartFile.TRACKLISTS, 2), lambda rows: pd.concat([rows, first]))
    found = look(batch).findings
    assert found.examples[K.ROW_TWICE][0].item_id == 1
    assert "another part" in found.examples[K.ROW_STRANGE][0].what


def test_an_item_without_a_row_is_found(batch: MadeBatch) -> None:
    rewrite(file(batch, PartFile.TRACKLISTS), lambda rows: rows[rows.item_id != 4])
    audit = look(batch)
    (missing,) = audit.findings.examples[K.ROW_MISSING]
    assert (audit.n_missing, missing.item_id, missing.line, missing.url) == (1, 4, 4, "https://example.org/4")
    assert missing.where == "part 0001-000001-00001, item 4, line 4, https://example.org/4"
    assert K.TRACKS_DIFFER in audit.findings.counts, "its tracks are there, and nobody claims them"


def test_a_set_of_several_that_is_not_there_is_found(batch: MadeBatch) -> None:
    rewrite(
        file(batch, PartFile.TRACKLISTS),
        lambda rows: rows.assign(set_index=rows["set_index"] + (rows.item_id == 2)),
    )
    assert "several sets" in look(batch).findings.examples[K.ROW_MISSING][0].what


def test_tracks_are_as_many_as_their_set_claims(batch: MadeBatch) -> None:
    rewrite(file(batch, PartFile.TRACKS), lambda rows: rows.drop(rows[rows.item_id == 5].index[:2]))
    found = look(batch).findings
    (unequal,) = found.examples[K.TRACKS_DIFFER]
    assert (unequal.item_id, unequal.what) == (5, "its set 0 claims 5 tracks and has 3")
    assert "21 tracks, its files have 19" in " ".join(one.what for one in found.examples[K.PART_DIFFERS])


@pytest.mark.parametrize(
    ("damage", "why"),
    [
        ("UPDATE items SET state = 'dead', reason = 'x' WHERE id = 2", "did not succeed"),
        ("UPDATE items SET fingerprint = 'other' WHERE id = 2", "another fingerprint"),
        ("UPDATE items SET part = '0001-000001-00002' WHERE id = 2", "in another part"),
    ],
)
def test_a_row_that_its_item_does_not_know_is_found(batch: MadeBatch, damage: str, why: str) -> None:
    batch.run(damage)
    strange = audit_batch(batch.home, BATCH).findings.examples[K.ROW_STRANGE]
    assert [(one.item_id, why in one.what) for one in strange] == [(2, True)]


def test_rows_of_nobody_and_of_another_batch_are_found(batch: MadeBatch) -> None:
    rewrite(
        file(batch, PartFile.TRACKLISTS),
        lambda rows: rows.replace({"item_id": {2: 99}, "batch_id": {BATCH: "b2"}}),
    )
    found = look(batch).findings
    assert {one.what for one in found.examples[K.ROW_STRANGE]} == {
        "a row of no item of this batch",
        "it has rows of batch b2",
    }
    assert found.counts[K.ROW_MISSING] == 1


# -- books -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        ("UPDATE batches SET n_sets = 11", "counts 11 sets, its rows add up to 10"),
        ("UPDATE batches SET n_tracks = 0", "counts 0 tracks, its rows add up to 55"),
        ("UPDATE batches SET n_rejected = 2", "counts 2 rejected lines, its rows add up to 1"),
        (
            "DELETE FROM refused_lines WHERE first_line IS NOT NULL",
            "counts 1 duplicate lines, its rows add up to 0",
        ),
        ("UPDATE items SET line = 1 WHERE id = 12", "are 14, but the list's lines on record are 13"),
        ("DELETE FROM items WHERE id = 12", "its list made 12 items, 11 are in the journal"),
        ("UPDATE items SET state = 'queued' WHERE id = 12", "it is completed, but 1 item open"),
        ("UPDATE items SET state = 'cancelled' WHERE id = 12", "it is completed, but 1 item cancelled"),
    ],
)
def test_counts_that_do_not_agree_are_found(batch: MadeBatch, damage: str, said: str) -> None:
    batch.run(damage)
    told = [one.what for one in look(batch).findings.examples.get(K.BOOKS, [])]
    assert any(said in what for what in told), told


def test_a_dead_letter_has_a_reason(batch: MadeBatch) -> None:
    batch.run("UPDATE items SET reason = NULL WHERE id = 11")
    (found,) = only(batch, K.NO_REASON)
    assert found.where == "item 11, line 11, https://example.org/11"


def test_a_damaged_journal_is_told(batch: MadeBatch) -> None:
    assert check_journal(batch.home.path) == []
    batch.run("PRAGMA wal_checkpoint(TRUNCATE)")
    path = batch.home.journal
    whole = bytearray(path.read_bytes())
    whole[4096 * 3 : 4096 * 3 + 60] = b"\xff" * 60
    path.write_bytes(whole)
    assert [one.kind for one in check_journal(batch.home.path)][:1] == [K.JOURNAL]


def test_no_batch_is_no_audit(batch: MadeBatch) -> None:
    with pytest.raises(NoSuchBatch):
        audit_batch(batch.home, "other")


# -- while it runs, and after a crash ----------------------------------------------------------------


@pytest.fixture
def running(tmp_path: Path) -> Iterator[MadeBatch]:
    """Twelve items, of which six are done."""
    made = MadeBatch.submitted(Home(tmp_path / "home").create(), 12)
    made.fetch(6)
    yield made
    made.journal.close()


def test_an_open_batch_is_right_and_says_what_is_open(running: MadeBatch) -> None:
    running.take(2)
    audit = look(running)
    assert audit.is_right, audit.findings
    assert audit.notes == ("6 items open; `tlray scrape --resume b1` goes on",)


def test_a_part_that_counts_and_waits_to_be_published_is_read_where_it_is(running: MadeBatch) -> None:
    stem = running.fetch(4, is_published=False)
    audit = look(running)
    assert audit.is_right, audit.findings
    assert audit.n_rows == 10
    assert sum("is seen once the next start has published it" in note for note in audit.notes) == 3
    running.run("UPDATE items SET state = 'dead', reason = 'x' WHERE state = 'queued'")
    running.finish()
    assert look(running).findings.counts[K.PART_MISSING] == 3, "of a finished batch there is no next start"
    LocalStore(running.home).staged(BATCH, stem, PartFile.TRACKS).unlink()


def test_a_part_that_a_new_life_is_slow_to_publish_is_read_where_it_is(
    running: MadeBatch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checks, "SETTLE_S", 0.1)
    stem = running.fetch(4, is_published=False)
    hold = running.home.hold(Holder(1, "n", "a", "t"))
    try:
        audit = look(running)
    finally:
        hold.close()
    assert audit.is_right, audit.findings
    assert audit.n_rows == 10
    LocalStore(running.home).publish(BATCH, stem)


def test_what_a_next_start_sweeps_is_told(running: MadeBatch) -> None:
    stage(LocalStore(running.home), BATCH, "0001-000002-00001", [a_set(8)], b"")
    audit = look(running)
    assert audit.is_right
    assert any("2 staged files count for nothing" in note and "next start" in note for note in audit.notes)
    LocalStore(running.home).publish(BATCH, "0001-000002-00001")
    assert "until the next start of the batch removes it" in look(running).findings.examples[K.ORPHAN][0].what


def test_files_are_published_and_merged_under_a_living_coordinator_without_a_false_alarm(
    running: MadeBatch,
) -> None:
    hold = running.home.hold(Holder(1, "n", "a", "t"))
    stop, wrong, n_audits = threading.Event(), [], [0]

    def watch() -> None:
        while not stop.is_set():
            audit = audit_batch(running.home, BATCH)
            n_audits[0] += 1
            if not audit.is_right:
                wrong.append(audit.findings)

    watching = threading.Thread(target=watch)
    watching.start()
    try:
        for _ in range(3):
            stem = running.fetch(2, is_published=False)
            time.sleep(0.15)
            LocalStore(running.home).publish(BATCH, stem)
        parts = running.journal.parts(BATCH)
        merged = merge(LocalStore(running.home), BATCH, [part.stem for part in parts], "m")
        note = merged.part
        row = PartRow("m", BATCH, note.n_sets, note.n_tracks, note.n_bytes, has_rows=True, has_pages=True)
        running.journal.replace_parts(BATCH, merged.warc_offsets, row)
        time.sleep(0.15)
        LocalStore(running.home).delete(BATCH, [part.stem for part in parts])
        time.sleep(0.15)
        LocalStore(running.home).publish(BATCH, "m")
        time.sleep(0.15)
    finally:
        stop.set()
        watching.join()
        hold.close()
    assert wrong == []
    assert n_audits[0] >= 3
    assert look(running).n_rows == 12
    assert list(LocalStore(running.home).staging(BATCH).iterdir()) == []


def test_folders_of_no_batch_are_named(running: MadeBatch) -> None:
    assert unknown_folders(running.home) == []
    running.home.archive("other").mkdir()
    running.home.results("other").mkdir()
    assert unknown_folders(running.home) == ["archive/other", "results/other"]
