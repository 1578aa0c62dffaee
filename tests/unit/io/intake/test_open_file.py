"""Whatever a file is packed in, its members come out one at a time, and what does not come out is told."""

from __future__ import annotations

import gzip
import io
import json
import os
import struct
import tracemalloc
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_archives import gzip_warc, mhtml, wacz, warc_record, zipped

from tlray.io.intake import members as bounds
from tlray.io.intake import open_file as opening
from tlray.io.intake import own_lines
from tlray.io.intake.members import Given, Member, Refusal
from tlray.io.intake.open_file import open_file, read_stream

PAGE = b"<!doctype html><title>caf\xc3\xa9</title><p>a page"
URL = "https://radio.example/sets/one.html"


def read(data: bytes, name: str = "x", **said: str) -> list[Member | Refusal]:
    return list(read_stream(io.BytesIO(data), Given(name, **said), len(data)))


def bodies(data: bytes, name: str = "x") -> list[bytes]:
    return [found.file.body for found in read(data, name) if isinstance(found, Member)]


def reasons(data: bytes, name: str = "x") -> list[str]:
    return [f"{found.where}: {found.reason}" for found in read(data, name) if isinstance(found, Refusal)]


def test_a_plain_file_is_its_own_member(tmp_path: Path) -> None:
    path = tmp_path / "My set?.cue"
    path.write_bytes(b"TITLE x")
    (found,) = open_file(path)
    assert isinstance(found, Member)
    assert (found.locator, found.file.name, found.file.body) == ("", "My set?.cue", b"TITLE x")
    assert found.file.url == "file:///My%20set%3F.cue"


@pytest.mark.parametrize("n_known", [0, 3, 7, 100])
def test_a_file_that_grows_while_it_is_opened_is_read_to_its_end(n_known: int) -> None:
    (found,) = read_stream(io.BytesIO(b"TITLE x"), Given("a.cue"), n_known)
    assert isinstance(found, Member)
    assert found.file.body == b"TITLE x"


def test_a_file_that_grows_beyond_what_is_read_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounds, "MAX_MEMBER_BYTES", 8)
    (found,) = read_stream(io.BytesIO(b"TITLE x y"), Given("a.cue"), 4)
    assert isinstance(found, Refusal)
    assert "too large" in found.reason


def test_what_the_user_says_of_a_file_stands_above_what_it_says() -> None:
    (found,) = read(gzip_warc(warc_record(PAGE)), url="https://own.example/", encoding="cp1251")
    assert isinstance(found, Member)
    assert (found.file.url, found.file.encoding) == ("https://own.example/", "cp1251")


@pytest.mark.parametrize("name", ["page.html.gz", "page.html"])
def test_gzip_is_undone_whatever_its_name(name: str) -> None:
    (found,) = read(gzip.compress(PAGE), name)
    assert isinstance(found, Member)
    assert (found.file.body, found.file.name) == (PAGE, "page.html")


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (gzip.compress(PAGE * 99)[:-9], "not a whole gzip file"),
        (b"\x1f\x8bnothing", "not a whole gzip file"),
        (gzip.compress(gzip.compress(PAGE)), "an archive inside an archive"),
        (gzip.compress(zipped({"a": PAGE})), "an archive inside an archive"),
        (zipped({"a": PAGE})[:-30], "not a whole zip file"),
        (b"PK\x03\x04" + b"x" * 99, "not a whole zip file"),
        (b"WARC/1.0\r\nrubbish", "WARC"),
    ],
)
def test_what_is_broken_is_told(data: bytes, reason: str) -> None:
    assert bodies(data) == []
    assert len(said := reasons(data)) == 1
    assert reason in said[0]


def test_what_cannot_be_opened_is_told(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert list(open_file(tmp_path / "pipe")) == [Refusal("", "neither a file nor a folder")]
    assert list(open_file(tmp_path / "no")) == [Refusal("", "cannot be read: No such file or directory")]


def test_a_file_of_half_a_gigabyte_is_told_without_reading_it(tmp_path: Path) -> None:
    with (tmp_path / "big.html").open("wb") as file:
        file.truncate(500 * 2**20)
    tracemalloc.start()
    try:
        (found,) = open_file(tmp_path / "big.html")
        assert tracemalloc.get_traced_memory()[1] < 2_000_000
    finally:
        tracemalloc.stop()
    assert found == Refusal("", "too large (524,288,000 bytes): at most 67,108,864 bytes are read")


def test_a_gzip_bomb_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening, "MAX_MEMBER_BYTES", 100_000)
    assert reasons(gzip.compress(b" " * 200_000)) == [": too large: at most 67,108,864 bytes are read"]


