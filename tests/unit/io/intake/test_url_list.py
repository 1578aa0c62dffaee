"""What items a list makes, and how a list that is none is told."""

from __future__ import annotations

import gzip
import io
import os
from pathlib import Path

import pytest

from tlray.core.model.item import Priority
from tlray.core.submission.lines import MAX_TEXT_KEPT, Entry, RefusedLine
from tlray.errors import UsageError
from tlray.io.intake.url_list import (
    CHUNK_LINES,
    check_beginning,
    open_arguments,
    read_chunks,
    read_file,
    read_line,
)
from tlray.io.journal.rows import BatchOptions, NewBatch
from tlray.io.journal.sqlite.journal import SqliteJournal
from tlray.sites.tracklists1001 import Tracklists1001

SHARED = Path(os.environ.get("TLRAY_SHARED") or Path(__file__).resolve().parents[4].parent / "shared")
INDEX = SHARED / "urls" / "dj-index-43k.txt.gz"
SET = "https://www.1001tracklists.com/tracklist/1pnzs0dk/"


def entry(text: str) -> Entry:
    found = read_line(1, text)
    assert isinstance(found, Entry), found
    return found


def test_empty_lines_and_comments_are_no_lines_and_numbers_are_the_files() -> None:
    [chunk] = read_chunks(["# sets", "", "http://a.test/1", "   ", " # more", "nothing", "http://a.test/2 "])
    assert [(e.line, e.url) for e in chunk.entries] == [(3, "http://a.test/1"), (7, "http://a.test/2")]
    assert [(r.line, r.text) for r in chunk.refused] == [(6, "nothing")]


def test_a_long_list_is_never_in_memory_at_once() -> None:
    lines = (f"http://a.test/{i}" for i in range(CHUNK_LINES * 2 + 1))
    assert [len(chunk.entries) for chunk in read_chunks(lines)] == [CHUNK_LINES, CHUNK_LINES, 1]


def test_two_slugs_of_one_set_are_one_item_and_two_schemes_of_one_page_too() -> None:
    assert entry(SET + "a.html").fingerprint == entry(SET + "b.html").fingerprint == "1001tracklists:1pnzs0dk"
    assert entry("http://a.test/x").fingerprint == entry("https://a.test/x").fingerprint
    assert entry("http://a.test/x").fingerprint != entry("http://a.test/y").fingerprint


@pytest.mark.parametrize(
    "url",
    [
        "https://www.1001tracklists.com//tracklist/1pnzs0dk/a.html",
        "https://1001tracklists.com/tracklist//1pnzs0dk//a.html",
        "http://www.1001tracklists.com:80///tracklist/1pnzs0dk/a.html?x=1#y",
        "https://www.1001tracklists.com/./tracklist/../tracklist/1PNZS0DK/b.html",
        "https://1001.tl/1pnzs0dk",
        "https://www.1001.tl//1pnzs0dk/",
    ],
)
def test_all_urls_of_one_set_of_a_known_site_are_one_item_at_one_domain(url: str) -> None:
    found = entry(url)
    assert (found.fingerprint, found.domain) == ("1001tracklists:1pnzs0dk", "1001tracklists.com")
    assert "//" not in found.url.removeprefix("https://")


def test_a_doubled_slash_of_an_unknown_site_is_another_page() -> None:
    assert entry("http://a.test//x").fingerprint != entry("http://a.test/x").fingerprint


def test_a_refused_line_is_kept_in_short_and_can_be_written_down(tmp_path: Path) -> None:
    refused = read_line(5, "http://a.test/\udcff" + "x" * 5_000)
    assert isinstance(refused, RefusedLine)
    assert (refused.line, len(refused.text)) == (5, MAX_TEXT_KEPT)
    short = read_line(6, "http://a.test/\udcff")  # a byte of the command line that is no text
    assert isinstance(short, RefusedLine)
    assert "no UTF-8" in short.reason
    journal = SqliteJournal(tmp_path / "state.db")
    create(journal)
    journal.add_lines("b1", [], [refused, short])
    journal.close()


# -- files ---------------------------------------------------------------------------------------------


def test_a_list_may_be_gzipped_and_may_begin_with_a_byte_order_mark(tmp_path: Path) -> None:
    plain, packed = tmp_path / "urls.txt", tmp_path / "urls.txt.gz"
    plain.write_bytes(b"\xef\xbb\xbfhttp://a.test/1\r\nhttp://a.test/2")
    packed.write_bytes(gzip.compress(plain.read_bytes(), mtime=0))
    for path in (plain, packed):
        [chunk] = read_chunks(read_file(path))
        assert [e.url for e in chunk.entries] == ["http://a.test/1", "http://a.test/2"]


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("plain.gz", b"http://a.test/\n", "cannot be read: Not a gzipped file"),
        (
            "cut.gz",
            gzip.compress(b"http://a.test/\n" * 99, mtime=0)[:-9],
            "cannot be read: Compressed file ended",
        ),
        ("broken.gz", gzip.compress(b"http://a.test/\n", mtime=0)[:12] + b"\xff" * 30, "cannot be read"),
    ],
)
def test_a_file_that_is_no_list_says_what_is_wrong_with_it(
    tmp_path: Path, name: str, content: bytes, why: str
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(UsageError, match=f"{name}.*{why}"):
        list(read_file(tmp_path / name))


def test_a_folder_or_a_missing_file_is_told_apart(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is a folder"):
        list(read_file(tmp_path))
    with pytest.raises(UsageError, match=r"no file 'urls' here \(give a file, a URL or -\)"):
        list(read_file(Path("urls")))
    with pytest.raises(UsageError, match="a URL needs its scheme"):
        list(read_file(Path("a.test/x.html")))


def test_arguments_are_urls_and_files_and_stdin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "urls").write_text("http://a.test/2\n")
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"http://a.test/3\n")))
    lines = open_arguments(["http://a.test/1", str(tmp_path / "urls"), "-"])
    assert [line.strip() for line in lines] == [f"http://a.test/{i}" for i in (1, 2, 3)]


