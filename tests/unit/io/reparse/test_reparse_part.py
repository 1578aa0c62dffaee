"""A part whose pages are read again: rows of today's parsers, the same pages, and a word on each change."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from made_parts import BATCH

from tlray.core.model.quality import assess
from tlray.demo.page import page_of
from tlray.demo.plan import Plan
from tlray.demo.rows import make_set
from tlray.io.disk.home import Home
from tlray.io.http.response import Fetched
from tlray.io.journal.rows import PagePlace, PartRow, Revised
from tlray.io.reparse import part as module
from tlray.io.reparse.part import PartWork, n_portions, next_stem, read_portion, reparse_part, stage_portions
from tlray.io.results.local_store import LocalStore
from tlray.io.results.part_tables import read_tables
from tlray.io.results.part_writer import stage
from tlray.io.results.rows import ItemKey, from_tables
from tlray.io.results.store import PartFile, PartMoved
from tlray.io.results.warc import ArchiveWriter
from tlray.model import Tracklist
from tlray.readers.interface import SourceFile
from tlray.readers.registry import read_file
from tlray.sites.registry import parse_page

STEM = "0001-000001-00001m"
AT = datetime(2026, 11, 28, 12, 0, 0, 123_456, UTC)
SHEET = b'TITLE "A sheet"\nFILE "a.mp3" MP3\nTRACK 01 AUDIO\nTITLE "T"\nPERFORMER "P"\nINDEX 01 00:00:00\n'
PLAN = Plan(1, 4, 1)
PAGES = [page_of(make_set(1, i, PLAN.head(i))).encode() for i in range(4)]


class Part:
    """A part of pages whose rows an older parser has read."""

    def __init__(self, folder: Path) -> None:
        self.store = LocalStore(Home(folder).create())
        self.archive = ArchiveWriter()
        self.rows: list[tuple[ItemKey, Tracklist]] = []
        self._n = 0

    def page(
        self,
        body: bytes,
        url: str,
        *sets: Tracklist,
        is_kept: bool = True,
        fingerprint: str = "u",
        us: int | None = None,
    ) -> PagePlace:
        """Add a page with its rows; without rows, as a dead letter has it; without a page, as a reused result has it."""
        self._n += 1
        at = AT + timedelta(microseconds=self._n if us is None else us)
        place = (0, 0)
        if is_kept:
            place = self.archive.add(
                Fetched(
                    url=url, kind=None, started_at=at.timestamp(), latency_s=0.1, status=200,
                    status_line=b"HTTP/1.1 200 OK", raw_headers=((b"Content-Type", b"text/html"),), wire_body=body,
                    body=body,
                )
            )  # fmt: skip
        self.rows += [
            (ItemKey(BATCH, self._n, f"{fingerprint}{self._n}"), replace(one, fetched_at=at)) for one in sets
        ]
        return PagePlace(self._n, url, f"{fingerprint}{self._n}", BATCH, STEM, *place)

    def stage(self) -> None:
        stage(self.store, BATCH, STEM, self.rows, self.archive.take())
        self.store.publish(BATCH, STEM)

    def work(self, stem: str, *dead: PagePlace) -> PartWork:
        return PartWork(PartRow(stem, BATCH, 0, 0, 0, has_rows=bool(self.rows), has_pages=True), dead=dead)

    def sets(self, stem: str) -> list[Tracklist]:
        return list(from_tables(*read_tables(self.store, BATCH, stem)))


def read_now(body: bytes, url: str = "http://127.0.0.1/tracklist/1pn8l919/a.html") -> Tracklist:
    return assessed(parse_page(body, url).tracklists[0])


def assessed(found: Tracklist) -> Tracklist:
    found.quality, found.quality_issues = assess(found)
    return found


@pytest.fixture
def part(tmp_path: Path) -> Part:
    """Five sets: one as today, two that an older parser has read, one whose page has no set now, one whose page is elsewhere."""
    made = Part(tmp_path)
    now = [read_now(page, f"http://127.0.0.1/tracklist/{n}/a.html") for n, page in enumerate(PAGES)]
    sheet = assessed(read_file(SourceFile("a.cue", SHEET, "file:///a.cue")).tracklists[0])
    older = replace(now[1], title="An older title", tracks=now[1].tracks[:-1], parser="1001tracklists/0")
    made.page(PAGES[0], now[0].url, now[0])
    made.page(b"<html>captcha", "http://127.0.0.1/dead")
    made.page(PAGES[1], now[1].url, older)
    made.page(b"<html>a page of another site", now[2].url, now[2])
    made.page(PAGES[3], now[3].url, now[3], is_kept=False)
    made.page(SHEET, "file:///a.cue", replace(sheet, title="A shee", parser="cue/0"), fingerprint="file:")
    made.stage()
    return made


def test_rows_are_those_of_todays_parsers_and_pages_the_same(part: Part) -> None:
    done = reparse_part(part.store, part.work(STEM), changed_only=False)
    assert (done.n_pages, done.n_skipped) == (4, 1)
    (of_page, of_sheet) = done.changed
    assert of_page[1]["set_title"] == of_page[1]["added"] == 1
    assert of_sheet == ("file:///a.cue", {"set_title": 1})
    ((kept, reason),) = done.kept
    assert kept.endswith("/tracklist/2/a.html")
    assert reason
    assert done.part is not None
    after = part.sets(done.part.stem)
    before = part.sets(STEM)
    assert [one.url for one in after] == [one.url for one in before]
    assert [one.fetched_at for one in after] == [one.fetched_at for one in before]
    assert after[0] == before[0]
    assert after[2:4] == before[2:4], "what cannot be read now is as it was"
    assert after[1].title == read_now(PAGES[1]).title
    assert len(after[1].tracks) == len(before[1].tracks) + 1
    assert after[4].title == "A sheet"
    assert (done.part.n_sets, done.part.n_tracks) == (5, sum(len(one.tracks) for one in after))
    old, new = (part.store.open(BATCH, stem, PartFile.ARCHIVE).read() for stem in (STEM, done.part.stem))
    assert new == old
    again = reparse_part(part.store, part.work(done.part.stem), changed_only=False)
    assert (again.part, again.changed) == (None, []), "a second time there is nothing to change"


def test_only_pages_of_older_parsers_are_read_if_so_asked(part: Part) -> None:
    done = reparse_part(part.store, part.work(STEM), changed_only=True)
    assert (done.n_pages, done.n_skipped, len(done.changed), done.kept) == (2, 3, 2, [])


def test_dead_letters_whose_pages_can_be_read_now_have_rows_in_the_order_of_the_pages(tmp_path: Path) -> None:
    made = Part(tmp_path)
    now = [read_now(page, f"http://127.0.0.1/tracklist/{n}/a.html") for n, page in enumerate(PAGES)]
    made.page(PAGES[0], now[0].url, now[0])
    one = made.page(PAGES[1], now[1].url)
    two = made.page(b"<html>captcha", "http://127.0.0.1/dead")
    made.page(PAGES[2], now[2].url, now[2])
    sheet = made.page(SHEET, "file:///a.cue", fingerprint="file:")
    made.stage()
    done = reparse_part(made.store, made.work(STEM, one, two, sheet), changed_only=True)
    assert done.changed == [(now[1].url, {"recovered": 1}), ("file:///a.cue", {"recovered": 1})]
    assert done.revised == Revised((), ((2, _moment(2)), (5, _moment(5))))
    assert (done.n_pages, done.n_skipped, done.n_dead, done.kept) == (3, 2, 1, [])
    assert done.part is not None
    after = made.sets(done.part.stem)
    assert [found.title for found in after] == [*(found.title for found in now[:3]), "A sheet"]
    assert after[1].fetched_at == AT + timedelta(microseconds=2)
    assert after[1].quality is not None
    again = reparse_part(made.store, made.work(done.part.stem, two), changed_only=False)
    assert (again.part, again.n_pages, again.n_dead) == (None, 5, 1), "they are items like any other"


def test_a_part_of_dead_letters_alone_gets_its_first_rows(tmp_path: Path) -> None:
    made = Part(tmp_path)
    places = [made.page(body, "http://127.0.0.1/tracklist/1/a.html") for body in (b"<html>captcha", PAGES[1])]
    made.stage()
    assert reparse_part(made.store, made.work(STEM, places[0]), changed_only=False).part is None
    done = reparse_part(made.store, made.work(STEM, *places), changed_only=False)
    assert done.part is not None
    assert (done.part.n_sets, len(made.sets(done.part.stem))) == (1, 1)
    assert set(done.part.files) == set(PartFile)


def test_pages_of_one_moment_are_told_apart(tmp_path: Path) -> None:
    made = Part(tmp_path)
    now = [read_now(page, f"http://127.0.0.1/tracklist/{n}/a.html") for n, page in enumerate(PAGES)]
    made.page(PAGES[0], now[0].url, replace(now[0], title="Older"), us=7)
    dead = made.page(b"<html>captcha", "http://127.0.0.1/dead", us=7)
    made.page(PAGES[1], now[1].url, now[1], us=7)
    made.page(PAGES[2], now[2].url, replace(now[2], title="Older"), us=7)
    made.stage()
    done = reparse_part(made.store, made.work(STEM, dead), changed_only=False)
    assert [url for url, _ in done.changed] == [now[0].url, now[2].url]
    assert (done.n_pages, done.n_skipped, done.n_dead, done.items) == (4, 0, 1, [1, 4])


def test_a_reused_result_is_read_from_the_archive_of_the_other_batch(tmp_path: Path) -> None:
    first = Part(tmp_path)
    now = [read_now(page, f"http://127.0.0.1/tracklist/{n}/a.html") for n, page in enumerate(PAGES)]
    places = [first.page(PAGES[n], now[n].url, now[n]) for n in range(2)]
    first.stage()
    rows = [
        (
            ItemKey("b2", 10 + n, f"u{n}"),
            replace(now[n], url=f"http://other/{n}", title="Older", fetched_at=AT),
        )
        for n in range(3)
    ]
    part = stage(first.store, "b2", STEM, rows, b"")
    first.store.publish("b2", STEM)
    row = PartRow(STEM, "b2", part.n_sets, part.n_tracks, part.n_bytes, has_rows=True, has_pages=False)
    work = PartWork(row, reused=[place._replace(item_id=10 + n) for n, place in enumerate(places)])
    done = reparse_part(first.store, work, changed_only=False)
    assert (done.n_pages, done.n_skipped, done.items) == (2, 1, [10, 11])
    assert done.changed == [(f"http://other/{n}", {"set_title": 1}) for n in range(2)]
    assert done.part is not None
    assert set(done.part.files) == {PartFile.TRACKS, PartFile.TRACKLISTS}
    after = list(from_tables(*read_tables(first.store, "b2", done.part.stem)))
    assert [found.title for found in after] == [now[0].title, now[1].title, "Older"]
    assert [found.url for found in after] == [found.url for _, found in rows]
    first.store.delete(BATCH, [STEM])
    with pytest.raises(PartMoved):
        reparse_part(first.store, work, changed_only=False)


def test_portions_of_a_part_make_the_same_rows_in_the_same_order(
    part: Part, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "SETS_AT_ONCE", 2)
    work = part.work(STEM)
    assert n_portions(replace(work, part=replace(work.part, n_sets=5)), 8) == 3
    assert n_portions(work, 8) == 1, "the journal says that it has no sets"
    assert n_portions(replace(work, reused=[PagePlace(1, "u", "f", BATCH, STEM, 0, 0)]), 8) == 1
    whole = reparse_part(part.store, work, changed_only=False)
    read = [read_portion(part.store, work, changed_only=False, index=n, of=2) for n in (1, 0)]
    joined = stage_portions(part.store, work.part, read)
    assert whole.part is not None
    assert joined.part is not None
    assert part.sets(joined.part.stem) == part.sets(whole.part.stem)
    assert (joined.n_pages, joined.n_skipped, joined.kept) == (whole.n_pages, whole.n_skipped, whole.kept)
    assert sorted(joined.items) == sorted(whole.items)
    assert sorted(joined.changed) == sorted(whole.changed)


def test_what_todays_parsers_have_read_all_of_is_not_opened(tmp_path: Path) -> None:
    made = Part(tmp_path)
    now = read_now(PAGES[0])
    for _ in range(2):
        made.page(PAGES[0], now.url, now)
    made.stage()
    made.store.published(BATCH, STEM, PartFile.ARCHIVE).unlink()
    done = reparse_part(made.store, made.work(STEM), changed_only=True)
    assert (done.n_pages, done.n_skipped, done.part) == (0, 2, None)


def _moment(us: int) -> float:
    return (AT + timedelta(microseconds=us)).timestamp()


def test_each_successor_has_a_name_of_its_own() -> None:
    first = next_stem(STEM)
    assert first != next_stem(STEM)
    assert first.startswith(f"{STEM}r")
    assert len(next_stem(first)) == len(first)