def test_the_page_of_an_mhtml_file_comes_out_with_its_url() -> None:
    (found,) = read(mhtml(b"<!doctype html><title>caf=C3=A9</title>=\r\n<p>a page"), "set.mhtml")
    assert isinstance(found, Member)
    assert (found.file.body, found.file.url) == (PAGE, URL)


def test_mhtml_of_other_writers() -> None:
    word = (
        b'MIME-Version: 1.0\nContent-Type: multipart/related; boundary="o"; start="<b>"\n\nPreamble\n--o\n'
        b"Content-Type: text/html\n"
        b'Content-ID: <a>\n\nframe\n--o\nContent-ID: <b>\nContent-Type: multipart/alternative; boundary="i"\n\n--i\n'
        b"Content-Type: text/plain\n\nplain\n--i\nContent-Type: text/html; charset=windows-1252\n"
        b"Content-Transfer-Encoding: 8bit\n"
        b"Content-Location: http://old.example/set.htm\n\n<p>caf\xe9\n--i--\n--o--\n"
    )
    (found,) = read(word)
    assert isinstance(found, Member)
    assert (found.file.body, found.file.encoding) == (b"<p>caf\xe9", "windows-1252")
    single = b"MIME-Version: 1.0\r\nContent-Type: text/html\r\nContent-Transfer-Encoding: base64\r\n\r\nPHA+aGk=\r\n"
    assert bodies(single) == [b"<p>hi"]


def test_mhtml_without_a_page_is_told() -> None:
    cut = mhtml(PAGE)[:520]
    assert reasons(cut) == [": MHTML without an HTML part, or cut off before its end"]


@pytest.mark.parametrize(
    "pack", [lambda *records: b"".join(records), gzip_warc, lambda *r: gzip.compress(b"".join(r))]
)
def test_the_pages_of_a_warc_come_out_and_other_answers_are_told(pack) -> None:
    data = pack(
        warc_record(PAGE),
        warc_record(b"\x89PNG", "https://radio.example/a.png", headers=b"Content-Type: image/png\r\n"),
        warc_record(gzip.compress(PAGE), headers=b"Content-Type: text/html\r\nContent-Encoding: gzip\r\n"),
        warc_record(PAGE, headers=b"Content-Type: text/html\r\nContent-Encoding: gzip\r\n"),
        warc_record(
            b"5\r\n<!doc\r\n6\r\ntype h\r\n0\r\n\r\n",
            headers=b"Content-Type: text/html\r\nTransfer-Encoding: chunked\r\n",
        ),
        warc_record(PAGE, headers=b"Content-Type: text/html\r\nTransfer-Encoding: chunked\r\n"),
        warc_record(PAGE, "https://radio.example/gone", status=b"404 Not Found"),
        warc_record(b"", "https://radio.example/again", kind=b"revisit"),
        warc_record(PAGE, "https://radio.example/saved.html", kind=b"resource"),
        warc_record(
            b"(\xb5/\xfd", headers=b"Content-Type: text/html\r\nContent-Encoding: zstd\r\nX: \xff\r\n"
        ),
    )
    found = read(data, "crawl.warc.gz")
    pages = [one.file for one in found if isinstance(one, Member)]
    assert [page.body for page in pages] == [PAGE, PAGE, PAGE, b"<!doctype h", PAGE, PAGE]
    assert (pages[0].url, pages[0].name, pages[0].encoding) == (URL, "one.html", "utf-8")
    told = [one for one in found if isinstance(one, Refusal)]
    assert [one.where for one in told][:2] == [
        "record 7 https://radio.example/gone",
        "record 8 https://radio.example/again",
    ]
    assert [one.reason for one in told][:2] == ["HTTP 404", "a revisit record: the page is in another record"]


