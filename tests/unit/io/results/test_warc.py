"""Pages go into the archive as they came, and come out so."""

from __future__ import annotations

import gzip
import io
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from fastwarc.warc import ArchiveIterator as FastReader
from hypothesis import given
from hypothesis import strategies as st
from made_parts import HTML, page
from warcio.archiveiterator import ArchiveIterator as WarcioReader

from tlray.errors import CannotFinish
from tlray.io.http.response import Fetched
from tlray.io.results.warc import ArchivedPage, ArchiveWriter, iter_records, read_record

MIB = 1024 * 1024


def record_of(path: Path, offset: int, length: int) -> ArchivedPage:
    with path.open("rb") as file:
        return read_record(file, offset, length, name=str(path))


def records_of(path: Path) -> list[ArchivedPage]:
    with path.open("rb") as file:
        return list(iter_records(file, name=str(path)))


def write(path: Path, *pages: Fetched) -> list[tuple[int, int]]:
    writer = ArchiveWriter()
    places = [writer.add(each) for each in pages]
    assert writer.n_bytes == path.write_bytes(writer.take())
    return places


def test_each_page_is_read_by_its_place_alone(tmp_path: Path) -> None:
    pages = [
        page(HTML[:n], url=f"https://example.org/{n}", packed=n % 2 == 0)
        for n in (0, 1, 8, 99, 70_000, 150_000)
    ]
    path = tmp_path / "a.warc.gz"
    for sent, (offset, length) in zip(pages, write(path, *pages), strict=True):
        kept = record_of(path, offset, length)
        assert (kept.url, kept.status, kept.wire_body) == (sent.url, 200, sent.wire_body)
        assert kept.body(MIB) == sent.body
        assert kept.charset == "utf-8"
        assert kept.fetched_at == datetime(2026, 11, 2, 10, 0, 0, 123456, UTC)
    assert [kept.url for kept in records_of(path)] == [sent.url for sent in pages]


def test_a_charset_is_read_of_all_lines_that_name_one(tmp_path: Path) -> None:
    lines = ((b"Content-Type", b"text/html"), (b"content-type", b"text/html; charset=koi8-r"))
    ((offset, length),) = write(tmp_path / "a.warc.gz", replace(page(packed=False), raw_headers=lines))
    assert record_of(tmp_path / "a.warc.gz", offset, length).charset == "koi8-r"


def test_both_public_readers_understand_it(tmp_path: Path) -> None:
    path = tmp_path / "a.warc.gz"
    pages = [page(chunked=True), page(packed=False), page(b"", packed=False)]
    write(path, *pages)
    with path.open("rb") as file:
        seen = [
            (r.rec_type, r.rec_headers.get_header("WARC-Target-URI"), r.content_stream().read())
            for r in WarcioReader(file)
        ]
    assert seen[0][0] == "warcinfo"
    assert seen[1:] == [("response", sent.url, sent.body) for sent in pages]
    with path.open("rb") as file:
        records = [(r.record_id, r.reader.read()) for r in FastReader(file, auto_decode="all") if r.is_http]
    assert [body for _, body in records] == [sent.body for sent in pages]
    assert len({record_id for record_id, _ in records}) == 3
    # and so does anything that reads gzip: every member's checksum is right
    assert gzip.decompress(path.read_bytes()).count(b"WARC/1.1\r\n") == 4


def test_headers_are_kept_but_for_the_chunks_that_are_undone(tmp_path: Path) -> None:
    path = tmp_path / "a.warc.gz"
    write(path, page(chunked=True))
    (kept,) = records_of(path)
    assert kept.header("content-encoding") == "gzip"
    assert kept.header("Transfer-Encoding") == ""
    assert b"X-Caf\xe9: \xff\r\n" in gzip.decompress(path.read_bytes())


def test_what_is_packed_is_not_packed_again() -> None:
    sent = page(b"".join(i.to_bytes(4) for i in range(50_000)))
    overhead = ArchiveWriter().add(sent)[1] - len(sent.wire_body)
    assert 0 < overhead < 700
    plain = page(packed=False)
    assert ArchiveWriter().add(plain)[1] < len(plain.wire_body) / 20


def test_taking_begins_a_new_file(tmp_path: Path) -> None:
    writer = ArchiveWriter()
    assert writer.take() == b""
    first = writer.add(page())  # behind a warcinfo
    (tmp_path / "1").write_bytes(writer.take())
    assert (writer.n_bytes, writer.take()) == (0, b"")
    second = writer.add(page())
    assert second[0] == pytest.approx(first[0], abs=20)
    assert gzip.decompress(writer.take()).startswith(b"WARC/1.1\r\nWARC-Type: warcinfo")
    assert record_of(tmp_path / "1", *first).url == page().url


def test_files_are_merged_by_concatenation(tmp_path: Path) -> None:
    one, two = tmp_path / "1", tmp_path / "2"
    write(one, page(url="http://a/"))
    ((offset, length),) = write(two, page(url="http://b/"))
    both = tmp_path / "both"
    both.write_bytes(one.read_bytes() + two.read_bytes())
    assert [kept.url for kept in records_of(both)] == ["http://a/", "http://b/"]
    assert record_of(both, one.stat().st_size + offset, length).url == "http://b/"


def test_a_damaged_archive_says_so(tmp_path: Path) -> None:
    path = tmp_path / "a.warc.gz"
    ((offset, length),) = write(path, page())
    whole = path.read_bytes()
    for damaged in (
        whole[:-40],
        whole[: offset + 300] + b"spoilt" + whole[offset + 306 :],
        b"no archive at all" * 50,
    ):
        path.write_bytes(damaged)
        with pytest.raises(CannotFinish, match=r"a\.warc\.gz"):
            list(records_of(path))
        with pytest.raises(CannotFinish, match=r"a\.warc\.gz"):
            record_of(path, offset, length)
    path.write_bytes(b"")
    assert list(records_of(path)) == []
    with pytest.raises(CannotFinish, match="no page at byte 0"):
        record_of(path, 0, 10)


def test_a_foreign_archive_is_read_too(tmp_path: Path) -> None:
    http = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n<p>\r\n0\r\n\r\n"
    record = (
        b"WARC/1.0\r\nWARC-Type: response\r\nWARC-Record-ID: <urn:uuid:1>\r\n"
        b"WARC-Date: 2020-01-01T00:00:00Z\r\n"
        b"WARC-Target-URI: <http://wget/>\r\nContent-Type: application/http; msgtype=response\r\n"
        b"Content-Length: %d\r\n\r\n%s\r\n\r\n" % (len(http), http)
    )
    for name, content in (("plain.warc", record), ("packed.warc.gz", gzip.compress(record))):
        (tmp_path / name).write_bytes(content)
        (kept,) = records_of(tmp_path / name)
        assert (kept.url, kept.wire_body) == ("http://wget/", b"<p>")


@given(url=st.text(min_size=1), body=st.binary(max_size=300))
def test_no_url_breaks_a_record(url: str, body: bytes) -> None:
    if any("\ud800" <= char <= "\udfff" for char in url):
        return
    writer = ArchiveWriter()
    writer.add(page(body, url=url, packed=False))
    records = list(WarcioReader(io.BytesIO(writer.take())))
    assert len(records) == 2
