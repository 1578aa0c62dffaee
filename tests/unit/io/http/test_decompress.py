"""What comes out of compressed bodies, and what does not."""

from __future__ import annotations

import contextlib
import gzip
import os
import zlib

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tlray.io.http.decompress import DecompressError, EndsEarlyError, ExpandsTooFarError, decompress

PAGE = b"<html>" + b"<p>row</p>" * 500
MIB = 1024 * 1024


def raw_deflate(body: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(body) + packer.flush()


@pytest.mark.parametrize(
    ("coding", "wire"),
    [
        ("", PAGE),
        ("identity", PAGE),
        ("gzip", gzip.compress(PAGE, mtime=0)),
        ("GZIP", gzip.compress(PAGE, mtime=0)),
        ("x-gzip", gzip.compress(PAGE, mtime=0)),
        ("deflate", zlib.compress(PAGE)),
        ("deflate", raw_deflate(PAGE)),  # what old IIS means by deflate
        ("deflate, gzip", gzip.compress(zlib.compress(PAGE), mtime=0)),
        ("identity, gzip", gzip.compress(PAGE, mtime=0)),
        ("none", PAGE),
        ("utf-8", PAGE),
        ("br", PAGE),  # left by a proxy that has undone it
        ("gzip, utf-8", gzip.compress(PAGE, mtime=0)),
        ("UTF-8 , gzip", gzip.compress(PAGE, mtime=0)),
        ("text/html; charset=utf-8", PAGE),
        ("gzip", gzip.compress(PAGE[:100], mtime=0) + gzip.compress(PAGE[100:], mtime=0)),
        ("gzip", gzip.compress(PAGE, mtime=0) + bytes(512)),  # padding
        ("gzip", gzip.compress(PAGE, mtime=0) + b"<!-- cached -->"),  # a cache's signature
    ],
)
def test_a_whole_body_comes_out(coding: str, wire: bytes) -> None:
    assert decompress(wire, coding, max_bytes=len(PAGE)) == PAGE
    assert decompress(wire, coding, max_bytes=100, cut=True) == PAGE[:100]
    with pytest.raises(ExpandsTooFarError):
        decompress(wire, coding, max_bytes=len(PAGE) - 1)


def test_an_empty_body_is_empty_whatever_it_is_called() -> None:
    assert decompress(b"", "gzip", max_bytes=10) == b""


@pytest.mark.parametrize(
    "wire",
    [gzip.compress(PAGE, mtime=0)[:-1], gzip.compress(PAGE, mtime=0)[:20], gzip.compress(PAGE, mtime=0)[:5]],
)
def test_a_body_that_ends_early_is_no_body(wire: bytes) -> None:
    with pytest.raises(EndsEarlyError):
        decompress(wire, "gzip", max_bytes=MIB)
    assert PAGE.startswith(decompress(wire, "gzip", max_bytes=MIB, cut=True))


@pytest.mark.parametrize(
    ("coding", "wire"),
    [
        ("gzip", PAGE),
        ("gzip", zlib.compress(PAGE)),
        ("gzip", gzip.compress(PAGE, mtime=0)[:-8] + bytes(8)),  # wrong checksum
        ("gzip", gzip.compress(PAGE, mtime=0) + b"\x1f\x8bno member"),
        ("deflate", b"\x78\x9cgarbage"),
        ("deflate", b"\xff"),
        ("br", b"\x0b\x02\x80hello\x03"),
        ("br", "<p>Tiëmo".encode("latin-1")),  # no text as it stands, and browsers would undo it
        ("zstd", b"\x28\xb5\x2f\xfd\x20\x05\x29\0\0hello"),
        ("utf-8", b"\x0b\x02\x80hello\x03"),
        ("none", gzip.compress(PAGE, mtime=0)),
        ("gzip, gzip, gzip", PAGE),
    ],
)
def test_what_cannot_be_undone_says_so(coding: str, wire: bytes) -> None:
    with pytest.raises(DecompressError) as caught:
        decompress(wire, coding, max_bytes=MIB)
    assert not isinstance(caught.value, EndsEarlyError | ExpandsTooFarError)
    assert 0 < len(str(caught.value)) < 60


def test_members_without_end_are_not_followed() -> None:
    wire = gzip.compress(b"", mtime=0) * 100_000
    with pytest.raises(DecompressError, match="members"):
        decompress(wire, "gzip", max_bytes=MIB)


@example(body=b"\0" * 20, max_bytes=1, coding="gzip, deflate", cut=True)
@given(
    body=st.binary(max_size=3000).map(lambda b: b * 20),
    max_bytes=st.integers(0, 70_000),
    coding=st.sampled_from(["gzip", "deflate", "gzip, deflate"]),
    cut=st.booleans(),
)
def test_never_more_than_the_bound_comes_out(body: bytes, max_bytes: int, coding: str, cut: bool) -> None:
    wire = body
    for name in coding.split(", "):
        wire = gzip.compress(wire, mtime=0) if name == "gzip" else zlib.compress(wire)
    try:
        out = decompress(wire, coding, max_bytes=max_bytes, cut=cut)
    except DecompressError:
        assert len(body) > max_bytes
    else:
        assert out == body[:max_bytes] if cut else out == body
        assert len(out) <= max_bytes


@given(wire=st.binary(max_size=200), coding=st.sampled_from(["gzip", "deflate"]), begin=st.booleans())
def test_garbage_is_one_kind_of_exception(wire: bytes, coding: str, begin: bool) -> None:
    head = (gzip.compress(b"x", mtime=0)[:10] if coding == "gzip" else b"\x78\x9c") if begin else b""
    with contextlib.suppress(DecompressError):
        assert len(decompress(head + wire, coding, max_bytes=1000)) <= 1000


def test_random_bytes_grow_no_larger() -> None:
    body = os.urandom(MIB)
    assert decompress(gzip.compress(body, mtime=0), "gzip", max_bytes=MIB) == body
