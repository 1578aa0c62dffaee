"""Each line of NDJSON names a URL, or says why it names none."""

from __future__ import annotations

import pytest

from tlray.core.model.urls import BadUrl
from tlray.service.http.ndjson import url_of

URL = "https://a.org/1"


@pytest.mark.parametrize("line", [URL, f'"{URL}"', f'{{"url": "{URL}"}}', f' {{"url":"{URL}"}} '])
def test_a_line_names_a_url(line: str) -> None:
    assert url_of(line) == URL


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ('{"url": "https://a.org/1"', "invalid JSON: Expecting ',' delimiter at column 26"),
        ('"https://a.org/1', "invalid JSON: Unterminated string starting at at column 1"),
        ("{}", 'no "url"'),
        ('{"uri": "https://a.org/1"}', "unknown field 'uri'"),
        ('{"url": "https://a.org/1", "foo": 1}', "unknown field 'foo'"),
        ('{"url": 17}', '"url" is not text'),
        ("123", "not a URL"),
        ("null", "not a URL"),
        ('["https://a.org/1"]', "not a URL"),
        ("[" * 100_000, "invalid JSON: too deep"),
    ],
)
def test_a_line_that_names_none_says_why(line: str, why: str) -> None:
    found = url_of(line)
    assert isinstance(found, BadUrl)
    assert found.reason.startswith(why)


def test_what_is_no_json_and_does_not_look_like_it_is_read_as_a_url() -> None:
    assert url_of("no-url") == "no-url"
