"""Lists as editors, shells and exports write them: each encoding and line end is read, and one bad line is one refused line."""

from __future__ import annotations

import codecs
import gzip
import io
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tlray.errors import UsageError
from tlray.io.client.submit import pieces
from tlray.io.intake.list_text import NO_TEXT, as_sent, as_utf8, encoding_of, is_text, text_lines
from tlray.io.intake.url_list import check_beginning, open_arguments, read_chunks, read_file

CASES = (
    Path(os.environ.get("TLRAY_SHARED") or Path(__file__).resolve().parents[4].parent / "shared") / "cases"
)
A, B = "http://a.test/1", "http://b.test/é"
CANONICAL = ["http://a.test/1", "http://b.test/%C3%A9"]
TEXT = f"{A}\n{B}\n"


def lines_of(content: bytes, block: int = 1 << 16) -> list[str]:
    return list(text_lines(InBlocks(content, block)))


def read(content: bytes) -> tuple[list[tuple[int, str]], list[tuple[int, str]]]:
    """What a list makes: its URLs and its refused lines, each with its number."""
    good, bad = [], []
    for chunk in read_chunks(lines_of(content)):
        good += [(entry.line, entry.url) for entry in chunk.entries]
        bad += [(line.line, line.reason) for line in chunk.refused]
    return good, bad


class InBlocks(io.BytesIO):
    """A file that comes in small blocks, as from a pipe."""

    def __init__(self, content: bytes, block: int) -> None:
        super().__init__(content)
        self._block = block

    def read1(self, size: int | None = -1, /) -> bytes:
        return super().read1(self._block)


@pytest.mark.parametrize(
    "content",
    [
        TEXT.encode(),
        TEXT.encode("utf-8-sig"),  # Notepad, Excel
        TEXT.encode("utf-16"),  # PowerShell's `>`
        codecs.BOM_UTF16_LE + TEXT.encode("utf-16-le"),
        codecs.BOM_UTF16_BE + TEXT.encode("utf-16-be"),
        TEXT.encode("utf-16-le"),  # iconv writes no mark
        TEXT.encode("utf-16-be"),
        TEXT.encode("utf-32"),
        TEXT.replace("\n", "\r").encode(),  # the old Mac's, and Excel's "CSV (Macintosh)"
        TEXT.replace("\n", "\r\n").encode(),
        TEXT.replace("\n", "\r\n").encode("utf-16"),
        TEXT.replace("\n", "\r").encode("utf-16"),
        TEXT.rstrip("\n").encode("utf-16"),
        f"\ufeff{A}\n\ufeff{B}\n".encode(),  # `cat` of two files
        f"{A}\n \ufeff {B}\n".encode(),
        f"{A}\n\ufeff{B}\n".encode("utf-16"),
        f"{A}\n\ufeff\ufeff{B}".encode(),
    ],
)
@pytest.mark.parametrize("block", [1, 3, 1 << 16])
def test_a_list_is_read_however_it_was_written(content: bytes, block: int) -> None:
    [chunk] = read_chunks(lines_of(content, block))
    assert [(entry.line, entry.url) for entry in chunk.entries] == list(enumerate(CANONICAL, 1))
    assert chunk.refused == []


def test_mixed_line_ends_are_counted_as_an_editor_counts_them() -> None:
    good, bad = read(b"http://a.test/1\rhttp://a.test/2\r\n\n\r# c\rx\nhttp://a.test/7")
    assert good == [(1, "http://a.test/1"), (2, "http://a.test/2"), (7, "http://a.test/7")]
    assert [number for number, _ in bad] == [6]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"http://a.test/caf\xe9", "no UTF-8 text"),  # Latin-1
        (b"\xff\xfehttp://a.test/", "no UTF-8 text"),
        (b"http://a.test/\xed\xa0\x80", "no UTF-8 text"),  # half a surrogate pair
        (b"http://a.test/\xc3", "no UTF-8 text"),  # cut in the middle of a character
        (b"http://a.test/\0", "control character"),
        (
            "http://a.test/2".encode("utf-16-le"),
            "control character",
        ),  # `>>` of PowerShell after another's `>`
        (
            "http://a\u2100\u202e".encode() + b"\xff.test/",
            "not a URL: netloc",
        ),  # in whose words the host stands as it was written
    ],
)
@pytest.mark.parametrize("place", [1, 2, 3])
def test_a_line_that_is_no_text_is_refused_and_the_rest_runs(line: bytes, reason: str, place: int) -> None:
    lines = [b"http://a.test/1", b"http://b.test/2"]
    lines.insert(place - 1, line)
    if place == 1 and encoding_of(line[:4]) != "utf-8":
        lines.insert(0, b"# a list")
        place = 2
    good, bad = read(b"\n".join(lines))
    assert [url for _, url in good] == ["http://a.test/1", "http://b.test/2"]
    [(number, why)] = bad
    assert number == place
    assert reason in why
    assert "\u202e" not in why
    why.encode()