def test_brotli_which_browsers_record_is_undone() -> None:
    headers = b"Content-Type: text/html\r\nContent-Encoding: br\r\n"
    assert bodies(warc_record(b"\x0b\x02\x80hello\x03", headers=headers)) == [b"hello"]
    assert bodies(warc_record(b"<p>plain", headers=headers)) == [b"<p>plain"]


def test_a_warc_without_a_page_is_told() -> None:
    assert reasons(warc_record(b"x", headers=b"Content-Type: image/png\r\n")) == [
        ": a WARC file without a page"
    ]


def test_a_warc_that_ends_early_gives_what_is_whole() -> None:
    data = gzip_warc(warc_record(PAGE), warc_record(PAGE * 99))
    assert bodies(data[:-20]) == [PAGE]
    assert len(reasons(data[:-20])) == 1
    plain = warc_record(PAGE) + warc_record(PAGE * 99)
    assert bodies(plain[:-200]) == [PAGE]
    assert reasons(plain[:-200]) == [f"record 2 {URL}: the record ends early"]
    assert bodies(warc_record(PAGE) + b"rubbish\r\n") == [PAGE]
    assert "not a whole WARC file" in reasons(warc_record(PAGE) + b"rubbish\r\n")[0]


def test_a_warc_bomb_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounds, "MAX_MEMBER_BYTES", 10_000)
    data = gzip_warc(warc_record(PAGE), warc_record(b" " * 3_000_000), warc_record(PAGE))
    assert bodies(data) == [PAGE]
    assert "a bomb" in reasons(data)[0]
    asked = warc_record(b" " * 3_000_000, kind=b"metadata", headers=b"")
    assert "a bomb" in reasons(gzip_warc(warc_record(PAGE), asked))[0]


def test_wacz_and_zip_are_opened_where_they_lie() -> None:
    archive = wacz(gzip_warc(warc_record(PAGE)), gzip_warc(warc_record(PAGE, "https://radio.example/two")))
    found = read(archive, "crawl.wacz")
    assert [one.locator for one in found if isinstance(one, Member)] == [
        "archive/data-0.warc.gz 1",
        "archive/data-1.warc.gz 1",
    ]
    files = {
        "sets/a.cue": b"TITLE x",
        "b.html.gz": gzip.compress(PAGE),
        "c.mht": mhtml(b"<p>hi"),
        "d.warc": warc_record(PAGE),
    }
    out = [one for one in read(zipped(files)) if isinstance(one, Member)]
    assert [(one.locator, one.file.name) for one in out] == [
        ("sets/a.cue", "a.cue"),
        ("b.html.gz", "b.html"),
        ("c.mht", "c.mht"),
        ("d.warc 1", "one.html"),
    ]
    assert [one.file.body for one in out] == [b"TITLE x", PAGE, b"<p>hi", PAGE]


def test_the_assets_of_a_complete_page_in_a_zip_are_no_files_of_the_users() -> None:
    files = {
        "a/Page.html": PAGE,
        "a/Page_files/x.js": b"x",
        "a/Page_files/y/z.html": b"z",
        "a/Other_files/b.cue": b"TITLE",
    }
    assert bodies(zipped(files)) == [PAGE, b"TITLE"]
    assert reasons(zipped(files)) == []


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("../up.cue", "leads out"),
        ("a/../../up.cue", "leads out"),
        ("..\\up.cue", "leads out"),
        ("/etc/x.cue", "leads out"),
        ("C:\\x.cue", "leads out"),
        ("__MACOSX/._a.cue", "hidden"),
        (".DS_Store", "hidden"),
        ("inner.zip", "an archive inside an archive"),
    ],
)
def test_members_that_are_not_read_are_told(name: str, reason: str) -> None:
    body = zipped({"x": b"y"}) if name.endswith("zip") else b"TITLE x"
    archive = zipped({name: body, "good.cue": b"TITLE y"})
    assert bodies(archive) == [b"TITLE y"]
    assert reason in reasons(archive)[0]


