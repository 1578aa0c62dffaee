"""Bytes and a declared charset in, UTF-8 out."""

from __future__ import annotations

import pytest

from tlray.sites.decode import declared_charset, to_utf8

META = b'<html><head><meta http-equiv="Content-Type" content="text/html; charset=%s">'


@pytest.mark.parametrize(
    ("body", "charset", "text"),
    [
        ("Tiëmo ⋅".encode(), None, "Tiëmo ⋅"),  # undeclared: UTF-8
        ("Tiëmo".encode("utf-8-sig"), "latin-1", "Tiëmo"),  # a byte order mark beats every declaration
        ("Tiëmo".encode("utf-16"), None, "Tiëmo"),
        (b"\xfe\xff" + "Tiëmo".encode("utf-16-be"), None, "Tiëmo"),
        ("Tiëmo".encode("latin-1"), "ISO-8859-1", "Tiëmo"),
        (b"\x93quoted\x94", "iso-8859-1", "“quoted”"),  # Latin-1 is read as Windows-1252, as browsers do
        ("Катя".encode("koi8-r"), '"KOI8-R"', "Катя"),
        ("椎名".encode("shift_jis"), "Shift_JIS", "椎名"),
        (META % b"windows-1252" + b"\xeb", None, (META % b"windows-1252").decode() + "ë"),  # the page's own
        (
            META % b"windows-1252" + "ë".encode(),
            "utf-8",
            (META % b"windows-1252").decode() + "ë",
        ),  # HTTP's first
        (
            META % b"utf-16" + "ë".encode(),
            None,
            (META % b"utf-16").decode() + "ë",
        ),  # a lie, as it could be read
        ("Tiëmo".encode("latin-1"), None, None),  # no UTF-8: no guess
        (b"\xff", "utf-8", None),
        (b"ascii", "no-such-charset", None),
        (b"ascii", "rot13", None),
        (b"ascii", "unicode_escape", None),  # a Python codec, no charset
        (b"ascii", "a\x00b", None),
        (b"\xed\xa0\x80", None, None),  # half a surrogate pair
    ],
)
def test_a_page_is_read_in_its_charset_or_not_at_all(
    body: bytes, charset: str | None, text: str | None
) -> None:
    read = to_utf8(body, charset)
    assert (None if read is None else read.decode()) == text


def test_an_ordinary_page_is_handed_back_uncopied() -> None:
    for body in (b"plain", "Tiëmo".encode()):
        assert to_utf8(body) is body


def test_a_charset_is_sought_near_the_top_only() -> None:
    assert declared_charset(b"<meta charset=koi8-r>") == "koi8-r"
    assert declared_charset(b" " * 5000 + b"<meta charset=koi8-r>") is None