# -- before anything is started ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lines", "why"),
    [
        ([], "no URL given"),
        (["# only", ""], "no URL given"),
        (["a.test/x"], r"line 1, 'a.test/x': no scheme; .*…$"),
        (["", "ftp://a.test/", "x", "y"], r"line 2, 'ftp://a.test/': .* \(and 2 more such lines\)"),
    ],
)
def test_a_list_that_makes_no_batch_says_why(lines: list[str], why: str) -> None:
    with pytest.raises(UsageError, match=why):
        check_beginning(lines, contact="me@example.org")


def test_who_fetches_from_a_public_host_says_who_they_are() -> None:
    lines = ["http://127.0.0.1:8000/x", "http://example.org:81/x"]
    with pytest.raises(UsageError, match=r"example.org:81 is a public host: .*--contact .*TLRAY_CONTACT"):
        check_beginning(lines, contact=None)
    assert list(check_beginning(lines, contact="me@example.org")) == lines
    assert list(check_beginning(lines[:1], contact=None)) == lines[:1]  # one's own hosts ask for nothing


def test_the_lines_of_a_list_that_is_checked_all_come() -> None:
    lines = [f"http://127.0.0.1/{i}" for i in range(CHUNK_LINES + 5)]
    assert list(check_beginning(iter(lines), contact=None)) == lines
    bad_beginning = ["x"] * CHUNK_LINES + ["http://127.0.0.1/"]
    assert len(list(check_beginning(bad_beginning, contact=None))) == len(
        bad_beginning
    )  # there may be good ones later


# -- a real list ---------------------------------------------------------------------------------------


def create(journal: SqliteJournal) -> None:
    journal.open_batch(
        NewBatch(
            "b1", name="", priority=Priority.NORMAL, options=BatchOptions(), request_key="k", created_at=1.0
        )
    )


@pytest.mark.real
@pytest.mark.skipif(not INDEX.exists(), reason=f"no real list at {INDEX}; set TLRAY_SHARED")
def test_a_real_list_is_accounted_for_to_the_line(tmp_path: Path) -> None:
    lines = [text for line in read_file(INDEX) if (text := line.strip()) and not text.startswith("#")]
    assert len(set(lines)) == 41_493
    journal = SqliteJournal(tmp_path / "state.db")
    create(journal)
    n_duplicates, fingerprints = 0, set()
    for chunk in read_chunks(lines):
        assert chunk.refused == []
        fingerprints |= {e.fingerprint for e in chunk.entries}
        n_duplicates += len(journal.add_lines("b1", chunk.entries, chunk.refused).duplicates)
    journal.commit_batch("b1")
    counts = journal.counts(journal.batch("b1").id)
    journal.close()
    total = sum(n for by_state in counts.values() for n in by_state.values())
    assert (total, len(fingerprints)) == (41_492, 41_492)
    assert total + n_duplicates == len(lines) == 43_228


def test_a_line_without_end_is_refused_like_any_other(tmp_path: Path) -> None:
    path = tmp_path / "list.txt"
    path.write_bytes(
        b"http://a.test/1\n"
        + b"x" * 3_500_000
        + b"\nhttp://a.test/"
        + b"y" * 2_100_000
        + b"\nhttp://a.test/2"
    )
    (chunk,) = read_chunks(read_file(path))
    assert [entry.line for entry in chunk.entries] == [1, 4]
    assert [line.line for line in chunk.refused] == [2, 3]
    assert "at most 2,048" in chunk.refused[1].reason
    assert max(len(line.text) for line in chunk.refused) <= 200


@pytest.mark.parametrize("method", ["canonical_url", "source_id"])
def test_a_line_on_which_a_users_parser_fails_is_refused_with_its_reason(
    method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(self: object, url: str) -> str:
        raise KeyError(url)

    monkeypatch.setattr(Tracklists1001, method, fail)
    url = "https://www.1001tracklists.com/tracklist/abc123/x.html"
    assert read_line(4, url) == RefusedLine(4, url, f"parser 1001tracklists failed: KeyError: '{url}'")
    assert isinstance(read_line(5, "https://example.org/"), Entry)