def test_links_methods_and_passwords_in_a_zip_are_told() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        link = zipfile.ZipInfo("link.cue")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, "/etc/passwd")
        archive.writestr(zipfile.ZipInfo("b.cue"), b"TITLE x", compress_type=zipfile.ZIP_BZIP2)
        archive.writestr("locked.cue", b"TITLE y")
    data = bytearray(out.getvalue())
    at = data.rindex(b"PK\x01\x02")
    data[at + 8] |= 1
    assert [reason.split(": ")[1] for reason in reasons(bytes(data))] == [
        "a symbolic link",
        "compressed by method 12, which is not read",
        "encrypted",
    ]


def test_a_broken_member_of_a_zip_does_not_take_the_others_down() -> None:
    data = zipped({"a.cue": b"TITLE a", "b.cue": b"TITLE b"}, zipfile.ZIP_STORED).replace(
        b"TITLE a", b"TITLE c", 1
    )
    assert bodies(data) == [b"TITLE b"]
    assert "CRC" in reasons(data)[0]


def test_a_zip_bomb_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounds, "MAX_MEMBER_BYTES", 1_000)
    archive = zipped({"a.cue": b"TITLE a", "bomb.cue": b" " * 9_000_000, "c.cue": b"TITLE c"})
    assert bodies(archive) == [b"TITLE a"]
    assert "a bomb" in reasons(archive)[0]


def test_a_zip_whose_list_of_members_is_too_long_is_told() -> None:
    data = bytearray(zipped({"a": b"b"}))
    at = data.rindex(b"PK\x05\x06")
    data[at + 12 : at + 16] = (2**31).to_bytes(4, "little")
    assert "a list of members of 2,147,483,648 bytes" in reasons(bytes(data))[0]


def as_zip64(data: bytes, directory_bytes: int) -> bytes:
    """The same zip file with its end written as files beyond 4 GiB have it."""
    at = data.rindex(b"PK\x05\x06")
    n, size, offset = struct.unpack_from("<H2L", data, at + 10)
    end = struct.pack("<4sQ2H2L4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, n, n, directory_bytes or size, offset)
    locator = struct.pack("<4sLQL", b"PK\x06\x07", 0, at, 1)
    old_end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0)
    return data[:at] + end + locator + old_end


def test_zip_files_beyond_4_gib_are_read() -> None:
    data = zipped({"a.cue": b"TITLE a"})
    assert bodies(as_zip64(data, 0)) == [b"TITLE a"]
    assert "a list of members of 1,099,511,627,776 bytes" in reasons(as_zip64(data, 2**40))[0]


def own_line(number: int) -> bytes:
    return json.dumps(
        {"url": f"https://x.example/{number}", "site": "x", "source_id": "1", "title": "t" * 100}
    ).encode()


@pytest.mark.parametrize("lead", [(b"", b"\n", b"\n"), (b"[\n", b",\n", b"\n]\n")])
@pytest.mark.parametrize("is_packed", [False, True])
def test_an_export_of_any_size_comes_in_blocks_of_whole_lines(
    lead: tuple[bytes, bytes, bytes], is_packed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(opening, "BLOCK_BYTES", 1_000)
    monkeypatch.setattr(own_lines, "BLOCK_BYTES", 400)
    data = lead[0] + lead[1].join(map(own_line, range(20))) + lead[2]
    found = read(gzip.compress(data) if is_packed else data, "sets.jsonl")
    files = [one.file for one in found if isinstance(one, Member)]
    assert len(files) == len(found) > 5
    assert b"\n".join(file.body for file in files) == b"\n".join(map(own_line, range(20)))


ANY = [
    gzip.compress(PAGE),
    mhtml(PAGE),
    gzip_warc(warc_record(PAGE), warc_record(PAGE)),
    warc_record(PAGE) * 2,
    wacz(gzip_warc(warc_record(PAGE))),
    zipped({"a.cue": b"TITLE", "b/c.html": PAGE}),
]


@given(st.sampled_from(ANY), st.data())
def test_no_damage_to_a_container_raises(data: bytes, draw: st.DataObject) -> None:
    damaged = bytearray(data)
    for _ in range(draw.draw(st.integers(0, 6))):
        at = draw.draw(st.integers(0, len(damaged) - 1))
        damaged[at : at + draw.draw(st.integers(0, 3))] = draw.draw(st.binary(max_size=4))
    cut = bytes(damaged[: draw.draw(st.integers(0, len(damaged)))])
    for found in read(cut):
        assert isinstance(found, Member | Refusal)
