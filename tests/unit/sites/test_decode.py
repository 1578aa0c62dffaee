"""Bytes and a declared charset in, UTF-8 out, as browsers decode."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from page_1001 import FakePage, FakeRow, parse

from tlray.model import PageKind
from tlray.sites.decode import declared_encoding, decode, to_utf8

META = b'<html><head><meta http-equiv="Content-Type" content="text/html; charset=%s">'


def meta(label: bytes, text: bytes) -> bytes:
    return META % label + text


@pytest.mark.parametrize(
    ("body", "charset", "text"),
    [
        ("Tiëmo ⋅".encode(), None, "Tiëmo ⋅"),  # undeclared: UTF-8
        ("Tiëmo".encode("utf-8-sig"), "latin-1", "Tiëmo"),  # a byte order mark beats every declaration
        ("Tiëmo".encode("utf-16"), None, "Tiëmo"),
        (b"\xfe\xff" + "Tiëmo".encode("utf-16-be"), None, "Tiëmo"),
        ("Tiëmo".encode("utf-16-le"), "utf-16", "Tiëmo"),
        ("Tiëmo".encode("latin-1"), "ISO-8859-1", "Tiëmo"),
        ("Tiëmo".encode("latin-1"), "l1", "Tiëmo"),
        ("Катя".encode("koi8-r"), '"KOI8-R"', "Катя"),
        # labels mean supersets
        (b"\x93quoted\x94", "iso-8859-1", "“quoted”"),
        (b"\x93quoted\x94", "us-ascii", "“quoted”"),
        (b"\xdd\x80", "iso-8859-9", "İ€"),
        (b"\xe4\xb7\xc2\x85", "TIS-620", "ไทย…"),
        (b"\x87\x40\xfb\xfc", "Shift_JIS", "①髙"),
        ("椎名".encode("shift_jis"), "x-sjis", "椎名"),
        ("椎名".encode("shift_jis"), "windows-31j", "椎名"),
        (b"\x8c\x63", "ks_c_5601-1987", "똠"),
        (b"\xd6\xdc\x81\x30\x89\x30\x80", "gb2312", "周Ö€"),
        (b"\x9d\xef\x87\x7a", "big5", "嘅\u3875"),  # HKSCS, rows that Python's codec lacks
        (b"\xad\xa1", "euc-jp", "①"),
        (b"\x1b$B-!\x1b(B", "csISO2022JP", "①"),
        (b"\xae", "koi8-u", "ў"),
        # no encoding of one byte has holes where browsers have none
        (b"\x81\x8d\x8f\x90\x9d", "windows-1252", "\x81\x8d\x8f\x90\x9d"),
        (b"\x80\xff", "x-user-defined", "\uf780\uf7ff"),
        # an unknown label counts as none: the page's own, else UTF-8
        ("Tiëmo".encode(), "utf8mb4", "Tiëmo"),
        ("Tiëmo".encode(), "iso-88509-1", "Tiëmo"),
        ("Tiëmo".encode(), "unicode_escape", "Tiëmo"),  # a Python codec, no charset
        ("Tiëmo".encode(), "rot13", "Tiëmo"),
        ("Tiëmo".encode(), "a\x00b", "Tiëmo"),
        ("Tiëmo".encode(), "\udce9", "Tiëmo"),
        ("Tiëmo".encode(), "x" * 100_000, "Tiëmo"),
        (meta(b"koi8-r", "Катя".encode("koi8-r")), "none", meta(b"koi8-r", b"").decode() + "Катя"),
        (meta(b"windows-1252", b"\xeb"), None, meta(b"windows-1252", b"").decode() + "ë"),  # the page's own
        (
            meta(b"windows-1252", "ë".encode()),
            "utf-8",
            meta(b"windows-1252", b"").decode() + "ë",
        ),  # HTTP's first
        (meta(b"utf-16", "ë".encode()), None, meta(b"utf-16", b"").decode() + "ë"),  # a lie: it could be read
    ],
)
def test_a_page_is_decoded_as_browsers_decode_it(body: bytes, charset: str | None, text: str) -> None:
    assert decode(body, charset) == (text.encode(), 0)


@pytest.mark.parametrize(
    ("body", "charset", "text", "n_bad"),
    [
        ("Tiëmo".encode("latin-1"), None, "Ti\ufffdmo", 1),  # no UTF-8: no guess
        (b"a\xffb", "utf-8", "a\ufffdb", 1),
        (b"\xef\xbf\xbd\xff", "utf-8", "\ufffd\ufffd", 1),  # what the page itself has is no fault
        (b"\xed\xa0\x80", None, "\ufffd" * 3, 3),  # half a surrogate pair
        (b"\xff\xfe\x00\xd8", None, "\ufffd", 1),
        (b"\xff", "shift_jis", "\ufffd", 1),
        (b"all of it", "hz-gb-2312", "\ufffd", 1),  # a label of the standard's "replacement"
    ],
)
def test_what_is_not_of_the_encoding_is_replaced_and_counted(
    body: bytes, charset: str | None, text: str, n_bad: int
) -> None:
    assert decode(body, charset) == (text.encode(), n_bad)


def test_an_ordinary_page_is_handed_back_uncopied() -> None:
    for body in (b"plain", "Tiëmo".encode()):
        assert to_utf8(body) is body


@pytest.mark.parametrize(
    ("before", "declared"),
    [
        (b"", "KOI8-R"),
        (b"<!-- <meta charset=big5> -->", "KOI8-R"),
        (b"<script>var a = '<meta charset=big5>';</script>", "KOI8-R"),
        (b"<style><meta charset=big5></style>", "KOI8-R"),
        (b"<title><meta charset=big5></title>", "KOI8-R"),
        (b"<html data-charset=big5>", "KOI8-R"),
        (b"<meta data-charset=big5>", "KOI8-R"),
        (b"<meta name=x content='text/html; charset=big5'>", "KOI8-R"),
        (b"<meta http-equiv=refresh content='0; charset=big5'>", "KOI8-R"),
        (b"<link title='<meta charset=big5>'>", "KOI8-R"),
        (b"<script charset=big5 src=x></script>", "KOI8-R"),
        (b"<meta charset=utf8mb4>", "KOI8-R"),  # unknown: the next one
        (b"<META CONTENT=\"text/html;charset = 'big5'\" HTTP-EQUIV=content-type>", "Big5"),
        (b"<meta name=x\ncharset\n=\nbig5>", "Big5"),
        (b'<?xml version="1.0" encoding="big5"?>', "KOI8-R"),
        (b"<!--" + b"x" * 9_000 + b"-->", "KOI8-R"),  # a head is searched to its end
        (b"<script>charset" + b"x" * 9_000 + b"<meta charset=big5></script>", "KOI8-R"),
        (b"</head><body>" + b" " * 9_000, None),  # and no further
        (b"<!--" + b"x" * 70_000 + b"-->", None),
    ],
)
def test_a_real_meta_declares_an_encoding(before: bytes, declared: str | None) -> None:
    assert (
        declared_encoding(
            b"<!DOCTYPE html>"[: 15 * (b"?xml" not in before)] + before + b"<meta charset=koi8-r>"
        )
        == declared
    )


@pytest.mark.parametrize(
    ("body", "declared"),
    [
        (b'<?xml version="1.0" encoding="big5"?><html>', "Big5"),
        (b"<?xml version='1.0' encoding='utf-16'?><html>", "UTF-8"),
        (b"<?xml version='1.0' encoding='nonesuch'?><html>", None),
        ("<?xml version='1.0'?>".encode("utf-16-le"), "UTF-16LE"),
        ("<?xml version='1.0'?>".encode("utf-16-be"), "UTF-16BE"),
        (b"", None),
        (b"<html" + b" charset" * 500, None),
        (b"<body charset=a>" * 4_000, None),
    ],
)
def test_an_xml_declaration_counts_last(body: bytes, declared: str | None) -> None:
    assert declared_encoding(body) == declared


NAME = "Мира Quell - Ébb"
NOISE = (
    *("<!-- <meta charset=koi8-r> -->", "<script>'<meta charset=big5>'</script>", "<meta charset=nonesuch>"),
    *("<meta name=a data-charset=big5>", "<style>charset=big5</style>", "<meta name=charset content=big5>"),
    "<!--><!-- charset=x >--><meta name='<meta charset=big5>'>",
)


@given(
    st.sampled_from(("utf-8", "koi8-u", "windows-1251", "gb18030", "iso-8859-5", "utf-16")),
    st.lists(st.sampled_from(NOISE), max_size=3),
    st.sampled_from(("http", "meta", "http-equiv", "bom")),
    st.sampled_from((None, "nonesuch", "", "utf8mb4", "None", "'")),
    st.sampled_from((str, str.upper, str.title)),
)
def test_a_name_survives_wherever_its_encoding_is_declared(
    encoding: str, noise: list[str], where: str, http: str | None, spelt: Callable[[str], str]
) -> None:
    text = "".join(noise)
    name = NAME if encoding in {"utf-8", "utf-16", "gb18030"} else NAME.replace("É", "E")
    if encoding == "utf-16" or where == "bom":
        body, charset = (
            ("\ufeff" + text + name).encode("utf-16-le" if encoding == "utf-16" else "utf-8"),
            http,
        )
    elif where == "http":
        body, charset = (text + name).encode(encoding), spelt(encoding)
    else:
        tag = f"<meta charset={spelt(encoding)}>" if where == "meta" else META.decode() % spelt(encoding)
        body, charset = (text + tag + name).encode(encoding), http
    data, n_bad = decode(body, charset)
    assert data.decode().endswith(name)
    assert n_bad == 0


@given(
    st.binary(max_size=300),
    st.none() | st.text(max_size=20) | st.sampled_from(("big5", "iso-2022-jp", "euc-jp", "utf-16be")),
)
def test_whatever_the_bytes_the_answer_is_utf_8(body: bytes, charset: str | None) -> None:
    data, n_bad = decode(body, charset)
    assert data.decode().count("\ufffd") >= n_bad >= 0


def test_a_bad_byte_costs_the_set_only_where_it_is_read() -> None:
    good = FakePage([FakeRow("Mira Quell - Lantern", number="01"), FakeRow("Oto - Ebb", number="02")]).body()
    assert parse(good).kind is PageKind.TRACKLIST
    far = parse(good.replace(b"</body>", b"<!-- \xff --><p>ad \xe9\xe9</p></body>"))
    assert far.kind is PageKind.TRACKLIST
    assert far.tracklists[0].quality_issues == ["3 unreadable characters"]
    for read, spoilt in (
        (b"Quell", b"Qu\xffll"),
        (b'data-trno="0"', b'data-trno="0" data-x="\xff"'),
        (b"Harbour Days</a>", b"\xff</a>"),
    ):
        page = parse(good.replace(read, spoilt))
        assert good != good.replace(read, spoilt)
        assert (page.kind, page.reason) == (PageKind.UNKNOWN, "encoding"), read
