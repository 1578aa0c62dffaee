"""Places of imported files: written and read as URLs, and shown without a folder."""

from __future__ import annotations

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tlray.core.model.file_source import FileSource, shown_url


@given(
    st.binary(min_size=1, max_size=30).map(lambda raw: "/" + os.fsdecode(raw.replace(b"\0", b"/"))),
    st.text(max_size=20),
    st.none() | st.integers(0, 2**40),
)
def test_a_place_comes_back_as_it_was_whatever_its_bytes_are(
    path: str, locator: str, offset: int | None
) -> None:
    source = FileSource(path, locator, offset, "cue", "cp1251")
    assert FileSource.parse(source.url) == source


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        (FileSource("/home/ann/my sets/a b.cue", "x/y", 5).url, "file:///a%20b.cue"),
        (FileSource("/a?b#c.cue").url, "file:///a%3Fb%23c.cue"),
        ("https://radio.example/sets/1", "https://radio.example/sets/1"),
    ],
)
def test_no_folder_is_shown(url: str, shown: str) -> None:
    assert shown_url(url) == shown
