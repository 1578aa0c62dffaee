"""A cursor brings back the place that it was made of, and nothing else is taken for one."""

from __future__ import annotations

import base64
import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tlray.core.access.cursor import BadCursor, decode, encode

NUMBERS = st.integers(0, 2**63 - 1)


@given(NUMBERS, st.text(max_size=80))
def test_a_cursor_names_the_place_that_it_was_made_of(number: int, word: str) -> None:
    text = encode("items", number, word)
    assert text.isascii()
    assert not set(text) & set("+/=&?# ")
    assert decode(text, "items", int, str) == (number, word)


@given(st.text(max_size=600))
def test_what_nobody_made_is_no_cursor(text: str) -> None:
    with pytest.raises(BadCursor, match="is no cursor"):
        decode(text, "items", int)


def forged(inside: bytes) -> str:
    """What somebody makes who has read our source."""
    return (
        base64.urlsafe_b64encode(
            hashlib.blake2b(inside, digest_size=6, person=b"tlray-cursor").digest() + inside
        )
        .rstrip(b"=")
        .decode()
    )


@pytest.mark.parametrize(
    "inside",
    [
        b'["items",-1]',
        b'["items",9223372036854775808]',  # SQLite would raise OverflowError
        b'["items",true]',
        b'["items",1.0]',
        b'["items","1"]',
        b'["items"]',
        b'["items",1,2]',
        b'["batches",1]',  # of another list
        b"{}",
        b"[]",
        b"17",
        b"not json",
        b"[" * 100_000,
    ],
)
def test_a_forged_cursor_names_only_places_that_there_may_be(inside: bytes) -> None:
    with pytest.raises(BadCursor):
        decode(forged(inside), "items", int)


@given(
    NUMBERS,
    st.sampled_from(["", "20261123-120000-a1b2c3", "b"]),
    st.sampled_from(["", "20261123-120000-a1b2c4", "b"]),
)
def test_a_cursor_of_one_batch_is_none_of_another(number: int, one: str, other: str) -> None:
    text = encode("results", number, 0, of=one)
    assert len(text) == len(encode("results", number, 0)), "it stands in every line of results"
    if one == other:
        assert decode(text, "results", int, int, of=other) == (number, 0)
    else:
        with pytest.raises(BadCursor):
            decode(text, "results", int, int, of=other)


def test_one_letter_changed_is_no_cursor() -> None:
    text = encode("items", 17)
    other = "A" if text[-2] != "A" else "B"
    with pytest.raises(BadCursor):
        decode(text[:-2] + other + text[-1], "items", int)