def test_a_byte_in_a_comment_matters_not() -> None:
    assert read(b"# d\xe9j\xe0 vu \0\nhttp://a.test/1\n") == ([(2, "http://a.test/1")], [])


def test_utf_16_that_is_cut_or_broken_costs_its_line() -> None:
    good, bad = read(TEXT.encode("utf-16") + b"h\0t")
    assert [url for _, url in good] == CANONICAL
    assert [number for number, _ in bad] == [3]
    half = (
        codecs.BOM_UTF16_LE
        + f"{A}\nhttp://x/".encode("utf-16-le")
        + b"\x00\xd8"
        + f"\n{B}".encode("utf-16-le")
    )
    good, bad = read(half)
    assert [url for _, url in good] == CANONICAL
    assert [number for number, _ in bad] == [2]


def test_a_file_of_something_else_is_told_before_anything_begins(tmp_path: Path) -> None:
    binary = tmp_path / "set.mp3"
    binary.write_bytes(b"ID3\x04" + b"\xff\xfb\x90\x44\0\0\n" * 20_000)
    with pytest.raises(UsageError, match="no line is a URL that can be fetched: line 1"):
        check_beginning(read_file(binary), contact=None)


def test_a_list_may_be_piped_gzipped_or_given_as_lines_and_is_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = f"\ufeff{A}\r\n\ufeff{B}\rhttp://c.test/\udcff\n".encode("utf-16", "surrogatepass")
    plain, packed = tmp_path / "list.txt", tmp_path / "list.txt.gz"
    plain.write_bytes(content)
    packed.write_bytes(gzip.compress(content))
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(content)))
    made = [list(read_chunks(open_arguments([given]))) for given in (str(plain), str(packed), "-")]
    made.append(
        list(read_chunks([f"\ufeff{A}\r\n", f"\ufeff{B}\r", f"http://c.test/{NO_TEXT}\n"]))
    )  # Python's
    assert made == [made[0]] * 4
    assert ([e.line for e in made[0][0].entries], [r.line for r in made[0][0].refused]) == ([1, 2], [3])


@given(
    st.lists(st.text(st.characters(exclude_characters="\r\n\ufeff\0", exclude_categories=["Cs"])), min_size=1)
)
def test_every_text_is_read_back_in_every_encoding(lines: list[str]) -> None:
    for encoding in ("utf-8-sig", "utf-16", "utf-32"):
        for end in ("\n", "\r\n", "\r"):
            assert lines_of((end.join(lines) + end).encode(encoding), 7) == lines
    assert as_utf8("\n".join(lines).encode("utf-16")) == "\n".join(lines).encode()


@given(st.binary(max_size=200), st.integers(1, 9))
def test_no_bytes_are_too_odd_and_each_line_is_a_url_or_refused(content: bytes, block: int) -> None:
    lines = lines_of(content, block)
    assert lines == lines_of(content)
    for chunk in read_chunks(lines):
        for line in chunk.refused:
            (line.text + line.reason).encode()
        for entry in chunk.entries:
            assert is_text(entry.url)


@given(
    st.lists(
        st.binary(max_size=20).map(lambda line: line.replace(b"\n", b"").replace(b"\r", b"")), max_size=9
    )
)
def test_what_is_sent_in_pieces_is_as_many_lines_and_no_bad_one_becomes_good(raw: list[bytes]) -> None:
    lines = lines_of(b"# mine\n" + b"\n".join(raw) + b"\n")
    assert len(lines) == max(len(raw), 1) + 1
    for piece in pieces(lines):
        there = lines_of(as_sent(piece))
        assert [is_text(line) for line in there] == [is_text(line) for line in piece]
        assert [line for line in there if is_text(line)] == [line for line in piece if is_text(line)]


@pytest.mark.real
@pytest.mark.skipif(not CASES.is_dir(), reason=f"no cases at {CASES}; set TLRAY_SHARED")
@pytest.mark.parametrize("name", ["cr.txt", "latin1-comment.txt", "two-boms.txt", "utf16.txt"])
def test_the_lists_of_the_reports_are_read(name: str) -> None:
    [chunk] = read_chunks(read_file(CASES / "14-list-encodings" / name))
    assert chunk.entries
    assert chunk.refused == []
